//! How many tracks of a channel are taken, row by row: the most over a stretch of rows, and raising
//! a stretch, each in logarithmic time.

/// A tree over rows. A node's `most` is the most of its rows, its `all` what each of them has.
pub(crate) struct Tracks {
    first: i32,
    leaves: usize,
    most: Vec<i32>,
    all: Vec<i32>,
}

impl Tracks {
    /// No track is taken between two rows.
    pub(crate) fn new(first: i32, last: i32) -> Self {
        let leaves = usize::try_from(last - first + 1).unwrap_or(1);
        Self { first, leaves, most: vec![0; 2 * leaves], all: vec![0; 2 * leaves] }
    }

    fn leaf(&self, row: i32) -> usize {
        self.leaves + usize::try_from(row - self.first).unwrap_or(0).min(self.leaves - 1)
    }

    /// The most tracks that a row of a stretch has.
    pub(crate) fn most(&self, low: i32, high: i32) -> i32 {
        let ends = (self.leaf(low), self.leaf(high));
        let within = covering(ends).map(|node| self.most[node]);
        let above = [ends.0, ends.1].into_iter().flat_map(above).map(|node| self.all[node]);
        within.chain(above).max().unwrap_or(0)
    }

    /// Raises the rows of a stretch to at least so many tracks.
    pub(crate) fn raise(&mut self, low: i32, high: i32, tracks: i32) {
        let ends = (self.leaf(low), self.leaf(high));
        for node in covering(ends) {
            self.most[node] = self.most[node].max(tracks);
            self.all[node] = self.all[node].max(tracks);
        }
        for node in [ends.0, ends.1].into_iter().flat_map(above) {
            self.most[node] = self.most[node].max(tracks);
        }
    }
}

/// The fewest nodes whose leaves are those from one to another.
fn covering((first, last): (usize, usize)) -> impl Iterator<Item = usize> {
    let (mut from, mut until) = (first, last + 1);
    std::iter::from_fn(move || {
        if from >= until {
            return None;
        }
        let mut nodes = [None, None];
        if from % 2 == 1 {
            nodes[0] = Some(from);
            from += 1;
        }
        if until % 2 == 1 {
            until -= 1;
            nodes[1] = Some(until);
        }
        from /= 2;
        until /= 2;
        Some(nodes)
    })
    .flat_map(|nodes| nodes.into_iter().flatten())
}

/// The nodes above a leaf.
fn above(leaf: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(leaf / 2), |node| Some(node / 2)).take_while(|node| *node > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_list_does(
            first in -20_i32..20,
            stretches in prop::collection::vec((0_i32..37, 0_i32..37, 0_i32..9), 0..40),
        ) {
            let mut tracks = Tracks::new(first, first + 36);
            let mut plain = [0; 37];
            for (a, b, to) in stretches {
                let (low, high) = (a.min(b), a.max(b));
                let rows = &mut plain[low as usize..=high as usize];
                let most = rows.iter().copied().max();
                prop_assert_eq!(Some(tracks.most(first + low, first + high)), most);
                rows.iter_mut().for_each(|row| *row = to.max(*row));
                tracks.raise(first + low, first + high, to);
            }
        }
    }
}
