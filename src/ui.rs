//! Drawing: what the model says, in cells.
//!
//! [`draw`] changes nothing but the [`View`]: scroll offsets and what lies where on the screen.

use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::app::Model;
use crate::app::message::Target;
use crate::app::screen::{Place, Screen};
use crate::layout::scene::Pos;

mod ascii;
pub mod format;
mod frame;
mod hints;
mod overlay;
mod screen;
pub mod theme;
mod widget;

use theme::{Role, Theme};

/// The least size at which anything sensible can be shown.
pub const LEAST: (u16, u16) = (20, 5);

/// How things look, and where they were last: kept between frames.
#[derive(Debug, Clone)]
pub struct View {
    pub theme: Theme,
    /// Only ASCII can be drawn.
    pub ascii: bool,
    /// First row shown, by list.
    offsets: BTreeMap<Screen, usize>,
    /// The cell of the drawn graph that is shown first, and how far the user had moved it then.
    drawing: Pos,
    panned: Pos,
    /// The row and column of the matrix that are shown first.
    matrix: (usize, usize),
    /// What the last frame showed where.
    hits: Vec<(Rect, Target)>,
}

impl View {
    pub fn new(theme: Theme, ascii: bool) -> Self {
        Self {
            theme,
            ascii,
            offsets: BTreeMap::new(),
            drawing: Pos::default(),
            panned: Pos::default(),
            matrix: (0, 0),
            hits: Vec::new(),
        }
    }

    /// What the last frame showed at a cell; what was drawn later lies over what was before.
    pub fn hit(&self, column: u16, row: u16) -> Option<Target> {
        let at = ratatui::layout::Position { x: column, y: row };
        let found = self.hits.iter().rev().find(|(area, _)| area.contains(at));
        found.map(|(_, target)| target.clone())
    }
}

/// Draws one frame.
pub fn draw(frame: &mut Frame<'_>, model: &Model, view: &mut View) {
    view.hits.clear();
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = Line::styled("too small", view.theme.style(Role::Dim));
        frame.render_widget(text, area);
        return;
    }
    let [head, tabs, body, last] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame::head(frame, head, model, view);
    frame::tabs(frame, tabs, model, view);
    match model.way.place() {
        Place::Screen(screen) => screen::draw(frame, body, *screen, model, view),
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            screen::text::draw(frame, body, model, view);
        }
    }
    hints::draw(frame, last, model, view);
    overlay::draw(frame, area, model, view);
    if view.ascii {
        ascii::only(frame.buffer_mut());
    }
}
