//! What rates and latencies were at the last refreshes: the few points of a sparkline.
//!
//! Nothing is asked for them; they are what was shown. A look at another time, window or cluster
//! begins anew.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::layout::style::NodeStyle;
use crate::mesh::graph::{Edge, Graph, NodeId, Protocol};

/// How many refreshes are remembered.
const KEPT: usize = 40;

/// What was known at a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// Per second.
    pub rate: f32,
    /// Percent.
    pub errors: Option<f32>,
    pub p95_ms: Option<f32>,
}

/// A node, or a call: who calls whom, over what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Node(NodeId),
    Call(NodeId, NodeId, Protocol),
}

/// A sample for each moment; none where the thing was not there.
type Series = Vec<Option<Sample>>;

/// What was known at a moment.
#[derive(Debug)]
struct Moment {
    at: Timestamp,
    /// Sorted. Shared with the moment before where the mesh was the same then.
    of: Arc<[Of]>,
    /// As many, in the same order.
    samples: Box<[Sample]>,
}

/// The last refreshes. A clone shares what is remembered.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Whose numbers these are: the context and the window.
    of: (String, Duration),
    moments: Vec<Arc<Moment>>,
}

impl Moment {
    fn of(graph: &Graph, before: Option<&Self>) -> Self {
        let nodes = graph.nodes.iter();
        let nodes = nodes.map(|node| (Of::node(&node.id), of_node(&NodeStyle::of(node))));
        let calls = graph.edges.iter().map(|edge| (Of::call(edge), of_edge(edge)));
        let mut all: Vec<(Of, Sample)> = nodes.chain(calls).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let same = before.filter(|before| before.of.iter().eq(all.iter().map(|(of, _)| of)));
        let samples = all.iter().map(|(_, sample)| *sample).collect();
        let of = match same {
            Some(before) => Arc::clone(&before.of),
            None => all.into_iter().map(|(of, _)| of).collect(),
        };
        Self { at: graph.evaluated_at, of, samples }
    }

    fn sample(&self, of: &Of) -> Option<Sample> {
        let at = self.of.binary_search(of).ok()?;
        self.samples.get(at).copied()
    }
}

impl Of {
    fn node(id: &NodeId) -> Self {
        Self::Node(Arc::clone(id))
    }

    fn call(edge: &Edge) -> Self {
        Self::Call(Arc::clone(&edge.source), Arc::clone(&edge.target), edge.protocol)
    }
}

impl History {
    /// The history with a graph added to it; one evaluated at the last moment takes its place.
    pub fn with(before: Option<&Self>, context: &str, graph: &Graph) -> Self {
        let of = (context.to_owned(), graph.window);
        let at = graph.evaluated_at;
        let goes_on = |history: &&Self| {
            history.of == of && history.moments.last().is_none_or(|last| last.at <= at)
        };
        let mut moments =
            before.filter(goes_on).map(|before| before.moments.clone()).unwrap_or_default();
        let added = Moment::of(graph, moments.last().map(Arc::as_ref));
        moments.retain(|moment| moment.at != at);
        let first = (moments.len() + 1).saturating_sub(KEPT);
        moments.drain(..first);
        moments.push(Arc::new(added));
        Self { of, moments }
    }

    /// How long it reaches back.
    pub fn reach(&self) -> Duration {
        let ends = self.moments.first().zip(self.moments.last());
        ends.and_then(|(first, last)| Duration::try_from(last.at.duration_since(first.at)).ok())
            .unwrap_or_default()
    }

    /// What several nodes were together.
    pub fn of_nodes<'a>(&self, ids: impl Iterator<Item = &'a NodeId>) -> Series {
        self.together(&ids.map(Of::node).collect::<Vec<_>>())
    }

    /// What several calls were together.
    pub fn of_calls<'a>(&self, calls: impl Iterator<Item = &'a Edge>) -> Series {
        self.together(&calls.map(Of::call).collect::<Vec<_>>())
    }

    /// Rates are added; of errors and latencies the worst counts.
    fn together(&self, all: &[Of]) -> Series {
        let worse = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let add = |a: Sample, b: Sample| Sample {
            rate: a.rate + b.rate,
            errors: worse(a.errors, b.errors),
            p95_ms: worse(a.p95_ms, b.p95_ms),
        };
        let at = |moment: &Arc<Moment>| all.iter().filter_map(|of| moment.sample(of)).reduce(add);
        self.moments.iter().map(at).collect()
    }
}

