//! Ranks: how many calls from the entrance a node lies, as the column (or line) it is drawn in.
//!
//! The longest path from the sources gives each node the first rank that all its callers allow.
//! From there the network simplex makes the edges as short as they can be together; next to ranks
//! that are kept, a few passes pull each new node within its slack towards the side with more
//! edges. Leaves stay with their callers.

use super::simplex;

/// How often slack is looked at.
const PULLS: usize = 8;

/// Ranks for a graph without cycles. `edges` run from lower to higher rank.
///
/// `before` are ranks to keep: a node gets its old rank unless an edge forces it higher.
pub(crate) fn ranks(
    count: usize,
    edges: &[(usize, usize)],
    before: &[Option<usize>],
) -> Vec<usize> {
    let mut into = vec![Vec::new(); count];
    let mut out = vec![Vec::new(); count];
    for &(from, to) in edges {
        out[from].push(to);
        into[to].push(from);
    }
    let order = sorted(count, &into, &out);
    let old = |node: usize| before.get(node).copied().flatten();
    let mut rank = vec![0; count];
    for &node in &order {
        let least = into[node].iter().map(|&from| rank[from] + 1).max().unwrap_or(0);
        rank[node] = old(node).map_or(least, |old| old.max(least));
    }
    if before.iter().all(Option::is_none) {
        simplex::shorten(&mut rank, edges);
    }
    for _ in 0..PULLS {
        let mut changed = false;
        for &node in order.iter().rev() {
            if old(node).is_some() || out[node].is_empty() {
                continue;
            }
            let latest = out[node].iter().map(|&to| rank[to]).min().unwrap_or(1).saturating_sub(1);
            if out[node].len() > into[node].len() && latest > rank[node] {
                rank[node] = latest;
                changed = true;
            }
        }
        for &node in &order {
            if old(node).is_some() || into[node].is_empty() {
                continue;
            }
            let least = into[node].iter().map(|&from| rank[from] + 1).max().unwrap_or(0);
            if into[node].len() >= out[node].len() && least < rank[node] {
                rank[node] = least;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    close_gaps(&mut rank, before);
    rank
}

/// The nodes so that callers come first.
fn sorted(count: usize, into: &[Vec<usize>], out: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = into.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..count).filter(|&node| waiting[node] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &to in &out[node] {
            waiting[to] -= 1;
            if waiting[to] == 0 {
                order.push(to);
            }
        }
    }
    order
}

/// Without a past, no rank is left empty.
fn close_gaps(rank: &mut [usize], before: &[Option<usize>]) {
    if before.iter().any(Option::is_some) {
        return;
    }
    let highest = rank.iter().copied().max().unwrap_or(0);
    let mut used = vec![false; highest + 1];
    for &rank in rank.iter() {
        used[rank] = true;
    }
    let mut new = Vec::with_capacity(used.len());
    let mut next = 0;
    for used in used {
        new.push(next);
        next += usize::from(used);
    }
    for rank in rank {
        *rank = new[*rank];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lonely_source_stands_next_to_what_it_calls() {
        let edges = [(0, 1), (1, 2), (2, 3), (4, 3)];
        assert_eq!(ranks(5, &edges, &[]), [0, 1, 2, 3, 2]);
    }

    #[test]
    fn a_leaf_stays_with_its_caller() {
        let edges = [(0, 1), (1, 2), (2, 3), (0, 4)];
        assert_eq!(ranks(5, &edges, &[]), [0, 1, 2, 3, 1]);
    }

    #[test]
    fn an_old_rank_is_kept_unless_an_edge_forces_it() {
        let edges = [(0, 1), (1, 2)];
        assert_eq!(ranks(3, &edges, &[Some(0), Some(3), Some(2)]), [0, 3, 4]);
    }

    proptest! {
        #[test]
        fn every_edge_leads_to_a_higher_rank(
            pairs in prop::collection::vec((0_usize..15, 0_usize..15), 0..60),
        ) {
            let edges: Vec<(usize, usize)> =
                pairs.into_iter().filter(|(a, b)| a < b).collect();
            let rank = ranks(15, &edges, &[]);
            for (from, to) in edges {
                prop_assert!(rank[from] < rank[to]);
            }
        }
    }
}
