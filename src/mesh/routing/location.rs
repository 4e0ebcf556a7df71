//! Paths and locations after a rewrite or a redirect, as Envoy makes them.

use regex::Regex;

use super::answer::RegexReplacement;
use super::condition::View;
use super::rule::{HttpMatch, PathChange, PathCondition, RedirectAction, RedirectPort};

/// What is told of a path change.
pub fn shown(change: Option<&PathChange>) -> (Option<String>, Option<RegexReplacement>) {
    match change {
        Some(
            PathChange::Prefix(text) | PathChange::SegmentPrefix(text) | PathChange::Full(text),
        ) => (Some(text.clone()), None),
        Some(PathChange::Regex(regex)) => (None, Some(regex.clone())),
        None => (None, None),
    }
}

/// Path and query as the upstream gets them.
pub fn forwarded_path(
    change: Option<&PathChange>,
    view: &View<'_>,
    matched: Option<&HttpMatch>,
) -> String {
    let path = match change {
        None => view.path.clone(),
        Some(PathChange::Full(text)) => text.clone(),
        Some(PathChange::Prefix(text)) => format!("{text}{}", behind_match(view, matched)),
        Some(PathChange::SegmentPrefix(text)) => {
            let rest = behind_match(view, matched);
            let joint = if rest.is_empty() || rest.starts_with('/') { "" } else { "/" };
            format!("{text}{joint}{rest}")
        }
        Some(PathChange::Regex(regex)) => replace(regex, &view.path),
    };
    format!("{path}{}", view.query)
}

/// What is left of the path behind the part that matched: nothing behind an exact or regular
/// expression match; without a condition the first slash is the match.
fn behind_match<'a>(view: &'a View<'_>, matched: Option<&HttpMatch>) -> &'a str {
    let length = match matched.and_then(|m| m.path.as_ref()) {
        None => 1,
        Some(PathCondition::Exact(_) | PathCondition::Regex(_)) => view.path.len(),
        Some(PathCondition::Prefix(prefix)) => prefix.len(),
        // The prefix `/` matches its slash.
        Some(PathCondition::Segments(prefix)) => prefix.len().max(1),
    };
    view.path.get(length..).unwrap_or_default()
}

/// RE2's `\1` in the words of the regex crate; every match is replaced.
fn replace(change: &RegexReplacement, path: &str) -> String {
    let Ok(regex) = Regex::new(&change.pattern) else { return path.to_owned() };
    let mut template = String::with_capacity(change.rewrite.len());
    let mut chars = change.rewrite.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    template.push_str("${");
                    template.push(digit);
                    template.push('}');
                }
                Some(other) => template.push(other),
                None => {}
            },
            '$' => template.push_str("$$"),
            _ => template.push(c),
        }
    }
    regex.replace_all(path, template.as_str()).into_owned()
}

/// The Location header of a redirect; `port` is the one the rules were asked for.
pub fn of_redirect(
    redirect: &RedirectAction,
    view: &View<'_>,
    matched: Option<&HttpMatch>,
    port: u16,
) -> String {
    let scheme = redirect.scheme.as_deref().unwrap_or(view.scheme);
    let number = match redirect.port {
        RedirectPort::Keep => None,
        RedirectPort::Set(number) => Some(number),
        RedirectPort::OfRequest => Some(u32::from(port)),
    };
    let new_port = number.filter(|n| !matches!((scheme, n), ("http", 80) | ("https", 443)));
    let host = match &redirect.authority {
        Some(authority) => authority.clone(),
        None => kept_host(view, scheme, new_port.is_some()),
    };
    let port = new_port.map(|n| format!(":{n}")).unwrap_or_default();
    let path = match &redirect.path {
        // A path with its own query replaces the query too.
        Some(PathChange::Full(path)) if path.contains('?') => path.clone(),
        change => forwarded_path(change.as_ref(), view, matched),
    };
    format!("{scheme}://{host}{port}{path}")
}

/// The redirect of a server with `httpsRedirect`.
pub fn to_https(view: &View<'_>) -> String {
    format!("https://{}{}{}", kept_host(view, "https", false), view.path, view.query)
}

/// The host of the request; its port goes if another is set, or if it was the old scheme's own
/// and the scheme changes.
fn kept_host(view: &View<'_>, scheme: &str, replaced: bool) -> String {
    let Some((host, port)) = view.authority.rsplit_once(':') else {
        return view.authority.to_owned();
    };
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let own = matches!((view.scheme, port), ("http", "80") | ("https", "443"));
    if is_port && (replaced || (own && scheme != view.scheme)) {
        host.to_owned()
    } else {
        view.authority.to_owned()
    }
}
