//! A value inside an object together with its place, and the list of what is wrong.

use serde_json::Value;

use super::{Issue, Severity, fields, is_empty};

/// A value and its path from the object's root.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    pub value: &'a Value,
    pub path: String,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// A field below; null where it is absent.
    #[must_use]
    pub fn at(&self, name: &str) -> Self {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        let path = if plain {
            format!("{}.{name}", self.path)
        } else {
            format!("{}[\"{name}\"]", self.path)
        };
        Self { value: fields::of(self.value, name), path }
    }

    /// A field below, where it is there.
    pub fn get(&self, name: &str) -> Option<Self> {
        self.has(name).then(|| self.at(name))
    }

    /// The items of a list field, each with its place.
    pub fn items(&self, name: &str) -> Vec<Self> {
        let path = format!("{}.{name}", self.path);
        fields::items(self.value, name)
            .enumerate()
            .map(|(i, value)| Self { value, path: format!("{path}[{i}]") })
            .collect()
    }

    /// The entries of a map field, each with its place.
    pub fn entries(&self, name: &str) -> Vec<(&'a str, Self)> {
        let holder = self.at(name);
        fields::entries(self.value, name).map(|(key, _)| (key, holder.at(key))).collect()
    }

    /// Whether a field is there and not null.
    pub fn has(&self, name: &str) -> bool {
        !fields::of(self.value, name).is_null()
    }

    /// Whether a field says something: an empty text or list and zero do not.
    pub fn says(&self, name: &str) -> bool {
        !is_empty(fields::of(self.value, name))
    }

    pub fn text(&self, name: &str) -> &'a str {
        fields::text(self.value, name)
    }

    pub fn number(&self, name: &str) -> f64 {
        fields::number(self.value, name)
    }

    /// A whole number; 0 where it is none.
    pub fn integer(&self, name: &str) -> i64 {
        fields::of(self.value, name).as_i64().unwrap_or_default()
    }

    pub fn flag(&self, name: &str) -> bool {
        fields::flag(self.value, name)
    }

    /// The value as text; empty where it is none.
    pub fn str(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }
}

/// Takes what a check finds.
#[derive(Debug, Default)]
pub struct Issues {
    found: Vec<Issue>,
    prefix: String,
}

impl Issues {
    pub fn error(&mut self, at: &Node<'_>, text: impl AsRef<str>) {
        let text = format!("{}{}", self.prefix, text.as_ref());
        self.push(Severity::Error, at, text);
    }

    pub fn warn(&mut self, at: &Node<'_>, text: impl Into<String>) {
        self.push(Severity::Warning, at, text.into());
    }

    pub fn push(&mut self, severity: Severity, at: &Node<'_>, text: String) {
        self.found.push(Issue { severity, path: at.path.clone(), text });
    }

    /// An error, where a check gave one.
    pub fn check(&mut self, at: &Node<'_>, problem: Option<String>) {
        if let Some(text) = problem {
            self.error(at, text);
        }
    }

    /// What every error's text begins with from here on.
    pub fn set_prefix(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    pub fn count(&self) -> usize {
        self.found.len()
    }

    pub fn into_inner(self) -> Vec<Issue> {
        self.found
    }
}
