//! From an object's JSON as the server sends it to a [`RawObject`]: pruned without building a
//! tree, since thousands of them come at once.

use std::borrow::Cow;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mesh::object::{RawObject, spec_changed};
use crate::mesh::{Kind, harmless};

type Fields<'a> = IndexMap<Cow<'a, str>, &'a RawValue>;

/// What weighs most in metadata, and is read by nobody here.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Kinds that come by the thousand and whose specs nobody changes: their managed fields are
/// passed over unread.
const CHURNING: &[Kind] =
    &[Kind::Pod, Kind::ReplicaSet, Kind::EndpointSlice, Kind::Node, Kind::Event];

/// Reads one object; items of lists may lack `apiVersion` and `kind`, which are then added.
pub(super) fn object(
    kind: Kind,
    api_version: &str,
    bytes: &[u8],
) -> Result<RawObject, serde_json::Error> {
    // A byte that is no UTF-8 harms a text, not the object.
    let text =
        std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let mut fields: Fields<'_> = serde_json::from_str(&text)?;
    // A list of metadata calls its items PartialObjectMetadata, whatever they are.
    fields.shift_remove("apiVersion");
    fields.shift_remove("kind");
    let mut json = String::with_capacity(text.len());
    json.push_str("{\"apiVersion\":");
    json.push_str(&quoted(api_version));
    json.push_str(",\"kind\":");
    json.push_str(&quoted(kind.info().name));
    let mut changed = None;
    for (key, value) in &fields {
        json.push(',');
        let pruned = if key == "metadata" { metadata(kind, value, &mut changed) } else { None };
        push_pair(&mut json, key, pruned.as_deref().unwrap_or_else(|| value.get()));
    }
    json.push('}');
    if harmless::json_is_suspicious(&json) {
        let value: Value = serde_json::from_str(&json)?;
        return Ok(RawObject { changed, ..RawObject::with_kind(kind, value) });
    }
    let api_version = api_version.into();
    Ok(RawObject { kind, api_version, json: json.into(), origin: None, changed })
}

/// Metadata without managed fields and the last applied configuration; `None` leaves it as it is.
/// `changed` is set to what the managed fields tell.
fn metadata(kind: Kind, value: &RawValue, changed: &mut Option<Timestamp>) -> Option<String> {
    let mut fields: Fields<'_> = serde_json::from_str(value.get()).ok()?;
    let managed = fields.shift_remove("managedFields");
    if !CHURNING.contains(&kind) {
        *changed = managed.and_then(|entries| spec_changed(entries.get()));
    }
    let annotations = fields.shift_remove("annotations").map(|raw| {
        let kept = serde_json::from_str::<Fields<'_>>(raw.get()).ok().map(|mut pairs| {
            pairs.shift_remove(LAST_APPLIED);
            braced(&pairs)
        });
        kept.unwrap_or_else(|| raw.get().to_owned())
    });
    let mut text = braced(&fields);
    if let Some(annotations) = annotations {
        text.pop();
        if text.len() > 1 {
            text.push(',');
        }
        push_pair(&mut text, "annotations", &annotations);
        text.push('}');
    }
    Some(text)
}

fn braced(fields: &Fields<'_>) -> String {
    let mut text = String::from("{");
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_pair(&mut text, key, value.get());
    }
    text.push('}');
    text
}

fn push_pair(text: &mut String, key: &str, value: &str) {
    text.push_str(&quoted(key));
    text.push(':');
    text.push_str(value);
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn convert(value: &Value) -> RawObject {
        object(Kind::VirtualService, "networking.istio.io/v1", value.to_string().as_bytes())
            .unwrap()
    }

    #[test]
    fn what_nobody_reads_goes_and_the_rest_stays() {
        let raw = convert(&json!({"metadata": {"name": "a", "managedFields": [{"f:x": {}}],
            "annotations": {LAST_APPLIED: "{\"long\": 1}", "kept": "y"}}, "spec": {"hosts": ["*"]}}));
        assert_eq!(
            raw.value(),
            json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
                "metadata": {"name": "a", "annotations": {"kept": "y"}}, "spec": {"hosts": ["*"]}})
        );
        assert_eq!(raw.changed, None);
        let raw = convert(&json!({"metadata": {"name": "a", "managedFields": [
            {"time": "2026-11-23T11:00:00Z", "fieldsV1": {"f:spec": {}}}]}}));
        assert_eq!(raw.changed, Some("2026-11-23T11:00:00Z".parse().unwrap()));
    }

    #[test]
    fn escapes_are_undone_wherever_they_hide() {
        let text = r#"{"metadata":{"name":"a\u001b","labels":{"k\u202e":"v"}},"x":"\b"}"#;
        let raw = object(Kind::Pod, "v1", text.as_bytes()).unwrap();
        assert!(!raw.value().to_string().contains(['\u{1b}', '\u{202e}', '\u{8}']), "{}", raw.json);
        let broken = object(Kind::Pod, "v1", b"{\"metadata\":{\"name\":\"\xff\xfe\"}}").unwrap();
        assert_eq!(broken.value()["metadata"]["name"], "\u{FFFD}\u{FFFD}");
    }

    proptest! {
        #[test]
        fn says_the_same_as_the_slow_way(key in ".{0,8}", text in ".{0,8}", annotated: bool) {
            let mut object = json!({"metadata": {"name": text, "labels": {&key: text}},
                "spec": {&key: [text, null, 1.5]}});
            if annotated {
                object["metadata"]["annotations"] = json!({&key: text, LAST_APPLIED: text});
            }
            let mut slow = object.clone();
            slow["apiVersion"] = json!("networking.istio.io/v1");
            slow["kind"] = json!("VirtualService");
            let slow = RawObject::with_kind(Kind::VirtualService, slow);
            prop_assert_eq!(convert(&object).value(), slow.value());
        }
    }
}
