//! The order of EnvoyFilters' patches, and operations that do nothing.

use std::collections::HashSet;

use serde_json::Value;

use super::index::Index;
use super::rule::Sink;
use super::schema::fields;
use crate::mesh::config::envoy_filter::ConfigPatch;

/// What can be wrong with a patch; one code each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Relative,
    RelativeWithVersion,
    Add,
    Remove,
    Replace,
}

impl Fault {
    /// istioctl's sentences, its slips included: users search for them.
    fn text(self) -> &'static str {
        match self {
            Self::Relative => {
                "This EnvoyFilter does not have a priority and has a relative patch operation set \
                 which can cause the EnvoyFilter not to be applied. Using the INSERT_FIRST of ADD \
                 option or setting the priority may help in ensuring the EnvoyFilter is applied \
                 correctly."
            }
            Self::RelativeWithVersion => {
                "This EnvoyFilter does not have a priority and has a relative patch operation \
                 (NSTERT_BEFORE/AFTER, REPLACE, MERGE, DELETE) and proxyVersion set which can \
                 cause the EnvoyFilter not to be applied during an upgrade. Using the INSERT_FIRST \
                 or ADD option or setting the priority may help in ensuring the EnvoyFilter is \
                 applied correctly."
            }
            Self::Add => {
                "The ADD operation will be ignored when applyTo is set to ROUTE_CONFIGURATION, or \
                 HTTP_ROUTE."
            }
            Self::Remove => {
                "The REMOVE operation will be ignored when applyTo is set to ROUTE_CONFIGURATION, \
                 or HTTP_ROUTE."
            }
            Self::Replace => {
                "The REPLACE operation is only valid for HTTP_FILTER and NETWORK_FILTER."
            }
        }
    }
}

/// Reports every patch with this fault.
pub fn tell(index: &Index<'_>, fault: Fault, sink: &mut Sink<'_>) {
    let mut versioned: HashSet<String> = HashSet::new();
    for filter in index.each(index.objects.envoy_filters()) {
        let spec = &filter.spec;
        for (i, patch) in spec.config_patches.iter().enumerate() {
            let Some(operation) = patch.patch.as_ref().map(|p| p.operation.as_str()) else { break };
            let name = filter_name(patch);
            let found = match judge(operation, &patch.apply_to) {
                Some(Fault::Relative) if spec.priority != 0 => None,
                Some(Fault::Relative) if versioned.contains(&name) => {
                    Some(Fault::RelativeWithVersion)
                }
                found => found,
            };
            if found == Some(fault) {
                let path = format!("spec.configPatches[{i}].patch.operation");
                sink.at(filter, path, fault.text());
            }
            if !fields::text(fields::of(&patch.selects, "proxy"), "proxyVersion").is_empty() {
                versioned.insert(name);
            }
        }
    }
}

fn judge(operation: &str, apply_to: &str) -> Option<Fault> {
    let on_routes = matches!(apply_to, "ROUTE_CONFIGURATION" | "HTTP_ROUTE");
    let replaceable = matches!(apply_to, "HTTP_FILTER" | "NETWORK_FILTER" | "VIRTUAL_HOST");
    match operation {
        "ADD" if on_routes => Some(Fault::Add),
        "REMOVE" if on_routes => Some(Fault::Remove),
        "REPLACE" if !replaceable => Some(Fault::Replace),
        "REMOVE" | "REPLACE" | "INSERT_BEFORE" | "INSERT_AFTER" => Some(Fault::Relative),
        _ => None,
    }
}

/// The filter that a patch brings, or is placed by; empty where it says neither.
fn filter_name(patch: &ConfigPatch) -> String {
    let Some(Value::Object(value)) = patch.patch.as_ref().and_then(|patch| patch.value.as_ref())
    else {
        return String::new();
    };
    if value.is_empty() {
        return String::new();
    }
    if let Some(name) = value.get("name") {
        return name.to_string();
    }
    let chain = fields::of(fields::of(&patch.selects, "listener"), "filterChain");
    fields::text(fields::of(chain, "filter"), "name").to_owned()
}
