//! Delegation: a root VirtualService takes over the rules of others.
//!
//! One level. A delegate's match must fit at least one of the root's; every pair that fits
//! becomes a match of the merged rule.

use std::collections::HashMap;
use std::sync::Arc;

use super::action;
use super::answer::{DelegateRef, RuleRef};
use super::reason::Reason;
use super::rule::{Export, HttpMatch, HttpRule, PathCondition, RuleSet, Text};
use crate::mesh::Key;
use crate::mesh::config::VirtualService;
use crate::mesh::config::virtual_service as api;
use crate::mesh::object::{Resource, Table};

use super::virtual_service::http_rule;

/// Who may delegate to a VirtualService without hosts.
pub type Exports = HashMap<Key, Export>;

/// Puts the rules of its delegates in the place of the root's rules that name them. A root rule
/// whose delegate is missing stays as one that cannot be used, so that it can be told of.
pub fn resolve(
    set: &mut RuleSet,
    spec: &api::Spec,
    all: &Table<VirtualService>,
    exports: &Exports,
) {
    if spec.http.iter().all(|route| route.delegate.is_none()) {
        return;
    }
    let mut rules = Vec::with_capacity(set.http.len());
    for (rule, route) in set.http.drain(..).zip(&spec.http) {
        let Some(delegate) = &route.delegate else {
            rules.push(rule);
            continue;
        };
        let own = &set.reference.namespace;
        let namespace =
            if delegate.namespace.is_empty() { own } else { delegate.namespace.as_str() };
        let key = Key::new(namespace, &delegate.name);
        match find(&key, own, all, exports) {
            Ok(found) => rules.extend(merged(&rule, route, found)),
            Err(reason) => rules.push(HttpRule { unusable: Some(reason), ..rule }),
        }
    }
    set.http = rules;
}

fn find<'a>(
    key: &Key,
    root: &str,
    all: &'a Table<VirtualService>,
    exports: &Exports,
) -> Result<&'a Resource<VirtualService>, (Reason, String)> {
    let missing = || (Reason::DelegateMissing, format!("its delegate {key} does not exist"));
    let object = all.get(key).ok_or_else(missing)?;
    if !object.spec.hosts.is_empty() {
        return Err((Reason::DelegateMissing, format!("{key} has hosts and so is no delegate")));
    }
    if object.spec.http.is_empty() {
        return Err((Reason::DelegateMissing, format!("its delegate {key} has no http rules")));
    }
    let reaches = exports.get(key).is_none_or(|export| export.reaches(&key.namespace, root));
    if !reaches {
        let text = format!("its delegate {key} is not exported to namespace {root}");
        return Err((Reason::DelegateNotExported, text));
    }
    Ok(object)
}

fn merged(
    root: &HttpRule,
    route: &api::HttpRoute,
    object: &Resource<VirtualService>,
) -> Vec<HttpRule> {
    let namespace = &object.meta.namespace;
    let mut out = Vec::with_capacity(object.spec.http.len());
    for (index, inner) in object.spec.http.iter().enumerate() {
        let delegate = DelegateRef {
            namespace: Arc::clone(namespace),
            name: Arc::clone(&object.meta.name),
            index,
            rule_name: (!inner.name.is_empty()).then(|| inner.name.as_str().into()),
        };
        let reference = RuleRef { delegate: Some(Box::new(delegate)), ..root.reference.clone() };
        let joined = over(inner, route);
        let mut rule = http_rule(&joined, namespace, reference);
        mirrors_of_root(&mut rule, root, inner);
        if let Some(matches) = merge_matches(&root.matches, &rule.matches) {
            rule.matches = matches;
        } else {
            let text = "one of its matches contradicts every match of the root's rule";
            rule.unusable = Some((Reason::DelegateConflict, text.to_owned()));
        }
        out.push(rule);
    }
    out
}

/// Fields of the route: the delegate's win as a whole, the root's fill the gaps.
fn over(inner: &api::HttpRoute, root: &api::HttpRoute) -> api::HttpRoute {
    let mut joined = inner.clone();
    joined.rewrite = joined.rewrite.or_else(|| root.rewrite.clone());
    joined.direct_response = joined.direct_response.or_else(|| root.direct_response.clone());
    joined.timeout = joined.timeout.or_else(|| root.timeout.clone());
    joined.retries = joined.retries.or_else(|| root.retries.clone());
    joined.fault = joined.fault.or_else(|| root.fault.clone());
    joined.cors_policy = joined.cors_policy.or_else(|| root.cors_policy.clone());
    joined.headers = joined.headers.or_else(|| root.headers.clone());
    joined
}

