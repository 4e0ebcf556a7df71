//! KIA1104: a weight that divides nothing.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA1104",
    title: "SingleDestinationWithWeight",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "A single destination has a weight below 100. It takes all requests all the same; \
          most often another destination is missing.",
    remedy: "Remove the weight, or add the other destination.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 50}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}, weight: 100}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for service in index.virtual_services() {
        for (i, rule) in service.spec.http.iter().enumerate() {
            if let [only] = rule.route.as_slice()
                && (1..=99).contains(&only.weight)
            {
                sink.at(
                    service,
                    format!("spec.http[{i}].route[0].weight"),
                    format!("The only destination has weight {} and takes all.", only.weight),
                );
            }
        }
    }
}
