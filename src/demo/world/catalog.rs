//! The resources that the world's API serves: what discovery says of each kind, and which rules
//! its objects follow.

use crate::mesh::Kind;
use crate::mesh::kind::KindInfo;

/// One served resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    pub kind: Kind,
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    /// Served versions, preferred first; the first is how objects are stored.
    pub versions: &'static [&'static str],
    /// Whether the kind is built in. Items of a list of a built-in kind carry no `apiVersion`
    /// and `kind`; items of a custom resource do.
    pub native: bool,
    /// Whether `status` is a subresource, so that a write to the object leaves it alone.
    pub status: bool,
    /// Whether `scale` is a subresource.
    pub scale: bool,
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
}

impl Resource {
    /// Names of the kind: group, plural, whether it lives in a namespace.
    pub fn info(&self) -> &'static KindInfo {
        self.kind.info()
    }

    /// `apiVersion` of an object at a version of this resource.
    pub fn api_version(&self, version: &str) -> String {
        match self.info().group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// The version objects are stored at.
    pub fn stored_version(&self) -> &'static str {
        self.versions.first().copied().unwrap_or("v1")
    }

    /// `plural.group`, as errors name the resource; only `plural` in the core group.
    pub fn full_name(&self) -> String {
        match self.info().group {
            "" => self.info().plural.to_owned(),
            group => format!("{}.{group}", self.info().plural),
        }
    }

    /// Whether the version is served.
    pub fn serves(&self, version: &str) -> bool {
        self.versions.contains(&version)
    }
}

const V1: &[&str] = &["v1"];
const NETWORKING: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const SECURITY: &[&str] = &["v1", "v1beta1"];
const GATEWAY: &[&str] = &["v1", "v1beta1"];
const ALL: &[&str] = &["all"];
const NET_CATEGORIES: &[&str] = &["istio-io", "networking-istio-io"];
const SEC_CATEGORIES: &[&str] = &["istio-io", "security-istio-io"];
const EXT_CATEGORIES: &[&str] = &["istio-io", "extensions-istio-io"];
const TEL_CATEGORIES: &[&str] = &["istio-io", "telemetry-istio-io"];
const GW_CATEGORIES: &[&str] = &["gateway-api"];

/// A built-in resource without subresources.
const fn native(
    kind: Kind,
    singular: &'static str,
    short_names: &'static [&'static str],
) -> Resource {
    Resource {
        kind,
        singular,
        short_names,
        categories: &[],
        versions: V1,
        native: true,
        status: false,
        scale: false,
        generation: false,
    }
}

/// A built-in resource with a status.
const fn with_status(
    kind: Kind,
    singular: &'static str,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
) -> Resource {
    Resource { status: true, categories, ..native(kind, singular, short_names) }
}

/// A workload controller of the group `apps`.
const fn controller(
    kind: Kind,
    singular: &'static str,
    short_names: &'static [&'static str],
    scale: bool,
) -> Resource {
    Resource { scale, generation: true, ..with_status(kind, singular, short_names, ALL) }
}

/// A custom resource; all of Istio's and the Gateway API's have a status.
const fn custom(
    kind: Kind,
    singular: &'static str,
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    versions: &'static [&'static str],
) -> Resource {
    Resource {
        native: false,
        generation: true,
        versions,
        ..with_status(kind, singular, short_names, categories)
    }
}

