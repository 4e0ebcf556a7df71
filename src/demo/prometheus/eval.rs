//! PromQL, evaluated: a plan at one time, or over a range of times.
//!
//! The rules are those of Prometheus 2.42 (`promql/engine.go`, `promql/functions.go`): ranges and
//! the five minutes of lookback are closed at both ends, staleness markers end a series.

use std::collections::BTreeMap;
use std::time::Instant;

use super::chunk::{Sample, is_stale};
use super::labels::{Labels, NAME};
use super::plan::{LOOKBACK_MS, Plan, Selector, Shift};
use super::refusal::Refusal;

pub mod aggregate;
pub mod binary;
mod calendar;
mod call;
pub mod function;
mod histogram;
mod relabel;
mod window;

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    pub labels: Labels,
    pub value: f64,
}

/// One series of a range vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub labels: Labels,
    pub samples: Vec<Sample>,
}

/// What an expression is worth at one time.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Scalar(f64),
    Text(String),
    Vector(Vec<Element>),
    Matrix(Vec<Row>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Text(_) => "string",
            Self::Vector(_) => "instant vector",
            Self::Matrix(_) => "range vector",
        }
    }

    fn scalar(self) -> Result<f64, Refusal> {
        match self {
            Self::Scalar(number) => Ok(number),
            other => Err(wrong_type("scalar", &other)),
        }
    }

    fn text(self) -> Result<String, Refusal> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(wrong_type("string", &other)),
        }
    }

    fn vector(self) -> Result<Vec<Element>, Refusal> {
        match self {
            Self::Vector(elements) => Ok(elements),
            other => Err(wrong_type("instant vector", &other)),
        }
    }
}

fn wrong_type(wanted: &str, got: &Value) -> Refusal {
    Refusal::bad_data(format!("parse error: expected type {wanted}, got {}", got.kind()))
}

/// Evaluates plans until a deadline.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator {
    deadline: Instant,
}

impl Evaluator {
    pub fn until(deadline: Instant) -> Self {
        Self { deadline }
    }

    /// The plan's value at a time (milliseconds since the epoch).
    pub fn at(&self, plan: &Plan, time: i64) -> Result<Value, Refusal> {
        if Instant::now() > self.deadline {
            return Err(Refusal::Timeout);
        }
        Ok(match plan {
            Plan::Number(number) => Value::Scalar(*number),
            Plan::Text(text) => Value::Text(text.clone()),
            Plan::Instant(selector) => Value::Vector(
                latest(selector, time)
                    .map(|(labels, sample)| Element { labels, value: sample.value })
                    .collect(),
            ),
            Plan::Range { over, range } => Value::Matrix(rows(over, *range, time)),
            Plan::Subquery { inner, range, step, shift } => {
                let (from, to) = closed_range(*shift, *range, time);
                Value::Matrix(self.steps(inner, from, to, *step)?)
            }
            Plan::Call { function, args } => self.call(*function, args, time)?,
            Plan::Aggregate(aggregate) => Value::Vector(self.aggregate(aggregate, time)?),
            Plan::Binary(binary) => self.binary(binary, time)?,
            Plan::Negate(inner) => match self.at(inner, time)? {
                Value::Scalar(number) => Value::Scalar(-number),
                other => Value::Vector(nameless(other.vector()?, |value| -value)?),
            },
        })
    }

    /// The plan's values from `start` to `end`, a step apart: the rows of a range query.
    pub fn range(
        &self,
        plan: &Plan,
        (start, end): (i64, i64),
        step: i64,
    ) -> Result<Vec<Row>, Refusal> {
        let mut rows = BTreeMap::<Labels, Vec<Sample>>::new();
        let mut time = start;
        while time <= end {
            let elements = match self.at(plan, time)? {
                Value::Scalar(value) => vec![Element { labels: Labels::default(), value }],
                other => other.vector()?,
            };
            for Element { labels, value } in elements {
                rows.entry(labels).or_default().push(Sample { at: time, value });
            }
            time = time.saturating_add(step.max(1));
        }
        Ok(rows.into_iter().map(|(labels, samples)| Row { labels, samples }).collect())
    }

    /// A subquery's rows: evaluated at the multiples of its step.
    fn steps(&self, inner: &Plan, from: i64, to: i64, step: i64) -> Result<Vec<Row>, Refusal> {
        let early = from.rem_euclid(step);
        let first = if early == 0 { from } else { from.saturating_add(step - early) };
        self.range(inner, (first, to), step)
    }
}

fn closed_range(shift: Shift, range: i64, time: i64) -> (i64, i64) {
    let to = shift.apply(time);
    (to.saturating_sub(range), to)
}

/// The latest sample of each series, unless it is too old or the series has ended.
fn latest(selector: &Selector, time: i64) -> impl Iterator<Item = (Labels, Sample)> {
    let time = selector.shift.apply(time);
    selector.series.iter().filter_map(move |series| {
        let until = series.samples.partition_point(|sample| sample.at <= time);
        let sample = *series.samples.get(..until)?.last()?;
        let alive = sample.at >= time.saturating_sub(LOOKBACK_MS) && !is_stale(sample.value);
        alive.then(|| (series.labels.clone(), sample))
    })
}

/// The samples of one series within a closed range.
fn slice(samples: &[Sample], from: i64, to: i64) -> &[Sample] {
    let first = samples.partition_point(|sample| sample.at < from);
    let until = samples.partition_point(|sample| sample.at <= to);
    samples.get(first..until).unwrap_or_default()
}

fn rows(selector: &Selector, range: i64, time: i64) -> Vec<Row> {
    let (from, to) = closed_range(selector.shift, range, time);
    let of = |labels: &Labels, samples: &[Sample]| {
        let samples = slice(samples, from, to).to_vec();
        (!samples.is_empty()).then(|| Row { labels: labels.clone(), samples })
    };
    selector.series.iter().filter_map(|s| of(&s.labels, &s.samples)).collect()
}

/// Changes every value and drops the metrics' names.
fn nameless(elements: Vec<Element>, change: impl Fn(f64) -> f64) -> Result<Vec<Element>, Refusal> {
    let apart = one_name(elements.iter().map(|element| &element.labels));
    let changed: Vec<Element> = elements
        .into_iter()
        .map(|e| Element { labels: e.labels.nameless(), value: change(e.value) })
        .collect();
    if apart { Ok(changed) } else { unique(changed) }
}

/// Refuses a vector in which a label set occurs twice.
fn unique(elements: Vec<Element>) -> Result<Vec<Element>, Refusal> {
    let mut seen = std::collections::HashSet::with_capacity(elements.len());
    if elements.iter().all(|element| seen.insert(&element.labels)) {
        return Ok(elements);
    }
    Err(Refusal::execution("vector cannot contain metrics with the same labelset"))
}

/// Whether all the label sets carry one metric name: then dropping it keeps them apart.
fn one_name<'a>(mut labels: impl Iterator<Item = &'a Labels>) -> bool {
    let Some(first) = labels.next() else { return true };
    let name = first.get(NAME);
    !name.is_empty() && labels.all(|other| other.get(NAME) == name)
}
