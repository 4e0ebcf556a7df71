//! Puts snapshots together from what the sources say. No clock and no network in here: times
//! come with the messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::kube::{catalog, rights};
use crate::mesh::telemetry::Telemetry;
use crate::mesh::{
    Kind, KindState, MeshSnapshot, Objects, Scope, SourceState, SourceStatus, Trouble,
};

/// Where a list or a watch looks: a kind, in one namespace or (`None`) in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub kind: Kind,
    pub namespace: Option<Arc<str>>,
}

/// What a slot holds; only the table of its kind is filled.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub objects: Objects,
    pub state: KindState,
    /// A slot besides those of the scope, whose failure is nobody's concern.
    pub extra: bool,
}

/// Everything known so far, and the snapshots made of it.
#[derive(Debug, Default)]
pub struct Picture {
    slots: BTreeMap<Slot, View>,
    /// Kinds whose slots changed since the latest snapshot.
    changed: BTreeSet<Kind>,
    snapshot: MeshSnapshot,
    /// Why the API server as a whole is out of reach.
    unreachable: Option<Trouble>,
    rates: Option<Arc<Telemetry>>,
    slow: Option<Arc<Telemetry>>,
    /// What the latest question of each pace failed with: one that is answered does not take back
    /// what the other has to say.
    rates_trouble: Option<Trouble>,
    slow_trouble: Option<Trouble>,
}

impl Picture {
    /// An empty picture whose sources connect.
    pub fn new(scope: Scope, context: String) -> Self {
        let snapshot = MeshSnapshot { scope, context, ..MeshSnapshot::default() };
        Self { snapshot, ..Self::default() }
    }

    /// The same questions to another cluster (or none): tables empty, generations go on.
    pub fn forget_cluster(&mut self) {
        self.slots.clear();
        self.changed.clear();
        self.unreachable = None;
        self.snapshot.objects = Objects::default();
        self.snapshot.kinds.clear();
        self.snapshot.kubernetes = SourceStatus::default();
        self.snapshot.server_version = None;
        self.forget_telemetry();
    }

    /// Numbers for another question are none for this one.
    pub fn forget_telemetry(&mut self) {
        (self.rates, self.slow) = (None, None);
        (self.rates_trouble, self.slow_trouble) = (None, None);
        self.snapshot.telemetry = None;
    }

    /// Nobody asks for what takes longer any more: what it failed with is no trouble now.
    pub fn forget_slow_trouble(&mut self) {
        self.slow_trouble = None;
    }

    pub fn set_scope(&mut self, scope: Scope) {
        self.snapshot.scope = scope;
    }

    pub fn set_context(&mut self, context: &str, address: &str) {
        context.clone_into(&mut self.snapshot.context);
        address.clone_into(&mut self.snapshot.kubernetes.address);
    }

    /// Objects that come from files: all there is.
    pub fn set_objects(&mut self, objects: Objects) {
        self.snapshot.objects = objects;
    }

    /// What a slot holds now; `None` when nobody looks there any more.
    pub fn set(&mut self, slot: Slot, view: Option<View>, now: Timestamp) {
        self.changed.insert(slot.kind);
        match view {
            Some(view) => {
                if view.state == KindState::Listed {
                    self.snapshot.kubernetes.last_data = Some(now);
                }
                self.slots.insert(slot, view);
            }
            None => {
                self.slots.remove(&slot);
            }
        }
    }

    /// A sign of life of the API server, or that there is none.
    pub fn set_reachable(&mut self, answer: Result<Option<String>, Trouble>, now: Timestamp) {
        match answer {
            Ok(version) => {
                self.unreachable = None;
                // Watches that are silent say that nothing has changed; those that fail do not.
                if self.slots.values().any(|view| view.state == KindState::Listed) {
                    self.snapshot.kubernetes.last_data = Some(now);
                }
                self.snapshot.server_version =
                    version.or_else(|| self.snapshot.server_version.take());
            }
            Err(trouble) => self.unreachable = Some(trouble),
        }
    }

    /// Turns a source off for good.
    pub fn disable_kubernetes(&mut self) {
        self.snapshot.kubernetes.state = SourceState::Disabled;
    }

    pub fn disable_prometheus(&mut self) {
        self.snapshot.prometheus.state = SourceState::Disabled;
    }

    /// Prometheus cannot be asked at all.
    pub fn set_no_prometheus(&mut self, trouble: Trouble, now: Timestamp) {
        settle(&mut self.snapshot.prometheus, SourceState::Unavailable, Some(trouble), now);
    }

    /// Rates (`slow` is false) or what takes longer: latency, throughput and counts.
    pub fn set_telemetry(
        &mut self,
        telemetry: Telemetry,
        slow: bool,
        address: &str,
        now: Timestamp,
    ) {
        address.clone_into(&mut self.snapshot.prometheus.address);
        let (answered, trouble) = (telemetry.answered(), telemetry.trouble().cloned());
        if answered {
            self.snapshot.prometheus.last_data = Some(now);
        }
        let missing = if slow { &mut self.slow_trouble } else { &mut self.rates_trouble };
        missing.clone_from(&trouble);
        if slow {
            // What could not be asked this time leaves the older answer, which says its age.
            if answered || self.slow.is_none() {
                self.slow = Some(Arc::new(telemetry));
            }
        } else if answered || self.rates.is_none() {
            self.rates = Some(Arc::new(telemetry));
        }
        let away = !answered && trouble.is_some();
        let trouble = trouble.or_else(|| self.rates_trouble.clone());
        let trouble = trouble.or_else(|| self.slow_trouble.clone());
        let state = match (&trouble, away) {
            (None, _) => SourceState::Ok,
            (Some(_), false) => SourceState::Partial,
            (Some(_), true) => SourceState::Unavailable,
        };
        settle(&mut self.snapshot.prometheus, state, trouble, now);
        self.snapshot.telemetry = self.joined();
    }

