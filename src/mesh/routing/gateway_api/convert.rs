//! Rules of HTTPRoute and GRPCRoute in the engine's form: one rule a match.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mesh::config::gateway_api as api;
use crate::mesh::config::gateway_api::{GrpcRoute, HttpRoute};
use crate::mesh::object::Resource;
use crate::mesh::routing::action;
use crate::mesh::routing::answer::{
    HeaderChanges, HeaderSet, RegexReplacement, RetryPolicy, RuleRef,
};
use crate::mesh::routing::duration;
use crate::mesh::routing::rule::{
    Action, DirectAction, HttpMatch, HttpRule, Mirror, PathChange, PathCondition, Pattern,
    RedirectAction, RedirectPort, RewriteAction, Text,
};
use crate::mesh::{Kind, Objects};

use super::{backend, reference};

/// One rule with several matches becomes one rule a match, because each is sorted by itself.
fn split_rules(
    object: &RuleRef,
    index: usize,
    name: Option<&str>,
    matches: Vec<HttpMatch>,
    action: Action,
) -> Vec<HttpRule> {
    let reference =
        RuleRef { index: Some(index), rule_name: name.map(Into::into), ..object.clone() };
    let action = Arc::new(action);
    let one = |matched: Option<HttpMatch>| HttpRule {
        reference: reference.clone(),
        matches: matched.into_iter().collect(),
        action: Arc::clone(&action),
        unusable: None,
    };
    if matches.is_empty() {
        return vec![one(None)];
    }
    matches.into_iter().map(|matched| one(Some(matched))).collect()
}

pub fn http_rules(objects: &Objects, route: &Resource<HttpRoute>, mesh: bool) -> Vec<HttpRule> {
    let object = reference(&route.meta, Kind::HttpRoute);
    let namespace = &route.meta.namespace;
    let rules = route.spec.rules.iter().enumerate();
    rules
        .flat_map(|(index, rule)| {
            // The API server fills in the prefix `/`; a manifest may not have it yet.
            let everything = [api::HttpRouteMatch::default()];
            let written = if rule.matches.is_empty() { &everything[..] } else { &rule.matches };
            let matches: Vec<HttpMatch> = written.iter().map(http_match).collect();
            let place = Place { objects, namespace, kind: Kind::HttpRoute, mesh };
            let mut action = place.action(&rule.filters, &rule.backend_refs, &matches);
            timeouts(&mut action, rule);
            split_rules(&object, index, rule.name.as_deref(), matches, action)
        })
        .collect()
}

pub fn grpc_rules(objects: &Objects, route: &Resource<GrpcRoute>, mesh: bool) -> Vec<HttpRule> {
    let object = reference(&route.meta, Kind::GrpcRoute);
    let namespace = &route.meta.namespace;
    let rules = route.spec.rules.iter().enumerate();
    rules
        .flat_map(|(index, rule)| {
            let matches: Vec<HttpMatch> = rule.matches.iter().map(grpc_match).collect();
            let place = Place { objects, namespace, kind: Kind::GrpcRoute, mesh };
            let action = place.action(&rule.filters, &rule.backend_refs, &matches);
            split_rules(&object, index, rule.name.as_deref(), matches, action)
        })
        .collect()
}

fn http_match(from: &api::HttpRouteMatch) -> HttpMatch {
    HttpMatch {
        path: Some(path(from.path.as_ref())),
        method: from.method.as_ref().map(|method| Text::Exact(method.clone())),
        headers: named(&from.headers),
        query: named(&from.query_params),
        ..HttpMatch::default()
    }
}

/// Absent means the prefix `/`, which takes every path.
fn path(from: Option<&api::PathMatch>) -> PathCondition {
    let value = from.and_then(|p| p.value.as_deref()).unwrap_or("/");
    match from.map(|p| p.kind.as_str()) {
        Some("Exact") => PathCondition::Exact(value.to_owned()),
        Some("RegularExpression") => PathCondition::Regex(Pattern::new(value)),
        _ => PathCondition::Segments(value.strip_suffix('/').unwrap_or(value).to_owned()),
    }
}

