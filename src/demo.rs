//! The embedded world: a small cluster with Bookinfo, its traffic, a Kubernetes API and a
//! Prometheus API on loopback.

pub mod prometheus;
pub mod world;

pub use world::{Scenario, World};
