//! The scheduler and the kubelets: pods get a node, start in a second, play the fault that the
//! annotation `vigla.test/state` asks for, and end when they are deleted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::fields::{set, text, value_at};
use super::super::state::{Item, Part, State};
use super::{Pace, events, number, pods};
use crate::mesh::{Key, Kind};

mod status;

use status::{Fault, Stage};

/// The annotation that plays a fault.
const FAULT: [&str; 3] = ["metadata", "annotations", "vigla.test/state"];
/// When each stage of a pod's start begins, in milliseconds after the pod was made.
const STAGES: [(i64, Stage); 4] =
    [(0, Stage::Initializing), (300, Stage::Creating), (600, Stage::Started), (1000, Stage::Ready)];
/// How long a pod takes to end, at most.
const ENDING: SignedDuration = SignedDuration::from_millis(1000);
/// How often a crashing container is tried again.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(40);

/// The kubelets' own memory: when each pod was made and told to end, with more precision than
/// its timestamps have.
#[derive(Debug)]
pub(super) struct Kubelet {
    pace: Pace,
    pods: BTreeMap<String, Life>,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    born: Timestamp,
    ending: Option<Timestamp>,
}

impl Kubelet {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, pods: BTreeMap::new() }
    }

    /// Brings one pod a step further; when to look at it again, if time alone changes it.
    pub(super) fn sync(&mut self, state: &mut State, key: &Key) -> Option<Timestamp> {
        let pod = state.get(Kind::Pod, key)?.clone();
        let uid = text(&pod.value, "/metadata/uid").to_owned();
        let now = state.now;
        let pace = self.pace;
        let life = self.pods.entry(uid.clone()).or_insert_with(|| Life {
            // Pods that were there before this kubelet are long past their start.
            born: if is_up(&pod.value) { Timestamp::UNIX_EPOCH } else { now },
            ending: None,
        });
        if pods::is_leaving(&pod.value) {
            let begun = life.ending.is_some();
            let since = *life.ending.get_or_insert(now);
            let ended = self.end(state, &pod, since, begun);
            if ended.is_none() {
                self.pods.remove(&uid);
            }
            return ended;
        }
        let life = *life;
        let fault = Fault::of(value_at(&pod.value, &FAULT).and_then(Value::as_str));
        let pod = bind(state, &pod, fault)?;
        let age = (now - life.born).total(jiff::Unit::Millisecond).unwrap_or(f64::MAX);
        let reached =
            STAGES.iter().rev().find(|(at, _)| pace == Pace::Instant || age >= *at as f64);
        let stage = reached.map_or(Stage::Initializing, |(_, stage)| *stage);
        let pod = run(state, &pod, fault, stage)?;
        if pace == Pace::Real || fault != Fault::None {
            status::tell(state, &pod, fault, stage);
        }
        let next = STAGES.iter().find(|(at, _)| pace == Pace::Real && age < *at as f64);
        match (next, fault) {
            (Some((at, _)), _) => Some(life.born + SignedDuration::from_millis(*at)),
            (None, Fault::CrashLoop) => Some(status::crashed_at(&pod.value)? + BACK_OFF),
            _ => None,
        }
    }

    /// Ends a pod: at once in the past, else after a moment. The time to look again.
    fn end(
        &self,
        state: &mut State,
        pod: &Item,
        since: Timestamp,
        begun: bool,
    ) -> Option<Timestamp> {
        let grace = number(&pod.value, "/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        let at = since + ENDING.min(SignedDuration::from_secs(grace));
        if self.pace == Pace::Real && state.now < at {
            if !begun {
                events::record(state, pod, "Normal", "Killing", "Stopping container istio-proxy");
            }
            return Some(at);
        }
        let waits = !super::items(&pod.value, "/metadata/finalizers").is_empty();
        if waits {
            state.mark_deleted(Kind::Pod, &pod.key, SignedDuration::ZERO);
        } else {
            state.remove(Kind::Pod, &pod.key);
        }
        None
    }
}

/// Whether a pod plays a fault, so that time alone changes it.
pub(super) fn plays_a_fault(pod: &Value) -> bool {
    value_at(pod, &FAULT).is_some()
}

/// Whether a pod has an address, so that it has been running for a while.
fn is_up(pod: &Value) -> bool {
    !text(pod, "/status/podIP").is_empty()
}

/// Gives a pod a node, unless it is to stay pending.
fn bind(state: &mut State, pod: &Item, fault: Fault) -> Option<Item> {
    if !text(&pod.value, "/spec/nodeName").is_empty() || fault == Fault::Pending {
        return Some(Item::clone(pod));
    }
    let nodes = pods::nodes(state);
    let wanted = (state.names.number() % (nodes.len().max(1) as u64)) as usize;
    let node = nodes.get(wanted)?;
    let mut value = pod.value.clone();
    set(&mut value, &["spec", "nodeName"], json!(&*node.name));
    Some(state.overwrite(Kind::Pod, &pod.key, value))
}

/// Writes the status that a pod has at a stage of its life.
fn run(state: &mut State, pod: &Item, fault: Fault, stage: Stage) -> Option<Item> {
    let node = Key::new("", text(&pod.value, "/spec/nodeName"));
    let host =
        state.get(Kind::Node, &node).map(|node| text(&node.value, "/status/addresses/0/address"));
    let host = host.unwrap_or_default().to_owned();
    let mut ip = text(&pod.value, "/status/podIP").to_owned();
    if ip.is_empty() && stage != Stage::Initializing && fault != Fault::Pending {
        ip = state.names.pod_ip();
    }
    let now = state.now;
    let status = status::Writer { pod: &pod.value, now, host, ip }.status(fault, stage);
    state.edit(Kind::Pod, &pod.key, Part::Status, |value| set(value, &["status"], status))
}
