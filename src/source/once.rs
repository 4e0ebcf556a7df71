//! One picture for a command that asks and ends: only what it needs, all of it at once.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::assemble::{Picture, Slot, View};
use super::kube::list::{self, Target};
use super::kube::{self, Cluster, Limits, Question, Session};
use super::prometheus::{Client, TelemetryRequest, discover};
use super::{Failure, Metrics, Needs, Reach, SourceOptions, files};
use crate::mesh::telemetry::Telemetry;
use crate::mesh::{Kind, KindState, MeshSnapshot, Scope, SourceState, Trouble};

/// Lists in flight at once: each has a connection of its own.
const IN_FLIGHT: usize = 12;
/// Where Istio's configuration and usually its gateways are.
pub(super) const ROOT: &str = "istio-system";

/// Asks for what a command needs and puts it together.
///
/// # Errors
/// When there is nothing to answer from: files that cannot be understood, no cluster to ask, or
/// none of the kinds readable. What is missing besides is a state in the snapshot.
pub async fn once(options: &SourceOptions, needs: &Needs) -> Result<MeshSnapshot, Failure> {
    let mut picture = Picture::new(options.scope.clone(), String::new());
    if !options.files.is_empty() {
        picture.set_objects(files::read(&options.files)?.objects);
        picture.set_context(&files::describe(&options.files), "");
        picture.disable_kubernetes();
        let scope = resolve(&options.scope, "default");
        picture.set_scope(scope.clone());
        telemetry_alone(&mut picture, options, needs, scope).await?;
    } else if let Some(kube) = &options.kube {
        from_cluster(&mut picture, kube, options, needs).await?;
    } else {
        picture.disable_kubernetes();
        let scope = if options.scope == Scope::Unset { Scope::All } else { options.scope.clone() };
        picture.set_scope(scope.clone());
        telemetry_alone(&mut picture, options, needs, scope).await?;
        let prometheus = picture.snapshot(Timestamp::now()).prometheus;
        if let (SourceState::Unavailable, Some(trouble)) = (prometheus.state, prometheus.trouble) {
            return Err(trouble.into());
        }
    }
    Ok(picture.snapshot(Timestamp::now()))
}

/// The scope with the namespace of the context in place of none.
pub(super) fn resolve(scope: &Scope, namespace: &str) -> Scope {
    match scope {
        Scope::Unset => Scope::Namespaces(vec![namespace.into()]),
        other => other.clone(),
    }
}

/// Telemetry where there is no cluster to find a Prometheus in.
async fn telemetry_alone(
    picture: &mut Picture,
    options: &SourceOptions,
    needs: &Needs,
    scope: Scope,
) -> Result<(), Failure> {
    let (Metrics::Url(url), Some(_)) = (&options.metrics, &needs.telemetry) else {
        picture.disable_prometheus();
        return Ok(());
    };
    let client = Client::new(url)?;
    let asked = ask(client, request(options, needs, scope)).await;
    place_telemetry(picture, asked);
    Ok(())
}

async fn from_cluster(
    picture: &mut Picture,
    kube: &kube::KubeOptions,
    options: &SourceOptions,
    needs: &Needs,
) -> Result<(), Failure> {
    let session = Cluster::new(kube.clone()).session().await?;
    let scope = resolve(&options.scope, &session.namespace);
    picture.set_scope(scope.clone());
    picture.set_context(&session.context, &session.address);
    let telemetry = start_telemetry(&session, options, needs, &scope)?;
    let limits = Limits::new(kube.request_timeout);
    let listed = lists(&session, needs, &scope, limits).await;
    let now = Timestamp::now();
    for (slot, view) in listed {
        picture.set(slot, Some(view), now);
    }
    match telemetry {
        Some(mut task) => match task.join_next().await {
            Some(Ok(asked)) => place_telemetry(picture, asked),
            _ => picture.disable_prometheus(),
        },
        None => picture.disable_prometheus(),
    }
    nothing_at_all(picture, needs)
}

/// Fails when not one of the kinds could be read.
fn nothing_at_all(picture: &mut Picture, needs: &Needs) -> Result<(), Failure> {
    let snapshot = picture.snapshot(Timestamp::now());
    let any = snapshot.kinds.values().any(|state| *state == KindState::Listed);
    if any || needs.kinds.is_empty() {
        return Ok(());
    }
    match snapshot.kubernetes.trouble {
        Some(trouble) => Err(trouble.into()),
        None => Ok(()),
    }
}

type Asked = Result<(Telemetry, String), Trouble>;

/// Telemetry, asked beside the lists. A set of one task: dropped, it ends.
fn start_telemetry(
    session: &Session,
    options: &SourceOptions,
    needs: &Needs,
    scope: &Scope,
) -> Result<Option<JoinSet<Asked>>, Failure> {
    if needs.telemetry.is_none() {
        return Ok(None);
    }
    let request = request(options, needs, scope.clone());
    let mut task = JoinSet::new();
    match &options.metrics {
        Metrics::Off => return Ok(None),
        Metrics::Url(url) => {
            let client = Client::new(url)?;
            task.spawn(ask(client, request));
        }
        Metrics::InCluster => {
            let session = session.clone();
            task.spawn(async move { ask(discover(&session.client).await?.client, request).await });
        }
    }
    Ok(Some(task))
}

