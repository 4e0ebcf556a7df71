//! A gate for roll-outs: is this namespace, or this service, healthy now?
//!
//! Every question is answered by itself, with the object it is about and what to do. What cannot
//! be known of one object is said to be unknown: it neither passes nor fails the gate. Without a
//! source that was to be asked, or with nothing to look at, nobody can call anything healthy.

use serde::Serialize;

use super::gateways::{GatewayView, ReachableBy};
use super::inventory::{Inventory, Workload};
use super::object::Key;
use super::split::{SplitView, Verdict};
use super::traffic::{ServiceTraffic, Traffic};
use super::{Scope, words};

/// What counts as healthy.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Percent of requests that may fail.
    pub max_errors: f64,
    /// Milliseconds that 95 % of the requests may take; `None` does not ask.
    pub max_p95: Option<f64>,
}

/// How an answer weighs. The worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Failed,
    Warning,
    Unknown,
    Ok,
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// `pods`, `sidecars`, `errors`, `latency`, `split`, `gateway` or `configuration`; `objects`
    /// or `telemetry` where these are missing.
    pub check: &'static str,
    pub status: Status,
    /// The object it is about.
    pub object: String,
    pub message: String,
    /// What to do; empty where nothing needs doing.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub hint: String,
}

/// Everything that was asked, worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub healthy: bool,
    pub checks: Vec<Answer>,
}

/// What is checked.
pub struct CheckInput<'a> {
    pub inventory: &'a Inventory,
    pub traffic: &'a Traffic,
    pub splits: &'a [SplitView],
    pub gateways: &'a [GatewayView],
    pub scope: &'a Scope,
    /// Only this service, wherever in the scope it is.
    pub service: Option<&'a str>,
    pub limits: &'a Limits,
    /// Whether Prometheus answered.
    pub has_telemetry: bool,
}

/// Asks everything. Findings about the configuration are added by the caller, who knows them.
pub fn check(input: &CheckInput<'_>, more: Vec<Answer>) -> Report {
    let mut checks = more;
    for workload in input.workloads() {
        checks.push(pods(workload));
        checks.extend(sidecars(workload));
    }
    for (key, traffic) in input.services() {
        checks.extend(errors(input, &key, traffic));
        checks.extend(latency(input, &key, traffic));
    }
    for split in input.splits.iter().filter(|split| input.asks(&split.service)) {
        checks.extend(self::split(split));
    }
    if input.service.is_none() {
        checks.extend(input.gateways.iter().map(gateway));
    }
    checks.sort_by(|a, b| (a.status, a.check, &a.object).cmp(&(b.status, b.check, &b.object)));
    Report { healthy: checks.iter().all(|answer| answer.status != Status::Failed), checks }
}

impl CheckInput<'_> {
    fn asks(&self, service: &Key) -> bool {
        self.scope.contains(&service.namespace)
            && self.service.is_none_or(|wanted| wanted == &*service.name)
    }

    fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.inventory.workloads.values().filter(|workload| {
            let behind = |service: &super::inventory::ServiceInfo| {
                self.asks(&service.key) && service.workloads.contains(&workload.id)
            };
            self.scope.contains(&workload.id.namespace)
                && (self.service.is_none() || self.inventory.services.values().any(behind))
        })
    }

    fn services(&self) -> impl Iterator<Item = (Key, Option<ServiceTraffic>)> {
        let asked = self.inventory.services.keys().filter(|key| self.asks(key));
        asked.map(|key| (key.clone(), self.traffic.services.get(key).copied()))
    }
}

fn answer(check: &'static str, status: Status, object: impl ToString, message: String) -> Answer {
    Answer { check, status, object: object.to_string(), message, hint: String::new() }
}

fn pods(workload: &Workload) -> Answer {
    let ready = workload.pods;
    let object = format!("{} {}", workload.id.kind, workload.id);
    let message = format!("{}/{} pods ready", ready.ready, ready.total);
    if ready.ready >= ready.total && !workload.rolling_out {
        let message = if ready.total == 0 { "scaled to nothing".to_owned() } else { message };
        return answer("pods", Status::Ok, object, message);
    }
    let rolling = if workload.rolling_out { ", roll-out under way" } else { "" };
    let id = &workload.id;
    let mut bad = answer("pods", Status::Failed, object, format!("{message}{rolling}"));
    bad.hint =
        format!("kubectl describe {} -n {} {}", id.kind.to_lowercase(), id.namespace, id.name);
    bad
}

fn sidecars(workload: &Workload) -> Option<Answer> {
    let missing = workload.missing_sidecars;
    let object = format!("{} {}", workload.id.kind, workload.id);
    if missing == 0 {
        return (workload.meshed > 0).then(|| {
            answer("sidecars", Status::Ok, object, format!("{} pods in the mesh", workload.meshed))
        });
    }
    let message = format!("{missing} pods run without the sidecar that their namespace asks for");
    let mut bad = answer("sidecars", Status::Failed, object, message);
    let id = &workload.id;
    bad.hint = format!(
        "kubectl rollout restart {} -n {} {}",
        id.kind.to_lowercase(),
        id.namespace,
        id.name
    );
    Some(bad)
}

