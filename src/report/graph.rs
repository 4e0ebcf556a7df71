//! `vigla graph -o json|yaml|dot|mermaid`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::mesh::graph::{Edge, Graph, GraphType, Node, NodeType, Protocol, Throughput};
use crate::mesh::{MeshSnapshot, Scope, SourceState, SourceStatus, words};

/// The contract's document.
#[derive(Debug, Serialize)]
pub struct GraphDocument<'a> {
    generated_at: Timestamp,
    evaluated_at: Option<Timestamp>,
    window_seconds: f64,
    graph_type: GraphType,
    namespaces: Vec<Arc<str>>,
    sources: Sources,
    nodes: &'a [Node],
    edges: &'a [Edge],
}

#[derive(Debug, Serialize)]
struct Sources {
    kubernetes: Source,
    prometheus: Source,
}

#[derive(Debug, Serialize)]
struct Source {
    status: SourceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: String,
}

impl Source {
    fn of(status: &SourceStatus) -> Self {
        Self {
            status: status.state,
            detail: status.trouble.as_ref().map(ToString::to_string),
            url: status.address.clone(),
        }
    }
}

/// The graph with the state of what it was made from.
pub fn document<'a>(graph: &'a Graph, snapshot: &MeshSnapshot) -> GraphDocument<'a> {
    let namespaces = match &snapshot.scope {
        Scope::Namespaces(names) => names.clone(),
        Scope::All => {
            let mut all: Vec<Arc<str>> =
                graph.nodes.iter().filter_map(|node| node.namespace.clone()).collect();
            all.sort();
            all.dedup();
            all
        }
        Scope::Unset => Vec::new(),
    };
    GraphDocument {
        generated_at: snapshot.taken_at,
        evaluated_at: snapshot.telemetry.as_ref().map(|t| t.evaluated_at),
        window_seconds: graph.window.as_secs_f64(),
        graph_type: graph.options.graph_type,
        namespaces,
        sources: Sources {
            kubernetes: Source::of(&snapshot.kubernetes),
            prometheus: Source::of(&snapshot.prometheus),
        },
        nodes: &graph.nodes,
        edges: &graph.edges,
    }
}

/// A node's name as a reader knows it: app with version, workload or service.
pub fn label(node: &Node) -> String {
    let name = match node.node_type {
        NodeType::Service => node.service.as_ref(),
        NodeType::Workload => node.workload.as_ref(),
        NodeType::App => node.app.as_ref().or(node.workload.as_ref()),
        NodeType::Unknown => None,
    };
    let mut label = name.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    if node.node_type == NodeType::App
        && let Some(version) = &node.version
    {
        let _ = write!(label, " {version}");
    }
    label
}

/// What an edge carries, in a few words.
fn edge_label(edge: &Edge) -> String {
    let rate = match edge.protocol {
        Protocol::Tcp => format!("{}/s", words::bytes(edge.rate)),
        Protocol::Http | Protocol::Grpc => format!("{}/s", words::rate(edge.rate)),
    };
    let mut parts = vec![rate];
    parts.extend(edge.share_percent.filter(|s| *s < 99.95).map(words::percent));
    let errors = edge.error_percent.filter(|percent| *percent > 0.0);
    parts.extend(errors.map(|percent| format!("{} err", words::percent(percent))));
    let bytes = edge.throughput.and_then(Throughput::total);
    parts.extend(bytes.map(|bytes| format!("{}/s", words::bytes(bytes))));
    parts.join(" ")
}

/// Graphviz's language.
pub fn dot(graph: &Graph) -> String {
    let mut text =
        String::from("digraph mesh {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    for node in &graph.nodes {
        let shape = if node.node_type == NodeType::Service { ", shape=ellipse" } else { "" };
        let _ = writeln!(text, "  {} [label={}{shape}];", quoted(&node.id), quoted(&label(node)));
    }
    for edge in &graph.edges {
        let _ = writeln!(
            text,
            "  {} -> {} [label={}];",
            quoted(&edge.source),
            quoted(&edge.target),
            quoted(&edge_label(edge))
        );
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

/// Mermaid's flowchart language. Ids are numbered: names may hold words that Mermaid reserves.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    let numbers: BTreeMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(index, node)| (&*node.id, index)).collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        let (open, close) =
            if node.node_type == NodeType::Service { ("([", "])") } else { ("[", "]") };
        let _ = writeln!(text, "  n{index}{open}\"{}\"{close}", entities(&label(node)));
    }
    for edge in &graph.edges {
        let ends = (numbers.get(&*edge.source), numbers.get(&*edge.target));
        let (Some(from), Some(to)) = ends else { continue };
        let _ = writeln!(text, "  n{from} -->|\"{}\"| n{to}", entities(&edge_label(edge)));
    }
    text
}

/// Mermaid reads `#quot;`-style entities inside quotes.
fn entities(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("#quot;"),
            '#' => safe.push_str("#35;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '`' => safe.push_str("#96;"),
            '\n' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        let node = |id: &str, app: &str| Node {
            id: id.into(),
            node_type: NodeType::App,
            app: Some(app.into()),
            version: Some("v1".into()),
            ..Node::default()
        };
        Graph {
            nodes: vec![node("a\"1", "front \"end\""), node("b", "end#`x`")],
            edges: vec![Edge {
                source: "a\"1".into(),
                target: "b".into(),
                rate: 4.2,
                share_percent: Some(33.0),
                error_percent: Some(1.0),
                ..Edge::default()
            }],
            ..Graph::default()
        }
    }

    #[test]
    fn dot_quotes_what_it_must() {
        let text = dot(&graph());
        assert!(text.contains(r#""a\"1" [label="front \"end\" v1"];"#), "{text}");
        assert!(text.contains(r#""a\"1" -> "b" [label="4.2/s 33% 1.0% err"];"#), "{text}");
    }

    #[test]
    fn mermaid_keeps_names_out_of_its_grammar() {
        let text = mermaid(&graph());
        assert!(text.contains("  n0[\"front #quot;end#quot; v1\"]"), "{text}");
        assert!(text.contains("  n1[\"end#35;#96;x#96; v1\"]"), "{text}");
        assert!(text.contains("  n0 -->|\"4.2/s 33% 1.0% err\"| n1"), "{text}");
    }
}
