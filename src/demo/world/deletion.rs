//! Deleting objects: at once, gracefully, or after finalizers have done their work.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::catalog;
use super::controllers::dependents;
use super::fields::{items, set, text, unset};
use super::refusal::Refusal;
use super::state::{Item, Part, State};
use crate::mesh::{Key, Kind};

/// The finalizer of an owner that goes after its dependents.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go afterwards.
    #[default]
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

/// The options of a delete request that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Seconds a pod gets to end; its own grace period when absent.
    pub grace: Option<i64>,
    pub propagation: Propagation,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub dry_run: bool,
}

/// How a delete ended.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// The object is gone; its last state.
    Gone(Item),
    /// It is on its way out.
    Leaving(Item),
}

/// Deletes an object, or begins to.
pub fn delete(
    state: &mut State,
    kind: Kind,
    key: &Key,
    options: &Options,
) -> Result<Deleted, Refusal> {
    let resource = catalog::of(kind).ok_or_else(Refusal::no_such_resource)?;
    let item = state.get(kind, key).ok_or_else(|| Refusal::not_found(resource, &key.name))?;
    let item = Item::clone(item);
    let preconditions = [
        ("UID", &options.uid, "/metadata/uid"),
        ("ResourceVersion", &options.resource_version, "/metadata/resourceVersion"),
    ];
    for (what, wanted, at) in preconditions {
        let has = text(&item.value, at);
        if wanted.as_deref().is_some_and(|wanted| wanted != has) {
            return Err(Refusal::precondition(resource, &key.name, what, has));
        }
    }
    if options.dry_run {
        return Ok(Deleted::Gone(item));
    }
    let uid = text(&item.value, "/metadata/uid");
    match options.propagation {
        Propagation::Orphan => orphan(state, uid),
        Propagation::Foreground if !dependents(state, uid).is_empty() => {
            return Ok(wait_for_dependents(state, kind, key, item));
        }
        _ => {}
    }
    let grace = grace(&item, options);
    let waits = !items(&item.value, "/metadata/finalizers").is_empty();
    if kind == Kind::Namespace || waits || grace > 0 {
        let leaving = state.mark_deleted(kind, key, SignedDuration::from_secs(grace));
        if kind == Kind::Namespace {
            state.edit(kind, key, Part::Status, |value| {
                set(value, &["status", "phase"], json!("Terminating"));
            });
        }
        return Ok(Deleted::Leaving(leaving.unwrap_or(item)));
    }
    let last = state.remove(kind, key).unwrap_or(item);
    Ok(Deleted::Gone(last))
}

/// Seconds until the object may go: only pods that run somewhere get any.
fn grace(item: &Item, options: &Options) -> i64 {
    if item.kind != Kind::Pod || text(&item.value, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = item.value.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    options.grace.or(own).unwrap_or(30).max(0)
}

fn orphan(state: &mut State, uid: &str) {
    for item in dependents(state, uid) {
        state.edit(item.kind, &item.key, Part::Main, |value| {
            unset(value, &["metadata", "ownerReferences"]);
        });
    }
}

fn wait_for_dependents(state: &mut State, kind: Kind, key: &Key, item: Item) -> Deleted {
    state.edit(kind, key, Part::Main, |value| {
        let mut finalizers = items(value, "/metadata/finalizers").to_vec();
        if finalizers.iter().all(|f| f != FOREGROUND) {
            finalizers.push(json!(FOREGROUND));
        }
        set(value, &["metadata", "finalizers"], json!(finalizers));
    });
    Deleted::Leaving(state.mark_deleted(kind, key, SignedDuration::ZERO).unwrap_or(item))
}