/// Of two conditions on one name the last counts, as in Istio; the specification says the first.
fn named(list: &[api::NamedMatch]) -> Vec<(String, Text)> {
    let last: BTreeMap<&str, Text> = list
        .iter()
        .map(|condition| {
            let text = if condition.kind == "RegularExpression" {
                Text::Regex(Pattern::new(&condition.value))
            } else {
                Text::Exact(condition.value.clone())
            };
            (condition.name.as_str(), text)
        })
        .collect();
    last.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// A gRPC call is a POST to `/service/method`; only the path and headers are compared.
fn grpc_match(from: &api::GrpcRouteMatch) -> HttpMatch {
    let method = from.method.clone().unwrap_or_default();
    let regex = method.kind == "RegularExpression";
    let set = |text: Option<String>| text.filter(|t| !t.is_empty());
    let path = match (set(method.service), set(method.method)) {
        (Some(service), Some(name)) if regex => {
            PathCondition::Regex(Pattern::new(&format!("/{service}/{name}")))
        }
        (Some(service), Some(name)) => PathCondition::Exact(format!("/{service}/{name}")),
        (Some(service), None) if regex => {
            PathCondition::Regex(Pattern::new(&format!("/{service}/.+")))
        }
        (Some(service), None) => PathCondition::Segments(format!("/{service}")),
        (None, Some(name)) => PathCondition::Regex(Pattern::new(&format!("/[^/]+/{name}"))),
        (None, None) => PathCondition::Segments(String::new()),
    };
    HttpMatch { path: Some(path), headers: named(&from.headers), ..HttpMatch::default() }
}

/// Where a rule stands.
struct Place<'a> {
    objects: &'a Objects,
    namespace: &'a str,
    kind: Kind,
    mesh: bool,
}

impl Place<'_> {
    fn action(
        &self,
        filters: &[api::RouteFilter],
        backends: &[api::BackendRef],
        matches: &[HttpMatch],
    ) -> Action {
        let redirect = filters.iter().find_map(|f| f.request_redirect.as_ref()).map(redirect);
        let targets =
            backend::targets(self.objects, backends, self.namespace, self.kind, self.mesh);
        let nowhere = redirect.is_none() && targets.is_empty();
        Action {
            direct: nowhere.then_some(DirectAction { status: 500, body: None }),
            rewrite: filters
                .iter()
                .find_map(|f| f.url_rewrite.as_ref())
                .map(|r| rewrite(r, matches)),
            mirrors: filters
                .iter()
                .filter_map(|f| self.mirror(f.request_mirror.as_ref()?))
                .collect(),
            cors: filters.iter().find_map(|f| f.cors.as_ref()).map(cors),
            headers: header_changes(filters),
            redirect,
            targets,
            ..Action::default()
        }
    }

    fn mirror(&self, from: &api::RequestMirror) -> Option<Mirror> {
        let percent = match (from.percent, &from.fraction) {
            (Some(percent), _) => f64::from(percent.min(100)),
            (None, Some(part)) => {
                let whole = f64::from(part.denominator.unwrap_or(100).max(1));
                (100.0 * f64::from(part.numerator) / whole).min(100.0)
            }
            (None, None) => 100.0,
        };
        let target =
            backend::target(self.objects, &from.backend_ref, self.namespace, self.kind, self.mesh);
        (percent > 0.0).then_some(Mirror { target, percent })
    }
}

/// `backendRequest` is a try's timeout where retries are set, else the timeout.
fn timeouts(action: &mut Action, rule: &api::HttpRouteRule) {
    let read = |text: Option<&String>| text.and_then(|t| action::timeout(t));
    let timeouts = rule.timeouts.as_ref();
    let whole = read(timeouts.and_then(|t| t.request.as_ref()));
    let per_try = read(timeouts.and_then(|t| t.backend_request.as_ref()));
    action.timeout = if rule.retry.is_none() { per_try.clone().or(whole) } else { whole };
    action.retries = rule.retry.as_ref().map(|retry| {
        let attempts = retry.attempts.unwrap_or(2);
        if attempts == 0 {
            return RetryPolicy::default();
        }
        RetryPolicy {
            attempts,
            per_try_timeout: per_try,
            retry_on: Some(action::RETRY_ON.to_owned()),
            retriable_status_codes: retry.codes.clone(),
        }
    });
}

