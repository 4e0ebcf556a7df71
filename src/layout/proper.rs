//! The graph in layers: items (nodes, and passages of long wires through a layer) and the links
//! between neighbouring layers.
//!
//! Wires share links where that cannot mislead: what leaves one row for several boxes is a tree
//! from that row (*fan-out*), and what many callers send to a hub is a tree into one port of the
//! hub (*fan-in*), each caller leaving through a port of its own. Where bundles would cost
//! crossings, calls into a hub come together only at its port. A link's row at its far end
//! belongs to it alone, or to its hub. So any joint in the drawing has one meaning.

use std::collections::BTreeMap;

use super::LayoutOptions;
use super::shape::{self, Ports, Shape};
use super::view::ViewGraph;

/// A node, or the passage of a long wire.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) layer: usize,
    /// Index of the view's node; none for a passage.
    pub(crate) node: Option<usize>,
    /// The tree that a passage belongs to.
    pub(crate) tree: Option<Tree>,
    pub(crate) breadth: i32,
    /// Places of out-ports: of rows first, then of further ones.
    pub(crate) outs: Vec<i32>,
    pub(crate) ins: Vec<i32>,
    pub(crate) band: usize,
}

/// Which wires share links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tree {
    /// What one row of a node calls.
    Row { node: usize, row: usize },
    /// Calls back into a node.
    Returns { node: usize },
    /// Calls into a hub: all of them, or where they are not bundled, those of one caller.
    Hub { node: usize, caller: Option<usize> },
}

/// A line between neighbouring layers.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) out: usize,
    pub(crate) to: usize,
    pub(crate) inp: usize,
    pub(crate) wires: Vec<u32>,
    pub(crate) back: bool,
    pub(crate) tree: Tree,
}

/// A line to be drawn, with its direction along the ranks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wired {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) row: usize,
    pub(crate) back: bool,
    /// Index of the wire in the scene.
    pub(crate) wire: u32,
}

/// Items and links of one component.
#[derive(Debug, Default)]
pub(crate) struct Proper {
    pub(crate) items: Vec<Item>,
    pub(crate) links: Vec<Link>,
    pub(crate) layers: usize,
    /// Item of each node of the component.
    pub(crate) item_of: BTreeMap<usize, usize>,
    pub(crate) shapes: BTreeMap<usize, Shape>,
}

/// What the builder needs to know.
pub(crate) struct Plan<'a> {
    pub(crate) view: &'a ViewGraph,
    pub(crate) options: &'a LayoutOptions,
    /// Nodes of the component, sorted.
    pub(crate) members: &'a [usize],
    pub(crate) rank: &'a [usize],
    pub(crate) wires: &'a [Wired],
    pub(crate) calls_itself: &'a [bool],
    /// Whether all long calls into a hub share their passages.
    pub(crate) bundled: bool,
}

/// The component in layers.
pub(crate) fn build(plan: &Plan<'_>) -> Proper {
    let hubs = hubs(plan);
    let mut builder = Builder {
        proper: Proper::default(),
        passages: BTreeMap::new(),
        carriers: BTreeMap::new(),
        returns: BTreeMap::new(),
        plan,
    };
    builder.nodes(&hubs);
    for wired in plan.wires {
        if hubs.get(&wired.high).is_some_and(|hub| *hub) && !wired.back {
            builder.node_to_hub(wired);
        } else {
            builder.row_to_node(wired);
        }
    }
    builder.proper
}

/// The nodes with more callers than they have ports for.
fn hubs(plan: &Plan<'_>) -> BTreeMap<usize, bool> {
    let mut callers: BTreeMap<usize, usize> = BTreeMap::new();
    for wired in plan.wires.iter().filter(|wired| !wired.back) {
        *callers.entry(wired.high).or_default() += 1;
    }
    let most = plan.options.most_ports;
    callers.into_iter().map(|(node, count)| (node, count > most)).collect()
}

struct Builder<'a> {
    proper: Proper,
    /// Passages by tree and layer.
    passages: BTreeMap<(Tree, usize), usize>,
    /// The one link into a passage of a fan-out, or out of a passage of a fan-in.
    carriers: BTreeMap<usize, usize>,
    /// The port of a node where calls back arrive.
    returns: BTreeMap<usize, (usize, usize)>,
    plan: &'a Plan<'a>,
}

