//! The table of PromQL functions: name to meaning.

use super::super::labels::{Labels, NAME};
use super::calendar;
use super::window::{self, Window};

/// A function that the evaluator knows.
#[derive(Debug, Clone, Copy)]
pub struct Function(pub(super) Meaning);

/// What to do with the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// A number for each number of a vector.
    Math(fn(f64) -> f64),
    /// A part of the date of each number of a vector, seconds since the epoch.
    Calendar(fn(jiff::civil::DateTime) -> f64),
    /// A number for each series of a range vector that has enough samples for one.
    Between(fn(&Window<'_>) -> Option<f64>),
    /// A number for each series of a range vector.
    Over(fn(&Window<'_>) -> f64),
    LastOverTime,
    QuantileOverTime,
    PredictLinear,
    AbsentOverTime,
    Absent,
    Round,
    Clamp,
    ClampMin,
    ClampMax,
    HistogramQuantile,
    LabelReplace,
    LabelJoin,
    Scalar,
    Vector,
    Time,
    Timestamp,
    Pi,
    Sort {
        descending: bool,
    },
}

impl Function {
    /// The function of a name; None for one that is not evaluated here.
    pub fn named(name: &str) -> Option<Self> {
        special(name).or_else(|| over_range(name)).or_else(|| math(name)).map(Self)
    }
}

fn special(name: &str) -> Option<Meaning> {
    Some(match name {
        "quantile_over_time" => Meaning::QuantileOverTime,
        "predict_linear" => Meaning::PredictLinear,
        "absent_over_time" => Meaning::AbsentOverTime,
        "absent" => Meaning::Absent,
        "round" => Meaning::Round,
        "clamp" => Meaning::Clamp,
        "clamp_min" => Meaning::ClampMin,
        "clamp_max" => Meaning::ClampMax,
        "histogram_quantile" => Meaning::HistogramQuantile,
        "label_replace" => Meaning::LabelReplace,
        "label_join" => Meaning::LabelJoin,
        "scalar" => Meaning::Scalar,
        "vector" => Meaning::Vector,
        "time" => Meaning::Time,
        "timestamp" => Meaning::Timestamp,
        "pi" => Meaning::Pi,
        "sort" => Meaning::Sort { descending: false },
        "sort_desc" => Meaning::Sort { descending: true },
        "minute" => Meaning::Calendar(calendar::minute),
        "hour" => Meaning::Calendar(calendar::hour),
        "day_of_week" => Meaning::Calendar(calendar::day_of_week),
        "day_of_month" => Meaning::Calendar(calendar::day_of_month),
        "day_of_year" => Meaning::Calendar(calendar::day_of_year),
        "days_in_month" => Meaning::Calendar(calendar::days_in_month),
        "month" => Meaning::Calendar(calendar::month),
        "year" => Meaning::Calendar(calendar::year),
        _ => return None,
    })
}

fn over_range(name: &str) -> Option<Meaning> {
    Some(match name {
        "rate" => Meaning::Between(window::rate),
        "increase" => Meaning::Between(window::increase),
        "delta" => Meaning::Between(window::delta),
        "irate" => Meaning::Between(window::irate),
        "idelta" => Meaning::Between(window::idelta),
        "deriv" => Meaning::Between(window::deriv),
        "changes" => Meaning::Over(window::changes),
        "resets" => Meaning::Over(window::resets),
        "avg_over_time" => Meaning::Over(window::avg),
        "sum_over_time" => Meaning::Over(window::sum),
        "min_over_time" => Meaning::Over(window::min),
        "max_over_time" => Meaning::Over(window::max),
        "count_over_time" => Meaning::Over(window::count),
        "present_over_time" => Meaning::Over(window::present),
        "stddev_over_time" => Meaning::Over(window::stddev),
        "stdvar_over_time" => Meaning::Over(window::stdvar),
        "last_over_time" => Meaning::LastOverTime,
        _ => return None,
    })
}

fn math(name: &str) -> Option<Meaning> {
    Some(Meaning::Math(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "sgn" => |v| if v == 0.0 || v.is_nan() { v } else { v.signum() },
        "deg" => |v| v * 180.0 / std::f64::consts::PI,
        "rad" => |v| v * std::f64::consts::PI / 180.0,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        _ => return None,
    }))
}

/// Labels of a result: the series' own, its name dropped unless the function keeps it.
pub(super) fn result_labels(labels: &Labels, keeps_name: bool) -> Labels {
    if keeps_name || labels.get(NAME).is_empty() { labels.clone() } else { labels.nameless() }
}
