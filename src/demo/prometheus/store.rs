//! The sample store: series by label set, packed samples, a bounded past.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use promql_parser::label::Matcher;

use super::chunk::{Chunk, Sample, stale_marker};
use super::labels::{Labels, NAME};

/// Samples in a chunk; a closed chunk leaves the store as a whole.
const CHUNK_SAMPLES: u16 = 240;

/// Names a series of a [`Store`]; never used again once the series is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(u64);

/// What a metric is, for `/api/v1/metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    pub help: &'static str,
}

#[derive(Debug)]
struct Series {
    labels: Labels,
    chunks: Vec<Chunk>,
}

impl Series {
    fn last_at(&self) -> Option<i64> {
        self.chunks.last().map(Chunk::last_at)
    }

    fn push(&mut self, sample: Sample) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.count() < CHUNK_SAMPLES => chunk.push(sample),
            full => {
                if let Some(full) = full {
                    full.close();
                }
                self.chunks.push(Chunk::new(sample));
            }
        }
    }

    fn between(&self, from: i64, to: i64) -> impl Iterator<Item = Sample> {
        self.chunks
            .iter()
            .filter(move |chunk| chunk.last_at() >= from && chunk.first_at() <= to)
            .flat_map(Chunk::samples)
            .skip_while(move |sample| sample.at < from)
            .take_while(move |sample| sample.at <= to)
    }
}

/// A series as a query reads it: its samples within the asked range, markers included.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    pub labels: Labels,
    pub samples: Vec<Sample>,
}

/// More samples were asked for than a query may load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySamples;

/// All series, with samples no older than the retention before the newest one.
#[derive(Debug)]
pub struct Store {
    series: BTreeMap<SeriesId, Series>,
    ids: HashMap<Labels, SeriesId>,
    by_name: BTreeMap<Arc<str>, BTreeSet<SeriesId>>,
    families: BTreeMap<&'static str, Family>,
    next: u64,
    retention_ms: i64,
}

impl Store {
    /// A store that keeps `retention_ms` milliseconds of samples.
    pub fn new(retention_ms: i64) -> Self {
        Self {
            series: BTreeMap::new(),
            ids: HashMap::new(),
            by_name: BTreeMap::new(),
            families: BTreeMap::new(),
            next: 0,
            retention_ms,
        }
    }

    /// The series of a label set, made when it is not there.
    pub fn series(&mut self, labels: &Labels) -> SeriesId {
        if let Some(id) = self.ids.get(labels) {
            return *id;
        }
        let id = SeriesId(self.next);
        self.next += 1;
        self.ids.insert(labels.clone(), id);
        self.by_name.entry(Arc::from(labels.get(NAME))).or_default().insert(id);
        self.series.insert(id, Series { labels: labels.clone(), chunks: Vec::new() });
        id
    }

    /// Adds a sample. Samples that are not later than the series' last one are refused, as
    /// Prometheus refuses them; so is a series that has left the store. Whether it was taken.
    pub fn append(&mut self, id: SeriesId, at: i64, value: f64) -> bool {
        let Some(series) = self.series.get_mut(&id) else { return false };
        let in_order = series.last_at().is_none_or(|last| last < at);
        if in_order {
            series.push(Sample { at, value });
        }
        in_order
    }

    /// Ends a series: it is gone from instant queries from then on.
    pub fn end(&mut self, id: SeriesId, at: i64) -> bool {
        self.append(id, at, stale_marker())
    }

    /// Drops what is older than the retention, and series of which nothing is left.
    pub fn forget_before(&mut self, now: i64) {
        let horizon = now.saturating_sub(self.retention_ms);
        let mut gone = Vec::new();
        for (id, series) in &mut self.series {
            series.chunks.retain(|chunk| chunk.last_at() >= horizon);
            if series.chunks.is_empty() {
                gone.push(*id);
            }
        }
        for id in gone {
            let Some(series) = self.series.remove(&id) else { continue };
            self.ids.remove(&series.labels);
            if let Some(named) = self.by_name.get_mut(series.labels.get(NAME)) {
                named.remove(&id);
            }
        }
        self.by_name.retain(|_, ids| !ids.is_empty());
    }

    /// Says what a metric is.
    pub fn describe(&mut self, name: &'static str, family: Family) {
        self.families.insert(name, family);
    }

    pub fn families(&self) -> &BTreeMap<&'static str, Family> {
        &self.families
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Series that match, with their samples in `[from, to]`; those without any are left out.
    /// `limit` is what the query may still load, and is reduced.
    pub fn select(
        &self,
        matchers: &[Matcher],
        (from, to): (i64, i64),
        limit: &mut usize,
    ) -> Result<Vec<Selected>, TooManySamples> {
        let mut selected = Vec::new();
        for series in self.matching(matchers) {
            let mut samples = Vec::new();
            for sample in series.between(from, to) {
                *limit = limit.checked_sub(1).ok_or(TooManySamples)?;
                samples.push(sample);
            }
            if !samples.is_empty() {
                selected.push(Selected { labels: series.labels.clone(), samples });
            }
        }
        Ok(selected)
    }

    /// Label sets of the series that match and have samples in `[from, to]`.
    pub fn label_sets(&self, matchers: &[Matcher], (from, to): (i64, i64)) -> BTreeSet<Labels> {
        self.matching(matchers)
            .filter(|series| series.between(from, to).next().is_some())
            .map(|series| series.labels.clone())
            .collect()
    }

    fn matching<'a>(&'a self, matchers: &'a [Matcher]) -> impl Iterator<Item = &'a Series> {
        let (of_name, rest): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.name == NAME);
        self.by_name
            .iter()
            .filter(move |(name, _)| of_name.iter().all(|matcher| matcher.is_match(name)))
            .flat_map(|(_, ids)| ids)
            .filter_map(|id| self.series.get(id))
            .filter(move |series| {
                rest.iter().all(|matcher| matcher.is_match(series.labels.get(&matcher.name)))
            })
    }
}
