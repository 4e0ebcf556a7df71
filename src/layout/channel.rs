//! The channel between two layers: which vertical track each net takes.
//!
//! A *net* is one stretch of line across the direction of the ranks, with the rows that join it
//! from the left (sources) and from the right (targets). What leaves one port upwards and what
//! leaves it downwards are two nets when something also goes straight on; so no joint has four
//! arms, and every four-armed cell is a crossing.
//!
//! Two rules keep lines apart: nets whose extents overlap have different tracks, and a net whose
//! source lies on the row of another's target stands left of it. Where such rules go round in a
//! ring, a net is bent over two tracks and a free row (a dogleg).

use std::collections::{BTreeMap, BTreeSet};

use super::proper::{Proper, Tree};
use super::tracks::Tracks;

/// Up to this many nets the order is chosen by crossings; beyond, by a rule of thumb.
const EXACT: usize = 300;

/// A line across the ranks.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    /// Rows that join from the left, sorted.
    pub(crate) lefts: Vec<i32>,
    /// Rows that leave to the right, sorted.
    pub(crate) rights: Vec<i32>,
    /// Links that run over it.
    pub(crate) links: Vec<usize>,
    pub(crate) track: i32,
    /// Whether it is a fan-in.
    pub(crate) gathers: bool,
    /// The second half of a net that was bent, as an index.
    pub(crate) then: Option<usize>,
    /// The first half of a net that was bent, as an index.
    pub(crate) first_half: Option<usize>,
}

impl Net {
    pub(crate) fn low(&self) -> i32 {
        self.lefts
            .first()
            .copied()
            .into_iter()
            .chain(self.rights.first().copied())
            .min()
            .unwrap_or(0)
    }

    pub(crate) fn high(&self) -> i32 {
        self.lefts.last().copied().into_iter().chain(self.rights.last().copied()).max().unwrap_or(0)
    }

    /// Crossings when this net stands left of another.
    fn crossings_left_of(&self, other: &Self, extents: (Extent, Extent)) -> i64 {
        within(&other.lefts, extents.0) + within(&self.rights, extents.1)
    }
}

/// The first and the last row of a net.
type Extent = (i32, i32);

/// Whether two nets are too near for one track.
fn meet(one: Extent, other: Extent) -> bool {
    one.0 <= other.1 + 1 && other.0 <= one.1 + 1
}

/// How many rows lie in an extent.
fn within(rows: &[i32], (low, high): Extent) -> i64 {
    let from = rows.partition_point(|&row| row < low);
    let until = rows.partition_point(|&row| row <= high);
    i64::try_from(until.saturating_sub(from)).unwrap_or(i64::MAX)
}

/// A routed channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(crate) nets: Vec<Net>,
    pub(crate) tracks: i32,
    pub(crate) doglegs: u32,
}

/// Rows of the two ends of a link.
pub(crate) fn ends(proper: &Proper, place: &[i32], link: usize) -> (i32, i32) {
    let link = &proper.links[link];
    let out = proper.items[link.from].outs.get(link.out).copied().unwrap_or(0);
    let inp = proper.items[link.to].ins.get(link.inp).copied().unwrap_or(0);
    (place[link.from] + out, place[link.to] + inp)
}

/// Routes the links between two layers. Rows in `taken` are not used for doglegs.
pub(crate) fn route(
    proper: &Proper,
    place: &[i32],
    links: &[usize],
    taken: &BTreeSet<i32>,
) -> Channel {
    let mut channel = Channel { nets: nets(proper, place, links), ..Channel::default() };
    let mut used: BTreeSet<i32> = taken.clone();
    for &link in links {
        let (source, target) = ends(proper, place, link);
        used.extend([source, target]);
    }
    let rules = channel.untangle(&mut used);
    let order = channel.ordered(&rules);
    channel.assign(&order);
    channel
}