/// Every served resource, in the order discovery lists them.
#[rustfmt::skip]
pub const RESOURCES: &[Resource] = &[
    native(Kind::ConfigMap, "configmap", &["cm"]),
    native(Kind::Event, "event", &["ev"]),
    with_status(Kind::Namespace, "namespace", &["ns"], &[]),
    with_status(Kind::Node, "node", &["no"], &[]),
    Resource { generation: true, ..with_status(Kind::Pod, "pod", &["po"], ALL) },
    native(Kind::Secret, "secret", &[]),
    native(Kind::ServiceAccount, "serviceaccount", &["sa"]),
    with_status(Kind::Service, "service", &["svc"], ALL),
    controller(Kind::DaemonSet, "daemonset", &["ds"], false),
    controller(Kind::Deployment, "deployment", &["deploy"], true),
    controller(Kind::ReplicaSet, "replicaset", &["rs"], true),
    controller(Kind::StatefulSet, "statefulset", &["sts"], true),
    Resource { generation: true, ..native(Kind::MutatingWebhookConfiguration, "mutatingwebhookconfiguration", &[]) },
    Resource { generation: true, ..native(Kind::ValidatingWebhookConfiguration, "validatingwebhookconfiguration", &[]) },
    Resource { generation: true, ..with_status(Kind::CustomResourceDefinition, "customresourcedefinition", &["crd", "crds"], &["api-extensions"]) },
    Resource { generation: true, ..native(Kind::EndpointSlice, "endpointslice", &[]) },
    // Istio's groups come first, so that `kubectl get gateways` means Istio's.
    custom(Kind::DestinationRule, "destinationrule", &["dr"], NET_CATEGORIES, NETWORKING),
    custom(Kind::EnvoyFilter, "envoyfilter", &[], NET_CATEGORIES, &["v1alpha3"]),
    custom(Kind::Gateway, "gateway", &["gw"], NET_CATEGORIES, NETWORKING),
    custom(Kind::ProxyConfig, "proxyconfig", &[], NET_CATEGORIES, &["v1beta1"]),
    custom(Kind::ServiceEntry, "serviceentry", &["se"], NET_CATEGORIES, NETWORKING),
    custom(Kind::Sidecar, "sidecar", &[], NET_CATEGORIES, NETWORKING),
    custom(Kind::VirtualService, "virtualservice", &["vs"], NET_CATEGORIES, NETWORKING),
    custom(Kind::WorkloadEntry, "workloadentry", &["we"], NET_CATEGORIES, NETWORKING),
    custom(Kind::WorkloadGroup, "workloadgroup", &["wg"], NET_CATEGORIES, NETWORKING),
    custom(Kind::AuthorizationPolicy, "authorizationpolicy", &["ap"], SEC_CATEGORIES, SECURITY),
    custom(Kind::PeerAuthentication, "peerauthentication", &["pa"], SEC_CATEGORIES, SECURITY),
    custom(Kind::RequestAuthentication, "requestauthentication", &["ra"], SEC_CATEGORIES, SECURITY),
    custom(Kind::Telemetry, "telemetry", &["telemetry"], TEL_CATEGORIES, &["v1", "v1alpha1"]),
    custom(Kind::TrafficExtension, "trafficextension", &[], EXT_CATEGORIES, &["v1alpha1"]),
    custom(Kind::WasmPlugin, "wasmplugin", &[], EXT_CATEGORIES, &["v1alpha1"]),
    custom(Kind::BackendTlsPolicy, "backendtlspolicy", &["btlspolicy"], GW_CATEGORIES, &["v1", "v1alpha3"]),
    custom(Kind::GatewayClass, "gatewayclass", &["gc"], GW_CATEGORIES, GATEWAY),
    custom(Kind::K8sGateway, "gateway", &["gtw"], GW_CATEGORIES, GATEWAY),
    custom(Kind::GrpcRoute, "grpcroute", &[], GW_CATEGORIES, V1),
    custom(Kind::HttpRoute, "httproute", &[], GW_CATEGORIES, GATEWAY),
    custom(Kind::ListenerSet, "listenerset", &["lset"], GW_CATEGORIES, V1),
    Resource { status: false, ..custom(Kind::ReferenceGrant, "referencegrant", &["refgrant"], GW_CATEGORIES, &["v1", "v1beta1"]) },
    custom(Kind::TcpRoute, "tcproute", &[], GW_CATEGORIES, &["v1", "v1alpha2"]),
    custom(Kind::TlsRoute, "tlsroute", &[], GW_CATEGORIES, &["v1", "v1alpha3", "v1alpha2"]),
];

/// The resource of a kind; `None` for kinds the world does not serve.
pub fn of(kind: Kind) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.kind == kind)
}

/// The resource that a URL names.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| {
        let info = resource.info();
        info.group == group && info.plural == plural && resource.serves(version)
    })
}

/// The API groups in discovery's order, the core group left out, each with its versions.
pub fn groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for resource in RESOURCES.iter().filter(|resource| !resource.info().group.is_empty()) {
        let group = resource.info().group;
        if groups.iter().all(|(name, _)| *name != group) {
            groups.push((group, Vec::new()));
        }
        if let Some((_, versions)) = groups.iter_mut().find(|(name, _)| *name == group) {
            let missing = resource.versions.iter().filter(|v| !versions.contains(v));
            let missing: Vec<_> = missing.copied().collect();
            versions.extend(missing);
        }
    }
    for (_, versions) in &mut groups {
        versions.sort_by_key(|version| stability(version));
    }
    groups
}

/// Sorts versions as the API server prefers them: stable, then beta, then alpha, newest first.
fn stability(version: &str) -> (u8, std::cmp::Reverse<u32>) {
    let number = |text: &str| text.parse().unwrap_or(0);
    let rest = version.trim_start_matches('v');
    if let Some((_, beta)) = rest.split_once("beta") {
        (1, std::cmp::Reverse(number(beta)))
    } else if let Some((_, alpha)) = rest.split_once("alpha") {
        (2, std::cmp::Reverse(number(alpha)))
    } else {
        (0, std::cmp::Reverse(number(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_preferred_first() {
        let groups = groups();
        let of = |name: &str| groups.iter().find(|(group, _)| *group == name).unwrap().1.clone();
        assert_eq!(of("networking.istio.io"), ["v1", "v1beta1", "v1alpha3"]);
        assert_eq!(of("gateway.networking.k8s.io"), ["v1", "v1beta1", "v1alpha3", "v1alpha2"]);
        assert_eq!(of("extensions.istio.io"), ["v1alpha1"]);
    }

    #[test]
    fn urls_find_their_resource() {
        assert_eq!(find("", "v1", "pods").unwrap().kind, Kind::Pod);
        let gateway = find("gateway.networking.k8s.io", "v1", "gateways").unwrap();
        assert_eq!(gateway.kind, Kind::K8sGateway);
        assert!(find("networking.istio.io", "v2", "gateways").is_none());
        assert!(find("policy", "v1beta1", "podsecuritypolicies").is_none());
    }

    #[test]
    fn no_resource_is_listed_twice() {
        for resource in RESOURCES {
            assert_eq!(RESOURCES.iter().filter(|other| other.kind == resource.kind).count(), 1);
        }
    }
}
