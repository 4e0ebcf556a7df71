//! The order of items within each layer: few crossings.
//!
//! Sweeps up and down the layers put each item at the mean place of its neighbours (barycenter);
//! items then move where that helps. Graphs that are not large are tried from several first orders,
//! and from some more that the best one gives when a part of its items is put elsewhere.
//! The best order met is kept. All loops are bounded, all ties go to the order before, or by turns
//! to its reverse.

use super::crossings::Fenwick;
use super::proper::{Link, Proper};

mod moves;

/// Sweeps without gain after which sweeping ends.
const PATIENCE: u8 = 5;
/// The same in large graphs.
const PATIENCE_LARGE: u8 = 3;
/// Up to this many links items move after each sweep, and more than one first order is tried.
pub(crate) const THOROUGH: usize = 400;
/// Orders that are tried beyond those of [`STARTS`].
const SHAKES: u64 = 16;
/// Of these, how many may fail to find a better order one after the other.
const SHAKES_IDLE: u64 = 6;
/// Steps beyond which no further order is tried.
const EFFORT: u64 = 250_000;
/// Rounds in which items of the best order move.
const SETTLING: usize = 4;
/// The same in large graphs.
const SETTLING_LARGE: usize = 2;
/// Fine steps between two places in a layer: ports of one item.
const FINE: i64 = 1 << 12;

/// Items by layer, in order.
pub(crate) type Layers = Vec<Vec<usize>>;

/// Links by item, as indices.
pub(crate) struct Neighbours {
    /// Links that come from the layer before.
    pub(crate) before: Vec<Vec<usize>>,
    /// Links that go to the layer after.
    pub(crate) after: Vec<Vec<usize>>,
}

impl Neighbours {
    pub(crate) fn of(proper: &Proper) -> Self {
        let mut before = vec![Vec::new(); proper.items.len()];
        let mut after = vec![Vec::new(); proper.items.len()];
        for (ix, link) in proper.links.iter().enumerate() {
            after[link.from].push(ix);
            before[link.to].push(ix);
        }
        Self { before, after }
    }
}

/// What moves after a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// Neighbours change places.
    Neighbours,
    /// Items pass any number of others.
    Any,
}

/// The first orders that are tried, by whether the walk goes backward, and what moves then.
const STARTS: [(bool, Moves); 4] = [
    (false, Moves::Neighbours),
    (true, Moves::Neighbours),
    (false, Moves::Any),
    (true, Moves::Any),
];

/// Orders the layers of a component.
pub(crate) struct Ordering<'p> {
    proper: &'p Proper,
    near: &'p Neighbours,
    layers: Layers,
    /// Place of each item in its layer.
    place: Vec<usize>,
    /// By link, how far into its item the source end lies, in fine steps.
    source_step: Vec<i64>,
    /// Places to keep the order of; empty in a fresh layout.
    before: &'p [Option<i32>],
    /// Counts what was done, for the tests of its bound.
    pub(crate) steps: u64,
}

impl<'p> Ordering<'p> {
    /// A first order: as a walk meets the items, or by the places that some had before. Those keep
    /// their order among each other; the others go where their neighbours are.
    pub(crate) fn new(proper: &'p Proper, near: &'p Neighbours, before: &'p [Option<i32>]) -> Self {
        let mut ordering = Self {
            proper,
            near,
            layers: vec![Vec::new(); proper.layers],
            place: vec![0; proper.items.len()],
            source_step: proper.links.iter().map(|link| source_step(proper, link)).collect(),
            before,
            steps: 0,
        };
        ordering.start(false);
        if ordering.is_held() {
            ordering.recall();
        }
        ordering
    }

    /// The order in which a walk meets the items: along the calls, or against them.
    fn start(&mut self, backward: bool) {
        let proper = self.proper;
        self.layers = vec![Vec::new(); proper.layers];
        for item in discovered(proper, self.near, backward) {
            self.layers[proper.items[item].layer].push(item);
        }
        for layer in 0..proper.layers {
            self.layers[layer].sort_by_key(|&item| proper.items[item].band);
            self.number(layer);
        }
    }

