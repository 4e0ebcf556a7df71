//! One Kubernetes object as Vigla keeps it: metadata, the narrow part that is read, and the raw
//! JSON for the detail view.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use litemap::LiteMap;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::harmless;
use super::kind::Kind;

/// Namespace and name; the namespace is empty for cluster-scoped objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Default)]
pub struct Key {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

impl Key {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// An object named with its kind: what selections, findings and links point at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ObjectRef {
    pub kind: Kind,
    #[serde(flatten)]
    pub key: Key,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.key)
    }
}

/// Labels or annotations, sorted by key: a few each, of tens of thousands of objects.
pub type Labels = LiteMap<String, String>;

/// The part of `metadata` that Vigla reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub uid: String,
    pub resource_version: String,
    /// Counts changes of the spec.
    pub generation: i64,
    #[serde(rename = "creationTimestamp")]
    pub created: Option<Timestamp>,
    /// When the spec last changed, as far as the server's managed fields told.
    #[serde(skip)]
    pub changed: Option<Timestamp>,
    /// Set while the object is being deleted.
    #[serde(rename = "deletionTimestamp")]
    pub deleting: Option<Timestamp>,
    pub labels: Labels,
    pub annotations: Labels,
    #[serde(rename = "ownerReferences")]
    pub owners: Vec<Owner>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: Arc<str>,
    pub uid: String,
    pub controller: bool,
}

impl Meta {
    pub fn key(&self) -> Key {
        Key { namespace: Arc::clone(&self.namespace), name: Arc::clone(&self.name) }
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// The owner that controls this object, if any.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}

/// Where an object of a file came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub file: Arc<str>,
    /// Line of the document's first key, from 1.
    pub line: u32,
}

/// An object of any known kind before its narrow part is read: harmless, compact JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    pub kind: Kind,
    pub api_version: Arc<str>,
    /// Compact JSON without `managedFields` and without kubectl's last-applied annotation.
    pub json: Arc<str>,
    pub origin: Option<Origin>,
    /// See [`Meta::changed`]; the managed fields themselves are not kept.
    pub changed: Option<Timestamp>,
}

/// The newest time at which someone wrote the spec, from the JSON of `metadata.managedFields`
/// (Kubernetes documentation, "Server-Side Apply"). Writers of a status alone do not count.
pub fn spec_changed(managed_fields: &str) -> Option<Timestamp> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Entry {
        subresource: String,
        time: Option<Timestamp>,
        #[serde(rename = "fieldsV1")]
        fields: Fields,
    }
    #[derive(Deserialize, Default)]
    struct Fields {
        #[serde(rename = "f:spec")]
        spec: Option<IgnoredAny>,
    }
    // Who wrote what is not worth failing an object for.
    let entries: Vec<Entry> = serde_json::from_str(managed_fields).unwrap_or_default();
    let wrote = |entry: &&Entry| entry.subresource.is_empty() && entry.fields.spec.is_some();
    entries.iter().filter(wrote).filter_map(|entry| entry.time).max()
}

impl RawObject {
    /// From a decoded object that carries `apiVersion` and `kind`; `None` for unknown kinds.
    pub fn from_value(object: Value) -> Option<Self> {
        let kind = Kind::of(object.get("apiVersion")?.as_str()?, object.get("kind")?.as_str()?)?;
        Some(Self::with_kind(kind, object))
    }

    /// From a decoded object whose kind is known, as inside a list, where items may lack
    /// `apiVersion` and `kind`.
    pub fn with_kind(kind: Kind, mut object: Value) -> Self {
        harmless::value(&mut object);
        let changed = object.pointer("/metadata/managedFields").map(ToString::to_string);
        prune(&mut object);
        let api_version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        Self {
            kind,
            api_version: api_version.into(),
            json: object.to_string().into(),
            origin: None,
            changed: changed.and_then(|entries| spec_changed(&entries)),
        }
    }

    /// The whole object again, for views and for rules that read any field.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

/// Drops what nobody reads and what weighs most.
fn prune(object: &mut Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.shift_remove("managedFields");
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
}

/// An object with its narrow part `T` (its `spec`, `status` and so on, as `T` declares them).
#[derive(Debug, Clone, PartialEq)]
pub struct Resource<T> {
    pub kind: Kind,
    pub meta: Meta,
    pub body: T,
    pub raw: RawObject,
    /// Why `body` could not be read; it is then the default.
    pub problem: Option<String>,
}

impl<T> Deref for Resource<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> Resource<T> {
    pub fn key(&self) -> Key {
        self.meta.key()
    }

