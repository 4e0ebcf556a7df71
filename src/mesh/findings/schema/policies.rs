//! Istio's validation of PeerAuthentication, RequestAuthentication and Telemetry, and what
//! policies have in common.

use serde_json::Value;

use super::vocabulary::{duration_field, port, selector};
use super::{Issues, Node, fields};

/// What a policy is for: a selector, or references, not both.
pub(super) fn target(spec: &Node<'_>, issues: &mut Issues) {
    let given = ["selector", "targetRef", "targetRefs"];
    if given.iter().filter(|field| spec.says(field)).count() > 1 {
        issues.error(spec, "only one of targetRefs or workloadSelector can be set");
    }
    selector(spec, "selector", issues);
    for reference in spec.get("targetRef").into_iter().chain(spec.items("targetRefs")) {
        check_reference(&reference, issues);
    }
}

fn check_reference(reference: &Node<'_>, issues: &mut Issues) {
    const ALLOWED: &str = "[core/v1/Service networking.istio.io/v1/ServiceEntry \
                           gateway.networking.k8s.io/v1/Gateway \
                           gateway.networking.k8s.io/v1/GatewayClass]";
    if !reference.says("name") {
        issues.error(reference, "targetRef name must be set");
    }
    if reference.says("namespace") {
        let text =
            "targetRef namespace must not be set; cross namespace referencing is not supported";
        issues.error(&reference.at("namespace"), text);
    }
    let (group, kind) = (reference.text("group"), reference.text("kind"));
    let allowed = matches!(
        (group, kind),
        ("" | "core", "Service")
            | ("networking.istio.io", "ServiceEntry")
            | ("gateway.networking.k8s.io", "Gateway" | "GatewayClass")
    );
    if !allowed {
        let text = format!("targetRef must be to one of {ALLOWED} but was {group}/{kind}");
        issues.error(reference, text);
    }
}

pub(super) fn peer(spec: &Node<'_>, issues: &mut Issues) {
    let ports = spec.get("portLevelMtls");
    let is_wide = !spec.at("selector").says("matchLabels");
    if let Some(ports) = &ports {
        if is_wide {
            let text = "mesh/namespace peer authentication cannot have port level mTLS";
            issues.error(ports, text);
        }
        let entries = spec.entries("portLevelMtls");
        if entries.is_empty() {
            issues.error(ports, "port level mTLS, if defined, must have at least one element");
        }
        for (number, node) in entries {
            if number.parse().ok().and_then(port).is_some() {
                issues.error(&node, "port must be in range 1..65535");
            }
        }
    }
    selector(spec, "selector", issues);
}

pub(super) fn request(spec: &Node<'_>, issues: &mut Issues) {
    target(spec, issues);
    for rule in spec.items("jwtRules") {
        jwt_rule(&rule, issues);
    }
}

fn jwt_rule(rule: &Node<'_>, issues: &mut Issues) {
    if !(rule.says("issuer") || rule.says("jwksUri")) {
        issues.error(rule, "issuer or jwksUri must be non-empty string");
    }
    for audience in rule.items("audiences").iter().filter(|audience| audience.str().is_empty()) {
        issues.error(audience, "audience must be non-empty string");
    }
    if rule.says("jwksUri") {
        let scheme = rule.text("jwksUri").split_once("://").map_or("", |(scheme, _)| scheme);
        if !matches!(scheme, "http" | "https") {
            let text = format!("URI scheme {scheme:?} is not supported");
            issues.error(&rule.at("jwksUri"), text);
        }
    }
    if rule.says("jwks") {
        keys(&rule.at("jwks"), issues);
    }
    for header in rule.items("fromHeaders").iter().filter(|header| !header.says("name")) {
        issues.error(header, "location header name must be non-empty string");
    }
    for query in rule.items("fromParams").iter().filter(|query| query.str().is_empty()) {
        issues.error(query, "location query must be non-empty string");
    }
    for cookie in rule.items("fromCookies").iter().filter(|cookie| cookie.str().is_empty()) {
        issues.error(cookie, "cookie name must be non-empty string");
    }
    for output in rule.items("outputClaimToHeaders") {
        let header = output.text("header");
        if header.is_empty() || !output.says("claim") {
            let text = "outputClaimToHeaders header and claim value must be non-empty string";
            issues.error(&output, text);
        }
        if !header.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            let text = format!("header name {header} is not a valid header name");
            issues.error(&output, text);
        }
    }
    duration_field(rule, "timeout", issues);
}

