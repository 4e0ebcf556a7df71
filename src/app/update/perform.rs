//! Actions: what each one does.

use tui_input::Input;

use super::{choose, drawn, matrix, open, route};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::list::ListState;
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::screen::{Place, Screen};
use crate::mesh::{Scope, Trouble};

/// Does what an action says.
pub(super) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    let graph = matrix::perform(model, action).or_else(|| drawn::perform(model, action));
    if let Some(effects) = graph {
        return effects;
    }
    match action {
        Action::Up => step(model, -1),
        Action::Down => step(model, 1),
        Action::PageUp => page(model, -1),
        Action::PageDown => page(model, 1),
        Action::Top => step(model, isize::MIN),
        Action::Bottom => step(model, isize::MAX),
        Action::NextProblem => problem(model, true),
        Action::PreviousProblem => problem(model, false),
        Action::SortBy(letter) => sort(model, letter),
        Action::Reverse => reverse(model),
        Action::Help => model.overlay = Some(Overlay::Help(0)),
        Action::Queries => model.overlay = Some(Overlay::Queries(0)),
        Action::Messages => model.overlay = Some(Overlay::Messages(0)),
        Action::Filter => model.overlay = Some(Overlay::Filter(Input::new(filter(model)))),
        other => return ask(model, other),
    }
    Vec::new()
}

/// Actions that go somewhere or ask the world for something.
fn ask(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Go(screen) => go(model, screen),
        Action::Enter if *model.way.place() == Place::Screen(Screen::Route) => route::enter(model),
        Action::Enter => open::enter(model),
        Action::Back => back(model),
        Action::Quit => quit(model),
        Action::Yaml | Action::Detail | Action::TextForm => open::text(model, action),
        Action::Meaning => open::meaning(model),
        Action::Group => {
            group(model);
            Vec::new()
        }
        Action::Copy => open::copy(model),
        Action::Pods => open::pods(model),
        Action::Pause => pause(model),
        Action::Refresh => vec![Effect::Refresh],
        Action::Repaint => vec![Effect::Repaint],
        Action::Suspend => vec![Effect::Suspend],
        Action::Mouse => {
            model.mouse = !model.mouse;
            model.say(Ok(format!("mouse {}", if model.mouse { "on" } else { "off" })));
            vec![Effect::Mouse(model.mouse)]
        }
        Action::AllNamespaces => choose::scope(model, Scope::All),
        Action::Earlier => choose::shift(model, -1),
        Action::Later => choose::shift(model, 1),
        Action::Live => choose::time(model, None),
        Action::Command | Action::Namespaces | Action::Contexts | Action::Window | Action::Time => {
            choose::open(model, action)
        }
        Action::NextField => route::step(model, true),
        Action::PreviousField => route::step(model, false),
        Action::ClearField => route::set(model, ""),
        Action::Explain => route::explain(model),
        Action::Debug => route::about_selected(model),
        Action::GraphType | Action::ServiceNodes | Action::Idle => graph(model, action),
        other => drawn::graph(model, other),
    }
}

/// Other nodes, and so perhaps other queries.
fn graph(model: &mut Model, action: Action) -> Vec<Effect> {
    let options = &mut model.wanted.graph;
    match action {
        Action::GraphType => {
            options.graph_type = options.graph_type.next();
            let name = options.graph_type.name();
            model.say(Ok(format!("nodes: {name}")));
        }
        Action::ServiceNodes => options.service_nodes = !options.service_nodes,
        _ => options.idle = !options.idle,
    }
    let options = model.wanted.graph.clone();
    let mut effects = model.derive();
    effects.push(Effect::SetGraph(options));
    effects
}

/// Goes to a screen, as its digit does.
pub(super) fn go(model: &mut Model, screen: Screen) -> Vec<Effect> {
    model.way.go(screen);
    arrive(model)
}

