//! Choosing from a list: a line to type in, and what matches below it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::window;
use crate::app::list::Data;
use crate::app::message::Target;
use crate::app::overlay::{Entry, Picker};
use crate::ui::theme::Role;
use crate::ui::widget::notice;
use crate::ui::{View, format, hints};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, picker: &Picker, view: &mut View) {
    let width = area.width.min(76);
    let height = area.height.saturating_sub(2).clamp(4, 22).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 3,
        width,
        height,
    };
    let inside = window(frame, place, picker.kind.title(), view);
    let line = Rect { height: 1, ..inside };
    hints::line_being_written(frame, line, "› ", &picker.input, view);
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    match &picker.data {
        Data::Waiting => return notice::calm(frame, list, "reading …", view),
        Data::Failed(trouble) => return notice::trouble(frame, list, trouble, view),
        Data::Loaded(_) => {}
    }
    if picker.selected().is_none() {
        return notice::calm(frame, list, "nothing matches", view);
    }
    let room = usize::from(list.height);
    let offset = (picker.position() + 1).saturating_sub(room);
    let words = picker.entries.iter().map(|entry| entry.word.width()).max().unwrap_or(0);
    let words = words.clamp(8, usize::from(list.width) * 2 / 3);
    for (line, entry) in picker.shown().skip(offset).take(room).enumerate() {
        let at = offset + line;
        let row = Rect { y: list.y + line as u16, height: 1, ..list };
        let marked = picker.marked.contains(&entry.word);
        self::entry(frame, row, entry, (words, at == picker.position(), marked), view);
        view.hits.push((row, Target::Row(at)));
    }
    if picker.kind.several() {
        let text = Line::styled(" tab marks several ", view.theme.style(Role::Dim)).right_aligned();
        let below = Rect { y: place.bottom() - 1, height: 1, width: place.width - 1, ..place };
        frame.render_widget(text, below);
    }
}

fn entry(
    frame: &mut Frame<'_>,
    row: Rect,
    entry: &Entry,
    (words, chosen, marked): (usize, bool, bool),
    view: &View,
) {
    let on = |style: Style| if chosen { view.theme.on_selected(style) } else { style };
    if chosen {
        frame.buffer_mut().set_style(row, view.theme.style(Role::Selected));
    }
    let mark = if marked { "✓ " } else { "  " };
    let word = format!("{mark}{}", format::cut_name(&entry.word, words));
    let strong = on(view.theme.style(Role::Strong));
    frame.buffer_mut().set_string(row.x, row.y, word, strong);
    let about_at = row.x + words as u16 + 4;
    let key = entry.key.width() as u16;
    let room = row.right().saturating_sub(about_at + key + 1);
    let about = format::cut(&entry.about, usize::from(room));
    frame.buffer_mut().set_string(about_at, row.y, about, on(view.theme.style(Role::Dim)));
    let key_at = row.right().saturating_sub(key);
    let style = on(view.theme.style(Role::Key));
    frame.buffer_mut().set_string(key_at, row.y, &entry.key, style);
}
