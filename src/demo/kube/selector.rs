//! Label and field selectors, as URLs carry them.

use serde_json::Value;

use crate::demo::world::fields::{text, value_at};
use crate::demo::world::refusal::Refusal;
use crate::mesh::Kind;

/// Which objects are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector {
    labels: Vec<Label>,
    /// JSON pointer, value, and whether it must be equal.
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    key: String,
    values: Vec<String>,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    In,
    NotIn,
    Exists,
    Absent,
}

impl Selector {
    /// Reads both selectors; words that make no sense are a bad request.
    pub(super) fn new(kind: Kind, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let labels = terms(labels).into_iter().map(label).collect::<Result<_, _>>()?;
        let fields = fields.split(',').filter(|term| !term.trim().is_empty());
        let fields = fields.map(|term| field(kind, term)).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(super) fn matches(&self, value: &Value) -> bool {
        self.labels.iter().all(|label| label.matches(value))
            && self.fields.iter().all(|(at, wanted, equal)| (text(value, at) == wanted) == *equal)
    }
}

impl Label {
    fn matches(&self, value: &Value) -> bool {
        let has = value_at(value, &["metadata", "labels", &self.key]).and_then(Value::as_str);
        let among = |has: &str| self.values.iter().any(|wanted| wanted == has);
        match self.rule {
            Rule::In => has.is_some_and(among),
            Rule::NotIn => !has.is_some_and(among),
            Rule::Exists => has.is_some(),
            Rule::Absent => has.is_none(),
        }
    }
}

/// The terms of a label selector: commas inside brackets do not part them.
fn terms(text: &str) -> Vec<&str> {
    let (mut terms, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                terms.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.extend(text.get(start..));
    terms.into_iter().map(str::trim).filter(|term| !term.is_empty()).collect()
}

fn label(term: &str) -> Result<Label, Refusal> {
    let make = |key: &str, values: Vec<String>, rule| {
        let key = key.trim();
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if key.is_empty() || !key.chars().all(fine) {
            let message = format!("unable to parse requirement: invalid label key \"{key}\"");
            return Err(Refusal::bad_request(message));
        }
        Ok(Label { key: key.to_owned(), values, rule })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = term.split_once("!=") {
        return make(key, one(value), Rule::NotIn);
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return make(key, one(value), Rule::In);
    }
    if let Some((key, values)) = term.strip_suffix(')').and_then(|term| term.split_once('(')) {
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let key = key.trim();
        if let Some(key) = key.strip_suffix(" notin") {
            return make(key, values, Rule::NotIn);
        }
        if let Some(key) = key.strip_suffix(" in") {
            return make(key, values, Rule::In);
        }
    }
    match term.strip_prefix('!') {
        Some(key) => make(key, Vec::new(), Rule::Absent),
        None => make(term, Vec::new(), Rule::Exists),
    }
}

/// The fields a kind can be selected by, beside name and namespace.
fn known_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "status.phase",
            "spec.nodeName",
            "status.podIP",
            "spec.serviceAccountName",
            "spec.restartPolicy",
            "spec.schedulerName",
        ],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "type",
            "source",
            "reportingComponent",
        ],
        Kind::Namespace => &["status.phase"],
        Kind::Secret => &["type"],
        Kind::Service => &["spec.type", "spec.clusterIP"],
        _ => &[],
    }
}

fn field(kind: Kind, term: &str) -> Result<(String, String, bool), Refusal> {
    let parted = term.split_once("!=").map(|parts| (parts, false));
    let parted = parted.or_else(|| term.split_once("==").map(|parts| (parts, true)));
    let parted = parted.or_else(|| term.split_once('=').map(|parts| (parts, true)));
    let Some(((field, value), equal)) = parted else {
        let message = format!("invalid field selector: \"{term}\"; can't understand \"{term}\"");
        return Err(Refusal::bad_request(message));
    };
    let field = field.trim();
    let known = matches!(field, "metadata.name" | "metadata.namespace")
        || known_fields(kind).contains(&field);
    if !known {
        return Err(Refusal::bad_request(format!("field label not supported: {field}")));
    }
    let pointer = if field == "source" {
        "/source/component".to_owned()
    } else {
        format!("/{}", field.replace('.', "/"))
    };
    Ok((pointer, value.trim().to_owned(), equal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("app=reviews", true)]
    #[case("app==reviews,version!=v1", true)]
    #[case("version in (v1, v2)", true)]
    #[case("version notin (v2)", false)]
    #[case("!track,app", true)]
    #[case("track", false)]
    #[case("track!=x", true)]
    fn labels_select(#[case] selector: &str, #[case] selected: bool) {
        let pod = json!({"metadata": {"labels": {"app": "reviews", "version": "v2"}}});
        let selector = Selector::new(Kind::Pod, selector, "").unwrap();
        assert_eq!(selector.matches(&pod), selected);
    }

    #[rstest]
    #[case("metadata.name=a,status.phase=Running", true)]
    #[case("status.phase!=Running", false)]
    #[case("spec.nodeName=", true)]
    fn fields_select(#[case] selector: &str, #[case] selected: bool) {
        let pod = json!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        let selector = Selector::new(Kind::Pod, "", selector).unwrap();
        assert_eq!(selector.matches(&pod), selected);
    }

    #[test]
    fn nonsense_is_a_bad_request() {
        assert_eq!(Selector::new(Kind::Pod, "a b", "").unwrap_err().code, 400);
        let error = Selector::new(Kind::Pod, "", "spec.color=red").unwrap_err();
        assert_eq!(error.message, "field label not supported: spec.color");
    }
}
