//! Runs the rules over a mesh, remembers what did not change, filters and sorts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::index::Index;
use super::rule::{Check, Rule, Single, Sink};
use super::rules::RULES;
use super::{About, Finding, FindingInput, Report, Scope, Source, Withheld, lines};
use crate::mesh::KindState;
use crate::mesh::config::MeshConfig;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Meta, RawObject};

/// Analyses a mesh once.
pub fn analyze(input: &FindingInput<'_>) -> Report {
    Analyzer::default().analyze(input)
}

/// Analyses a mesh again and again: what single objects say is kept until they change.
#[derive(Debug, Clone, Default)]
pub struct Analyzer {
    memory: HashMap<usize, Remembered>,
    mesh: Option<Arc<MeshConfig>>,
}

/// The findings of one object's own rules. The JSON is held so that its address, which is the
/// key, stays its own.
#[derive(Debug, Clone)]
struct Remembered {
    json: Arc<str>,
    findings: Arc<[Finding]>,
}

impl Analyzer {
    /// Every finding of every rule, filtered and sorted as `input` asks.
    pub fn analyze(&mut self, input: &FindingInput<'_>) -> Report {
        let mut findings = Vec::new();
        let mut withheld = Vec::new();
        let mut silent: HashSet<&str> = HashSet::new();
        for rule in RULES {
            if let Some(reason) = unreadable(rule, input) {
                withheld.push(Withheld { code: rule.code, reason });
                silent.insert(rule.code);
            }
        }
        self.single_objects(input, &mut findings);
        findings.retain(|finding| !silent.contains(finding.code));
        let index = Index::new(input);
        for rule in RULES.iter().filter(|rule| !silent.contains(rule.code)) {
            if let Check::Mesh(check) = rule.check {
                check(&index, &mut Sink::new(rule, &mut findings, &mut withheld));
            }
        }
        drop_unwanted(&mut findings, input);
        lines::resolve(&mut findings, input.texts);
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        findings
            .dedup_by(|a, b| (a.code, &a.object, &a.message) == (b.code, &b.object, &b.message));
        withheld.sort();
        withheld.dedup();
        Report { findings, withheld }
    }

    /// Runs, or remembers, the rules that look at one object at a time.
    fn single_objects(&mut self, input: &FindingInput<'_>, out: &mut Vec<Finding>) {
        let mesh = &input.objects.mesh_config;
        if !self.mesh.as_ref().is_some_and(|known| Arc::ptr_eq(known, mesh)) {
            self.memory.clear();
            self.mesh = Some(Arc::clone(mesh));
        }
        let mut before = std::mem::take(&mut self.memory);
        for (kind, rules) in object_rules() {
            for (meta, raw) in input.objects.of_kind(kind) {
                if input.ignores(kind, meta) {
                    continue;
                }
                let address = raw.json.as_ptr().addr();
                let known =
                    before.remove(&address).filter(|known| Arc::ptr_eq(&known.json, &raw.json));
                let known = known.unwrap_or_else(|| Remembered {
                    json: Arc::clone(&raw.json),
                    findings: check_one(meta, raw, &rules, mesh),
                });
                out.extend(known.findings.iter().cloned());
                self.memory.insert(address, known);
            }
        }
    }
}

/// Rules for single objects by the kind they look at.
fn object_rules() -> Vec<(Kind, Vec<&'static Rule>)> {
    let mut by_kind: Vec<(Kind, Vec<&'static Rule>)> = Vec::new();
    for rule in RULES.iter().filter(|rule| matches!(rule.check, Check::Object(_))) {
        for kind in rule.kinds {
            match by_kind.iter_mut().find(|(known, _)| known == kind) {
                Some((_, rules)) => rules.push(rule),
                None => by_kind.push((*kind, vec![rule])),
            }
        }
    }
    by_kind
}

fn check_one(
    meta: &Meta,
    raw: &RawObject,
    rules: &[&'static Rule],
    mesh: &MeshConfig,
) -> Arc<[Finding]> {
    let about = About { kind: raw.kind, meta, origin: raw.origin.as_ref() };
    let single = Single::new(about, raw, mesh);
    let (mut findings, mut withheld) = (Vec::new(), Vec::new());
    for rule in rules {
        if let Check::Object(check) = rule.check {
            check(&single, &mut Sink::new(rule, &mut findings, &mut withheld));
        }
    }
    findings.into()
}

/// Why nothing can be said about a rule, when a kind it needs could not be read.
fn unreadable(rule: &Rule, input: &FindingInput<'_>) -> Option<String> {
    if input.source == Source::Files {
        return None;
    }
    rule.needs.iter().find_map(|kind| match input.kinds.get(kind)? {
        KindState::Forbidden(trouble) => {
            Some(format!("{} may not be read: {trouble}", kind.info().plural))
        }
        KindState::Pending => Some(format!("{} are not read yet", kind.info().plural)),
        KindState::Listed | KindState::NotServed | KindState::Failed(_) => None,
    })
}

/// Leaves out what the scope, an option or an annotation on the object says not to show.
fn drop_unwanted(findings: &mut Vec<Finding>, input: &FindingInput<'_>) {
    findings.retain(|finding| {
        let Some(object) = &finding.object else { return true };
        let home = object.home();
        let inside = matches!(input.scope, Scope::Unset) || input.scope.contains(home);
        (home.is_empty() || inside)
            && !input.suppressions.iter().any(|s| s.covers(finding.code, object))
            && !annotated_away(finding, input)
    });
}

/// `galley.istio.io/analyze-suppress`: codes joined by commas without blanks, or `*`.
fn annotated_away(finding: &Finding, input: &FindingInput<'_>) -> bool {
    let meta = finding.object.as_ref().and_then(super::Subject::reference);
    let meta = meta.and_then(|reference| input.objects.meta(&reference));
    meta.and_then(|meta| meta.annotation("galley.istio.io/analyze-suppress"))
        .is_some_and(|codes| codes.split(',').any(|code| code == "*" || code == finding.code))
}
