//! What a kubelet reports of a pod: phase, conditions and container states, for each stage of
//! its start and each fault.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::super::fields::{items, set, text};
use super::super::super::state::{Item, State, stamp};
use super::super::{events, number, pods};

/// How far a pod has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// On its node, init containers still to run.
    Initializing,
    /// Init containers are done, the containers are being made.
    Creating,
    /// The containers run but are not ready.
    Started,
    Ready,
}

/// What is wrong with a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Its first container runs but does not get ready.
    NotReady,
    /// Its first container ends again and again.
    CrashLoop,
    /// The image of its first container cannot be pulled.
    ImagePull,
    /// No node takes it.
    Pending,
}

impl Fault {
    pub(super) fn of(annotation: Option<&str>) -> Self {
        match annotation {
            Some("notready") => Self::NotReady,
            Some("crashloop") => Self::CrashLoop,
            Some("imagepull") => Self::ImagePull,
            Some("pending") => Self::Pending,
            _ => Self::None,
        }
    }
}

/// Puts a pod's status together; what has not changed keeps its times.
pub(super) struct Writer<'a> {
    pub(super) pod: &'a Value,
    pub(super) now: Timestamp,
    /// Address of the node.
    pub(super) host: String,
    /// Address of the pod, empty until it has one.
    pub(super) ip: String,
}

impl Writer<'_> {
    pub(super) fn status(&self, fault: Fault, stage: Stage) -> Value {
        if fault == Fault::Pending {
            let message = "0/3 nodes are available: 3 Insufficient cpu.";
            let scheduled = self.condition("PodScheduled", false, "Unschedulable", message);
            return json!({"phase": "Pending", "conditions": [scheduled], "qosClass": "BestEffort"});
        }
        let inits = items(self.pod, "/spec/initContainers");
        let initialized = stage > Stage::Initializing || inits.is_empty();
        let started = stage >= Stage::Started;
        let ready = stage == Stage::Ready && fault == Fault::None;
        let unready = "containers with unready status";
        let conditions = json!([
            self.condition("Initialized", initialized, "", ""),
            self.condition("Ready", ready, if ready { "" } else { "ContainersNotReady" }, unready),
            self.condition(
                "ContainersReady",
                ready,
                if ready { "" } else { "ContainersNotReady" },
                unready
            ),
            self.condition("PodScheduled", true, "", ""),
        ]);
        let running = started && fault != Fault::ImagePull;
        let mut status = json!({"phase": if running { "Running" } else { "Pending" },
            "conditions": conditions, "hostIP": self.host, "hostIPs": [{"ip": self.host}]});
        if !self.ip.is_empty() {
            set(&mut status, &["podIP"], json!(self.ip));
            set(&mut status, &["podIPs"], json!([{"ip": self.ip}]));
        }
        let start = text(self.pod, "/status/startTime");
        let start = if start.is_empty() { stamp(self.now) } else { start.to_owned() };
        set(&mut status, &["startTime"], json!(start));
        if !inits.is_empty() {
            let inits: Vec<Value> = inits.iter().map(|c| self.init(c, initialized)).collect();
            set(&mut status, &["initContainerStatuses"], json!(inits));
        }
        let containers: Vec<Value> = items(self.pod, "/spec/containers")
            .iter()
            .enumerate()
            .map(|(index, c)| {
                self.container(c, stage, if index == 0 { fault } else { Fault::None })
            })
            .collect();
        set(&mut status, &["containerStatuses"], json!(containers));
        set(&mut status, &["qosClass"], json!("BestEffort"));
        status
    }

    fn condition(&self, kind: &str, holds: bool, reason: &str, message: &str) -> Value {
        let status = if holds { "True" } else { "False" };
        let old = items(self.pod, "/status/conditions").iter().find(|c| text(c, "/type") == kind);
        let same = old.filter(|c| text(c, "/status") == status);
        let now = stamp(self.now);
        let since = same.map_or(now.as_str(), |c| text(c, "/lastTransitionTime"));
        let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null,
                                   "lastTransitionTime": since});
        if !reason.is_empty() {
            set(&mut condition, &["reason"], json!(reason));
            set(&mut condition, &["message"], json!(message));
        }
        condition
    }

    /// The old status of a container.
    fn before(&self, list: &str, name: &str) -> Option<&Value> {
        items(self.pod, &format!("/status/{list}")).iter().find(|c| text(c, "/name") == name)
    }

    fn init(&self, container: &Value, done: bool) -> Value {
        let before = self.before("initContainerStatuses", text(container, "/name"));
        let ended = before.map_or("", |c| text(c, "/state/terminated/finishedAt"));
        let now = stamp(self.now);
        let at = if ended.is_empty() { now.as_str() } else { ended };
        let state = if done {
            json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}})
        } else {
            json!({"waiting": {"reason": "PodInitializing"}})
        };
        json!({"name": text(container, "/name"), "state": state, "lastState": {}, "ready": done,
               "restartCount": 0, "image": text(container, "/image"), "imageID": "", "started": done})
    }

    fn container(&self, container: &Value, stage: Stage, fault: Fault) -> Value {
        let (name, image) = (text(container, "/name"), text(container, "/image"));
        let before = self.before("containerStatuses", name);
        let restarts = before.and_then(|c| number(c, "/restartCount")).unwrap_or(0);
        let last = before.and_then(|c| c.get("lastState")).cloned().unwrap_or_else(|| json!({}));
        let started = stage >= Stage::Started;
        let began = before.map_or("", |c| text(c, "/state/running/startedAt"));
        let began = if began.is_empty() { stamp(self.now) } else { began.to_owned() };
        let (state, last, restarts) = match fault {
            _ if !started => {
                let why = if stage == Stage::Initializing {
                    "PodInitializing"
                } else {
                    "ContainerCreating"
                };
                (json!({"waiting": {"reason": why}}), last, restarts)
            }
            Fault::CrashLoop => self.crashed(name, restarts, last),
            Fault::ImagePull => {
                let message = format!("Back-off pulling image \"{image}\"");
                (
                    json!({"waiting": {"reason": "ImagePullBackOff", "message": message}}),
                    last,
                    restarts,
                )
            }
            _ => (json!({"running": {"startedAt": began}}), last, restarts),
        };
        let runs = started && !matches!(fault, Fault::CrashLoop | Fault::ImagePull);
        json!({"name": name, "state": state, "lastState": last,
               "ready": stage == Stage::Ready && fault == Fault::None,
               "restartCount": restarts, "image": image, "imageID": "", "started": runs})
    }

    /// A crashing container: it was tried several times at first, and once more after each
    /// back-off.
    fn crashed(&self, name: &str, restarts: i64, last: Value) -> (Value, Value, i64) {
        let message = format!("back-off 40s restarting failed container={name}");
        let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
        let recent = crashed_at(self.pod).is_some_and(|at| self.now < at + super::BACK_OFF);
        if restarts > 0 && recent {
            return (state, last, restarts);
        }
        let began = stamp(self.now - SignedDuration::from_secs(2));
        let last = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": began,
                                         "finishedAt": stamp(self.now)}});
        (state, last, if restarts == 0 { 4 } else { restarts + 1 })
    }
}

