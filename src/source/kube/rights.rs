//! The rights that Vigla needs, in the words of RBAC.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::catalog;
use super::fault::Question;
use crate::mesh::{Kind, Trouble};

/// What a question asks, e.g. `list virtualservices.networking.istio.io in namespace "shop"`.
pub(super) fn describe(question: &Question<'_>) -> String {
    let info = question.kind.info();
    let group = if info.group.is_empty() { String::new() } else { format!(".{}", info.group) };
    let place = match question.namespace {
        Some(namespace) => format!(" in namespace \"{namespace}\""),
        None if info.namespaced => " in all namespaces".into(),
        None => String::new(),
    };
    format!("{} {}{group}{place}", question.verb, info.plural)
}

/// The rule to ask an administrator for.
pub(super) fn ask_for(question: &Question<'_>) -> String {
    let info = question.kind.info();
    let place = match question.namespace {
        Some(namespace) => format!("a Role in {namespace}"),
        None => "a ClusterRole".into(),
    };
    format!(
        "ask for this rule in {place}: {{apiGroups: [\"{}\"], resources: [{}], verbs: [get, list, watch]}}; \
         --print-rbac prints all of them",
        info.group, info.plural
    )
}

/// More resources than these are counted rather than named twice.
const NAMED: usize = 4;

/// Several rights that are missing, as one trouble: the rules name each resource once, put
/// together by group. `why` is what the server said to the first.
pub(crate) fn missing(places: &[(Kind, Option<&str>)], why: &str) -> Trouble {
    let mut by_place: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    let mut rules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, namespace) in places {
        let info = kind.info();
        let group = if info.group.is_empty() { String::new() } else { format!(".{}", info.group) };
        let named = by_place.entry(*namespace).or_default();
        named.push(format!("{}{group}", info.plural));
        rules.entry(info.group).or_default().insert(info.plural);
    }
    let lists = by_place.iter().map(|(namespace, resources)| {
        let place = namespace.map(|name| format!(" in namespace \"{name}\"")).unwrap_or_default();
        format!("{}{place}", resources.join(", "))
    });
    let what = if places.len() > NAMED {
        format!("list {} kinds of object", places.len())
    } else {
        format!("list {}", lists.collect::<Vec<_>>().join("; "))
    };
    let rules = rules.into_iter().map(|(group, resources)| {
        let resources: Vec<&str> = resources.into_iter().collect();
        format!("{{apiGroups: [\"{group}\"], resources: [{}]}}", resources.join(", "))
    });
    let hint = format!(
        "ask for the verbs get, list and watch by these rules: {}; --print-rbac prints all of them",
        rules.collect::<Vec<_>>().join(", ")
    );
    Trouble::new(what, why, hint)
}

/// The smallest ClusterRole with which everything works, as YAML (`--print-rbac`).
pub fn cluster_role() -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let optional = catalog::ON_REQUEST.iter();
    for kind in catalog::WORKLOADS.iter().chain(catalog::CONFIG).chain(optional) {
        let info = kind.info();
        if catalog::only(*kind).is_none() {
            groups.entry(info.group).or_default().push(info.plural);
        }
    }
    let mut text = String::from(
        "# The least that Vigla needs to show everything. It changes nothing in the cluster.\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: vigla\nrules:\n",
    );
    let mut rule = |group: &str, resources: &str, names: &str, verbs: &str| {
        // Writing to a String cannot fail.
        let _ = write!(text, "- apiGroups: [\"{group}\"]\n  resources: [{resources}]\n");
        if !names.is_empty() {
            let _ = writeln!(text, "  resourceNames: [{names}]");
        }
        let _ = writeln!(text, "  verbs: [{verbs}]");
    };
    for (group, mut plurals) in groups {
        plurals.sort_unstable();
        rule(group, &plurals.join(", "), "", "get, list, watch");
    }
    // A single ConfigMap is read: mesh configuration.
    rule("", "configmaps", "istio", "get, list, watch");
    // Prometheus inside the cluster, unless --prometheus-url leads to one; long questions are POSTs.
    rule("", "services/proxy", "", "get, create");
    text.push_str(
        "# Where the API server does not reach services, a port-forward takes its place:\n\
         # - apiGroups: [\"\"]\n#   resources: [pods/portforward]\n#   verbs: [get, create]\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_once() {
        let places = [
            (Kind::Node, None),
            (Kind::VirtualService, Some("shop")),
            (Kind::DestinationRule, Some("shop")),
        ];
        let trouble = missing(&places, "403 Forbidden: no");
        assert_eq!(
            trouble.what,
            "list nodes; virtualservices.networking.istio.io, \
             destinationrules.networking.istio.io in namespace \"shop\""
        );
        assert!(trouble.hint.contains(
            "{apiGroups: [\"\"], resources: [nodes]}, {apiGroups: [\"networking.istio.io\"], \
             resources: [destinationrules, virtualservices]}"
        ));
    }

    #[test]
    fn the_role_holds_every_kind_that_is_read_and_no_secret() {
        let role: serde_json::Value = serde_saphyr::from_str(&cluster_role()).unwrap();
        let rules = role["rules"].as_array().unwrap();
        for kind in catalog::WORKLOADS.iter().chain(catalog::CONFIG) {
            let info = kind.info();
            let covered = rules.iter().any(|rule| {
                rule["apiGroups"][0] == info.group
                    && rule["resources"].as_array().unwrap().iter().any(|r| r == info.plural)
                    && rule["verbs"] == serde_json::json!(["get", "list", "watch"])
            });
            assert!(covered, "{kind}");
        }
        assert!(!cluster_role().contains(Kind::Secret.info().plural));
    }
}
