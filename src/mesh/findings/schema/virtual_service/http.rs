//! Http rules: what they may combine, and each of their parts.

use super::super::headers::{authority, header_name, operations};
use super::super::vocabulary::{duration_field, nanoseconds, port};
use super::super::{Issues, Node};
use super::{destination, http_match, timeout, weights};

pub(super) fn check(rule: &Node<'_>, is_delegate: bool, issues: &mut Issues) {
    let delegates = rule.has("delegate");
    if is_delegate && delegates {
        issues.error(&rule.at("delegate"), "delegate HTTP route cannot contain delegate");
    }
    if delegates && !is_delegate {
        for field in ["redirect", "route"] {
            if rule.says(field) {
                let text =
                    format!("root HTTP route {} must not specify {field}", rule.text("name"));
                issues.error(&rule.at(field), text);
            }
        }
    } else {
        action(rule, issues);
    }
    if rule.has("mirror") && rule.says("mirrors") {
        issues.error(rule, "HTTP route cannot contain both mirror and mirrors");
    }
    for one in rule.items("match") {
        http_match::check(&one, issues);
    }
    operations(rule, issues);
    authority(rule, issues);
    cors(rule, issues);
    fault(rule, issues);
    mirrors(rule, issues);
    redirect(rule, issues);
    direct_response(rule, issues);
    retries(rule, issues);
    rewrite(rule, issues);
    let routes = rule.items("route");
    weights(rule, &routes, issues);
    for route in &routes {
        match route.get("destination") {
            Some(target) => destination(&target, issues),
            None => issues.error(route, "destination is required"),
        }
        operations(route, issues);
    }
    timeout(rule, issues);
}

/// Exactly one of route, redirect and directResponse, and nothing that it excludes.
fn action(rule: &Node<'_>, issues: &mut Issues) {
    let conflict = |issues: &mut Issues, field: &str, word: &str, with: &str| {
        if rule.says(field) {
            let kind = if word == "rewrite" { "HTTP route rule" } else { "HTTP route" };
            issues.error(rule, format!("{kind} cannot contain both {word} and {with}"));
        }
    };
    if rule.has("redirect") {
        conflict(issues, "route", "route", "redirect");
        conflict(issues, "fault", "fault", "redirect");
        conflict(issues, "rewrite", "rewrite", "redirect");
        if rule.has("directResponse") {
            let text = "HTTP route rule cannot contain both direct_response and redirect";
            issues.error(rule, text);
        }
    } else if rule.has("directResponse") {
        conflict(issues, "route", "route", "direct_response");
        conflict(issues, "fault", "fault", "direct_response");
        conflict(issues, "rewrite", "rewrite", "direct_response");
    } else if !rule.says("route") {
        issues.error(rule, "HTTP route, redirect or direct_response is required");
    }
}

fn cors(rule: &Node<'_>, issues: &mut Issues) {
    const METHODS: &[&str] =
        &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];
    let Some(cors) = rule.get("corsPolicy") else { return };
    for origin in cors.items("allowOrigins") {
        let is_said = ["exact", "prefix", "regex"].iter().any(|field| origin.says(field));
        if !is_said {
            issues.error(&origin, "'' is not a valid match type for CORS allow origins");
        } else if origin.has("regex") {
            http_match::string_match(&origin, "corsPolicy.allowOrigins", issues);
        }
    }
    for method in cors.items("allowMethods") {
        if !METHODS.contains(&method.str()) {
            issues.error(&method, format!("{:?} is not a supported HTTP method", method.str()));
        }
    }
    for field in ["allowHeaders", "exposeHeaders"] {
        for name in cors.items(field).iter().filter(|name| name.str() != "*") {
            issues.check(name, header_name(name.str()));
        }
    }
    duration_field(&cors, "maxAge", issues);
    if nanoseconds(cors.text("maxAge")).is_some_and(|age| (age / 1e9).fract() > 1e-9) {
        let text = "max_age duration is accurate only to seconds precision";
        issues.error(&cors.at("maxAge"), text);
    }
}

fn percentage(holder: &Node<'_>, issues: &mut Issues) {
    if let Some(percentage) = holder.get("percentage") {
        let value = percentage.number("value");
        if value != 0.0 && !(0.0001..=100.0).contains(&value) {
            let text = format!("percentage {value} is neither 0.0, nor in range [0.0001, 100.0]");
            issues.error(&percentage, text);
        }
    }
}

fn fault(rule: &Node<'_>, issues: &mut Issues) {
    let Some(fault) = rule.get("fault") else { return };
    if !(fault.has("abort") || fault.has("delay")) {
        issues.error(&fault, "HTTP fault injection must have an abort and/or a delay");
    }
    if let Some(abort) = fault.get("abort") {
        percentage(&abort, issues);
        abort_type(&abort, issues);
    }
    if let Some(delay) = fault.get("delay") {
        percentage(&delay, issues);
        if delay.has("exponentialDelay") {
            issues.error(&delay.at("exponentialDelay"), "exponentialDelay not supported yet");
        }
        if delay.has("fixedDelay") {
            duration_field(&delay, "fixedDelay", issues);
        }
    }
}

fn abort_type(abort: &Node<'_>, issues: &mut Issues) {
    const GRPC: &[&str] = &[
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
    ];
    if abort.has("httpStatus") {
        issues.check(&abort.at("httpStatus"), status(abort.integer("httpStatus")));
    } else if abort.has("grpcStatus") {
        let name = abort.text("grpcStatus");
        if !GRPC.contains(&name) {
            let text = format!(
                "gRPC status {name:?} is not supported. See \
                 https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a list of \
                 supported codes, for example 'NOT_FOUND'"
            );
            issues.error(&abort.at("grpcStatus"), text);
        }
    } else if abort.has("http2Error") {
        let text = "HTTP/2 abort fault injection not supported yet";
        issues.error(&abort.at("http2Error"), text);
    } else {
        issues.warn(abort, "abort configured, but error type not set");
    }
}

