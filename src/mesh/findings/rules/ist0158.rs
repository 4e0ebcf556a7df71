//! IST0158: pods with another proxy than would be injected.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::core::{Pod, covers};
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "IST0158",
    title: "PodsIstioProxyImageMismatchInNamespace",
    level: Level::Warning,
    kinds: &[Kind::Namespace],
    why: "Pods of the namespace run another proxy than the control plane would inject now, \
          most often after an upgrade.",
    remedy: "Restart the workloads: kubectl rollout restart deployment -n NAMESPACE.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0158/",
    differs: "A ProxyConfig with a selector counts in its own namespace only; istioctl compares \
              the beginnings of names.",
    needs: &[Kind::Pod, Kind::Namespace],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{"global": {"hub": "docker.io/istio", "tag": "1.30.0", "proxy": {"image": "proxyv2"}}}'}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: istio-proxy, image: "docker.io/istio/proxyv2:1.29.0"}]}
"#,
        good: r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{"global": {"hub": "docker.io/istio", "tag": "1.30.0", "proxy": {"image": "proxyv2"}}}'}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: istio-proxy, image: "docker.io/istio/proxyv2:1.30.0"}]}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let images = images(index);
    for namespace in index.namespaces().values() {
        let meta = &namespace.meta;
        let revision = match (meta.label("istio.io/rev"), meta.label("istio-injection")) {
            (Some(revision), _) => revision,
            (None, Some("enabled")) => "default",
            _ => continue,
        };
        let name = match revision {
            "" | "default" => "istio-sidecar-injector".to_owned(),
            revision => format!("istio-sidecar-injector-{revision}"),
        };
        let Some(expected) = images.get(name.as_str()) else { continue };
        let mut stale: Vec<&str> = index
            .pods()
            .of_namespace(&meta.name)
            .filter(|pod| pod.meta.annotation("sidecar.istio.io/proxyImage").is_none())
            .filter(|pod| {
                let typed = format!("{expected}-{}", image_type(index, pod));
                let mut containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
                containers
                    .any(|c| c.name == "istio-proxy" && c.image != *expected && c.image != typed)
            })
            .map(|pod| &*pod.meta.name)
            .collect();
        stale.sort_unstable();
        if !stale.is_empty() {
            sink.report(
                *namespace,
                format!(
                    "The Istio proxy images of the pods running in the namespace do not match the \
                     image defined in the injection configuration (pod names: {}). This often \
                     happens after upgrading the Istio control-plane and can be fixed by \
                     redeploying the pods.",
                    list(stale)
                ),
            );
        }
    }
}

/// The image that each injector's ConfigMap would inject, by the ConfigMap's name.
fn images<'a>(index: &Index<'a>) -> BTreeMap<&'a str, String> {
    let maps = index.each(index.objects.config_maps());
    maps.filter(|map| map.meta.name.starts_with("istio-sidecar-injector"))
        .filter_map(|map| {
            let values: Value = serde_json::from_str(map.data.get("values")?).ok()?;
            let global = fields::of(&values, "global");
            let image = fields::text(fields::of(global, "proxy"), "image");
            let tag = match fields::of(global, "tag") {
                Value::String(tag) => tag.clone(),
                other => other.to_string(),
            };
            let full = if image.contains('/') {
                image.to_owned()
            } else {
                format!("{}/{image}:{tag}", fields::text(global, "hub"))
            };
            Some((&*map.meta.name, full))
        })
        .collect()
}

/// The kind of image (`distroless`, `debug`): the last word of mesh configuration, ProxyConfigs
/// of the root namespace, of the pod's namespace, with a selector, and the pod's annotation.
fn image_type(index: &Index<'_>, pod: &Resource<Pod>) -> String {
    let default = fields::of(fields::of(&index.mesh.raw, "defaultConfig"), "image");
    let mut found = fields::text(default, "imageType").to_owned();
    let root = index.mesh.root_namespace.as_str();
    for (namespace, selecting) in
        [(root, false), (&*pod.meta.namespace, false), (&*pod.meta.namespace, true)]
    {
        for config in index.each(index.objects.proxy_configs()) {
            let selector =
                config.spec.selector.as_ref().map(|s| &s.labels).filter(|s| !s.is_empty());
            let selected = selector.is_none_or(|labels| covers(labels, &pod.meta.labels));
            let fits = *config.meta.namespace == *namespace && selector.is_some() == selecting;
            if let Some(image) = config.spec.image.as_ref().filter(|_| fits && selected) {
                found.clone_from(&image.image_type);
            }
        }
    }
    let annotated: Option<Value> = pod
        .meta
        .annotation("proxy.istio.io/config")
        .and_then(|text| serde_saphyr::from_str(text).ok());
    if let Some(config) = annotated {
        let image = fields::text(fields::of(&config, "image"), "imageType");
        if !image.is_empty() {
            image.clone_into(&mut found);
        }
    }
    if found == "default" { String::new() } else { found }
}
