//! Painting: a window of a scene, with the metrics of a style table, into cells.
//!
//! Lines are gathered as arms of cells first, so that a joint is drawn once with everything that
//! meets there; texts and arrowheads come last. Only what lies in the window is looked at closely.

use unicode_width::UnicodeWidthChar;

use crate::mesh::graph::{Health, Protocol};

use super::glyph::{Arms, Glyphs, Stroke, Weight};
use super::scene::{Area, Pos, Run, Scene, Side, WireSet};
use super::selection::{Highlight, Selection};
use super::style::{CellStyle, Role, StyleTable};

mod texts;

/// What a drawing is put into: a terminal's cells, a text, a picture.
pub trait CellSink {
    /// Puts a letter at a cell of the window, whose first cell is 0,0. A letter two cells wide
    /// covers the next cell too.
    fn put(&mut self, pos: Pos, letter: char, style: CellStyle);
}

/// Paints the part of a scene that lies in `window` (in the scene's cells).
pub fn paint(
    scene: &Scene,
    styles: &StyleTable,
    window: Area,
    selection: &Selection,
    glyphs: Glyphs,
    sink: &mut impl CellSink,
) {
    if window.width <= 0 || window.height <= 0 {
        return;
    }
    let mut painter = Painter {
        scene,
        styles,
        window,
        selection,
        glyphs,
        highlight: Highlight::of(scene, selection),
        looks: vec![None; scene.wires.len()],
        cells: vec![Cell::default(); window.width as usize * window.height as usize],
    };
    painter.bands(sink);
    painter.lines();
    painter.borders();
    painter.flush(sink);
    painter.heads(sink);
    painter.labels(sink);
    painter.boxes(sink);
}

/// How a wire, or several on one line, are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    weight: Weight,
    health: Health,
    tcp: bool,
    idle: bool,
    on_path: bool,
    selected: bool,
    ghost: bool,
}

impl Look {
    fn role(self) -> Role {
        match self.health {
            Health::Failure | Health::Degraded => Role::Health(self.health),
            _ if self.ghost => Role::Ghost,
            _ if self.idle => Role::Idle,
            _ if self.tcp => Role::Tcp,
            health => Role::Health(health),
        }
    }

    /// Which of two looks a shared cell takes, the greater one.
    fn precedence(self) -> (bool, bool, Weight, Health) {
        (self.selected, self.on_path, self.weight, self.health)
    }
}

/// A cell of lines.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    arms: Arms,
    look: Look,
    /// The box of whose border it is a part; else it is part of a line.
    border: Option<usize>,
    /// Whether all lines here are calls back.
    back: bool,
    used: bool,
}

struct Painter<'a> {
    scene: &'a Scene,
    styles: &'a StyleTable,
    window: Area,
    selection: &'a Selection,
    glyphs: Glyphs,
    highlight: Highlight,
    looks: Vec<Option<Look>>,
    cells: Vec<Cell>,
}

