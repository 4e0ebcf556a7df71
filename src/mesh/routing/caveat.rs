//! Where static configuration cannot decide alone: what else may change an answer.

use serde_json::Value;

use super::Proxy;
use super::Router;
use crate::mesh::Kind;
use crate::mesh::core::covers;
use crate::mesh::object::{Labels, Meta};

/// What an EnvoyFilter may patch on the way of a request.
const TOUCHED: [&str; 6] =
    ["ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE", "CLUSTER", "LISTENER", "HTTP_FILTER"];

impl Router {
    /// Extensions that apply to a proxy and that this engine does not evaluate.
    pub(super) fn caveats(&self, proxy: &Proxy) -> Vec<String> {
        let mut out = Vec::new();
        for kind in [Kind::EnvoyFilter, Kind::WasmPlugin, Kind::TrafficExtension] {
            for (meta, raw) in self.objects.of_kind(kind) {
                if !self.applies(meta, proxy) {
                    continue;
                }
                let object = raw.value();
                let spec = object.get("spec").unwrap_or(&Value::Null);
                if !selects(spec, &proxy.labels) || !touches(kind, spec) {
                    continue;
                }
                out.push(format!(
                    "{kind} {} applies to this proxy and may change the answer; it is not evaluated.",
                    meta.key()
                ));
            }
        }
        if !self.objects.request_authentications.is_empty()
            || !self.objects.authorization_policies.is_empty()
        {
            out.extend(self.policies(proxy));
        }
        out
    }

    fn applies(&self, meta: &Meta, proxy: &Proxy) -> bool {
        meta.namespace == proxy.source.namespace
            || *meta.namespace == *self.objects.mesh_config.root_namespace
    }

    /// Policies decide who may call, after the route is chosen; they are not evaluated here.
    fn policies(&self, proxy: &Proxy) -> Option<String> {
        let policies = self.objects.of_kind(Kind::AuthorizationPolicy);
        let here = policies.into_iter().filter(|(meta, _)| self.applies(meta, proxy)).count();
        (here > 0).then(|| {
            format!("{here} AuthorizationPolicy objects are in reach; whether the call is allowed is not judged.")
        })
    }
}

fn selects(spec: &Value, labels: &Labels) -> bool {
    let selector = spec.get("workloadSelector").or_else(|| spec.get("selector"));
    let wanted = selector.and_then(|s| s.get("labels").or_else(|| s.get("matchLabels")));
    let wanted: Labels =
        wanted.cloned().and_then(|w| serde_json::from_value(w).ok()).unwrap_or_default();
    covers(&wanted, labels)
}

fn touches(kind: Kind, spec: &Value) -> bool {
    if kind != Kind::EnvoyFilter {
        return true;
    }
    let patches = spec.get("configPatches").and_then(Value::as_array).into_iter().flatten();
    let mut targets = patches.filter_map(|patch| patch.get("applyTo").and_then(Value::as_str));
    targets.any(|target| TOUCHED.contains(&target))
}