    pub fn reference(&self) -> ObjectRef {
        ObjectRef { kind: self.kind, key: self.key() }
    }
}

/// What was read, in no more memory than it needs: while they are read, lists grow up to four
/// times what they come to hold.
fn fitting<T: Clone>(read: &T) -> T {
    read.clone()
}

impl<T: DeserializeOwned + Default + Clone> Resource<T> {
    /// Reads the narrow part leniently: `null` counts as absent, and an object that still does
    /// not fit keeps its metadata and raw text and says why.
    pub fn read(raw: RawObject) -> Self {
        #[derive(Deserialize)]
        struct Whole<T> {
            #[serde(default)]
            metadata: Meta,
            #[serde(flatten)]
            body: T,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct OnlyMeta {
            metadata: Meta,
        }
        let kind = raw.kind;
        // `flatten` buffers; two plain passes are quicker and give the same answer.
        let plain = serde_json::from_str::<OnlyMeta>(&raw.json)
            .and_then(|meta| Ok((meta.metadata, serde_json::from_str::<T>(&raw.json)?)));
        if let Ok((meta, body)) = plain {
            let (mut meta, body) = (fitting(&meta), fitting(&body));
            meta.changed = raw.changed;
            return Self { kind, meta, body, raw, problem: None };
        }
        let mut value = raw.value();
        strip_nulls(&mut value);
        match serde_json::from_value::<Whole<T>>(value.clone()) {
            Ok(whole) => {
                let meta = Meta { changed: raw.changed, ..whole.metadata };
                Self { kind, meta, body: whole.body, raw, problem: None }
            }
            Err(error) => {
                let meta = value.get_mut("metadata").map(Value::take).unwrap_or_default();
                let meta: Meta = serde_json::from_value(meta).unwrap_or_default();
                let meta = Meta { changed: raw.changed, ..meta };
                Self { kind, meta, body: T::default(), raw, problem: Some(error.to_string()) }
            }
        }
    }
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(strip_nulls);
        }
        Value::Object(map) => {
            map.retain(|_, inner| !inner.is_null());
            map.values_mut().for_each(strip_nulls);
        }
        _ => {}
    }
}

/// All objects of one kind, sorted by namespace and name.
pub type Table<T> = BTreeMap<Key, Arc<Resource<T>>>;

/// The objects of a namespace, by name; those of no namespace for an empty one.
pub fn in_namespace<'t, T>(
    table: &'t Table<T>,
    namespace: &str,
) -> impl Iterator<Item = &'t Arc<Resource<T>>> + use<'t, T> {
    let from = Key::new(namespace, "");
    let home = Arc::clone(&from.namespace);
    table.range(from..).take_while(move |(key, _)| key.namespace == home).map(|(_, object)| object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Default, Deserialize, PartialEq, Clone)]
    #[serde(default)]
    struct Thing {
        spec: Inner,
    }
    #[derive(Debug, Default, Deserialize, PartialEq, Clone)]
    #[serde(default)]
    struct Inner {
        size: u32,
        names: Vec<String>,
    }

    fn read(object: Value) -> Resource<Thing> {
        Resource::read(RawObject::with_kind(Kind::Pod, object))
    }

    #[test]
    fn nulls_count_as_absent() {
        let thing = read(json!({"metadata": {"name": "a", "labels": null},
                                "spec": {"size": 3, "names": null}}));
        assert_eq!((thing.problem.as_deref(), thing.spec.size), (None, 3));
        assert_eq!(&*thing.meta.name, "a");
    }

    #[test]
    fn strange_object_keeps_its_name_and_says_why() {
        let thing =
            read(json!({"metadata": {"namespace": "n", "name": "a"}, "spec": {"size": []}}));
        assert_eq!(thing.key().to_string(), "n/a");
        assert_eq!(thing.body, Thing::default());
        assert!(thing.problem.is_some());
    }

    #[test]
    fn managed_fields_and_escapes_do_not_come_in() {
        let thing = read(json!({"metadata": {"name": "a\u{1b}", "managedFields": [{"x": 1}]}}));
        assert_eq!(&*thing.meta.name, "a\u{FFFD}");
        assert!(!thing.raw.json.contains("managedFields"));
        assert_eq!(thing.meta.changed, None);
    }

    #[test]
    fn the_spec_changed_when_someone_last_wrote_it() {
        let entry = |time: &str, subresource: &str, fields: Value| {
            json!({"manager": "m", "operation": "Update", "time": time,
                   "subresource": subresource, "fieldsType": "FieldsV1", "fieldsV1": fields})
        };
        let thing = read(json!({"metadata": {"name": "a", "managedFields": [
            entry("2026-11-23T10:00:00Z", "", json!({"f:spec": {"f:http": {}}})),
            entry("2026-11-23T11:00:00Z", "", json!({"f:metadata": {}, "f:spec": {".": {}}})),
            entry("2026-11-23T12:00:00Z", "status", json!({"f:spec": {}})),
            entry("2026-11-23T13:00:00Z", "", json!({"f:metadata": {"f:annotations": {}}})),
        ]}}));
        assert_eq!(thing.meta.changed, Some("2026-11-23T11:00:00Z".parse().unwrap()));
    }
}
