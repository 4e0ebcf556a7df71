//! From a path inside an object to its line in the YAML text it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::Finding;

/// Replaces the documents' lines by those of the findings' paths, where the text is there.
pub(super) fn resolve(findings: &mut [Finding], texts: &BTreeMap<Arc<str>, String>) {
    let mut read: BTreeMap<(Arc<str>, u32), Option<Node>> = BTreeMap::new();
    for finding in findings {
        let (Some(file), Some(line), Some(path)) = (&finding.file, finding.line, &finding.path)
        else {
            continue;
        };
        let Some(text) = texts.get(file) else { continue };
        let node = read
            .entry((Arc::clone(file), line))
            .or_insert_with(|| serde_saphyr::from_str(&document(text, line)).ok());
        finding.line = node.as_ref().map_or(Some(line), |node| Some(find(node, path, line)));
    }
}

/// The line of `path` (`spec.http[0].match`) in the document that starts at `start`, counted
/// from 1 over the whole text; of the nearest part of the path that is there; of the document
/// where its YAML cannot be read.
pub fn line_of(text: &str, start: u32, path: &str) -> u32 {
    serde_saphyr::from_str::<Node>(&document(text, start))
        .map_or(start, |node| find(&node, path, start))
}

/// The lines of one document: from `start` to the next `---` or `...`.
fn document(text: &str, start: u32) -> String {
    let mut lines = Vec::new();
    for line in text.lines().skip(start.saturating_sub(1) as usize) {
        let ends = line.trim_end() == "---" || line.starts_with("--- ") || line.trim_end() == "...";
        if ends && !lines.is_empty() {
            break;
        }
        // A separator in front stays as an empty line, so that lines keep their numbers.
        lines.push(if ends { "" } else { line });
    }
    lines.join("\n")
}

/// A YAML value of which only the shape and the lines are kept.
struct Node {
    children: Children,
}

enum Children {
    None,
    Items(Vec<Placed>),
    Fields(Vec<(Spanned<String>, Node)>),
}

type Placed = Spanned<Node>;

fn find(node: &Node, path: &str, start: u32) -> u32 {
    let offset = start.saturating_sub(1);
    let mut line = 1;
    let mut node = node;
    for step in steps(path) {
        match (&node.children, step) {
            (Children::Fields(fields), Step::Field(name)) => {
                let Some((key, inner)) = fields.iter().find(|(key, _)| key.value == name) else {
                    break;
                };
                line = key.referenced.line();
                node = inner;
            }
            (Children::Items(items), Step::Item(number)) => {
                let Some(item) = items.get(number) else { break };
                line = item.referenced.line();
                node = &item.value;
            }
            _ => break,
        }
    }
    offset.saturating_add(u32::try_from(line).unwrap_or(1).max(1))
}

enum Step {
    Field(String),
    Item(usize),
}

/// Splits `spec.http[0].headers["a.b"]` into its steps.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (name, after) = quoted.split_once("\"]").unwrap_or((quoted, ""));
            steps.push(Step::Field(name.replace("\\\"", "\"")));
            rest = after;
        } else if let Some(number) = rest.strip_prefix('[') {
            let (number, after) = number.split_once(']').unwrap_or((number, ""));
            steps.push(Step::Item(number.parse().unwrap_or(usize::MAX)));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if !name.is_empty() {
                steps.push(Step::Field(name.to_owned()));
            }
            rest = after;
        }
    }
    steps
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

struct Shape;

/// A scalar: nothing below it.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method<E>(self, _: $type) -> Result<Node, E> {
            Ok(Node { children: Children::None })
        })*
    };
}

impl<'de> Visitor<'de> for Shape {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any YAML value")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node { children: Children::None })
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node { children: Children::None })
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Node { children: Children::Items(all) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(field) = fields.next_entry()? {
            all.push(field);
        }
        Ok(Node { children: Children::Fields(all) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEXT: &str = "\
a: 1
---
kind: VirtualService
spec:
  hosts:
  - reviews
  - ratings
  http:
  - name: x
    route: [{destination: {host: reviews}}]
  - headers:
      \"a.b/c\": 1
---
kind: Other
";

    #[rstest]
    #[case("kind", 3)]
    #[case("spec.hosts", 5)]
    #[case("spec.hosts[1]", 7)]
    #[case("spec.http[0].route[0].destination.host", 10)]
    #[case("spec.http[1].headers[\"a.b/c\"]", 12)]
    #[case("spec.http[1].missing.deeper", 11)]
    #[case("spec.hosts[9]", 5)]
    #[case("", 3)]
    fn paths_find_their_lines(#[case] path: &str, #[case] line: u32) {
        assert_eq!(line_of(TEXT, 3, path), line);
    }

    #[test]
    fn unreadable_text_gives_the_document() {
        assert_eq!(line_of("a: [", 1, "a"), 1);
        assert_eq!(line_of("", 7, "a"), 7);
    }
}