    fn is_large(&self) -> bool {
        self.proper.links.len() > THOROUGH
    }

    fn is_held(&self) -> bool {
        self.before.iter().any(Option::is_some)
    }

    /// Whether two items had places before, so that their order stays.
    fn both_held(&self, a: usize, b: usize) -> bool {
        let held = |item: usize| self.before.get(item).copied().flatten().is_some();
        held(a) && held(b)
    }

    /// The order of the places before; a new item takes the mean place of its neighbours.
    fn recall(&mut self) {
        let mut wish: Vec<Option<i32>> =
            (0..self.proper.items.len()).map(|ix| self.before.get(ix).copied().flatten()).collect();
        for layer in 0..self.layers.len() {
            for &item in &self.layers[layer] {
                let before = self.near.before[item].iter().map(|&ix| self.proper.links[ix].from);
                let after = self.near.after[item].iter().map(|&ix| self.proper.links[ix].to);
                let known: Vec<i64> =
                    before.chain(after).filter_map(|ix| wish[ix]).map(i64::from).collect();
                if wish[item].is_none() {
                    let mean = known.iter().sum::<i64>().checked_div(long(known.len()));
                    wish[item] = mean.and_then(|mean| i32::try_from(mean).ok());
                }
            }
            self.layers[layer].sort_by_key(|&item| {
                (self.proper.items[item].band, wish[item].unwrap_or(i32::MAX))
            });
            self.number(layer);
        }
    }

    /// The best order found, and its crossings.
    pub(crate) fn run(mut self, sweeps: u8) -> (Layers, u64, u64) {
        let mut best = (self.crossings(), self.layers.clone());
        if !self.is_held() && self.is_large() {
            self.improve(sweeps, None, &mut best);
        } else if !self.is_held() {
            for (backward, moves) in STARTS {
                self.start(backward);
                self.improve(sweeps, Some(moves), &mut best);
            }
            self.settle(&mut best);
            self.try_others(sweeps, &mut best);
        }
        self.settle(&mut best);
        (best.1, best.0, self.steps)
    }

    /// Starts again and again from the best order, a part of its items put elsewhere.
    fn try_others(&mut self, sweeps: u8, best: &mut (u64, Layers)) {
        let mut idle = 0;
        for shake in 0..SHAKES {
            if best.0 == 0 || idle >= SHAKES_IDLE || self.steps > EFFORT {
                break;
            }
            let least = best.0;
            self.layers.clone_from(&best.1);
            self.shake(shake);
            let moves = if shake % 2 == 0 { Moves::Neighbours } else { Moves::Any };
            self.improve(sweeps, Some(moves), best);
            if best.0 < least {
                self.settle(best);
                idle = 0;
            } else {
                idle += 1;
            }
        }
    }

    /// Lets the items of the best order move where that helps.
    fn settle(&mut self, best: &mut (u64, Layers)) {
        self.layers.clone_from(&best.1);
        for layer in 0..self.layers.len() {
            self.number(layer);
        }
        if best.0 > 0 {
            self.exchange();
            self.sift(if self.is_large() { SETTLING_LARGE } else { SETTLING });
            *best = (self.crossings(), self.layers.clone());
        }
    }

    /// Sweeps from the order there is, and keeps what is better than the best.
    fn improve(&mut self, sweeps: u8, moves: Option<Moves>, best: &mut (u64, Layers)) {
        let (mut least, mut idle) = (u64::MAX, 0);
        let patience = if self.is_large() { PATIENCE_LARGE } else { PATIENCE };
        for sweep in 0..sweeps {
            if best.0 == 0 || idle >= patience {
                break;
            }
            self.sweep(sweep % 2 == 0, sweep / 2 % 2 == 1);
            match moves {
                None => {}
                Some(Moves::Neighbours) => self.exchange(),
                Some(Moves::Any) => self.sift(1),
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                *best = (crossings, self.layers.clone());
            }
            idle = if crossings < least { 0 } else { idle + 1 };
            least = least.min(crossings);
        }
    }

