//! Workloads, services and pods as operators know them.
