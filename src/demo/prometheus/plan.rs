//! A parsed expression made ready: every selector holds its samples, every function is known.
//!
//! What cannot be evaluated is refused here, before any work; what is left cannot fail for
//! reasons of form. Loading happens once for the whole range of a query.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promql_parser::label::{MatchOp, Matcher, Matchers};
use promql_parser::parser::{
    AggregateExpr, AtModifier, BinaryExpr, Call, Expr, LabelModifier, Offset, SubqueryExpr,
    VectorMatchCardinality, VectorSelector,
};

use super::chunk::is_stale;
use super::eval::aggregate::{Aggregation, Grouping};
use super::eval::binary::{Cardinality, Matching, Operator};
use super::eval::function::Function;
use super::labels::{Labels, NAME};
use super::refusal::Refusal;
use super::store::{Selected, Store};

/// How far back an instant selector looks for a sample, in milliseconds.
pub const LOOKBACK_MS: i64 = 5 * 60 * 1000;
/// The step of a subquery that names none: Prometheus's default evaluation interval.
const SUBQUERY_STEP_MS: i64 = 60 * 1000;
/// Expressions nested deeper are refused: the evaluator recurses.
const DEEPEST: usize = 150;
/// Samples that one query may load.
const MOST_SAMPLES: usize = 10_000_000;

/// An expression that can be evaluated at any time within the range it was planned for.
#[derive(Debug)]
pub enum Plan {
    Number(f64),
    Text(String),
    Instant(Selector),
    Range { over: Selector, range: i64 },
    Subquery { inner: Box<Self>, range: i64, step: i64, shift: Shift },
    Call { function: Function, args: Vec<Self> },
    Aggregate(Box<AggregatePlan>),
    Binary(Box<BinaryPlan>),
    Negate(Box<Self>),
}

#[derive(Debug)]
pub struct AggregatePlan {
    pub aggregation: Aggregation,
    pub grouping: Grouping,
    pub param: Option<Plan>,
    pub over: Plan,
}

#[derive(Debug)]
pub struct BinaryPlan {
    pub operator: Operator,
    pub matching: Matching,
    pub left: Plan,
    pub right: Plan,
}

/// Series with all the samples the query can need.
#[derive(Debug)]
pub struct Selector {
    pub series: Vec<Selected>,
    pub shift: Shift,
    /// The labels that an equality fixes: what `absent` answers with.
    pub fixed: Labels,
}

/// `offset` and `@`, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shift {
    offset: i64,
    at: Option<i64>,
}

impl Shift {
    /// The time to look at when the expression is evaluated at `time`.
    pub fn apply(self, time: i64) -> i64 {
        self.at.unwrap_or(time).saturating_sub(self.offset)
    }
}

/// Plans an expression for evaluation from `span.0` to `span.1`, loading its samples.
pub fn plan(expr: &Expr, span: (i64, i64), store: &Store) -> Result<Plan, Refusal> {
    Planner { store, query: span, samples: MOST_SAMPLES }.plan(expr, span, 0)
}

struct Planner<'a> {
    store: &'a Store,
    query: (i64, i64),
    samples: usize,
}

