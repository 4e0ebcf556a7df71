//! Namespaces that AuthorizationPolicies name as sources.

use serde_json::Value;

use super::missing;
use crate::mesh::findings::index::Index;
use crate::mesh::findings::rule::Sink;
use crate::mesh::findings::schema::fields;
use crate::mesh::kind::Kind;

pub(super) fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let known = !index.namespaces().is_empty() && index.is_read(Kind::Namespace);
    for policy in index.each(index.objects.authorization_policies()) {
        let rules = policy.spec.rules.as_deref().unwrap_or_default();
        for (path, name) in sources(rules) {
            if !known {
                sink.withhold(
                    "no Namespace is among the objects, so names of namespaces are not judged",
                );
                return;
            }
            if !index.namespaces().keys().any(|namespace| fits(name, namespace)) {
                sink.at(policy, path, missing("namespace", name));
            }
        }
    }
}

/// `from.source.namespaces` and `notNamespaces` of every rule, with their places.
fn sources(rules: &[Value]) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        for (j, from) in fields::items(rule, "from").enumerate() {
            let source = fields::of(from, "source");
            for field in ["namespaces", "notNamespaces"] {
                for (k, name) in fields::texts(source, field).enumerate() {
                    found.push((format!("spec.rules[{i}].from[{j}].source.{field}[{k}]"), name));
                }
            }
        }
    }
    found
}

fn fits(pattern: &str, namespace: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if let Some(suffix) = pattern.strip_prefix('*') {
        return namespace.ends_with(suffix);
    }
    match pattern.strip_suffix('*') {
        Some(prefix) => namespace.starts_with(prefix),
        None => namespace.eq_ignore_ascii_case(pattern),
    }
}
