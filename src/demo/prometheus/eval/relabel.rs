//! `label_replace` and `label_join`.

use regex::Regex;

use super::super::refusal::Refusal;
use super::call::Args;
use super::{Element, unique};

pub(super) fn replace(args: &Args<'_>) -> Result<Vec<Element>, Refusal> {
    let elements = args.vector(0)?;
    let (target, replacement) = (args.text(1)?, args.text(2)?);
    let (source, pattern) = (args.text(3)?, args.text(4)?);
    let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|_| {
        Refusal::execution(format!("invalid regular expression in label_replace(): {pattern}"))
    })?;
    check_name(&target, "destination label name in label_replace()")?;
    let replaced = elements.into_iter().map(|element| {
        let Some(found) = regex.captures(element.labels.get(&source)) else { return element };
        let mut value = String::new();
        found.expand(&replacement, &mut value);
        Element { labels: element.labels.with(&target, &value), value: element.value }
    });
    unique(replaced.collect())
}

pub(super) fn join(args: &Args<'_>) -> Result<Vec<Element>, Refusal> {
    let elements = args.vector(0)?;
    let (target, separator) = (args.text(1)?, args.text(2)?);
    check_name(&target, "destination label name in label_join()")?;
    let sources = (3..args.len()).map(|at| args.text(at)).collect::<Result<Vec<_>, _>>()?;
    for source in &sources {
        check_name(source, "source label name in label_join()")?;
    }
    let joined = elements.into_iter().map(|element| {
        let values: Vec<&str> = sources.iter().map(|source| element.labels.get(source)).collect();
        let value = values.join(&separator);
        Element { labels: element.labels.with(&target, &value), value: element.value }
    });
    unique(joined.collect())
}

/// A label's name begins with a letter or `_` and goes on with those and digits.
fn check_name(name: &str, what: &str) -> Result<(), Refusal> {
    let valid = |(at, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())
    };
    if !name.is_empty() && name.chars().enumerate().all(valid) {
        return Ok(());
    }
    Err(Refusal::execution(format!("invalid {what}: {name}")))
}