impl Builder<'_> {
    /// The nodes' items, with room for the ports they will need.
    fn nodes(&mut self, hubs: &BTreeMap<usize, bool>) {
        let plan = self.plan;
        let mut ports: BTreeMap<usize, Ports> = BTreeMap::new();
        let mut has_returns: BTreeMap<usize, bool> = BTreeMap::new();
        for wired in plan.wires {
            let bundled = !wired.back && hubs.get(&wired.high) == Some(&true);
            ports.entry(wired.high).or_default().ins += usize::from(!bundled);
            ports.entry(wired.low).or_default().extras += usize::from(bundled);
            if wired.back && has_returns.insert(wired.low, true).is_none() {
                ports.entry(wired.low).or_default().extras += 1;
            }
        }
        for &node in plan.members {
            let mut ports = ports.get(&node).copied().unwrap_or_default();
            ports.ins += usize::from(hubs.get(&node) == Some(&true));
            let calls_itself = plan.calls_itself[node];
            let view_node = &plan.view.nodes[node];
            let shape = shape::of(view_node, plan.options, ports, calls_itself, plan.view.tcp);
            let rank = plan.rank[node];
            self.proper.layers = self.proper.layers.max(rank + 1);
            self.proper.item_of.insert(node, self.proper.items.len());
            self.proper.items.push(Item {
                layer: rank,
                node: Some(node),
                tree: None,
                breadth: shape.breadth,
                outs: shape.rows.clone(),
                ins: Vec::new(),
                band: view_node.band.unwrap_or(plan.view.bands.len()),
            });
            self.proper.shapes.insert(node, shape);
            if hubs.get(&node) == Some(&true) {
                self.in_port(self.proper.items.len() - 1);
            }
        }
    }

    /// A wire as part of its row's tree (or of the tree of calls back).
    fn row_to_node(&mut self, wired: &Wired) {
        let (tree, source) = if wired.back {
            let tree = Tree::Returns { node: wired.low };
            (tree, self.returns_port(wired.low))
        } else {
            let item = self.proper.item_of[&wired.low];
            let rows = self.proper.shapes[&wired.low].rows.len();
            let row = wired.row.min(rows.saturating_sub(1));
            (Tree::Row { node: wired.low, row }, (item, row))
        };
        let (first, last) = (self.plan.rank[wired.low] + 1, self.plan.rank[wired.high]);
        let mut at = source;
        for layer in first..last {
            let passage = self.passage(tree, layer, wired);
            if let Some(&link) = self.carriers.get(&passage) {
                self.proper.links[link].wires.push(wired.wire);
            } else {
                self.carriers.insert(passage, self.proper.links.len());
                self.link(at, (passage, 0), tree, wired);
            }
            at = (passage, 0);
        }
        let target = self.proper.item_of[&wired.high];
        let port = self.in_port(target);
        self.link(at, (target, port), tree, wired);
    }

    /// A wire into a hub: a port of its own at the caller, then the hub's passages.
    fn node_to_hub(&mut self, wired: &Wired) {
        let caller = (!self.plan.bundled).then_some(wired.low);
        let tree = Tree::Hub { node: wired.high, caller };
        let hub = self.proper.item_of[&wired.high];
        let mut at = self.extra_port(wired.low);
        let (first, last) = (self.plan.rank[wired.low] + 1, self.plan.rank[wired.high]);
        for layer in first..=last {
            let to = if layer == last { hub } else { self.passage(tree, layer, wired) };
            if let Some(&link) = self.carriers.get(&at.0) {
                self.proper.links[link].wires.push(wired.wire);
            } else {
                if self.proper.items[at.0].node.is_none() {
                    self.carriers.insert(at.0, self.proper.links.len());
                }
                self.link(at, (to, 0), tree, wired);
            }
            at = (to, 0);
        }
    }

    fn link(&mut self, from: (usize, usize), to: (usize, usize), tree: Tree, wired: &Wired) {
        self.proper.links.push(Link {
            from: from.0,
            out: from.1,
            to: to.0,
            inp: to.1,
            wires: vec![wired.wire],
            back: wired.back,
            tree,
        });
    }

    /// The passage of a tree through a layer.
    fn passage(&mut self, tree: Tree, layer: usize, wired: &Wired) -> usize {
        if let Some(&item) = self.passages.get(&(tree, layer)) {
            return item;
        }
        let item = self.proper.items.len();
        let end = match tree {
            Tree::Row { .. } | Tree::Returns { .. } => wired.low,
            Tree::Hub { .. } => wired.high,
        };
        let band = self.plan.view.nodes[end].band.unwrap_or(self.plan.view.bands.len());
        self.proper.items.push(Item {
            layer,
            node: None,
            tree: Some(tree),
            breadth: 1,
            outs: vec![0],
            ins: vec![0],
            band,
        });
        self.passages.insert((tree, layer), item);
        item
    }

    /// The next free in-port of a node.
    fn in_port(&mut self, item: usize) -> usize {
        let Some(node) = self.proper.items[item].node else { return 0 };
        let port = self.proper.items[item].ins.len();
        let places = &self.proper.shapes[&node].ins;
        let place = places.get(port).or_else(|| places.last()).copied().unwrap_or(0);
        self.proper.items[item].ins.push(place);
        port
    }

    /// The next free further out-port of a node.
    fn extra_port(&mut self, node: usize) -> (usize, usize) {
        let item = self.proper.item_of[&node];
        let shape = &self.proper.shapes[&node];
        let port = self.proper.items[item].outs.len();
        let extra = port - shape.rows.len();
        let place = shape.extras.get(extra).or_else(|| shape.extras.last()).copied().unwrap_or(0);
        self.proper.items[item].outs.push(place);
        (item, port)
    }

    /// The out-port of a node at which calls back to it arrive.
    fn returns_port(&mut self, node: usize) -> (usize, usize) {
        if let Some(&port) = self.returns.get(&node) {
            return port;
        }
        let port = self.extra_port(node);
        self.returns.insert(node, port);
        port
    }
}
