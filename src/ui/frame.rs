//! The frame around every screen: where we are, how fresh it is, and the tabs.

use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::theme::Role;
use super::{View, format};
use crate::app::Model;
use crate::app::message::Target;
use crate::app::screen::Screen;
use crate::config::duration;
use crate::mesh::{Scope, SourceState, SourceStatus};

/// Data younger than this is live: its age would only flicker.
const LIVE: SignedDuration = SignedDuration::from_secs(15);

/// Line 1: `context · namespace · window · each source with its age · read-only`.
pub(super) fn head(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let dim = view.theme.style(Role::Dim);
    let narrow = area.width < 70;
    let mut parts: Vec<Vec<Span<'static>>> = Vec::new();
    match &model.snapshot {
        Some(snapshot) => {
            let context = format::cut_name(&snapshot.context, if narrow { 12 } else { 30 });
            parts.push(vec![Span::styled(context, view.theme.style(Role::Strong))]);
            let room = if narrow { 12 } else { 30 };
            let scope = format::cut_name(&scope(&snapshot.scope), room);
            parts.push(vec![Span::styled(scope, view.theme.style(Role::Accent))]);
            parts.push(vec![Span::raw(duration::print(model.window))]);
            parts.push(source("k8s", &snapshot.kubernetes, model.now, view));
            let mut prometheus = source("prom", &snapshot.prometheus, model.now, view);
            let warnings = snapshot.telemetry.as_ref().map_or(0, |asked| asked.warnings.len());
            if warnings > 0 {
                let style = view.theme.style(Role::Warn);
                prometheus.push(Span::styled(format!(" ▲{warnings}"), style));
            }
            parts.push(prometheus);
        }
        None => parts.push(vec![Span::styled("connecting …", dim)]),
    }
    if !narrow {
        parts.push(vec![Span::styled("read-only", dim)]);
    }
    let mut spans = vec![Span::raw(" ")];
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            spans.push(Span::styled(" · ", dim));
        }
        spans.extend(part);
    }
    frame.render_widget(Line::from(spans), area);
    right(frame, area, model, view);
}

/// What is not as usual: held still, or at another time.
fn right(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    let mut text = String::new();
    if model.paused {
        text.push_str(if model.held.is_some() { " paused, newer data waits " } else { " paused " });
    }
    if let Some(at) = model.at {
        text.extend([" as of ", &moment(at, model.now), " "]);
    }
    let width = text.chars().count() as u16;
    if width > 0 && width < area.width {
        let area = Rect { x: area.right() - width, width, ..area };
        frame.render_widget(Span::styled(text, view.theme.style(Role::Found)), area);
    }
}

/// A time of the same day without its date, in UTC as metrics have it.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let near = now.duration_since(at) < SignedDuration::from_hours(20);
    at.strftime(if near { "%H:%M:%SZ" } else { "%m-%d %H:%MZ" }).to_string()
}

fn scope(scope: &Scope) -> String {
    match scope {
        Scope::All => "all namespaces".to_owned(),
        Scope::Namespaces(names) => names.join(","),
        Scope::Unset => "…".to_owned(),
    }
}

/// A source with its state and, once it is worth telling, the age of its data.
fn source(
    name: &'static str,
    status: &SourceStatus,
    now: Timestamp,
    view: &View,
) -> Vec<Span<'static>> {
    let age = status.last_data.map(|at| (now.duration_since(at), format::age(at, now)));
    let (mark, role, word) = match (status.state, age) {
        (SourceState::Connecting, _) => ("○", Role::Dim, "…".to_owned()),
        (SourceState::Disabled, _) => ("○", Role::Dim, "off".to_owned()),
        (SourceState::Ok, Some((age, text))) if age >= LIVE => ("●", Role::Good, text),
        (SourceState::Ok, _) => ("●", Role::Good, "live".to_owned()),
        (SourceState::Partial, Some((age, text))) if age >= LIVE => ("▲", Role::Warn, text),
        (SourceState::Partial, _) => ("▲", Role::Warn, "partial".to_owned()),
        (SourceState::Unavailable, Some((_, text))) => ("✕", Role::Bad, format!("{text} old")),
        (SourceState::Unavailable, None) => ("✕", Role::Bad, "down".to_owned()),
    };
    let style = view.theme.style(role);
    vec![Span::raw(format!("{name} ")), Span::styled(format!("{mark} {word}"), style)]
}

/// Line 2: the screens with their digits; as many words as there is room for.
pub(super) fn tabs(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &mut View) {
    let here = model.way.root();
    let words: usize = Screen::ALL.iter().map(|screen| screen.title().len() + 1).sum();
    let gaps = Screen::ALL.len();
    let room = usize::from(area.width);
    let (gap, inner) = match room {
        room if room >= words + 4 * gaps => ("  ", " "),
        room if room >= words + gaps => (" ", ""),
        _ => ("", ""),
    };
    let named = room >= words + gaps;
    let mut x = area.x;
    for screen in Screen::ALL {
        let at = screen == here;
        let title = if named || at { screen.title() } else { "" };
        let (key, word) = if at {
            let tab = view.theme.style(Role::Tab);
            (tab, tab)
        } else {
            (view.theme.style(Role::Key), view.theme.style(Role::Dim))
        };
        let lead = if gap.is_empty() { "" } else { " " };
        let spans = [
            Span::styled(format!("{lead}{}{inner}", screen.digit()), key),
            Span::styled(format!("{title}{}", if gap.len() > 1 { " " } else { "" }), word),
        ];
        let line = Line::from(spans.to_vec());
        let width = (line.width() as u16).min(area.right().saturating_sub(x));
        let tab = Rect { x, y: area.y, width, height: 1 };
        frame.render_widget(line.style(Style::default()), tab);
        view.hits.push((tab, Target::Tab(screen)));
        x += width;
    }
}
