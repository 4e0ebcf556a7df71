//! The other kinds of the core group, EndpointSlices and webhooks.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    AGE, Column, NAME, Printer, age, column, count, integer, labels, name, or_none, since, wide,
};
use crate::demo::world::fields::{items, text};

pub(super) const NAMESPACES: Printer = Printer {
    columns: &[NAME, column("Status"), AGE],
    cells: |value, now| vec![name(value), json!(text(value, "/status/phase")), age(value, now)],
};

pub(super) const NODES: Printer = Printer {
    columns: &[
        NAME,
        column("Status"),
        column("Roles"),
        AGE,
        column("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
    ],
    cells: node,
};

fn node(value: &Value, now: Timestamp) -> Vec<Value> {
    let ready = items(value, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == "Ready")
        .map_or("Unknown", |c| if text(c, "/status") == "True" { "Ready" } else { "NotReady" });
    let address = |kind: &str| {
        let found = items(value, "/status/addresses").iter().find(|a| text(a, "/type") == kind);
        or_none(found.map_or("", |address| text(address, "/address")))
    };
    let version = json!(text(value, "/status/nodeInfo/kubeletVersion"));
    vec![
        name(value),
        json!(ready),
        json!("<none>"),
        age(value, now),
        version,
        address("InternalIP"),
        address("ExternalIP"),
    ]
}

pub(super) const SERVICES: Printer = Printer {
    columns: &[
        NAME,
        column("Type"),
        column("Cluster-IP"),
        column("External-IP"),
        column("Port(s)"),
        AGE,
        wide("Selector"),
    ],
    cells: service,
};

fn service(value: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(value),
        json!(text(value, "/spec/type")),
        or_none(text(value, "/spec/clusterIP")),
        json!(external(value)),
        json!(ports(value)),
        age(value, now),
        labels(value.pointer("/spec/selector")),
    ]
}

fn external(service: &Value) -> String {
    let ips: Vec<&str> =
        items(service, "/spec/externalIPs").iter().filter_map(Value::as_str).collect();
    match text(service, "/spec/type") {
        "ExternalName" => text(service, "/spec/externalName").to_owned(),
        "LoadBalancer" => {
            let given = items(service, "/status/loadBalancer/ingress").iter().map(|ingress| {
                let ip = text(ingress, "/ip");
                if ip.is_empty() { text(ingress, "/hostname") } else { ip }
            });
            let all: Vec<&str> = given.chain(ips).collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        _ if ips.is_empty() => "<none>".to_owned(),
        _ => ips.join(","),
    }
}

fn ports(service: &Value) -> String {
    let ports: Vec<String> = items(service, "/spec/ports")
        .iter()
        .map(|port| {
            let (number, node) = (count(port, "/port"), count(port, "/nodePort"));
            let protocol = text(port, "/protocol");
            if node > 0 {
                format!("{number}:{node}/{protocol}")
            } else {
                format!("{number}/{protocol}")
            }
        })
        .collect();
    if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") }
}

fn size(value: &Value, pointer: &str) -> usize {
    value.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

pub(super) const CONFIG_MAPS: Printer = Printer {
    columns: &[NAME, integer("Data"), AGE],
    cells: |value, now| {
        let data = size(value, "/data") + size(value, "/binaryData");
        vec![name(value), json!(data), age(value, now)]
    },
};

pub(super) const SECRETS: Printer = Printer {
    columns: &[NAME, column("Type"), integer("Data"), AGE],
    cells: |value, now| {
        vec![name(value), json!(text(value, "/type")), json!(size(value, "/data")), age(value, now)]
    },
};

pub(super) const SERVICE_ACCOUNTS: Printer = Printer {
    columns: &[NAME, integer("Secrets"), AGE],
    cells: |value, now| vec![name(value), json!(items(value, "/secrets").len()), age(value, now)],
};

pub(super) const WEBHOOKS: Printer = Printer {
    columns: &[NAME, integer("Webhooks"), AGE],
    cells: |value, now| vec![name(value), json!(items(value, "/webhooks").len()), age(value, now)],
};

pub(super) const EVENTS: Printer = Printer {
    columns: &[
        column("Last Seen"),
        column("Type"),
        column("Reason"),
        column("Object"),
        wide("Subobject"),
        wide("Source"),
        column("Message"),
        wide("First Seen"),
        wide("Count"),
        Column { priority: 1, ..NAME },
    ],
    cells: event,
};

fn event(value: &Value, now: Timestamp) -> Vec<Value> {
    let kind = text(value, "/involvedObject/kind").to_lowercase();
    vec![
        json!(since(text(value, "/lastTimestamp"), now)),
        json!(text(value, "/type")),
        json!(text(value, "/reason")),
        json!(format!("{kind}/{}", text(value, "/involvedObject/name"))),
        json!(text(value, "/involvedObject/fieldPath")),
        json!(text(value, "/source/component")),
        json!(text(value, "/message").trim()),
        json!(since(text(value, "/firstTimestamp"), now)),
        json!(count(value, "/count")),
        name(value),
    ]
}

pub(super) const ENDPOINT_SLICES: Printer = Printer {
    columns: &[NAME, column("AddressType"), column("Ports"), column("Endpoints"), AGE],
    cells: endpoint_slice,
};

fn endpoint_slice(value: &Value, now: Timestamp) -> Vec<Value> {
    let ports = items(value, "/ports").iter().map(|port| count(port, "/port").to_string());
    let endpoints = items(value, "/endpoints").iter().flat_map(|e| items(e, "/addresses"));
    let endpoints = endpoints.filter_map(Value::as_str).map(str::to_owned);
    vec![
        name(value),
        json!(text(value, "/addressType")),
        few(ports.collect()),
        few(endpoints.collect()),
        age(value, now),
    ]
}

/// The first three of a list, and how many more there are.
fn few(all: Vec<String>) -> Value {
    if all.is_empty() {
        return json!("<unset>");
    }
    let more = all.len().saturating_sub(3);
    let shown: Vec<String> = all.into_iter().take(3).collect();
    let shown = shown.join(",");
    json!(if more > 0 { format!("{shown} + {more} more...") } else { shown })
}
