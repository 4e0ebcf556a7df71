//! Places on the cross axis: for each item a row (or column) such that links run straight.
//!
//! One layer after the other, its neighbours given, gets the places with the least total bending:
//! weighted medians under the constraint that items keep their order and distance, which is an
//! isotonic regression and solved exactly by pooling neighbours. Everything is an integer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::order::{Layers, Neighbours};
use super::proper::{Link, Proper};
use super::scene::Orientation;

/// Cells on the cross axis before the first item of a band: its name.
pub(crate) const BAND_HEAD: i32 = 1;
/// Sweeps over the layers, down and up in turn.
const ROUNDS: usize = 8;
/// Weight of the old place of an item that was there before.
const HOLD: i64 = 64;

/// What the regression knows.
pub(crate) struct Placing<'a> {
    pub(crate) proper: &'a Proper,
    pub(crate) near: &'a Neighbours,
    pub(crate) layers: &'a Layers,
    pub(crate) orientation: Orientation,
    pub(crate) boxed: bool,
    /// Places to keep near to, by item.
    pub(crate) before: &'a [Option<i32>],
}

/// The place of each item, the least being 0.
pub(crate) fn places(placing: &Placing<'_>) -> Vec<i32> {
    let pulls: Vec<Pull> = placing.proper.links.iter().map(|link| placing.pull(link)).collect();
    let mut place = vec![0; placing.proper.items.len()];
    for layer in placing.layers {
        let mut at = 0;
        let mut last = None;
        for &item in layer {
            at += last.map_or(0, |last| placing.distance(last, item));
            place[item] = at;
            last = Some(item);
        }
    }
    let count = placing.layers.len();
    for round in 0..ROUNDS {
        let settle = round + 2 >= ROUNDS;
        for step in 0..count {
            let down = round % 2 == 0;
            let layer = if down { step } else { count - 1 - step };
            let sides = if settle { (true, true) } else { (down, !down) };
            placing.fit(layer, sides, &pulls, &mut place);
        }
    }
    let least = place.iter().copied().min().unwrap_or(0);
    if placing.before.iter().all(Option::is_none) {
        for place in &mut place {
            *place -= least;
        }
    }
    place
}

/// How a link pulls its ends at each other.
struct Pull {
    /// From where its target begins to where its source would begin on a straight line.
    shift: i32,
    weight: i64,
}

impl Placing<'_> {
    fn pull(&self, link: &Link) -> Pull {
        let (source, target) = (&self.proper.items[link.from], &self.proper.items[link.to]);
        let out = source.outs.get(link.out).copied().unwrap_or(0);
        let inward = target.ins.get(link.inp).copied().unwrap_or(0);
        let passages = usize::from(source.node.is_none()) + usize::from(target.node.is_none());
        Pull { shift: inward - out, weight: [1, 2, 8][passages] }
    }

    /// From the beginning of one item to that of the next.
    fn distance(&self, first: usize, second: usize) -> i32 {
        let (a, b) = (&self.proper.items[first], &self.proper.items[second]);
        let between = match (a.node.is_some() && b.node.is_some(), self.orientation) {
            (true, Orientation::LeftRight) => i32::from(self.boxed),
            (true, Orientation::TopDown) => 2,
            (false, Orientation::LeftRight) => 0,
            (false, Orientation::TopDown) => 1,
        };
        let bands = if a.band == b.band { 0 } else { 2 };
        a.breadth + between + bands
    }

    /// Places one layer by its neighbours in the layers before and after.
    fn fit(&self, layer: usize, sides: (bool, bool), pulls: &[Pull], place: &mut [i32]) {
        let items = &self.layers[layer];
        let mut blocks: Vec<Block> = Vec::with_capacity(items.len());
        let mut offset = 0;
        let mut offsets = Vec::with_capacity(items.len());
        for (at, &item) in items.iter().enumerate() {
            if at > 0 {
                offset += self.distance(items[at - 1], item);
            }
            offsets.push(offset);
            let mut block = Block::new(self.wishes(item, sides, pulls, place, offset));
            while let Some(last) = blocks.last() {
                if last.value <= block.value {
                    break;
                }
                let Some(last) = blocks.pop() else { break };
                block = last.merged(block);
            }
            blocks.push(block);
        }
        let values = blocks.iter().flat_map(|block| std::iter::repeat_n(block.value, block.count));
        for ((&item, offset), value) in items.iter().zip(offsets).zip(values) {
            place[item] = value + offset;
        }
    }

    /// Where an item would like to begin, less `offset`, with weights.
    fn wishes(
        &self,
        item: usize,
        (before, after): (bool, bool),
        pulls: &[Pull],
        place: &[i32],
        offset: i32,
    ) -> Vec<(i32, i64)> {
        let links = &self.proper.links;
        let sources = self.near.before[item].iter().filter(|_| before);
        let targets = self.near.after[item].iter().filter(|_| after);
        let mut wishes: Vec<(i32, i64)> = sources
            .map(|&link| (place[links[link].from] - pulls[link].shift, pulls[link].weight))
            .chain(
                targets
                    .map(|&link| (place[links[link].to] + pulls[link].shift, pulls[link].weight)),
            )
            .map(|(wish, weight)| (wish - offset, weight))
            .collect();
        if let Some(Some(old)) = self.before.get(item) {
            wishes.push((old - offset, HOLD));
        }
        if wishes.is_empty() {
            wishes.push((place[item] - offset, 1));
        }
        wishes
    }
}