/// The nets of the links: by source port for fan-outs, by target port for fan-ins.
fn nets(proper: &Proper, place: &[i32], links: &[usize]) -> Vec<Net> {
    let mut groups: BTreeMap<(bool, i32, usize, usize), Vec<usize>> = BTreeMap::new();
    for &ix in links {
        let link = &proper.links[ix];
        let (source, target) = ends(proper, place, ix);
        let gathers = matches!(link.tree, Tree::Hub { .. });
        let key = if gathers {
            (true, target, link.to, link.inp)
        } else {
            (false, source, link.from, link.out)
        };
        groups.entry(key).or_default().push(ix);
    }
    let mut nets = Vec::new();
    for ((gathers, pivot, ..), members) in groups {
        let far = |ix: usize| {
            let (source, target) = ends(proper, place, ix);
            if gathers { source } else { target }
        };
        let straight = members.iter().any(|&ix| far(ix) == pivot);
        let (above, below): (Vec<usize>, Vec<usize>) =
            members.into_iter().filter(|&ix| far(ix) != pivot).partition(|&ix| far(ix) < pivot);
        let parts = if straight { vec![above, below] } else { vec![[above, below].concat()] };
        for links in parts.into_iter().filter(|links| !links.is_empty()) {
            let mut rows: Vec<i32> = links.iter().map(|&ix| far(ix)).collect();
            rows.sort_unstable();
            let (lefts, rights) = if gathers { (rows, vec![pivot]) } else { (vec![pivot], rows) };
            nets.push(Net {
                lefts,
                rights,
                links,
                track: 0,
                gathers,
                then: None,
                first_half: None,
            });
        }
    }
    nets
}

/// For each net, the nets that must stand right of it.
type Rules = Vec<Vec<usize>>;

impl Channel {
    /// The rules by which nets stand left of others.
    fn rules(&self) -> Rules {
        let mut by_right: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (ix, net) in self.nets.iter().enumerate().filter(|(_, net)| net.then.is_none()) {
            for &row in &net.rights {
                by_right.entry(row).or_default().push(ix);
            }
        }
        let mut rules = vec![Vec::new(); self.nets.len()];
        for (ix, net) in self.nets.iter().enumerate() {
            rules[ix].extend(net.then);
            if net.first_half.is_some() {
                continue;
            }
            for row in &net.lefts {
                let others = by_right.get(row).into_iter().flatten().copied();
                rules[ix].extend(others.filter(|&other| other != ix));
            }
        }
        rules
    }

    /// Bends nets until no rules go round in a ring; each pass bends one net of every ring.
    fn untangle(&mut self, used: &mut BTreeSet<i32>) -> Rules {
        loop {
            let rules = self.rules();
            let bent = self.rings(&rules);
            if bent.is_empty() {
                return rules;
            }
            for net in bent {
                self.bend(net, used);
            }
        }
    }

    /// One net of each ring of rules: the shortest that is whole.
    fn rings(&self, rules: &Rules) -> Vec<usize> {
        let mut graph = petgraph::graph::DiGraph::<(), ()>::new();
        let nodes: Vec<_> = self.nets.iter().map(|_| graph.add_node(())).collect();
        for (ix, after) in rules.iter().enumerate() {
            for &other in after {
                graph.add_edge(nodes[ix], nodes[other], ());
            }
        }
        petgraph::algo::tarjan_scc(&graph)
            .into_iter()
            .filter(|ring| ring.len() > 1)
            .filter_map(|ring| {
                ring.into_iter()
                    .map(petgraph::graph::NodeIndex::index)
                    .filter(|&ix| {
                        self.nets[ix].then.is_none() && self.nets[ix].first_half.is_none()
                    })
                    .min_by_key(|&ix| (self.nets[ix].high() - self.nets[ix].low(), ix))
            })
            .collect()
    }

    /// Splits a net in two at a free row near its pivot.
    fn bend(&mut self, ix: usize, used: &mut BTreeSet<i32>) {
        let next = self.nets.len();
        let Some(net) = self.nets.get_mut(ix) else { return };
        let pivot = if net.gathers { net.rights.first() } else { net.lefts.first() };
        let free = nearest_free(pivot.copied().unwrap_or(0), used);
        used.insert(free);
        let second = Net {
            lefts: vec![free],
            rights: std::mem::replace(&mut net.rights, vec![free]),
            links: net.links.clone(),
            track: 0,
            gathers: net.gathers,
            then: None,
            first_half: Some(ix),
        };
        net.then = Some(next);
        self.nets.push(second);
        self.doglegs += 1;
    }

