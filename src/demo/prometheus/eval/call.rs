//! Function calls: arguments evaluated, the function applied.

use super::super::chunk::Sample;
use super::super::labels::Labels;
use super::super::plan::{Plan, Selector};
use super::super::refusal::Refusal;
use super::function::{Function, Meaning, result_labels};
use super::window::{self, Window};
use super::{
    Element, Evaluator, Value, calendar, closed_range, histogram, latest, nameless, one_name,
    relabel, slice, unique,
};

/// The arguments of one call, evaluated where the function asks for them.
pub(super) struct Args<'a> {
    evaluator: &'a Evaluator,
    plans: &'a [Plan],
    time: i64,
}

impl<'a> Args<'a> {
    fn plan(&self, at: usize) -> Result<&'a Plan, Refusal> {
        self.plans.get(at).ok_or_else(|| Refusal::bad_data("parse error: missing argument"))
    }

    pub(super) fn len(&self) -> usize {
        self.plans.len()
    }

    pub(super) fn vector(&self, at: usize) -> Result<Vec<Element>, Refusal> {
        self.evaluator.at(self.plan(at)?, self.time)?.vector()
    }

    pub(super) fn scalar(&self, at: usize) -> Result<f64, Refusal> {
        self.evaluator.at(self.plan(at)?, self.time)?.scalar()
    }

    pub(super) fn text(&self, at: usize) -> Result<String, Refusal> {
        self.evaluator.at(self.plan(at)?, self.time)?.text()
    }

    /// Calls back with each series of a range vector.
    fn windows(
        &self,
        at: usize,
        mut each: impl FnMut(&Labels, &Window<'_>),
    ) -> Result<(), Refusal> {
        let mut window_of = |labels: &Labels, samples: &[Sample], (from, to): (i64, i64)| {
            if !samples.is_empty() {
                each(labels, &Window { samples, from, to, now: self.time });
            }
        };
        match self.plan(at)? {
            Plan::Range { over, range } => {
                let ends = closed_range(over.shift, *range, self.time);
                for series in &over.series {
                    window_of(&series.labels, slice(&series.samples, ends.0, ends.1), ends);
                }
                Ok(())
            }
            Plan::Subquery { range, shift, .. } => {
                let ends = closed_range(*shift, *range, self.time);
                match self.evaluator.at(self.plan(at)?, self.time)? {
                    Value::Matrix(rows) => {
                        rows.iter().for_each(|row| window_of(&row.labels, &row.samples, ends));
                        Ok(())
                    }
                    other => Err(super::wrong_type("range vector", &other)),
                }
            }
            other => {
                let other = self.evaluator.at(other, self.time)?;
                Err(super::wrong_type("range vector", &other))
            }
        }
    }

    /// A number for each series of a range vector.
    fn over_windows(
        &self,
        at: usize,
        keeps_name: bool,
        of: impl Fn(&Window<'_>) -> Option<f64>,
    ) -> Result<Vec<Element>, Refusal> {
        let (mut found, mut from) = (Vec::new(), Vec::new());
        self.windows(at, |labels, window| {
            if let Some(value) = of(window) {
                found.push(Element { labels: result_labels(labels, keeps_name), value });
                from.push(labels.clone());
            }
        })?;
        if keeps_name || one_name(from.iter()) { Ok(found) } else { unique(found) }
    }

    fn absent(&self, present: bool) -> Result<Vec<Element>, Refusal> {
        let fixed = |selector: &Selector| selector.fixed.clone();
        let labels = match self.plan(0)? {
            Plan::Instant(selector) | Plan::Range { over: selector, .. } => fixed(selector),
            _ => Labels::default(),
        };
        Ok(if present { Vec::new() } else { vec![Element { labels, value: 1.0 }] })
    }

    fn timestamps(&self) -> Result<Vec<Element>, Refusal> {
        if let Plan::Instant(selector) = self.plan(0)? {
            let found = latest(selector, self.time);
            let elements = found.map(|(labels, s)| Element { labels, value: s.at as f64 / 1000.0 });
            return nameless(elements.collect(), |value| value);
        }
        let now = self.time as f64 / 1000.0;
        nameless(self.vector(0)?, |_| now)
    }

    /// The argument, or the time of evaluation where there is none.
    fn vector_or_now(&self) -> Result<Vec<Element>, Refusal> {
        if self.plans.is_empty() {
            let value = self.time as f64 / 1000.0;
            return Ok(vec![Element { labels: Labels::default(), value }]);
        }
        self.vector(0)
    }
}

impl Evaluator {
    pub(super) fn call(
        &self,
        function: Function,
        plans: &[Plan],
        time: i64,
    ) -> Result<Value, Refusal> {
        let args = Args { evaluator: self, plans, time };
        Ok(Value::Vector(match function.0 {
            Meaning::Time => return Ok(Value::Scalar(time as f64 / 1000.0)),
            Meaning::Pi => return Ok(Value::Scalar(std::f64::consts::PI)),
            Meaning::Scalar => return Ok(Value::Scalar(only_value(&args.vector(0)?))),
            Meaning::Vector => {
                vec![Element { labels: Labels::default(), value: args.scalar(0)? }]
            }
            Meaning::Math(change) => nameless(args.vector(0)?, change)?,
            Meaning::Calendar(of) => {
                nameless(args.vector_or_now()?, |seconds| calendar::part(of, seconds))?
            }
            Meaning::Between(of) => args.over_windows(0, false, of)?,
            Meaning::Over(of) => args.over_windows(0, false, |window| Some(of(window)))?,
            Meaning::LastOverTime => args.over_windows(0, true, |w| Some(window::last(w)))?,
            Meaning::QuantileOverTime => {
                let q = args.scalar(0)?;
                args.over_windows(1, false, |w| Some(window::over_time_quantile(q, w)))?
            }
            Meaning::PredictLinear => {
                let ahead = args.scalar(1)?;
                args.over_windows(0, false, |window| window::predict(window, ahead))?
            }
            Meaning::Absent => args.absent(!args.vector(0)?.is_empty())?,
            Meaning::AbsentOverTime => {
                let mut present = false;
                args.windows(0, |_, _| present = true)?;
                args.absent(present)?
            }
            Meaning::Round => round(&args)?,
            Meaning::Clamp | Meaning::ClampMin | Meaning::ClampMax => clamp(function.0, &args)?,
            Meaning::HistogramQuantile => histogram::quantiles(args.scalar(0)?, &args.vector(1)?),
            Meaning::LabelReplace => relabel::replace(&args)?,
            Meaning::LabelJoin => relabel::join(&args)?,
            Meaning::Timestamp => args.timestamps()?,
            Meaning::Sort { descending } => sorted(args.vector(0)?, descending),
        }))
    }
}

/// The only element's value; NaN where there is none or more than one.
fn only_value(elements: &[Element]) -> f64 {
    match elements {
        [only] => only.value,
        _ => f64::NAN,
    }
}

/// To the nearest multiple, halves up. Divides by the inverse, as Prometheus does, because that
/// keeps `round(x, 0.1)` at short decimals.
fn round(args: &Args<'_>) -> Result<Vec<Element>, Refusal> {
    let inverse = if args.len() > 1 { 1.0 / args.scalar(1)? } else { 1.0 };
    nameless(args.vector(0)?, |value| (value * inverse + 0.5).floor() / inverse)
}

fn clamp(meaning: Meaning, args: &Args<'_>) -> Result<Vec<Element>, Refusal> {
    let (min, max) = match meaning {
        Meaning::ClampMin => (args.scalar(1)?, f64::INFINITY),
        Meaning::ClampMax => (f64::NEG_INFINITY, args.scalar(1)?),
        _ => (args.scalar(1)?, args.scalar(2)?),
    };
    if max < min {
        return Ok(Vec::new());
    }
    // A bound that is not a number makes the result none either.
    let clamped = |value: f64| {
        if min.is_nan() || max.is_nan() || value.is_nan() {
            f64::NAN
        } else {
            value.max(min).min(max)
        }
    };
    nameless(args.vector(0)?, clamped)
}

/// By value; what is not a number comes last in either direction.
fn sorted(mut elements: Vec<Element>, descending: bool) -> Vec<Element> {
    elements.sort_by(|a, b| {
        let order =
            if descending { b.value.partial_cmp(&a.value) } else { a.value.partial_cmp(&b.value) };
        order.unwrap_or_else(|| a.value.is_nan().cmp(&b.value.is_nan()))
    });
    elements
}