async fn ask(client: Client, request: TelemetryRequest) -> Asked {
    let telemetry = client.refresh(&request).await;
    Ok((telemetry, client.address().to_owned()))
}

fn place_telemetry(picture: &mut Picture, asked: Asked) {
    let now = Timestamp::now();
    match asked {
        Ok((telemetry, address)) => picture.set_telemetry(telemetry, false, &address, now),
        Err(trouble) => picture.set_no_prometheus(trouble, now),
    }
}

/// The needed telemetry, with the options' scope, window and time.
fn request(options: &SourceOptions, needs: &Needs, scope: Scope) -> TelemetryRequest {
    let graph = crate::mesh::graph::GraphOptions::default();
    let wanted = needs.telemetry.clone();
    let wanted = wanted
        .unwrap_or_else(|| TelemetryRequest::for_graph(scope.clone(), options.window, &graph));
    TelemetryRequest { scope, window: options.window, time: options.time, ..wanted }
}

/// Lists every kind where its reach says.
async fn lists(
    session: &Session,
    needs: &Needs,
    scope: &Scope,
    limits: Limits,
) -> Vec<(Slot, View)> {
    let turns = Arc::new(tokio::sync::Semaphore::new(IN_FLIGHT));
    let mut tasks = JoinSet::new();
    for (kind, reach) in &needs.kinds {
        let (kind, reach) = (*kind, *reach);
        let (session, scope, turns) = (session.clone(), scope.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            // Never closed: the semaphore lives as long as the tasks.
            let _turn = turns.acquire().await;
            by_reach(&session, kind, reach, &scope, limits).await
        });
    }
    let mut listed = Vec::new();
    while let Some(done) = tasks.join_next().await {
        listed.extend(done.into_iter().flatten());
    }
    listed
}

async fn by_reach(
    session: &Session,
    kind: Kind,
    reach: Reach,
    scope: &Scope,
    limits: Limits,
) -> Vec<(Slot, View)> {
    let namespaces = places(kind, reach, scope);
    let Some(namespaces) = namespaces else {
        let (slot, view) = one(session, kind, None, limits).await;
        // Not allowed everywhere: then where the question is, and where the mesh's own things are.
        let fallback = places(kind, Reach::ScopeAndRoot, scope);
        return match (&view.state, fallback) {
            (KindState::Forbidden(_), Some(namespaces)) if kind.info().namespaced => {
                each(session, kind, &namespaces, scope, limits).await
            }
            _ => vec![(slot, view)],
        };
    };
    each(session, kind, &namespaces, scope, limits).await
}

async fn each(
    session: &Session,
    kind: Kind,
    namespaces: &[Arc<str>],
    scope: &Scope,
    limits: Limits,
) -> Vec<(Slot, View)> {
    let asked = namespaces.iter().map(|namespace| async move {
        let (slot, mut view) = one(session, kind, Some(Arc::clone(namespace)), limits).await;
        // The root namespace is asked along; where it is not open, that is no trouble of the scope.
        view.extra = kind != Kind::ConfigMap && !scope.contains(namespace);
        (slot, view)
    });
    futures::future::join_all(asked).await
}

/// The namespaces to list a kind in; `None` is all.
pub(super) fn places(kind: Kind, reach: Reach, scope: &Scope) -> Option<Vec<Arc<str>>> {
    if !kind.info().namespaced {
        return None;
    }
    let mut namespaces = match (reach, scope) {
        (Reach::Root, _) => return Some(vec![ROOT.into()]),
        (Reach::Everywhere, _) | (_, Scope::All | Scope::Unset) => return None,
        (_, Scope::Namespaces(names)) => names.clone(),
    };
    if reach == Reach::ScopeAndRoot && !namespaces.iter().any(|name| &**name == ROOT) {
        namespaces.push(ROOT.into());
    }
    Some(namespaces)
}

/// Lists one kind in one place, in the version that is served.
async fn one(
    session: &Session,
    kind: Kind,
    namespace: Option<Arc<str>>,
    limits: Limits,
) -> (Slot, View) {
    let mut answer =
        Err(kube::Fault::Status { code: 404, message: String::new(), retry_after: None });
    // The preferred version first: most servers serve it, and then nothing need be asked.
    for version in kind.info().versions {
        let target = Target { kind, version, namespace: namespace.as_deref() };
        answer = list::list(&session.client, &target, limits).await;
        if !matches!(&answer, Err(fault) if fault.code() == Some(404)) {
            break;
        }
    }
    let view = match answer {
        Ok(listed) => View { objects: listed.objects, state: KindState::Listed, extra: false },
        Err(fault) => {
            let question = Question {
                verb: "list",
                kind,
                namespace: namespace.as_deref(),
                address: &session.address,
            };
            let state = match fault.code() {
                Some(404) => KindState::NotServed,
                Some(403) => KindState::Forbidden(fault.trouble(&question)),
                _ => KindState::Failed(fault.trouble(&question)),
            };
            View { state, ..View::default() }
        }
    };
    (Slot { kind, namespace }, view)
}
