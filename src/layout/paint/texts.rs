//! The texts of a drawing: names, figures, labels, arrowheads, namespaces.

use super::super::figure;
use super::super::label;
use super::super::name;
use super::super::scene::{Area, BoxItem, Orientation, Pos, Zoom};
use super::super::style::{CellStyle, NodeStyle, Role};
use super::super::wire::title_in_border;
use super::{CellSink, Painter};
use crate::mesh::findings::Level;
use crate::mesh::graph::Health;

/// Something is wrong with the configuration of it; the same in all glyph tables.
const FINDING: char = '!';

impl Painter<'_> {
    /// The line above each namespace, with its name.
    pub(super) fn bands(&self, sink: &mut impl CellSink) {
        let style = CellStyle::of(Role::Band);
        for band in &self.scene.bands {
            let area = band.area;
            let rule = Area::new(area.x, area.y, area.width, 1);
            let start = Pos { x: area.x + 1, y: area.y };
            if !rule.intersects(&self.window) {
                continue;
            }
            for x in rule.x.max(self.window.x)..rule.right().min(self.window.right()) {
                self.put(Pos { x, y: rule.y }, self.glyphs.band(), style, sink);
            }
            let room = u16::try_from((rule.right() - start.x - 2).max(0)).unwrap_or(u16::MAX);
            let text = format!(" {} ", name::shortened(&band.name, room));
            self.write(start, &text, style, sink);
        }
    }

    /// Arrowheads.
    pub(super) fn heads(&mut self, sink: &mut impl CellSink) {
        let scene = self.scene;
        for head in &scene.heads {
            if !self.window.contains(head.pos) {
                continue;
            }
            let look = self.look_of(head.wires);
            let style = self.line_style(look);
            self.put(head.pos, self.glyphs.head(head.to), style, sink);
        }
    }

    /// Labels of lines.
    pub(super) fn labels(&mut self, sink: &mut impl CellSink) {
        let scene = self.scene;
        for slot in &scene.slots {
            let area = Area::new(slot.pos.x, slot.pos.y, i32::from(slot.width), 1);
            if !area.intersects(&self.window) {
                continue;
            }
            let look = self.look_of(slot.wires);
            let keys = scene.wires_of(slot.wires).filter_map(|wire| scene.wires.get(wire));
            let Some(style) = self.styles.joined(keys.flat_map(|wire| &wire.edges)) else {
                continue;
            };
            let room = slot.width - u16::from(slot.right_aligned);
            let mode = (scene.zoom, scene.labels);
            let text = label::of_edge(&style, mode, room, slot.sum, self.glyphs);
            if text.is_empty() {
                continue;
            }
            let mut cell = self.line_style(look);
            cell.role = match look.health {
                Health::Degraded | Health::Failure => Role::Health(look.health),
                _ => Role::Label,
            };
            cell.reverse = look.selected;
            let mut pos = slot.pos;
            if slot.right_aligned {
                pos.x += i32::from(room - name::cells(&text));
                pos.x += self.write(pos, " ", CellStyle::of(Role::Label), sink);
            }
            self.write(pos, &text, cell, sink);
        }
    }

    /// Names and figures of boxes.
    pub(super) fn boxes(&self, sink: &mut impl CellSink) {
        for (ix, item) in self.scene.boxes.iter().enumerate() {
            if item.area.intersects(&self.window) {
                match self.scene.zoom {
                    Zoom::Dots => self.dot(ix, item, sink),
                    Zoom::Pill => self.pill(ix, item, sink),
                    Zoom::Box | Zoom::Detail => self.inside(ix, item, sink),
                }
            }
        }
    }

    /// Whether nothing is known of a box any more: it has left the mesh.
    fn is_ghost(&self, item: &BoxItem) -> bool {
        item.rows.iter().all(|row| !self.styles.nodes.contains_key(&row.key))
    }

    /// How a text of a box is set off.
    fn set_off(&self, ix: usize, role: Role) -> CellStyle {
        let item = &self.scene.boxes[ix];
        let found = &self.selection.found;
        let ghost = self.is_ghost(item);
        CellStyle {
            role: if ghost { Role::Ghost } else { role },
            bold: self.highlight.path && self.highlight.boxes[ix],
            dim: ghost || (self.highlight.path && !self.highlight.boxes[ix]),
            reverse: false,
            underline: found.contains(&item.key)
                || item.rows.iter().any(|row| found.contains(&row.key)),
        }
    }

    /// The style of a border cell: dim where its box is off the path.
    pub(super) fn border_style(&self, of_box: usize) -> CellStyle {
        if self.highlight.path {
            CellStyle { underline: false, ..self.set_off(of_box, Role::Border) }
        } else {
            CellStyle::of(Role::Border)
        }
    }

    /// The metrics of a box as a whole: the worst health of its rows.
    fn whole(&self, item: &BoxItem) -> NodeStyle {
        let rows = item.rows.iter().filter_map(|row| self.styles.nodes.get(&row.key));
        rows.cloned()
            .reduce(|a, b| {
                let idle = a.idle && b.idle;
                let finding = worse_finding(a.finding, b.finding);
                let worse = if b.health > a.health { b } else { a };
                NodeStyle { idle, finding, ..worse }
            })
            .unwrap_or_default()
    }

    fn sign(&self, node: &NodeStyle, ghost: bool) -> (char, Role) {
        if ghost || (node.idle && node.health <= Health::Healthy) {
            (self.glyphs.idle(), Role::Idle)
        } else {
            (self.glyphs.health(node.health), Role::Health(node.health))
        }
    }

    /// The mark of a finding about the configuration, where there is one.
    fn finding(&self, ix: usize, item: &BoxItem, pos: Pos, sink: &mut impl CellSink) {
        let health = match self.whole(item).finding {
            Some(Level::Error) => Health::Failure,
            Some(Level::Warning) => Health::Degraded,
            Some(Level::Info) | None => return,
        };
        self.put(pos, FINDING, self.set_off(ix, Role::Health(health)), sink);
    }

    fn dot(&self, ix: usize, item: &BoxItem, sink: &mut impl CellSink) {
        let (letter, role) = self.sign(&self.whole(item), self.is_ghost(item));
        let mut style = self.set_off(ix, role);
        style.reverse = self.highlight.selected_box == Some(ix);
        self.put(Pos { x: item.area.x, y: item.area.y }, letter, style, sink);
    }

    fn pill(&self, ix: usize, item: &BoxItem, sink: &mut impl CellSink) {
        let (letter, role) = self.sign(&self.whole(item), self.is_ghost(item));
        let mut pos = Pos { x: item.area.x, y: item.area.y };
        self.put(pos, letter, self.set_off(ix, role), sink);
        self.finding(ix, item, Pos { x: pos.x + 1, y: pos.y }, sink);
        pos.x += 2;
        let mut style = self.set_off(ix, Role::Title);
        style.reverse = self.highlight.selected_box == Some(ix);
        pos.x += self.write(pos, &item.title, style, sink);
        if !item.self_wires.is_empty() {
            pos.x += 1;
            self.put(pos, self.glyphs.itself(), self.set_off(ix, Role::Label), sink);
        }
    }

    fn inside(&self, ix: usize, item: &BoxItem, sink: &mut impl CellSink) {
        let mut title = self.set_off(ix, Role::Title);
        title.reverse = self.highlight.selected_box == Some(ix);
        let area = item.area;
        if title_in_border(self.scene.orientation) {
            if !item.title.is_empty() {
                let blank = CellStyle::of(Role::Border);
                let mut pos = Pos { x: area.x + 1, y: area.y };
                pos.x += self.write(pos, " ", blank, sink);
                pos.x += self.write(pos, &item.title, title, sink);
                if pos.x < area.right() - 1 {
                    self.write(pos, " ", blank, sink);
                }
            }
        } else {
            self.write(Pos { x: area.x + 2, y: area.y + 1 }, &item.title, title, sink);
        }
        for (row_ix, row) in item.rows.iter().enumerate() {
            let known = self.styles.nodes.get(&row.key);
            let style = known.cloned().unwrap_or_default();
            let (letter, role) = self.sign(&style, known.is_none());
            let mut pos = Pos { x: row.area.x, y: row.area.y };
            self.put(pos, letter, self.set_off(ix, role), sink);
            pos.x += 1;
            let mut text = self.set_off(ix, Role::Text);
            text.reverse = self.highlight.selected_row == Some(row_ix);
            if !row.label.is_empty() {
                pos.x += 1;
                pos.x += self.write(pos, &row.label, text, sink);
            }
            let room = row.area.right() - pos.x - 1;
            let Ok(room) = u16::try_from(room) else { continue };
            let rows = item.rows.len();
            let figure = label::of_row(&style, (self.scene.zoom, rows), room, self.glyphs);
            pos.x += 1;
            self.write(pos, &figure, text, sink);
        }
        // No line ends at a corner.
        self.finding(ix, item, Pos { x: area.right() - 1, y: area.y }, sink);
        self.self_call(ix, item, sink);
    }

    /// The mark of a call to itself, in the bottom border.
    fn self_call(&self, ix: usize, item: &BoxItem, sink: &mut impl CellSink) {
        let Some(&wire) = item.self_wires.first() else { return };
        let keys = self.scene.wires.get(wire).map(|wire| wire.edges.iter());
        let rate = keys
            .and_then(|keys| self.styles.joined(keys))
            .map(|style| format!(" {}", figure::narrow_rate(style.rate, style.unit)))
            .unwrap_or_default();
        let text = format!(" {}{rate} ", self.glyphs.itself());
        let room = item.area.width - 3;
        let style = self.set_off(ix, Role::Label);
        if self.scene.orientation == Orientation::TopDown {
            // Calls leave through the bottom border: the mark stands in the right one.
            let pos = Pos { x: item.area.right() - 1, y: item.area.y + 1 };
            return self.put(pos, self.glyphs.itself(), style, sink);
        }
        let pos = Pos { x: item.area.x + 2, y: item.area.bottom() - 1 };
        if i32::from(name::cells(&text)) <= room {
            self.write(pos, &text, style, sink);
        } else {
            self.put(pos, self.glyphs.itself(), style, sink);
        }
    }
}

/// The worse of two; errors sort first.
fn worse_finding(a: Option<Level>, b: Option<Level>) -> Option<Level> {
    a.into_iter().chain(b).min()
}
