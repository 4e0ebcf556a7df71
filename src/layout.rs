//! From a graph to a scene in cells: pure, total, deterministic, bounded.
//!
//! The way: [`view`] takes from a mesh graph what is to be drawn; [`layout`] breaks cycles, ranks
//! the nodes, orders each layer, gives every item a place, routes the channels between layers and
//! answers a [`scene::Scene`]; [`paint`] draws a scene, with the metrics of a
//! [`style::StyleTable`], into any [`paint::CellSink`]. Geometry depends on topology, names and
//! options only: new rates need a new style table and no new scene.

use std::collections::BTreeSet;

mod acyclic;
mod channel;
mod components;
mod compose;
mod crossings;
pub mod figure;
pub mod first_view;
pub mod ghosts;
pub mod glyph;
mod label;
mod memory;
pub mod minimap;
pub mod name;
pub mod navigate;
mod order;
pub mod paint;
mod place;
mod proper;
mod rank;
pub mod scene;
pub mod selection;
mod shape;
mod simplex;
mod span;
pub mod style;
mod tracks;
pub mod tree;
pub mod view;
mod wire;

use components::{Component, Parts};
use compose::{Composer, Mark};
pub use memory::Memory;
use order::{Neighbours, Ordering};
use place::Placing;
use proper::{Link, Plan, Proper, Tree};
use scene::{Area, LabelMode, Orientation, Pos, Scene, Stats, Wire, Zoom};
use view::ViewGraph;

/// How a view is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayoutOptions {
    pub orientation: Orientation,
    pub zoom: Zoom,
    pub labels: LabelMode,
    /// Longer names are cut in their middle.
    pub name_cells: u16,
    /// Sweeps over the layers that look for fewer crossings.
    pub sweeps: u8,
    /// A node called by more others than this gathers them into one line.
    pub most_ports: usize,
}

impl Default for LayoutOptions {
    fn default() -> Self {
        Self {
            orientation: Orientation::LeftRight,
            zoom: Zoom::Box,
            labels: LabelMode::Rate,
            name_cells: 28,
            sweeps: 24,
            most_ports: 6,
        }
    }
}

/// Lays a view out. With the memory of the scene before, what was there keeps its rank, its order
/// and, as far as there is room, its place; without, the layout is fresh.
pub fn layout(view: &ViewGraph, options: &LayoutOptions, last: Option<&Memory>) -> (Scene, Memory) {
    let last = last.filter(|last| last.options.as_ref() == Some(options));
    let parts = components::parts(view, options, last);
    let mut memory = Memory::new(options);
    memory.turned(&parts, view);
    let mut scene = Scene {
        orientation: options.orientation,
        zoom: options.zoom,
        labels: options.labels,
        signature: view.signature,
        wires: parts.wires.clone(),
        ..Scene::default()
    };
    let mut packing = Packing::new(options);
    let mut bands = Vec::new();
    for component in &parts.components {
        let mark = Mark::of(&scene);
        if component.members.len() == 1 && component.wires.is_empty() {
            continue;
        }
        let drawn = Drawn::new(&Task { view, options, parts: &parts, component, last });
        drawn.compose(&mut scene, view, options);
        let offset = packing.put(&mut scene, &mark, drawn.held_offset);
        memory.learn(&drawn, view, &component.members, offset);
        bands.extend(
            drawn.bands.iter().map(|&(band, low, high)| (band, low + offset, high + offset)),
        );
    }
    shelf(&mut scene, view, options, &parts, &mut packing);
    scene.width = packing.width;
    scene.height = packing.height;
    by_key(&mut scene);
    banded(&mut scene, view, &bands);
    (scene, memory)
}

/// A component to be drawn.
struct Task<'a> {
    view: &'a ViewGraph,
    options: &'a LayoutOptions,
    parts: &'a Parts,
    component: &'a Component,
    last: Option<&'a Memory>,
}

impl Task<'_> {
    /// The component in layers and in order. Where long calls into hubs may run apart from each
    /// other and that takes many crossings away, they do; what they did before they do again.
    fn ordered(&self) -> Ordered {
        let known = self.last.and_then(|last| last.bundled(&self.component.members, self.view));
        let ordered = self.ordered_as(known.unwrap_or(true));
        let bundles =
            ordered.proper.items.iter().any(|item| matches!(item.tree, Some(Tree::Hub { .. })));
        if known.is_some() || !bundles || ordered.proper.links.len() > order::THOROUGH {
            return ordered;
        }
        let apart = self.ordered_as(false);
        if apart.crossings * 4 < ordered.crossings * 3 { apart } else { ordered }
    }

    fn ordered_as(&self, bundled: bool) -> Ordered {
        let Task { view, options, parts, component, last } = *self;
        let proper = proper::build(&Plan {
            view,
            options,
            members: &component.members,
            rank: &parts.rank,
            wires: &component.wires,
            calls_itself: &parts.calls_itself,
            bundled,
        });
        let near = Neighbours::of(&proper);
        let held = last.map(|last| last.recall(&proper, view)).unwrap_or_default();
        let ordering = Ordering::new(&proper, &near, &held.places);
        let (layers, crossings, steps) = ordering.run(options.sweeps);
        Ordered { proper, near, layers, held, bundled, crossings, steps }
    }
}

