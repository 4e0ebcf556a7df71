//! Binary operators: arithmetic, comparison and sets, between scalars and vectors.
//!
//! Rules: Prometheus 2.42, `promql/engine.go` (VectorBinop, VectorscalarBinop, resultMetric).

use std::collections::{HashMap, HashSet};

use super::super::labels::Labels;
use super::super::plan::BinaryPlan;
use super::super::refusal::Refusal;
use super::{Element, Evaluator, Value, one_name, unique};

/// What an operator does.
#[derive(Debug, Clone, Copy)]
pub enum Operator {
    Arithmetic(fn(f64, f64) -> f64),
    Comparison(fn(&f64, &f64) -> bool),
    And,
    Or,
    Unless,
}

impl Operator {
    /// The operator of a sign; None for one that is not evaluated here.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "+" => Self::Arithmetic(|a, b| a + b),
            "-" => Self::Arithmetic(|a, b| a - b),
            "*" => Self::Arithmetic(|a, b| a * b),
            "/" => Self::Arithmetic(|a, b| a / b),
            "%" => Self::Arithmetic(|a, b| a % b),
            "^" => Self::Arithmetic(f64::powf),
            "atan2" => Self::Arithmetic(f64::atan2),
            "==" => Self::Comparison(f64::eq),
            "!=" => Self::Comparison(f64::ne),
            ">" => Self::Comparison(f64::gt),
            "<" => Self::Comparison(f64::lt),
            ">=" => Self::Comparison(f64::ge),
            "<=" => Self::Comparison(f64::le),
            "and" => Self::And,
            "or" => Self::Or,
            "unless" => Self::Unless,
            _ => return None,
        })
    }
}

/// Which side may have several elements for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

/// How the elements of two vectors find each other.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    pub cardinality: Cardinality,
    /// `on` these labels, else `ignoring` them.
    pub on: bool,
    pub labels: Vec<String>,
    /// Labels to take over from the "one" side.
    pub include: Vec<String>,
    pub return_bool: bool,
}

impl Matching {
    fn signature(&self, labels: &Labels) -> Labels {
        if self.on { labels.only(&self.labels) } else { labels.nameless().without(&self.labels) }
    }

    /// The labels of a result, from those of the "many" side and the "one" side.
    fn result(&self, operator: Operator, many: &Labels, one: &Labels) -> Labels {
        let drops_name = self.return_bool || matches!(operator, Operator::Arithmetic(_));
        let labels = if drops_name { many.nameless() } else { many.clone() };
        let labels = match (self.cardinality, self.on) {
            (Cardinality::OneToOne, true) => labels.only(&self.labels),
            (Cardinality::OneToOne, false) => labels.without(&self.labels),
            _ => labels,
        };
        self.include.iter().fold(labels, |labels, name| labels.with(name, one.get(name)))
    }
}

/// The value of a pair; None where a comparison filters it out.
fn apply(operator: Operator, matching: &Matching, left: f64, right: f64) -> Option<f64> {
    match operator {
        Operator::Arithmetic(of) => Some(of(left, right)),
        Operator::Comparison(holds) if matching.return_bool => {
            Some(f64::from(u8::from(holds(&left, &right))))
        }
        Operator::Comparison(holds) => holds(&left, &right).then_some(left),
        Operator::And | Operator::Or | Operator::Unless => None,
    }
}

impl Evaluator {
    pub(super) fn binary(&self, plan: &BinaryPlan, time: i64) -> Result<Value, Refusal> {
        let BinaryPlan { operator, matching, .. } = plan;
        let (left, right) = (self.at(&plan.left, time)?, self.at(&plan.right, time)?);
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let value = apply(*operator, matching, left, right);
                Ok(Value::Scalar(value.unwrap_or(f64::NAN)))
            }
            (Value::Vector(left), Value::Scalar(right)) => {
                with_scalar(plan, left, |value| (value, right)).map(Value::Vector)
            }
            (Value::Scalar(left), Value::Vector(right)) => {
                with_scalar(plan, right, |value| (left, value)).map(Value::Vector)
            }
            (left, right) => {
                let (left, right) = (left.vector()?, right.vector()?);
                Ok(Value::Vector(match operator {
                    Operator::And => within(matching, left, &right, true),
                    Operator::Unless => within(matching, left, &right, false),
                    Operator::Or => either(matching, left, right),
                    _ => pairs(*operator, matching, &left, &right)?,
                }))
            }
        }
    }
}

