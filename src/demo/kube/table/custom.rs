//! Custom resources, as the printer columns of their definitions say.

use serde_json::{Value, json};

use super::{NAME, Printer, age, column, date, name, wide};
use crate::demo::world::fields::{items, text};
use crate::mesh::Kind;

/// The printer of a custom resource; those whose definition names no columns show their age.
pub(super) fn printer(kind: Kind) -> Printer {
    match kind {
        Kind::VirtualService => Printer {
            columns: const { &[NAME, column("Gateways"), column("Hosts"), date("Age")] },
            cells: |v, now| {
                vec![name(v), at(v, "/spec/gateways"), at(v, "/spec/hosts"), age(v, now)]
            },
        },
        Kind::DestinationRule => Printer {
            columns: const { &[NAME, column("Host"), date("Age")] },
            cells: |v, now| vec![name(v), at(v, "/spec/host"), age(v, now)],
        },
        Kind::ServiceEntry => Printer {
            columns: const {
                &[NAME, column("Hosts"), column("Location"), column("Resolution"), date("Age")]
            },
            cells: |v, now| {
                let words = ["/spec/hosts", "/spec/location", "/spec/resolution"];
                let mut cells = vec![name(v)];
                cells.extend(words.map(|word| at(v, word)));
                cells.push(age(v, now));
                cells
            },
        },
        Kind::WorkloadEntry => Printer {
            columns: const { &[NAME, date("Age"), column("Address")] },
            cells: |v, now| vec![name(v), age(v, now), at(v, "/spec/address")],
        },
        Kind::AuthorizationPolicy => Printer {
            columns: const { &[NAME, column("Action"), date("Age")] },
            cells: |v, now| vec![name(v), at(v, "/spec/action"), age(v, now)],
        },
        Kind::PeerAuthentication => Printer {
            columns: const { &[NAME, column("Mode"), date("Age")] },
            cells: |v, now| vec![name(v), at(v, "/spec/mtls/mode"), age(v, now)],
        },
        _ => gateway_printer(kind),
    }
}

/// The printers of the Gateway API's kinds, and of those without columns.
fn gateway_printer(kind: Kind) -> Printer {
    match kind {
        Kind::HttpRoute | Kind::GrpcRoute => Printer {
            columns: const { &[NAME, column("Hostnames"), date("Age")] },
            cells: |v, now| vec![name(v), at(v, "/spec/hostnames"), age(v, now)],
        },
        Kind::K8sGateway => Printer {
            columns: const {
                &[NAME, column("Class"), column("Address"), column("Programmed"), date("Age")]
            },
            cells: |v, now| {
                let address = at(v, "/status/addresses/0/value");
                let programmed = condition(v, "Programmed");
                vec![name(v), at(v, "/spec/gatewayClassName"), address, programmed, age(v, now)]
            },
        },
        Kind::GatewayClass => Printer {
            columns: const {
                &[NAME, column("Controller"), column("Accepted"), date("Age"), wide("Description")]
            },
            cells: |v, now| {
                let controller = at(v, "/spec/controllerName");
                let accepted = condition(v, "Accepted");
                vec![name(v), controller, accepted, age(v, now), at(v, "/spec/description")]
            },
        },
        Kind::CustomResourceDefinition => Printer {
            columns: const { &[NAME, column("Created At")] },
            cells: |v, _| vec![name(v), at(v, "/metadata/creationTimestamp")],
        },
        _ => Printer {
            columns: const { &[NAME, date("Age")] },
            cells: |v, now| vec![name(v), age(v, now)],
        },
    }
}

/// The value at a path as a cell: text as it is, lists as JSON, nothing as null.
fn at(value: &Value, pointer: &str) -> Value {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Value::Null,
        Some(Value::String(text)) => json!(text),
        Some(other) => json!(other.to_string()),
    }
}

/// The status of a condition.
fn condition(value: &Value, kind: &str) -> Value {
    let found = items(value, "/status/conditions").iter().find(|c| text(c, "/type") == kind);
    found.map_or(Value::Null, |condition| json!(text(condition, "/status")))
}
