//! Matches of http rules.

use super::super::headers::header_name;
use super::super::vocabulary::{is_dns_label, labels, port, regex};
use super::super::{Issues, Node};
use super::gateway_names;
use crate::mesh::findings::rules::is_claim;

pub(super) fn check(one: &Node<'_>, issues: &mut Issues) {
    for field in ["headers", "withoutHeaders"] {
        for (name, value) in one.entries(field) {
            if value.value.is_null() {
                issues.error(&value, format!("header match {name} cannot be null"));
                continue;
            }
            if !is_claim(name) && !is_pseudo(name) {
                issues.check(&value, header_name(name));
            }
            string_match(&value, field, issues);
        }
    }
    if let Some(uri) = one.get("uri").filter(|uri| uri.has("regex")) {
        issues.check(&uri.at("regex"), regex("uri", uri.text("regex")));
    }
    for field in ["scheme", "method", "authority"] {
        if let Some(value) = one.get(field) {
            string_match(&value, field, issues);
        }
    }
    for (_, value) in one.entries("queryParams") {
        string_match(&value, "queryParams", issues);
    }
    if one.says("port") {
        issues.check(&one.at("port"), port(one.integer("port")));
    }
    labels(one, "sourceLabels", issues);
    gateway_names(&one.items("gateways"), issues);
    let namespace = one.text("sourceNamespace");
    if !(namespace.is_empty() || is_dns_label(namespace)) {
        let text = format!("sourceNamespace match {namespace} is invalid");
        issues.error(&one.at("sourceNamespace"), text);
    }
}

fn is_pseudo(name: &str) -> bool {
    matches!(name, ":method" | ":scheme" | ":authority" | ":path" | ":status")
}

/// A match of text; where it is told is part of the message.
pub(super) fn string_match(value: &Node<'_>, field: &str, issues: &mut Issues) {
    if value.has("prefix") && value.text("prefix").is_empty() {
        let text = format!("{field:?}: prefix string match should not be empty");
        issues.error(&value.at("prefix"), text);
    }
    let pattern = value.text("regex");
    if value.has("regex") && !(field == "withoutHeaders" && pattern == "*") {
        issues.check(&value.at("regex"), regex(field, pattern));
    }
}