/// Keys given in the rule itself: public ones only.
fn keys(node: &Node<'_>, issues: &mut Issues) {
    let keys: Value = match serde_json::from_str(node.str()) {
        Ok(keys) => keys,
        Err(error) => {
            issues.error(node, format!("jwks parse error: {error}"));
            return;
        }
    };
    for (i, key) in fields::items(&keys, "keys").enumerate() {
        let is_private = !fields::text(key, "d").is_empty() || fields::text(key, "kty") == "oct";
        if is_private {
            let text = format!(
                "jwks key at index {i} contains private key material; only public keys are used \
                 for verification"
            );
            issues.warn(node, text);
        }
    }
}

pub(super) fn telemetry(spec: &Node<'_>, issues: &mut Issues) {
    target(spec, issues);
    for metrics in spec.items("metrics") {
        for provider in metrics.items("providers").iter().filter(|one| !one.says("name")) {
            issues.error(provider, "providers.name may not be empty");
        }
        for change in metrics.items("overrides") {
            if change.at("match").has("customMetric") && !change.at("match").says("customMetric") {
                issues.error(&change.at("match"), "customMetric may not be empty");
            }
            for (_, tag) in change.entries("tagOverrides") {
                let upsert = matches!(tag.text("operation"), "" | "UPSERT");
                if upsert && !tag.says("value") {
                    let text = "tagOverrides.value must be set when operation is UPSERT";
                    issues.error(&tag, text);
                }
                if !upsert && tag.says("value") {
                    let text = "tagOverrides.value may only be set when operation is UPSERT";
                    issues.error(&tag, text);
                }
            }
        }
    }
    tracing(spec, issues);
    for logging in spec.items("accessLogging") {
        if let Some(filter) = logging.get("filter").filter(|filter| filter.says("expression")) {
            issues.check(&filter.at("expression"), cel_problem(filter.text("expression")));
        }
    }
}

fn tracing(spec: &Node<'_>, issues: &mut Issues) {
    let blocks = spec.items("tracing");
    if blocks.len() > 1 {
        issues.warn(&spec.at("tracing"), "multiple tracing is not currently supported");
    }
    for block in &blocks {
        if block.items("providers").len() > 1 {
            let text = "multiple providers is not currently supported";
            issues.warn(&block.at("providers"), text);
        }
        let percentage = block.number("randomSamplingPercentage");
        if !(0.0..=100.0).contains(&percentage) {
            let text = "randomSamplingPercentage must be in range [0.0, 100.0]";
            issues.error(&block.at("randomSamplingPercentage"), text);
        }
        for (name, tag) in block.entries("customTags") {
            if name.is_empty() {
                issues.error(&tag, "tag name may not be empty");
            }
            for (kind, field, text) in [
                ("literal", "value", "literal tag value may not be empty"),
                ("header", "name", "header tag name may not be empty"),
                ("environment", "name", "environment tag name may not be empty"),
            ] {
                if tag.has(kind) && !tag.at(kind).says(field) {
                    issues.error(&tag, text);
                }
            }
        }
    }
}

/// Brackets and quotes of a CEL expression have to be closed; the rest is the proxy's affair.
fn cel_problem(expression: &str) -> Option<String> {
    let mut open = Vec::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        let balanced = match c {
            '(' | '[' | '{' => {
                open.push(c);
                true
            }
            ')' => open.pop() == Some('('),
            ']' => open.pop() == Some('['),
            '}' => open.pop() == Some('{'),
            '"' | '\'' => close_quote(&mut chars, c),
            _ => true,
        };
        if !balanced {
            return Some(format!("must be a valid CEL expression, Syntax error near {c:?}"));
        }
    }
    (!open.is_empty() || expression.trim_end().ends_with(['&', '|', '=', '!', '<', '>', '+']))
        .then(|| "must be a valid CEL expression, Syntax error: it ends too early".into())
}

fn close_quote(chars: &mut std::str::Chars<'_>, quote: char) -> bool {
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return true;
        }
    }
    false
}
