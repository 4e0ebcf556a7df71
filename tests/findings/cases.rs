//! The cases of findings with known answers: what goes in, and what is expected.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use vigla::mesh::findings::{
    FindingInput, Report, Source, Suppression, analyze, parse_suppression,
};
use vigla::mesh::{Objects, Scope};

use super::shared;

/// A finding as the cases have it: code, level, object, message.
pub(crate) type Row = (String, String, String, String);

/// One case: what goes in, and what is expected.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) body: Value,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self { name, body: serde_json::from_str(&text).unwrap() }
    }

    pub(crate) fn argument(&self, name: &str) -> &Value {
        &self.body["arguments"][name]
    }

    /// The objects of the case; what istioctl takes as given for files is added, as the cases'
    /// README says.
    pub(crate) fn objects(&self) -> Objects {
        Objects::from_values(self.given())
    }

    /// The objects of the case with what istioctl takes as given.
    pub(crate) fn given(&self) -> Vec<Value> {
        let mut values = self.values();
        if self.argument("source") != "cluster" {
            values.extend(given_gateway());
        }
        values
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        let mut values = self.body["objects"].as_array().unwrap().clone();
        let mut data = serde_json::Map::new();
        for (field, key) in [("mesh_config", "mesh"), ("mesh_networks", "meshNetworks")] {
            if let Some(config) = self.body.get(field) {
                data.insert(key.into(), config.to_string().into());
            }
        }
        if !data.is_empty() {
            values.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                "metadata": {"name": "istio", "namespace": "istio-system"}}));
        }
        values
    }

    pub(crate) fn run(&self) -> Report {
        self.analyze(&self.objects())
    }

    pub(crate) fn analyze(&self, objects: &Objects) -> Report {
        let suppressions: Vec<Suppression> = self
            .argument("suppress")
            .as_array()
            .into_iter()
            .flatten()
            .map(|text| parse_suppression(text.as_str().unwrap()).unwrap())
            .collect();
        let scope = match self.argument("namespace").as_str() {
            Some(namespace) => Scope::Namespaces(vec![namespace.into()]),
            None => Scope::All,
        };
        let source =
            if self.argument("source") == "cluster" { Source::Cluster } else { Source::Files };
        analyze(&FindingInput {
            scope: &scope,
            suppressions: &suppressions,
            source,
            now: "2026-08-22T00:00:00Z".parse().ok(),
            ..FindingInput::files(objects)
        })
    }

    /// What differs from the expectation; empty when it is met. The better answer of a quirk
    /// counts too, also without the gateway that is taken as given.
    pub(crate) fn differences(&self) -> Vec<String> {
        let bare = || rows(&self.analyze(&Objects::from_values(self.values())));
        self.compare(&rows(&self.run()), bare)
    }

    /// The same for findings with the gateway that is taken as given, and without it.
    pub(crate) fn compare(
        &self,
        got: &BTreeSet<Row>,
        bare: impl FnOnce() -> BTreeSet<Row>,
    ) -> Vec<String> {
        let expected = differences(&self.body["expect"], got);
        let Some(better) = self.body.get("better") else { return expected };
        let better = [differences(better, got), differences(better, &bare())];
        [expected].into_iter().chain(better).min_by_key(Vec::len).unwrap_or_default()
    }
}

pub(crate) fn given_gateway() -> [Value; 2] {
    let meta = |name: &str| json!({"name": name, "namespace": "istio-system", "labels": {"istio": "ingressgateway"}});
    let ports: Vec<Value> = [80, 443, 31400, 15443]
        .iter()
        .map(|port| json!({"name": format!("tcp-{port}"), "port": port, "targetPort": port, "protocol": "TCP"}))
        .collect();
    [
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("istio-ingressgateway-dummypod"),
               "spec": {"containers": [{"name": "istio-proxy"}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("istio-ingressgateway"),
               "spec": {"selector": {"istio": "ingressgateway"}, "ports": ports}}),
    ]
}

/// istioctl's own codes among the findings.
pub(crate) fn rows(report: &Report) -> BTreeSet<Row> {
    let ours = report.findings.iter().filter(|finding| finding.code.starts_with("IST"));
    ours.map(|finding| {
        let object = finding
            .object
            .as_ref()
            .map(|o| format!("{}.{} {}/{}", o.kind, o.group, o.namespace, o.name));
        let level = finding.level.word().to_owned();
        (finding.code.to_owned(), level, object.unwrap_or_default(), finding.message.clone())
    })
    .collect()
}

pub(crate) fn differences(expect: &Value, got: &BTreeSet<Row>) -> Vec<String> {
    let mut left = got.clone();
    let mut lines = Vec::new();
    for want in expect.as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = want.get("object").map_or_else(String::new, |object| {
            let [kind, group, namespace, name] =
                ["kind", "group", "namespace", "name"].map(|field| text(&object[field]));
            format!("{kind}.{group} {namespace}/{name}")
        });
        let messages: Vec<String> = match want["message_any_of"].as_array() {
            Some(any) => any.iter().map(text).collect(),
            None => vec![text(&want["message"])],
        };
        let found = messages.iter().any(|message| {
            let row = (text(&want["code"]), text(&want["level"]), object.clone(), message.clone());
            left.remove(&row)
        });
        let optional = want["sometimes"] == true || want["needs_envoy_types"] == true;
        if !found && !optional {
            lines.push(format!("  missing  {} {object}: {}", text(&want["code"]), messages[0]));
        }
    }
    lines.extend(left.iter().map(|(code, level, object, message)| {
        format!("  surplus  {code} {level} {object}: {message}")
    }));
    lines
}

pub(crate) fn cases() -> Vec<Case> {
    let Some(folder) = shared::shared("conformance/analyze") else { return Vec::new() };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}
