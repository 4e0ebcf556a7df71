//! Checks that many kinds share: names, domains, ports, durations, labels, selectors, scopes.
//!
//! Each gives Istio's sentence for what is wrong, or nothing.

use std::collections::HashSet;
use std::net::IpAddr;

use super::{Issues, Node};
use crate::mesh::findings::ports::Protocol;

/// 1 to 63 letters, digits and dashes, a dash at neither end.
pub fn is_dns_label(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A DNS label, `*`, or a DNS label behind `*` or `*-`.
fn is_wildcard_label(text: &str) -> bool {
    let rest = text.strip_prefix("*-").or_else(|| text.strip_prefix('*')).unwrap_or(text);
    text == "*" || is_dns_label(rest)
}

fn domain_shape(domain: &str) -> Option<String> {
    if domain.is_empty() {
        return Some("empty domain name not allowed".into());
    }
    (domain.len() > 255).then(|| format!("domain name {domain:?} too long (max 255)"))
}

/// Why a text is no fully qualified domain name.
pub fn fqdn(domain: &str) -> Option<String> {
    domain_shape(domain).or_else(|| dns_parts(domain))
}

fn dns_parts(domain: &str) -> Option<String> {
    let parts: Vec<&str> = domain.split('.').collect();
    let last = parts.last().copied().unwrap_or_default();
    if last.parse::<i64>().is_ok() {
        return Some(format!(
            "domain name {domain:?} invalid (top level domain {last:?} cannot be all-numeric)"
        ));
    }
    let count = parts.len();
    parts.into_iter().enumerate().find_map(|(i, part)| {
        // A trailing dot is allowed.
        let allowed = is_dns_label(part) || (part.is_empty() && i + 1 == count);
        (!allowed).then(|| format!("domain name {domain:?} invalid (label {part:?} invalid)"))
    })
}

/// Why a text is no domain name, of which the first part may be a wildcard.
pub fn wildcard_domain(domain: &str) -> Option<String> {
    if let Some(problem) = domain_shape(domain) {
        return Some(problem);
    }
    let (first, rest) = domain.split_once('.').map_or((domain, None), |(f, r)| (f, Some(r)));
    if !is_wildcard_label(first) {
        return Some(format!("domain name {domain:?} invalid (label {first:?} invalid)"));
    }
    rest.and_then(dns_parts)
}

pub fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

pub fn port(number: i64) -> Option<String> {
    (!(1..=65535).contains(&number))
        .then(|| format!("port number {number} must be in the range 1..65535"))
}

/// Nanoseconds of a duration such as `1m30s` or `0.5s`.
pub fn nanoseconds(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let factor = match unit {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    Some(if text.starts_with('-') { -sum } else { sum })
}

/// Why a duration is refused: too short, or finer than milliseconds.
pub fn duration(text: &str) -> Option<String> {
    let nanoseconds = nanoseconds(text)?;
    if nanoseconds < 1e6 {
        return Some("duration must be greater than 1ms".into());
    }
    ((nanoseconds / 1e6).fract() > 1e-6)
        .then(|| "only durations to ms precision are supported".into())
}

/// Checks a duration field, where it is there.
pub fn duration_field(holder: &Node<'_>, name: &str, issues: &mut Issues) {
    if holder.says(name) {
        issues.check(&holder.at(name), duration(holder.text(name)));
    }
}

fn is_label_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (1..=63).contains(&text.len())
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Checks a map of labels.
pub fn labels(holder: &Node<'_>, name: &str, issues: &mut Issues) {
    for (key, value) in holder.entries(name) {
        let (prefix, bare) = key.split_once('/').map_or((None, key), |(p, n)| (Some(p), n));
        let prefixed = prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(is_dns_label));
        if !(prefixed && is_label_name(bare)) {
            issues.error(&value, format!("invalid tag key: {key:?}"));
        }
        let text = value.str();
        if !(text.is_empty() || is_label_name(text)) {
            issues.error(&value, format!("invalid tag value: {text:?}"));
        }
    }
}

/// Checks the pairs of a selector; whether it has any.
fn pairs(selector: &Node<'_>, field: &str, issues: &mut Issues) -> bool {
    let all = selector.entries(field);
    for (key, value) in &all {
        let text = value.str();
        if key.is_empty() {
            issues
                .error(value, format!("empty key is not supported in selector: \"{key}={text}\""));
        }
        if key.contains('*') || text.contains('*') {
            let problem = format!("wildcard is not supported in selector: \"{key}={text}\"");
            issues.error(value, problem);
        }
    }
    !all.is_empty()
}

const NO_LABELS: &str = "workload selector specified without labels";

/// Checks the `matchLabels` of a policy's selector.
pub fn selector(spec: &Node<'_>, name: &str, issues: &mut Issues) {
    if let Some(selector) = spec.get(name)
        && !pairs(&selector, "matchLabels", issues)
    {
        issues.warn(&selector, NO_LABELS);
    }
}

/// Checks the `workloadSelector` of a networking kind; false where it is wrong, which ends the
/// check of the object.
pub fn workload_selector(spec: &Node<'_>, what: &str, issues: &mut Issues) -> bool {
    let Some(selector) = spec.get("workloadSelector") else { return true };
    let before = issues.count();
    let any = pairs(&selector, "labels", issues);
    if issues.count() > before {
        return false;
    }
    if !any {
        let text = format!("{what}: {NO_LABELS}, will be applied to all services in namespace");
        issues.warn(&selector, text);
    }
    true
}

/// Why a text is no network and no address.
pub fn subnet(text: &str) -> Option<String> {
    if text.matches('/').count() == 1 {
        return (!is_cidr(text)).then(|| format!("{text} is not a valid CIDR block"));
    }
    (!is_ip(text)).then(|| format!("{text} is not a valid IP"))
}

fn is_cidr(text: &str) -> bool {
    cidr_problem(text).is_none()
}

/// Why Go's `netip.ParsePrefix` refuses a text.
pub fn cidr_problem(text: &str) -> Option<String> {
    let refuse = |why: &str| Some(format!("netip.ParsePrefix({text:?}): {why}"));
    let Some((address, bits)) = text.rsplit_once('/') else { return refuse("no '/'") };
    let Ok(address) = address.parse::<IpAddr>() else {
        return refuse(&format!("ParseAddr({address:?}): unable to parse IP"));
    };
    let max = if address.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u32>() {
        Ok(bits) if bits <= max => None,
        Ok(_) => refuse("prefix length out of range"),
        Err(_) => refuse(&format!("bad bits after slash: {bits:?}")),
    }
}

/// Why a path, without its `unix://`, is no socket.
pub fn unix_address(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("unix address must not be empty".into());
    }
    let is_file = path.starts_with('/') && !path.ends_with('/');
    (!(path.starts_with('@') || is_file))
        .then(|| format!("{path} is not an absolute path to a file"))
}

