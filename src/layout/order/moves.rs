//! Moves within a layer that take crossings away.

use std::cmp::Reverse;

use super::Ordering;

/// Rounds of exchanging neighbours.
const EXCHANGES: usize = 4;
/// How many others an item may pass in one move.
const REACH: usize = 24;

/// An item of a layer.
struct Placed {
    item: usize,
    /// Where its links end in the layer before and in the layer after, sorted.
    ends: [Vec<i64>; 2],
}

impl Placed {
    fn links(&self) -> usize {
        self.ends.iter().map(Vec::len).sum()
    }
}

/// Crossings between two items of a layer: when the one is first, and when the other is.
fn crossings_of(one: &Placed, other: &Placed) -> (i64, i64) {
    let (mut one_first, mut other_first) = (0, 0);
    for (own, their) in one.ends.iter().zip(&other.ends) {
        one_first += inversions(own, their);
        other_first += inversions(their, own);
    }
    (one_first, other_first)
}

impl Ordering<'_> {
    /// Lets neighbours change places where that takes crossings away.
    pub(super) fn exchange(&mut self) {
        self.in_rounds(EXCHANGES, Self::exchange_in);
    }

    /// Goes through the layers until nothing changes, or so many times.
    fn in_rounds(&mut self, rounds: usize, change: fn(&mut Self, usize) -> bool) {
        for _ in 0..rounds {
            let mut changed = false;
            for layer in 0..self.layers.len() {
                changed |= change(self, layer);
            }
            if !changed {
                break;
            }
        }
    }

    fn exchange_in(&mut self, layer: usize) -> bool {
        let mut row = self.row(layer);
        let mut changed = false;
        for at in 1..row.len() {
            let (first, second) = (&row[at - 1], &row[at]);
            if !self.may_pass(first, second) {
                continue;
            }
            self.steps += (first.links() + second.links()) as u64;
            let (now, swapped) = crossings_of(first, second);
            if swapped < now {
                row.swap(at - 1, at);
                changed = true;
            }
        }
        self.set_row(layer, row);
        changed
    }

    /// Puts items where they have the fewest crossings with the others of their layer, in so many
    /// rounds at most.
    pub(super) fn sift(&mut self, rounds: usize) {
        self.in_rounds(rounds, Self::sift_in);
    }

    /// One item after the other, those with the most links first.
    fn sift_in(&mut self, layer: usize) -> bool {
        let mut row = self.row(layer);
        let mut turns = self.layers[layer].clone();
        turns.sort_by_key(|&item| {
            (Reverse(self.near.before[item].len() + self.near.after[item].len()), item)
        });
        let mut changed = false;
        for item in turns {
            let Some(at) = row.iter().position(|placed| placed.item == item) else { continue };
            let (left, right) = row.split_at(at);
            let Some((own, right)) = right.split_first() else { continue };
            let before = self.best_step(own, left.iter().rev(), true);
            let after = self.best_step(own, right.iter(), false);
            let to = if before.0 <= after.0 { at - before.1 } else { at + after.1 };
            if to != at {
                let own = row.remove(at);
                row.insert(to, own);
                changed = true;
            }
        }
        self.set_row(layer, row);
        changed
    }

    /// The change of crossings, and the number of others to pass for it, when an item goes past
    /// others of its layer: the least of both.
    fn best_step<'r>(
        &mut self,
        own: &Placed,
        others: impl Iterator<Item = &'r Placed>,
        backward: bool,
    ) -> (i64, usize) {
        let (mut best, mut change) = ((0, 0), 0);
        for (passed, other) in (1..=REACH).zip(others) {
            if !self.may_pass(own, other) {
                break;
            }
            let (own_first, other_first) = crossings_of(own, other);
            self.steps += (own.links() + other.links()) as u64;
            change += if backward { own_first - other_first } else { other_first - own_first };
            best = best.min((change, passed));
        }
        best
    }

    /// Exchanges some items for others of their layer: another first order, told by its number.
    pub(super) fn shake(&mut self, number: u64) {
        let mut mixed = number;
        for layer in 0..self.layers.len() {
            let count = self.layers[layer].len();
            for _ in 0..count / 2 {
                let [one, other] = [(); 2].map(|()| {
                    // A linear congruential generator; its upper bits are the better ones.
                    mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number | 1);
                    (mixed >> 33) as usize % count
                });
                let band = |at: usize| self.proper.items[self.layers[layer][at]].band;
                if band(one) == band(other) {
                    self.layers[layer].swap(one, other);
                }
            }
            self.number(layer);
        }
    }

    /// A layer with its items' ends: the layers beside it do not move, each end is looked up once.
    fn row(&self, layer: usize) -> Vec<Placed> {
        let placed = |&item: &usize| Placed { item, ends: self.ends(item) };
        self.layers[layer].iter().map(placed).collect()
    }

    fn set_row(&mut self, layer: usize, row: Vec<Placed>) {
        self.layers[layer] = row.into_iter().map(|placed| placed.item).collect();
        self.number(layer);
    }

    /// Whether two items may change their order.
    fn may_pass(&self, one: &Placed, other: &Placed) -> bool {
        let band = |placed: &Placed| self.proper.items[placed.item].band;
        band(one) == band(other) && !self.both_held(one.item, other.item)
    }

    /// Where the links of an item end in the layer before and in the layer after, sorted.
    fn ends(&self, item: usize) -> [Vec<i64>; 2] {
        let mut before: Vec<i64> =
            self.near.before[item].iter().map(|&link| self.source_at(link)).collect();
        let mut after: Vec<i64> =
            self.near.after[item].iter().map(|&link| self.target_at(link)).collect();
        before.sort_unstable();
        after.sort_unstable();
        [before, after]
    }
}

/// How many pairs have their left one behind their right one; both lists are sorted.
fn inversions(left: &[i64], right: &[i64]) -> i64 {
    let mut count = 0;
    let mut smaller = 0;
    for &end in left {
        while right.get(smaller).is_some_and(|&other| other < end) {
            smaller += 1;
        }
        count += super::long(smaller);
    }
    count
}
