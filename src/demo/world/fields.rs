//! Reading and writing fields of JSON objects by path, for objects whose shape nobody promised.

use serde_json::{Map, Value};

/// The text at a JSON pointer, empty when there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of the array at a JSON pointer, none when there is no array.
pub fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The value at a path of field names, which may contain slashes.
pub fn value_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, step| at.get(step))
}

/// Sets the field at a path; objects on the way are made where they are missing.
pub fn set(value: &mut Value, path: &[&str], new: Value) {
    if let Some(place) = place(value, path) {
        *place = new;
    }
}

/// Sets the field at a path unless it is there.
pub fn set_default(value: &mut Value, path: &[&str], new: impl FnOnce() -> Value) {
    if value_at(value, path).is_none_or(Value::is_null) {
        set(value, path, new());
    }
}

/// Removes the field at a path.
pub fn unset(value: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |at, step| at.get_mut(step));
    if let Some(Value::Object(map)) = parent {
        map.shift_remove(*last);
    }
}

/// The array at a path, made where it is missing; `None` when something else is there.
pub fn array_at<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Vec<Value>> {
    let place = place(value, path)?;
    if place.is_null() {
        *place = Value::Array(Vec::new());
    }
    place.as_array_mut()
}

fn place<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |at, step| {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        Some(at.as_object_mut()?.entry(*step).or_insert(Value::Null))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_made_and_removed() {
        let mut value = json!({"a": 1});
        set(&mut value, &["b", "c/d"], json!(2));
        set_default(&mut value, &["a"], || json!(9));
        array_at(&mut value, &["list"]).unwrap().push(json!("x"));
        assert_eq!(value, json!({"a": 1, "b": {"c/d": 2}, "list": ["x"]}));
        unset(&mut value, &["b", "c/d"]);
        unset(&mut value, &["no", "such"]);
        assert_eq!(value, json!({"a": 1, "b": {}, "list": ["x"]}));
        assert_eq!((text(&value, "/list/0"), items(&value, "/a").len()), ("x", 0));
    }
}
