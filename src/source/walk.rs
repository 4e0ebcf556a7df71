//! The way to the sources, step by step: what `check --connect` shows.
//!
//! Each step is tried by itself, and the first that fails is where to look. Rights are asked for
//! rather than tried, so that one answer names everything that is missing.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::kube::served::{self, Served};
use super::kube::{self, Cluster, Fault, KubeOptions, Limits, Session, catalog, rights};
use super::once::{places, resolve};
use super::prometheus::find::{self, Outcome, Step};
use super::prometheus::{Client, discover};
use super::{Metrics, SourceOptions};
use crate::mesh::check::{Answer, Status};
use crate::mesh::{Kind, Scope, Trouble};

/// Reviews in flight at once.
const IN_FLIGHT: usize = 16;

/// Walks the way to the cluster and to Prometheus; the steps in order.
pub async fn walk(options: &SourceOptions) -> Vec<Answer> {
    let mut steps = Vec::new();
    let mut session = None;
    if let Some(kube) = options.kube.as_ref().filter(|_| options.files.is_empty()) {
        session = to_cluster(kube, &options.scope, &mut steps).await;
    } else {
        steps.push(step("context", Status::Ok, "cluster", "not asked"));
    }
    to_prometheus(&options.metrics, session.as_ref(), &mut steps).await;
    steps
}

fn step(check: &'static str, status: Status, object: &str, message: &str) -> Answer {
    Answer {
        check,
        status,
        object: object.to_owned(),
        message: message.to_owned(),
        hint: String::new(),
    }
}

fn failed(check: &'static str, status: Status, trouble: Trouble) -> Answer {
    Answer { check, status, object: trouble.what, message: trouble.why, hint: trouble.hint }
}

/// The steps to the Kubernetes API; a session where there is one.
async fn to_cluster(kube: &KubeOptions, scope: &Scope, steps: &mut Vec<Answer>) -> Option<Session> {
    let session = match Cluster::new(kube.clone()).session().await {
        Ok(session) => session,
        Err(trouble) => {
            steps.push(failed("context", Status::Failed, trouble));
            return None;
        }
    };
    let message = format!("leads to {}, namespace {}", session.address, session.namespace);
    steps.push(step("context", Status::Ok, &session.context, &message));
    let limits = Limits::new(kube.request_timeout);
    let began = tokio::time::Instant::now();
    match kube::version(&session.client, limits).await {
        Ok(version) => {
            let message = format!("{version}, answers in {}", millis(began.elapsed()));
            steps.push(step("server", Status::Ok, &session.address, &message));
        }
        Err(fault) => {
            let refused = fault.code() == Some(403);
            let status = if refused { Status::Warning } else { Status::Failed };
            steps.push(failed("server", status, fault.trouble_at(&session.address)));
            if !refused {
                return None;
            }
        }
    }
    let served = match served::discover(&session.client, limits).await {
        Ok(served) => {
            steps.extend(apis(&served));
            served
        }
        Err(fault) => {
            steps.push(failed("apis", Status::Warning, fault.trouble_at(&session.address)));
            Served::new()
        }
    };
    let scope = resolve(scope, &session.namespace);
    steps.extend(allowed(&session, &served, &scope, limits).await);
    Some(session)
}

fn millis(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}

/// Whether Istio's and the Gateway API's kinds are served.
fn apis(served: &Served) -> Vec<Answer> {
    let of = |kind: Kind, name: &str, status: Status, without: &str| match served.get(&kind) {
        Some(version) => step("apis", Status::Ok, name, &format!("served, in {version}")),
        None => step("apis", status, name, without),
    };
    vec![
        of(
            Kind::VirtualService,
            "Istio",
            Status::Warning,
            "not served: its CRDs are not installed here",
        ),
        of(Kind::HttpRoute, "Gateway API", Status::Ok, "not served, which is fine without it"),
    ]
}

