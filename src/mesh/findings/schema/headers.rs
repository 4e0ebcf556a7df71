//! Header names, values, and operations on headers.

use super::{Issues, Node};

/// Why a text is no header name (RFC 9110, section 5.6.2).
pub(super) fn header_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("header name cannot be empty".into());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    (!name.chars().all(fits)).then(|| format!("header name {name} is not a valid header name"))
}

/// Checks `headers` of a rule or a destination.
pub(super) fn operations(holder: &Node<'_>, issues: &mut Issues) {
    let Some(headers) = holder.get("headers") else { return };
    if let Some(request) = headers.get("request") {
        for field in ["set", "add"] {
            for (name, value) in request.entries(field) {
                let pseudo = name.starts_with(':') && name != ":authority";
                issues.check(&value, name_problem(name, pseudo, false));
                issues.check(&value, value_problem(value.str()));
            }
        }
        removals(&request, issues);
    }
    if let Some(response) = headers.get("response") {
        for field in ["set", "add"] {
            for (name, value) in response.entries(field) {
                issues.check(&value, name_problem(name, name.starts_with(':'), true));
                issues.check(&value, value_problem(value.str()));
            }
        }
        removals(&response, issues);
    }
}

fn removals(operations: &Node<'_>, issues: &mut Issues) {
    for name in operations.items("remove") {
        issues.check(&name, name_problem(name.str(), name.str().starts_with(':'), true));
    }
}

fn name_problem(name: &str, pseudo: bool, forbid_host: bool) -> Option<String> {
    if name.is_empty() {
        return Some("header name cannot be empty".into());
    }
    if forbid_host && name.eq_ignore_ascii_case("host") {
        return Some(format!("invalid header {name:?}: cannot set Host header"));
    }
    pseudo.then(|| format!("invalid header {name:?}: header cannot have \":\" prefix"))
}

/// Envoy reads `%` as the start of a command, which has to end with one.
fn value_problem(value: &str) -> Option<String> {
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Some(format!("header value configuration {value} is invalid"));
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(next) = after.strip_prefix('%') {
            rest = next;
            continue;
        }
        let prefix = "header value configuration: invalid header configuration.";
        if !after.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Some(format!("{prefix} Un-escaped %"));
        }
        match after.split_once('%') {
            Some((_, next)) => rest = next,
            None => {
                return Some(format!("{prefix} Un-terminated variable expression '{after}'"));
            }
        }
    }
    None
}

/// Checks that the authority of a request is set once at most.
pub(super) fn authority(rule: &Node<'_>, issues: &mut Issues) {
    let mut have = rule.at("rewrite").text("authority").to_owned();
    let request = rule.at("headers").at("request");
    for field in ["set", "add"] {
        for (name, value) in request.entries(field) {
            if !(name == ":authority" || name.eq_ignore_ascii_case("host")) {
                continue;
            }
            let next = value.str();
            if have.is_empty() {
                next.clone_into(&mut have);
            } else {
                let text = format!(
                    "authority header cannot be set multiple times: have {have:?}, attempting to \
                     set {next:?}"
                );
                issues.error(&value, text);
            }
        }
    }
}
