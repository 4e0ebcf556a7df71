//! IST0134: a TCP port without addresses.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0134",
    title: "ServiceEntryAddressesRequired",
    level: Level::Warning,
    kinds: &[Kind::ServiceEntry],
    why: "A TCP port of an outside service without addresses catches every connection to that \
          port number, whatever its destination.",
    remedy: "Give the entry addresses, or turn on DNS capture with automatic allocation.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0134/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: bank, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, ports: [{number: 3306, name: tcp, protocol: TCP}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: bank, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, addresses: [192.0.2.7], ports: [{number: 3306, name: tcp, protocol: TCP}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let spec = fields::of(one.value(), "spec");
    let addressed = fields::items(spec, "addresses").next().is_some()
        || fields::items(fields::of(one.value(), "status"), "addresses").next().is_some();
    if addressed || allocates(&one.mesh.raw) {
        return;
    }
    for (i, port) in fields::items(spec, "ports").enumerate() {
        let protocol = fields::text(port, "protocol");
        if protocol.is_empty() || protocol.eq_ignore_ascii_case("tcp") {
            sink.at(
                one.about,
                format!("spec.ports[{i}].protocol"),
                "ServiceEntry addresses are required for this protocol.",
            );
        }
    }
}

/// Whether proxies resolve hosts to addresses that Istio allocates.
fn allocates(mesh: &Value) -> bool {
    let metadata = fields::of(fields::of(mesh, "defaultConfig"), "proxyMetadata");
    let is_on = |name: &str| fields::text(metadata, name) == "true" || fields::flag(metadata, name);
    is_on("ISTIO_META_DNS_CAPTURE")
        && (is_on("ISTIO_META_DNS_AUTO_ALLOCATE") || is_on("PILOT_ENABLE_IP_AUTOALLOCATE"))
}
