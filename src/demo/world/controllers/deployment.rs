//! Deployments: a ReplicaSet for each template, and the rolling from one to the next.

use serde_json::{Value, json};

use super::super::fields::{items, set, text, unset, value_at};
use super::super::names::hash;
use super::super::state::{Item, Part, State};
use super::super::{admission, catalog};
use super::replicas::set_status;
use super::{Pace, events, number, pods};
use crate::mesh::{Key, Kind};

const REVISION: [&str; 3] = ["metadata", "annotations", "deployment.kubernetes.io/revision"];

/// Brings the ReplicaSets of one Deployment into line.
pub(super) fn reconcile(state: &mut State, key: &Key, pace: Pace) {
    let Some(owner) = state.get(Kind::Deployment, key).cloned() else { return };
    if pods::is_leaving(&owner.value) {
        return;
    }
    let paused = owner.value.pointer("/spec/paused") == Some(&Value::Bool(true));
    if let Some(current) = current_set(state, &owner, paused) {
        roll(state, &owner, &current, pace);
        forget(state, &owner, &current);
    }
    status(state, &owner);
}

/// The ReplicaSet of the present template, made if need be; a paused Deployment makes none.
fn current_set(state: &mut State, owner: &Item, paused: bool) -> Option<Item> {
    let template = owner.value.pointer("/spec/template")?;
    let hash = hash(&canonical(template).to_string());
    let key = Key::new(&owner.key.namespace, &format!("{}-{hash}", owner.key.name));
    let newest = revisions(state, owner).into_iter().max().unwrap_or(0);
    if let Some(found) = state.get(Kind::ReplicaSet, &key).cloned() {
        let revision = revision_of(&found.value);
        if revision < newest {
            // Rolled back to: an old template is the newest revision again.
            number_revision(state, owner, &key, newest + 1);
        }
        return state.get(Kind::ReplicaSet, &key).cloned();
    }
    if paused {
        return None;
    }
    let mut set_of = json!({"metadata": {"name": &*key.name, "namespace": &*key.namespace}});
    let mut template = template.clone();
    set(&mut template, &["metadata", "labels", "pod-template-hash"], json!(hash));
    let labels = value_at(&template, &["metadata", "labels"]).cloned().unwrap_or_default();
    set(&mut set_of, &["metadata", "labels"], labels);
    set(&mut set_of, &["metadata", "ownerReferences"], pods::owner_reference(owner));
    set(&mut set_of, &["spec", "replicas"], json!(0));
    let selector = owner.value.pointer("/spec/selector").cloned().unwrap_or_default();
    set(&mut set_of, &["spec", "selector"], selector);
    set(&mut set_of, &["spec", "selector", "matchLabels", "pod-template-hash"], json!(hash));
    set(&mut set_of, &["spec", "template"], template);
    let made = admission::create(state, catalog::of(Kind::ReplicaSet)?, set_of).ok()?;
    number_revision(state, owner, &made.key, newest + 1);
    state.get(Kind::ReplicaSet, &made.key).cloned()
}

/// A template as it counts for its hash: empty maps are as good as absent, order does not matter.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<(&String, Value)> = map
                .iter()
                .map(|(key, value)| (key, canonical(value)))
                .filter(|(_, value)| !value.is_null() && *value != json!({}))
                .collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

fn number_revision(state: &mut State, owner: &Item, set_key: &Key, revision: i64) {
    let text = json!(revision.to_string());
    state.edit(Kind::ReplicaSet, set_key, Part::Main, |value| {
        set(value, &REVISION, text.clone());
    });
    state.edit(Kind::Deployment, &owner.key, Part::Main, |value| set(value, &REVISION, text));
}

