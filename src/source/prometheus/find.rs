//! Finding Prometheus in the cluster: services that look like one, reached through the API
//! server's proxy or a port-forward, whichever answers first.
//!
//! Neither way can be assumed: a firewall between API server and pods makes the proxy hang, and
//! the built-in role `view` has the right to neither. So both are tried side by side, each
//! within a limit, and what happened is told.

use std::fmt;
use std::time::Duration;

use futures::FutureExt;
use http::Request;
use serde_json::Value;

use super::client::Client;
use super::options::PrometheusOptions;
use super::transport::{PortForward, ServiceProxy, Transport};
use crate::mesh::object::RawObject;
use crate::mesh::{Kind, Objects, Trouble};

mod candidates;

pub use candidates::{Candidate, candidates};

/// Limit of one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How many services are tried; more are hardly Prometheus' own.
const TRIED: usize = 6;

/// What was tried, and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// e.g. `service istio-system/prometheus:9090 through the API server`.
    pub what: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It answers and has Istio's metrics.
    Answers,
    /// It answers, but knows of no request in a mesh.
    NoMesh,
    Failed(Trouble),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Answers => write!(f, "{}: answers", self.what),
            Outcome::NoMesh => write!(f, "{}: answers, without Istio's metrics", self.what),
            Outcome::Failed(trouble) => write!(f, "{}: {}", self.what, trouble.why),
        }
    }
}

/// A Prometheus that was found.
pub struct Found {
    pub client: Client,
    /// Everything that was tried, in order of preference.
    pub steps: Vec<Step>,
}

/// Looks for Prometheus. `objects` saves questions where services and pods are already known.
pub async fn discover(
    kube: &kube::Client,
    objects: Option<&Objects>,
    query_scope: &[(String, String)],
) -> Result<Found, Trouble> {
    let listed;
    let objects = if let Some(known) = objects.filter(|known| !known.services.is_empty()) {
        known
    } else {
        listed = list_services(kube).await?;
        &listed
    };
    let mut candidates = candidates(objects);
    candidates.truncate(TRIED);
    if candidates.is_empty() {
        return Err(nothing("no service looks like Prometheus, Thanos, Mimir or VictoriaMetrics"));
    }
    let tried = candidates.iter().map(|candidate| attempt(kube, objects, candidate));
    let results = futures::future::join_all(tried).await;
    let (mut steps, mut found) = (Vec::new(), Vec::new());
    for (client, tried) in results {
        found.extend(client);
        steps.extend(tried);
    }
    // One with Istio's metrics goes before one without, whatever their names.
    found.sort_by_key(|(_, has_mesh)| !has_mesh);
    let Some((client, _)) = found.into_iter().next() else {
        let why: Vec<String> = steps.iter().map(ToString::to_string).collect();
        return Err(nothing(&why.join("; ")));
    };
    Ok(Found { client: client.with_query_scope(query_scope), steps })
}

fn nothing(why: &str) -> Trouble {
    let hint = "--prometheus-url URL names one, e.g. of a port-forward of your own; \
                --no-metrics does without";
    Trouble::new("find Prometheus in the cluster", why, hint)
}

type Answering = Option<(Client, bool)>;

/// Tries both ways to one service; the first that answers wins.
async fn attempt(
    kube: &kube::Client,
    objects: &Objects,
    candidate: &Candidate,
) -> (Answering, Vec<Step>) {
    let Candidate { namespace, service, port, path, .. } = candidate;
    let proxy = ServiceProxy::new(kube.clone(), namespace, service, port, path);
    let proxy = probe(Transport::Proxy(proxy)).boxed();
    let forward = async {
        match forward_to(kube, objects, candidate).await {
            Ok(forward) => probe(Transport::Forward(forward)).await,
            Err(trouble) => {
                let what = format!("a pod of service {namespace}/{service}");
                (None, Step { what, outcome: Outcome::Failed(trouble) })
            }
        }
    };
    let ((client, step), other) =
        futures::future::select(proxy, forward.boxed()).await.factor_first();
    if client.is_some() {
        return (client, vec![step]);
    }
    let (client, second) = other.await;
    (client, vec![step, second])
}

/// Whether a Prometheus is at the other end, and whether it knows of a mesh.
async fn probe(transport: Transport) -> (Answering, Step) {
    let what = transport.address().to_owned();
    let client = Client::with_transport(transport, ATTEMPT);
    match client.query("count(istio_requests_total) or vector(0)", None).await {
        Ok(series) => {
            let value = series.first().and_then(|series| series.points.first());
            let has_mesh = value.is_some_and(|(_, count)| *count > 0.0);
            let outcome = if has_mesh { Outcome::Answers } else { Outcome::NoMesh };
            let client = client.with_limit(PrometheusOptions::DEFAULT_TIMEOUT);
            (Some((client, has_mesh)), Step { what, outcome })
        }
        Err(trouble) => (None, Step { what, outcome: Outcome::Failed(trouble) }),
    }
}

/// A port-forward to a ready pod of the service.
async fn forward_to(
    kube: &kube::Client,
    objects: &Objects,
    candidate: &Candidate,
) -> Result<PortForward, Trouble> {
    let mut known = candidate.pod(objects);
    if known.is_none() && objects.pods.is_empty() {
        let selector: Vec<String> =
            candidate.selector.iter().map(|(name, value)| format!("{name}%3D{value}")).collect();
        let path = format!(
            "/api/v1/namespaces/{}/pods?limit=20&labelSelector={}",
            candidate.namespace,
            selector.join("%2C")
        );
        known = candidate.pod(&list(kube, &path, Kind::Pod).await?);
    }
    let (pod, port) = known.ok_or_else(|| {
        let what = format!("port-forward to service {}/{}", candidate.namespace, candidate.service);
        Trouble::new(what, "none of its pods is ready", "")
    })?;
    Ok(PortForward::new(kube.clone(), &candidate.namespace, &pod, port, candidate.path))
}

/// Services of all namespaces; where that is not allowed, of those where Prometheus usually is.
async fn list_services(kube: &kube::Client) -> Result<Objects, Trouble> {
    let refused = match list(kube, "/api/v1/services", Kind::Service).await {
        Ok(objects) => return Ok(objects),
        Err(trouble) => trouble,
    };
    let usual = ["istio-system", "monitoring", "prometheus", "observability"];
    let mut all = Objects::default();
    for namespace in usual.into_iter().chain([kube.default_namespace()]) {
        let path = format!("/api/v1/namespaces/{namespace}/services");
        if let Ok(found) = list(kube, &path, Kind::Service).await {
            for service in found.services.values() {
                all.insert(service.raw.clone());
            }
        }
    }
    if all.services.is_empty() { Err(refused) } else { Ok(all) }
}

async fn list(kube: &kube::Client, path: &str, kind: Kind) -> Result<Objects, Trouble> {
    let trouble = |why: String| {
        Trouble::new(
            format!("list {} at {path}", kind.info().plural),
            why,
            "--prometheus-url URL needs no right in the cluster",
        )
    };
    let request =
        Request::get(path).body(Vec::new()).map_err(|error| trouble(error.to_string()))?;
    let asked = tokio::time::timeout(ATTEMPT, kube.request::<Value>(request));
    let mut answer = match asked.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(trouble(error.to_string())),
        Err(_) => return Err(trouble(format!("no answer within {} s", ATTEMPT.as_secs()))),
    };
    let mut objects = Objects::default();
    if let Some(Value::Array(items)) = answer.get_mut("items").map(Value::take) {
        for item in items {
            objects.insert(RawObject::with_kind(kind, item));
        }
    }
    Ok(objects)
}
