//! Everything read from the cluster (or from files), by kind; cheap to clone and to share.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::config::{
    AuthorizationPolicy, DestinationRule, EnvoyFilter, Gateway, GrpcRoute, HttpRoute, K8sGateway,
    MeshConfig, PeerAuthentication, Policy, ProxyConfig, ReferenceGrant, ServiceEntry, Sidecar,
    TlsRoute, VirtualService, WebhookConfiguration, WorkloadEntry,
};
use super::core::{
    Bare, ConfigMap, Controller, EndpointSlice, Event, Namespace, Node, Pod, Service,
};
use super::kind::Kind;
use super::object::{Key, Meta, ObjectRef, RawObject, Resource, Table};

/// Some of the kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    pub const ALL: Self = Self(u64::MAX);

    pub const fn of(kind: Kind) -> Self {
        Self(1 << kind as u32)
    }

    pub fn insert(&mut self, kind: Kind) {
        *self = self.union(Self::of(kind));
    }

    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have a kind in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn contains(self, kind: Kind) -> bool {
        self.meets(Self::of(kind))
    }
}

/// Objects with a note of which tables were looked at.
#[derive(Debug)]
pub struct Watched<'a> {
    objects: &'a Objects,
    read: Cell<KindSet>,
}

impl<'a> Watched<'a> {
    pub fn new(objects: &'a Objects) -> Self {
        Self { objects, read: Cell::default() }
    }

    /// Counts tables as read.
    pub fn note(&self, kinds: KindSet) {
        self.read.set(self.read.get().union(kinds));
    }

    /// The kinds read since this was last asked; the note begins anew.
    pub fn take_read(&self) -> KindSet {
        self.read.take()
    }
}

