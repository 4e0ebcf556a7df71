//! What rates and latencies were at the last refreshes: the few points of a sparkline.
//!
//! Nothing is asked for them; they are what was shown. A look at another time, window or cluster
//! begins anew.

use std::collections::BTreeMap;
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

/// Who calls whom, over what.
type CallKey = (NodeId, NodeId, Protocol);

/// A sample for each moment; none where the thing was not there.
type Series = Vec<Option<Sample>>;

/// The last refreshes. Every series has as many points as there are moments.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Whose numbers these are: the context and the window.
    of: (String, Duration),
    moments: Vec<Timestamp>,
    nodes: BTreeMap<NodeId, Series>,
    calls: BTreeMap<CallKey, Series>,
}

impl History {
    /// The history with a graph added to it; one evaluated at the last moment takes its place.
    pub fn with(before: Option<&Self>, context: &str, graph: &Graph) -> Self {
        let of = (context.to_owned(), graph.window);
        let at = graph.evaluated_at;
        let goes_on = |history: &&Self| {
            history.of == of && history.moments.last().is_none_or(|last| *last <= at)
        };
        let mut now = before.filter(goes_on).cloned().unwrap_or_default();
        now.of = of;
        let replaced = now.moments.last() == Some(&at);
        let first = usize::from(!replaced && now.moments.len() == KEPT);
        if !replaced {
            now.moments.drain(..first);
            now.moments.push(at);
        }
        let kept = now.moments.len() - 1;
        let nodes = graph.nodes.iter().map(|node| (node.id.clone(), of_node(&NodeStyle::of(node))));
        extend(&mut now.nodes, (first, kept), nodes);
        let key = |edge: &Edge| (edge.source.clone(), edge.target.clone(), edge.protocol);
        extend(&mut now.calls, (first, kept), graph.edges.iter().map(|e| (key(e), of_edge(e))));
        now
    }

    /// How long it reaches back.
    pub fn reach(&self) -> Duration {
        let ends = self.moments.first().zip(self.moments.last());
        ends.and_then(|(first, last)| Duration::try_from(last.duration_since(*first)).ok())
            .unwrap_or_default()
    }

    /// What several nodes were together.
    pub fn of_nodes<'a>(&self, ids: impl Iterator<Item = &'a NodeId>) -> Series {
        self.together(ids.filter_map(|id| self.nodes.get(id)))
    }

    /// What several calls were together.
    pub fn of_calls<'a>(&self, calls: impl Iterator<Item = &'a Edge>) -> Series {
        let key = |e: &Edge| (e.source.clone(), e.target.clone(), e.protocol);
        self.together(calls.filter_map(|edge| self.calls.get(&key(edge))))
    }

    /// Rates are added; of errors and latencies the worst counts.
    fn together<'a>(&self, all: impl Iterator<Item = &'a Series>) -> Series {
        let mut sum: Series = vec![None; self.moments.len()];
        let worse = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        for series in all {
            for (sum, one) in sum.iter_mut().zip(series) {
                *sum = match (*sum, *one) {
                    (Some(a), Some(b)) => Some(Sample {
                        rate: a.rate + b.rate,
                        errors: worse(a.errors, b.errors),
                        p95_ms: worse(a.p95_ms, b.p95_ms),
                    }),
                    (a, b) => a.or(b),
                };
            }
        }
        sum
    }
}

/// Drops the points before `first`, cuts every series to `kept` points, and adds one to each.
/// What was not there at any of the moments is forgotten.
fn extend<K: Ord>(
    all: &mut BTreeMap<K, Series>,
    (first, kept): (usize, usize),
    now: impl Iterator<Item = (K, Sample)>,
) {
    for series in all.values_mut() {
        series.drain(..first.min(series.len()));
        series.truncate(kept);
        series.push(None);
    }
    for (key, sample) in now {
        let series = all.entry(key).or_insert_with(|| vec![None; kept + 1]);
        if let Some(last) = series.last_mut() {
            *last = Some(sample);
        }
    }
    all.retain(|_, series| series.iter().any(Option::is_some));
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
        assert_eq!(history.calls.len(), 1);
        assert!(history.calls.values().all(|series| series.len() == KEPT));
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
