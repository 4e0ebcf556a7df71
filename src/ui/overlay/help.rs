//! Help: every key that applies, from the table of actions.

use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::app::action::{ACTIONS, Layer};
use crate::ui::View;
use crate::ui::theme::Role;

/// Every key of the place at hand first, then of everywhere, then the sort letters.
pub(super) fn lines(model: &Model, view: &View) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(table) = model.table() {
        let letters: Vec<Span<'static>> = table
            .columns
            .iter()
            .filter_map(|column| Some((column.letter?, column.title.to_lowercase())))
            .flat_map(|(letter, title)| {
                [
                    Span::styled(letter.to_string(), view.theme.style(Role::Key)),
                    Span::raw(format!(" {title}  ")),
                ]
            })
            .collect();
        if !letters.is_empty() {
            lines.push(heading("Sort by (again: the other way round)", view));
            lines.extend(letters.chunks(12).map(|some| {
                let mut spans = vec![Span::raw("  ")];
                spans.extend_from_slice(some);
                Line::from(spans)
            }));
        }
    }
    for layer in model.layers() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(heading(layer.title(), view));
        lines.extend(of(*layer, model, view));
    }
    lines
}

fn heading(text: &str, view: &View) -> Line<'static> {
    Line::styled(text.to_owned(), view.theme.style(Role::Accent))
}

fn of(layer: Layer, model: &Model, view: &View) -> Vec<Line<'static>> {
    let rows = ACTIONS.iter().filter(|row| row.layer == layer);
    rows.filter_map(|row| {
        let keys = model.keymap.keys(layer, row.action);
        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        (!keys.is_empty()).then(|| {
            Line::from(vec![
                Span::styled(format!("  {keys:<18}"), view.theme.style(Role::Key)),
                Span::raw(format!("{:<17}", row.name)),
                Span::styled(row.about, view.theme.style(Role::Dim)),
            ])
        })
    })
    .collect()
}
