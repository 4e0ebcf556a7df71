//! One form for every kind of rule: what a proxy is given, before it is filtered for one proxy.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use super::answer::{FaultPolicy, HeaderChanges, RegexReplacement, RetryPolicy, RuleRef};
use super::reason::Reason;
use crate::mesh::object::Labels;

/// The name under which a rule speaks of the mesh instead of a gateway.
pub const MESH: &str = "mesh";

/// Rules for a list of hosts, in order: a VirtualService, or what Gateway API routes come to.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// Names the object in answers; its index is `None`.
    pub reference: RuleRef,
    /// Made of Gateway API routes: stricter visibility, 500 for a missing backend.
    pub from_route: bool,
    pub created: Option<Timestamp>,
    /// Full names in lower case.
    pub hosts: Vec<Arc<str>>,
    /// [`MESH`] or `namespace/name`.
    pub gateways: Vec<Arc<str>>,
    pub export: Export,
    pub http: Vec<HttpRule>,
    pub tls: Vec<ConnectionRule>,
    pub tcp: Vec<ConnectionRule>,
    /// Namespace of the parent service of a mesh route.
    pub parent_namespace: Option<Arc<str>>,
    /// The parent reference's port: the rules cover no other.
    pub parent_port: Option<u16>,
}

/// Who may see an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    Public,
    /// Its own namespace alone.
    Private,
    Namespaces(Vec<Arc<str>>),
    Nobody,
}

impl Export {
    /// Of an `exportTo` list, or of the mesh's default where that is empty.
    pub fn of<S: AsRef<str>>(list: &[S], default: &[String], own: &str) -> Self {
        let words: Vec<&str> = if list.is_empty() {
            default.iter().map(String::as_str).collect()
        } else {
            list.iter().map(|word| word.as_ref().trim()).collect()
        };
        if words.is_empty() || words.contains(&"*") {
            return Self::Public;
        }
        if words.contains(&"~") {
            return Self::Nobody;
        }
        if words.iter().all(|word| *word == "." || *word == own) {
            return Self::Private;
        }
        let named = words.iter().map(|word| if *word == "." { own.into() } else { (*word).into() });
        Self::Namespaces(named.collect())
    }

    /// Whether a namespace sees an object of the namespace `own`.
    pub fn reaches(&self, own: &str, namespace: &str) -> bool {
        match self {
            Self::Public => true,
            Self::Private => own == namespace,
            Self::Namespaces(names) => names.iter().any(|name| &**name == namespace),
            Self::Nobody => false,
        }
    }
}

/// One rule of HTTP: any of the matches, then the action.
#[derive(Debug, Clone)]
pub struct HttpRule {
    pub reference: RuleRef,
    /// Alternatives in order; empty takes everything.
    pub matches: Vec<HttpMatch>,
    pub action: Arc<Action>,
    /// Why the rule cannot be used at all.
    pub unusable: Option<(Reason, String)>,
}

/// Conditions that must all hold.
#[derive(Debug, Clone, Default)]
pub struct HttpMatch {
    pub path: Option<PathCondition>,
    pub ignore_case: bool,
    pub scheme: Option<Text>,
    pub method: Option<Text>,
    pub authority: Option<Text>,
    pub headers: Vec<(String, Text)>,
    pub without_headers: Vec<(String, Text)>,
    pub query: Vec<(String, Text)>,
    /// 0 means any.
    pub port: u32,
    pub source_labels: Labels,
    pub source_namespace: String,
    pub gateways: Vec<Arc<str>>,
}

/// A condition on the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathCondition {
    Exact(String),
    /// Characters, not segments.
    Prefix(String),
    /// Whole segments; without a slash at the end.
    Segments(String),
    Regex(Pattern),
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    Exact(String),
    Prefix(String),
    Regex(Pattern),
    Present,
}

impl Text {
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == value,
            Self::Prefix(wanted) => value.starts_with(wanted.as_str()),
            Self::Regex(pattern) => pattern.matches(value),
            Self::Present => true,
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => write!(f, "exactly \"{text}\""),
            Self::Prefix(text) => write!(f, "prefix \"{text}\""),
            Self::Regex(pattern) => write!(f, "regex \"{}\"", pattern.text),
            Self::Present => f.write_str("any value"),
        }
    }
}

impl std::fmt::Display for PathCondition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => write!(f, "exactly {text}"),
            Self::Prefix(text) => write!(f, "prefix {text}"),
            Self::Segments(text) if text.is_empty() => f.write_str("path prefix /"),
            Self::Segments(text) => write!(f, "path prefix {text}"),
            Self::Regex(pattern) => write!(f, "regex {}", pattern.text),
        }
    }
}

/// A regular expression that must match the whole text; compiled when first asked, because an
/// index holds thousands and a question tries few.
#[derive(Debug, Clone, Default)]
pub struct Pattern {
    pub text: String,
    compiled: OnceLock<Option<Regex>>,
}

