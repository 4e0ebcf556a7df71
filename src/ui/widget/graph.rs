//! The drawn graph on the screen: the layout's painter, put into the terminal's cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthChar;

use crate::layout::glyph::Glyphs;
use crate::layout::paint::{CellSink, paint};
use crate::layout::scene::{Area, Pos, Scene};
use crate::layout::selection::Selection;
use crate::layout::style::{CellStyle, Role as Drawn, StyleTable};
use crate::mesh::graph::Health;
use crate::ui::theme::{Role, Theme};

/// What is drawn, and which part of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GraphView<'a> {
    pub scene: &'a Scene,
    pub styles: &'a StyleTable,
    pub selection: &'a Selection,
    /// The scene's cell at the first cell of the screen area.
    pub origin: Pos,
    pub glyphs: Glyphs,
}

impl GraphView<'_> {
    /// Draws into an area of the screen.
    pub(crate) fn render(&self, area: Rect, theme: &Theme, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let window =
            Area::new(self.origin.x, self.origin.y, i32::from(area.width), i32::from(area.height));
        let mut cells = Cells { area, theme, buffer };
        paint(self.scene, self.styles, window, self.selection, self.glyphs, &mut cells);
    }
}

/// An area of the screen as the painter sees it.
struct Cells<'a> {
    area: Rect,
    theme: &'a Theme,
    buffer: &'a mut Buffer,
}

impl CellSink for Cells<'_> {
    fn put(&mut self, pos: Pos, letter: char, style: CellStyle) {
        let (Ok(x), Ok(y)) = (u16::try_from(pos.x), u16::try_from(pos.y)) else { return };
        if x >= self.area.width || y >= self.area.height {
            return;
        }
        let at = (self.area.x + x, self.area.y + y);
        if let Some(cell) = self.buffer.cell_mut(at) {
            cell.set_char(letter).set_style(on_screen(style, self.theme));
        }
        if letter.width() == Some(2)
            && let Some(next) = self.buffer.cell_mut((at.0 + 1, at.1))
        {
            next.reset();
        }
    }
}

/// The theme's style for a cell of a drawing.
fn on_screen(cell: CellStyle, theme: &Theme) -> Style {
    let mut style = theme.style(match cell.role {
        Drawn::Border => Role::Border,
        Drawn::Title => Role::Strong,
        Drawn::Text | Drawn::Label | Drawn::Health(Health::Unknown) => Role::Text,
        Drawn::Health(Health::Healthy) => Role::Good,
        Drawn::Health(Health::NotReady | Health::Degraded) => Role::Warn,
        Drawn::Health(Health::Failure) => Role::Bad,
        Drawn::Tcp => Role::Accent,
        Drawn::Idle | Drawn::Ghost => Role::Dim,
        Drawn::Band => Role::Header,
    });
    for (on, modifier) in [
        (cell.bold, Modifier::BOLD),
        (cell.dim, Modifier::DIM),
        (cell.reverse, Modifier::REVERSED),
        (cell.underline, Modifier::UNDERLINED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}
