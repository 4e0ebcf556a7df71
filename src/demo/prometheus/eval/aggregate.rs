//! Aggregations: `sum`, `topk` and the others, by or without labels.

use std::collections::BTreeMap;

use super::super::labels::{Labels, NAME};
use super::super::plan::AggregatePlan;
use super::super::refusal::Refusal;
use super::window::{Sum, larger, mean, quantile, smaller, variance};
use super::{Element, Evaluator};

/// What is made of the elements of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Quantile,
    TopK,
    BottomK,
    CountValues,
}

impl Aggregation {
    /// The aggregation of a name; None for one that is not evaluated here.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "min" => Self::Min,
            "max" => Self::Max,
            "count" => Self::Count,
            "group" => Self::Group,
            "stddev" => Self::Stddev,
            "stdvar" => Self::Stdvar,
            "quantile" => Self::Quantile,
            "topk" => Self::TopK,
            "bottomk" => Self::BottomK,
            "count_values" => Self::CountValues,
            _ => return None,
        })
    }
}

/// Which labels make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

impl Grouping {
    fn key(&self, labels: &Labels) -> Labels {
        match self {
            Self::By(names) if names.is_empty() => Labels::default(),
            Self::By(names) => labels.only(names),
            Self::Without(names) => labels.nameless().without(names),
        }
    }
}

impl Evaluator {
    pub(super) fn aggregate(
        &self,
        plan: &AggregatePlan,
        time: i64,
    ) -> Result<Vec<Element>, Refusal> {
        let elements = self.at(&plan.over, time)?.vector()?;
        let mut groups = BTreeMap::<Labels, Vec<Element>>::new();
        for element in elements {
            groups.entry(plan.grouping.key(&element.labels)).or_default().push(element);
        }
        let param = match &plan.param {
            Some(param) => Some(self.at(param, time)?),
            None => None,
        };
        let number = |param: Option<super::Value>| param.map_or(Ok(f64::NAN), super::Value::scalar);
        match plan.aggregation {
            Aggregation::CountValues => {
                let label = param.map_or(Ok(String::new()), super::Value::text)?;
                count_values(&label, groups)
            }
            Aggregation::TopK => best(number(param)?, groups, |a, b| b.total_order(a)),
            Aggregation::BottomK => best(number(param)?, groups, Ranked::total_order),
            Aggregation::Quantile => {
                let q = number(param)?;
                Ok(each_group(groups, |group| quantile(q, values(group))))
            }
            other => Ok(each_group(groups, |group| simple(other, group))),
        }
    }
}

fn values(group: &[Element]) -> impl Iterator<Item = f64> + Clone {
    group.iter().map(|element| element.value)
}

fn each_group(
    groups: BTreeMap<Labels, Vec<Element>>,
    of: impl Fn(&[Element]) -> f64,
) -> Vec<Element> {
    groups.into_iter().map(|(labels, group)| Element { labels, value: of(&group) }).collect()
}

fn simple(aggregation: Aggregation, group: &[Element]) -> f64 {
    match aggregation {
        Aggregation::Sum => Sum::of(values(group)),
        Aggregation::Avg => mean(values(group)),
        Aggregation::Min => values(group).reduce(smaller).unwrap_or(f64::NAN),
        Aggregation::Max => values(group).reduce(larger).unwrap_or(f64::NAN),
        Aggregation::Stddev => variance(values(group)).sqrt(),
        Aggregation::Stdvar => variance(values(group)),
        Aggregation::Group => 1.0,
        _ => group.len() as f64,
    }
}

/// A value to be ranked; what is not a number is worse than any number, on either side.
struct Ranked(f64);

impl Ranked {
    fn total_order(&self, other: &Self) -> std::cmp::Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(std::cmp::Ordering::Equal)
    }
}

/// The first `k` of each group in an order, with their labels.
fn best(
    k: f64,
    groups: BTreeMap<Labels, Vec<Element>>,
    order: impl Fn(&Ranked, &Ranked) -> std::cmp::Ordering,
) -> Result<Vec<Element>, Refusal> {
    if k.is_nan() || k >= 9.2e18 || k <= -9.2e18 {
        return Err(Refusal::execution(format!("Scalar value {k} overflows int64")));
    }
    let mut found = Vec::new();
    for (_, mut group) in groups {
        group.sort_by(|a, b| {
            let unordered = a.value.is_nan().cmp(&b.value.is_nan());
            unordered.then_with(|| order(&Ranked(a.value), &Ranked(b.value)))
        });
        group.truncate(k.max(0.0) as usize);
        found.append(&mut group);
    }
    Ok(found)
}

/// How many elements have each value, the value as a label.
fn count_values(
    label: &str,
    groups: BTreeMap<Labels, Vec<Element>>,
) -> Result<Vec<Element>, Refusal> {
    if label.is_empty() || label == NAME {
        return Err(Refusal::execution(format!("invalid label name {label:?}")));
    }
    let mut counts = BTreeMap::<Labels, f64>::new();
    for (labels, group) in groups {
        for value in values(&group) {
            let text = super::super::answer::number(value);
            *counts.entry(labels.with(label, &text)).or_default() += 1.0;
        }
    }
    Ok(counts.into_iter().map(|(labels, value)| Element { labels, value }).collect())
}
