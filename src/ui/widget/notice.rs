//! What stands in place of data: waiting, nothing there, failed with reason and what to do.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

use crate::mesh::Trouble;
use crate::ui::View;
use crate::ui::theme::Role;

/// One calm line.
pub(in crate::ui) fn calm(frame: &mut Frame<'_>, area: Rect, text: &str, view: &View) {
    let line = Line::styled(format!("  {text}"), view.theme.style(Role::Dim));
    frame.render_widget(Paragraph::new(line).wrap(Wrap { trim: false }), below(area));
}

/// What failed, why, and what to do.
pub(in crate::ui) fn trouble(frame: &mut Frame<'_>, area: Rect, trouble: &Trouble, view: &View) {
    let mut lines = vec![
        Line::from(vec![
            Span::styled("✕ ", view.theme.style(Role::Bad)),
            Span::styled(format!("could not {}", trouble.what), view.theme.style(Role::Strong)),
        ]),
        Line::styled(trouble.why.clone(), view.theme.style(Role::Text)),
    ];
    if !trouble.hint.is_empty() {
        lines.push(Line::styled(format!("→ {}", trouble.hint), view.theme.style(Role::Accent)));
    }
    let area = below(area);
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    frame.render_widget(Paragraph::new(Text::from(lines)).wrap(Wrap { trim: false }), area);
}

/// A line of air above, where there is room.
fn below(area: Rect) -> Rect {
    let air = u16::from(area.height > 4);
    Rect { y: area.y + air, height: area.height - air, ..area }
}
