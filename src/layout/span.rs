//! The main axis: where each layer and each channel begins, and what stands where in a channel.

use super::LayoutOptions;
use super::channel::Channel;
use super::proper::{Proper, Tree};
use super::scene::{Orientation, Zoom};
use super::wire::label_width;

/// Places on the main axis within the channel after a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gap {
    /// Where further out-ports of borderless nodes leave the one line.
    pub(crate) split: i32,
    /// Where calls back have their arrowheads.
    pub(crate) back_head: i32,
    /// The first track.
    pub(crate) tracks: i32,
    /// Where labels begin.
    pub(crate) label: i32,
    /// Where further in-ports of borderless nodes join the one line.
    pub(crate) collect: i32,
    /// Where arrowheads stand: beside the node, or in its border.
    pub(crate) head: i32,
}

/// A channel of so many tracks gets a spare one: lines that are routed anew after a change may
/// want one more, and should not push aside all that comes after them.
const SPARE: i32 = 4;

/// The main axis of a component.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    /// Where each layer begins.
    pub(crate) start: Vec<i32>,
    /// Of each layer and the channel after it.
    pub(crate) widths: Vec<Width>,
    /// After each layer; one less than layers.
    pub(crate) gaps: Vec<Gap>,
    pub(crate) total: i32,
}

/// What a channel needs besides its tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Needs {
    split: bool,
    back_head: bool,
    collect: bool,
}

/// How wide a layer and the channel after it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Width {
    length: i32,
    tracks: i32,
    needs: Needs,
}

impl Width {
    /// At least as wide as both.
    fn with(self, other: Self) -> Self {
        let needs = Needs {
            split: self.needs.split || other.needs.split,
            back_head: self.needs.back_head || other.needs.back_head,
            collect: self.needs.collect || other.needs.collect,
        };
        let (length, tracks) = (self.length.max(other.length), self.tracks.max(other.tracks));
        Self { length, tracks, needs }
    }
}

/// Cells between a node's last cell and its first line: a name wants a blank.
pub(crate) fn blank_after(options: &LayoutOptions) -> i32 {
    i32::from(options.zoom == Zoom::Pill && options.orientation == Orientation::LeftRight)
}

/// Whether arrowheads stand in borders rather than beside them.
pub(crate) fn heads_in_border(options: &LayoutOptions) -> bool {
    options.zoom.boxed() && options.orientation == Orientation::TopDown
}

/// The main axis for routed channels. `before` are the widths of the drawing before: nothing
/// gets narrower than that.
pub(crate) fn spans(
    proper: &Proper,
    channels: &[Channel],
    options: &LayoutOptions,
    tcp: bool,
    before: &[Width],
) -> Spans {
    let mut length = vec![0; proper.layers];
    for item in &proper.items {
        let Some(shape) = item.node.and_then(|node| proper.shapes.get(&node)) else { continue };
        length[item.layer] = length[item.layer].max(shape.length + blank_after(options));
    }
    let needs = needs(proper, options);
    let mut spans = Spans::default();
    let mut at = 0;
    for (layer, length) in length.into_iter().enumerate() {
        let tracks = channels.get(layer).map_or(0, |channel| channel.tracks);
        let new = Width { length, tracks, needs: needs[layer] };
        let width = match before.get(layer) {
            Some(old) => new.with(*old),
            None => Width { tracks: tracks + tracks / SPARE, ..new },
        };
        spans.start.push(at);
        spans.widths.push(width);
        at += width.length;
        if layer + 1 < proper.layers {
            let gap = gap(at, width.tracks, width.needs, options, tcp);
            at = gap.head + i32::from(!heads_in_border(options));
            spans.gaps.push(gap);
        }
    }
    spans.total = at;
    spans
}

fn gap(start: i32, tracks: i32, needs: Needs, options: &LayoutOptions, tcp: bool) -> Gap {
    let split = start;
    let back_head = split + i32::from(needs.split);
    let first = back_head + i32::from(needs.back_head);
    let label = i32::from(label_width(options, tcp));
    let (label_at, collect) = match options.orientation {
        Orientation::LeftRight if label > 0 => {
            let at = first + tracks + 1;
            (at, at + label + 1)
        }
        Orientation::LeftRight => {
            let tail = if options.zoom == Zoom::Dots { 1 } else { 2 };
            (first + tracks, first + tracks + tail)
        }
        Orientation::TopDown => (first + tracks, first + tracks + 1),
    };
    let head = collect + i32::from(needs.collect);
    Gap { split, back_head, tracks: first, label: label_at, collect, head }
}

fn needs(proper: &Proper, options: &LayoutOptions) -> Vec<Needs> {
    let mut needs = vec![Needs::default(); proper.layers];
    let boxed = options.zoom.boxed();
    for item in &proper.items {
        let Some(shape) = item.node.and_then(|node| proper.shapes.get(&node)) else { continue };
        if !boxed && !shape.extras.is_empty() {
            needs[item.layer].split = true;
        }
        if !boxed && item.ins.len() > 1 && item.layer > 0 {
            needs[item.layer - 1].collect = true;
        }
    }
    for link in &proper.links {
        let leaves_node = proper.items[link.from].node.is_some();
        if leaves_node && matches!(link.tree, Tree::Returns { .. }) && !heads_in_border(options) {
            needs[proper.items[link.from].layer].back_head = true;
        }
    }
    needs
}
