//! The objects of the world with their revisions and a bounded history, as etcd and the watch
//! cache keep them. No clock and no lock: time is told, and one writer has it at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::catalog::{self, Resource};
use super::fields::{items, set, text, unset, value_at};
use super::names::Names;
use super::refusal::Refusal;
use crate::mesh::{Key, Kind};

/// How many changes are remembered: a watch that wants to go on from before them gets 410.
pub const HISTORY: usize = 2000;

/// A stored object, as it was after the change that carries its revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub kind: Kind,
    pub key: Key,
    pub revision: u64,
    pub value: Value,
}

/// A stored object, shared between the table, the history and whoever reads it.
pub type Item = Arc<Stored>;

/// One change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    pub revision: u64,
    /// The object before, none when it was created.
    pub old: Option<Item>,
    /// The object after; when it was deleted, its last state with the deletion's revision.
    pub new: Item,
    pub deleted: bool,
}

/// Which part of an object a write is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status, for kinds whose status is a subresource.
    Main,
    /// Only the status.
    Status,
}

/// Every object of the world.
#[derive(Debug, Clone)]
pub struct State {
    tables: BTreeMap<Kind, BTreeMap<Key, Item>>,
    revision: u64,
    /// Watches may go on from this revision or later.
    oldest: u64,
    history: VecDeque<Change>,
    /// The objects that name an owner, by the owner's uid.
    owned: BTreeMap<String, BTreeSet<(Kind, Key)>>,
    pub names: Names,
    /// The time that writes carry.
    pub now: Timestamp,
}