/// When the first container last ended.
pub(super) fn crashed_at(pod: &Value) -> Option<Timestamp> {
    text(pod, "/status/containerStatuses/0/lastState/terminated/finishedAt").parse().ok()
}

/// Writes the events that go with a stage or a fault.
pub(super) fn tell(state: &mut State, pod: &Item, fault: Fault, stage: Stage) {
    let (namespace, name) = (&pod.key.namespace, &pod.key.name);
    let node = text(&pod.value, "/spec/nodeName").to_owned();
    let first = text(&pod.value, "/spec/containers/0/name").to_owned();
    let image = text(&pod.value, "/spec/containers/0/image").to_owned();
    let ready = pods::is_ready(&pod.value);
    let (kind, reason, message) = match fault {
        Fault::Pending => {
            let message = "0/3 nodes are available: 3 Insufficient cpu.".to_owned();
            ("Warning", "FailedScheduling", message)
        }
        _ if stage == Stage::Initializing => {
            let message = format!("Successfully assigned {namespace}/{name} to {node}");
            ("Normal", "Scheduled", message)
        }
        _ if stage == Stage::Creating => {
            ("Normal", "Pulled", format!("Container image \"{image}\" already present on machine"))
        }
        _ if stage == Stage::Started => ("Normal", "Started", format!("Started container {first}")),
        Fault::CrashLoop => {
            let message = format!("Back-off restarting failed container {first} in pod {name}");
            ("Warning", "BackOff", message)
        }
        Fault::ImagePull => ("Warning", "BackOff", format!("Back-off pulling image \"{image}\"")),
        Fault::NotReady if !ready => {
            let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            ("Warning", "Unhealthy", message.to_owned())
        }
        _ => return,
    };
    events::record(state, pod, kind, reason, &message);
}