    fn joined(&self) -> Option<Arc<Telemetry>> {
        let (Some(rates), Some(slow)) = (&self.rates, &self.slow) else {
            return self.rates.clone().or_else(|| self.slow.clone());
        };
        let mut joined = Telemetry::clone(rates);
        joined.latency = slow.latency.clone();
        joined.latency_sum = slow.latency_sum.clone();
        joined.called_latency = slow.called_latency.clone();
        joined.called_latency_sum = slow.called_latency_sum.clone();
        joined.request_bytes = slow.request_bytes.clone();
        joined.response_bytes = slow.response_bytes.clone();
        joined.counts = slow.counts.clone();
        joined.queries.extend(slow.queries.iter().cloned());
        for warning in &slow.warnings {
            if !joined.warnings.contains(warning) {
                joined.warnings.push(warning.clone());
            }
        }
        Some(Arc::new(joined))
    }

    /// Whether every kind of the core has been answered, one way or another.
    pub fn is_complete(&self) -> bool {
        let settled = |kind: &Kind| {
            self.slots
                .iter()
                .any(|(slot, view)| slot.kind == *kind && view.state != KindState::Pending)
        };
        catalog::CORE.iter().all(settled) || self.unreachable.is_some()
    }

    /// How many pods were in it when it was last taken.
    pub fn pods(&self) -> usize {
        self.snapshot.objects.pods.len()
    }

    /// The picture as it is now.
    pub fn snapshot(&mut self, now: Timestamp) -> MeshSnapshot {
        for kind in std::mem::take(&mut self.changed) {
            self.renew(kind);
        }
        if self.snapshot.kubernetes.state != SourceState::Disabled {
            let (state, trouble) = self.judge();
            settle(&mut self.snapshot.kubernetes, state, trouble, now);
        }
        self.snapshot.generation += 1;
        self.snapshot.taken_at = now;
        self.snapshot.clone()
    }

    /// Joins the slots of a kind into its table.
    fn renew(&mut self, kind: Kind) {
        let objects = &mut self.snapshot.objects;
        objects.clear(kind);
        let mut states = Vec::new();
        for (slot, view) in &self.slots {
            if slot.kind == kind {
                objects.absorb(kind, &view.objects);
                if !view.extra {
                    states.push(&view.state);
                }
            }
        }
        match states.into_iter().max_by_key(|state| gravity(state)) {
            Some(state) => self.snapshot.kinds.insert(kind, state.clone()),
            None => self.snapshot.kinds.remove(&kind),
        };
        if kind == Kind::ConfigMap {
            objects.load_mesh_config();
        }
    }

    /// State of the API server as a whole.
    fn judge(&self) -> (SourceState, Option<Trouble>) {
        if let Some(trouble) = &self.unreachable {
            return (SourceState::Unavailable, Some(trouble.clone()));
        }
        let states = self.snapshot.kinds.values();
        let good = states.filter(|state| **state == KindState::Listed).count();
        let wrong = self.failed().cloned().or_else(|| self.forbidden());
        let core_pending = catalog::CORE
            .iter()
            .any(|kind| self.snapshot.kinds.get(kind).is_some_and(|s| *s == KindState::Pending));
        match (wrong, good) {
            (Some(trouble), 0) => (SourceState::Unavailable, Some(trouble)),
            (Some(trouble), _) => (SourceState::Partial, Some(trouble)),
            (None, 0) => (SourceState::Connecting, None),
            (None, _) if core_pending => (SourceState::Connecting, None),
            (None, _) => (SourceState::Ok, None),
        }
    }
}

impl Picture {
    fn troubled(&self) -> impl Iterator<Item = (&Slot, &KindState)> {
        let counted = self.slots.iter().filter(|(_, view)| !view.extra);
        counted.map(|(slot, view)| (slot, &view.state))
    }

    /// The first kind that is in trouble which passes.
    fn failed(&self) -> Option<&Trouble> {
        self.troubled().find_map(|(_, state)| match state {
            KindState::Failed(trouble) => Some(trouble),
            _ => None,
        })
    }

    /// Every right that is missing, as one trouble.
    fn forbidden(&self) -> Option<Trouble> {
        let mut refused = self.troubled().filter_map(|(slot, state)| match state {
            KindState::Forbidden(trouble) => Some((slot, trouble)),
            _ => None,
        });
        let (first, trouble) = refused.next()?;
        let mut places = vec![(first.kind, first.namespace.as_deref())];
        places.extend(refused.map(|(slot, _)| (slot.kind, slot.namespace.as_deref())));
        if places.len() == 1 {
            return Some(trouble.clone());
        }
        Some(rights::missing(&places, &trouble.why))
    }
}

/// Which state of several slots speaks for the kind: the worst.
fn gravity(state: &KindState) -> u8 {
    match state {
        KindState::NotServed => 0,
        KindState::Listed => 1,
        KindState::Pending => 2,
        KindState::Forbidden(_) => 3,
        KindState::Failed(_) => 4,
    }
}

/// Writes a state down; since when there is trouble is kept while it lasts.
fn settle(status: &mut SourceStatus, state: SourceState, trouble: Option<Trouble>, now: Timestamp) {
    status.since = trouble.as_ref().map(|_| status.since.unwrap_or(now));
    status.state = state;
    status.trouble = trouble;
}

#[cfg(test)]
mod tests;