    /// The nets from left to right, by the rules and then by crossings.
    fn ordered(&self, rules: &Rules) -> Vec<usize> {
        let count = self.nets.len();
        let mut waits = vec![0_usize; count];
        for &other in rules.iter().flatten() {
            waits[other] += 1;
        }
        let (mut score, preferences) = if count <= EXACT {
            (vec![0; count], self.preferences())
        } else {
            (self.thumb(), Vec::new())
        };
        for &(net, other, preference) in &preferences {
            score[net] += preference;
            score[other] -= preference;
        }
        let mut changes = vec![Vec::new(); count];
        for (net, other, preference) in preferences {
            changes[net].push((other, -preference));
            changes[other].push((net, preference));
        }
        let mut ready: BTreeSet<(i64, usize)> =
            (0..count).filter(|&net| waits[net] == 0).map(|net| (score[net], net)).collect();
        let mut order = Vec::with_capacity(count);
        while let Some((_, net)) = ready.pop_first() {
            order.push(net);
            for &other in &rules[net] {
                waits[other] -= 1;
                if waits[other] == 0 {
                    ready.insert((score[other], other));
                }
            }
            // What is placed does not count any more.
            for &(other, preference) in &changes[net] {
                let waiting = ready.remove(&(score[other], other));
                score[other] -= preference;
                if waiting {
                    ready.insert((score[other], other));
                }
            }
        }
        order
    }

    /// For each two nets that meet: the crossings that the first one's standing left costs, less
    /// what the other way round costs.
    fn preferences(&self) -> Vec<(usize, usize, i64)> {
        let extents: Vec<Extent> = self.nets.iter().map(|net| (net.low(), net.high())).collect();
        let mut preferences = Vec::new();
        for (ix, net) in self.nets.iter().enumerate() {
            for (other_ix, other) in self.nets.iter().enumerate().skip(ix + 1) {
                let (own, their) = (extents[ix], extents[other_ix]);
                if meet(own, their) {
                    let left = net.crossings_left_of(other, (own, their));
                    let right = other.crossings_left_of(net, (their, own));
                    preferences.push((ix, other_ix, left - right));
                }
            }
        }
        preferences.retain(|preference| preference.2 != 0);
        preferences
    }

    /// For very many nets: those that go up from the top down, those that go down from below.
    fn thumb(&self) -> Vec<i64> {
        let score = |net: &Net| {
            let (left, right) = (net.lefts.first(), net.rights.first());
            let (left, right) = (left.copied().unwrap_or(0), right.copied().unwrap_or(0));
            i64::from(if right < left { left } else { -left })
        };
        self.nets.iter().map(score).collect()
    }

    /// Gives each net the first track right of all it meets that come before it.
    fn assign(&mut self, order: &[usize]) {
        let low = self.nets.iter().map(Net::low).min().unwrap_or(0);
        let high = self.nets.iter().map(Net::high).max().unwrap_or(0);
        let mut tracks = Tracks::new(low - 1, high + 1);
        for &ix in order {
            let (low, high) = (self.nets[ix].low(), self.nets[ix].high());
            let track = tracks.most(low - 1, high + 1);
            tracks.raise(low, high, track + 1);
            self.nets[ix].track = track;
            self.tracks = self.tracks.max(track + 1);
        }
    }
}

/// The free row nearest to another; of two as near, the lower.
fn nearest_free(row: i32, used: &BTreeSet<i32>) -> i32 {
    let most = i32::try_from(used.len()).unwrap_or(i32::MAX / 4) + 1;
    (1..=most)
        .flat_map(|away| [row + away, row - away])
        .find(|row| !used.contains(row))
        .unwrap_or(row + most)
}
