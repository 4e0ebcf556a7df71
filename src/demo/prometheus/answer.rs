//! Answers in the JSON shapes of Prometheus's HTTP API.

use serde::ser::{Serialize, SerializeMap, SerializeTuple, Serializer};

use super::chunk::Sample;
use super::eval::{Element, Row, Value};
use super::labels::Labels;

/// A number as Prometheus writes it: shortest decimal, no exponent.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        finite => finite.to_string(),
    }
}

/// `[seconds, "value"]`.
#[derive(Debug)]
struct Point(Sample);

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        if self.0.at % 1000 == 0 {
            pair.serialize_element(&(self.0.at / 1000))?;
        } else {
            pair.serialize_element(&(self.0.at as f64 / 1000.0))?;
        }
        pair.serialize_element(&number(self.0.value))?;
        pair.end()
    }
}

struct Text<'a>(i64, &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0 as f64 / 1000.0, self.1).serialize(serializer)
    }
}

#[derive(serde::Serialize)]
struct One<'a> {
    metric: &'a Labels,
    value: Point,
}

#[derive(serde::Serialize)]
struct Many<'a> {
    metric: &'a Labels,
    values: Vec<Point>,
}

/// A value and the time it was evaluated at, as `data` of `/api/v1/query`.
#[derive(Debug)]
pub struct Evaluated {
    pub value: Value,
    /// Milliseconds since the epoch.
    pub at: i64,
}

impl Serialize for Evaluated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut data = serializer.serialize_map(Some(2))?;
        match &self.value {
            Value::Scalar(value) => {
                data.serialize_entry("resultType", "scalar")?;
                data.serialize_entry("result", &Point(Sample { at: self.at, value: *value }))?;
            }
            Value::Text(text) => {
                data.serialize_entry("resultType", "string")?;
                data.serialize_entry("result", &Text(self.at, text))?;
            }
            Value::Vector(elements) => {
                data.serialize_entry("resultType", "vector")?;
                data.serialize_entry("result", &Elements(elements, self.at))?;
            }
            Value::Matrix(rows) => {
                data.serialize_entry("resultType", "matrix")?;
                data.serialize_entry("result", &Rows(rows))?;
            }
        }
        data.end()
    }
}

struct Elements<'a>(&'a [Element], i64);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|element| One {
            metric: &element.labels,
            value: Point(Sample { at: self.1, value: element.value }),
        }))
    }
}

struct Rows<'a>(&'a [Row]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|row| Many {
            metric: &row.labels,
            values: row.samples.iter().copied().map(Point).collect(),
        }))
    }
}

/// The envelope of an answer.
#[derive(Debug, serde::Serialize)]
pub struct Success<T> {
    status: &'static str,
    data: T,
}

impl<T> Success<T> {
    pub fn of(data: T) -> Self {
        Self { status: "success", data }
    }
}

/// The envelope of a refusal.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    status: &'static str,
    error_type: &'static str,
    error: String,
}

impl Failure {
    pub fn of(class: &'static str, error: String) -> Self {
        Self { status: "error", error_type: class, error }
    }
}
