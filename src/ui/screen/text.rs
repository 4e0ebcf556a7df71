//! The text of an object: YAML, or in words.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::app::screen::{Place, TextKind};
use crate::ui::theme::Role;
use crate::ui::widget::notice;
use crate::ui::{View, format};

pub(in crate::ui) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let title = match model.way.place() {
        Place::Object(object, TextKind::Yaml) => format!("{object} · yaml"),
        Place::Object(object, TextKind::Detail) => object.to_string(),
        Place::Line(object, path) => format!("{object} · {path}"),
        Place::Rule(code) => (*code).to_owned(),
        Place::Node(id) => id.to_string(),
        Place::Call(call) => format!("{} → {}", call.from, call.to),
        Place::Screen(_) => String::new(),
    };
    let title = format::cut(&title, usize::from(area.width).saturating_sub(2));
    let line = Line::styled(format!(" {title}"), view.theme.style(Role::Header));
    frame.render_widget(line, area);
    let body = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(1),
    };
    match &model.text.text {
        None => notice::calm(frame, body, "reading …", view),
        Some(Err(trouble)) => notice::trouble(frame, body, trouble, view),
        Some(Ok(doc)) => {
            let found = doc.find(&model.text.search);
            let lines = doc.lines.iter().enumerate().skip(model.text.top);
            for ((at, line), y) in lines.zip(body.y..body.bottom()) {
                let spans = line.iter().map(|(tone, text)| {
                    let style = view.theme.style(*tone);
                    let style = if found.contains(&at) || doc.marked == Some(at) {
                        style.patch(view.theme.style(Role::Found))
                    } else {
                        style
                    };
                    Span::styled(text.replace('\t', "  "), style)
                });
                let area = Rect { y, height: 1, ..body };
                frame.render_widget(Line::from(spans.collect::<Vec<_>>()), area);
            }
        }
    }
}
