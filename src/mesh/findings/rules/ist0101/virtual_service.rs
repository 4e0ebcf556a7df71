//! Hosts, ports, subsets and gateways that VirtualServices name.

use super::missing;
use crate::mesh::config::VirtualService;
use crate::mesh::findings::destinations::{self, Place};
use crate::mesh::findings::index::{Index, hosts};
use crate::mesh::findings::rule::Sink;
use crate::mesh::findings::rules::ist0165::is_internal;
use crate::mesh::host;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Key, Resource};

pub(super) fn check(index: &Index<'_>, service: &Resource<VirtualService>, sink: &mut Sink<'_>) {
    let hosts_known = index.is_read(Kind::Service);
    if !hosts_known {
        sink.withhold("services are not read, so hosts of VirtualServices are not judged");
    }
    for place in destinations::of(service) {
        if hosts_known {
            host(index, service, &place, sink);
        }
        subset(index, service, &place, sink);
    }
    gateways(index, service, sink);
}

fn host(
    index: &Index<'_>,
    service: &Resource<VirtualService>,
    place: &Place<'_>,
    sink: &mut Sink<'_>,
) {
    let destination = place.destination;
    let host = &destination.host;
    let Some(known) = index.hosts().find(&service.meta.namespace, host, &service.spec.export_to)
    else {
        let what = if place.is_mirror() { "mirror host" } else { "host" };
        sink.at(service, format!("{}.host", place.path), missing(what, host));
        return;
    };
    if let Some(port) = &destination.port
        && !known.ports.contains(&port.number)
    {
        let name = format!("{host}:{}", port.number);
        sink.at(service, format!("{}.port.number", place.path), missing("host:port", &name));
    }
}

fn subset(
    index: &Index<'_>,
    service: &Resource<VirtualService>,
    place: &Place<'_>,
    sink: &mut Sink<'_>,
) {
    let destination = place.destination;
    if destination.subset.is_empty() {
        return;
    }
    let named = host::service_named(&service.meta.namespace, &destination.host);
    let known = index.subsets().get(&named);
    if !known.is_some_and(|subsets| subsets.contains_key(destination.subset.as_str())) {
        let what = if place.is_mirror() {
            "mirror+subset in destinationrule"
        } else {
            "host+subset in destinationrule"
        };
        let name = format!("{}+{}", destination.host, destination.subset);
        sink.at(service, format!("{}.subset", place.path), missing(what, &name));
    }
}

fn gateways(index: &Index<'_>, service: &Resource<VirtualService>, sink: &mut Sink<'_>) {
    if !index.is_read(Kind::Gateway) {
        sink.withhold("gateways are not read, so those of VirtualServices are not judged");
        return;
    }
    for (i, written) in service.spec.gateways.iter().enumerate() {
        if written == "mesh" || is_internal(written) {
            continue;
        }
        let (namespace, name) = hosts::gateway_named(&service.meta.namespace, written);
        let known = index.gateway(namespace, name).is_some()
            || index.objects.k8s_gateways().contains_key(&Key::new(namespace, name));
        if !known {
            sink.at(service, format!("spec.gateways[{i}]"), missing("gateway", written));
        }
    }
}
