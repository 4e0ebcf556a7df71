//! Which kinds are read, and how: the table behind watches, one-shot lists and `--print-rbac`.

use crate::mesh::Kind;
use crate::source::Reach;

/// The kinds without which there is no picture: the first snapshot waits for them.
pub const CORE: &[Kind] = &[Kind::Namespace, Kind::Pod, Kind::Service];

/// Workloads and what leads traffic to them.
pub const WORKLOADS: &[Kind] = &[
    Kind::Namespace,
    Kind::Node,
    Kind::Pod,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
];

/// Configuration of the mesh: Istio's, the Gateway API's, and the ConfigMap `istio`.
pub const CONFIG: &[Kind] = &[
    Kind::ConfigMap,
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::Gateway,
    Kind::ServiceEntry,
    Kind::Sidecar,
    Kind::WorkloadEntry,
    Kind::WorkloadGroup,
    Kind::EnvoyFilter,
    Kind::ProxyConfig,
    Kind::PeerAuthentication,
    Kind::AuthorizationPolicy,
    Kind::RequestAuthentication,
    Kind::Telemetry,
    Kind::WasmPlugin,
    Kind::TrafficExtension,
    Kind::K8sGateway,
    Kind::GatewayClass,
    Kind::HttpRoute,
    Kind::GrpcRoute,
    Kind::TlsRoute,
    Kind::TcpRoute,
    Kind::ReferenceGrant,
    Kind::ListenerSet,
    Kind::BackendTlsPolicy,
];

/// Whether only the metadata of a kind is read.
pub fn metadata_only(kind: Kind) -> bool {
    matches!(kind, Kind::ReplicaSet | Kind::Secret | Kind::ServiceAccount)
}

/// The one object of a kind that is read, where it is one.
pub fn only(kind: Kind) -> Option<&'static str> {
    (kind == Kind::ConfigMap).then_some("istio")
}

/// Where a kind is listed for most questions: workloads in the scope, configuration everywhere,
/// since routes and rules reach across namespaces (Istio documentation, `exportTo`).
pub fn reach(kind: Kind) -> Reach {
    match kind {
        Kind::ConfigMap => Reach::Root,
        Kind::Pod
        | Kind::Service
        | Kind::EndpointSlice
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::Event
        | Kind::Secret
        | Kind::ServiceAccount => Reach::Scope,
        _ => Reach::Everywhere,
    }
}

/// Read only when a screen or a command asks for them.
pub const ON_REQUEST: &[Kind] = &[
    Kind::Event,
    Kind::ServiceAccount,
    Kind::CustomResourceDefinition,
    Kind::MutatingWebhookConfiguration,
    Kind::ValidatingWebhookConfiguration,
];
