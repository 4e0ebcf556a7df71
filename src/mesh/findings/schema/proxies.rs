//! Istio's validation of ProxyConfig, WasmPlugin and TrafficExtension.

use super::policies::target;
use super::vocabulary::selector;
use super::{Issues, Node};

pub(super) fn proxy_config(spec: &Node<'_>, issues: &mut Issues) {
    selector(spec, "selector", issues);
    if spec.integer("concurrency") < 0 {
        let text = "concurrency must be greater than or equal to 0";
        issues.error(&spec.at("concurrency"), text);
    }
}

pub(super) fn wasm(spec: &Node<'_>, issues: &mut Issues) {
    target(spec, issues);
    module(spec, issues);
    if spec.text("pluginName").len() > 256 {
        issues.error(
            &spec.at("pluginName"),
            "pluginName field must be less than 255 characters long",
        );
    }
    ports(spec, issues);
}

pub(super) fn extension(spec: &Node<'_>, issues: &mut Issues) {
    target(spec, issues);
    match (spec.get("wasm"), spec.get("lua")) {
        (Some(wasm), None) => module(&wasm, issues),
        (None, Some(lua)) if !lua.says("inlineCode") => {
            issues.error(&lua, "lua.inlineCode cannot be empty");
        }
        (None, Some(_)) => {}
        _ => issues.error(spec, "exactly one of wasm or lua must be set"),
    }
    ports(spec, issues);
}

/// Where a module is fetched from, and what it is given.
fn module(wasm: &Node<'_>, issues: &mut Issues) {
    let url = wasm.text("url");
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    if url.is_empty() {
        issues.error(wasm, "url field needs to be set");
    } else if !matches!(scheme, "" | "file" | "http" | "https" | "oci") {
        let text = format!("url contains unsupported scheme: {scheme}");
        issues.error(&wasm.at("url"), text);
    }
    let sum = wasm.text("sha256");
    if !sum.is_empty() && sum.len() != 64 {
        issues.error(&wasm.at("sha256"), "sha256 field must be 64 characters long");
    } else if !sum.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        issues.error(&wasm.at("sha256"), "sha256 field must match [a-f0-9]{64} pattern");
    }
    if wasm.text("imagePullSecret").len() > 253 {
        let text = "imagePullSecret field must be less than 253 characters long";
        issues.error(&wasm.at("imagePullSecret"), text);
    }
    let mut seen = Vec::new();
    for variable in wasm.at("vmConfig").items("env") {
        let name = variable.text("name");
        let inline = matches!(variable.text("valueFrom"), "" | "INLINE");
        let problem = if name.is_empty() {
            Some("spec.vmConfig.env invalid")
        } else if seen.contains(&name) {
            Some("duplicate env")
        } else if !inline && variable.says("value") {
            Some("value may only be set when valueFrom is INLINE")
        } else {
            None
        };
        if let Some(problem) = problem {
            issues.error(&variable, problem);
            return;
        }
        seen.push(name);
    }
}

fn ports(spec: &Node<'_>, issues: &mut Issues) {
    for (i, one) in spec.items("match").iter().enumerate() {
        for (j, node) in one.items("ports").iter().enumerate() {
            let number = node.integer("number");
            if !(1..=65535).contains(&number) {
                let text = format!("spec.Match[{i}].Ports[{j}] is out of range: {number}");
                issues.error(node, text);
            }
        }
    }
}