/// Istio refuses longer ones.
const LONGEST_PATTERN: usize = 1024;

impl Pattern {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// A pattern that does not compile matches nothing.
    pub fn matches(&self, value: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            let short = self.text.len() <= LONGEST_PATTERN;
            short.then(|| Regex::new(&format!("^(?:{})$", self.text)).ok()).flatten()
        });
        compiled.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// What a rule of HTTP does.
#[derive(Debug, Clone, Default)]
pub struct Action {
    pub redirect: Option<RedirectAction>,
    pub direct: Option<DirectAction>,
    pub targets: Vec<Target>,
    pub rewrite: Option<RewriteAction>,
    /// As protobuf prints a duration.
    pub timeout: Option<String>,
    /// `None` leaves the mesh's default.
    pub retries: Option<RetryPolicy>,
    pub fault: Option<FaultPolicy>,
    pub mirrors: Vec<Mirror>,
    /// The policy in Envoy's form, and whether preflights that do not match are forwarded.
    pub cors: Option<Value>,
    pub headers: Option<HeaderChanges>,
}

/// A place to send to, with its weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// Full name in lower case.
    pub host: Arc<str>,
    pub subset: Option<Arc<str>>,
    pub port: Option<u16>,
    pub weight: u32,
    pub headers: Option<HeaderChanges>,
    /// The reference may not be followed; its share fails.
    pub refused: Option<(Reason, String)>,
    /// Authority set for this share alone.
    pub authority: Option<String>,
}

/// A copy of the request for `percent` of the requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    pub target: Target,
    pub percent: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectAction {
    pub path: Option<PathChange>,
    pub authority: Option<String>,
    pub scheme: Option<String>,
    pub port: RedirectPort,
    pub status: u16,
}

/// The port of a redirect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RedirectPort {
    /// The one of the Host header stays.
    #[default]
    Keep,
    Set(u32),
    /// The one the request came in on.
    OfRequest,
}

/// How a redirect or rewrite changes the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathChange {
    Full(String),
    /// What the condition matched as a prefix is replaced.
    Prefix(String),
    Regex(RegexReplacement),
    /// The Gateway API's `ReplacePrefixMatch` where it needs care with slashes.
    SegmentPrefix(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectAction {
    pub status: u16,
    pub body: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RewriteAction {
    pub path: Option<PathChange>,
    pub authority: Option<String>,
}

/// One rule of `tls` or `tcp`.
#[derive(Debug, Clone)]
pub struct ConnectionRule {
    pub reference: RuleRef,
    /// Alternatives; empty takes everything.
    pub matches: Vec<ConnectionMatch>,
    pub targets: Vec<Target>,
}

/// Conditions on a connection, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionMatch {
    pub sni_hosts: Vec<String>,
    pub destination_subnets: Vec<String>,
    pub port: u32,
    pub source_labels: Labels,
    pub source_namespace: String,
    pub gateways: Vec<Arc<str>>,
}

impl HttpMatch {
    /// Whether it compiles to a route that takes every path unconditionally.
    ///
    /// Istio, `route.go` `IsCatchAllRoute`: an empty prefix is not recognised as one.
    pub fn is_catch_all(&self) -> bool {
        let every_path = match &self.path {
            None => true,
            Some(PathCondition::Prefix(text)) => text == "/",
            Some(PathCondition::Segments(text)) => text.is_empty(),
            Some(PathCondition::Regex(pattern)) => pattern.text == ".*" || pattern.text == "*",
            Some(PathCondition::Exact(_)) => false,
        };
        every_path
            && self.scheme.is_none()
            && self.method.is_none()
            && self.authority.is_none()
            && self.headers.is_empty()
            && self.without_headers.is_empty()
            && self.query.is_empty()
    }
}

impl std::fmt::Display for HttpMatch {
    /// The conditions in words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let mut add = |what: &str, condition: &dyn std::fmt::Display| {
            parts.push(format!("{what} {condition}"));
        };
        if let Some(path) = &self.path {
            add("path", path);
        }
        for (what, condition) in
            [("scheme", &self.scheme), ("method", &self.method), ("authority", &self.authority)]
        {
            if let Some(condition) = condition {
                add(what, condition);
            }
        }
        for (name, condition) in &self.headers {
            add(&format!("header {name}"), condition);
        }
        for (name, condition) in &self.without_headers {
            add(&format!("no header {name} with"), condition);
        }
        for (name, condition) in &self.query {
            add(&format!("query {name}"), condition);
        }
        if self.port != 0 {
            add("port", &self.port);
        }
        for (key, value) in &self.source_labels {
            parts.push(format!("source label {key}={value}"));
        }
        if !self.source_namespace.is_empty() {
            parts.push(format!("source namespace {}", self.source_namespace));
        }
        if parts.is_empty() {
            return f.write_str("any request");
        }
        f.write_str(&parts.join(" and "))
    }
}
