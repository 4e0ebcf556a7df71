//! Which services look like Prometheus or speak its API, by the names, labels and ports that the
//! usual charts give them.

use std::sync::Arc;

use crate::mesh::Objects;
use crate::mesh::core::{IntOrName, Pod, Service, ServicePort, covers};
use crate::mesh::object::{Labels, Resource, in_namespace};

/// A service that may be Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub namespace: Arc<str>,
    pub service: Arc<str>,
    /// Port number, as the API server's proxy takes it.
    pub port: String,
    /// Prefix below which the API answers, or empty.
    pub path: &'static str,
    pub selector: Labels,
    target: ServicePort,
}

/// A product: how its services are called, where its API lies, on which ports.
struct Product {
    /// Parts of a name or of the label that names the application.
    words: &'static [&'static str],
    path: &'static str,
    ports: &'static [u16],
}

/// In order of preference: a query layer over several Prometheus goes after Prometheus itself,
/// which has the newest samples.
const PRODUCTS: &[Product] = &[
    Product { words: &["prometheus"], path: "", ports: &[9090, 80, 9091] },
    Product {
        words: &["thanos-query", "thanos-querier"],
        path: "",
        ports: &[9090, 10902, 9091, 80],
    },
    Product { words: &["vmsingle", "victoria-metrics-single"], path: "", ports: &[8428, 8429] },
    Product { words: &["vmselect"], path: "select/0/prometheus", ports: &[8481] },
    Product {
        words: &["mimir-query-frontend", "mimir-nginx", "mimir-gateway"],
        path: "prometheus",
        ports: &[8080, 80],
    },
];

/// Companions that carry a product's name and are not it.
const COMPANIONS: &[&str] = &[
    "adapter",
    "alertmanager",
    "blackbox",
    "coredns",
    "exporter",
    "kube-controller",
    "kube-etcd",
    "kube-proxy",
    "kube-scheduler",
    "kube-state",
    "kubelet",
    "operator",
    "pushgateway",
    "discovery",
    "grafana",
    "sidecar",
    "webhook",
];

/// Namespaces where Prometheus usually is, the mesh's own first.
const NAMESPACES: &[&str] = &["istio-system", "monitoring", "prometheus", "observability"];

