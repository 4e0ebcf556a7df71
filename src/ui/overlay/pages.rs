//! Texts over a screen: the PromQL behind the numbers, and the messages so far.

use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::mesh::{KindState, SourceStatus, Trouble};
use crate::ui::View;
use crate::ui::theme::Role;

/// The queries of the telemetry at hand, as they were sent.
pub(super) fn queries(model: &Model, view: &View) -> Vec<Line<'static>> {
    let Some(snapshot) = &model.snapshot else {
        return vec![dim("nothing was asked yet", view)];
    };
    let Some(telemetry) = &snapshot.telemetry else {
        return vec![dim("Prometheus has not answered yet, or is turned off", view)];
    };
    let mut lines = vec![dim(
        &format!("{} · evaluated {}", snapshot.prometheus.address, telemetry.evaluated_at),
        view,
    )];
    for (part, query) in &telemetry.queries {
        lines.push(Line::default());
        lines.push(Line::styled((*part).to_owned(), view.theme.style(Role::Accent)));
        lines.extend(wrapped(query).into_iter().map(Line::raw));
    }
    lines
}

/// Cuts a query where it may be cut, so that it fits most screens.
fn wrapped(query: &str) -> Vec<String> {
    const ROOM: usize = 74;
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in query.split_inclusive([',', ' ', '(']) {
        if line.len() + piece.len() > ROOM && !line.is_empty() {
            lines.push(format!("  {line}"));
            line.clear();
        }
        line.push_str(piece);
    }
    lines.push(format!("  {line}"));
    lines
}

/// Sources and kinds in trouble, then what was said, latest first.
pub(super) fn messages(model: &Model, view: &View) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(snapshot) = &model.snapshot {
        lines.extend(source("Kubernetes", &snapshot.kubernetes, view));
        lines.extend(source("Prometheus", &snapshot.prometheus, view));
        if let Some(telemetry) = &snapshot.telemetry {
            let told = snapshot.prometheus.trouble.as_ref();
            let others = telemetry.troubles().filter(|trouble| Some(*trouble) != told);
            lines.extend(others.flat_map(|trouble| in_words(trouble, view)));
            for warning in &telemetry.warnings {
                let mark = Span::styled("▲ ", view.theme.style(Role::Warn));
                lines.push(Line::from(vec![
                    mark,
                    Span::raw(format!("Prometheus warns: {warning}")),
                ]));
            }
        }
        for state in snapshot.kinds.values() {
            if let KindState::Forbidden(trouble) | KindState::Failed(trouble) = state {
                lines.extend(in_words(trouble, view));
            }
        }
    }
    for said in model.messages.iter().rev() {
        let time =
            Span::styled(said.at.strftime("%H:%M:%SZ ").to_string(), view.theme.style(Role::Dim));
        match &said.what {
            Ok(text) => lines.push(Line::from(vec![time, Span::raw(text.clone())])),
            Err(trouble) => {
                lines.push(Line::from(vec![
                    time,
                    Span::styled(trouble.to_string(), view.theme.style(Role::Bad)),
                ]));
                lines.extend(hint(trouble, view));
            }
        }
    }
    if lines.is_empty() {
        lines.push(dim("nothing to tell: every source answers", view));
    }
    lines
}

fn source(name: &str, status: &SourceStatus, view: &View) -> Vec<Line<'static>> {
    let Some(trouble) = &status.trouble else { return Vec::new() };
    let since = status.since.map(|at| format!(" since {}", at.strftime("%H:%M:%SZ")));
    let title = format!("{name}{}", since.unwrap_or_default());
    let mut lines = vec![Line::styled(title, view.theme.style(Role::Accent))];
    lines.extend(in_words(trouble, view));
    lines
}

fn in_words(trouble: &Trouble, view: &View) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::from(vec![
            Span::styled("✕ ", view.theme.style(Role::Bad)),
            Span::raw(format!("could not {}", trouble.what)),
        ]),
        dim(&format!("  {}", trouble.why), view),
    ];
    lines.extend(hint(trouble, view));
    lines
}

fn hint(trouble: &Trouble, view: &View) -> Option<Line<'static>> {
    (!trouble.hint.is_empty())
        .then(|| Line::styled(format!("  → {}", trouble.hint), view.theme.style(Role::Accent)))
}

fn dim(text: &str, view: &View) -> Line<'static> {
    Line::styled(text.to_owned(), view.theme.style(Role::Dim))
}