/// A mirror inherited from the root keeps the name it had there.
fn mirrors_of_root(rule: &mut HttpRule, root: &HttpRule, inner: &api::HttpRoute) {
    let own = inner.mirror.is_some() || !inner.mirrors.is_empty();
    if !own && !root.action.mirrors.is_empty() {
        rule.action = action::with(&rule.action, |a| a.mirrors.clone_from(&root.action.mirrors));
    }
}

/// Every pair that fits; `None` if one of the delegate's fits none of the root's.
fn merge_matches(root: &[HttpMatch], inner: &[HttpMatch]) -> Option<Vec<HttpMatch>> {
    if root.is_empty() {
        return Some(inner.to_vec());
    }
    if inner.is_empty() {
        return Some(root.to_vec());
    }
    let mut out = Vec::new();
    for delegate in inner {
        let before = out.len();
        out.extend(root.iter().filter(|r| compatible(r, delegate)).map(|r| merge(r, delegate)));
        if out.len() == before {
            return None;
        }
    }
    Some(out)
}

fn compatible(root: &HttpMatch, inner: &HttpMatch) -> bool {
    let texts = |a: &Option<Text>, b: &Option<Text>| match (a, b) {
        (Some(a), Some(b)) => text_fits(a, b),
        _ => true,
    };
    let named = |a: &[(String, Text)], b: &[(String, Text)]| {
        a.iter().all(|(key, x)| b.iter().all(|(other, y)| key != other || text_fits(x, y)))
    };
    let labels = root
        .source_labels
        .iter()
        .all(|(key, value)| inner.source_labels.get(key).is_none_or(|other| other == value));
    let paths = match (&root.path, &inner.path) {
        (Some(a), Some(b)) => path_fits(a, b),
        _ => true,
    };
    paths
        && labels
        && root.ignore_case == inner.ignore_case
        && texts(&root.scheme, &inner.scheme)
        && texts(&root.method, &inner.method)
        && texts(&root.authority, &inner.authority)
        && named(&root.headers, &inner.headers)
        && named(&root.without_headers, &inner.without_headers)
        && named(&root.query, &inner.query)
        && (root.port == 0 || inner.port == 0 || root.port == inner.port)
        && (root.source_namespace.is_empty() || root.source_namespace == inner.source_namespace)
        && inner.gateways.iter().all(|name| root.gateways.contains(name))
}

fn text_fits(root: &Text, inner: &Text) -> bool {
    match (root, inner) {
        (Text::Regex(_), _) | (_, Text::Regex(_)) | (Text::Exact(_), Text::Prefix(_)) => false,
        (Text::Exact(a), Text::Exact(b)) => a == b,
        (Text::Prefix(a), Text::Exact(b) | Text::Prefix(b)) => b.starts_with(a.as_str()),
        (Text::Present, _) | (_, Text::Present) => true,
    }
}

fn path_fits(root: &PathCondition, inner: &PathCondition) -> bool {
    use PathCondition::{Exact, Prefix};
    match (root, inner) {
        (Exact(a), Exact(b)) => a == b,
        (Prefix(a), Exact(b) | Prefix(b)) => b.starts_with(a.as_str()),
        _ => false,
    }
}

/// The delegate's value wins, the root fills gaps, maps are united.
fn merge(root: &HttpMatch, inner: &HttpMatch) -> HttpMatch {
    let named = |root: &[(String, Text)], inner: &[(String, Text)]| {
        let mut out = inner.to_vec();
        out.extend(root.iter().filter(|(key, _)| inner.iter().all(|(o, _)| o != key)).cloned());
        out
    };
    let mut labels = root.source_labels.clone();
    labels.extend(inner.source_labels.clone());
    let pick = |a: &Option<Text>, b: &Option<Text>| a.clone().or_else(|| b.clone());
    let text = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
    HttpMatch {
        path: inner.path.clone().or_else(|| root.path.clone()),
        ignore_case: inner.ignore_case,
        scheme: pick(&inner.scheme, &root.scheme),
        method: pick(&inner.method, &root.method),
        authority: pick(&inner.authority, &root.authority),
        headers: named(&root.headers, &inner.headers),
        without_headers: named(&root.without_headers, &inner.without_headers),
        query: named(&root.query, &inner.query),
        port: if inner.port == 0 { root.port } else { inner.port },
        source_labels: labels,
        source_namespace: text(&inner.source_namespace, &root.source_namespace),
        gateways: if inner.gateways.is_empty() {
            root.gateways.clone()
        } else {
            inner.gateways.clone()
        },
    }
}
