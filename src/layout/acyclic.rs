//! Breaking cycles: which calls run against the ranks.
//!
//! A walk from the roots, in the order of the nodes, turns a call round when it leads to a node
//! that the walk is still inside of. So "back up" is what a reader expects: towards the entrance.

/// Tells for each edge whether it is turned round. Self-calls are never.
///
/// `held` are edges that were turned round before: they stay so while their ends are still in one
/// cycle, so that a picture does not turn when another edge comes or goes.
pub(crate) fn turned(count: usize, edges: &[(usize, usize)], held: &[bool]) -> Vec<bool> {
    let component = components(count, edges);
    let mut turned: Vec<bool> = edges
        .iter()
        .enumerate()
        .map(|(ix, &(from, to))| {
            held.get(ix).copied().unwrap_or(false) && from != to && component[from] == component[to]
        })
        .collect();
    let mut calls = vec![Vec::new(); count];
    let mut callers = vec![0_usize; count];
    for (ix, &(from, to)) in edges.iter().enumerate() {
        if from == to {
            continue;
        }
        let (low, high) = if turned[ix] { (to, from) } else { (from, to) };
        calls[low].push((high, ix));
        callers[to] += 1;
    }
    let mut state = vec![State::Unmet; count];
    let roots = (0..count).filter(|&node| callers[node] == 0).collect::<Vec<_>>();
    for start in roots.into_iter().chain(0..count) {
        if state[start] == State::Unmet {
            walk(start, &calls, &mut state, &mut turned);
        }
    }
    turned
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unmet,
    Inside,
    Done,
}

/// One walk in depth, without recursion.
fn walk(start: usize, calls: &[Vec<(usize, usize)>], state: &mut [State], turned: &mut [bool]) {
    let mut path = vec![(start, 0_usize)];
    state[start] = State::Inside;
    while let Some(top) = path.last_mut() {
        let Some(&(to, ix)) = calls[top.0].get(top.1) else {
            state[top.0] = State::Done;
            path.pop();
            continue;
        };
        top.1 += 1;
        match state[to] {
            State::Unmet => {
                state[to] = State::Inside;
                path.push((to, 0));
            }
            State::Inside => turned[ix] = !turned[ix],
            State::Done => {}
        }
    }
}

/// Numbers the strongly connected components: for each node that of its own.
fn components(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut graph = petgraph::graph::DiGraph::<(), ()>::with_capacity(count, edges.len());
    let nodes: Vec<_> = (0..count).map(|_| graph.add_node(())).collect();
    for &(from, to) in edges {
        graph.add_edge(nodes[from], nodes[to], ());
    }
    let mut component = vec![0; count];
    for (number, members) in petgraph::algo::kosaraju_scc(&graph).into_iter().enumerate() {
        for member in members {
            component[member.index()] = number;
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_back_to_the_entrance_is_the_one_turned() {
        assert_eq!(turned(3, &[(0, 1), (1, 2), (2, 1), (2, 2)], &[]), [false, false, true, false]);
    }

    #[test]
    fn what_was_turned_stays_turned_while_it_is_in_a_cycle() {
        let edges = [(0, 1), (1, 0)];
        assert_eq!(turned(2, &edges, &[]), [false, true]);
        assert_eq!(turned(2, &edges, &[true, false]), [true, false]);
        assert_eq!(turned(2, &edges[..1], &[true]), [false]);
    }

    proptest! {
        #[test]
        fn nothing_is_left_in_a_cycle(
            edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..50),
            held in prop::collection::vec(any::<bool>(), 0..50),
        ) {
            let turned = turned(12, &edges, &held);
            let mut graph = petgraph::graph::DiGraph::<(), ()>::new();
            let nodes: Vec<_> = (0..12).map(|_| graph.add_node(())).collect();
            for (&(from, to), turned) in edges.iter().zip(turned) {
                if from != to {
                    let (low, high) = if turned { (to, from) } else { (from, to) };
                    graph.add_edge(nodes[low], nodes[high], ());
                }
            }
            prop_assert!(!petgraph::algo::is_cyclic_directed(&graph));
        }
    }
}
