//! What a rule is: its code and words, what it needs, and its check.

use serde_json::Value;
use std::cell::OnceCell;

use super::index::Index;
use super::schema::{self, Issue};
use super::{About, Finding, Level, Subject, Withheld};
use crate::mesh::config::{MeshConfig, VirtualService};
use crate::mesh::kind::Kind;
use crate::mesh::object::{RawObject, Resource};

/// One rule: everything that Vigla knows and says about a code.
#[derive(Debug)]
pub struct Rule {
    pub code: &'static str,
    /// The code's name in one word, istioctl's where it has one.
    pub title: &'static str,
    pub level: Level,
    /// Kinds that findings of this rule are about.
    pub kinds: &'static [Kind],
    /// What it means and why it matters.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    pub docs: &'static str,
    /// How and why it differs from the tool whose code it carries; empty where it agrees.
    pub differs: &'static str,
    /// Kinds without which nothing can be said.
    pub needs: &'static [Kind],
    pub check: Check,
    pub example: Example,
}

/// Manifests that show a rule at work; a test runs both.
#[derive(Debug)]
pub struct Example {
    /// Draws the finding.
    pub bad: &'static str,
    /// Draws none of this code.
    pub good: &'static str,
}

/// How a rule looks at things.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// One object at a time; only `kinds` of the rule are shown. The answer may depend on the
    /// object and on mesh configuration, on nothing else.
    Object(fn(&Single<'_>, &mut Sink<'_>)),
    /// The whole mesh.
    Mesh(fn(&Index<'_>, &mut Sink<'_>)),
    /// One VirtualService at a time as it stands in the mesh; and what else of the mesh the rule
    /// looks at. Only `one` is asked again for a VirtualService that changed.
    VirtualService {
        one: fn(&Index<'_>, &Resource<VirtualService>, &mut Sink<'_>),
        rest: Option<fn(&Index<'_>, &mut Sink<'_>)>,
    },
}

/// One object before a [`Check::Object`].
pub struct Single<'a> {
    pub about: About<'a>,
    pub raw: &'a RawObject,
    pub mesh: &'a MeshConfig,
    value: OnceCell<Value>,
    issues: OnceCell<Vec<Issue>>,
}

impl<'a> Single<'a> {
    pub(super) fn new(about: About<'a>, raw: &'a RawObject, mesh: &'a MeshConfig) -> Self {
        Self { about, raw, mesh, value: OnceCell::new(), issues: OnceCell::new() }
    }

    /// The whole object, parsed at first use.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| self.raw.value())
    }

    /// What the schema check of the object's kind says, made at first use.
    pub(super) fn issues(&self) -> &[Issue] {
        self.issues.get_or_init(|| schema::check(self))
    }
}

/// Takes what a rule finds.
pub struct Sink<'a> {
    rule: &'a Rule,
    findings: &'a mut Vec<Finding>,
    withheld: &'a mut Vec<Withheld>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        rule: &'a Rule,
        findings: &'a mut Vec<Finding>,
        withheld: &'a mut Vec<Withheld>,
    ) -> Self {
        Self { rule, findings, withheld }
    }

    /// A finding on an object as a whole.
    pub fn report<'o>(&mut self, object: impl Into<About<'o>>, message: impl Into<String>) {
        self.push(object.into(), None, message.into());
    }

    /// A finding at a place inside an object, e.g. `spec.hosts[0]`.
    pub fn at<'o>(
        &mut self,
        object: impl Into<About<'o>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.push(object.into(), Some(path.into()), message.into());
    }

    /// A finding on something that is no object of a known kind.
    pub fn on(&mut self, subject: Subject, message: impl Into<String>) {
        self.findings.push(Finding {
            object: Some(subject),
            message: message.into(),
            ..blank(self.rule)
        });
    }

    /// A part of the rule that cannot be decided.
    pub fn withhold(&mut self, reason: impl Into<String>) {
        self.withheld.push(Withheld { code: self.rule.code, reason: reason.into() });
    }

    fn push(&mut self, about: About<'_>, path: Option<String>, message: String) {
        self.findings.push(Finding {
            object: Some(about.subject()),
            message,
            path,
            file: about.origin.map(|origin| origin.file.clone()),
            line: about.origin.map(|origin| origin.line),
            ..blank(self.rule)
        });
    }
}

fn blank(rule: &Rule) -> Finding {
    Finding {
        code: rule.code,
        level: rule.level,
        object: None,
        message: String::new(),
        path: None,
        file: None,
        line: None,
        docs: rule.docs,
    }
}
