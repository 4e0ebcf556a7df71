//! The graph as it is drawn: a scene and the metrics for it. What stays keeps its place from one
//! picture to the next; new rates alone leave the scene as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::layout::first_view::{first_options, first_view};
use crate::layout::scene::{LabelMode, Scene};
use crate::layout::style::{NodeStyle, StyleTable};
use crate::layout::view::{Focus, ViewGraph, ViewOptions};
use crate::layout::{LayoutOptions, Memory, layout, navigate};
use crate::mesh::graph::{Graph, Health, NodeId};

/// How the graph is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DrawnAs {
    /// Columns and rows there are for it.
    pub window: (u16, u16),
    pub labels: LabelMode,
    /// What the user chose; without, the nearest zoom that fits the window.
    pub chosen: Option<LayoutOptions>,
    /// Only the neighbours of a node.
    pub focus: Option<Focus>,
    /// How often a fresh layout was asked for: another number forgets the places so far.
    pub tidied: u32,
}

/// A drawn graph.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    pub scene: Arc<Scene>,
    pub styles: StyleTable,
    pub options: LayoutOptions,
    /// Nodes of the graph that the view leaves out.
    pub left_out: usize,
    /// The neighbourhood that is shown; of a large graph one is chosen for the start.
    pub focus: Option<Focus>,
    wanted: DrawnAs,
    memory: Arc<Memory>,
}

impl Drawn {
    /// Draws a graph, as near to how it was drawn before as can be.
    pub fn of(graph: &Graph, wanted: &DrawnAs, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.wanted.tidied == wanted.tidied);
        let options = ViewOptions { bands: several_namespaces(graph), ..ViewOptions::default() };
        let first = match &wanted.focus {
            Some(focus) => ViewOptions { focus: Some(focus.clone()), ..options },
            None => first_options(graph, &options),
        };
        let view = ViewGraph::from_graph(graph, &first);
        let styles = StyleTable::from_graph(graph, &view, before.map(|before| &before.styles));
        let (options, scene, memory) = laid_out(&view, wanted, before);
        Self {
            scene,
            styles,
            options,
            left_out: view.left_out,
            focus: first.focus,
            wanted: wanted.clone(),
            memory,
        }
    }

    /// The metrics of a box's rows, or of the one row that has this key.
    pub fn rows(&self, key: &str) -> impl Iterator<Item = (&NodeId, &NodeStyle)> {
        let item = self.scene.box_of(key).and_then(|at| self.scene.boxes.get(at));
        let rows = item.into_iter().flat_map(|item| &item.rows);
        let one = item.is_some_and(|item| item.rows.iter().any(|row| &*row.key == key));
        let meant = rows.filter(move |row| !one || &*row.key == key);
        meant.filter_map(|row| Some((&row.key, self.styles.nodes.get(&row.key)?)))
    }

    /// The worst health of a box or row, and of the calls that come to it.
    pub fn health(&self, key: &str) -> Health {
        let own = self.rows(key).map(|(_, style)| style.health);
        let calls = self.styles.edges.iter().filter(|(edge, _)| &*edge.to == key);
        own.chain(calls.map(|(_, style)| style.health)).max().unwrap_or_default()
    }

    /// The next box in trouble, in reading order and around the end.
    pub fn problem(&self, from: Option<&str>, forward: bool) -> Option<NodeId> {
        let mut order = navigate::in_order(&self.scene);
        if !forward {
            order.reverse();
        }
        let here = from.and_then(|key| self.scene.box_of(key));
        let here = here.and_then(|at| self.scene.boxes.get(at)).map(|item| &item.key);
        let start = order.iter().position(|key| Some(*key) == here).map_or(0, |at| at + 1);
        let around = order.iter().cycle().skip(start).take(order.len());
        around.copied().find(|key| self.health(key) > Health::Healthy).cloned()
    }

    /// Boxes and rows whose name holds a text, in any case.
    pub fn found(&self, text: &str) -> BTreeSet<NodeId> {
        let text = text.to_lowercase();
        let mut found = BTreeSet::new();
        if text.is_empty() {
            return found;
        }
        for item in &self.scene.boxes {
            if item.key.to_lowercase().contains(&text) || item.title.to_lowercase().contains(&text)
            {
                found.insert(item.key.clone());
            }
        }
        found
    }
}

type Laid = (LayoutOptions, Arc<Scene>, Arc<Memory>);

fn laid_out(view: &ViewGraph, wanted: &DrawnAs, before: Option<&Drawn>) -> Laid {
    let keeps = |before: &&Drawn| {
        let then = &before.wanted;
        then.chosen == wanted.chosen
            && then.labels == wanted.labels
            && (wanted.chosen.is_some() || then.window == wanted.window)
            && then.focus == wanted.focus
            && !before.scene.boxes.is_empty()
    };
    if let Some(before) = before.filter(keeps) {
        if before.scene.signature == view.signature {
            return (before.options.clone(), Arc::clone(&before.scene), Arc::clone(&before.memory));
        }
        let (scene, memory) = layout(view, &before.options, Some(&before.memory));
        // What fitted and has outgrown the window is better drawn smaller than cut off.
        let outgrown = fits(&before.scene, wanted.window) && !fits(&scene, wanted.window);
        if wanted.chosen.is_some() || !outgrown {
            return (before.options.clone(), Arc::new(scene), Arc::new(memory));
        }
    }
    let (options, scene, memory) = if let Some(chosen) = &wanted.chosen {
        let options = LayoutOptions { labels: wanted.labels, ..chosen.clone() };
        let (scene, memory) = layout(view, &options, before.map(|before| &*before.memory));
        (options, scene, memory)
    } else {
        let (width, height) = wanted.window;
        first_view(view, (i32::from(width), i32::from(height)), wanted.labels)
    };
    (options, Arc::new(scene), Arc::new(memory))
}

/// Whether a scene can be seen whole.
fn fits(scene: &Scene, (width, height): (u16, u16)) -> bool {
    scene.width <= i32::from(width) && scene.height <= i32::from(height)
}

fn several_namespaces(graph: &Graph) -> bool {
    let mut names = graph.nodes.iter().filter_map(|node| node.namespace.as_ref());
    let first = names.next();
    names.any(|name| Some(name) != first)
}
