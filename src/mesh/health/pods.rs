//! Health of workloads by their pods.

use super::Judged;
use crate::mesh::graph::Health;
use crate::mesh::inventory::{Inventory, PodInfo, Workload};

/// Judges the pods of the workloads behind a node; unknown when there are none.
///
/// Ready pods are counted against those that are wanted: a pod that a roll-out starts beyond that
/// number is no failure before it is ready. Pods that have just begun to start are `not_ready`;
/// pods that cannot start are a failure.
pub fn pods(workloads: &[&Workload], inventory: &Inventory) -> Judged {
    let judged = workloads.iter().map(|workload| one(workload, inventory));
    judged.fold(Judged::default(), Judged::or_worse)
}

fn one(workload: &Workload, inventory: &Inventory) -> Judged {
    let wanted = workload.wanted.unwrap_or(workload.pods.total);
    let ready = workload.pods.ready;
    if wanted == 0 {
        let reason = if ready == 0 { "scaled to zero" } else { "being scaled to zero" };
        return Judged::new(Health::NotReady, reason);
    }
    if ready >= wanted {
        return Judged::new(Health::Healthy, "");
    }
    let pods = workload.pod_keys.iter().filter_map(|key| inventory.pods.get(key));
    let mut waiting = pods.filter(|pod| !pod.ready).collect::<Vec<_>>();
    waiting.sort_by_key(|pod| (!cannot_start(pod), pod.status.as_str() == "Running"));
    let first = waiting.first();
    let mut reason = format!("{ready} of {wanted} pods ready");
    if let Some(pod) = first {
        reason = format!("{reason}: {}", pod.status);
        if !pod.reason.is_empty() {
            reason = format!("{reason}, {}", pod.reason);
        }
    }
    let stuck = first.is_some_and(|pod| cannot_start(pod));
    let health = match ready {
        0 if workload.rolling_out && !stuck && workload.restarts == 0 => Health::NotReady,
        0 => Health::Failure,
        _ => Health::Degraded,
    };
    Judged::new(health, reason)
}

/// States that do not pass by themselves, by kubectl's word for them.
fn cannot_start(pod: &PodInfo) -> bool {
    let status = pod.status.strip_prefix("Init:").unwrap_or(&pod.status);
    status.contains("BackOff")
        || status.contains("Err")
        || status.contains("Invalid")
        || status.starts_with("ExitCode")
        || status.starts_with("Signal")
        || matches!(status, "OOMKilled" | "Evicted" | "Unknown" | "Failed")
}
