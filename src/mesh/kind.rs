//! The kinds of object Vigla knows, and how the API calls them: one table that watches, files,
//! permissions and findings share.

use std::fmt;

use serde::Serialize;

/// A kind of Kubernetes object that Vigla reads.
///
/// Istio's and the Gateway API's `Gateway` are different kinds: [`Kind::Gateway`] and
/// [`Kind::K8sGateway`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Kind {
    Namespace,
    Node,
    Pod,
    Service,
    EndpointSlice,
    ConfigMap,
    Secret,
    Event,
    ServiceAccount,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    VirtualService,
    DestinationRule,
    Gateway,
    ServiceEntry,
    Sidecar,
    WorkloadEntry,
    WorkloadGroup,
    EnvoyFilter,
    ProxyConfig,
    PeerAuthentication,
    AuthorizationPolicy,
    RequestAuthentication,
    Telemetry,
    WasmPlugin,
    TrafficExtension,
    K8sGateway,
    GatewayClass,
    HttpRoute,
    GrpcRoute,
    TlsRoute,
    TcpRoute,
    ReferenceGrant,
    ListenerSet,
    BackendTlsPolicy,
    CustomResourceDefinition,
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
    PodSecurityPolicy,
}

/// How the API names a [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindInfo {
    pub kind: Kind,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The `kind` field of an object, e.g. `VirtualService`.
    pub name: &'static str,
    /// The resource in URLs and RBAC rules, e.g. `virtualservices`.
    pub plural: &'static str,
    pub namespaced: bool,
    /// Versions in order of preference, for when discovery is not asked.
    pub versions: &'static [&'static str],
}

const fn row(
    kind: Kind,
    group: &'static str,
    name: &'static str,
    plural: &'static str,
    namespaced: bool,
    versions: &'static [&'static str],
) -> KindInfo {
    KindInfo { kind, group, name, plural, namespaced, versions }
}

const NET: &str = "networking.istio.io";
const SEC: &str = "security.istio.io";
const EXT: &str = "extensions.istio.io";
const GWAPI: &str = "gateway.networking.k8s.io";
const V1: &[&str] = &["v1"];
const ISTIO: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const GW: &[&str] = &["v1", "v1beta1", "v1alpha2"];

