//! Reading JSON that may be of any shape: what is not there is null, empty or zero.

use serde_json::Value;

static NULL: Value = Value::Null;

/// A field; null where it is absent.
pub fn of<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&NULL)
}

/// A field's text; empty where it is none.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    of(value, name).as_str().unwrap_or_default()
}

/// A field's number; 0 where it is none.
pub fn number(value: &Value, name: &str) -> f64 {
    of(value, name).as_f64().unwrap_or_default()
}

pub fn flag(value: &Value, name: &str) -> bool {
    of(value, name).as_bool().unwrap_or_default()
}

/// The items of a list field.
pub fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of(value, name).as_array().into_iter().flatten()
}

/// The texts in a list field; what is no text is passed over.
pub fn texts<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    items(value, name).filter_map(Value::as_str)
}

/// The entries of a map field.
pub fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    of(value, name).as_object().into_iter().flatten().map(|(key, inner)| (key.as_str(), inner))
}
