//! Istio's validation of AuthorizationPolicies.

use super::policies::target;
use super::vocabulary::{cidr_problem, is_ip, port};
use super::{Issues, Node};

mod attributes;
mod paths;

pub(super) fn check(spec: &Node<'_>, namespace: &str, name: &str, issues: &mut Issues) {
    issues.set_prefix(format!("invalid policy {name}.{namespace}: "));
    target(spec, issues);
    let action = match spec.text("action") {
        "" => "ALLOW",
        action => action,
    };
    let rules = spec.items("rules");
    if matches!(action, "CUSTOM" | "DENY") && !spec.says("rules") {
        issues.error(
            spec,
            format!(
                "{action} action without `rules` is meaningless as it will never be triggered, \
                 add an empty rule `{{}}` if you want it be triggered for every request"
            ),
        );
    }
    if action == "CUSTOM" {
        if !spec.at("provider").says("name") {
            issues.error(spec, "`provider.name` must not be empty");
        }
    } else if spec.has("provider") {
        let text = format!("`provider` must not be with non CUSTOM action, found {action}");
        issues.error(&spec.at("provider"), text);
    }
    for (i, rule) in rules.iter().enumerate() {
        check_rule(rule, i, action, issues);
    }
    if action == "DENY" && rules.iter().any(denies_all_tcp) {
        issues.warn(
            spec,
            "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due \
             to the use of only HTTP attributes in a DENY rule; it is recommended to explicitly \
             specify the port",
        );
    }
}

fn check_rule(rule: &Node<'_>, i: usize, action: &str, issues: &mut Issues) {
    if rule.has("from") && !rule.says("from") {
        issues.error(rule, format!("`from` must not be empty, found at rule {i}"));
    }
    for from in rule.items("from") {
        match from.get("source") {
            None => {
                issues.error(&from, format!("`from.source` must not be nil, found at rule {i}"));
            }
            Some(source) if is_blank(&source) => {
                let text = format!("`from.source` must not be empty, found at rule {i}");
                issues.error(&source, text);
            }
            Some(source) => check_source(&source, i, action, issues),
        }
    }
    if rule.has("to") && !rule.says("to") {
        issues.error(rule, format!("`to` must not be empty, found at rule {i}"));
    }
    for to in rule.items("to") {
        match to.get("operation") {
            None => {
                issues.error(&to, format!("`to.operation` must not be nil, found at rule {i}"));
            }
            Some(operation) if is_blank(&operation) => {
                let text = format!("`to.operation` must not be empty, found at rule {i}");
                issues.error(&operation, text);
            }
            Some(operation) => check_operation(&operation, issues),
        }
    }
    for when in rule.items("when") {
        check_when(&when, action, issues);
    }
}

fn is_blank(node: &Node<'_>) -> bool {
    node.value.as_object().is_none_or(|map| map.values().all(super::is_empty))
}

/// Fields of a source and the names that messages give them.
const IDENTITIES: &[(&str, &str)] = &[
    ("namespaces", "Namespaces"),
    ("notNamespaces", "NotNamespaces"),
    ("serviceAccounts", "ServiceAccounts"),
    ("notServiceAccounts", "NotServiceAccounts"),
    ("principals", "Principals"),
    ("notPrincipals", "NotPrincipals"),
    ("requestPrincipals", "RequestPrincipals"),
    ("notRequestPrincipals", "NotRequestPrincipals"),
    ("trustDomains", "TrustDomains"),
    ("notTrustDomains", "NotTrustDomains"),
];

fn check_source(source: &Node<'_>, i: usize, action: &str, issues: &mut Issues) {
    if action == "CUSTOM" {
        for (field, word) in IDENTITIES {
            if source.says(field) {
                let text = format!("From.{word} is currently not supported with CUSTOM action");
                issues.error(&source.at(field), text);
            }
        }
    }
    let with = ["namespaces", "notNamespaces", "principals", "notPrincipals"];
    let accounts = ["serviceAccounts", "notServiceAccounts"];
    if accounts.iter().any(|field| source.says(field))
        && with.iter().any(|field| source.says(field))
    {
        let text =
            format!("cannot set serviceAccounts with namespaces or principals, found at rule {i}");
        issues.error(source, text);
    }
    for field in ["ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"] {
        for block in source.items(field) {
            issues.check(&block, address(block.str()));
        }
    }
    for (field, word) in IDENTITIES {
        for node in source.items(field) {
            let text = node.str();
            if text.is_empty() {
                issues.error(&node, format!("empty value not allowed, found in {word}"));
            } else if word.ends_with("ServiceAccounts") {
                issues.check(&node, account(text, word));
            } else if word.ends_with("TrustDomains") && (text.contains('/') || inner_star(text)) {
                issues.error(&node, format!("invalid trust domain {text:?}, found in {word}"));
            }
        }
        if word.ends_with("ServiceAccounts") && source.items(field).len() > 16 {
            issues.error(&source.at(field), "may not have more than 16 values");
        }
    }
}

