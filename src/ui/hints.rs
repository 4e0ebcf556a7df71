//! The last line: the few keys that apply here, or what there is to say.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::theme::Role;
use super::{View, format};
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::list::ListState;
use crate::app::overlay::Overlay;
use crate::app::picture::Drawn;
use crate::app::screen::{Place, Screen};

/// A key's action, the layer it is bound in, and the word for it.
type Hint = (Action, Layer, &'static str);

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, view: &View) {
    if let Some(Overlay::Filter(input)) = &model.overlay {
        return line_being_written(frame, area, "/", input, view);
    }
    if let Some(said) = &model.message {
        let (text, role) = match &said.what {
            Ok(text) => (text.clone(), Role::Accent),
            Err(trouble) if trouble.hint.is_empty() => (trouble.to_string(), Role::Bad),
            Err(trouble) => (format!("{trouble} → {}", trouble.hint), Role::Bad),
        };
        let text = format::cut(&text, usize::from(area.width).saturating_sub(2));
        frame.render_widget(Span::styled(format!(" {text}"), view.theme.style(role)), area);
        return;
    }
    let state = state(model);
    let room = usize::from(area.width).saturating_sub(state.width() + 2);
    let mut spans = vec![Span::raw(" ")];
    let mut width = 1;
    for (action, layer, word) in hints(model) {
        let Some(key) = model.keymap.keys(layer, action).first().map(ToString::to_string) else {
            continue;
        };
        let needs = key.width() + 1 + word.width() + 2;
        if width + needs > room {
            break;
        }
        width += needs;
        spans.push(Span::styled(key, view.theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}  "), view.theme.style(Role::Dim)));
    }
    frame.render_widget(Line::from(spans), area);
    let state = Line::styled(format!("{state} "), view.theme.style(Role::Dim));
    frame.render_widget(state.right_aligned(), area);
}

/// The line that is being written, with the cursor in it.
pub(super) fn line_being_written(
    frame: &mut Frame<'_>,
    area: Rect,
    prompt: &str,
    input: &tui_input::Input,
    view: &View,
) {
    let lead = prompt.width() as u16;
    let room = usize::from(area.width.saturating_sub(lead + 1)).max(1);
    let scroll = input.visual_scroll(room);
    let text: String = input.value().chars().skip(scroll).collect();
    let spans = [
        Span::styled(prompt.to_owned(), view.theme.style(Role::Key)),
        Span::raw(format::cut(&text, room)),
    ];
    frame.render_widget(ratatui::widgets::Clear, area);
    frame.render_widget(Line::from(spans.to_vec()), area);
    let cursor = input.visual_cursor().saturating_sub(scroll) as u16;
    frame.set_cursor_position((area.x + lead + cursor.min(area.width), area.y));
}

/// On the right: position, count, filter, sort.
fn state(model: &Model) -> String {
    if model.way.place().screen().is_none() {
        return match (&model.text.text, model.text.search.as_str()) {
            (Some(Ok(doc)), "") => format!("{}/{}", model.text.top + 1, doc.lines.len().max(1)),
            (Some(Ok(doc)), search) => format!("/{search} {} lines", doc.find(search).len()),
            _ => String::new(),
        };
    }
    if let Some(drawn) = model.drawn() {
        return drawn_state(model, drawn);
    }
    if let Some(matrix) = model.matrix() {
        let at = matrix.at(model.drawing.cell());
        return format!("{} × {} of {}", at.0 + 1, at.1 + 1, matrix.boxes.len());
    }
    let (Some(list), Some(table)) = (model.list(), model.table()) else { return String::new() };
    let mut parts = Vec::new();
    if let Some(limit) = list.limit() {
        parts.push(format!("of {limit}"));
    }
    if !list.filter.is_empty() {
        parts.push(format!("/{}", list.filter));
    }
    if let Some(sort) = list.sort {
        let title = table.columns.get(sort.column).map_or("", |column| column.title);
        parts.push(format!("{title}{}", if sort.descending { "↓" } else { "↑" }));
    }
    parts.push(count(list, table.rows.len()));
    parts.join(" · ")
}

/// Of the drawn graph: what was searched, the neighbourhood, labels, how much is there.
fn drawn_state(model: &Model, drawn: &Drawn) -> String {
    let mut parts = Vec::new();
    if let Some(list) = model.list().filter(|list| !list.filter.is_empty()) {
        parts.push(format!("/{}", list.filter));
    }
    if let Some(focus) = &drawn.focus {
        parts.push(format!("focus {}", focus.hops));
    }
    parts.push(drawn.options.labels.name().to_owned());
    let shown: usize = drawn.scene.boxes.iter().map(|item| item.rows.len()).sum();
    parts.push(match drawn.left_out {
        0 => format!("{shown} nodes"),
        out => format!("{shown} of {} nodes", shown + out),
    });
    parts.join(" · ")
}

fn count(list: &ListState, all: usize) -> String {
    let at = if list.is_empty() { 0 } else { list.position() + 1 };
    if list.len() == all { format!("{at}/{all}") } else { format!("{at}/{} of {all}", list.len()) }
}

/// The keys worth telling here, the most useful first.
fn hints(model: &Model) -> Vec<Hint> {
    const ENTER: Hint = (Action::Enter, Layer::Everywhere, "open");
    const HELP: Hint = (Action::Help, Layer::Everywhere, "help");
    const FILTER: Hint = (Action::Filter, Layer::Everywhere, "filter");
    const COMMAND: Hint = (Action::Command, Layer::Everywhere, "command");
    const NS: Hint = (Action::Namespaces, Layer::Everywhere, "namespaces");
    const YAML: Hint = (Action::Yaml, Layer::Everywhere, "yaml");
    const PODS: Hint = (Action::Pods, Layer::List, "pods");
    const COPY: Hint = (Action::Copy, Layer::Everywhere, "copy");
    const WHY: Hint = (Action::Debug, Layer::Everywhere, "why");
    const PROBLEM: Hint = (Action::NextProblem, Layer::Everywhere, "next problem");
    match model.way.place() {
        Place::Screen(Screen::Overview) => vec![ENTER, HELP, COMMAND, NS, FILTER, PODS, PROBLEM],
        Place::Screen(Screen::Graph) => vec![
            ENTER,
            HELP,
            (Action::GraphView, Layer::Graph, model.drawing.form.next().name()),
            (
                Action::Edges,
                Layer::Graph,
                if model.drawing.edge().is_some() { "nodes" } else { "edges" },
            ),
            (Action::Focus, Layer::Graph, "focus"),
            PROBLEM,
            (Action::Panel, Layer::Graph, "details"),
            (Action::Labels, Layer::Graph, "labels"),
            (Action::GraphType, Layer::Graph, "type"),
            (Action::Window, Layer::Everywhere, "window"),
        ],
        Place::Screen(Screen::Services) => vec![ENTER, HELP, PODS, WHY, YAML, FILTER, PROBLEM],
        Place::Screen(Screen::Splits) => vec![ENTER, HELP, PODS, WHY, FILTER, PROBLEM],
        Place::Screen(Screen::Gateways) => vec![ENTER, HELP, COPY, YAML, FILTER],
        Place::Screen(Screen::Route) => vec![
            (Action::Enter, Layer::Everywhere, "change"),
            HELP,
            (Action::NextField, Layer::Route, "next field"),
            (Action::Explain, Layer::Route, "explain"),
            COPY,
        ],
        Place::Screen(Screen::Findings) => vec![
            ENTER,
            (Action::Meaning, Layer::Findings, "what it means"),
            (Action::Group, Layer::Findings, "group"),
            FILTER,
            PROBLEM,
            NS,
            COPY,
        ],
        Place::Screen(Screen::Pods | Screen::Events) => {
            vec![ENTER, HELP, YAML, FILTER, PROBLEM, NS, COPY]
        }
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            vec![
                (Action::Back, Layer::Everywhere, "back"),
                HELP,
                (Action::TextForm, Layer::Text, "yaml or words"),
                (Action::Filter, Layer::Everywhere, "search"),
                COPY,
            ]
        }
    }
}