/// 600 passes, as in Istio, though the text says otherwise.
fn status(code: i64) -> Option<String> {
    (!(200..=600).contains(&code)).then(|| format!("HTTP status {code} is not in range 200-599"))
}

fn mirrors(rule: &Node<'_>, issues: &mut Issues) {
    if rule.has("mirrorPercent") {
        let node = rule.at("mirrorPercent");
        let text = "using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead";
        issues.warn(&node, text);
        let value = rule.integer("mirrorPercent");
        if value > 100 {
            let text = format!("mirror_percent must have a max value of 100 (it has {value})");
            issues.error(&node, text);
        }
    }
    if let Some(node) = rule.get("mirrorPercentage") {
        let value = node.number("value");
        issues.check(&node, bounds("mirror_percentage", value));
    }
    for mirror in rule.items("mirrors") {
        if !mirror.has("destination") {
            issues.error(&mirror, "destination is required for mirrors");
        }
        if let Some(node) = mirror.get("percentage") {
            issues.check(&node, bounds("mirror percentage", node.number("value")));
        }
    }
}

fn bounds(what: &str, value: f64) -> Option<String> {
    let (word, bound) = match value {
        value if value > 100.0 => ("max", 100),
        value if value < 0.0 => ("min", 0),
        _ => return None,
    };
    Some(format!("{what} must have a {word} value of {bound} (it has {value:.6})"))
}

fn redirect(rule: &Node<'_>, issues: &mut Issues) {
    let Some(redirect) = rule.get("redirect") else { return };
    issues.check(&redirect, redirect_problem(rule, &redirect));
}

fn redirect_problem(rule: &Node<'_>, redirect: &Node<'_>) -> Option<String> {
    if redirect.says("uri") && redirect.says("prefixRewrite") {
        return Some("redirect may only specify one of uri or prefix_rewrite".into());
    }
    let by_prefix =
        rule.items("match").iter().all(|one| one.get("uri").is_none_or(|uri| uri.has("prefix")));
    if redirect.says("prefixRewrite") && !by_prefix {
        let text = "redirect prefix_rewrite requires all URI matches to use prefix match type";
        return Some(text.into());
    }
    let fields = ["uri", "prefixRewrite", "authority", "scheme", "port", "derivePort"];
    if !fields.iter().any(|field| redirect.says(field)) {
        return Some("redirect must specify URI, authority, scheme, or port".into());
    }
    let code = redirect.integer("redirectCode");
    if code != 0 && !(300..=399).contains(&code) {
        return Some(format!("{code} is not a valid redirect code, must be 3xx"));
    }
    if redirect.says("scheme") && !matches!(redirect.text("scheme"), "http" | "https") {
        return Some("invalid redirect scheme, must be \"http\" or \"https\"".into());
    }
    if redirect.says("port") { port(redirect.integer("port")) } else { None }
}

fn direct_response(rule: &Node<'_>, issues: &mut Issues) {
    const KIB: usize = 1024;
    let Some(response) = rule.get("directResponse") else { return };
    let body = response.at("body");
    let size = body.text("string").len().max(body.text("bytes").len() / 4 * 3);
    let text = "large direct_responses may impact control plane performance";
    if size > KIB * KIB {
        issues.error(&body, format!("{text}, must be less than 1MB"));
    } else if size > 100 * KIB {
        issues.warn(&body, text);
    }
    issues.check(&response.at("status"), status(response.integer("status")));
}

fn retries(rule: &Node<'_>, issues: &mut Issues) {
    const CONDITIONS: &[&str] = &[
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    ];
    let Some(retries) = rule.get("retries") else { return };
    let attempts = retries.integer("attempts");
    if attempts < 0 {
        issues.error(&retries.at("attempts"), "attempts cannot be negative");
    }
    let configured = ["perTryTimeout", "retryOn", "retryRemoteLocalities"];
    if attempts == 0 && configured.iter().any(|field| retries.says(field)) {
        let text = "http retry policy configured when attempts are set to 0 (disabled)";
        issues.error(&retries, text);
    }
    duration_field(&retries, "perTryTimeout", issues);
    duration_field(&retries, "backoff", issues);
    if !retries.says("retryOn") {
        return;
    }
    for part in retries.text("retryOn").split(',') {
        let is_status = part.parse::<u16>().is_ok_and(|code| (100..600).contains(&code));
        if !(is_status || CONDITIONS.contains(&part)) {
            let text = format!("{part:?} is not a valid retryOn policy");
            issues.error(&retries.at("retryOn"), text);
        }
    }
}

fn rewrite(rule: &Node<'_>, issues: &mut Issues) {
    let Some(rewrite) = rule.get("rewrite") else { return };
    if rewrite.says("uri") && rewrite.has("uriRegexRewrite") {
        issues.error(&rewrite, "rewrite may only contain one of URI or UriRegexRewrite");
    }
    if !(rewrite.says("uri") || rewrite.has("uriRegexRewrite") || rewrite.says("authority")) {
        let text = "rewrite must specify at least one of URI, UriRegexRewrite, or authority. Only \
                    one of URI or UriRegexRewrite may be specified";
        issues.error(&rewrite, text);
    }
    if let Some(regex) = rewrite.get("uriRegexRewrite")
        && !(regex.says("match") && regex.says("rewrite"))
    {
        let text = "UriRegexRewrite has errors\nUriRegexRewrite requires both Rewrite and Match \
                    fields to be specified";
        issues.error(&regex, text);
    }
}
