//! What is known of the selection, beside the graph or below it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::prose;
use crate::app::drawing::{PANEL_COLUMNS, PANEL_ROWS, Panel};
use crate::app::{Model, describe};
use crate::ui::View;
use crate::ui::theme::Role;

/// Draws the details, if they are shown; what is left for the graph.
pub(in crate::ui) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) -> Rect {
    let (place, rest) = match model.panel() {
        None => return area,
        Some(Panel::Beside) => {
            let width = PANEL_COLUMNS.min(area.width / 2);
            let place = Rect { x: area.right() - width, width, ..area };
            (place, Rect { width: area.width - width, ..area })
        }
        Some(Panel::Below) => {
            let height = PANEL_ROWS.min(area.height / 2);
            let place = Rect { y: area.bottom() - height, height, ..area };
            (place, Rect { height: area.height - height, ..area })
        }
    };
    let border = view.theme.style(Role::Border);
    let inside = if place.width < area.width {
        for y in place.y..place.bottom() {
            frame.buffer_mut().set_string(place.x, y, "│", border);
        }
        Rect { x: place.x + 2, width: place.width.saturating_sub(3), ..place }
    } else {
        let rule = "─".repeat(usize::from(place.width));
        frame.render_widget(Line::styled(rule, border), Rect { height: 1, ..place });
        let (x, y) = (place.x + 1, place.y + 1);
        Rect { x, y, width: place.width.saturating_sub(2), height: place.height - 1 }
    };
    let known = model.snapshot.as_ref().zip(model.picture.as_ref()).zip(model.subject());
    let doc = known.and_then(|((snapshot, picture), subject)| {
        // Below, the text stands in two columns.
        let below = place.width == area.width;
        let cells = if below { inside.width / 2 - 1 } else { inside.width };
        describe::subject(snapshot, picture, &subject, usize::from(cells))
    });
    let Some(doc) = doc else { return rest };
    if place.width < area.width {
        prose::draw(frame, inside, doc.lines.iter(), view);
    } else {
        columns(frame, inside, &doc.lines, view);
    }
    rest
}

/// Low and wide: the text goes on in a second column.
fn columns(frame: &mut Frame<'_>, area: Rect, lines: &[crate::app::doc::Line], view: &View) {
    let width = area.width / 2;
    let left = Rect { width: width.saturating_sub(1), ..area };
    let right = Rect { x: area.x + width, width: area.width - width, ..area };
    let (first, second) = lines.split_at(usize::from(area.height).min(lines.len()));
    prose::draw(frame, left, first.iter(), view);
    prose::draw(frame, right, second.iter(), view);
}
