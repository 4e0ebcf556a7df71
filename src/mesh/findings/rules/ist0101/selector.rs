//! Selectors of Gateways, Sidecars and Telemetries that no pod matches.

use super::missing;
use crate::mesh::config::Gateway;
use crate::mesh::config::policy::WorkloadSelector;
use crate::mesh::findings::About;
use crate::mesh::findings::go_text::selector;
use crate::mesh::findings::index::Index;
use crate::mesh::findings::rule::Sink;
use crate::mesh::kind::Kind;

pub(super) fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if !index.is_read(Kind::Pod) {
        sink.withhold("pods are not read, so selectors are not judged");
        return;
    }
    if index.has_no_pods() {
        sink.withhold("there are no pods among the files, so selectors are not judged");
        return;
    }
    for gateway in index.each(index.objects.gateways()) {
        let labels = &gateway.spec.selector;
        if !index.selects_something(None, labels) || is_alone_and_empty(index, gateway) {
            sink.at(gateway, "spec.selector", missing("selector", &selector(labels)));
        }
    }
    for sidecar in index.each(index.objects.sidecars()) {
        workloads(index, sidecar.into(), sidecar.spec.workload_selector.as_ref(), sink);
    }
    for telemetry in index.each(index.objects.telemetries()) {
        workloads(index, telemetry.into(), telemetry.spec.selector.as_ref(), sink);
    }
}

/// A gateway without servers whose workload no other gateway serves: nothing listens there.
fn is_alone_and_empty(index: &Index<'_>, gateway: &Gateway) -> bool {
    let ours = selector(&gateway.spec.selector);
    gateway.spec.servers.is_empty()
        && !ours.is_empty()
        && !index.each(index.objects.gateways()).any(|other| {
            let theirs = selector(&other.spec.selector);
            !other.spec.servers.is_empty() && (ours.contains(&theirs) || theirs.contains(&ours))
        })
}

fn workloads(
    index: &Index<'_>,
    about: About<'_>,
    given: Option<&WorkloadSelector>,
    sink: &mut Sink<'_>,
) {
    let Some(given) = given.filter(|given| !given.labels.is_empty()) else { return };
    if !index.selects_something(Some(&about.meta.namespace), &given.labels) {
        let field =
            if about.kind == Kind::Sidecar { "spec.workloadSelector" } else { "spec.selector" };
        sink.at(about, field, missing("selector", &selector(&given.labels)));
    }
}
