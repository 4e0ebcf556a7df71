//! KIA0005: exported to a namespace that does not exist.

use super::super::About;
use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA0005",
    title: "ExportedToUnknownNamespace",
    level: Level::Error,
    kinds: &[Kind::VirtualService, Kind::DestinationRule, Kind::ServiceEntry],
    why: "exportTo names a namespace that does not exist, so nobody there sees the object.",
    remedy: "Correct the name in exportTo.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[Kind::Namespace],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], exportTo: [shopp], http: [{route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], exportTo: [shop], http: [{route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if index.namespaces().is_empty() {
        sink.withhold("no Namespace is among the objects, so names of namespaces are not judged");
        return;
    }
    for service in index.virtual_services() {
        tell(index, service.into(), &service.spec.export_to, sink);
    }
    for rule in index.destination_rules() {
        tell(index, rule.into(), &rule.spec.export_to, sink);
    }
    for entry in index.each(index.objects.service_entries()) {
        tell(index, entry.into(), &entry.spec.export_to, sink);
    }
}

fn tell(index: &Index<'_>, about: About<'_>, export_to: &[String], sink: &mut Sink<'_>) {
    for (i, scope) in export_to.iter().enumerate() {
        let special = matches!(scope.as_str(), "." | "*" | "~");
        if !special && index.namespace(scope).is_none() {
            let text = format!("exportTo names namespace {scope}, which does not exist.");
            sink.at(about, format!("spec.exportTo[{i}]"), text);
        }
    }
}
