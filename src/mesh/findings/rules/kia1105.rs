//! KIA1105: one destination, twice.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA1105",
    title: "DestinationTwice",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "A rule names the same host and subset twice. The weights add up; most often one of \
          them was to be another version.",
    remedy: "Name each destination once.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v1}, weight: 50}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 50}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for service in index.virtual_services() {
        for (i, rule) in service.spec.http.iter().enumerate() {
            for (j, route) in rule.route.iter().enumerate() {
                let before = rule.route.iter().take(j);
                if before.into_iter().any(|other| other.destination == route.destination) {
                    let target = &route.destination;
                    let name = [target.host.as_str(), target.subset.as_str()].join(" ");
                    sink.at(
                        service,
                        format!("spec.http[{i}].route[{j}].destination"),
                        format!("Destination {} is named twice in one rule.", name.trim_end()),
                    );
                }
            }
        }
    }
}
