//! What counts as ill: tolerances by code, protocol and direction, by rules that name objects.

use std::borrow::Cow;
use std::fmt;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Subject;
use crate::mesh::graph::Health;

/// Rules, the first that names an object counts; as `config.toml` has them under `health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HealthConfig {
    /// Below this many requests in the window nothing is called a failure.
    pub min_requests: f64,
    /// The last rule should name everything, or what no rule names is always healthy.
    pub rules: Vec<HealthRule>,
}

/// Tolerances for the objects that it names; each pattern must match as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HealthRule {
    pub namespace: Pattern,
    /// `app`, `workload` or `service`.
    pub kind: Pattern,
    pub name: Pattern,
    pub tolerances: Vec<Tolerance>,
}

/// How large a share of an outcome may become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tolerance {
    pub code: CodePattern,
    #[serde(default)]
    pub protocol: Pattern,
    #[serde(default)]
    pub direction: Direction,
    /// Percent from which it is degraded; 0 is any at all.
    pub degraded: f64,
    /// Percent from which it is a failure.
    pub failure: f64,
}

/// Whose requests: those that come in, those that go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Inbound,
    Outbound,
    #[default]
    Both,
}

impl Tolerance {
    fn new(code: &str, protocol: &str, degraded: f64, failure: f64) -> Self {
        Self {
            code: CodePattern(Pattern::anchored(code, true)),
            protocol: Pattern::anchored(protocol, false),
            direction: Direction::Both,
            degraded,
            failure,
        }
    }

    pub(super) fn applies(&self, protocol: &str, direction: Direction) -> bool {
        let either = [self.direction, direction].contains(&Direction::Both);
        (either || self.direction == direction) && self.protocol.matches(protocol)
    }

    pub(super) fn judge(&self, percent: f64) -> Health {
        if percent <= 0.0 {
            Health::Healthy
        } else if percent >= self.failure {
            Health::Failure
        } else if percent >= self.degraded {
            Health::Degraded
        } else {
            Health::Healthy
        }
    }

    /// The annotation `health.kiali.io/rate`: `code,degraded,failure,protocol,direction`, several
    /// separated by `;`. `None` where it cannot be read.
    fn annotated(text: &str) -> Option<Vec<Self>> {
        let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                let mut fields = entry.split(',').map(str::trim);
                let code = Pattern::read(fields.next()?, true).ok()?;
                let (degraded, failure) =
                    (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
                let protocol = Pattern::read(fields.next().unwrap_or(".*"), false).ok()?;
                let direction = match fields.next().unwrap_or_default() {
                    "inbound" => Direction::Inbound,
                    "outbound" => Direction::Outbound,
                    _ => Direction::Both,
                };
                Some(Self { code: CodePattern(code), protocol, direction, degraded, failure })
            })
            .collect()
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self { min_requests: 10.0, rules: vec![HealthRule::default()] }
    }
}

impl Default for HealthRule {
    /// Kiali's default tolerances, for everything. Those of HTTP's codes count for gRPC too, where
    /// a request failed before gRPC could say how: Kiali shows the errors and calls them healthy.
    fn default() -> Self {
        Self {
            namespace: Pattern::default(),
            kind: Pattern::default(),
            name: Pattern::default(),
            tolerances: vec![
                Tolerance::new("5XX", "http|grpc", 0.0, 10.0),
                Tolerance::new("4XX", "http|grpc", 10.0, 20.0),
                Tolerance::new("[1-9]|1[0-6]", "grpc", 0.0, 10.0),
                Tolerance::new("-", "http|grpc", 0.0, 10.0),
            ],
        }
    }
}

impl HealthConfig {
    /// The tolerances for an object.
    pub(super) fn tolerances(&self, subject: &Subject<'_>) -> Cow<'_, [Tolerance]> {
        if let Some(own) = subject.annotation.and_then(Tolerance::annotated) {
            return Cow::Owned(own);
        }
        let named = self.rules.iter().find(|rule| {
            rule.namespace.matches(subject.namespace)
                && rule.kind.matches(subject.kind)
                && rule.name.matches(subject.name)
        });
        Cow::Borrowed(named.map_or(&[], |rule| &rule.tolerances))
    }
}

/// A regular expression that must match as a whole.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// `None` matches everything.
    regex: Option<Regex>,
}

/// A [`Pattern`] of response codes, in which `X` is any digit.
#[derive(Debug, Clone, PartialEq)]
pub struct CodePattern(Pattern);

impl Pattern {
    /// Reads a pattern; `codes` makes `X` any digit.
    fn read(text: &str, codes: bool) -> Result<Self, regex::Error> {
        if matches!(text, "" | ".*") {
            return Ok(Self::default());
        }
        let body = if codes { text.replace(['X', 'x'], r"\d") } else { text.to_owned() };
        let regex = Some(Regex::new(&format!("^(?:{body})$"))?);
        Ok(Self { text: text.to_owned(), regex })
    }

    /// For the patterns of this file, which a test reads.
    fn anchored(text: &str, codes: bool) -> Self {
        Self::read(text, codes).unwrap_or_default()
    }

    pub fn matches(&self, text: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self { text: ".*".to_owned(), regex: None }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl CodePattern {
    pub fn matches(&self, code: &str) -> bool {
        self.0.matches(code)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl Serialize for CodePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(deserializer)?, false).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for CodePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pattern::read(&String::deserialize(deserializer)?, true)
            .map(Self)
            .map_err(de::Error::custom)
    }
}
