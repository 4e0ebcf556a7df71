//! What the rule that took an HTTP request does with it, in the proxy's order: fault, CORS, then
//! redirect, direct response or forwarding.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::action::RETRY_ON;
use super::answer::{
    Actions, Answer, FaultPolicy, MirrorTarget, Outcome, Redirect, RetryPolicy, Rewritten,
};
use super::condition::View;
use super::destination::{Place, settle};
use super::location;
use super::request::{Request, RequestProtocol};
use super::rule::{Action, Pattern};
use super::selection::Candidate;
use crate::mesh::config::MeshConfig;

/// Carries out the winner.
pub fn act(place: &Place<'_>, request: &Request, view: &View<'_>, won: &Candidate<'_>) -> Answer {
    let action = &won.rule.action;
    let mut answer = Answer::new(request, Outcome::Routed, None);
    answer.rule = Some(won.rule.reference.clone());
    answer.actions = Actions {
        headers: visible_headers(action),
        cors: action.cors.clone(),
        ..Actions::default()
    };
    if let Some(redirect) = &action.redirect {
        let location = location::of_redirect(redirect, view, won.matched, place.port);
        answer.outcome = Outcome::Redirect;
        answer.status = Some(redirect.status);
        answer.redirect =
            Some(Redirect { status: redirect.status, location, https_redirect: false });
        return answer;
    }
    if let Some(direct) = &action.direct {
        answer.outcome = Outcome::DirectResponse;
        answer.status = Some(direct.status);
        answer.actions.body.clone_from(&direct.body);
        return answer;
    }
    forward_actions(&mut answer, place, action);
    if let Some(status) = aborted(action.fault.as_ref(), request) {
        answer.outcome = Outcome::Fault;
        answer.status = Some(status);
        return answer;
    }
    if let Some(headers) = action.cors.as_ref().and_then(|policy| preflight(policy, view)) {
        answer.outcome = Outcome::DirectResponse;
        answer.status = Some(200);
        answer.actions.cors_preflight = Some(headers);
        return answer;
    }
    answer.actions.rewrite = rewritten(action, view, won);
    settle(&mut answer, place.destinations(&action.targets));
    if action.targets.iter().all(|target| target.weight == 0) {
        answer.caveats.push("The weights add up to nothing; Istio's webhook refuses that.".into());
    }
    answer
}

/// Setting the authority shows as a rewrite, not as a header.
fn visible_headers(action: &Action) -> Option<super::answer::HeaderChanges> {
    let mut headers = action.headers.clone()?;
    super::action::take_authority(&mut headers);
    (!headers.is_empty()).then_some(headers)
}

fn forward_actions(answer: &mut Answer, place: &Place<'_>, action: &Action) {
    answer.actions.timeout.clone_from(&action.timeout);
    let retries = action.retries.clone();
    answer.actions.retries =
        Some(retries.unwrap_or_else(|| default_retries(&place.router.objects.mesh_config)));
    answer.actions.fault = action.fault.clone().filter(|f| f.delay.is_some() || f.abort.is_some());
    answer.actions.mirror = action
        .mirrors
        .iter()
        .map(|mirror| {
            let alone = super::rule::Target { weight: 1, ..mirror.target.clone() };
            let found = place.destinations(std::slice::from_ref(&alone)).pop().unwrap_or_default();
            MirrorTarget {
                host: Arc::clone(&mirror.target.host),
                port: found.port.unwrap_or(place.port),
                subset: mirror.target.subset.clone(),
                percent: mirror.percent,
                exists: found.state != super::answer::DestinationState::NoCluster,
            }
        })
        .collect();
}

/// The mesh's default policy, or Istio's own.
pub fn default_retries(mesh: &MeshConfig) -> RetryPolicy {
    match &mesh.default_http_retry_policy {
        Some(policy) => super::action::retries(policy),
        None => RetryPolicy {
            attempts: 2,
            retry_on: Some(RETRY_ON.to_owned()),
            ..RetryPolicy::default()
        },
    }
}

/// The status of an abort that hits every request. A gRPC client gets any abort as HTTP 200 or,
/// with an HTTP status, as the gRPC status that goes with it; both are 200 on the wire.
fn aborted(fault: Option<&FaultPolicy>, request: &Request) -> Option<u16> {
    let abort = fault?.abort.as_ref().filter(|abort| abort.percent >= 100.0)?;
    if abort.grpc_status.is_some() || request.protocol == RequestProtocol::Grpc {
        return Some(200);
    }
    abort.http_status
}

/// Headers of the proxy's own answer to a preflight; `None` if it is forwarded or no preflight.
fn preflight(policy: &Value, view: &View<'_>) -> Option<BTreeMap<String, String>> {
    let origin = *view.header("origin").first()?;
    if view.method != "OPTIONS" || view.header("access-control-request-method").is_empty() {
        return None;
    }
    let origins = policy.get("allowOriginStringMatch")?.as_array()?;
    if !origins.iter().any(|wanted| origin_matches(wanted, origin)) {
        let forwards = policy.get("forwardNotMatchingPreflights").and_then(Value::as_bool);
        return (forwards == Some(false)).then(BTreeMap::new);
    }
    let mut headers =
        BTreeMap::from([("access-control-allow-origin".to_owned(), origin.to_owned())]);
    if policy.get("allowCredentials").and_then(Value::as_bool) == Some(true) {
        headers.insert("access-control-allow-credentials".to_owned(), "true".to_owned());
    }
    for (key, header) in [
        ("allowMethods", "access-control-allow-methods"),
        ("allowHeaders", "access-control-allow-headers"),
        ("maxAge", "access-control-max-age"),
    ] {
        if let Some(text) = policy.get(key).and_then(Value::as_str) {
            headers.insert(header.to_owned(), text.to_owned());
        }
    }
    Some(headers)
}

fn origin_matches(wanted: &Value, origin: &str) -> bool {
    let text = |key: &str| wanted.get(key).and_then(Value::as_str);
    if let Some(exact) = text("exact") {
        return exact == origin;
    }
    if let Some(prefix) = text("prefix") {
        return origin.starts_with(prefix);
    }
    let regex = wanted.get("safeRegex").and_then(|r| r.get("regex")).and_then(Value::as_str);
    regex.is_some_and(|regex| Pattern::new(regex).matches(origin))
}

/// The route's rewrite; the authority of a single destination counts if the route sets none.
fn rewritten(action: &Action, view: &View<'_>, won: &Candidate<'_>) -> Option<Rewritten> {
    let of_target = match action.targets.as_slice() {
        [only] => only.authority.clone(),
        _ => None,
    };
    let route = action.rewrite.as_ref();
    let authority = route.and_then(|rewrite| rewrite.authority.clone()).or(of_target);
    let change = route.and_then(|rewrite| rewrite.path.as_ref());
    if authority.is_none() && change.is_none() {
        return None;
    }
    let (prefix, regex) = location::shown(change);
    Some(Rewritten {
        prefix,
        regex,
        forwarded_path: location::forwarded_path(change, view, won.matched),
        forwarded_authority: authority.clone().unwrap_or_else(|| view.authority.to_owned()),
        authority,
    })
}
