//! The screens: each draws its body.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::View;
use super::widget::table;
use crate::app::Model;
use crate::app::screen::Screen;

mod graph;
mod matrix;
mod route;
pub(super) mod text;

/// Draws the body of a screen.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    screen: Screen,
    model: &Model,
    view: &mut View,
) {
    match (screen, model.drawn(), model.matrix()) {
        (Screen::Route, ..) => route::draw(frame, area, model, view),
        (Screen::Graph, Some(drawn), _) => graph::draw(frame, area, model, drawn, view),
        (Screen::Graph, _, Some(matrix)) => matrix::draw(frame, area, model, matrix, view),
        _ => table::draw(frame, area, screen, model, view),
    }
}