pub fn protocol(text: &str) -> Option<Protocol> {
    Protocol::parse(text)
}

/// Checks `exportTo` of an object in `namespace`.
pub fn export_to(spec: &Node<'_>, namespace: &str, is_entry: bool, issues: &mut Issues) {
    let entries = spec.items("exportTo");
    let holder = spec.at("exportTo");
    let mut seen = HashSet::new();
    for entry in &entries {
        let text = entry.str();
        if !seen.insert(if text == "." { namespace } else { text }) {
            let problem = if text == "." {
                format!("duplicate entries in exportTo: . and current namespace {namespace}")
            } else {
                format!("duplicate entries in exportTo for entry {text}")
            };
            issues.error(entry, problem);
        } else if text == "~" {
            if !is_entry {
                let problem = "exportTo ~ (none) is not allowed for Istio configuration objects";
                issues.error(entry, problem);
            }
        } else if !(text == "." || text == "*" || is_dns_label(text)) {
            let problem = "only .,*, or a valid DNS 1123 label is allowed as exportTo entry";
            issues.error(entry, problem);
        }
    }
    let public = entries.iter().any(|entry| entry.str() == "*");
    let nobody = is_entry && entries.iter().any(|entry| entry.str() == "~");
    if entries.len() > 1 && public {
        let problem = "cannot have both public (*) and non-public exportTo values for a resource";
        issues.error(&holder, problem);
    }
    if entries.len() > 1 && nobody {
        issues.error(&holder, "cannot export service entry to no one (~) and someone");
    }
}

/// `[namespace/]dnsName` of servers and egress listeners: what is wrong with the name.
pub fn served_name(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name != "*" && !name.contains('.') {
        problems.push("short names (non FQDN) are not allowed".into());
    }
    if let Some(problem) = wildcard_domain(name)
        && !is_ip(name)
    {
        problems.push(problem);
    }
    if name.starts_with('*') && name != "*" && !name.starts_with("*.") {
        problems.push(format!("partial wildcard {name:?} not allowed"));
    }
    problems
}

/// Several errors as one text, as Go's multierror prints them; `None` for none.
pub fn multi_error(problems: &[String]) -> Option<String> {
    if problems.is_empty() {
        return None;
    }
    let word = if problems.len() == 1 { "error" } else { "errors" };
    let list = problems.join("\n\t* ");
    Some(format!("{} {word} occurred:\n\t* {list}\n\n", problems.len()))
}

/// Why Istio refuses a regular expression (RE2 syntax).
pub fn regex(field: &str, pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return Some(format!("{field:?}: regex string match should not be empty"));
    }
    if pattern.len() > 1024 {
        return Some(format!("{field:?}: regex is too large, max length allowed is 1024"));
    }
    regex_problem(pattern).map(|problem| {
        format!(
            "{field:?}: {problem}; Istio uses RE2 style regex-based match \
             (https://github.com/google/re2/wiki/Syntax)"
        )
    })
}

/// Why a pattern does not compile, in the words of Go's `regexp` where they are known.
pub fn regex_problem(pattern: &str) -> Option<String> {
    let error = regex::Regex::new(pattern).err()?.to_string();
    let reason = if error.contains("repetition operator missing expression") {
        let operator = pattern.chars().find(|c| "*+?".contains(*c)).unwrap_or('*');
        format!("missing argument to repetition operator: `{operator}`")
    } else if error.contains("unclosed group") {
        format!("missing closing ): `{pattern}`")
    } else if error.contains("unopened group") {
        format!("unexpected ): `{pattern}`")
    } else if error.contains("unclosed character class") {
        let start = pattern.find('[').unwrap_or_default();
        format!("missing closing ]: `{}`", pattern.get(start..).unwrap_or(pattern))
    } else {
        let last = error.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_owned()
    };
    Some(format!("error parsing regexp: {reason}"))
}
