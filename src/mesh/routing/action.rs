//! What a VirtualService's rule does, in the engine's form.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::{
    FaultAbort, FaultDelay, FaultPolicy, HeaderChanges, HeaderSet, RegexReplacement, RetryPolicy,
};
use super::duration;
use super::reason::Reason;
use super::rule::{
    Action, DirectAction, Mirror, PathChange, RedirectAction, RedirectPort, RewriteAction, Target,
};
use super::virtual_service::target;
use crate::mesh::config::virtual_service as api;

/// What is retried unless a rule or the mesh says otherwise.
pub const RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/// The action, and why it cannot be used where it cannot.
pub(super) fn of_virtual_service(
    route: &api::HttpRoute,
    namespace: &str,
) -> (Action, Option<(Reason, String)>) {
    let redirect = route.redirect.as_ref().map(redirect);
    let bad_code =
        redirect.as_ref().is_some_and(|r| ![301, 302, 303, 307, 308].contains(&r.status));
    let unusable = bad_code.then(|| {
        (Reason::RequestTargetInvalid, "its redirectCode is none that Istio accepts".to_owned())
    });
    let action = Action {
        redirect,
        direct: route.direct_response.as_ref().map(direct),
        targets: targets(&route.route, namespace),
        rewrite: rewrite(route),
        timeout: route.timeout.as_deref().and_then(timeout),
        retries: route.retries.as_ref().map(retries),
        fault: route.fault.as_ref().map(fault),
        mirrors: mirrors(route, namespace),
        cors: route.cors_policy.as_ref().map(cors),
        headers: route.headers.as_ref().map(headers).filter(|h| !h.is_empty()),
    };
    (action, unusable)
}

/// `0s` is no timeout.
pub(super) fn timeout(text: &str) -> Option<String> {
    duration::parse(text).filter(|d| !d.is_zero()).map(duration::print)
}

fn redirect(from: &api::Redirect) -> RedirectAction {
    let path = match (&from.uri, &from.prefix_rewrite) {
        (_, Some(prefix)) if !prefix.is_empty() => Some(PathChange::Prefix(prefix.clone())),
        (Some(uri), _) if !uri.is_empty() => Some(PathChange::Full(uri.clone())),
        _ => None,
    };
    let port = match (from.port, from.derive_port.as_deref()) {
        (Some(port), _) if port != 0 => RedirectPort::Set(port),
        (_, Some("FROM_REQUEST_PORT")) => RedirectPort::OfRequest,
        _ => RedirectPort::Keep,
    };
    RedirectAction {
        path,
        authority: from.authority.clone().filter(|text| !text.is_empty()),
        scheme: from.scheme.clone().filter(|text| !text.is_empty()),
        port,
        status: match from.redirect_code {
            None | Some(0) => 301,
            Some(code) => u16::try_from(code).unwrap_or(0),
        },
    }
}

fn direct(from: &api::DirectResponse) -> DirectAction {
    let text = |key: &str| from.body.as_ref()?.get(key)?.as_str();
    let bytes = || text("bytes").and_then(decode_base64);
    DirectAction {
        status: u16::try_from(from.status).unwrap_or(0),
        body: text("string").map(str::to_owned).or_else(bytes),
    }
}

/// A body given as bytes comes in base64, as JSON has it.
fn decode_base64(text: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| *byte != b'=' && !byte.is_ascii_whitespace()) {
        let value = ALPHABET.iter().position(|known| *known == byte)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(crate::mesh::harmless::text(&String::from_utf8_lossy(&out)).into_owned())
}

fn targets(routes: &[api::HttpRouteDestination], namespace: &str) -> Vec<Target> {
    let alone = routes.len() == 1;
    let one = |route: &api::HttpRouteDestination| {
        let mut headers = route.headers.as_ref().map(headers).unwrap_or_default();
        let authority = take_authority(&mut headers);
        Target {
            // A single destination takes everything, whatever its weight.
            weight: if alone { 1 } else { u32::try_from(route.weight).unwrap_or(0) },
            headers: (!headers.is_empty()).then_some(headers),
            authority,
            ..target(&route.destination, namespace)
        }
    };
    routes.iter().map(one).collect()
}

/// Setting `Host` or `:authority` rewrites the authority instead of a header.
pub(super) fn take_authority(headers: &mut HeaderChanges) -> Option<String> {
    let is_authority = |key: &String| key.eq_ignore_ascii_case("host") || key == ":authority";
    let key = headers.request.set.keys().find(|key| is_authority(key))?.clone();
    headers.request.set.remove(&key)
}

fn rewrite(route: &api::HttpRoute) -> Option<RewriteAction> {
    let mut own = route.headers.as_ref().map(headers).unwrap_or_default();
    let by_header = take_authority(&mut own);
    let from = route.rewrite.clone().unwrap_or_default();
    let path = match (from.uri_regex_rewrite, from.uri) {
        (Some(regex), _) => Some(PathChange::Regex(RegexReplacement {
            pattern: regex.pattern,
            rewrite: regex.rewrite,
        })),
        (None, Some(uri)) if !uri.is_empty() => Some(PathChange::Prefix(uri)),
        _ => None,
    };
    let authority = from.authority.filter(|text| !text.is_empty()).or(by_header);
    (path.is_some() || authority.is_some()).then_some(RewriteAction { path, authority })
}

