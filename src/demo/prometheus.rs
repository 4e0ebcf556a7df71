//! A Prometheus in the process: a bounded store of samples, PromQL over it, the HTTP API.
//!
//! It follows the rules of Prometheus 2.42 and agrees with it on the same samples
//! (`tests/promql.rs`); what it does not know it refuses with a reason.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use promql_parser::parser::{Expr, value::ValueType};

pub mod answer;
pub mod chunk;
pub mod eval;
pub mod guard;
pub mod http;
pub mod labels;
pub mod params;
pub mod plan;
pub mod refusal;
pub mod store;

pub use self::chunk::Sample;
pub use self::eval::{Element, Row, Value};
pub use self::http::router;
pub use self::labels::{BUCKET, Labels, NAME};
pub use self::refusal::Refusal;
pub use self::store::{Family, SeriesId, Store};

/// How long a query may take.
const LONGEST: Duration = Duration::from_secs(20);
/// Tells the time, in milliseconds since the epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The samples, and what is needed to answer questions about them.
pub struct Prometheus {
    store: RwLock<Store>,
    clock: Clock,
    scrape_interval: Duration,
}

impl std::fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prometheus")
            .field("scrape_interval", &self.scrape_interval)
            .finish_non_exhaustive()
    }
}

impl Prometheus {
    /// Over a store. The clock gives the time of questions that name none; the interval between
    /// scrapes is told to who asks for the configuration.
    pub fn new(store: Store, clock: Clock, scrape_interval: Duration) -> Self {
        Self { store: RwLock::new(store), clock, scrape_interval }
    }

    /// The time, in milliseconds since the epoch.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    pub fn scrape_interval(&self) -> Duration {
        self.scrape_interval
    }

    /// Reads the store.
    pub fn read<T>(&self, of: impl FnOnce(&Store) -> T) -> T {
        of(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes to the store: what a scrape brings.
    pub fn write<T>(&self, of: impl FnOnce(&mut Store) -> T) -> T {
        of(&mut self.store.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Evaluates an expression at a time, milliseconds since the epoch.
    pub fn instant(&self, expr: &Expr, at: i64) -> Result<Value, Refusal> {
        let plan = self.read(|store| plan::plan(expr, (at, at), store))?;
        let value = eval::Evaluator::until(Instant::now() + LONGEST).at(&plan, at)?;
        Ok(match value {
            Value::Matrix(mut rows) => {
                rows.sort_by(|a, b| a.labels.cmp(&b.labels));
                Value::Matrix(rows)
            }
            other => other,
        })
    }

    /// Evaluates an expression from `span.0` to `span.1`, a step apart (milliseconds).
    pub fn range(&self, expr: &Expr, span: (i64, i64), step: i64) -> Result<Value, Refusal> {
        let kind = match expr.value_type() {
            ValueType::Vector | ValueType::Scalar => None,
            ValueType::Matrix => Some("range vector"),
            ValueType::String => Some("string"),
        };
        if let Some(kind) = kind {
            return Err(params::invalid(
                "query",
                &format!(
                    "invalid expression type {kind:?} for range query, must be Scalar or instant Vector"
                ),
            ));
        }
        let plan = self.read(|store| plan::plan(expr, span, store))?;
        eval::Evaluator::until(Instant::now() + LONGEST).range(&plan, span, step).map(Value::Matrix)
    }
}

/// Parses a query; the reason it cannot be parsed, in Prometheus's words as far as they go.
pub fn parse(query: &str) -> Result<Expr, String> {
    if query.trim().is_empty() {
        return Err("1:1: parse error: no expression found in input".to_owned());
    }
    guard::check(query).map_err(|why| format!("parse error: {why}"))?;
    promql_parser::parser::parse(query).map_err(|why| format!("parse error: {why}"))
}

#[cfg(test)]
mod tests;
