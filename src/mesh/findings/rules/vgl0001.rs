//! VGL0001: a route to a version of which no pod is ready.

use super::super::Level;
use super::super::destinations;
use super::super::index::Index;
use super::super::index::hosts;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::VirtualService;
use crate::mesh::core::{Pod, covers};
use crate::mesh::host;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Key, Resource};

pub(super) const RULE: Rule = Rule {
    code: "VGL0001",
    title: "SubsetWithoutReadyPods",
    level: Level::Error,
    kinds: &[Kind::VirtualService],
    why: "A rule sends requests to a subset whose pods exist and none of which is ready. Each \
          of them fails with 503 (UH, no healthy upstream).",
    remedy: "Look at the pods of that version, or take its weight back until they are ready.",
    docs: "https://istio.io/latest/docs/ops/common-problems/network-issues/",
    differs: "",
    needs: &[Kind::Pod, Kind::Service],
    check: Check::VirtualService { one: check, rest: None },
    example: Example {
        bad: r#"
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v1, namespace: shop, labels: {app: reviews, version: v1}}
spec: {containers: [{name: reviews, image: reviews}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v2, namespace: shop, labels: {app: reviews, version: v2}}
spec: {containers: [{name: reviews, image: reviews}]}
status: {conditions: [{type: Ready, status: "False"}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 50}]}]}
"#,
        good: r#"
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v1, namespace: shop, labels: {app: reviews, version: v1}}
spec: {containers: [{name: reviews, image: reviews}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-v2, namespace: shop, labels: {app: reviews, version: v2}}
spec: {containers: [{name: reviews, image: reviews}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 50}]}]}
"#,
    },
};

fn check(index: &Index<'_>, service: &Resource<VirtualService>, sink: &mut Sink<'_>) {
    let own = &service.meta.namespace;
    for place in destinations::of(service).into_iter().filter(|place| !place.is_mirror()) {
        let target = place.destination;
        if target.subset.is_empty() || place.weight == Some(0) {
            continue;
        }
        let service_named = host::service_named(own, &target.host);
        let Some(pods) = pods_of(index, service_named, &target.subset) else { continue };
        let ready = pods.iter().filter(|pod| pod.status.ready() != Some(false)).count();
        if pods.is_empty() || ready > 0 {
            continue;
        }
        let host = hosts::full(own, &target.host).into_owned();
        let place_of_rate = (host, target.subset.clone());
        let rate = index.evidence().subset_rates.get(&place_of_rate);
        let traffic = match rate {
            Some(rate) if *rate > 0.0 => {
                format!(", and {rate:.1} requests a second go there now")
            }
            _ => String::new(),
        };
        sink.at(
            service,
            place.path.to_string(),
            format!(
                "None of the {} pods of subset {} of {} is ready{traffic}.",
                pods.len(),
                target.subset,
                target.host
            ),
        );
    }
}

/// The pods of a subset of a service, given by namespace and name; `None` where service or subset
/// are not known, or all pods of the namespace are ready.
fn pods_of<'a>(
    index: &Index<'a>,
    (namespace, name): (&str, &str),
    subset: &str,
) -> Option<Vec<&'a Resource<Pod>>> {
    if index.pods().all_ready(namespace) {
        return None;
    }
    let service = index.objects.services().get(&Key::new(namespace, name))?;
    if service.spec.selector.is_empty() {
        return None;
    }
    let labels = *index.subsets().get(&(namespace, name))?.get(subset)?;
    let selected = index.pods().selected_in(namespace, &service.spec.selector);
    Some(selected.filter(|pod| covers(labels, &pod.meta.labels)).collect())
}