/// Numbers in `retryOn` are status codes; any of them needs the condition that reads them.
pub(super) fn retries(from: &api::Retries) -> RetryPolicy {
    let attempts = u32::try_from(from.attempts).unwrap_or(0);
    if attempts == 0 {
        return RetryPolicy::default();
    }
    let mut conditions: Vec<&str> = Vec::new();
    let mut codes = Vec::new();
    let words = from.retry_on.as_deref().filter(|text| !text.trim().is_empty()).unwrap_or(RETRY_ON);
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.parse::<u32>() {
            Ok(code) => codes.push(code),
            Err(_) => conditions.push(word),
        }
    }
    if !codes.is_empty() && !conditions.contains(&"retriable-status-codes") {
        conditions.push("retriable-status-codes");
    }
    RetryPolicy {
        attempts,
        per_try_timeout: from.per_try_timeout.as_deref().and_then(timeout),
        retry_on: Some(conditions.join(",")),
        retriable_status_codes: codes,
    }
}

fn fault(from: &api::Fault) -> FaultPolicy {
    let percent = |p: &Option<api::Percent>| p.as_ref().map_or(0.0, |p| p.value.clamp(0.0, 100.0));
    let delay = from.delay.as_ref().and_then(|delay| {
        let length = duration::parse(delay.fixed_delay.as_deref()?)?;
        let old = f64::from(delay.percent.unwrap_or(0).min(100));
        let percent = if delay.percentage.is_some() { percent(&delay.percentage) } else { old };
        Some(FaultDelay { fixed: duration::print(length), percent, duration: length })
    });
    let abort = from.abort.as_ref().map(|abort| FaultAbort {
        http_status: abort.http_status.and_then(|code| u16::try_from(code).ok()),
        grpc_status: abort.grpc_status.as_deref().and_then(grpc_status),
        percent: percent(&abort.percentage),
    });
    FaultPolicy { delay, abort }
}

/// gRPC's status names, in the order of their numbers.
const GRPC_STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn grpc_status(name: &str) -> Option<u16> {
    let number = GRPC_STATUS.iter().position(|known| name.eq_ignore_ascii_case(known));
    number.and_then(|n| u16::try_from(n).ok()).or_else(|| name.parse().ok())
}

/// `mirror` and `mirrors`; a share of 0 turns one off.
fn mirrors(route: &api::HttpRoute, namespace: &str) -> Vec<Mirror> {
    let old = route.mirror.as_ref().map(|destination| {
        let whole = route.mirror_percent.map(|p| f64::from(p.min(100)));
        let percent = route.mirror_percentage.as_ref().map(|p| p.value).or(whole);
        (destination, percent)
    });
    let new =
        route.mirrors.iter().map(|m| (&m.destination, m.percentage.as_ref().map(|p| p.value)));
    old.into_iter()
        .chain(new)
        .map(|(destination, percent)| Mirror {
            target: target(destination, namespace),
            percent: percent.unwrap_or(100.0).clamp(0.0, 100.0),
        })
        .filter(|mirror| mirror.percent > 0.0)
        .collect()
}

fn headers(from: &api::Headers) -> HeaderChanges {
    let side = |ops: &api::HeaderOperations| HeaderSet {
        set: lower(&ops.set),
        add: lower(&ops.add),
        remove: ops.remove.iter().map(|name| name.to_lowercase()).collect(),
    };
    HeaderChanges { request: side(&from.request), response: side(&from.response) }
}

fn lower(
    map: &std::collections::BTreeMap<String, String>,
) -> std::collections::BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}

/// A CORS policy in Envoy's form.
pub(super) fn cors(from: &Value) -> Value {
    let list = |key: &str| -> Vec<&str> {
        from.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let origins = from.get("allowOrigins").and_then(Value::as_array).into_iter().flatten();
    let origins: Vec<Value> = origins
        .map(|origin| match origin.get("regex") {
            Some(regex) => json!({"safeRegex": {"regex": regex}}),
            None => origin.clone(),
        })
        .collect();
    let mut policy = Map::new();
    policy.insert("allowOriginStringMatch".into(), origins.into());
    for (theirs, envoys) in [
        ("allowMethods", "allowMethods"),
        ("allowHeaders", "allowHeaders"),
        ("exposeHeaders", "exposeHeaders"),
    ] {
        let words = list(theirs);
        if !words.is_empty() {
            policy.insert(envoys.into(), words.join(",").into());
        }
    }
    let age = from.get("maxAge").and_then(Value::as_str).and_then(duration::parse);
    if let Some(age) = age {
        policy.insert("maxAge".into(), age.as_secs().to_string().into());
    }
    if let Some(credentials) = from.get("allowCredentials").and_then(Value::as_bool) {
        policy.insert("allowCredentials".into(), credentials.into());
    }
    policy.insert("filterEnabled".into(), json!({"defaultValue": {"numerator": 100}}));
    let ignore = from.get("unmatchedPreflights").and_then(Value::as_str) == Some("IGNORE");
    policy.insert("forwardNotMatchingPreflights".into(), (!ignore).into());
    Value::Object(policy)
}

/// Keeps a shared action, or copies it for a change.
pub(super) fn with(action: &Arc<Action>, change: impl FnOnce(&mut Action)) -> Arc<Action> {
    let mut copy = Action::clone(action);
    change(&mut copy);
    Arc::new(copy)
}