/// Without a port the one of the request stays, unless the scheme changes.
fn redirect(from: &api::RequestRedirect) -> RedirectAction {
    RedirectAction {
        path: from.path.as_ref().and_then(|path| match path.kind.as_str() {
            "ReplaceFullPath" => Some(PathChange::Full(path.replace_full_path.clone()?)),
            _ => Some(PathChange::Prefix(path.replace_prefix_match.clone()?)),
        }),
        authority: from.hostname.clone(),
        scheme: from.scheme.clone(),
        port: match (from.port, &from.scheme) {
            (Some(port), _) => RedirectPort::Set(u32::from(port)),
            (None, Some(_)) => RedirectPort::Keep,
            (None, None) => RedirectPort::OfRequest,
        },
        status: from.status_code.unwrap_or(302),
    }
}

/// A prefix that is replaced by `/` must not leave two slashes: Istio uses an expression then.
fn rewrite(from: &api::UrlRewrite, matches: &[HttpMatch]) -> RewriteAction {
    let prefix = matches.iter().find_map(|matched| match &matched.path {
        Some(PathCondition::Segments(prefix)) => Some(prefix.as_str()),
        _ => None,
    });
    let path = from.path.as_ref().and_then(|path| {
        if path.kind == "ReplaceFullPath" {
            let whole = path.replace_full_path.clone()?;
            return Some(PathChange::Regex(RegexReplacement {
                pattern: "/.*".to_owned(),
                rewrite: whole,
            }));
        }
        let new = path.replace_prefix_match.as_deref()?;
        let trimmed = new.strip_suffix('/').unwrap_or(new);
        match (trimmed, prefix) {
            ("", Some(prefix)) => Some(PathChange::Regex(RegexReplacement {
                pattern: format!("^{}(/?)(.*)", regex::escape(prefix)),
                rewrite: "/\\2".to_owned(),
            })),
            _ => Some(PathChange::SegmentPrefix(trimmed.to_owned())),
        }
    });
    RewriteAction { path, authority: from.hostname.clone() }
}

/// Header changes of a list of filters.
pub fn header_changes(filters: &[api::RouteFilter]) -> Option<HeaderChanges> {
    let mut changes = HeaderChanges::default();
    for filter in filters {
        if let Some(modifier) = &filter.request_header_modifier {
            extend(&mut changes.request, modifier);
        }
        if let Some(modifier) = &filter.response_header_modifier {
            extend(&mut changes.response, modifier);
        }
    }
    (!changes.is_empty()).then_some(changes)
}

fn extend(set: &mut HeaderSet, from: &api::HeaderModifier) {
    let pair = |header: &api::HeaderValue| (header.name.to_lowercase(), header.value.clone());
    set.set.extend(from.set.iter().map(pair));
    set.add.extend(from.add.iter().map(pair));
    set.remove.extend(from.remove.iter().map(|name| name.to_lowercase()));
}

/// The Gateway API's filter in the words of a VirtualService's policy.
fn cors(from: &serde_json::Value) -> serde_json::Value {
    let origins = from.get("allowOrigins").and_then(serde_json::Value::as_array);
    let origins: Vec<serde_json::Value> = origins
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .map(|origin| {
            if !origin.contains('*') {
                return serde_json::json!({"exact": origin});
            }
            let pattern = regex::escape(origin).replace("\\*", ".*");
            serde_json::json!({"regex": pattern})
        })
        .collect();
    let mut policy = from.clone();
    if let Some(map) = policy.as_object_mut() {
        map.insert("allowOrigins".into(), origins.into());
        map.insert("unmatchedPreflights".into(), "IGNORE".into());
        if let Some(age) = from.get("maxAge").and_then(serde_json::Value::as_u64) {
            map.insert(
                "maxAge".into(),
                duration::print(std::time::Duration::from_secs(age)).into(),
            );
        }
    }
    action::cors(&policy)
}
