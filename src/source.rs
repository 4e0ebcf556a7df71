//! What brings the outside in, and its status: the Kubernetes API, Prometheus, files.

pub mod prometheus;