    fn number(&mut self, layer: usize) {
        for (place, &item) in self.layers[layer].iter().enumerate() {
            self.place[item] = place;
        }
    }

    /// Where the source end of a link lies in its layer, in fine steps.
    fn source_at(&self, link: usize) -> i64 {
        long(self.place[self.proper.links[link].from]) * FINE + self.source_step[link]
    }

    /// Where the target end of a link lies, to the cell of the item.
    fn target_at(&self, link: usize) -> i64 {
        long(self.place[self.proper.links[link].to]) * FINE
    }

    /// Orders one layer after the other by the layer before it (or after it). Of items with the
    /// same mean place the first stays first, or the last comes first.
    fn sweep(&mut self, down: bool, last_first: bool) {
        let count = self.layers.len();
        let mut keyed: Vec<(usize, i64, usize, usize)> = Vec::new();
        for step in 1..count {
            let layer = if down { step } else { count - 1 - step };
            keyed.clear();
            keyed.extend(self.layers[layer].iter().map(|&item| {
                let links = if down { &self.near.before[item] } else { &self.near.after[item] };
                let end = |&link: &usize| {
                    if down { self.source_at(link) } else { self.target_at(link) }
                };
                let place = self.place[item];
                let sum: i64 = links.iter().map(end).sum();
                let mean = sum.checked_div(long(links.len())).unwrap_or_else(|| long(place) * FINE);
                let tie = if last_first { usize::MAX - place } else { place };
                (self.proper.items[item].band, mean, tie, item)
            }));
            self.steps += keyed.len() as u64;
            keyed.sort_unstable();
            self.layers[layer].clear();
            self.layers[layer].extend(keyed.iter().map(|&(.., item)| item));
            self.number(layer);
        }
    }

    /// Crossings between all neighbouring layers.
    fn crossings(&mut self) -> u64 {
        (0..self.layers.len()).map(|layer| self.crossings_after(layer)).sum()
    }

    /// Crossings between a layer and the next.
    fn crossings_after(&mut self, layer: usize) -> u64 {
        let mut ends: Vec<(i64, i64)> = self.layers[layer]
            .iter()
            .flat_map(|&item| &self.near.after[item])
            .map(|&link| (self.source_at(link), self.target_at(link)))
            .collect();
        self.steps += ends.len() as u64;
        ends.sort_unstable();
        let width = self.layers.get(layer + 1).map_or(0, Vec::len);
        let mut tree = Fenwick::new(width);
        let mut crossings = 0;
        for (seen, (_, target)) in (0_u64..).zip(ends) {
            let at = (target / FINE) as usize;
            crossings += seen - tree.up_to(at);
            tree.add(at, 1);
        }
        crossings
    }
}

fn source_step(proper: &Proper, link: &Link) -> i64 {
    let out = proper.items[link.from].outs.get(link.out).copied().unwrap_or(0);
    i64::from(out).clamp(0, FINE - 1)
}

fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / FINE)
}

/// The items as a walk in depth meets them: from the sources, or backward from the sinks.
fn discovered(proper: &Proper, near: &Neighbours, backward: bool) -> Vec<usize> {
    let (behind, ahead) =
        if backward { (&near.after, &near.before) } else { (&near.before, &near.after) };
    let mut met = vec![false; proper.items.len()];
    let mut order = Vec::with_capacity(proper.items.len());
    let mut starts: Vec<usize> = (0..proper.items.len()).collect();
    starts.sort_by_key(|&item| {
        let layer = proper.items[item].layer;
        let distance = if backward { proper.layers - layer } else { layer };
        (!behind[item].is_empty(), distance, item)
    });
    for start in starts {
        let mut stack = vec![start];
        while let Some(item) = stack.pop() {
            if std::mem::replace(&mut met[item], true) {
                continue;
            }
            order.push(item);
            stack.extend(ahead[item].iter().rev().map(|&link| {
                let link = &proper.links[link];
                if backward { link.from } else { link.to }
            }));
        }
    }
    order
}
