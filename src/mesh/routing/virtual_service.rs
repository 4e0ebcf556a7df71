//! VirtualServices as [`RuleSet`]s: names resolved in the object's own namespace.

use std::sync::Arc;

use super::action;
use super::answer::RuleRef;
use super::name;
use super::rule::{
    ConnectionMatch, ConnectionRule, Export, HttpMatch, HttpRule, MESH, PathCondition, Pattern,
    RuleSet, Target, Text,
};
use crate::mesh::Kind;
use crate::mesh::config::virtual_service::{self as api, VirtualService};
use crate::mesh::object::Resource;

/// The rules of one VirtualService, delegates not yet looked up.
pub fn rule_set(object: &Resource<VirtualService>, default_export: &[String]) -> RuleSet {
    let namespace = &object.meta.namespace;
    let reference = RuleRef {
        kind: Kind::VirtualService,
        namespace: Arc::clone(namespace),
        name: Arc::clone(&object.meta.name),
        index: None,
        rule_name: None,
        protocol: None,
        delegate: None,
    };
    let spec = &object.spec;
    let http = spec.http.iter().enumerate().map(|(index, route)| {
        let reference = RuleRef {
            index: Some(index),
            rule_name: (!route.name.is_empty()).then(|| route.name.as_str().into()),
            ..reference.clone()
        };
        http_rule(route, namespace, reference)
    });
    let tls = spec.tls.iter().enumerate().map(|(index, route)| ConnectionRule {
        reference: at(&reference, index, "tls"),
        matches: route.matches.iter().map(|m| tls_match(m, namespace)).collect(),
        targets: connection_targets(&route.route, namespace),
    });
    let tcp = spec.tcp.iter().enumerate().map(|(index, route)| ConnectionRule {
        reference: at(&reference, index, "tcp"),
        matches: route.matches.iter().map(|m| tcp_match(m, namespace)).collect(),
        targets: connection_targets(&route.route, namespace),
    });
    RuleSet {
        from_route: false,
        created: object.meta.created,
        hosts: spec.hosts.iter().map(|host| name::resolve(host, namespace)).collect(),
        gateways: gateways(&spec.gateways, namespace, true),
        export: Export::of(&spec.export_to, default_export, namespace),
        http: http.collect(),
        tls: tls.collect(),
        tcp: tcp.collect(),
        parent_namespace: None,
        parent_port: None,
        reference,
    }
}

fn at(object: &RuleRef, index: usize, protocol: &'static str) -> RuleRef {
    RuleRef { index: Some(index), protocol: Some(protocol), ..object.clone() }
}

/// Gateway names: `mesh` is reserved, a bare name and `./name` are of the own namespace, and
/// the old dotted form names a service.
fn gateways(names: &[String], namespace: &str, mesh_if_empty: bool) -> Vec<Arc<str>> {
    if names.is_empty() && mesh_if_empty {
        return vec![MESH.into()];
    }
    let one = |text: &String| -> Arc<str> {
        if text == MESH {
            return MESH.into();
        }
        match text.split_once('/') {
            Some((".", name)) => format!("{namespace}/{name}").into(),
            Some(_) => text.as_str().into(),
            None => match text.split_once('.') {
                Some((name, rest)) => {
                    let other = rest.split('.').next().unwrap_or(rest);
                    format!("{other}/{name}").into()
                }
                None => format!("{namespace}/{text}").into(),
            },
        }
    };
    names.iter().map(one).collect()
}

/// One rule of `http`.
pub(super) fn http_rule(route: &api::HttpRoute, namespace: &str, reference: RuleRef) -> HttpRule {
    let (action, unusable) = action::of_virtual_service(route, namespace);
    HttpRule {
        reference,
        matches: route.matches.iter().map(|m| http_match(m, namespace)).collect(),
        action: Arc::new(action),
        unusable,
    }
}

fn http_match(from: &api::HttpMatch, namespace: &str) -> HttpMatch {
    HttpMatch {
        path: from.uri.as_ref().and_then(path),
        ignore_case: from.ignore_uri_case,
        scheme: from.scheme.as_ref().map(text),
        method: from.method.as_ref().map(text),
        authority: from.authority.as_ref().map(text),
        headers: named(&from.headers),
        without_headers: named(&from.without_headers),
        query: named(&from.query_params),
        port: from.port,
        source_labels: from.source_labels.clone(),
        source_namespace: from.source_namespace.clone(),
        gateways: gateways(&from.gateways, namespace, false),
    }
}

/// Keys such as `uri` are headers like any other, whatever the documentation says of them.
fn named(map: &std::collections::BTreeMap<String, api::StringMatch>) -> Vec<(String, Text)> {
    map.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn path(from: &api::StringMatch) -> Option<PathCondition> {
    match (&from.exact, &from.prefix, &from.regex) {
        (Some(exact), _, _) => Some(PathCondition::Exact(exact.clone())),
        (_, Some(prefix), _) => Some(PathCondition::Prefix(prefix.clone())),
        (_, _, Some(regex)) => Some(PathCondition::Regex(Pattern::new(regex))),
        _ => None,
    }
}

/// None of the three asks for presence; so does the regular expression `*`, which is none.
fn text(from: &api::StringMatch) -> Text {
    match (&from.exact, &from.prefix, &from.regex) {
        (Some(exact), _, _) => Text::Exact(exact.clone()),
        (_, Some(prefix), _) => Text::Prefix(prefix.clone()),
        (_, _, Some(regex)) if regex == "*" => Text::Present,
        (_, _, Some(regex)) => Text::Regex(Pattern::new(regex)),
        _ => Text::Present,
    }
}

fn tls_match(from: &api::TlsMatch, namespace: &str) -> ConnectionMatch {
    ConnectionMatch {
        sni_hosts: from.sni_hosts.iter().map(|host| host.to_lowercase()).collect(),
        destination_subnets: from.destination_subnets.clone(),
        port: from.port,
        source_labels: from.source_labels.clone(),
        source_namespace: from.source_namespace.clone(),
        gateways: gateways(&from.gateways, namespace, false),
    }
}

fn tcp_match(from: &api::L4Match, namespace: &str) -> ConnectionMatch {
    ConnectionMatch {
        sni_hosts: Vec::new(),
        destination_subnets: from.destination_subnets.clone(),
        port: from.port,
        source_labels: from.source_labels.clone(),
        source_namespace: from.source_namespace.clone(),
        gateways: gateways(&from.gateways, namespace, false),
    }
}

fn connection_targets(routes: &[api::RouteDestination], namespace: &str) -> Vec<Target> {
    let unweighted = routes.iter().all(|route| route.weight == 0);
    let one = |route: &api::RouteDestination| {
        let mut target = target(&route.destination, namespace);
        target.weight = if unweighted { 1 } else { u32::try_from(route.weight).unwrap_or(0) };
        target
    };
    routes.iter().map(one).collect()
}

/// A destination without its weight.
pub(super) fn target(from: &api::Destination, namespace: &str) -> Target {
    Target {
        host: name::resolve(&from.host, namespace),
        subset: (!from.subset.is_empty()).then(|| from.subset.as_str().into()),
        port: from.port.as_ref().and_then(|p| u16::try_from(p.number).ok()).filter(|p| *p != 0),
        ..Target::default()
    }
}
