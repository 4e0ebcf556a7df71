//! Values as istioctl's messages print them.

use std::fmt::Display;

use crate::mesh::object::Labels;

/// In double quotes, with escapes.
pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// `[a b c]`.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    format!("[{}]", joined(items, " "))
}

pub fn joined<T: Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}

/// A selector: `k=v,k2=v2`, nothing when empty.
pub fn selector(labels: &Labels) -> String {
    joined(labels.iter().map(|(key, value)| format!("{key}={value}")), ",")
}
