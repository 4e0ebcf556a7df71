//! The scenario `large:N`: many services over several namespaces, two versions each, calling
//! one another in layers.

use serde_json::{Value, json};

/// Services in a namespace.
const IN_A_NAMESPACE: u16 = 50;

/// Namespaces, services, workloads, and a rule of routing for each service.
pub(super) fn objects(services: u16) -> Vec<Value> {
    let mut objects = Vec::with_capacity(usize::from(services) * 5 + 8);
    for index in 0..services {
        let namespace = format!("team-{:02}", index / IN_A_NAMESPACE);
        if index % IN_A_NAMESPACE == 0 {
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": namespace, "labels": {"istio-injection": "enabled"}}}));
        }
        let name = format!("svc-{index:04}");
        objects.push(service(&namespace, &name));
        for version in ["v1", "v2"] {
            objects.push(deployment(&namespace, &name, version));
        }
        objects.push(rule(&namespace, &name));
        objects.push(route(&namespace, &name));
    }
    objects
}

fn service(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 8080}]},
    })
}

fn deployment(namespace: &str, name: &str, version: &str) -> Value {
    let labels = json!({"app": name, "version": version});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": format!("{name}-{version}"), "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
                "name": "app", "image": format!("example.com/{name}:{version}"),
                "ports": [{"containerPort": 8080}]}]}},
        },
    })
}

fn rule(namespace: &str, name: &str) -> Value {
    let subset = |version: &str| json!({"name": version, "labels": {"version": version}});
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"host": name, "subsets": [subset("v1"), subset("v2")]},
    })
}

fn route(namespace: &str, name: &str) -> Value {
    let to = |version: &str, weight: u32| json!({"destination": {"host": name, "subset": version}, "weight": weight});
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"hosts": [name], "http": [{"route": [to("v1", 90), to("v2", 10)]}]},
    })
}
