//! Every annotation that Istio knows (Istio's reference documentation of resource annotations).

/// What the value of an annotation has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Any,
    Bool,
    Uint32,
    /// How traffic is intercepted.
    Mode,
    /// Networks in CIDR form.
    Ranges,
    Ports,
    Port,
    /// An amount of CPU or memory.
    Quantity,
    /// Names of network interfaces.
    Interfaces,
    /// YAML of a proxy configuration.
    ProxyConfig,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// Where it may stand; empty for anywhere.
    pub(super) kinds: &'static [&'static str],
    pub(super) deprecated: bool,
    pub(super) values: Values,
}

const fn row(
    name: &'static str,
    kinds: &'static [&'static str],
    deprecated: bool,
    values: Values,
) -> Known {
    Known { name, kinds, deprecated, values }
}

#[rustfmt::skip]
pub(super) const TABLE: &[Known] = &[
    row("galley.istio.io/analyze-suppress", &[], false, Values::Any),
    row("gateway.istio.io/controller-version", &[], false, Values::Any),
    row("kubernetes.io/ingress.class", &["Ingress"], false, Values::Any),
    row("alpha.istio.io/canonical-serviceaccounts", &["Service"], true, Values::Any),
    row("alpha.istio.io/kubernetes-serviceaccounts", &["Service"], true, Values::Any),
    row("networking.istio.io/exportTo", &["Service"], false, Values::Any),
    row("traffic.istio.io/nodeSelector", &["Service"], false, Values::Any),
    row("istio.io/use-waypoint-canary-weight", &["Service", "ServiceEntry", "Namespace"], false, Values::Any),
    row("networking.istio.io/traffic-distribution", &["Namespace", "Service", "ServiceEntry"], false, Values::Any),
    row("topology.istio.io/controlPlaneClusters", &["Namespace"], false, Values::Any),
    row("ambient.istio.io/waypoint-inbound-binding", &["GatewayClass", "Gateway"], false, Values::Any),
    row("gateway.istio.io/name-override", &["Gateway"], false, Values::Any),
    row("gateway.istio.io/service-account", &["Gateway"], false, Values::Any),
    row("networking.istio.io/service-type", &["Gateway"], false, Values::Any),
    row("istio.io/dry-run", &["AuthorizationPolicy"], false, Values::Any),
    row("istio.io/autoRegistrationGroup", &["WorkloadEntry"], false, Values::Any),
    row("istio.io/connectedAt", &["WorkloadEntry"], false, Values::Any),
    row("istio.io/disconnectedAt", &["WorkloadEntry"], false, Values::Any),
    row("istio.io/workloadController", &["WorkloadEntry"], false, Values::Any),
    row("ambient.istio.io/bypass-inbound-capture", &["Pod"], false, Values::Any),
    row("ambient.istio.io/dns-capture", &["Pod"], false, Values::Any),
    row("ambient.istio.io/redirection", &["Pod"], false, Values::Any),
    row("inject.istio.io/templates", &["Pod"], false, Values::Any),
    row("istio.io/reroute-virtual-interfaces", &["Pod"], false, Values::Interfaces),
    row("istio.io/rev", &["Pod"], false, Values::Any),
    row("prometheus.istio.io/merge-metrics", &["Pod"], false, Values::Bool),
    row("proxy.istio.io/config", &["Pod"], false, Values::ProxyConfig),
    row("proxy.istio.io/overrides", &["Pod"], false, Values::Any),
    row("readiness.status.sidecar.istio.io/applicationPorts", &["Pod"], false, Values::Any),
    row("readiness.status.sidecar.istio.io/failureThreshold", &["Pod"], false, Values::Uint32),
    row("readiness.status.sidecar.istio.io/initialDelaySeconds", &["Pod"], false, Values::Uint32),
    row("readiness.status.sidecar.istio.io/periodSeconds", &["Pod"], false, Values::Uint32),
    row("sidecar.istio.io/agentLogLevel", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/bootstrapOverride", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/componentLogLevel", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/discoveryAddress", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/extraStatTags", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/inject", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/interceptionMode", &["Pod"], false, Values::Mode),
    row("sidecar.istio.io/logLevel", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/nativeSidecar", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/proxyCPU", &["Pod"], false, Values::Quantity),
    row("sidecar.istio.io/proxyCPULimit", &["Pod"], false, Values::Quantity),
    row("sidecar.istio.io/proxyMemory", &["Pod"], false, Values::Quantity),
    row("sidecar.istio.io/proxyMemoryLimit", &["Pod"], false, Values::Quantity),
    row("sidecar.istio.io/proxyImage", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/proxyImageType", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/rewriteAppHTTPProbers", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/statsCompression", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/statsEvictionInterval", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/statsFlushInterval", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/statsHistogramBins", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/statsHistogramBuckets", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/statsInclusionPrefixes", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/statsInclusionRegexps", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/statsInclusionSuffixes", &["Pod"], true, Values::Any),
    row("sidecar.istio.io/status", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/userVolume", &["Pod"], false, Values::Any),
    row("sidecar.istio.io/userVolumeMount", &["Pod"], false, Values::Any),
    row("status.sidecar.istio.io/port", &["Pod"], false, Values::Port),
    row("traffic.sidecar.istio.io/excludeInboundPorts", &["Pod"], false, Values::Ports),
    row("traffic.sidecar.istio.io/excludeOutboundPorts", &["Pod"], false, Values::Ports),
    row("traffic.sidecar.istio.io/includeInboundPorts", &["Pod"], false, Values::Ports),
    row("traffic.sidecar.istio.io/includeOutboundPorts", &["Pod"], false, Values::Any),
    row("traffic.sidecar.istio.io/excludeOutboundIPRanges", &["Pod"], false, Values::Ranges),
    row("traffic.sidecar.istio.io/includeOutboundIPRanges", &["Pod"], false, Values::Ranges),
    row("traffic.sidecar.istio.io/excludeInterfaces", &["Pod"], false, Values::Interfaces),
    row("traffic.sidecar.istio.io/kubevirtInterfaces", &["Pod"], true, Values::Interfaces),
];
