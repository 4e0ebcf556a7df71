//! The narrow parts of Istio's and the Gateway API's kinds, and of Istio's mesh configuration.
//!
//! One file a kind. Fields are the API's own in snake case, all optional; meanings are those of
//! Istio's reference documentation. What a struct leaves out is still in the raw object.

pub mod destination_rule;
pub mod envoy_filter;
pub mod gateway;
pub mod gateway_api;
pub mod mesh_config;
pub mod policy;
pub mod proxy_config;
pub mod service_entry;
pub mod sidecar;
pub mod virtual_service;
pub mod webhook;

pub use destination_rule::DestinationRule;
pub use envoy_filter::EnvoyFilter;
pub use gateway::Gateway;
pub use gateway_api::{GrpcRoute, HttpRoute, K8sGateway, ReferenceGrant, TlsRoute};
pub use mesh_config::MeshConfig;
pub use policy::{AuthorizationPolicy, PeerAuthentication, Policy};
pub use proxy_config::ProxyConfig;
pub use service_entry::{ServiceEntry, WorkloadEntry};
pub use sidecar::Sidecar;
pub use virtual_service::VirtualService;
pub use webhook::WebhookConfiguration;
