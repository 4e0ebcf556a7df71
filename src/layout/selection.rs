//! What is selected, and what lies upstream and downstream of it.

use std::collections::BTreeSet;

use crate::mesh::graph::NodeId;

use super::scene::{EdgeKey, Scene};

/// A thing that can be selected.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A box or one of its rows.
    Node(NodeId),
    Edge(EdgeKey),
}

/// What is set off in a drawing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub at: Option<Target>,
    /// Draw the way to it and from it strong, and all else dim.
    pub path: bool,
    /// Boxes or rows that a search found.
    pub found: BTreeSet<NodeId>,
}

/// A selection resolved against a scene.
#[derive(Debug, Clone, Default)]
pub(crate) struct Highlight {
    /// Whether there is a path to set off.
    pub(crate) path: bool,
    pub(crate) wires: Vec<bool>,
    pub(crate) boxes: Vec<bool>,
    pub(crate) selected_box: Option<usize>,
    pub(crate) selected_row: Option<usize>,
    pub(crate) selected_wire: Option<usize>,
}

impl Highlight {
    pub(crate) fn of(scene: &Scene, selection: &Selection) -> Self {
        let mut highlight = Self {
            wires: vec![false; scene.wires.len()],
            boxes: vec![false; scene.boxes.len()],
            ..Self::default()
        };
        match &selection.at {
            None => {}
            Some(Target::Node(key)) => highlight.node(scene, key, selection.path),
            Some(Target::Edge(key)) => highlight.edge(scene, key, selection.path),
        }
        highlight
    }

    fn node(&mut self, scene: &Scene, key: &str, path: bool) {
        let Some(at) = scene.box_of(key) else { return };
        self.selected_box = Some(at);
        self.boxes[at] = true;
        let rows = &scene.boxes[at].rows;
        if rows.len() > 1 {
            self.selected_row = rows.iter().position(|row| &*row.key == key);
        }
        if path {
            self.path = true;
            self.walk(scene, at, true);
            self.walk(scene, at, false);
        }
    }

    fn edge(&mut self, scene: &Scene, key: &EdgeKey, path: bool) {
        let Some(at) = scene.wires.iter().position(|wire| wire.edges.contains(key)) else { return };
        self.selected_wire = Some(at);
        self.wires[at] = true;
        if path {
            self.path = true;
            let (from, to) = (scene.wires[at].from, scene.wires[at].to);
            self.boxes[from] = true;
            self.boxes[to] = true;
            self.walk(scene, from, true);
            self.walk(scene, to, false);
        }
    }

    /// Marks everything upstream of a box, or downstream.
    fn walk(&mut self, scene: &Scene, start: usize, upstream: bool) {
        let mut near = vec![Vec::new(); scene.boxes.len()];
        for (ix, wire) in scene.wires.iter().enumerate() {
            let (here, there) = if upstream { (wire.to, wire.from) } else { (wire.from, wire.to) };
            if let Some(list) = near.get_mut(here) {
                list.push((ix, there));
            }
        }
        let mut met = vec![false; scene.boxes.len()];
        met[start] = true;
        let mut stack = vec![start];
        while let Some(at) = stack.pop() {
            for &(wire, there) in &near[at] {
                self.wires[wire] = true;
                self.boxes[there] = true;
                if !std::mem::replace(&mut met[there], true) {
                    stack.push(there);
                }
            }
        }
    }
}
