//! Runs the rules over a mesh, remembers what did not change, filters and sorts.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::index::{Index, Reads};
use super::rule::{Check, Rule, Single, Sink};
use super::rules::RULES;
use super::{About, Evidence, Finding, FindingInput, Report, Scope, Source, Withheld, lines};
use crate::mesh::config::MeshConfig;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Meta, RawObject};
use crate::mesh::objects::KindSet;
use crate::mesh::{KindState, Objects};

/// Analyses a mesh once.
pub fn analyze(input: &FindingInput<'_>) -> Report {
    Analyzer::default().analyze(input)
}

/// Analyses a mesh again and again: what does not depend on anything that changed is kept.
/// A clone shares what is remembered.
#[derive(Debug, Clone, Default)]
pub struct Analyzer {
    seen: Option<Seen>,
    /// What the rules of single objects said, by kind.
    single: HashMap<Kind, Arc<Remembered>>,
    /// What each rule of one VirtualService in its mesh said, by its code, and what it read
    /// beside it.
    virtual_services: HashMap<&'static str, (Reads, Arc<Remembered>)>,
    /// What each rule said of the whole mesh, by its code, and what it read.
    mesh: HashMap<&'static str, (Reads, Arc<Found>)>,
}

/// What was there last time.
#[derive(Debug, Clone)]
struct Seen {
    objects: Objects,
    evidence: Evidence,
    kinds: BTreeMap<Kind, KindState>,
    source: Source,
    read_secrets: bool,
}

/// What rules found.
#[derive(Debug, Clone, Default)]
struct Found {
    findings: Vec<Finding>,
    withheld: Vec<Withheld>,
}

impl Found {
    fn sink<'s>(&'s mut self, rule: &'s Rule) -> Sink<'s> {
        Sink::new(rule, &mut self.findings, &mut self.withheld)
    }

    fn add(&mut self, other: &Self) {
        self.findings.extend_from_slice(&other.findings);
        self.withheld.extend_from_slice(&other.withheld);
    }
}

/// What rules found in single objects, by the address of their JSON. That is held so that its
/// address stays its own.
#[derive(Debug, Clone, Default)]
struct Remembered {
    by_object: HashMap<usize, (Arc<str>, Arc<Found>)>,
    together: Found,
}

impl Remembered {
    /// The same for these objects of a kind: those known are remembered, the others checked.
    fn renewed<'o, T: 'o>(
        &self,
        objects: impl Iterator<Item = (&'o Arc<str>, T)>,
        check: impl Fn(T, &mut Found),
    ) -> Self {
        let mut renewed = Self::default();
        for (json, object) in objects {
            let address = json.as_ptr().addr();
            let known = self.by_object.get(&address).filter(|(known, _)| Arc::ptr_eq(known, json));
            let known = known.cloned().unwrap_or_else(|| {
                let mut found = Found::default();
                check(object, &mut found);
                (Arc::clone(json), Arc::new(found))
            });
            renewed.together.add(&known.1);
            renewed.by_object.insert(address, known);
        }
        renewed
    }
}

impl Analyzer {
    /// Every finding of every rule, filtered and sorted as `input` asks.
    pub fn analyze(&mut self, input: &FindingInput<'_>) -> Report {
        let changed = self.changed(input);
        let mut withheld = Vec::new();
        let mut silent: HashSet<&str> = HashSet::default();
        for rule in RULES {
            if let Some(reason) = unreadable(rule, input) {
                withheld.push(Withheld { code: rule.code, reason });
                silent.insert(rule.code);
            }
        }
        let mut found = Found { findings: Vec::new(), withheld };
        self.single_objects(input, changed.tables, &mut found);
        let index = Index::new(input);
        self.each_virtual_service(&index, changed, &mut found);
        found.findings.retain(|finding| !silent.contains(finding.code));
        for rule in RULES.iter().filter(|rule| !silent.contains(rule.code)) {
            self.whole_mesh(rule, &index, changed, &mut found);
        }
        let Found { mut findings, mut withheld } = found;
        drop_unwanted(&mut findings, input);
        lines::resolve(&mut findings, input.texts);
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        findings
            .dedup_by(|a, b| (a.code, &a.object, &a.message) == (b.code, &b.object, &b.message));
        withheld.sort();
        withheld.dedup();
        Report { findings, withheld }
    }