/// A component with the order of each layer known.
struct Ordered {
    proper: Proper,
    near: Neighbours,
    layers: order::Layers,
    held: memory::Recalled,
    /// Whether long calls into a hub share their passages.
    bundled: bool,
    crossings: u64,
    steps: u64,
}

/// A component with every place known.
pub(crate) struct Drawn {
    /// Whether long calls into a hub share their passages.
    bundled: bool,
    proper: Proper,
    near: Neighbours,
    places: Vec<i32>,
    channels: Vec<channel::Channel>,
    spans: span::Spans,
    stats: Stats,
    /// Bands with their extents on the cross axis, the row of their name included.
    bands: Vec<(usize, i32, i32)>,
    /// Where the component lay on the cross axis before.
    held_offset: Option<i32>,
}

impl Drawn {
    fn new(task: &Task<'_>) -> Self {
        let Task { view, options, component, .. } = *task;
        let Ordered { mut proper, near, layers, held, bundled, steps, .. } = task.ordered();
        settle_ports(&mut proper, &near, &layers);
        let mut places = place::places(&Placing {
            proper: &proper,
            near: &near,
            layers: &layers,
            orientation: options.orientation,
            boxed: options.zoom.boxed(),
            before: &held.places,
        });
        let mut bands = Vec::new();
        if !view.bands.is_empty() {
            bands = place::into_bands(&proper, view.bands.len() + 1, &mut places);
        }
        let taken: BTreeSet<i32> = bands.iter().map(|band| band.1).collect();
        let mut by_layer: Vec<Vec<usize>> = vec![Vec::new(); proper.layers];
        for (ix, link) in proper.links.iter().enumerate() {
            by_layer[proper.items[link.from].layer].push(ix);
        }
        let channels: Vec<channel::Channel> =
            by_layer.iter().map(|links| channel::route(&proper, &places, links, &taken)).collect();
        let spans = span::spans(&proper, &channels, options, view.tcp, &held.widths);
        let (crossings, crossing_calls) = crossings::of(&proper, &places, &by_layer);
        let stats = Stats {
            crossings,
            crossing_calls,
            steps,
            doglegs: channels.iter().map(|channel| channel.doglegs).sum(),
            dummies: (proper.items.len() - component.members.len()) as u32,
        };
        let held_offset = held.offset;
        Self { bundled, proper, near, places, channels, spans, stats, bands, held_offset }
    }

    fn compose(&self, scene: &mut Scene, view: &ViewGraph, options: &LayoutOptions) {
        scene.stats.crossings += self.stats.crossings;
        scene.stats.crossing_calls += self.stats.crossing_calls;
        scene.stats.steps += self.stats.steps;
        scene.stats.doglegs += self.stats.doglegs;
        scene.stats.dummies += self.stats.dummies;
        Composer {
            scene,
            view,
            options,
            proper: &self.proper,
            near: &self.near,
            place: &self.places,
            channels: &self.channels,
            spans: &self.spans,
        }
        .compose();
    }
}

/// Gives the ports of each node the order of what lies beyond them, so that no two lines cross
/// right before a node.
fn settle_ports(proper: &mut Proper, near: &Neighbours, layers: &order::Layers) {
    let mut place = vec![0; proper.items.len()];
    for layer in layers {
        for (at, &item) in layer.iter().enumerate() {
            place[item] = at;
        }
    }
    for item in 0..proper.items.len() {
        let Some(node) = proper.items[item].node else { continue };
        let source = |link: &Link| {
            let outs = &proper.items[link.from].outs;
            (place[link.from], outs.get(link.out).copied().unwrap_or(0))
        };
        let mut ins: Vec<_> = near.before[item]
            .iter()
            .map(|&link| (source(&proper.links[link]), proper.links[link].inp))
            .collect();
        let rows = proper.shapes[&node].rows.len();
        let mut extras: Vec<_> = near.after[item]
            .iter()
            .map(|&link| (place[proper.links[link].to], proper.links[link].out))
            .filter(|&(_, out)| out >= rows)
            .collect();
        ins.sort_unstable();
        extras.sort_unstable();
        let in_order = distinct(ins.into_iter().map(|(_, port)| port));
        let extra_order = distinct(extras.into_iter().map(|(_, port)| port));
        let shape = &proper.shapes[&node];
        let (ins, extras) = (shape.ins.clone(), shape.extras.clone());
        let own = &mut proper.items[item];
        for (port, place) in in_order.into_iter().zip(ins) {
            own.ins[port] = place;
        }
        for (port, place) in extra_order.into_iter().zip(extras) {
            own.outs[port] = place;
        }
    }
}