fn errors(input: &CheckInput<'_>, key: &Key, traffic: Option<ServiceTraffic>) -> Option<Answer> {
    let object = format!("Service {key}");
    if !input.has_telemetry {
        let message = "error rate unknown: no telemetry".to_owned();
        return input.service.map(|_| answer("errors", Status::Unknown, object, message));
    }
    let percent = traffic.as_ref().and_then(ServiceTraffic::error_percent);
    let Some(percent) = percent else {
        let message = "no requests in the window".to_owned();
        return input.service.map(|_| answer("errors", Status::Unknown, object, message));
    };
    let limit = input.limits.max_errors;
    let message = format!("{} of requests fail", words::percent(percent));
    if percent <= limit {
        return Some(answer("errors", Status::Ok, object, message));
    }
    let message = format!("{message}, more than {}", words::percent(limit));
    let mut bad = answer("errors", Status::Failed, object, message);
    bad.hint = format!("vigla graph -n {} -o json tells codes and flags by caller", key.namespace);
    Some(bad)
}

fn latency(input: &CheckInput<'_>, key: &Key, traffic: Option<ServiceTraffic>) -> Option<Answer> {
    let limit = input.limits.max_p95?;
    let object = format!("Service {key}");
    let Some(p95) = traffic.and_then(|traffic| traffic.latency.p95) else {
        let why = if input.has_telemetry { "no requests in the window" } else { "no telemetry" };
        let message = format!("latency unknown: {why}");
        return Some(answer("latency", Status::Unknown, object, message));
    };
    let message = format!("p95 {}", words::millis(p95));
    if p95 <= limit {
        return Some(answer("latency", Status::Ok, object, message));
    }
    let message = format!("{message}, more than {}", words::millis(limit));
    let mut bad = answer("latency", Status::Failed, object, message);
    bad.hint = format!("vigla graph -n {} --labels p95 shows where the time goes", key.namespace);
    Some(bad)
}

fn split(view: &SplitView) -> Option<Answer> {
    let status = match view.verdict {
        Verdict::Agrees | Verdict::AgreesSmallDrift | Verdict::ConsistentMix => Status::Ok,
        Verdict::Differs | Verdict::UnexpectedVersion | Verdict::PartFailing => Status::Failed,
        Verdict::NotEnoughTraffic | Verdict::Settling | Verdict::Unknown => Status::Unknown,
        Verdict::NoWeights => return None,
    };
    let object = format!("Service {}", view.service);
    let mut found = answer("split", status, object, view.explanation.clone());
    if status == Status::Failed {
        found.hint = format!("vigla split {}", view.service);
    }
    Some(found)
}

fn gateway(view: &GatewayView) -> Answer {
    let object = format!("{} {}/{}", view.kind, view.namespace, view.name);
    match view.reachable_by {
        ReachableBy::None => Answer {
            hint: format!(
                "vigla url -n {}; does its service have an address and ready pods?",
                view.namespace
            ),
            ..answer("gateway", Status::Failed, object, view.note.clone())
        },
        ReachableBy::PortForward => answer("gateway", Status::Warning, object, view.note.clone()),
        ReachableBy::LoadBalancer | ReachableBy::NodePort => {
            let address = view.gateway_url.as_ref().or(view.secure_gateway_url.as_ref());
            let message =
                address.map_or_else(|| view.note.clone(), |url| format!("reached at {url}"));
            answer("gateway", Status::Ok, object, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Objects;
    use serde_json::json;

    fn inventory(ready: u32) -> Inventory {
        Inventory::of(&Objects::from_values([
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"namespace": "n", "name": "web", "generation": 1},
                "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "web"}}}},
                "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                           "readyReplicas": ready, "availableReplicas": ready}}),
            json!({"apiVersion": "v1", "kind": "Service",
                "metadata": {"namespace": "n", "name": "web"}, "spec": {"selector": {"app": "web"}}}),
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": "n", "name": "web-1", "labels": {"app": "web"},
                    "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]},
                "spec": {"containers": [{"name": "app"}]},
                "status": {"phase": "Running", "conditions": [
                    {"type": "Ready", "status": if ready == 1 { "True" } else { "False" }}]}}),
        ]))
    }

    fn run(inventory: &Inventory, service: Option<&str>, has_telemetry: bool) -> Report {
        let scope = Scope::Namespaces(vec!["n".into()]);
        let limits = Limits { max_errors: 5.0, max_p95: Some(100.0) };
        let input = CheckInput {
            inventory,
            traffic: &Traffic::default(),
            splits: &[],
            gateways: &[],
            scope: &scope,
            service,
            limits: &limits,
            has_telemetry,
        };
        check(&input, Vec::new())
    }

    #[test]
    fn pods_decide_and_the_unknown_neither_passes_nor_fails() {
        let good = run(&inventory(1), Some("web"), false);
        assert!(good.healthy, "{good:?}");
        assert!(good.checks.iter().any(|answer| answer.status == Status::Unknown));
        let bad = run(&inventory(0), Some("web"), true);
        assert!(!bad.healthy);
        assert_eq!((bad.checks[0].check, bad.checks[0].status), ("pods", Status::Failed));
        assert!(bad.checks[0].hint.starts_with("kubectl describe deployment -n n web"));
    }

    #[test]
    fn another_service_is_not_asked_about() {
        assert!(run(&inventory(0), Some("other"), true).healthy);
    }
}
