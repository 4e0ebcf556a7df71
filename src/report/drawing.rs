//! The drawn graph as text: plain, in colour, or in ASCII.

use unicode_width::UnicodeWidthChar;

use crate::layout::first_view::Opening;
use crate::layout::glyph::Glyphs;
use crate::layout::paint::{CellSink, paint};
use crate::layout::scene::{Area, Pos, Scene};
use crate::layout::selection::Selection;
use crate::layout::style::{CellStyle, Role, StyleTable};
use crate::layout::view::Collapse;
use crate::mesh::graph::Health;

/// How a drawing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DrawingOptions {
    pub glyphs: Glyphs,
    /// With ANSI colours, for a terminal.
    pub colour: bool,
}

/// Cells in rows, as text. What was never drawn is blank.
#[derive(Debug, Clone, Default)]
pub struct Canvas {
    width: usize,
    cells: Vec<CanvasCell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CanvasCell {
    Blank,
    Letter(char, CellStyle),
    /// The second half of a letter two cells wide.
    Covered,
}

impl Canvas {
    /// An empty canvas.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, cells: vec![CanvasCell::Blank; width.saturating_mul(height)] }
    }

    /// The canvas of a whole scene.
    pub fn of(scene: &Scene, styles: &StyleTable, selection: &Selection, glyphs: Glyphs) -> Self {
        let mut canvas = Self::new(scene.width.max(0) as usize, scene.height.max(0) as usize);
        let window = Area::new(0, 0, scene.width, scene.height);
        paint(scene, styles, window, selection, glyphs, &mut canvas);
        canvas
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.cells.len().checked_div(self.width).unwrap_or_default())
    }

    /// The letter and style of a cell; blank cells have none.
    pub fn cell(&self, pos: Pos) -> Option<(char, CellStyle)> {
        match self.cells.get(self.index(pos)?)? {
            CanvasCell::Letter(letter, style) => Some((*letter, *style)),
            CanvasCell::Blank | CanvasCell::Covered => None,
        }
    }

    fn index(&self, pos: Pos) -> Option<usize> {
        let x = usize::try_from(pos.x).ok().filter(|x| *x < self.width)?;
        Some(usize::try_from(pos.y).ok()? * self.width + x)
    }

    /// The rows as text, without blanks at their ends; each ends with a line feed.
    pub fn text(&self, colour: bool) -> String {
        let mut text = String::new();
        for row in self.cells.chunks(self.width.max(1)) {
            let last = row
                .iter()
                .rposition(|cell| matches!(cell, CanvasCell::Letter(letter, _) if *letter != ' '));
            let mut now = "";
            for cell in &row[..last.map_or(0, |last| last + 1)] {
                let (letter, ansi) = match cell {
                    CanvasCell::Blank => (' ', ""),
                    CanvasCell::Letter(letter, style) => (*letter, ansi(*style)),
                    CanvasCell::Covered => continue,
                };
                if colour && ansi != now {
                    text.push_str("\x1b[0m");
                    text.push_str(ansi);
                    now = ansi;
                }
                text.push(letter);
            }
            if !now.is_empty() {
                text.push_str("\x1b[0m");
            }
            text.push('\n');
        }
        text
    }
}

impl CellSink for Canvas {
    fn put(&mut self, pos: Pos, letter: char, style: CellStyle) {
        let wide = letter.width() == Some(2);
        if wide
            && let Some(next) = self.index(Pos { x: pos.x + 1, ..pos })
            && let Some(cell) = self.cells.get_mut(next)
        {
            *cell = CanvasCell::Covered;
        }
        if let Some(ix) = self.index(pos)
            && let Some(cell) = self.cells.get_mut(ix)
        {
            *cell = CanvasCell::Letter(letter, style);
        }
    }
}

/// The escape sequence of a style in the terminal's own sixteen colours; empty for plain text.
fn ansi(style: CellStyle) -> &'static str {
    if style.dim {
        return "\x1b[2m";
    }
    match style.role {
        Role::Health(Health::Failure) => "\x1b[1;31m",
        Role::Health(Health::Degraded) => "\x1b[33m",
        Role::Health(Health::NotReady) => "\x1b[35m",
        Role::Health(Health::Healthy) => "\x1b[32m",
        Role::Health(Health::Unknown) | Role::Label | Role::Text => "",
        Role::Title => "\x1b[1m",
        Role::Tcp => "\x1b[34m",
        Role::Border | Role::Band | Role::Idle | Role::Ghost => "\x1b[2m",
    }
}

/// The drawn scene as text.
pub fn drawing(scene: &Scene, styles: &StyleTable, options: DrawingOptions) -> String {
    Canvas::of(scene, styles, &Selection::default(), options.glyphs).text(options.colour)
}

/// What is not in a drawing, and how to see it; nothing when all is there.
pub fn left_out(opening: &Opening) -> String {
    const HOW: &str = "-n NAMESPACE draws one namespace; -o tree and -o json have everything.\n";
    let first = &opening.view_options;
    match (&first.focus, &first.collapsed) {
        (Some(focus), _) if opening.view.left_out > 0 => {
            let calls = if focus.hops == 1 { "call" } else { "calls" };
            format!(
                "\nThe busiest entry and what is within {} {calls} of it; {} nodes are left out.\n\
                 {HOW}",
                focus.hops, opening.view.left_out
            )
        }
        (None, Collapse::All | Collapse::Some(_)) => {
            format!("\nEach box is a whole namespace.\n{HOW}")
        }
        _ => String::new(),
    }
}