impl State {
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            tables: BTreeMap::new(),
            revision: 1,
            oldest: 1,
            history: VecDeque::new(),
            owned: BTreeMap::new(),
            names: Names::new(seed),
            now,
        }
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The current time as objects carry it: RFC 3339, whole seconds.
    pub fn stamp(&self) -> String {
        stamp(self.now)
    }

    pub fn get(&self, kind: Kind, key: &Key) -> Option<&Item> {
        self.tables.get(&kind)?.get(key)
    }

    /// The objects of a kind, sorted; of one namespace, or of all for `None`.
    pub fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Item> {
        let table = self.tables.get(&kind);
        let from = Key::new(namespace.unwrap_or_default(), "");
        table
            .into_iter()
            .flat_map(move |table| table.range(from.clone()..))
            .take_while(move |(key, _)| namespace.is_none_or(|wanted| &*key.namespace == wanted))
            .map(|(_, item)| item)
    }

    /// The objects of a kind that an owner with this uid has, sorted.
    pub fn owned_by<'a>(&'a self, uid: &str, kind: Kind) -> impl Iterator<Item = &'a Item> {
        let keys = self.owned.get(uid).into_iter().flatten();
        keys.filter(move |(k, _)| *k == kind).filter_map(|(kind, key)| self.get(*kind, key))
    }

    /// The objects of a kind as they were at an earlier revision.
    pub fn list_at(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<Vec<Item>, Refusal> {
        self.check_revision(revision)?;
        let mut table: BTreeMap<Key, Item> =
            self.list(kind, namespace).map(|item| (item.key.clone(), Arc::clone(item))).collect();
        let undone = self.history.iter().rev().take_while(|change| change.revision > revision);
        for change in undone.filter(|change| change.new.kind == kind) {
            let key = &change.new.key;
            if namespace.is_some_and(|wanted| wanted != &*key.namespace) {
                continue;
            }
            match &change.old {
                Some(old) => table.insert(key.clone(), Arc::clone(old)),
                None => table.remove(key),
            };
        }
        Ok(table.into_values().collect())
    }

    /// The changes after a revision, oldest first.
    pub fn changes(&self, since: u64) -> Result<impl Iterator<Item = &Change>, Refusal> {
        self.check_revision(since)?;
        let start = self.history.partition_point(|change| change.revision <= since);
        Ok(self.history.range(start..))
    }

    fn check_revision(&self, revision: u64) -> Result<(), Refusal> {
        if revision < self.oldest {
            return Err(Refusal::too_old(revision, self.oldest));
        }
        if revision > self.revision {
            return Err(Refusal::too_new(revision, self.revision));
        }
        Ok(())
    }

    /// Forgets the history, as a compaction of etcd does.
    pub fn compact(&mut self) {
        self.history.clear();
        self.oldest = self.revision;
    }

    /// Stores a new object: fills in what the server fills in and gives it a revision.
    /// `generateName` gets its letters here.
    pub fn create(&mut self, resource: &Resource, mut value: Value) -> Result<Item, Refusal> {
        let stamp = self.stamp();
        let uid = self.names.uid();
        if text(&value, "/metadata/name").is_empty() {
            let prefix = text(&value, "/metadata/generateName");
            let name = format!("{prefix}{}", self.names.suffix());
            set(&mut value, &["metadata", "name"], json!(name));
        }
        set(&mut value, &["metadata", "uid"], json!(uid));
        if resource.generation {
            set(&mut value, &["metadata", "generation"], json!(1));
        }
        set(&mut value, &["metadata", "creationTimestamp"], json!(stamp));
        let key = key_of(&value);
        if self.get(resource.kind, &key).is_some() {
            return Err(Refusal::already_exists(resource, &key.name));
        }
        Ok(self.put(resource.kind, key, value, None))
    }

    /// Replaces an object, or its status. A `resourceVersion` in `value` must be the current
    /// one. A write that changes nothing keeps the revision, as on a real server.
    pub fn update(
        &mut self,
        resource: &Resource,
        key: &Key,
        value: Value,
        part: Part,
    ) -> Result<Item, Refusal> {
        let missing = || Refusal::not_found(resource, &key.name);
        let old = Arc::clone(self.get(resource.kind, key).ok_or_else(missing)?);
        let version = text(&value, "/metadata/resourceVersion");
        if !version.is_empty() && version != text(&old.value, "/metadata/resourceVersion") {
            return Err(Refusal::conflict(resource, &key.name));
        }
        let uid = text(&value, "/metadata/uid");
        if !uid.is_empty() && uid != text(&old.value, "/metadata/uid") {
            return Err(Refusal::conflict(resource, &key.name));
        }
        let next = merge_parts(resource, &old.value, value, part);
        if next == old.value {
            return Ok(old);
        }
        if is_finished(&next) {
            return Ok(self.take(resource.kind, key, next, old));
        }
        Ok(self.put(resource.kind, key.clone(), next, Some(old)))
    }

    /// Changes an object in place: `change` gets a copy of it, or of its status alone.
    pub fn edit(
        &mut self,
        kind: Kind,
        key: &Key,
        part: Part,
        change: impl FnOnce(&mut Value),
    ) -> Option<Item> {
        let resource = catalog::of(kind)?;
        let old = &self.get(kind, key)?.value;
        let mut value = match part {
            Part::Main => old.clone(),
            // Nothing else of it would be taken: objects are large, and statuses change often.
            Part::Status => {
                let status = old.get("status").map(|status| ("status".to_owned(), status.clone()));
                Value::Object(status.into_iter().collect())
            }
        };
        change(&mut value);
        self.update(resource, key, value, part).ok()
    }

    /// Replaces an object as it is, the server's own fields included: for the world's own hands.
    pub fn overwrite(&mut self, kind: Kind, key: &Key, value: Value) -> Item {
        let old = self.get(kind, key).map(Arc::clone);
        self.put(kind, key.clone(), value, old)
    }

    /// Marks an object as being deleted, `grace` from now; an object that is already marked may
    /// only get less time.
    pub fn mark_deleted(&mut self, kind: Kind, key: &Key, grace: SignedDuration) -> Option<Item> {
        let old = Arc::clone(self.get(kind, key)?);
        let pointer = "/metadata/deletionGracePeriodSeconds";
        let had = old.value.pointer(pointer).and_then(Value::as_i64);
        if had.is_some_and(|had| had <= grace.as_secs()) {
            return Some(old);
        }
        let mut value = old.value.clone();
        set(&mut value, &["metadata", "deletionTimestamp"], json!(stamp(self.now + grace)));
        set(&mut value, &["metadata", "deletionGracePeriodSeconds"], json!(grace.as_secs()));
        Some(self.put(kind, key.clone(), value, Some(old)))
    }

    /// Removes an object at once, whatever finalizers it has.
    pub fn remove(&mut self, kind: Kind, key: &Key) -> Option<Item> {
        let old = Arc::clone(self.get(kind, key)?);
        let value = old.value.clone();
        Some(self.take(kind, key, value, old))
    }

    fn take(&mut self, kind: Kind, key: &Key, value: Value, old: Item) -> Item {
        if let Some(table) = self.tables.get_mut(&kind) {
            table.remove(key);
        }
        self.disown(&old);
        let last = self.stored(kind, key.clone(), value);
        self.record(Some(old), Arc::clone(&last), true);
        last
    }

    fn put(&mut self, kind: Kind, key: Key, value: Value, old: Option<Item>) -> Item {
        let item = self.stored(kind, key.clone(), value);
        if let Some(old) = &old {
            self.disown(old);
        }
        for owner in items(&item.value, "/metadata/ownerReferences") {
            let owned = self.owned.entry(text(owner, "/uid").to_owned()).or_default();
            owned.insert((kind, key.clone()));
        }
        self.tables.entry(kind).or_default().insert(key, Arc::clone(&item));
        self.record(old, Arc::clone(&item), false);
        item
    }

    /// Forgets who owned an object.
    fn disown(&mut self, item: &Item) {
        for owner in items(&item.value, "/metadata/ownerReferences") {
            let uid = text(owner, "/uid");
            if let Some(owned) = self.owned.get_mut(uid) {
                owned.remove(&(item.kind, item.key.clone()));
                if owned.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
    }

    /// Gives a value the next revision.
    fn stored(&mut self, kind: Kind, key: Key, mut value: Value) -> Item {
        self.revision += 1;
        let revision = self.revision;
        set(&mut value, &["metadata", "resourceVersion"], json!(revision.to_string()));
        Arc::new(Stored { kind, key, revision, value })
    }

    fn record(&mut self, old: Option<Item>, new: Item, deleted: bool) {
        self.history.push_back(Change { revision: new.revision, old, new, deleted });
        while self.history.len() > HISTORY {
            if let Some(dropped) = self.history.pop_front() {
                self.oldest = dropped.revision;
            }
        }
    }
}

/// What is stored after a write: the server's own metadata and the other part stay as they were.
fn merge_parts(resource: &Resource, old: &Value, mut new: Value, part: Part) -> Value {
    if part == Part::Status {
        let mut kept = old.clone();
        if let Some(status) = new.get_mut("status").map(Value::take) {
            set(&mut kept, &["status"], status);
        }
        return kept;
    }
    let changed = resource.generation && spec_changed(old, &new);
    let mut kept: Vec<&[&str]> = SERVERS_OWN.to_vec();
    if resource.status {
        kept.push(&["status"]);
    }
    for path in kept {
        match value_at(old, path) {
            Some(value) => set(&mut new, path, value.clone()),
            None => unset(&mut new, path),
        }
    }
    if changed {
        let generation = old.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
        set(&mut new, &["metadata", "generation"], json!(generation + 1));
    }
    new
}

/// What a write to an object cannot change.
const SERVERS_OWN: [&[&str]; 10] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "uid"],
    &["metadata", "creationTimestamp"],
    &["metadata", "deletionTimestamp"],
    &["metadata", "deletionGracePeriodSeconds"],
    &["metadata", "generation"],
    &["metadata", "resourceVersion"],
];

/// Whether anything but metadata and status differs.
fn spec_changed(old: &Value, new: &Value) -> bool {
    fn rest(value: &Value) -> BTreeMap<&String, &Value> {
        let ours = ["metadata", "status", "apiVersion", "kind"];
        let fields = value.as_object().into_iter().flatten();
        fields.filter(|(key, _)| !ours.contains(&key.as_str())).collect()
    }
    rest(old) != rest(new)
}

/// Whether an object that is being deleted has nothing left to wait for.
fn is_finished(value: &Value) -> bool {
    let meta = |field: &str| value.pointer(&format!("/metadata/{field}"));
    // A namespace has finalizers of its own, in its spec.
    let finalizers = !items(value, "/metadata/finalizers").is_empty()
        || !items(value, "/spec/finalizers").is_empty();
    let grace = meta("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
    meta("deletionTimestamp").is_some() && !finalizers && grace == 0
}

/// Namespace and name of an object.
pub fn key_of(value: &Value) -> Key {
    Key::new(text(value, "/metadata/namespace"), text(value, "/metadata/name"))
}

/// A moment as objects carry it: RFC 3339, whole seconds.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
