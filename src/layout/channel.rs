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

    /// Whether two nets are too near for one track.
    fn meets(&self, other: &Self) -> bool {
        self.low() <= other.high() + 1 && other.low() <= self.high() + 1
    }

    /// Crossings when this net stands left of another.
    fn crossings_left_of(&self, other: &Self) -> i64 {
        within(&other.lefts, self.low(), self.high())
            + within(&self.rights, other.low(), other.high())
    }
}

/// How many rows lie in an extent.
fn within(rows: &[i32], low: i32, high: i32) -> i64 {
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
        let exact = count <= EXACT;
        let mut score = if exact { self.scores() } else { self.thumb() };
        let mut left: Vec<usize> = (0..count).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(at) = (0..left.len())
            .filter(|&at| waits[left[at]] == 0)
            .min_by_key(|&at| (score[left[at]], left[at]))
        {
            let net = left.swap_remove(at);
            order.push(net);
            for &other in &rules[net] {
                waits[other] -= 1;
            }
            if exact {
                for &other in &left {
                    score[other] -= self.preference(other, net);
                }
            }
        }
        order
    }

    /// Crossings that standing left of another costs, less what the other way round costs.
    fn preference(&self, ix: usize, other: usize) -> i64 {
        let (net, other) = (&self.nets[ix], &self.nets[other]);
        if net.meets(other) {
            net.crossings_left_of(other) - other.crossings_left_of(net)
        } else {
            0
        }
    }

    fn scores(&self) -> Vec<i64> {
        (0..self.nets.len())
            .map(|ix| {
                (0..self.nets.len())
                    .filter(|&other| other != ix)
                    .map(|other| self.preference(ix, other))
                    .sum()
            })
            .collect()
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
        for (at, &ix) in order.iter().enumerate() {
            let track = order[..at]
                .iter()
                .filter(|&&earlier| self.nets[earlier].meets(&self.nets[ix]))
                .map(|&earlier| self.nets[earlier].track + 1)
                .max()
                .unwrap_or(0);
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
