//! `vigla route` in words: who decides, what takes the request, where it goes, and why the other
//! rules did not.

use std::fmt::Write;

use crate::mesh::routing::{Answer, Destination, DestinationState, Outcome, SourceKind};
use crate::mesh::words;

mod rules;

/// Glyphs of the text form.
struct Marks {
    taken: &'static str,
    not: &'static str,
    arrow: &'static str,
}

const UNICODE: Marks = Marks { taken: "✓", not: "✗", arrow: "→" };
const ASCII: Marks = Marks { taken: "*", not: "-", arrow: "->" };

/// The answer as text for a terminal.
pub fn text(answer: &Answer, ascii: bool) -> String {
    let request = &answer.request;
    let mut text = String::new();
    if request.protocol.is_http() {
        let (method, host, path) = (&request.method, &request.host, &request.path);
        let _ = writeln!(text, "request     {method} {host} {path} port {}", request.port);
        for (name, value) in &request.headers {
            let _ = writeln!(text, "            {name}: {value}");
        }
    } else {
        let _ = writeln!(text, "connection  {} port {}", request.host, request.port);
    }
    let _ = writeln!(text, "from        {}/{}", request.from.namespace, request.from.name);
    text.push_str(&steps(answer, ascii, true));
    let _ = writeln!(text, "\nin short\n  {}", answer.explain());
    text
}

/// The way of a request: who decides, what takes it, where it goes, and every rule in order;
/// `names` writes those of pods too.
pub fn steps(answer: &Answer, ascii: bool, names: bool) -> String {
    let marks = if ascii { &ASCII } else { &UNICODE };
    let mut text = String::new();
    let _ = writeln!(text, "decided by  {}", decider(answer));
    let _ = match &answer.rule {
        Some(rule) => writeln!(text, "taken by    {} {rule}", marks.taken),
        None => writeln!(text, "taken by    {}", no_rule(answer)),
    };
    let _ = writeln!(text, "outcome     {}", outcome(answer));
    if !answer.destinations.is_empty() {
        text.push_str("\ngoes to\n");
        for destination in &answer.destinations {
            let _ = writeln!(text, "  {} {}", marks.arrow, to(destination, names));
        }
    }
    text.push_str(&rules::text(answer, marks));
    let actions = actions(answer);
    if !actions.is_empty() {
        text.push_str("\nwith\n");
        for line in actions {
            let _ = writeln!(text, "  {line}");
        }
    }
    for caveat in &answer.caveats {
        let _ = writeln!(text, "\nnote: {caveat}");
    }
    text
}

fn decider(answer: &Answer) -> String {
    let by = &answer.decided_by;
    let kind = match by.kind {
        SourceKind::Sidecar => "the sidecar of",
        SourceKind::Gateway => "the gateway",
        SourceKind::Waypoint => "the waypoint",
        SourceKind::None => return "nobody: there is no proxy on the way".to_owned(),
    };
    format!("{kind} {}/{}", by.namespace, by.name)
}

fn no_rule(answer: &Answer) -> &'static str {
    match answer.outcome {
        Outcome::Routed | Outcome::NoHealthyUpstream | Outcome::NoCluster => {
            "no rule: the service's default route"
        }
        Outcome::Passthrough => "no rule: an address the mesh does not know is passed through",
        Outcome::Blackhole => "no rule: only known services may be called",
        _ => "no rule",
    }
}

fn outcome(answer: &Answer) -> String {
    let word = match answer.outcome {
        Outcome::Routed => "routed",
        Outcome::DirectResponse => "answered by the proxy itself",
        Outcome::Redirect => "redirected",
        Outcome::Fault => "aborted by an injected fault",
        Outcome::NotFound => "no route",
        Outcome::NoCluster => "no such service, port or subset",
        Outcome::NoHealthyUpstream => "no ready pod",
        Outcome::Passthrough => "passed through to the address dialled",
        Outcome::Blackhole => "refused",
    };
    let mut text = word.to_owned();
    if let Some(status) = answer.status {
        let _ = write!(text, ", status {status}");
    }
    if let Some(redirect) = &answer.redirect {
        let _ = write!(text, ", to {}", redirect.location);
    }
    text
}

fn to(destination: &Destination, names: bool) -> String {
    let mut text = format!("{:>5}  {}", words::percent(destination.percent), destination.host);
    if let Some(port) = destination.port {
        let _ = write!(text, ":{port}");
    }
    if let Some(subset) = &destination.subset {
        let _ = write!(text, " subset {subset}");
    }
    let pods = &destination.pods;
    if destination.state != DestinationState::NoCluster {
        let _ = write!(text, "   {}/{} pods ready", pods.ready, pods.total);
    }
    if names && !pods.names.is_empty() {
        let shown: Vec<&str> = pods.names.iter().take(3).map(|name| &**name).collect();
        let more = pods.names.len().saturating_sub(shown.len());
        let _ = write!(text, " ({}", shown.join(", "));
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
        text.push(')');
    }
    if let Some(status) = destination.status {
        let flag = destination.response_flag.unwrap_or("-");
        let _ = write!(text, "   fails with {status} {flag}");
    }
    if let Some(detail) = &destination.detail {
        let _ = write!(text, ": {detail}");
    }
    text
}

/// What the rule does beside choosing, a line each.
fn actions(answer: &Answer) -> Vec<String> {
    let actions = &answer.actions;
    let mut lines = Vec::new();
    lines.extend(actions.timeout.as_ref().map(|timeout| format!("timeout {timeout}")));
    // What a fault answers is not tried again.
    let retries = actions.retries.as_ref().filter(|_| answer.outcome != Outcome::Fault);
    if let Some(retries) = retries.filter(|retries| retries.attempts > 0) {
        let on = retries.retry_on.as_deref().map(|on| format!(" on {}", on.replace(',', ", ")));
        let on = on.unwrap_or_default();
        lines.push(format!("up to {} retries{on}", retries.attempts));
    }
    if let Some(rewrite) = &actions.rewrite {
        lines.push(format!(
            "rewritten: the backend sees {} {}",
            rewrite.forwarded_authority, rewrite.forwarded_path
        ));
    }
    if let Some(fault) = &actions.fault {
        if let Some(delay) = &fault.delay {
            lines.push(format!("a delay of {} for {}", delay.fixed, words::percent(delay.percent)));
        }
        if let Some(abort) = &fault.abort {
            let status = abort.http_status.or(abort.grpc_status).unwrap_or_default();
            lines.push(format!("an abort with {status} for {}", words::percent(abort.percent)));
        }
    }
    for mirror in &actions.mirror {
        let subset = mirror.subset.as_deref().map(|s| format!(" subset {s}")).unwrap_or_default();
        let percent = words::percent(mirror.percent);
        lines.push(format!("a copy of {percent} to {}:{}{subset}", mirror.host, mirror.port));
    }
    if let Some(headers) = &actions.headers {
        let sides = [("request", &headers.request), ("response", &headers.response)];
        for (side, changes) in sides.into_iter().filter(|(_, changes)| !changes.is_empty()) {
            let set = changes.set.iter().chain(&changes.add).map(|(k, v)| format!("{k}: {v}"));
            let removed = changes.remove.iter().map(|name| format!("without {name}"));
            let all: Vec<String> = set.chain(removed).collect();
            lines.push(format!("{side} headers {}", all.join(", ")));
        }
    }
    lines
}