impl Painter<'_> {
    fn look_of_wire(&mut self, ix: usize) -> Look {
        if let Some(Some(look)) = self.looks.get(ix) {
            return *look;
        }
        let Some(wire) = self.scene.wires.get(ix) else { return Look::default() };
        let style = self.styles.joined(wire.edges.iter());
        let on_path = self.highlight.path && self.highlight.wires[ix];
        let selected = self.highlight.selected_wire == Some(ix);
        let heavy = style.as_ref().is_some_and(|style| style.heavy);
        let look = Look {
            weight: match (on_path || selected, heavy) {
                (true, _) => Weight::Double,
                (false, true) => Weight::Heavy,
                (false, false) => Weight::Light,
            },
            health: style.as_ref().map(|style| style.health).unwrap_or_default(),
            tcp: style.as_ref().is_some_and(|style| style.protocol == Protocol::Tcp),
            idle: style.as_ref().is_some_and(|style| style.rate <= 0.0),
            ghost: style.is_none(),
            on_path,
            selected,
        };
        self.looks[ix] = Some(look);
        look
    }

    /// The look of all wires on a line: the strongest weight, the worst health.
    fn look_of(&mut self, set: WireSet) -> Look {
        let scene = self.scene;
        let mut all: Option<Look> = None;
        for wire in scene.wires_of(set) {
            let look = self.look_of_wire(wire);
            all = Some(all.map_or(look, |all| Look {
                weight: all.weight.max(look.weight),
                health: all.health.max(look.health),
                tcp: all.tcp && look.tcp,
                idle: all.idle && look.idle,
                ghost: all.ghost && look.ghost,
                on_path: all.on_path || look.on_path,
                selected: all.selected || look.selected,
            }));
        }
        all.unwrap_or_default()
    }

    /// Style of a line with this look.
    fn line_style(&self, look: Look) -> CellStyle {
        CellStyle {
            role: look.role(),
            bold: look.on_path || look.selected,
            dim: self.highlight.path && !look.on_path,
            reverse: false,
            underline: false,
        }
    }

    fn index(&self, pos: Pos) -> Option<usize> {
        if !self.window.contains(pos) {
            return None;
        }
        let (x, y) = (pos.x - self.window.x, pos.y - self.window.y);
        Some((y * self.window.width + x) as usize)
    }

    fn lines(&mut self) {
        let scene = self.scene;
        for run in &scene.runs {
            let area = Area::new(run.a.x, run.a.y, run.b.x - run.a.x + 1, run.b.y - run.a.y + 1);
            if area.intersects(&self.window) {
                let look = self.look_of(run.wires);
                self.run(run, look);
            }
        }
    }

    /// Adds the arms of a run, cell by cell within the window.
    fn run(&mut self, run: &Run, look: Look) {
        let (before, after) =
            if run.vertical { (Side::Up, Side::Down) } else { (Side::Left, Side::Right) };
        let (first, last, low, high) = if run.vertical {
            (run.a.y, run.b.y, self.window.y, self.window.bottom() - 1)
        } else {
            (run.a.x, run.b.x, self.window.x, self.window.right() - 1)
        };
        for at in first.max(low)..=last.min(high) {
            let pos =
                if run.vertical { Pos { x: run.a.x, y: at } } else { Pos { x: at, y: run.a.y } };
            let Some(ix) = self.index(pos) else { continue };
            let cell = &mut self.cells[ix];
            if at > first || run.open_a {
                arm(cell, before, look.weight);
            }
            if at < last || run.open_b {
                arm(cell, after, look.weight);
            }
            cell.back = run.back && (cell.back || !cell.used);
            if !cell.used || look.precedence() > cell.look.precedence() {
                cell.look = look;
            }
            cell.used = true;
        }
    }

    /// Adds the borders of boxes and the joints in them.
    fn borders(&mut self) {
        let scene = self.scene;
        if !scene.zoom.boxed() {
            return;
        }
        for (box_ix, item) in scene.boxes.iter().enumerate() {
            if !item.area.intersects(&self.window) {
                continue;
            }
            let double = self.highlight.selected_box == Some(box_ix);
            let weight = if double { Weight::Double } else { Weight::Light };
            let area = item.area;
            let (right, bottom) = (area.right() - 1, area.bottom() - 1);
            let mut side = |pos: Pos, arms: [Side; 2]| {
                if let Some(ix) = self.index(pos) {
                    let cell = &mut self.cells[ix];
                    cell.border = Some(box_ix);
                    cell.used = true;
                    for side in arms {
                        arm(cell, side, weight);
                    }
                }
            };
            for x in area.x + 1..right {
                side(Pos { x, y: area.y }, [Side::Left, Side::Right]);
                side(Pos { x, y: bottom }, [Side::Left, Side::Right]);
            }
            for y in area.y + 1..bottom {
                side(Pos { x: area.x, y }, [Side::Up, Side::Down]);
                side(Pos { x: right, y }, [Side::Up, Side::Down]);
            }
            side(Pos { x: area.x, y: area.y }, [Side::Right, Side::Down]);
            side(Pos { x: right, y: area.y }, [Side::Left, Side::Down]);
            side(Pos { x: area.x, y: bottom }, [Side::Right, Side::Up]);
            side(Pos { x: right, y: bottom }, [Side::Left, Side::Up]);
        }
        for joint in &scene.joints {
            if let Some(ix) = self.index(joint.pos) {
                let look = self.look_of(joint.wires);
                arm(&mut self.cells[ix], joint.side, look.weight);
            }
        }
    }

    /// Draws the gathered cells.
    fn flush(&self, sink: &mut impl CellSink) {
        for (ix, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.used) {
            let ix = i32::try_from(ix).unwrap_or(i32::MAX);
            let pos = Pos { x: ix % self.window.width, y: ix / self.window.width };
            let stroke = match (cell.border.is_some(), cell.back, cell.look.idle) {
                (false, true, _) => Stroke::Dashed,
                (false, false, true) => Stroke::Dotted,
                _ => Stroke::Solid,
            };
            let style = match cell.border {
                Some(of_box) => self.border_style(of_box),
                None => self.line_style(cell.look),
            };
            sink.put(pos, self.glyphs.joint(cell.arms, stroke), style);
        }
    }

    /// Puts a letter at a cell of the scene if it lies in the window as a whole; of a letter that
    /// the window cuts in two the visible half is blank.
    fn put(&self, pos: Pos, letter: char, style: CellStyle, sink: &mut impl CellSink) {
        let width = i32::try_from(letter.width().unwrap_or(0)).unwrap_or(0);
        let end = Pos { x: pos.x + width - 1, y: pos.y };
        if width == 0 {
            return;
        }
        let here = |pos: Pos| Pos { x: pos.x - self.window.x, y: pos.y - self.window.y };
        match (self.window.contains(pos), self.window.contains(end)) {
            (true, true) => sink.put(here(pos), letter, style),
            (true, false) => sink.put(here(pos), ' ', style),
            (false, true) => sink.put(here(end), ' ', style),
            (false, false) => {}
        }
    }

    /// Writes a text, at most `width` cells of it.
    fn write(&self, pos: Pos, text: &str, style: CellStyle, sink: &mut impl CellSink) -> i32 {
        let mut at = pos;
        for letter in text.chars() {
            let letter = self.glyphs.letter(letter);
            let cells = i32::try_from(letter.width().unwrap_or(0)).unwrap_or(0);
            self.put(at, letter, style, sink);
            at.x += cells;
        }
        at.x - pos.x
    }
}

fn arm(cell: &mut Cell, side: Side, weight: Weight) {
    let arm = match side {
        Side::Up => &mut cell.arms[0],
        Side::Right => &mut cell.arms[1],
        Side::Down => &mut cell.arms[2],
        Side::Left => &mut cell.arms[3],
    };
    *arm = (*arm).max(weight);
}
