//! Finding Prometheus in the cluster: services that look like one, reached through the API
//! server's proxy or a port-forward, whichever answers first.
//!
//! Neither way can be assumed: a firewall between API server and pods makes the proxy hang, and
//! the built-in role `view` has the right to neither. So both are tried side by side, each
//! within a limit, and what happened is told.

use std::fmt;
use std::time::Duration;

use futures::FutureExt;
use serde_json::Value;

use super::client::Client;
use super::options::PrometheusOptions;
use super::transport::{PortForward, ServiceProxy, Transport};
use crate::mesh::object::RawObject;
use crate::mesh::{Kind, Objects, Trouble};
use crate::source::kube::{Limits, Question, whole};

mod candidates;

pub use candidates::{Candidate, candidates};

/// Limit of one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Where Istio's own add-on is gets this long before anything else is looked for.
const HEAD_START: Duration = Duration::from_millis(1500);

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

/// Looks for Prometheus: first where Istio's own add-on is, which most often answers, then among
/// all services.
///
/// # Errors
/// What was tried, and how each attempt went.
pub async fn discover(kube: &kube::Client) -> Result<Found, Trouble> {
    let usual = ServiceProxy::new(kube.clone(), "istio-system", "prometheus", "9090", "");
    let first = tokio::time::timeout(HEAD_START, probe(Transport::Proxy(usual)));
    if let Ok((Some((client, true)), step)) = first.await {
        return Ok(Found { client, steps: vec![step] });
    }
    let objects = list_services(kube).await?;
    let mut candidates = candidates(&objects);
    candidates.truncate(TRIED);
    if candidates.is_empty() {
        return Err(nothing("no service looks like Prometheus, Thanos, Mimir or VictoriaMetrics"));
    }
    let tried = candidates.iter().map(|candidate| attempt(kube, candidate));
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
    Ok(Found { client, steps })
}

fn nothing(why: &str) -> Trouble {
    let hint = "--prometheus-url URL names one, e.g. of a port-forward of your own; \
                --no-metrics does without";
    Trouble::new("find Prometheus in the cluster", why, hint)
}

type Answering = Option<(Client, bool)>;

/// Tries both ways to one service; the first that answers wins.
async fn attempt(kube: &kube::Client, candidate: &Candidate) -> (Answering, Vec<Step>) {
    let Candidate { namespace, service, port, path, .. } = candidate;
    let proxy = ServiceProxy::new(kube.clone(), namespace, service, port, path);
    let proxy = probe(Transport::Proxy(proxy)).boxed();
    let forward = async {
        match forward_to(kube, candidate).await {
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
    let client = Client::with_transport(transport, ATTEMPT);
    let step = try_out(&client).await;
    let has_mesh = step.outcome == Outcome::Answers;
    let answers = has_mesh || step.outcome == Outcome::NoMesh;
    let client = client.with_limit(PrometheusOptions::DEFAULT_TIMEOUT);
    (answers.then_some((client, has_mesh)), step)
}

/// Asks a Prometheus whether it knows of a mesh.
pub async fn try_out(client: &Client) -> Step {
    let outcome = match client.query("count(istio_requests_total) or vector(0)", None).await {
        Ok(series) => {
            let value = series.first().and_then(|series| series.points.first());
            let has_mesh = value.is_some_and(|(_, count)| *count > 0.0);
            if has_mesh { Outcome::Answers } else { Outcome::NoMesh }
        }
        Err(trouble) => Outcome::Failed(trouble),
    };
    Step { what: client.address().to_owned(), outcome }
}

/// A port-forward to a ready pod of the service.
async fn forward_to(kube: &kube::Client, candidate: &Candidate) -> Result<PortForward, Trouble> {
    let what = format!("port-forward to service {}/{}", candidate.namespace, candidate.service);
    let selector: Vec<String> =
        candidate.selector.iter().map(|(name, value)| format!("{name}%3D{value}")).collect();
    if selector.is_empty() {
        return Err(Trouble::new(what, "it selects no pods", ""));
    }
    let labels = format!("limit=20&labelSelector={}", selector.join("%2C"));
    let pods = list(kube, Kind::Pod, Some(&candidate.namespace), &labels).await?;
    let (pod, port) =
        candidate.pod(&pods).ok_or_else(|| Trouble::new(what, "none of its pods is ready", ""))?;
    Ok(PortForward::new(kube.clone(), &candidate.namespace, &pod, port, candidate.path))
}

/// Services of all namespaces; where that is not allowed, of those where Prometheus usually is.
async fn list_services(kube: &kube::Client) -> Result<Objects, Trouble> {
    let refused = match list(kube, Kind::Service, None, "").await {
        Ok(objects) => return Ok(objects),
        Err(trouble) => trouble,
    };
    let usual = ["istio-system", "monitoring", "prometheus", "observability"];
    let namespaces = usual.into_iter().chain([kube.default_namespace()]);
    let asked = namespaces.map(|namespace| list(kube, Kind::Service, Some(namespace), ""));
    let mut all = Objects::default();
    for found in futures::future::join_all(asked).await.into_iter().flatten() {
        all.absorb(Kind::Service, &found);
    }
    if all.services.is_empty() { Err(refused) } else { Ok(all) }
}

async fn list(
    kube: &kube::Client,
    kind: Kind,
    namespace: Option<&str>,
    query: &str,
) -> Result<Objects, Trouble> {
    let place = namespace.map(|name| format!("/namespaces/{name}")).unwrap_or_default();
    let path = format!("/api/v1{place}/{}?{query}", kind.info().plural);
    let body = whole(kube, &path, Limits::new(Some(ATTEMPT))).await.map_err(|fault| {
        let trouble = fault.trouble(&Question { verb: "list", kind, namespace, address: "" });
        let hint = "--prometheus-url URL needs no right in the cluster";
        Trouble { hint: hint.to_owned(), ..trouble }
    })?;
    let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut objects = Objects::default();
    if let Some(Value::Array(items)) = answer.get_mut("items").map(Value::take) {
        for item in items {
            objects.insert(RawObject::with_kind(kind, item));
        }
    }
    Ok(objects)
}