/// Brings the place just come to up to date.
pub(super) fn arrive(model: &mut Model) -> Vec<Effect> {
    super::renew(model);
    let mut effects = model.render();
    effects.extend(model.ask());
    effects
}

fn back(model: &mut Model) -> Vec<Effect> {
    let cleared = match model.way.place() {
        Place::Screen(_) => model.with_list(ListState::clear).unwrap_or_default(),
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            !std::mem::take(&mut model.text.search).is_empty()
        }
    };
    if !cleared && model.way.back() {
        return arrive(model);
    }
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.way.back() {
        return arrive(model);
    }
    model.quit = true;
    vec![Effect::Quit]
}

/// Moves the selection or the text.
pub(super) fn step(model: &mut Model, by: isize) {
    match model.way.place() {
        Place::Screen(Screen::Route) => {
            let lines = match &model.route.answer {
                Some(Ok(doc)) => doc.lines.len(),
                _ => 0,
            };
            model.route.top = model.route.top.saturating_add_signed(by).min(lines);
        }
        Place::Screen(_) => {
            model.with_list(|list, table| list.step(table, by));
        }
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            let page = model.page();
            let lines = match &model.text.text {
                Some(Ok(doc)) => doc.lines.len(),
                _ => 0,
            };
            let last = lines.saturating_sub(page);
            model.text.top = model.text.top.saturating_add_signed(by).min(last);
        }
    }
}

fn page(model: &mut Model, by: isize) {
    let rows = isize::try_from(model.page()).unwrap_or(1);
    step(model, by * rows);
}

fn problem(model: &mut Model, forward: bool) {
    if !model.text.search.is_empty() && model.way.place().screen().is_none() {
        return found(model, forward);
    }
    if model.with_list(|list, table| list.problem(table, forward)) == Some(false) {
        model.say(Ok("nothing here is in trouble".to_owned()));
    }
}

/// To the next line of the text that holds what was searched.
fn found(model: &mut Model, forward: bool) {
    let Some(Ok(doc)) = &model.text.text else { return };
    let lines = doc.find(&model.text.search);
    let top = model.text.top;
    let next = if forward {
        lines.iter().find(|line| **line > top).or_else(|| lines.first())
    } else {
        lines.iter().rev().find(|line| **line < top).or_else(|| lines.last())
    };
    if let Some(line) = next {
        model.text.top = *line;
    } else {
        let text = format!("{:?} is not in this text", model.text.search);
        model.say(Ok(text));
    }
}

fn sort(model: &mut Model, letter: char) {
    if model.with_list(|list, table| list.sort_by(table, letter)) == Some(false) {
        let letters = model.table().map(|table| {
            table.columns.iter().filter_map(|c| c.letter.map(|l| format!("{l} {}", c.title)))
        });
        let letters: Vec<String> = letters.into_iter().flatten().collect();
        model.say(Err(Trouble::new(
            format!("sort by {letter}"),
            "no column has this letter",
            letters.join(", "),
        )));
    }
}

/// Findings by object, by code, by level again: sorted by a column that groups.
fn group(model: &mut Model) {
    let title = model.with_list(ListState::group).flatten();
    model.say(Ok(title.map_or_else(|| "by level".to_owned(), |t| format!("by {t}"))));
}

fn reverse(model: &mut Model) {
    model.with_list(ListState::reverse);
}

/// The filter or search at hand, to go on writing it.
fn filter(model: &Model) -> String {
    match model.way.place() {
        Place::Screen(_) => model.list().map(|list| list.filter.clone()).unwrap_or_default(),
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            model.text.search.clone()
        }
    }
}

fn pause(model: &mut Model) -> Vec<Effect> {
    model.paused = !model.paused;
    match model.held.take() {
        Some(held) if !model.paused => super::take(model, held),
        held => {
            model.held = held.filter(|_| model.paused).or_else(|| model.held.clone());
            Vec::new()
        }
    }
}