    /// What may differ from last time. Where it is more than objects and traffic, all is
    /// forgotten.
    fn changed(&mut self, input: &FindingInput<'_>) -> Reads {
        let objects = input.objects;
        let alike = |seen: &Seen| {
            Arc::ptr_eq(&seen.objects.mesh_config, &objects.mesh_config)
                && seen.kinds == *input.kinds
                && (seen.source, seen.read_secrets) == (input.source, input.read_secrets)
        };
        let changed = match &self.seen {
            Some(seen) if alike(seen) => Reads {
                tables: objects.changed(&seen.objects),
                evidence: seen.evidence != *input.evidence,
                // Time goes on.
                time: true,
            },
            _ => {
                *self = Self::default();
                Reads { tables: KindSet::ALL, evidence: true, time: true }
            }
        };
        self.seen = Some(Seen {
            objects: objects.clone(),
            evidence: input.evidence.clone(),
            kinds: input.kinds.clone(),
            source: input.source,
            read_secrets: input.read_secrets,
        });
        changed
    }

    /// Runs, or remembers, the rules that look at one object at a time.
    fn single_objects(&mut self, input: &FindingInput<'_>, changed: KindSet, out: &mut Found) {
        let mesh = &input.objects.mesh_config;
        for (kind, rules) in object_rules() {
            let remembered = self.single.entry(kind).or_default();
            if changed.contains(kind) {
                let objects = input.objects.of_kind(kind).into_iter();
                let objects = objects.filter(|(meta, _)| !input.ignores(kind, meta));
                *remembered = Arc::new(remembered.renewed(
                    objects.map(|(meta, raw)| (&raw.json, (meta, raw))),
                    |(meta, raw), found| check_one(meta, raw, &rules, mesh, found),
                ));
            }
            out.add(&remembered.together);
        }
    }

    /// Runs, or remembers, the rules that look at one VirtualService in its mesh.
    fn each_virtual_service(&mut self, index: &Index<'_>, changed: Reads, out: &mut Found) {
        for rule in RULES {
            let Check::VirtualService { one, .. } = rule.check else { continue };
            let (reads, remembered) = self.virtual_services.entry(rule.code).or_default();
            if reads.meet(changed) {
                *reads = Reads::default();
                *remembered = Arc::default();
            }
            if changed.tables.contains(Kind::VirtualService) || remembered.by_object.is_empty() {
                let services: Vec<_> = index.virtual_services().collect();
                // That there are these is no reason to ask about each of them again.
                index.take_reads();
                *remembered = Arc::new(remembered.renewed(
                    services.into_iter().map(|service| (&service.raw.json, service)),
                    |service, found| one(index, service, &mut found.sink(rule)),
                ));
                *reads = reads.union(index.take_reads());
            }
            out.add(&remembered.together);
        }
    }

    /// Runs, or remembers, what a rule says of the whole mesh.
    fn whole_mesh(
        &mut self,
        rule: &'static Rule,
        index: &Index<'_>,
        changed: Reads,
        out: &mut Found,
    ) {
        let check = match rule.check {
            Check::Mesh(check) => check,
            Check::VirtualService { rest: Some(rest), .. } => rest,
            Check::VirtualService { rest: None, .. } | Check::Object(_) => return,
        };
        let known = self.mesh.entry(rule.code).or_insert_with(|| (changed, Arc::default()));
        if known.0.meet(changed) {
            let mut found = Found::default();
            check(index, &mut found.sink(rule));
            *known = (index.take_reads(), Arc::new(found));
        }
        out.add(&known.1);
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
    found: &mut Found,
) {
    let about = About { kind: raw.kind, meta, origin: raw.origin.as_ref() };
    let single = Single::new(about, raw, mesh);
    for rule in rules {
        if let Check::Object(check) = rule.check {
            check(&single, &mut found.sink(rule));
        }
    }
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
