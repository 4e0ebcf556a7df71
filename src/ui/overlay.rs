//! What lies over a screen: help, pickers, messages, queries.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::View;
use super::theme::Role;
use crate::app::Model;
use crate::app::overlay::Overlay;

mod help;
mod pages;
mod picker;

/// Draws what lies over the screen, if anything does.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &mut View) {
    match &model.overlay {
        Some(Overlay::Help(top)) => page(frame, area, "keys", *top, help::lines(model, view), view),
        Some(Overlay::Queries(top)) => {
            page(frame, area, "PromQL behind the numbers", *top, pages::queries(model, view), view);
        }
        Some(Overlay::Messages(top)) => {
            page(frame, area, "messages", *top, pages::messages(model, view), view);
        }
        Some(Overlay::Picker(picker)) => picker::draw(frame, area, picker, view),
        Some(Overlay::Filter(_) | Overlay::Field(_)) | None => {}
    }
}

/// A frame in the middle of the screen, cleared; its inside.
fn window(frame: &mut Frame<'_>, area: Rect, title: &str, view: &View) -> Rect {
    frame.render_widget(Clear, area);
    let title = Span::styled(format!(" {title} "), view.theme.style(Role::Strong));
    let block = Block::bordered().border_style(view.theme.style(Role::Border)).title(title);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// A text that can be scrolled, over nearly the whole screen.
fn page(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    top: usize,
    lines: Vec<Line<'static>>,
    view: &View,
) {
    let width = area.width.min(104);
    let height = area.height.saturating_sub(2).min(lines.len() as u16 + 2).max(4).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let inside = window(frame, place, title, view);
    let room = usize::from(inside.height);
    let top = top.min(lines.len().saturating_sub(room));
    let more = lines.len() > room;
    for (line, y) in lines.into_iter().skip(top).zip(inside.y..inside.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..inside });
    }
    let text = if more { " j k scroll · any other key closes " } else { " any key closes " };
    let text = Line::styled(text, view.theme.style(Role::Dim)).right_aligned();
    let below = Rect { y: place.bottom() - 1, height: 1, width: place.width - 1, ..place };
    frame.render_widget(text, below);
}
