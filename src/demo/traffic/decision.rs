//! What the routing engine decides, in the form that requests are drawn by. Each class of
//! requests is asked about once for each state of the objects.

use std::collections::HashMap;
use std::sync::Arc;

use super::app::Call;
use super::peer::Peer;
use crate::mesh::host::service_of;
use crate::mesh::routing::{
    Answer, Destination, DestinationState, Outcome, Request, RetryPolicy, Router, Source,
    SourceKind,
};
use crate::mesh::{Key, Objects};

/// The service that a request was meant for, as `destination_service…` names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Called {
    pub host: Arc<str>,
    pub name: Arc<str>,
    pub namespace: Arc<str>,
}

impl Called {
    fn host(host: &str) -> Self {
        let (name, namespace) = service_of(host).unwrap_or((host, "unknown"));
        Self { host: host.into(), name: name.into(), namespace: namespace.into() }
    }

    /// A cluster of Envoy's that stands for every unknown host.
    fn cluster(host: &str, name: &str) -> Self {
        Self { host: host.into(), name: name.into(), namespace: "unknown".into() }
    }
}

/// One of the ways that a request may take.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Share {
    pub weight: f64,
    pub called: Called,
    /// The ready pods that take it.
    pub pods: Vec<Key>,
    /// Status and response flag when the proxy answers in their place.
    pub refused: Option<(u16, &'static str)>,
}

/// What happens to requests of one class.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Decision {
    pub shares: Vec<Share>,
    /// Percent and milliseconds.
    pub delay: Option<(f64, f64)>,
    /// Percent and status.
    pub abort: Option<(f64, u16)>,
    /// Milliseconds.
    pub timeout: Option<f64>,
    pub attempts: u32,
    retried: Vec<u16>,
}

impl Decision {
    /// Whether an answer of this status is tried again.
    pub(super) fn retries(&self, status: u16) -> bool {
        self.attempts > 0 && self.retried.contains(&status)
    }

    fn of(answer: &Answer, dialled: &str) -> Self {
        let fault = answer.actions.fault.as_ref();
        let delay = fault.and_then(|fault| fault.delay.as_ref());
        let abort = fault.and_then(|fault| fault.abort.as_ref());
        let retries = answer.actions.retries.as_ref();
        Self {
            shares: shares(answer, dialled),
            delay: delay.map(|delay| (delay.percent, delay.duration.as_secs_f64() * 1000.0)),
            abort: abort.and_then(|abort| Some((abort.percent, abort.http_status?))),
            timeout: answer.actions.timeout.as_deref().and_then(millis),
            attempts: retries.map_or(0, |policy| policy.attempts),
            retried: retries.map(retried).unwrap_or_default(),
        }
    }
}

fn shares(answer: &Answer, dialled: &str) -> Vec<Share> {
    if !answer.destinations.is_empty() {
        return answer.destinations.iter().map(share).collect();
    }
    let alone = |called, status, flag| Share {
        weight: 100.0,
        called,
        pods: Vec::new(),
        refused: Some((status, flag)),
    };
    let status = answer.status.unwrap_or(0);
    vec![match answer.outcome {
        Outcome::Passthrough => alone(Called::cluster(dialled, "PassthroughCluster"), 503, "UF"),
        Outcome::Blackhole => alone(Called::cluster(dialled, "BlackHoleCluster"), 502, "-"),
        Outcome::NotFound => alone(Called::cluster(dialled, "unknown"), status, "NR"),
        Outcome::NoCluster => alone(Called::host(dialled), 503, "NC"),
        Outcome::NoHealthyUpstream => alone(Called::host(dialled), 503, "UH"),
        Outcome::Fault => alone(Called::host(dialled), status, "FI"),
        Outcome::DirectResponse | Outcome::Redirect | Outcome::Routed => {
            alone(Called::cluster(dialled, "unknown"), status, "-")
        }
    }]
}

fn share(destination: &Destination) -> Share {
    let called = Called::host(&destination.host);
    let namespace = destination.namespace.as_ref().unwrap_or(&called.namespace);
    let pods: Vec<Key> =
        destination.pods.names.iter().map(|name| Key::new(namespace, name)).collect();
    let refused = match destination.state {
        DestinationState::NoCluster => Some("NC"),
        DestinationState::NoHealthyUpstream => Some("UH"),
        DestinationState::Ok => pods.is_empty().then_some("UH"),
    };
    let status = destination.status.unwrap_or(503);
    let refused = refused.map(|flag| (status, destination.response_flag.unwrap_or(flag)));
    Share { weight: destination.percent, called, pods, refused }
}

/// The statuses that a policy tries again (Envoy documentation, `x-envoy-retry-on`).
fn retried(policy: &RetryPolicy) -> Vec<u16> {
    let on = policy.retry_on.as_deref().unwrap_or_default();
    let mut statuses: Vec<u16> =
        policy.retriable_status_codes.iter().filter_map(|code| u16::try_from(*code).ok()).collect();
    for word in on.split(',').map(str::trim) {
        match word {
            "5xx" => statuses.extend(500..600),
            "gateway-error" => statuses.extend(502..=504),
            "retriable-4xx" => statuses.push(409),
            number => statuses.extend(number.parse::<u16>().ok()),
        }
    }
    statuses
}

/// A duration as Go writes it, such as `1m30s` or `2.5s`.
fn millis(text: &str) -> Option<f64> {
    let duration: jiff::SignedDuration = text.parse().ok()?;
    Some(duration.as_secs_f64() * 1000.0).filter(|millis| *millis > 0.0)
}

/// What tells the classes apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Class {
    /// The workload that sends, and where.
    from: (Arc<str>, Arc<str>),
    host: Arc<str>,
    port: u16,
    path: &'static str,
    user: Option<&'static str>,
}

/// The decisions for one state of the objects.
pub(super) struct Decisions {
    router: Router,
    known: HashMap<Class, Arc<Decision>>,
}

impl std::fmt::Debug for Decisions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decisions").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Decisions {
    pub(super) fn new(objects: &Objects) -> Self {
        Self { router: Router::new(objects), known: HashMap::new() }
    }

    /// What becomes of a call from a pod, on behalf of a user who may be signed in.
    pub(super) fn of(
        &mut self,
        from: &Peer,
        call: &Call,
        user: Option<&'static str>,
    ) -> Arc<Decision> {
        let class = Class {
            from: (from.key.namespace.clone(), from.workload.clone()),
            host: call.host.clone(),
            port: call.port,
            path: call.path,
            user,
        };
        if let Some(known) = self.known.get(&class) {
            return known.clone();
        }
        let decision =
            Arc::new(Decision::of(&self.router.answer(&request(from, call, user)), &call.host));
        self.known.insert(class, decision.clone());
        decision
    }
}

fn request(from: &Peer, call: &Call, user: Option<&'static str>) -> Request {
    let kind = match (from.gateway, from.proxied) {
        (true, _) => SourceKind::Gateway,
        (false, true) => SourceKind::Sidecar,
        (false, false) => SourceKind::None,
    };
    let (namespace, name) = (from.key.namespace.clone(), from.key.name.clone());
    Request {
        from: Source { kind, namespace, name },
        host: call.host.to_string(),
        port: call.port,
        method: "GET".to_owned(),
        path: call.path.to_owned(),
        headers: user.map(|user| ("end-user".to_owned(), user.to_owned())).into_iter().collect(),
        ..Request::default()
    }
}