impl Planner<'_> {
    fn plan(&mut self, expr: &Expr, span: (i64, i64), depth: usize) -> Result<Plan, Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::bad_data(format!("expression is nested deeper than {DEEPEST}")));
        }
        let depth = depth + 1;
        Ok(match expr {
            Expr::NumberLiteral(number) => Plan::Number(number.val),
            Expr::StringLiteral(text) => Plan::Text(text.val.clone()),
            Expr::Paren(paren) => self.plan(&paren.expr, span, depth)?,
            Expr::Unary(unary) => Plan::Negate(Box::new(self.plan(&unary.expr, span, depth)?)),
            Expr::VectorSelector(selector) => {
                Plan::Instant(self.select(selector, span, LOOKBACK_MS)?)
            }
            Expr::MatrixSelector(matrix) => {
                let range = millis(matrix.range)?;
                let mut over = self.select(&matrix.vs, span, range)?;
                for series in &mut over.series {
                    series.samples.retain(|sample| !is_stale(sample.value));
                }
                Plan::Range { over, range }
            }
            Expr::Subquery(subquery) => self.subquery(subquery, span, depth)?,
            Expr::Call(call) => self.call(call, span, depth)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, span, depth)?,
            Expr::Binary(binary) => self.binary(binary, span, depth)?,
            Expr::Extension(extension) => return Err(unknown(extension.expr.name())),
        })
    }

    fn select(
        &mut self,
        selector: &VectorSelector,
        span: (i64, i64),
        back: i64,
    ) -> Result<Selector, Refusal> {
        let matchers = matchers(selector.name.as_deref(), &selector.matchers)?;
        let shift = self.shift(selector.offset.as_ref(), selector.at.as_ref())?;
        let range = (shift.apply(span.0).saturating_sub(back), shift.apply(span.1));
        let series = self.store.select(&matchers, range, &mut self.samples).map_err(|_| {
            Refusal::execution(
                "query processing would load too many samples into memory in query execution",
            )
        })?;
        Ok(Selector { series, shift, fixed: fixed_labels(&matchers) })
    }

    fn shift(&self, offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<Shift, Refusal> {
        let offset = match offset {
            None => 0,
            Some(Offset::Pos(duration)) => millis(*duration)?,
            Some(Offset::Neg(duration)) => -millis(*duration)?,
        };
        let at = match at {
            None => None,
            Some(AtModifier::Start) => Some(self.query.0),
            Some(AtModifier::End) => Some(self.query.1),
            Some(AtModifier::At(time)) => Some(epoch_millis(*time)?),
        };
        Ok(Shift { offset, at })
    }

    fn subquery(
        &mut self,
        subquery: &SubqueryExpr,
        span: (i64, i64),
        depth: usize,
    ) -> Result<Plan, Refusal> {
        let shift = self.shift(subquery.offset.as_ref(), subquery.at.as_ref())?;
        let range = millis(subquery.range)?;
        let step = subquery.step.map_or(Ok(SUBQUERY_STEP_MS), millis)?.max(1);
        let inner = (shift.apply(span.0).saturating_sub(range), shift.apply(span.1));
        let inner = Box::new(self.plan(&subquery.expr, inner, depth)?);
        Ok(Plan::Subquery { inner, range, step, shift })
    }

    fn call(&mut self, call: &Call, span: (i64, i64), depth: usize) -> Result<Plan, Refusal> {
        let function = Function::named(call.func.name).ok_or_else(|| unknown(call.func.name))?;
        let args = call.args.args.iter().map(|arg| self.plan(arg, span, depth));
        Ok(Plan::Call { function, args: args.collect::<Result<_, _>>()? })
    }

    fn aggregate(
        &mut self,
        aggregate: &AggregateExpr,
        span: (i64, i64),
        depth: usize,
    ) -> Result<Plan, Refusal> {
        let name = aggregate.op.to_string();
        let aggregation = Aggregation::named(&name).ok_or_else(|| unknown(&name))?;
        let grouping = match &aggregate.modifier {
            None => Grouping::By(Vec::new()),
            Some(LabelModifier::Include(names)) => Grouping::By(names.labels.clone()),
            Some(LabelModifier::Exclude(names)) => Grouping::Without(names.labels.clone()),
        };
        let param = match &aggregate.param {
            Some(param) => Some(self.plan(param, span, depth)?),
            None => None,
        };
        let over = self.plan(&aggregate.expr, span, depth)?;
        Ok(Plan::Aggregate(Box::new(AggregatePlan { aggregation, grouping, param, over })))
    }

    fn binary(
        &mut self,
        binary: &BinaryExpr,
        span: (i64, i64),
        depth: usize,
    ) -> Result<Plan, Refusal> {
        let name = binary.op.to_string();
        let operator = Operator::named(&name).ok_or_else(|| unknown(&name))?;
        let matching = matching(binary)?;
        let left = self.plan(&binary.lhs, span, depth)?;
        let right = self.plan(&binary.rhs, span, depth)?;
        Ok(Plan::Binary(Box::new(BinaryPlan { operator, matching, left, right })))
    }
}

fn matching(binary: &BinaryExpr) -> Result<Matching, Refusal> {
    let mut matching = Matching::default();
    let Some(modifier) = &binary.modifier else { return Ok(matching) };
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(unknown("fill"));
    }
    matching.return_bool = modifier.return_bool;
    if let Some(labels) = &modifier.matching {
        matching.on = labels.is_include();
        matching.labels.clone_from(&labels.labels().labels);
    }
    (matching.cardinality, matching.include) = match &modifier.card {
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
            (Cardinality::OneToOne, Vec::new())
        }
        VectorMatchCardinality::ManyToOne(labels) => {
            (Cardinality::ManyToOne, labels.labels.clone())
        }
        VectorMatchCardinality::OneToMany(labels) => {
            (Cardinality::OneToMany, labels.labels.clone())
        }
    };
    Ok(matching)
}

/// The matchers of a selector, the name among them.
pub fn matchers(name: Option<&str>, matchers: &Matchers) -> Result<Vec<Matcher>, Refusal> {
    if !matchers.or_matchers.is_empty() {
        return Err(Refusal::bad_data("parse error: unexpected \"or\" in label matching"));
    }
    let name = name.map(|name| Matcher::new(MatchOp::Equal, NAME, name));
    Ok(name.into_iter().chain(matchers.matchers.iter().cloned()).collect())
}

/// Labels that are fixed by exactly one equality.
fn fixed_labels(matchers: &[Matcher]) -> Labels {
    let fixed = matchers.iter().filter(|matcher| {
        matches!(matcher.op, MatchOp::Equal)
            && matcher.name != NAME
            && matchers.iter().filter(|other| other.name == matcher.name).count() == 1
    });
    Labels::new(fixed.map(|matcher| (matcher.name.as_str().into(), matcher.value.as_str().into())))
}

fn unknown(name: &str) -> Refusal {
    Refusal::bad_data(format!("unknown function: \"{name}\" is not evaluated by the demo world"))
}

fn millis(duration: Duration) -> Result<i64, Refusal> {
    i64::try_from(duration.as_millis()).map_err(|_| Refusal::bad_data("duration out of range"))
}

fn epoch_millis(time: SystemTime) -> Result<i64, Refusal> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => Ok(-millis(before.duration())?),
    }
}