/// A vector and a number; `sides` puts an element's value on its side of the operator.
fn with_scalar(
    plan: &BinaryPlan,
    vector: Vec<Element>,
    sides: impl Fn(f64) -> (f64, f64),
) -> Result<Vec<Element>, Refusal> {
    let BinaryPlan { operator, matching, .. } = plan;
    let filters = matches!(operator, Operator::Comparison(_)) && !matching.return_bool;
    let apart = filters || one_name(vector.iter().map(|element| &element.labels));
    let found: Vec<Element> = vector
        .into_iter()
        .filter_map(|element| {
            let (left, right) = sides(element.value);
            let value = apply(*operator, matching, left, right)?;
            Some(if filters {
                element
            } else {
                Element { labels: element.labels.nameless(), value }
            })
        })
        .collect();
    if apart { Ok(found) } else { unique(found) }
}

/// Elements of the left whose signature the right has, or has not.
fn within(
    matching: &Matching,
    left: Vec<Element>,
    right: &[Element],
    wanted: bool,
) -> Vec<Element> {
    let right: HashSet<Labels> = right.iter().map(|e| matching.signature(&e.labels)).collect();
    let fits = |e: &Element| right.contains(&matching.signature(&e.labels)) == wanted;
    left.into_iter().filter(fits).collect()
}

/// The left, and what the right has besides.
fn either(matching: &Matching, mut left: Vec<Element>, right: Vec<Element>) -> Vec<Element> {
    let had: HashSet<Labels> = left.iter().map(|e| matching.signature(&e.labels)).collect();
    left.extend(right.into_iter().filter(|e| !had.contains(&matching.signature(&e.labels))));
    left
}

/// Each element of the "many" side with its partner on the "one" side.
fn pairs(
    operator: Operator,
    matching: &Matching,
    left: &[Element],
    right: &[Element],
) -> Result<Vec<Element>, Refusal> {
    let swapped = matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    if many.is_empty() || one.is_empty() {
        return Ok(Vec::new());
    }
    let mut partners = HashMap::<Labels, &Element>::with_capacity(one.len());
    for element in one {
        let signature = matching.signature(&element.labels);
        if let Some(first) = partners.insert(signature.clone(), element) {
            return Err(twice(if swapped { "left" } else { "right" }, &signature, element, first));
        }
    }
    let mut found = Vec::with_capacity(many.len());
    let mut taken = HashSet::new();
    for element in many {
        let signature = matching.signature(&element.labels);
        let Some(partner) = partners.get(&signature) else { continue };
        let (left, right) = if swapped { (partner, &element) } else { (&element, partner) };
        let Some(value) = apply(operator, matching, left.value, right.value) else { continue };
        let labels = matching.result(operator, &element.labels, &partner.labels);
        if matching.cardinality == Cardinality::OneToOne {
            if !taken.insert(signature) {
                return Err(Refusal::execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                ));
            }
        } else if !taken.insert(labels.clone()) {
            return Err(Refusal::execution(
                "multiple matches for labels: grouping labels must ensure unique matches",
            ));
        }
        found.push(Element { labels, value });
    }
    Ok(found)
}

fn twice(side: &str, signature: &Labels, one: &Element, other: &Element) -> Refusal {
    Refusal::execution(format!(
        "found duplicate series for the match group {signature} on the {side} hand-side of the \
         operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique on \
         one side",
        one.labels, other.labels
    ))
}