/// A star that is neither the first nor the last character, or a second one.
fn inner_star(text: &str) -> bool {
    let stars = text.matches('*').count();
    stars > 1 || (stars == 1 && !text.starts_with('*') && !text.ends_with('*'))
}

fn account(text: &str, word: &str) -> Option<String> {
    if text.contains('*') {
        return Some(format!("wildcard not allowed, found in {word}"));
    }
    let parts: Vec<&str> = text.split('/').collect();
    let fine = parts.len() <= 2 && parts.iter().all(|part| !part.is_empty());
    (!fine).then(|| {
        format!(
            "expected format 'serviceAccount' or 'namespace/serviceAccount', found {text:?} in \
             {word}"
        )
    })
}

pub(super) fn address(text: &str) -> Option<String> {
    if text.contains('/') {
        return cidr_problem(text).map(|problem| format!("bad CIDR range ({text}): {problem}"));
    }
    (!is_ip(text)).then(|| format!("bad IP address ({text})"))
}

pub(super) fn port_text(text: &str) -> Option<String> {
    match text.parse::<i64>() {
        Ok(number) => port(number).map(|problem| format!("bad port ({text}): {problem}")),
        Err(_) => {
            Some(format!("bad port ({text}): strconv.ParseUint: parsing {text:?}: invalid syntax"))
        }
    }
}

fn check_operation(operation: &Node<'_>, issues: &mut Issues) {
    for field in ["ports", "notPorts"] {
        for node in operation.items(field) {
            issues.check(&node, port_text(node.str()));
        }
    }
    for (field, word) in [
        ("hosts", "Hosts"),
        ("notHosts", "NotHosts"),
        ("methods", "Methods"),
        ("notMethods", "NotMethods"),
        ("paths", "Paths"),
        ("notPaths", "NotPaths"),
    ] {
        for node in operation.items(field) {
            if node.str().is_empty() {
                issues.error(&node, format!("empty value not allowed, found in {word}"));
            } else if word.ends_with("Paths") {
                issues.check(&node, paths::problem(node.str(), word));
            }
        }
    }
}

fn check_when(when: &Node<'_>, action: &str, issues: &mut Issues) {
    let key = when.text("key");
    if key.is_empty() {
        issues.error(when, "`key` must not be empty");
        return;
    }
    if !(when.says("values") || when.says("notValues")) {
        let text = format!("at least one of `values` or `notValues` must be set for key {key}");
        issues.error(when, text);
        return;
    }
    if action == "CUSTOM" && attributes::is_identity(key) {
        issues.error(when, format!("{key} is currently not supported with CUSTOM action"));
    }
    for (field, word) in [("values", "value"), ("notValues", "notValue")] {
        let values = when.items(field);
        let problem = attributes::key_problem(key).or_else(|| {
            values.iter().find_map(|value| attributes::value_problem(key, value.str()))
        });
        if let Some(problem) = problem {
            issues.error(when, format!("invalid `{word}` for `key` {key}: {problem}"));
        }
    }
}

/// Whether a rule to deny asks for nothing that TCP has, so that Istio denies it for TCP.
fn denies_all_tcp(rule: &Node<'_>) -> bool {
    const TCP: &[&str] = &[
        "principals",
        "notPrincipals",
        "namespaces",
        "notNamespaces",
        "serviceAccounts",
        "notServiceAccounts",
        "ipBlocks",
        "notIpBlocks",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
    ];
    let operations = rule.items("to");
    if operations.is_empty() {
        let from = rule.items("from");
        return !from.is_empty()
            && !from.iter().any(|from| TCP.iter().any(|field| from.at("source").says(field)));
    }
    operations.iter().any(|to| {
        let operation = to.at("operation");
        !(operation.says("ports") || operation.says("notPorts"))
    })
}
