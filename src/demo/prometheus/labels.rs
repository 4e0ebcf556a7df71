//! Label sets: sorted, shared, without empty values, as Prometheus identifies a series.

use std::sync::Arc;

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";
/// The label that holds a histogram bucket's upper bound.
pub const BUCKET: &str = "le";

/// A set of labels, sorted by name. A label with an empty value is the same as none, so none is
/// kept. Cloning costs one reference count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Labels {
    /// From pairs in any order; of a name given twice the last wins.
    pub fn new(pairs: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut sorted: Vec<(Arc<str>, Arc<str>)> = pairs.into_iter().collect();
        sorted.reverse();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|later, kept| later.0 == kept.0);
        sorted.retain(|(_, value)| !value.is_empty());
        Self(sorted.into())
    }

    /// From borrowed pairs, for tests and small sets.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self::new(pairs.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))))
    }

    /// The value of a label; empty where it is not set.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    fn find(&self, name: &str) -> Option<&Arc<str>> {
        let at = self.0.binary_search_by(|(have, _)| (**have).cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Name and value of each label, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same set without these labels.
    #[must_use]
    pub fn without<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filtered(|name| !names.iter().any(|n| n.as_ref() == name))
    }

    /// Of the set, these labels only.
    #[must_use]
    pub fn only<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filtered(|name| names.iter().any(|n| n.as_ref() == name))
    }

    /// The same set without the metric's name.
    #[must_use]
    pub fn nameless(&self) -> Self {
        if self.find(NAME).is_none() {
            return self.clone();
        }
        self.filtered(|name| name != NAME)
    }

    /// The same set with one label set, or removed where the value is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let rest = self.0.iter().filter(|(have, _)| &**have != name).cloned();
        Self::new(rest.chain([(Arc::from(name), Arc::from(value))]))
    }

    fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }
}

impl std::fmt::Display for Labels {
    /// As Prometheus writes a series in its messages: `name{a="b", c="d"}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.get(NAME))?;
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().filter(|(name, _)| *name != NAME).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl serde::Serialize for Labels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
