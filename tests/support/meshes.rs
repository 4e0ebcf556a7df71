//! Meshes of any size from a seed, and the shapes that are hard on a layout.

use std::collections::BTreeSet;

use vigla::mesh::graph::{Graph, NodeFlag};

use crate::graphs::Builder;

/// Numbers that a seed decides: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap_or(0)
    }
}

/// How deep calls go.
const TIERS: usize = 7;

/// Calls among services in tiers, as pairs of numbers: each service has a caller one tier up, some
/// are called by very many, a few calls lead back up or to the caller itself.
pub(crate) fn calls(seed: u64, services: usize, calls: usize) -> Vec<(usize, usize)> {
    let mut dice = Dice::new(seed);
    let roots = (services / 40).max(1);
    let per_tier = (services - roots).div_ceil(TIERS).max(1);
    let tier = |service: usize| service.checked_sub(roots).map_or(0, |at| 1 + at / per_tier);
    let first = |tier: usize| {
        if tier == 0 { 0 } else { (roots + (tier - 1) * per_tier).min(services) }
    };
    let mut pairs = BTreeSet::new();
    for service in roots..services {
        let above = tier(service) - 1;
        let (from, until) = (first(above), first(above + 1));
        pairs.insert((from + dice.below(until - from), service));
    }
    let hubs = (services / 50).max(1);
    for _ in 0..20 * calls {
        if pairs.len() >= calls {
            break;
        }
        let from = dice.below(services);
        let below = first(tier(from) + 1);
        let to = match dice.below(100) {
            0 => from,
            1 | 2 => dice.below(services),
            3..=17 => services - 1 - dice.below(hubs),
            18..=29 if below < services => below + dice.below(services - below),
            _ if below < services => {
                below + dice.below(first(tier(from) + 2).max(below + 1) - below)
            }
            _ => continue,
        };
        pairs.insert((from, to));
    }
    pairs.into_iter().collect()
}

/// A graph of these calls.
pub(crate) fn graph(calls: impl IntoIterator<Item = (usize, usize)>) -> Graph {
    let mut graph = Builder::default();
    for (from, to) in calls {
        let rate = 0.2 + ((from * 7 + to * 3) % 50) as f64;
        graph.call(&format!("service-{from:04}"), &format!("service-{to:04}"), rate);
    }
    graph.build()
}

/// A mesh of services in tiers.
pub(crate) fn mesh(seed: u64, services: usize, count: usize) -> Graph {
    graph(calls(seed, services, count))
}

/// The same in namespaces of fifty services, most calls staying within their own.
pub(crate) fn namespaces(seed: u64, count: usize) -> Graph {
    let mut graph = Builder::default();
    let entry = "istio-system/istio-ingressgateway";
    graph.node(entry).flags = vec![NodeFlag::Root, NodeFlag::Gateway];
    for number in 0..count {
        let name = |service: usize| format!("mesh-{number:02}/svc-{service:02} v1");
        for (from, to) in calls(seed + number as u64, 50, 70) {
            graph.call(&name(from), &name(to), 0.5 + ((from + to) % 9) as f64);
        }
        if number % 3 == 0 {
            graph.call(entry, &name(0), 12.0 + number as f64);
        }
        if number > 0 {
            let caller = format!("mesh-{:02}/svc-{:02} v1", (number - 1) / 2, 10 + number % 7);
            graph.call(&caller, &name(0), 2.0);
        }
    }
    graph.build()
}

/// Many callers of one service.
pub(crate) fn star(callers: usize) -> Graph {
    graph((1..=callers).map(|caller| (caller, 0)))
}