/// Neighbours that stand shoulder to shoulder, and the lower weighted median of their wishes: the
/// greatest of the lower half.
struct Block {
    lower: BinaryHeap<(i32, i64)>,
    upper: BinaryHeap<Reverse<(i32, i64)>>,
    /// Of the lower half.
    lower_weight: i64,
    weight: i64,
    value: i32,
    count: usize,
}

impl Block {
    fn new(wishes: Vec<(i32, i64)>) -> Self {
        let weight = wishes.iter().map(|wish| wish.1).sum();
        let lower = BinaryHeap::from(wishes);
        let upper = BinaryHeap::new();
        let mut block = Self { lower, upper, lower_weight: weight, weight, value: 0, count: 1 };
        block.settle();
        block
    }

    /// The block of two; the smaller one's wishes go into the larger.
    fn merged(self, other: Self) -> Self {
        let size = |block: &Self| block.lower.len() + block.upper.len();
        let (mut large, small) =
            if size(&self) >= size(&other) { (self, other) } else { (other, self) };
        let upper = small.upper.into_iter().map(|Reverse(wish)| wish);
        for wish in small.lower.into_iter().chain(upper) {
            if wish.0 <= large.value {
                large.lower_weight += wish.1;
                large.lower.push(wish);
            } else {
                large.upper.push(Reverse(wish));
            }
        }
        large.weight += small.weight;
        large.count += small.count;
        large.settle();
        large
    }

    /// Moves wishes from one half to the other until the lower one just holds half of the weight.
    fn settle(&mut self) {
        while 2 * self.lower_weight < self.weight
            && let Some(Reverse(wish)) = self.upper.pop()
        {
            self.lower_weight += wish.1;
            self.lower.push(wish);
        }
        while let Some(&wish) = self.lower.peek()
            && 2 * (self.lower_weight - wish.1) >= self.weight
        {
            self.lower.pop();
            self.lower_weight -= wish.1;
            self.upper.push(Reverse(wish));
        }
        self.value = self.lower.peek().map_or(self.value, |wish| wish.0);
    }
}

/// Moves the items of each band as one, so that bands lie one after the other, each below a row
/// for its name; tells each band's extent, from that row on. The order within layers goes by bands already.
pub(crate) fn into_bands(
    proper: &Proper,
    bands: usize,
    place: &mut [i32],
) -> Vec<(usize, i32, i32)> {
    let mut extent: Vec<Option<(i32, i32)>> = vec![None; bands];
    for (item, &at) in proper.items.iter().zip(place.iter()) {
        let end = at + item.breadth;
        let known = extent[item.band].get_or_insert((at, end));
        *known = (known.0.min(at), known.1.max(end));
    }
    let mut cursor = 0;
    let mut shift = vec![0; bands];
    let mut bounds = Vec::new();
    for (band, extent) in extent.into_iter().enumerate() {
        let Some((low, high)) = extent else { continue };
        bounds.push((band, cursor, cursor + BAND_HEAD + high - low));
        shift[band] = cursor + BAND_HEAD - low;
        cursor += BAND_HEAD + high - low + 1;
    }
    for (item, at) in proper.items.iter().zip(place.iter_mut()) {
        *at += shift[item.band];
    }
    bounds
}
