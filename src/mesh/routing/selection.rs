//! First match: the routes that a rule set comes to for one proxy, and which takes a request.

use std::collections::HashMap;
use std::sync::Arc;

use super::answer::{NotMatched, RuleRef};
use super::condition::{Client, Failure, View, runtime_failures, static_failures};
use super::reason::Reason;
use super::rule::{HttpMatch, HttpRule, RuleSet};
use crate::mesh::kind::Kind;

/// One match of one rule that passed the static conditions: what Envoy calls a route.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub set: &'a RuleSet,
    pub rule: &'a HttpRule,
    /// `None` takes everything.
    pub matched: Option<&'a HttpMatch>,
}

impl Candidate<'_> {
    pub fn is_catch_all(&self) -> bool {
        self.matched.is_none_or(HttpMatch::is_catch_all)
    }
}

/// Rules that did not take the request, in the order in which that was found.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: Vec<NotMatched>,
    /// Where among the entries an object's are.
    by_object: HashMap<Object, Vec<usize>>,
}

/// Kind, namespace and name of an object that has rules.
type Object = (Kind, Arc<str>, Arc<str>);

fn object(rule: &RuleRef) -> Object {
    (rule.kind, Arc::clone(&rule.namespace), Arc::clone(&rule.name))
}

impl Log {
    pub fn add(&mut self, rule: &RuleRef, (reason, detail): Failure) {
        let entry = NotMatched { rule: rule.clone(), reason, detail };
        let known = self.by_object.entry(object(rule)).or_default();
        if !known.iter().any(|at| self.entries.get(*at) == Some(&entry)) {
            known.push(self.entries.len());
            self.entries.push(entry);
        }
    }

    /// Takes over what another log says.
    pub fn extend(&mut self, other: &Self) {
        for entry in &other.entries {
            self.add(&entry.rule, (entry.reason, entry.detail.clone()));
        }
    }

    /// Whether something is said of an object.
    pub fn speaks_of(&self, rule: &RuleRef) -> bool {
        self.by_object.contains_key(&object(rule))
    }

    pub fn into_entries(self) -> Vec<NotMatched> {
        self.entries
    }

    /// Every rule of a set, for the same reason; the set itself if it has none.
    pub fn add_set(&mut self, set: &RuleSet, reason: Reason, detail: &str) {
        let http = set.http.iter().map(|rule| &rule.reference);
        let tls = set.tls.iter().map(|rule| &rule.reference);
        let tcp = set.tcp.iter().map(|rule| &rule.reference);
        let mut any = false;
        for rule in http.chain(tls).chain(tcp) {
            any = true;
            self.add(rule, (reason, detail.to_owned()));
        }
        if !any {
            self.add(&set.reference, (reason, detail.to_owned()));
        }
    }
}

/// The routes of a set at one proxy; it stops behind the first that takes everything.
///
/// Istio, `route.go` `BuildHTTPRoutesForVirtualService`.
pub fn candidates<'a>(set: &'a RuleSet, client: &Client<'_>, log: &mut Log) -> Vec<Candidate<'a>> {
    let mut out = Vec::new();
    if let Some(port) = set.parent_port.map(u32::from).filter(|port| *port != client.port) {
        let text = format!("the parent reference is for port {port}, asked at {}", client.port);
        log.add_set(set, Reason::PortMismatch, &text);
        return out;
    }
    let mut closed: Option<&RuleRef> = None;
    for rule in &set.http {
        if let Some(earlier) = closed {
            let text = format!("{earlier} takes everything before it");
            log.add(&rule.reference, (Reason::UnreachableAfterCatchAll, text));
            continue;
        }
        if let Some(why) = &rule.unusable {
            log.add(&rule.reference, why.clone());
            continue;
        }
        if rule.matches.is_empty() {
            out.push(Candidate { set, rule, matched: None });
            closed = Some(&rule.reference);
            continue;
        }
        for matched in &rule.matches {
            let failures = static_failures(matched, client);
            if !failures.is_empty() {
                failures.into_iter().for_each(|failure| log.add(&rule.reference, failure));
                continue;
            }
            let candidate = Candidate { set, rule, matched: Some(matched) };
            out.push(candidate);
            if candidate.is_catch_all() {
                closed = Some(&rule.reference);
                break;
            }
        }
    }
    out
}

/// The first candidate whose conditions all hold. One behind it lost to it only if it would have
/// taken the request; otherwise its own conditions are the reason.
pub fn first<'a>(
    candidates: &[Candidate<'a>],
    view: &View<'_>,
    log: &mut Log,
) -> Option<Candidate<'a>> {
    let mut winner: Option<Candidate<'a>> = None;
    for candidate in candidates {
        let reference = &candidate.rule.reference;
        let failures = candidate.matched.map(|m| runtime_failures(m, view)).unwrap_or_default();
        match winner {
            _ if !failures.is_empty() => {
                failures.into_iter().for_each(|failure| log.add(reference, failure));
            }
            None => winner = Some(*candidate),
            Some(won) => {
                let reason = if candidate.set.from_route {
                    Reason::RuleSortedLater
                } else {
                    Reason::EarlierRuleWon
                };
                let text = format!("{} comes first and matches", won.rule.reference);
                log.add(reference, (reason, text));
            }
        }
    }
    winner
}
