//! A node of the graph in words: who calls it, whom it calls.

use super::parts;
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::app::picture::Picture;
use crate::mesh::graph::{Edge, Graph, Node, Unit};
use crate::ui::format;

pub(super) fn describe(picture: &Picture, id: &str) -> Option<Doc> {
    let graph = &picture.graph;
    let node = graph.node(id)?;
    let mut doc = Doc::default();
    doc.heading(&name(node));
    doc.field("namespace", Tone::Text, node.namespace.as_deref().unwrap_or_default());
    doc.field("app", Tone::Text, node.app.as_deref().unwrap_or_default());
    doc.field("version", Tone::Text, node.version.as_deref().unwrap_or_default());
    doc.field("workload", Tone::Text, node.workload.as_deref().unwrap_or_default());
    doc.field("service", Tone::Text, node.service.as_deref().unwrap_or_default());
    let health = format!("{} {:?}", format::mark(node.health), node.health).to_lowercase();
    doc.field("health", node.health.into(), health);
    doc.field("why", Tone::Warn, &*node.health_reason);
    if let Some(pods) = node.pods {
        doc.field("pods ready", Tone::Text, format!("{} of {}", pods.ready, pods.total));
    }
    parts::findings(&mut doc, picture, &picture.marks.node(node));
    calls(&mut doc, graph, "Called by", graph.edges.iter().filter(|e| *e.target == *id), |e| {
        &e.source
    });
    calls(&mut doc, graph, "Calls", graph.edges.iter().filter(|e| *e.source == *id), |e| &e.target);
    Some(doc)
}

fn calls<'a>(
    doc: &mut Doc,
    graph: &Graph,
    title: &str,
    edges: impl Iterator<Item = &'a Edge>,
    other: impl Fn(&'a Edge) -> &'a str,
) {
    let edges: Vec<&Edge> = edges.collect();
    if edges.is_empty() {
        return;
    }
    doc.heading(title);
    for edge in edges {
        let name = graph.node(other(edge)).map_or_else(|| other(edge).to_owned(), name);
        let rate = match edge.unit {
            Unit::Bytes => format!("{}/s", format::bytes(edge.rate)),
            Unit::Requests | Unit::Messages => format!("{}/s", format::rate(edge.rate)),
        };
        let share = edge.share_percent.map(|p| format!("{}%", format::percent(p)));
        let p95 = edge.latency_ms.and_then(|latency| latency.p95).map(format::millis);
        doc.push(vec![
            (edge.health.into(), format!("  {} ", format::mark(edge.health))),
            (Tone::Strong, format!("{name:<32} ")),
            (Tone::Text, format!("{rate:>10} {:>7} ", share.unwrap_or_default())),
            (Tone::Text, p95.map_or(String::new(), |p95| format!("p95 {p95:<8}"))),
        ]);
        for response in &edge.responses {
            let flags = if &*response.flags == "-" { "" } else { &*response.flags };
            let failed = response.code.starts_with(['4', '5']) || &*response.code == "-";
            doc.push(vec![
                (Tone::Dim, "      ".to_owned()),
                (
                    if failed { Tone::Bad } else { Tone::Dim },
                    format!("{:<4} {flags:<6}", response.code),
                ),
                (Tone::Dim, format!("{:>8}/s  {}", format::rate(response.rate), response.host)),
            ]);
        }
    }
}

fn name(node: &Node) -> String {
    let name = node.app.as_ref().or(node.workload.as_ref()).or(node.service.as_ref());
    let name = name.map_or("unknown", |name| &**name);
    match &node.version {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    }
}