/// Services that may be Prometheus, the likeliest first.
pub fn candidates(objects: &Objects) -> Vec<Candidate> {
    let mut ranked = objects.services.values().filter_map(|s| rank(s)).collect::<Vec<_>>();
    ranked.sort_by(|(a, one), (b, other)| {
        let name = |c: &Candidate| (c.namespace.clone(), c.service.clone());
        a.cmp(b).then_with(|| name(one).cmp(&name(other)))
    });
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The place of a service among the candidates, lower is likelier.
fn rank(service: &Resource<Service>) -> Option<([usize; 3], Candidate)> {
    let name = &*service.meta.name;
    let labels = ["app.kubernetes.io/name", "app", "k8s-app"];
    let application = labels.iter().find_map(|label| service.meta.label(label)).unwrap_or_default();
    let component = service.meta.label("app.kubernetes.io/component").unwrap_or_default();
    let companion = |text: &str| COMPANIONS.iter().any(|word| text.contains(word));
    if companion(name) || companion(component) || service.spec.kind == "ExternalName" {
        return None;
    }
    let joined = format!("{application}-{component}");
    let (order, product) = PRODUCTS.iter().enumerate().find(|(_, product)| {
        let named = |word: &&str| name.contains(*word) || joined.contains(*word);
        product.words.iter().any(named)
    })?;
    let tcp = service.spec.ports.iter().filter(|port| port.protocol != "UDP");
    let preference = |port: &ServicePort| {
        let by_number = product.ports.iter().position(|number| *number == port.port);
        let by_name = port.name.contains("http") || port.name.contains("web");
        by_number.map_or(if by_name { 10 } else { 20 }, |at| at)
    };
    let port = tcp.min_by_key(|port| preference(port))?;
    let namespace = &*service.meta.namespace;
    let place = NAMESPACES.iter().position(|usual| *usual == namespace).unwrap_or(9);
    // `prometheus-operated` is headless: every replica at once.
    let plain = usize::from(name.ends_with("-operated") || name.ends_with("-headless"));
    let candidate = Candidate {
        namespace: service.meta.namespace.clone(),
        service: service.meta.name.clone(),
        port: port.port.to_string(),
        path: product.path,
        selector: service.spec.selector.clone(),
        target: port.clone(),
    };
    Some(([place, order, plain], candidate))
}

impl Candidate {
    /// A ready pod behind the service and the port that it listens on.
    pub(super) fn pod(&self, objects: &Objects) -> Option<(Arc<str>, u16)> {
        let ready =
            |pod: &Resource<Pod>| pod.meta.deleting.is_none() && pod.status.ready() == Some(true);
        let mut pods = in_namespace(&objects.pods, &self.namespace).filter(|pod| {
            !self.selector.is_empty() && covers(&self.selector, &pod.meta.labels) && ready(pod)
        });
        let pod = pods.next()?;
        Some((pod.meta.name.clone(), self.pod_port(pod)?))
    }

    fn pod_port(&self, pod: &Pod) -> Option<u16> {
        match &self.target.target_port {
            None | Some(IntOrName::Int(0)) => Some(self.target.port),
            Some(IntOrName::Int(number)) => u16::try_from(*number).ok(),
            Some(IntOrName::Name(name)) => {
                let mut ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
                ports.find(|port| port.name == *name).map(|port| port.container_port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(namespace: &str, name: &str, app: &str, ports: &[(u16, &str)]) -> serde_json::Value {
        let ports: Vec<_> =
            ports.iter().map(|(port, name)| json!({"port": port, "name": name})).collect();
        json!({"apiVersion": "v1", "kind": "Service",
               "metadata": {"namespace": namespace, "name": name,
                            "labels": {"app.kubernetes.io/name": app}},
               "spec": {"selector": {"app": app}, "ports": ports}})
    }

    #[test]
    fn usual_charts_are_found_in_order_and_companions_are_not() {
        let objects = Objects::from_values([
            service(
                "monitoring",
                "kube-prometheus-stack-prometheus",
                "prometheus",
                &[(8080, "reloader-web"), (9090, "http-web")],
            ),
            service("monitoring", "prometheus-operated", "", &[(9090, "http-web")]),
            service("monitoring", "kube-prometheus-stack-alertmanager", "", &[(9093, "http")]),
            service(
                "monitoring",
                "kube-prometheus-stack-prometheus-node-exporter",
                "",
                &[(9100, "http")],
            ),
            service("thanos", "thanos-query", "thanos", &[(10901, "grpc"), (9090, "http")]),
            service("mimir", "mimir-nginx", "mimir", &[(80, "http-metric")]),
            service("vm", "vmselect-main", "vmselect", &[(8481, "http")]),
            service("istio-system", "prometheus", "prometheus", &[(9090, "http")]),
            service("shop", "reviews", "reviews", &[(9080, "http")]),
        ]);
        let found: Vec<String> = candidates(&objects)
            .iter()
            .map(|c| format!("{}/{}:{} {}", c.namespace, c.service, c.port, c.path))
            .collect();
        assert_eq!(
            found,
            [
                "istio-system/prometheus:9090 ",
                "monitoring/kube-prometheus-stack-prometheus:9090 ",
                "monitoring/prometheus-operated:9090 ",
                "thanos/thanos-query:9090 ",
                "vm/vmselect-main:8481 select/0/prometheus",
                "mimir/mimir-nginx:80 prometheus",
            ]
        );
    }

    #[test]
    fn named_target_ports_are_looked_up_in_a_ready_pod() {
        let mut service = service("m", "prometheus", "prometheus", &[(80, "http")]);
        service["spec"]["ports"][0]["targetPort"] = json!("web");
        let pod = |name: &str, ready: &str| {
            json!({"apiVersion": "v1", "kind": "Pod",
                   "metadata": {"namespace": "m", "name": name, "labels": {"app": "prometheus"}},
                   "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 9090}]}]},
                   "status": {"conditions": [{"type": "Ready", "status": ready}]}})
        };
        let objects = Objects::from_values([service, pod("a", "False"), pod("b", "True")]);
        let found = candidates(&objects);
        assert_eq!(found[0].pod(&objects), Some(("b".into(), 9090)));
    }
}