fn revision_of(value: &Value) -> i64 {
    value_at(value, &REVISION).and_then(Value::as_str).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn revisions(state: &State, owner: &Item) -> Vec<i64> {
    sets(state, owner).iter().map(|set| revision_of(&set.value)).collect()
}

fn sets(state: &State, owner: &Item) -> Vec<Item> {
    let uid = text(&owner.value, "/metadata/uid");
    state.owned_by(uid, Kind::ReplicaSet).cloned().collect()
}

fn replicas(set: &Item) -> i64 {
    number(&set.value, "/spec/replicas").unwrap_or(0)
}

/// Moves pods from the old ReplicaSets to the current one, within surge and unavailability.
fn roll(state: &mut State, owner: &Item, current: &Item, pace: Pace) {
    let wanted = number(&owner.value, "/spec/replicas").unwrap_or(1).max(0);
    let recreate = text(&owner.value, "/spec/strategy/type") == "Recreate";
    let surge = share(&owner.value, "maxSurge", wanted, true);
    let mut missing = share(&owner.value, "maxUnavailable", wanted, false);
    if surge == 0 && missing == 0 {
        missing = 1;
    }
    let old: Vec<Item> =
        sets(state, owner).into_iter().filter(|set| set.key != current.key).collect();
    let old_total: i64 = old.iter().map(replicas).sum();
    let gone = old.iter().all(|set| set_pods(state, set, true).is_empty());
    let room = match (old_total, recreate) {
        (_, true) if !gone => 0,
        (0, _) | (_, true) => wanted,
        _ => (wanted + surge - old_total).clamp(replicas(current).min(wanted), wanted),
    };
    scale(state, owner, current, room, pace);
    let ready = |state: &State, set: &Item| ready_count(&set_pods(state, set, false));
    let mut spare = ready(state, current) - (wanted - missing);
    for set in &old {
        spare += ready(state, set);
    }
    for set in old.iter().filter(|set| replicas(set) > 0) {
        let useless = replicas(set) - ready(state, set);
        let drop = if recreate { replicas(set) } else { useless + spare.max(0) };
        let drop = drop.clamp(0, replicas(set));
        spare -= (drop - useless).max(0);
        scale(state, owner, set, replicas(set) - drop, pace);
    }
}

fn ready_count(pods: &[Item]) -> i64 {
    count(pods.iter().filter(|pod| pods::is_ready(&pod.value)).count())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn set_pods(state: &State, set: &Item, leaving_too: bool) -> Vec<Item> {
    pods::owned(state, text(&set.value, "/metadata/uid"), leaving_too)
}

/// A number or a percentage of the wanted pods; surge is rounded up, unavailability down.
fn share(deployment: &Value, field: &str, wanted: i64, up: bool) -> i64 {
    let value = deployment.pointer(&format!("/spec/strategy/rollingUpdate/{field}"));
    match value {
        Some(Value::Number(count)) => count.as_i64().unwrap_or(0),
        Some(Value::String(percent)) => {
            let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or(25);
            (wanted * percent + if up { 99 } else { 0 }) / 100
        }
        _ => 0,
    }
}

fn scale(state: &mut State, owner: &Item, set_of: &Item, to: i64, pace: Pace) {
    let from = replicas(set_of);
    if from == to {
        return;
    }
    state.edit(Kind::ReplicaSet, &set_of.key, Part::Main, |value| {
        set(value, &["spec", "replicas"], json!(to));
    });
    if pace == Pace::Real {
        let way = if to > from { "up" } else { "down" };
        let name = &set_of.key.name;
        let message = format!("Scaled {way} replica set {name} from {from} to {to}");
        events::record(state, owner, "Normal", "ScalingReplicaSet", &message);
    }
}

/// Deletes empty old ReplicaSets beyond the history limit.
fn forget(state: &mut State, owner: &Item, current: &Item) {
    let limit = number(&owner.value, "/spec/revisionHistoryLimit").unwrap_or(10).max(0) as usize;
    let mut old: Vec<Item> = sets(state, owner)
        .into_iter()
        .filter(|set| set.key != current.key && replicas(set) == 0)
        .filter(|set| set_pods(state, set, true).is_empty())
        .collect();
    old.sort_by_key(|set| revision_of(&set.value));
    let excess = old.len().saturating_sub(limit);
    for set in old.iter().take(excess) {
        state.remove(Kind::ReplicaSet, &set.key);
    }
}

fn status(state: &mut State, owner: &Item) {
    let Some(owner) = state.get(Kind::Deployment, &owner.key).cloned() else { return };
    let wanted = number(&owner.value, "/spec/replicas").unwrap_or(1).max(0);
    let newest = revisions(state, &owner).into_iter().max().unwrap_or(0);
    let (mut total, mut ready, mut updated) = (0, 0, 0);
    let mut current = String::new();
    for set in sets(state, &owner) {
        let pods = set_pods(state, &set, false);
        total += count(pods.len());
        ready += ready_count(&pods);
        if revision_of(&set.value) == newest {
            updated += count(pods.len());
            current = set.key.name.to_string();
        }
    }
    let mut status = json!({
        "observedGeneration": number(&owner.value, "/metadata/generation").unwrap_or(1),
        "replicas": total, "updatedReplicas": updated, "readyReplicas": ready,
        "availableReplicas": ready, "unavailableReplicas": (wanted.max(total) - ready).max(0),
    });
    for field in
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"]
    {
        // The API leaves zero counts out.
        if number(&status, &format!("/{field}")) == Some(0) {
            unset(&mut status, &[field]);
        }
    }
    let missing = share(&owner.value, "maxUnavailable", wanted, false);
    let enough = ready >= wanted - missing;
    let complete = updated == wanted && total == wanted && ready == wanted;
    let conditions = json!([
        condition(&owner.value, &state.stamp(), available(enough)),
        condition(&owner.value, &state.stamp(), progressing(complete, &current)),
    ]);
    set(&mut status, &["conditions"], conditions);
    set_status(state, &owner, status);
}

/// Type, status, reason and message of a condition.
type Says = (&'static str, bool, &'static str, String);

fn available(enough: bool) -> Says {
    let (reason, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    ("Available", enough, reason, message.to_owned())
}

fn progressing(complete: bool, set: &str) -> Says {
    let (reason, did) = if complete {
        ("NewReplicaSetAvailable", "has successfully progressed")
    } else {
        ("ReplicaSetUpdated", "is progressing")
    };
    ("Progressing", true, reason, format!("ReplicaSet \"{set}\" {did}."))
}

/// A condition that keeps its times while it says the same.
fn condition(owner: &Value, now: &str, (kind, holds, reason, message): Says) -> Value {
    let status = if holds { "True" } else { "False" };
    let old = items(owner, "/status/conditions").iter().find(|c| text(c, "/type") == kind);
    let same = old.filter(|c| text(c, "/status") == status);
    let since = same.map_or(now, |c| text(c, "/lastTransitionTime"));
    let unchanged = same.filter(|c| text(c, "/reason") == reason && text(c, "/message") == message);
    let updated = unchanged.map_or(now, |c| text(c, "/lastUpdateTime"));
    json!({"type": kind, "status": status, "lastUpdateTime": updated,
           "lastTransitionTime": since, "reason": reason, "message": message})
}
