//! Counting crossings: pairs of lines in opposite orders at their two ends.

use super::channel;
use super::proper::Proper;

/// Crossings of the lines between neighbouring layers at their final places, and of the calls that
/// run over them, each counted by itself.
pub(crate) fn of(proper: &Proper, place: &[i32], by_layer: &[Vec<usize>]) -> (u64, u64) {
    let mut found = (0, 0);
    for links in by_layer {
        let mut ends: Vec<(i32, i32, u64)> = links
            .iter()
            .map(|&link| {
                let (source, target) = channel::ends(proper, place, link);
                (source, target, proper.links[link].wires.len() as u64)
            })
            .collect();
        ends.sort_unstable();
        let mut rows: Vec<i32> = ends.iter().map(|end| end.1).collect();
        rows.sort_unstable();
        rows.dedup();
        let (mut lines, mut calls) = (Fenwick::new(rows.len()), Fenwick::new(rows.len()));
        let mut seen = (0, 0);
        for (_, target, weight) in ends {
            let at = rows.partition_point(|row| *row < target);
            found.0 += seen.0 - lines.up_to(at);
            found.1 += weight * (seen.1 - calls.up_to(at));
            lines.add(at, 1);
            calls.add(at, weight);
            seen = (seen.0 + 1, seen.1 + weight);
        }
    }
    found
}

/// Counts of what was added, by place.
pub(crate) struct Fenwick(Vec<u64>);

impl Fenwick {
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![0; len + 1])
    }

    pub(crate) fn add(&mut self, at: usize, more: u64) {
        let mut at = at + 1;
        while let Some(count) = self.0.get_mut(at) {
            *count += more;
            at += at & at.wrapping_neg();
        }
    }

    /// The sum of what lies at `at` or before.
    pub(crate) fn up_to(&self, at: usize) -> u64 {
        let mut at = (at + 1).min(self.0.len() - 1);
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}
