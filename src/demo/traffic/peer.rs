//! Pods as telemetry names them: the labels that a proxy reports of itself and of the other end.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mesh::inventory::Inventory;
use crate::mesh::{Key, Objects};

/// A label's name and value, shared between the series that carry it.
pub(super) type Label = (Arc<str>, Arc<str>);

/// What is written where nobody knows.
const UNKNOWN: &str = "unknown";
/// The cluster that proxies report.
const CLUSTER: &str = "Kubernetes";
/// The job that the scrape of pods carries in Istio's sample installation of Prometheus.
pub(super) const JOB: &str = "kubernetes-pods";

/// A pod that sends or takes requests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Peer {
    pub key: Key,
    /// Its workload, in the pod's namespace.
    pub workload: Arc<str>,
    /// The labels `app` and `version`; empty where the pod has none.
    pub app: Arc<str>,
    pub version: Arc<str>,
    /// A proxy reports for it.
    pub proxied: bool,
    pub ready: bool,
    pub gateway: bool,
    canonical: (Arc<str>, Arc<str>),
    principal: Arc<str>,
    ip: Arc<str>,
}

impl Peer {
    /// The labels of one end of a call, as `source_…` or `destination_…`.
    pub(super) fn end(&self, side: &str) -> Vec<Label> {
        let known = |text: &Arc<str>| if text.is_empty() { UNKNOWN.into() } else { text.clone() };
        end(
            side,
            [
                self.workload.clone(),
                self.key.namespace.clone(),
                known(&self.app),
                known(&self.version),
                self.canonical.0.clone(),
                self.canonical.1.clone(),
                if self.proxied { self.principal.clone() } else { UNKNOWN.into() },
                CLUSTER.into(),
            ],
        )
    }

    /// The labels that the scrape adds to whatever this pod's proxy reports.
    pub(super) fn target(&self) -> Vec<Label> {
        let labels = [
            ("job", JOB.into()),
            ("instance", Arc::from(format!("{}:15020", self.ip))),
            ("namespace", self.key.namespace.clone()),
            ("pod", self.key.name.clone()),
            ("app", self.app.clone()),
        ];
        labels.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()
    }
}

/// The labels of an end that no proxy could name.
pub(super) fn unknown_end(side: &str) -> Vec<Label> {
    let mut values = [(); 8].map(|()| Arc::from(UNKNOWN));
    // Istio's default for a revision that is not known.
    values[5] = "latest".into();
    end(side, values)
}

fn end(side: &str, values: [Arc<str>; 8]) -> Vec<Label> {
    const NAMES: [&str; 8] = [
        "workload",
        "workload_namespace",
        "app",
        "version",
        "canonical_service",
        "canonical_revision",
        "principal",
        "cluster",
    ];
    NAMES.iter().zip(values).map(|(name, value)| (format!("{side}_{name}").into(), value)).collect()
}

/// The pods of the mesh that run.
#[derive(Debug, Default)]
pub(super) struct Peers {
    pub pods: BTreeMap<Key, Arc<Peer>>,
}

impl Peers {
    pub(super) fn of(objects: &Objects) -> Self {
        let inventory = Inventory::of(objects);
        let pods = inventory.pods.values().filter(|pod| !pod.finished).filter_map(|info| {
            let pod = objects.pods.get(&info.key)?;
            let label = |name| Arc::from(pod.meta.label(name).unwrap_or_default());
            let account = match pod.body.spec.service_account_name.as_str() {
                "" => "default",
                name => name,
            };
            let version = info.version.clone().unwrap_or_else(|| "latest".into());
            let peer = Peer {
                key: info.key.clone(),
                workload: info.workload.name.clone(),
                app: label("app"),
                version: label("version"),
                proxied: info.sidecar.is_meshed() || info.gateway,
                ready: info.ready,
                gateway: info.gateway,
                canonical: (info.app.clone(), version),
                principal: format!(
                    "spiffe://{}/ns/{}/sa/{account}",
                    crate::mesh::host::DOMAIN,
                    info.key.namespace
                )
                .into(),
                ip: info.ip.clone(),
            };
            Some((info.key.clone(), Arc::new(peer)))
        });
        Self { pods: pods.collect() }
    }

    /// The ready gateways that take what comes from outside: `istio: ingressgateway`.
    pub(super) fn ingress<'a>(
        &'a self,
        objects: &'a Objects,
    ) -> impl Iterator<Item = &'a Arc<Peer>> {
        self.pods.values().filter(|peer| {
            let pod = objects.pods.get(&peer.key);
            let ingress = pod.is_some_and(|p| p.meta.label("istio") == Some("ingressgateway"));
            peer.ready && ingress
        })
    }
}
