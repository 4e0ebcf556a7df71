//! The graph as it is drawn: a scene and the metrics for it. What stays keeps its place from one
//! picture to the next; new rates alone leave the scene as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Marks;

use crate::layout::first_view::{first_options, first_view};
use crate::layout::ghosts::Ghosts;
use crate::layout::scene::{LabelMode, Orientation, Scene};
use crate::layout::style::{NodeStyle, StyleTable};
use crate::layout::view::{Focus, ViewGraph, ViewOptions};
use crate::layout::{LayoutOptions, Memory, layout, navigate};
use crate::mesh::findings::Level;
use crate::mesh::graph::{Graph, Health, NodeId};

/// How the graph is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DrawnAs {
    /// Columns and rows there are for it.
    pub window: (u16, u16),
    pub labels: LabelMode,
    /// Which way calls run at first.
    pub orientation: Orientation,
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
    /// Whether namespaces are bands, and whether there are several.
    bands: bool,
    several: bool,
    wanted: DrawnAs,
    memory: Arc<Memory>,
    /// What has left the mesh and is still shown.
    ghosts: Ghosts,
}

impl Drawn {
    /// Draws a graph, as near to how it was drawn before as can be.
    pub fn of(graph: &Graph, marks: &Marks, wanted: &DrawnAs, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.wanted.tidied == wanted.tidied);
        let several = several_namespaces(graph);
        let kept = before.is_some_and(|before| before.holds_for(wanted));
        let anew = wanted.chosen.is_none() && !kept;
        let as_before = |before: &Self| before.bands || !before.several;
        let bands = several && (anew || before.is_none_or(as_before));
        let mut first = first(graph, wanted, bands);
        // What is gone stays where it was for a while, unless something else is to be seen now.
        let ghosts = before.filter(|_| kept).map(|before| before.ghosts.clone());
        let ghosts = ghosts.unwrap_or_default();
        let view = ViewGraph::from_graph(graph, &first);
        let (mut view, mut ghosts) = ghosts.keep(view, graph.evaluated_at);
        let mut laid = laid_out(&view, wanted, before);
        if anew && bands && !laid.0.zoom.boxed() {
            // Boxes tell more than bands do: where there is no room for both, the bands go.
            let other = ViewOptions { bands: false, ..first.clone() };
            let other_view = ViewGraph::from_graph(graph, &other);
            let other_laid = laid_out(&other_view, wanted, None);
            if other_laid.0.zoom.boxed() {
                (_, ghosts) = Ghosts::default().keep(other_view.clone(), graph.evaluated_at);
                (first, view, laid) = (other, other_view, other_laid);
            }
        }
        let (options, scene, memory) = laid;
        let mut styles = StyleTable::from_graph(graph, &view, before.map(|before| &before.styles));
        for node in &graph.nodes {
            if let Some(style) = styles.nodes.get_mut(&node.id) {
                style.finding = marks.worst(&marks.node(node)).filter(|l| *l != Level::Info);
            }
        }
        Self {
            scene,
            styles,
            options,
            left_out: view.left_out,
            bands: first.bands,
            several,
            focus: first.focus,
            wanted: wanted.clone(),
            memory,
            ghosts,
        }
    }

    /// Whether what is wanted now is what was wanted then.
    fn holds_for(&self, wanted: &DrawnAs) -> bool {
        let then = &self.wanted;
        then.chosen == wanted.chosen
            && (then.labels, then.orientation) == (wanted.labels, wanted.orientation)
            && (wanted.chosen.is_some() || then.window == wanted.window)
            && then.focus == wanted.focus
            && !self.scene.boxes.is_empty()
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

    /// Whether something is wrong with the configuration of a box or row.
    fn has_finding(&self, key: &str) -> bool {
        self.rows(key).any(|(_, style)| style.finding.is_some())
    }

    /// The boxes in trouble, the worst first, else in reading order; those whose configuration
    /// alone is wrong come last.
    pub fn problems(&self) -> Vec<NodeId> {
        let failing = |key: &str| {
            self.rows(key).filter_map(|(_, style)| style.error_percent).fold(0.0, f64::max)
        };
        let order = navigate::in_order(&self.scene).into_iter();
        let judged = order.map(|key| (self.health(key), failing(key), key));
        let mut found: Vec<_> = judged
            .filter(|(health, _, key)| *health > Health::Healthy || self.has_finding(key))
            .collect();
        found.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
        found.into_iter().map(|(_, _, key)| key.clone()).collect()
    }

    /// Boxes whose name holds a text, in any case, in reading order.
    pub fn matches(&self, text: &str) -> Vec<NodeId> {
        let found = self.found(text);
        navigate::in_order(&self.scene)
            .into_iter()
            .filter(|k| found.contains(*k))
            .cloned()
            .collect()
    }

    /// The same in no order, for the drawing to set them off.
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

/// What of the graph is drawn: a neighbourhood that is wanted, or what suits its size.
fn first(graph: &Graph, wanted: &DrawnAs, bands: bool) -> ViewOptions {
    let options = ViewOptions { bands, ..ViewOptions::default() };
    match &wanted.focus {
        Some(focus) => ViewOptions { focus: Some(focus.clone()), ..options },
        None => first_options(graph, &options),
    }
}

type Laid = (LayoutOptions, Arc<Scene>, Arc<Memory>);

fn laid_out(view: &ViewGraph, wanted: &DrawnAs, before: Option<&Drawn>) -> Laid {
    if let Some(before) = before.filter(|before| before.holds_for(wanted)) {
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
        let down = wanted.orientation == Orientation::TopDown;
        first_view(
            view,
            (i32::from(width), i32::from(height)),
            wanted.labels,
            down.then_some(Orientation::TopDown),
        )
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
