use proptest::prelude::*;

use super::*;
use crate::mesh::graph::{Node, NodeType};

fn graph(edges: &[(&str, &str)]) -> Graph {
    let mut ids: Vec<&str> = edges.iter().flat_map(|&(from, to)| [from, to]).collect();
    ids.sort_unstable();
    ids.dedup();
    let nodes = ids
        .iter()
        .map(|&id| Node {
            id: id.into(),
            node_type: NodeType::App,
            app: Some(id.into()),
            ..Node::default()
        })
        .collect();
    let mut edges: Vec<Edge> = edges
        .iter()
        .map(|&(from, to)| Edge {
            source: from.into(),
            target: to.into(),
            rate: 1.5,
            ..Edge::default()
        })
        .collect();
    edges.sort_by(|a, b| (&a.source, &a.target).cmp(&(&b.source, &b.target)));
    Graph { nodes, edges, ..Graph::default() }
}

fn drawn(graph: &Graph) -> Vec<String> {
    rows(graph).iter().map(|row| format!("{}{} {:?}", row.guides, row.name, row.mark)).collect()
}

#[test]
fn shared_callees_are_opened_once() {
    let graph = graph(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]);
    assert_eq!(
        drawn(&graph),
        ["a None", "├─b None", "│ └─d None", "│   └─e None", "└─c None", "  └─d Seen"]
    );
}

#[test]
fn calls_back_and_calls_to_itself_end_a_branch() {
    let graph = graph(&[("a", "b"), ("b", "a"), ("b", "b")]);
    assert_eq!(drawn(&graph), ["a None", "└─b None", "  ├─a Cycle", "  └─b Itself"]);
}

#[test]
fn a_root_carries_what_it_sends() {
    let rows = rows(&graph(&[("a", "b"), ("a", "c")]));
    assert_eq!(rows[0].call.rate, Some(3.0));
    assert_eq!(rows[0].call.share_percent, None);
}

#[test]
fn a_graph_without_edges_is_a_list_without_figures() {
    let mut lonely = graph(&[("a", "b")]);
    lonely.edges.clear();
    assert_eq!(drawn(&lonely), ["a None", "b None"]);
    assert_eq!(rows(&lonely)[0].call.rate, None);
}

proptest! {
    #[test]
    fn every_edge_has_one_row(pairs in prop::collection::btree_set((0_u8..12, 0_u8..12), 0..40)) {
        let names: Vec<(String, String)> =
            pairs.iter().map(|(a, b)| (format!("n{a:02}"), format!("n{b:02}"))).collect();
        let edges: Vec<(&str, &str)> = names.iter().map(|(a, b)| (&**a, &**b)).collect();
        let graph = graph(&edges);
        let rows = rows(&graph);
        prop_assert_eq!(rows.iter().filter(|row| row.depth > 0).count(), graph.edges.len());
        for node in &graph.nodes {
            prop_assert!(rows.iter().any(|row| row.node == node.id));
        }
    }
}
