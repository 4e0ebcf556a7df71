//! The route debugger: the request in fields, the answer below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::app::overlay::Overlay;
use crate::app::route::Field;
use crate::ui::theme::Role;
use crate::ui::widget::{notice, prose};
use crate::ui::{View, format};

/// Columns of the names of fields.
const NAMES: u16 = 10;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    for (field, y) in Field::ALL.into_iter().zip(inside.y..inside.bottom()) {
        field_line(frame, Rect { y, height: 1, ..inside }, field, model, view);
    }
    let above = Field::ALL.len() as u16 + 1;
    if inside.height <= above {
        return;
    }
    let body = Rect { y: inside.y + above, height: inside.height - above, ..inside };
    let rule = Rect { y: body.y - 1, height: 1, ..area };
    let line = "─".repeat(usize::from(area.width));
    frame.render_widget(Line::styled(line, view.theme.style(Role::Border)), rule);
    match &model.route.answer {
        None => notice::calm(frame, body, "waiting for the first answer …", view),
        Some(Err(trouble)) => notice::trouble(frame, body, trouble, view),
        Some(Ok(doc)) => {
            prose::draw(frame, body, doc.lines.iter().skip(model.route.top), view);
        }
    }
}

fn field_line(frame: &mut Frame<'_>, area: Rect, field: Field, model: &Model, view: &View) {
    let here = model.route.at == field;
    let name = format!("{} {}", if here { "▸" } else { " " }, field.title());
    let name_role = if here { Role::Accent } else { Role::Dim };
    frame.render_widget(Line::styled(name, view.theme.style(name_role)), area);
    let place =
        Rect { x: area.x + NAMES.min(area.width), width: area.width.saturating_sub(NAMES), ..area };
    let room = usize::from(place.width);
    if let (true, Some(Overlay::Field(input))) = (here, &model.overlay) {
        let scroll = input.visual_scroll(room.saturating_sub(1));
        let shown: String = input.value().chars().skip(scroll).collect();
        let style = view.theme.style(Role::Strong);
        frame.render_widget(Line::from(Span::styled(shown, style)), place);
        let column = input.visual_cursor().saturating_sub(scroll).min(room) as u16;
        frame.set_cursor_position((place.x + column, place.y));
        return;
    }
    let text = model.route.form.get(field);
    let (text, role) = if text.is_empty() {
        (field.hint(), Role::Dim)
    } else if here {
        (text, Role::Strong)
    } else {
        (text, Role::Text)
    };
    frame.render_widget(Line::styled(format::cut(text, room), view.theme.style(role)), place);
}
