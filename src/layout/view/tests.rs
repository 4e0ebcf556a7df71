use super::*;
use crate::mesh::graph::Edge;

fn node(app: &str, version: &str, namespace: &str) -> Node {
    Node {
        id: format!("app:c/{namespace}/{app}/{version}").into(),
        node_type: NodeType::App,
        cluster: Some("c".into()),
        namespace: Some(namespace.into()),
        app: Some(app.into()),
        version: Some(version.into()),
        ..Node::default()
    }
}

fn call(from: &Node, to: &Node) -> Edge {
    Edge { source: from.id.clone(), target: to.id.clone(), rate: 1.0, ..Edge::default() }
}

/// A front calls two versions of a back, both call a store in another namespace.
fn graph() -> Graph {
    let front = node("front", "v1", "a");
    let (one, two) = (node("back", "v1", "a"), node("back", "v2", "a"));
    let store = node("store", "v1", "b");
    let edges =
        vec![call(&one, &store), call(&two, &store), call(&front, &one), call(&front, &two)];
    let mut nodes = vec![front, one, two, store];
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    Graph { nodes, edges, ..Graph::default() }
}

#[test]
fn versions_are_rows_of_one_box_and_calls_to_them_one_edge() {
    let view = ViewGraph::from_graph(&graph(), &ViewOptions::default());
    let rows: Vec<(&str, usize)> =
        view.nodes.iter().map(|node| (&*node.title, node.rows.len())).collect();
    assert_eq!(rows, [("back", 2), ("front", 1), ("store", 1)]);
    let parts: Vec<usize> = view.edges.iter().map(|edge| edge.parts.len()).collect();
    assert_eq!(parts, [1, 1, 2]);
}

#[test]
fn focus_keeps_what_lies_within_the_hops() {
    let graph = graph();
    let focus = |hops| {
        let node = "box:c/b/store".into();
        let options = ViewOptions { focus: Some(Focus { node, hops }), ..ViewOptions::default() };
        ViewGraph::from_graph(&graph, &options).nodes.len()
    };
    assert_eq!([focus(0), focus(1), focus(2)], [1, 2, 3]);
}

#[test]
fn boxes_of_one_name_say_their_namespace_unless_bands_do() {
    let injected = Node {
        node_type: NodeType::Service,
        service: Some("store".into()),
        flags: vec![NodeFlag::Injected],
        ..node("store", "", "c")
    };
    let nodes = vec![node("front", "v1", "a"), node("store", "v1", "a"), node("store", "v1", "b")];
    let mut graph = Graph { nodes, ..Graph::default() };
    graph.nodes.push(injected);
    let titles = |bands: bool| {
        let view = ViewGraph::from_graph(&graph, &ViewOptions { bands, ..ViewOptions::default() });
        view.nodes.into_iter().map(|node| node.title).collect::<Vec<_>>()
    };
    assert_eq!(titles(true), ["◇ store", "front", "store", "store"]);
    assert_eq!(titles(false), ["◇ c/store", "front", "a/store", "b/store"]);
}

#[test]
fn a_collapsed_namespace_is_one_node_and_calls_inside_are_its_own() {
    let options = ViewOptions { collapsed: Collapse::All, ..ViewOptions::default() };
    let view = ViewGraph::from_graph(&graph(), &options);
    assert_eq!(view.nodes.iter().map(|node| &*node.title).collect::<Vec<_>>(), ["a", "b"]);
    assert!(view.edges.iter().any(|edge| edge.from == edge.to && edge.parts.len() == 2));
}

#[test]
fn rates_do_not_change_the_signature_and_topology_does() {
    let mut graph = graph();
    let before = ViewGraph::from_graph(&graph, &ViewOptions::default()).signature;
    graph.edges[0].rate = 7.0;
    assert_eq!(ViewGraph::from_graph(&graph, &ViewOptions::default()).signature, before);
    graph.edges.pop();
    graph.edges.pop();
    assert_ne!(ViewGraph::from_graph(&graph, &ViewOptions::default()).signature, before);
}