/// Each port where it is met first.
fn distinct(ports: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    ports.filter(|&port| seen.insert(port)).collect()
}

/// Where components are put: one below the other, or side by side when calls run down.
struct Packing {
    orientation: Orientation,
    cursor: i32,
    width: i32,
    height: i32,
}

impl Packing {
    fn new(options: &LayoutOptions) -> Self {
        Self { orientation: options.orientation, cursor: 0, width: 0, height: 0 }
    }

    /// Moves what came after the mark to its place, near to where it was before, and tells by how
    /// much on the cross axis.
    fn put(&mut self, scene: &mut Scene, mark: &Mark, held: Option<i32>) -> i32 {
        let bounds = mark.bounds(scene);
        let first = match self.orientation {
            Orientation::LeftRight => bounds.y,
            Orientation::TopDown => bounds.x,
        };
        let least = self.cursor - first;
        let offset = held.map_or(least, |held| held.max(least));
        let to = match self.orientation {
            Orientation::LeftRight => Pos { x: -bounds.x, y: offset },
            Orientation::TopDown => Pos { x: offset, y: -bounds.y },
        };
        mark.shift(scene, to);
        let (right, bottom) = (bounds.right() + to.x, bounds.bottom() + to.y);
        self.width = self.width.max(right);
        self.height = self.height.max(bottom);
        self.cursor = match self.orientation {
            Orientation::LeftRight => bottom + 1,
            Orientation::TopDown => right + 3,
        };
        offset
    }
}

/// Nodes without calls stand on shelves below everything else.
fn shelf(
    scene: &mut Scene,
    view: &ViewGraph,
    options: &LayoutOptions,
    parts: &Parts,
    packing: &mut Packing,
) {
    const NARROWEST: i32 = 72;
    let width = packing.width.max(NARROWEST);
    let top = if packing.height > 0 { packing.height + 1 } else { 0 };
    let (mut x, mut y, mut tallest) = (0, top, 0);
    for component in &parts.components {
        let [node] = component.members[..] else { continue };
        if !component.wires.is_empty() {
            continue;
        }
        let view_node = &view.nodes[node];
        let (box_width, box_height) = wire::base_size(view_node, options, parts.calls_itself[node]);
        if x > 0 && x + box_width > width {
            (x, y, tallest) = (0, y + tallest + i32::from(options.zoom.boxed()), 0);
        }
        let area = Area::new(x, y, box_width, box_height);
        scene.boxes.push(scene::BoxItem {
            key: view_node.key.clone(),
            title: wire::title(view_node, options),
            area,
            rows: compose::row_areas(view_node, area, options),
            rank: 0,
            self_wires: Vec::new(),
            band: view_node.band,
        });
        x += box_width + 2;
        tallest = tallest.max(box_height);
        packing.width = packing.width.max(area.right());
        packing.height = packing.height.max(area.bottom());
    }
}

/// Tells where the bands lie. When calls run down, bands lie side by side and their names need a
/// row above everything.
fn banded(scene: &mut Scene, view: &ViewGraph, bands: &[(usize, i32, i32)]) {
    let down = scene.orientation == Orientation::TopDown;
    if down && !bands.is_empty() {
        Mark::default().shift(scene, Pos { x: 0, y: 1 });
        scene.height += 1;
    }
    for &(band, low, high) in bands {
        let Some(name) = view.bands.get(band) else { continue };
        let area = if down {
            Area::new(low, 0, high - low, scene.height)
        } else {
            scene.height = scene.height.max(high);
            Area::new(0, low, scene.width, high - low)
        };
        scene.bands.push(scene::BandArea { name: name.clone(), area });
    }
}

/// Puts the boxes in the order of their keys and tells everything that points at one.
fn by_key(scene: &mut Scene) {
    let mut order: Vec<usize> = (0..scene.boxes.len()).collect();
    order.sort_by(|&a, &b| scene.boxes[a].key.cmp(&scene.boxes[b].key));
    let mut new = vec![0; order.len()];
    for (at, &old) in order.iter().enumerate() {
        new[old] = at;
    }
    let mut boxes: Vec<Option<scene::BoxItem>> =
        std::mem::take(&mut scene.boxes).into_iter().map(Some).collect();
    scene.boxes = order.iter().filter_map(|&old| boxes[old].take()).collect();
    for head in &mut scene.heads {
        head.at = new.get(head.at).copied().unwrap_or(head.at);
    }
    for (ix, wire) in scene.wires.iter().enumerate() {
        if wire.from == wire.to
            && let Some(item) = scene.boxes.get_mut(wire.from)
        {
            item.self_wires.push(ix);
        }
    }
}

impl Wire {
    /// Whether it leads back to where it comes from.
    pub fn is_loop(&self) -> bool {
        self.from == self.to
    }
}
