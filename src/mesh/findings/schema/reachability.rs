//! Rules and matches of a VirtualService that an earlier one hides (IST0130, IST0131).

use serde_json::Value;

use super::{Issues, Node, Severity, fields};

pub(super) fn check(spec: &Node<'_>, issues: &mut Issues) {
    for protocol in ["http", "tls", "tcp"] {
        let rules = spec.items(protocol);
        duplicates(&rules, issues);
        if protocol == "http" {
            prefixes(&rules, issues);
        }
    }
}

/// `"name"` for a named rule or match, else `#` and its number.
fn label(value: &Value, number: usize) -> String {
    match fields::text(value, "name") {
        "" => format!("#{number}"),
        name => format!("{name:?}"),
    }
}

fn unreachable(at: &Node<'_>, rule: &str, reason: &str, issues: &mut Issues) {
    let text = format!("VirtualService rule {rule} not used ({reason}).");
    issues.push(Severity::Unreachable, at, text);
}

fn ineffective(at: &Node<'_>, rule: &str, one: &str, by: &str, issues: &mut Issues) {
    let text = format!(
        "VirtualService rule {rule} match {one} is not used (duplicate/overlapping match in rule \
         {by})."
    );
    issues.push(Severity::Ineffective, at, text);
}

/// A match without the name it only carries for logs.
fn nameless(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("name");
    }
    value
}

fn duplicates(rules: &[Node<'_>], issues: &mut Issues) {
    let mut seen: Vec<(Value, String)> = Vec::new();
    let mut open = false;
    for (i, rule) in rules.iter().enumerate() {
        let name = label(rule.value, i);
        let matches = rule.items("match");
        if matches.is_empty() {
            if open {
                unreachable(rule, &name, "only the last rule can have no matches", issues);
            }
            open = true;
            continue;
        }
        let mut repeated = 0;
        for (j, one) in matches.iter().enumerate() {
            if open {
                unreachable(rule, &name, "route without matches defined before", issues);
                continue;
            }
            let bare = nameless(one.value);
            match seen.iter().find(|(known, _)| *known == bare) {
                Some((_, by)) => {
                    ineffective(one, &name, &label(one.value, j), by, issues);
                    repeated += 1;
                }
                None => seen.push((bare, name.clone())),
            }
        }
        if repeated == matches.len() {
            unreachable(rule, &name, "all matches used by prior rules", issues);
        }
    }
}

/// A match by prefix, with what else it asks.
struct Prefixed<'a> {
    node: Node<'a>,
    prefix: &'a str,
    rule: String,
    name: String,
    bare: Value,
}

fn prefixes(rules: &[Node<'_>], issues: &mut Issues) {
    let mut known: Vec<Prefixed<'_>> = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        for (j, node) in rule.items("match").into_iter().enumerate() {
            let prefix = fields::text(fields::of(node.value, "uri"), "prefix");
            if prefix.is_empty() {
                continue;
            }
            let bare = nameless(node.value);
            if known.iter().any(|other| other.bare == bare) {
                continue;
            }
            let (rule, name) = (label(rule.value, i), label(node.value, j));
            let next = Prefixed { node, prefix, rule, name, bare };
            for earlier in known.iter().filter(|earlier| covers(earlier, &next)) {
                ineffective(
                    &next.node,
                    &next.rule,
                    &format!("{} of prefix {}", next.name, next.prefix),
                    &format!("{} of prefix {} on {}", earlier.name, earlier.prefix, earlier.rule),
                    issues,
                );
            }
            known.push(next);
        }
    }
}

/// Whether an earlier match takes what a later one asks, in the terms of Istio's check.
fn covers(earlier: &Prefixed<'_>, later: &Prefixed<'_>) -> bool {
    let (a, b) = (earlier.node.value, later.node.value);
    earlier.prefix != later.prefix
        && later.prefix.starts_with(earlier.prefix)
        && fields::of(a, "port").as_u64().unwrap_or(0)
            == fields::of(b, "port").as_u64().unwrap_or(0)
        && method(a).starts_with(&method(b))
        && text_of(fields::of(a, "authority")).starts_with(&text_of(fields::of(b, "authority")))
        && ["headers", "queryParams", "withoutHeaders"].iter().all(|field| same_keys(a, b, field))
}

fn same_keys(a: &Value, b: &Value, field: &str) -> bool {
    let (ours, theirs) = (fields::of(a, field), fields::of(b, field));
    fields::entries(a, field).count() == fields::entries(b, field).count()
        && fields::entries(a, field).all(|(key, value)| {
            theirs.get(key).is_some_and(|other| text_of(value).starts_with(&text_of(other)))
        })
        && ours.is_object() == theirs.is_object()
}

/// No method counts as GET.
fn method(one: &Value) -> String {
    match fields::of(one, "method") {
        Value::Null => "EGET".into(),
        value => text_of(value),
    }
}

/// A match of text as one text that tells kinds apart.
fn text_of(value: &Value) -> String {
    for (field, mark) in [("exact", 'E'), ("prefix", 'P'), ("regex", 'R')] {
        if let Some(text) = value.get(field).and_then(Value::as_str) {
            return format!("{mark}{text}");
        }
    }
    String::new()
}