/// Asks for every right that would be used in the scope: one answer for those that are there, one
/// for those that are missing.
async fn allowed(session: &Session, served: &Served, scope: &Scope, limits: Limits) -> Vec<Answer> {
    let kinds = catalog::WORKLOADS.iter().chain(catalog::CONFIG);
    let kinds = kinds.copied().filter(|kind| served.is_empty() || served.contains_key(kind));
    let mut rows: Vec<(Kind, Option<String>)> = Vec::new();
    for kind in kinds {
        match places(kind, catalog::reach(kind), scope) {
            None => rows.push((kind, None)),
            Some(names) => {
                rows.extend(names.into_iter().map(|name| (kind, Some(name.to_string()))));
            }
        }
    }
    let turns = tokio::sync::Semaphore::new(IN_FLIGHT);
    let asked = rows.iter().map(|(kind, namespace)| {
        let turns = &turns;
        async move {
            // Never closed: the semaphore outlives the questions.
            let _turn = turns.acquire().await;
            granted(session, *kind, namespace.as_deref(), scope, limits).await
        }
    });
    let granted = futures::future::join_all(asked).await;
    let mut missing: Vec<(Kind, Option<&str>)> = Vec::new();
    let mut there = 0;
    for (row, granted) in rows.iter().zip(granted) {
        match granted {
            Ok(true) => there += 1,
            Ok(false) => missing.push((row.0, row.1.as_deref())),
            Err(fault) => {
                let why = fault.trouble_at(&session.address);
                return vec![failed("rights", Status::Unknown, why)];
            }
        }
    }
    let kinds = |count: usize| if count == 1 { "kind" } else { "kinds" };
    let message = format!("may list and watch {there} {}", kinds(there));
    let granted = step("rights", Status::Ok, &scope_name(scope), &message);
    let mut answers: Vec<Answer> = (there > 0).then_some(granted).into_iter().collect();
    if !missing.is_empty() {
        let core = missing.iter().any(|(kind, _)| matches!(kind, Kind::Pod | Kind::Service));
        let status = if core { Status::Failed } else { Status::Warning };
        answers.push(failed("rights", status, rights::missing(&missing, "not allowed")));
    }
    answers
}

fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::Namespaces(names) => names.join(", "),
        Scope::All | Scope::Unset => "all namespaces".to_owned(),
    }
}

/// Whether a kind may be listed and watched: in all namespaces, or else in those of the scope.
async fn granted(
    session: &Session,
    kind: Kind,
    namespace: Option<&str>,
    scope: &Scope,
    limits: Limits,
) -> Result<bool, Fault> {
    if may(session, kind, namespace, limits).await? {
        return Ok(true);
    }
    match (namespace, scope) {
        (None, Scope::Namespaces(names)) if kind.info().namespaced => {
            for name in names {
                if !may(session, kind, Some(name), limits).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Asks the server about its own answer (Kubernetes documentation, "Checking API access").
async fn may(
    session: &Session,
    kind: Kind,
    namespace: Option<&str>,
    limits: Limits,
) -> Result<bool, Fault> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Review {
        status: ReviewStatus,
    }
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct ReviewStatus {
        allowed: bool,
    }
    let info = kind.info();
    for verb in ["list", "watch"] {
        let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": verb, "group": info.group, "resource": info.plural,
            "namespace": namespace, "name": catalog::only(kind),
        }}});
        let body = kube::review(&session.client, &review, limits).await?;
        let answer: Review =
            serde_json::from_slice(&body).map_err(|error| Fault::Strange(error.to_string()))?;
        if !answer.status.allowed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The steps to Prometheus.
async fn to_prometheus(metrics: &Metrics, session: Option<&Session>, steps: &mut Vec<Answer>) {
    match (metrics, session) {
        (Metrics::Off, _) => steps.push(step("metrics", Status::Ok, "Prometheus", "not asked")),
        (Metrics::Url(options), _) => match Client::new(options) {
            Ok(client) => steps.push(answer_of(find::try_out(&client).await)),
            Err(trouble) => steps.push(failed("metrics", Status::Failed, trouble)),
        },
        (Metrics::InCluster, None) => {
            let message = "not looked for, since there is no way to the cluster";
            steps.push(step("metrics", Status::Unknown, "Prometheus", message));
        }
        (Metrics::InCluster, Some(session)) => match discover(&session.client).await {
            Ok(found) => {
                // Ways that were tried besides the one that leads there are no trouble.
                let answers = found.steps.into_iter().map(|step| {
                    let answer = answer_of(step);
                    let status = answer.status.max(Status::Warning);
                    Answer { status, ..answer }
                });
                steps.extend(answers);
            }
            Err(trouble) => steps.push(failed("metrics", Status::Failed, trouble)),
        },
    }
}

fn answer_of(tried: Step) -> Answer {
    match tried.outcome {
        Outcome::Answers => {
            step("metrics", Status::Ok, &tried.what, "answers, and has Istio's metrics")
        }
        Outcome::NoMesh => Answer {
            hint: "does it scrape the proxies? without traffic there are no metrics either".into(),
            ..step("metrics", Status::Warning, &tried.what, "answers, without Istio's metrics")
        },
        Outcome::Failed(trouble) => {
            Answer { object: tried.what, ..failed("metrics", Status::Failed, trouble) }
        }
    }
}
