//! The graph as a matrix: who calls (rows) and who is called (columns), the busiest first. It has
//! no crossings however many calls there are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::app::drawing::Subject;
use crate::app::screen::Call;
use crate::layout::style::{EdgeStyle, joined_calls};
use crate::layout::view::{ViewGraph, ViewOptions};
use crate::mesh::graph::{Graph, Health, NodeId, Unit};

/// A row and a column of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixBox {
    pub key: NodeId,
    pub title: String,
    /// Its nodes: the versions of an app.
    pub members: Vec<NodeId>,
    /// The worst health of its nodes.
    pub health: Health,
    /// Requests and messages per second that it sends, and that it gets.
    pub sends: f64,
    pub gets: f64,
}

/// All calls between boxes of the graph.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// The busiest first. The order stays as long as the same boxes are there.
    pub boxes: Vec<MatrixBox>,
    /// By positions of who calls and who is called.
    pub calls: BTreeMap<(usize, usize), EdgeStyle>,
    /// The greatest rate of a call, by which the others are shaded.
    pub greatest: f64,
}

impl Matrix {
    pub fn of(graph: &Graph, before: Option<&Self>) -> Self {
        let view = ViewGraph::from_graph(graph, &ViewOptions::default());
        let mut parts: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for edge in &view.edges {
            parts.entry((edge.from, edge.to)).or_default().extend(&edge.parts);
        }
        let joined = |parts: Vec<usize>| {
            joined_calls(parts.into_iter().filter_map(|part| graph.edges.get(part)))
        };
        let calls: BTreeMap<_, _> = parts.into_iter().map(|(at, p)| (at, joined(p))).collect();
        let mut boxes: Vec<MatrixBox> = view
            .nodes
            .iter()
            .map(|node| {
                let members: Vec<NodeId> = node.rows.iter().map(|row| row.key.clone()).collect();
                let health = members.iter().filter_map(|id| graph.node(id)).map(|n| n.health).max();
                MatrixBox {
                    key: node.key.clone(),
                    title: node.title.clone(),
                    members,
                    health: health.unwrap_or_default(),
                    sends: 0.0,
                    gets: 0.0,
                }
            })
            .collect();
        for (&(from, to), call) in calls.iter().filter(|(_, call)| call.unit != Unit::Bytes) {
            if let Some(from) = boxes.get_mut(from) {
                from.sends += call.rate;
            }
            if let Some(to) = boxes.get_mut(to) {
                to.gets += call.rate;
            }
        }
        let greatest = calls.values().filter(|c| c.unit != Unit::Bytes).map(|c| c.rate);
        let greatest = greatest.fold(0.0, f64::max);
        let order = order(&boxes, before);
        let mut place = vec![0; boxes.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let calls = calls.into_iter().map(|((a, b), call)| ((place[a], place[b]), call)).collect();
        let boxes = order.iter().filter_map(|&old| boxes.get(old).cloned()).collect();
        Self { boxes, calls, greatest }
    }

    /// Position of a box, or of the box of a node.
    pub fn position(&self, key: &str) -> Option<usize> {
        let is = |item: &MatrixBox| *item.key == *key || item.members.iter().any(|id| **id == *key);
        self.boxes.iter().position(is)
    }

    /// Where a place of the matrix is now; the busiest call where there is none.
    pub fn at(&self, cell: Option<&(NodeId, NodeId)>) -> (usize, usize) {
        let known = cell.and_then(|(from, to)| Some((self.position(from)?, self.position(to)?)));
        let busiest = || {
            let call = self.calls.iter().max_by(|a, b| a.1.rate.total_cmp(&b.1.rate));
            call.map_or((0, 0), |(at, _)| *at)
        };
        known.unwrap_or_else(busiest)
    }

    /// The keys of a place.
    pub fn keys(&self, (row, column): (usize, usize)) -> Option<(NodeId, NodeId)> {
        Some((self.boxes.get(row)?.key.clone(), self.boxes.get(column)?.key.clone()))
    }

    /// What stands at a place: the calls, or, without any, who would call.
    pub fn subject(&self, cell: Option<&(NodeId, NodeId)>) -> Option<Subject> {
        let at = self.at(cell);
        let (from, to) = self.keys(at)?;
        Some(if self.calls.contains_key(&at) {
            Subject::Call(Call { from, to, protocol: None })
        } else {
            Subject::Node(from)
        })
    }

    /// Places of calls in trouble, the worst first.
    pub fn problems(&self) -> Vec<(usize, usize)> {
        let mut found: Vec<_> =
            self.calls.iter().filter(|(_, call)| call.health > Health::Healthy).collect();
        found.sort_by(|(a, one), (b, other)| {
            let failing = |call: &EdgeStyle| call.error_percent.unwrap_or_default();
            let worse = other.health.cmp(&one.health);
            worse.then(failing(other).total_cmp(&failing(one))).then(a.cmp(b))
        });
        found.into_iter().map(|(at, _)| *at).collect()
    }
}

/// The order of the boxes: as it was, where the same boxes are there, else the busiest first.
fn order(boxes: &[MatrixBox], before: Option<&Matrix>) -> Vec<usize> {
    let by_key: BTreeMap<&NodeId, usize> =
        boxes.iter().enumerate().map(|(at, item)| (&item.key, at)).collect();
    if let Some(before) = before.filter(|before| before.boxes.len() == boxes.len()) {
        let kept: BTreeSet<usize> =
            before.boxes.iter().filter_map(|item| by_key.get(&item.key).copied()).collect();
        if kept.len() == boxes.len() {
            return before.boxes.iter().filter_map(|i| by_key.get(&i.key).copied()).collect();
        }
    }
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    let traffic = |at: &usize| boxes.get(*at).map_or(0.0, |item| item.sends + item.gets);
    order.sort_by(|a, b| match traffic(b).total_cmp(&traffic(a)) {
        Ordering::Equal => a.cmp(b),
        other => other,
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::graph::{Edge, Node};

    /// `(from, to, rate, percent that failed)`.
    fn graph(calls: &[(&str, &str, f64, f64)]) -> Graph {
        let names: BTreeSet<&str> = calls.iter().flat_map(|call| [call.0, call.1]).collect();
        let node = |name: &&str| Node { id: (*name).into(), ..Node::default() };
        let edge = |&(from, to, rate, failing): &(&str, &str, f64, f64)| Edge {
            source: from.into(),
            target: to.into(),
            rate,
            error_percent: Some(failing),
            health: if failing > 0.0 { Health::Failure } else { Health::Healthy },
            ..Edge::default()
        };
        Graph {
            nodes: names.iter().map(node).collect(),
            edges: calls.iter().map(edge).collect(),
            ..Graph::default()
        }
    }

    fn names(matrix: &Matrix) -> Vec<&str> {
        matrix.boxes.iter().map(|item| &*item.key).collect()
    }

    #[test]
    fn the_busiest_come_first_and_keep_their_places() {
        let first = Matrix::of(&graph(&[("a", "b", 1.0, 0.0), ("b", "c", 5.0, 0.0)]), None);
        assert_eq!(names(&first), ["b", "c", "a"]);
        let calls = [("a", "b", 9.0, 0.0), ("b", "c", 5.0, 0.0)];
        let next = Matrix::of(&graph(&calls), Some(&first));
        assert_eq!(names(&next), ["b", "c", "a"], "other rates move nothing");
        assert!((next.calls[&(2, 0)].rate - 9.0).abs() < 1e-9);
        let anew = Matrix::of(&graph(&calls), None);
        assert_eq!(names(&anew), ["b", "a", "c"]);
    }

    #[test]
    fn problems_come_worst_first_and_empty_places_speak_of_the_caller() {
        let calls = [("a", "b", 1.0, 2.0), ("b", "c", 5.0, 40.0), ("a", "c", 1.0, 0.0)];
        let matrix = Matrix::of(&graph(&calls), None);
        let worst: Vec<_> =
            matrix.problems().into_iter().filter_map(|at| matrix.keys(at)).collect();
        let pair = |a: &str, b: &str| (NodeId::from(a), NodeId::from(b));
        assert_eq!(worst, [pair("b", "c"), pair("a", "b")]);
        let call = matrix.subject(Some(&pair("b", "c")));
        assert!(matches!(call, Some(Subject::Call(_))), "{call:?}");
        assert_eq!(matrix.subject(Some(&pair("c", "a"))), Some(Subject::Node("c".into())));
    }
}
