//! The route debugger: the request in fields, the answer below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::app::Model;
use crate::app::list::Tone;
use crate::app::overlay::Overlay;
use crate::app::route::Field;
use crate::ui::theme::Role;
use crate::ui::widget::notice;
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
            let width = usize::from(body.width).max(1);
            let lines = doc.lines.iter().skip(model.route.top);
            let folded = lines.flat_map(|line| fold(line, width));
            for ((tone, text), y) in folded.zip(body.y..body.bottom()) {
                let line = Line::styled(text, view.theme.style(tone));
                frame.render_widget(line, Rect { y, height: 1, ..body });
            }
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

/// A line in pieces no wider than the window, broken between words; what follows is indented
/// like the first.
fn fold(line: &[(Tone, String)], width: usize) -> Vec<(Tone, String)> {
    let tone = line.first().map_or(Tone::Text, |(tone, _)| *tone);
    let text: String = line.iter().map(|(_, text)| text.as_str()).collect();
    if text.width() <= width {
        return vec![(tone, text)];
    }
    let indent = text.chars().take_while(|c| *c == ' ').count().min(width / 2);
    let mut lines = Vec::new();
    let mut now = String::new();
    for word in text.split_inclusive(' ') {
        if now.width() + word.trim_end().width() > width && now.trim() != "" {
            lines.push((tone, std::mem::replace(&mut now, " ".repeat(indent))));
        }
        for letter in word.chars() {
            if now.width() + letter.width().unwrap_or_default() > width && letter != ' ' {
                lines.push((tone, std::mem::replace(&mut now, " ".repeat(indent))));
            }
            now.push(letter);
        }
    }
    lines.push((tone, now));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_words_and_long_words_inside() {
        let folded = |text: &str, width| -> Vec<String> {
            fold(&[(Tone::Text, text.to_owned())], width).into_iter().map(|(_, t)| t).collect()
        };
        assert_eq!(folded("  one two three", 9), ["  one two ", "  three"]);
        assert!(folded(&"x".repeat(30), 8).iter().all(|line| line.width() <= 8));
    }
}