/// Every known kind.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    row(Kind::Namespace, "", "Namespace", "namespaces", false, V1),
    row(Kind::Node, "", "Node", "nodes", false, V1),
    row(Kind::Pod, "", "Pod", "pods", true, V1),
    row(Kind::Service, "", "Service", "services", true, V1),
    row(Kind::EndpointSlice, "discovery.k8s.io", "EndpointSlice", "endpointslices", true, V1),
    row(Kind::ConfigMap, "", "ConfigMap", "configmaps", true, V1),
    row(Kind::Secret, "", "Secret", "secrets", true, V1),
    row(Kind::Event, "", "Event", "events", true, V1),
    row(Kind::ServiceAccount, "", "ServiceAccount", "serviceaccounts", true, V1),
    row(Kind::Deployment, "apps", "Deployment", "deployments", true, V1),
    row(Kind::StatefulSet, "apps", "StatefulSet", "statefulsets", true, V1),
    row(Kind::DaemonSet, "apps", "DaemonSet", "daemonsets", true, V1),
    row(Kind::ReplicaSet, "apps", "ReplicaSet", "replicasets", true, V1),
    row(Kind::VirtualService, NET, "VirtualService", "virtualservices", true, ISTIO),
    row(Kind::DestinationRule, NET, "DestinationRule", "destinationrules", true, ISTIO),
    row(Kind::Gateway, NET, "Gateway", "gateways", true, ISTIO),
    row(Kind::ServiceEntry, NET, "ServiceEntry", "serviceentries", true, ISTIO),
    row(Kind::Sidecar, NET, "Sidecar", "sidecars", true, ISTIO),
    row(Kind::WorkloadEntry, NET, "WorkloadEntry", "workloadentries", true, ISTIO),
    row(Kind::WorkloadGroup, NET, "WorkloadGroup", "workloadgroups", true, ISTIO),
    row(Kind::EnvoyFilter, NET, "EnvoyFilter", "envoyfilters", true, &["v1alpha3"]),
    row(Kind::ProxyConfig, NET, "ProxyConfig", "proxyconfigs", true, &["v1beta1"]),
    row(Kind::PeerAuthentication, SEC, "PeerAuthentication", "peerauthentications", true, ISTIO),
    row(Kind::AuthorizationPolicy, SEC, "AuthorizationPolicy", "authorizationpolicies", true, ISTIO),
    row(Kind::RequestAuthentication, SEC, "RequestAuthentication", "requestauthentications", true, ISTIO),
    row(Kind::Telemetry, "telemetry.istio.io", "Telemetry", "telemetries", true, &["v1", "v1alpha1"]),
    row(Kind::WasmPlugin, EXT, "WasmPlugin", "wasmplugins", true, &["v1alpha1"]),
    row(Kind::TrafficExtension, EXT, "TrafficExtension", "trafficextensions", true, &["v1alpha1"]),
    row(Kind::K8sGateway, GWAPI, "Gateway", "gateways", true, GW),
    row(Kind::GatewayClass, GWAPI, "GatewayClass", "gatewayclasses", false, GW),
    row(Kind::HttpRoute, GWAPI, "HTTPRoute", "httproutes", true, GW),
    row(Kind::GrpcRoute, GWAPI, "GRPCRoute", "grpcroutes", true, &["v1", "v1alpha2"]),
    row(Kind::TlsRoute, GWAPI, "TLSRoute", "tlsroutes", true, &["v1", "v1alpha3", "v1alpha2"]),
    row(Kind::TcpRoute, GWAPI, "TCPRoute", "tcproutes", true, &["v1alpha2"]),
    row(Kind::ReferenceGrant, GWAPI, "ReferenceGrant", "referencegrants", true, &["v1", "v1beta1"]),
    row(Kind::ListenerSet, GWAPI, "ListenerSet", "listenersets", true, &["v1"]),
    row(Kind::BackendTlsPolicy, GWAPI, "BackendTLSPolicy", "backendtlspolicies", true, &["v1", "v1alpha3"]),
    row(Kind::CustomResourceDefinition, "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false, V1),
    row(Kind::MutatingWebhookConfiguration, "admissionregistration.k8s.io", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false, V1),
    row(Kind::ValidatingWebhookConfiguration, "admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false, V1),
    row(Kind::PodSecurityPolicy, "policy", "PodSecurityPolicy", "podsecuritypolicies", false, &["v1beta1"]),
];

impl Kind {
    /// How the API names this kind.
    pub fn info(self) -> &'static KindInfo {
        // The table is in the order of the enum, which a test checks.
        &KINDS[self as usize]
    }

    /// The kind of an object with this `apiVersion` and `kind`, whatever the version; `None`
    /// for kinds Vigla does not read.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        KINDS.iter().find(|row| row.group == group && row.name == kind).map(|row| row.kind)
    }
}

impl fmt::Display for Kind {
    /// The API's own name of the kind; both gateways print `Gateway`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_enum() {
        for (index, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, index, "{}", row.name);
            assert_eq!(row.kind.info(), row);
        }
    }

    #[test]
    fn group_tells_the_two_gateways_apart() {
        assert_eq!(Kind::of("networking.istio.io/v1", "Gateway"), Some(Kind::Gateway));
        assert_eq!(Kind::of("gateway.networking.k8s.io/v1", "Gateway"), Some(Kind::K8sGateway));
        assert_eq!(Kind::of("v1", "Pod"), Some(Kind::Pod));
        assert_eq!(Kind::of("example.com/v1", "Pod"), None);
    }
}
