//! IST0150: a port of an ExternalName service that may catch too much.

use super::super::Level;
use super::super::ports::of_service_port;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::ist0118::read;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0150",
    title: "ExternalNameServiceTypeInvalidPortName",
    level: Level::Warning,
    kinds: &[Kind::Service],
    why: "A port of a Service of type ExternalName that Istio takes for TCP catches everything \
          on that port number, other hosts too.",
    remedy: "Name the port after its protocol, and not tcp.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0150/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ExternalName, externalName: example.com, ports: [{name: tcp, port: 443}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ExternalName, externalName: example.com, ports: [{name: https, port: 443}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let Some(service) = read(one) else { return };
    if service.spec.kind != "ExternalName" {
        return;
    }
    for (i, port) in service.spec.ports.iter().enumerate() {
        if of_service_port(port).is_none() || port.name == "tcp" {
            sink.at(
                one.about,
                format!("spec.ports[{i}].name"),
                "Port name for ExternalName service is invalid. Proxy may prevent tcp named ports \
                 and unmatched traffic for ports serving TCP protocol from being forwarded \
                 correctly",
            );
        }
    }
}
