//! Expectations about routing as a file: unit tests for a mesh's routes.
//!
//! A file says for a few requests where they must go. It is checked against live configuration
//! or against manifests before they are applied, by the routing engine and nothing else: no
//! request is sent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::routing::{Answer, Request, RequestProtocol, Router};
use super::status::Trouble;

mod check;

pub use check::Mismatch;

/// A file of expectations.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectationFile {
    /// Namespace of sources and short host names that name none.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Source of the tests that name none.
    #[serde(default)]
    pub from: Option<String>,
    pub tests: Vec<Expectation>,
}

/// One request and what must become of it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    pub name: String,
    #[serde(default)]
    pub from: Option<String>,
    /// `HOST` or `HOST:PORT`.
    pub to: String,
    #[serde(default = "root")]
    pub path: String,
    #[serde(default = "get")]
    pub method: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub protocol: RequestProtocol,
    /// The Host header, where it differs from `to`.
    #[serde(default)]
    pub host: Option<String>,
    #[serde(default)]
    pub sni: Option<String>,
    #[serde(default)]
    pub address: Option<IpAddr>,
    pub expect: Expected,
}

fn root() -> String {
    "/".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

/// What must hold; only what is written is checked, and something must be.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Expected {
    /// `routed`, `redirect`, `fault`, `not_found`, … as in the JSON of `vigla route`.
    pub outcome: Option<String>,
    /// The status that the proxy itself answers with.
    pub status: Option<u16>,
    /// The object whose rule decides: `NAME` or `NAMESPACE/NAME`.
    pub rule: Option<String>,
    /// The position of that rule, or its name.
    pub rule_index: Option<usize>,
    pub rule_name: Option<String>,
    /// The service that gets every request.
    pub service: Option<String>,
    /// The subset that gets every request.
    pub subset: Option<String>,
    /// Percent by subset, or by service where there is no subset. Others must get none.
    pub shares: BTreeMap<String, f64>,
    pub port: Option<u16>,
    /// Ready pods behind every destination, at least.
    pub min_ready: Option<u32>,
    /// The location of the redirect.
    pub redirect: Option<String>,
    /// A duration such as `3s`; `none` for no timeout.
    pub timeout: Option<String>,
    /// Attempts of the effective policy.
    pub retries: Option<u32>,
    /// The path and authority that the backend sees.
    pub rewritten_path: Option<String>,
    pub rewritten_host: Option<String>,
    /// Service that gets a copy.
    pub mirror: Option<String>,
    /// A delay such as `7s`.
    pub delay: Option<String>,
    /// Status of an injected abort.
    pub abort: Option<u16>,
}

/// What became of one expectation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    pub file: String,
    pub name: String,
    /// What did not hold; empty when all did.
    pub mismatches: Vec<Mismatch>,
    /// Why it could not be asked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Trouble>,
    /// The engine's answer, for the explanation of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty() && self.error.is_none()
    }
}

impl ExpectationFile {
    /// Reads a file in YAML or JSON.
    ///
    /// # Errors
    /// What does not fit, with the line and what is allowed.
    pub fn parse(text: &str, name: &str) -> Result<Self, Trouble> {
        let wrong = |why: String| {
            Trouble::new(
                format!("read the expectations {name}"),
                why,
                "a file has `tests`: a list with `name`, `to` and `expect`",
            )
        };
        let file: Self = serde_saphyr::from_str(text)
            .map_err(|error| wrong(super::harmless::text(&error.to_string()).into_owned()))?;
        for test in &file.tests {
            if test.expect == Expected::default() {
                return Err(wrong(format!("\"{}\" expects nothing", test.name)));
            }
            if test.from.is_none() && file.from.is_none() {
                return Err(wrong(format!("\"{}\" has no `from`, and the file none", test.name)));
            }
        }
        Ok(file)
    }

    /// Asks every question and compares.
    pub fn check(&self, file: &str, router: &Router, namespace: &str) -> Vec<Verdict> {
        let namespace = self.namespace.as_deref().unwrap_or(namespace);
        let one = |test: &Expectation| {
            let mut verdict = Verdict {
                file: file.to_owned(),
                name: test.name.clone(),
                mismatches: Vec::new(),
                error: None,
                answer: None,
            };
            match test.request(self.from.as_deref(), router, namespace) {
                Ok(request) => {
                    let answer = router.answer(&request);
                    verdict.mismatches = check::compare(&test.expect, &answer, namespace);
                    verdict.answer = Some(answer);
                }
                Err(trouble) => verdict.error = Some(trouble),
            }
            verdict
        };
        self.tests.iter().map(one).collect()
    }
}

impl Expectation {
    fn request(
        &self,
        default_from: Option<&str>,
        router: &Router,
        namespace: &str,
    ) -> Result<Request, Trouble> {
        let from = self.from.as_deref().or(default_from).unwrap_or_default();
        let from = router.source(from, namespace)?;
        let (to, port) = split_port(&self.to);
        let port = port.unwrap_or(if self.protocol == RequestProtocol::Https { 443 } else { 80 });
        Ok(Request {
            from,
            protocol: self.protocol,
            host: self.host.clone().unwrap_or_else(|| to.to_owned()),
            port,
            target_port: None,
            address: self.address,
            sni: self.sni.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        })
    }
}

/// Host and port of `HOST[:PORT]`, `[IPV6]:PORT` included.
pub fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            port.parse().map_or((text, None), |port| (host, Some(port)))
        }
        _ => (text, None),
    }
}