fn of_node(style: &NodeStyle) -> Sample {
    Sample {
        rate: style.rate.unwrap_or_default() as f32,
        errors: style.error_percent.map(|percent| percent as f32),
        p95_ms: style.p95_ms.map(|p95| p95 as f32),
    }
}

fn of_edge(edge: &Edge) -> Sample {
    Sample {
        rate: edge.rate as f32,
        errors: edge.error_percent.map(|percent| percent as f32),
        p95_ms: edge.latency_ms.and_then(|latency| latency.p95).map(|p95| p95 as f32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::graph::Node;
    use jiff::SignedDuration;

    fn at(second: i64, rate: f64, calls: &[(&str, &str)]) -> Graph {
        let edge = |(from, to): &(&str, &str)| Edge {
            source: (*from).into(),
            target: (*to).into(),
            rate,
            ..Edge::default()
        };
        Graph {
            evaluated_at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
            nodes: vec![Node { id: "a".into(), ..Node::default() }],
            edges: calls.iter().map(edge).collect(),
            ..Graph::default()
        }
    }

    fn rates(history: &History, graph: &Graph) -> Vec<Option<f32>> {
        history.of_calls(graph.edges.iter()).iter().map(|s| s.map(|s| s.rate)).collect()
    }

    #[test]
    fn it_is_bounded_and_forgets_what_is_long_gone() {
        let mut history = History::default();
        let both = [("a", "b"), ("b", "c")];
        for second in 0..100 {
            let calls = if second < 10 { &both[..] } else { &both[..1] };
            history = History::with(Some(&history), "x", &at(second, second as f64, calls));
        }
        assert_eq!(history.moments.len(), KEPT);
        assert_eq!(history.of_calls(at(0, 0.0, &both).edges.iter()).len(), KEPT);
        // The node and the one call, the same at each moment, are kept once.
        let shared = |moment: &Arc<Moment>| Arc::ptr_eq(&moment.of, &history.moments[0].of);
        assert!(history.moments.iter().all(shared));
        assert_eq!(history.moments[0].of.len(), 2);
        assert_eq!(history.reach(), Duration::from_secs(KEPT as u64 - 1));
        assert_eq!(rates(&history, &at(0, 0.0, &both[..1])).last(), Some(&Some(99.0)));
    }

    #[test]
    fn a_moment_counts_once_and_gaps_stay_gaps() {
        let call = [("a", "b")];
        let first = History::with(None, "x", &at(1, 1.0, &call));
        let again = History::with(Some(&first), "x", &at(1, 2.0, &call));
        assert_eq!(rates(&again, &at(0, 0.0, &call)), [Some(2.0)]);
        let gap = History::with(Some(&again), "x", &at(2, 0.0, &[]));
        let back = History::with(Some(&gap), "x", &at(3, 3.0, &call));
        assert_eq!(rates(&back, &at(0, 0.0, &call)), [Some(2.0), None, Some(3.0)]);
    }

    #[test]
    fn another_context_or_an_earlier_time_begins_anew() {
        let call = [("a", "b")];
        let first = History::with(None, "x", &at(5, 1.0, &call));
        assert_eq!(History::with(Some(&first), "y", &at(6, 1.0, &call)).moments.len(), 1);
        assert_eq!(History::with(Some(&first), "x", &at(4, 1.0, &call)).moments.len(), 1);
        assert_eq!(History::with(Some(&first), "x", &at(6, 1.0, &call)).moments.len(), 2);
    }

    #[test]
    fn together_rates_are_added_and_the_worst_latency_counts() {
        let mut graph = at(1, 2.0, &[("a", "b"), ("a", "c")]);
        for (edge, p95) in graph.edges.iter_mut().zip([7.0, 9.0]) {
            edge.latency_ms =
                Some(crate::mesh::graph::Latency { p95: Some(p95), ..Default::default() });
        }
        let history = History::with(None, "x", &graph);
        let sum = history.of_calls(graph.edges.iter());
        assert_eq!(sum, [Some(Sample { rate: 4.0, errors: None, p95_ms: Some(9.0) })]);
    }
}