/// Declares [`Objects`]: a field, the kind it holds and its narrow part, in one list.
macro_rules! objects {
    ($($(#[$doc:meta])* $field:ident: $kind:ident($narrow:ty),)*) => {
        /// The objects of a cluster, one sorted table a kind. Tables are shared: a clone costs a
        /// few pointers, and a table that did not change is the same allocation as before.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Objects {
            $($(#[$doc])* pub $field: Arc<Table<$narrow>>,)*
            /// Mesh configuration, from the ConfigMap `istio` of the root namespace.
            pub mesh_config: Arc<MeshConfig>,
        }

        impl Objects {
            /// Reads one object into its table, in place of an older one of the same name.
            pub fn insert(&mut self, raw: RawObject) {
                match raw.kind {
                    $(Kind::$kind => {
                        let object = Resource::<$narrow>::read(raw);
                        Arc::make_mut(&mut self.$field).insert(object.key(), Arc::new(object));
                    })*
                }
            }

            /// Removes an object; whether it was there.
            pub fn remove(&mut self, object: &ObjectRef) -> bool {
                match object.kind {
                    $(Kind::$kind => Arc::make_mut(&mut self.$field).remove(&object.key).is_some(),)*
                }
            }

            /// The raw form of an object, for the detail view.
            pub fn raw(&self, object: &ObjectRef) -> Option<&RawObject> {
                match object.kind {
                    $(Kind::$kind => self.$field.get(&object.key).map(|found| &found.raw),)*
                }
            }

            /// The metadata of an object, whatever its kind.
            pub fn meta(&self, object: &ObjectRef) -> Option<&Meta> {
                match object.kind {
                    $(Kind::$kind => self.$field.get(&object.key).map(|found| &found.meta),)*
                }
            }

            /// Metadata and raw form of every object of a kind, sorted.
            pub fn of_kind(&self, kind: Kind) -> Vec<(&Meta, &RawObject)> {
                match kind {
                    $(Kind::$kind => self.$field.values().map(|o| (&o.meta, &o.raw)).collect(),)*
                }
            }

            /// Takes the table of a kind over from `other`: shared while there is none here yet,
            /// joined otherwise.
            pub fn absorb(&mut self, kind: Kind, other: &Self) {
                match kind {
                    $(Kind::$kind if self.$field.is_empty() => {
                        self.$field = Arc::clone(&other.$field);
                    }
                    Kind::$kind => {
                        let more = other.$field.iter().map(|(key, o)| (key.clone(), Arc::clone(o)));
                        Arc::make_mut(&mut self.$field).extend(more);
                    })*
                }
            }

            /// Empties the table of a kind.
            pub fn clear(&mut self, kind: Kind) {
                match kind {
                    $(Kind::$kind => self.$field = Arc::default(),)*
                }
            }

            /// How many objects of a kind there are.
            pub fn count(&self, kind: Kind) -> usize {
                match kind {
                    $(Kind::$kind => self.$field.len(),)*
                }
            }

            /// The kinds whose table is not the same allocation as in `other`: those that may
            /// differ.
            pub fn changed(&self, other: &Self) -> KindSet {
                let mut changed = KindSet::default();
                $(if !Arc::ptr_eq(&self.$field, &other.$field) {
                    changed.insert(Kind::$kind);
                })*
                changed
            }

            /// Every object, kind by kind.
            pub fn each(&self, mut visit: impl FnMut(&Meta, &RawObject)) {
                $(self.$field.values().for_each(|object| visit(&object.meta, &object.raw));)*
            }

            /// The kinds that have a table.
            pub const KINDS: &'static [Kind] = &[$(Kind::$kind),*];
        }

        impl<'a> Watched<'a> {
            $(
                /// The table of this kind, which counts as read from now on.
                pub fn $field(&self) -> &'a Arc<Table<$narrow>> {
                    self.note(KindSet::of(Kind::$kind));
                    &self.objects.$field
                }
            )*
        }
    };
}

objects! {
    namespaces: Namespace(Namespace),
    nodes: Node(Node),
    pods: Pod(Pod),
    services: Service(Service),
    endpoint_slices: EndpointSlice(EndpointSlice),
    config_maps: ConfigMap(ConfigMap),
    /// Only ever filled from files, or when the user asked for it: a Secret's data is not read.
    secrets: Secret(Bare),
    events: Event(Event),
    service_accounts: ServiceAccount(Bare),
    deployments: Deployment(Controller),
    stateful_sets: StatefulSet(Controller),
    daemon_sets: DaemonSet(Controller),
    /// Metadata only: the way from a pod to its Deployment.
    replica_sets: ReplicaSet(Bare),
    virtual_services: VirtualService(VirtualService),
    destination_rules: DestinationRule(DestinationRule),
    gateways: Gateway(Gateway),
    service_entries: ServiceEntry(ServiceEntry),
    sidecars: Sidecar(Sidecar),
    workload_entries: WorkloadEntry(WorkloadEntry),
    workload_groups: WorkloadGroup(Bare),
    envoy_filters: EnvoyFilter(EnvoyFilter),
    proxy_configs: ProxyConfig(ProxyConfig),
    peer_authentications: PeerAuthentication(PeerAuthentication),
    authorization_policies: AuthorizationPolicy(AuthorizationPolicy),
    request_authentications: RequestAuthentication(Policy),
    telemetries: Telemetry(Policy),
    wasm_plugins: WasmPlugin(Policy),
    traffic_extensions: TrafficExtension(Policy),
    k8s_gateways: K8sGateway(K8sGateway),
    gateway_classes: GatewayClass(Bare),
    http_routes: HttpRoute(HttpRoute),
    grpc_routes: GrpcRoute(GrpcRoute),
    tls_routes: TlsRoute(TlsRoute),
    tcp_routes: TcpRoute(TlsRoute),
    reference_grants: ReferenceGrant(ReferenceGrant),
    listener_sets: ListenerSet(Bare),
    backend_tls_policies: BackendTlsPolicy(Bare),
    custom_resource_definitions: CustomResourceDefinition(Bare),
    mutating_webhooks: MutatingWebhookConfiguration(WebhookConfiguration),
    validating_webhooks: ValidatingWebhookConfiguration(WebhookConfiguration),
    pod_security_policies: PodSecurityPolicy(Bare),
}

impl Objects {
    /// From decoded objects that carry `apiVersion` and `kind`, Lists included; unknown kinds
    /// are passed over. Mesh configuration is read from the ConfigMap if it is among them.
    pub fn from_values(values: impl IntoIterator<Item = Value>) -> Self {
        let mut objects = Self::default();
        for value in values {
            objects.insert_value(value);
        }
        objects.load_mesh_config();
        objects
    }

    fn insert_value(&mut self, mut value: Value) {
        let is_list =
            value.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"));
        match value.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if is_list => {
                items.into_iter().for_each(|item| self.insert_value(item));
            }
            _ => {
                if let Some(raw) = RawObject::from_value(value) {
                    self.insert(raw);
                }
            }
        }
    }

    /// Sets [`Self::mesh_config`] from the ConfigMap `istio` in `istio-system`; Istio's defaults
    /// stand where there is none or it cannot be read.
    pub fn load_mesh_config(&mut self) {
        let key = Key::new(&MeshConfig::default().root_namespace, "istio");
        let text = self.config_maps.get(&key).and_then(|map| map.data.get("mesh"));
        let read = text
            .and_then(|text| serde_saphyr::from_str::<Value>(text).ok())
            .and_then(|value| MeshConfig::from_value(value).ok());
        self.mesh_config = Arc::new(read.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_open_and_mesh_config_is_read() {
        let objects = Objects::from_values([json!({
            "apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": "p"}},
                {"apiVersion": "example.com/v1", "kind": "Pod", "metadata": {"name": "other"}},
                {"apiVersion": "v1", "kind": "ConfigMap",
                 "metadata": {"namespace": "istio-system", "name": "istio"},
                 "data": {"mesh": "outboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n"}}]
        })]);
        assert_eq!(objects.pods.len(), 1);
        let policy = objects.mesh_config.outbound_traffic_policy.as_ref().unwrap();
        assert_eq!(policy.mode, "REGISTRY_ONLY");
    }

    #[test]
    fn insert_replaces_and_remove_removes() {
        let mut objects = Objects::default();
        for generation in [1, 2] {
            objects.insert(RawObject::with_kind(
                Kind::VirtualService,
                json!({"metadata": {"namespace": "a", "name": "v", "generation": generation}}),
            ));
        }
        let key = Key::new("a", "v");
        assert_eq!(objects.virtual_services[&key].meta.generation, 2);
        let reference = ObjectRef { kind: Kind::VirtualService, key };
        assert!(objects.raw(&reference).is_some());
        assert!(objects.remove(&reference) && !objects.remove(&reference));
    }
}
