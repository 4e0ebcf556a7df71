//! The command line: `:pods`, `:ns default`, `:time 5m`, `:q`.

use super::{choose, open, perform};
use crate::app::action::{ACTIONS, Action};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::mesh::{Scope, Trouble};

/// Other words for actions, as the fingers of k9s and vi have them.
const ALIASES: &[(&str, Action)] = &[
    ("q", Action::Quit),
    ("q!", Action::Quit),
    ("exit", Action::Quit),
    ("h", Action::Help),
    ("namespace", Action::Namespaces),
    ("namespaces", Action::Namespaces),
    ("context", Action::Contexts),
    ("contexts", Action::Contexts),
    ("queries", Action::Queries),
    ("errors", Action::Messages),
];

/// Runs what was typed; a beginning of a word runs the entry that is selected.
pub(super) fn run(model: &mut Model, typed: &str, selected: Option<&str>) -> Vec<Effect> {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let known = action(word).map(|action| (action, rest.trim()));
    match known.or_else(|| Some((action(selected?)?, ""))) {
        // `:q` leaves from wherever one is; the key `q` goes back first.
        Some((Action::Quit, _)) => {
            model.quit = true;
            vec![Effect::Quit]
        }
        Some((action, "")) => perform::perform(model, action),
        Some((action, rest)) => with_argument(model, action, rest),
        None if typed.is_empty() => Vec::new(),
        None => {
            model.say(Err(Trouble::new(
                format!("run {typed:?}"),
                "there is no such command",
                "`:` lists them, `?` shows every key",
            )));
            Vec::new()
        }
    }
}

fn action(word: &str) -> Option<Action> {
    let named = ACTIONS.iter().find(|row| row.name.eq_ignore_ascii_case(word));
    let alias = || ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word));
    named
        .map(|row| row.action)
        .or_else(|| alias().map(|(_, action)| *action))
        .or_else(|| Screen::named(word).map(Action::Go))
}

fn with_argument(model: &mut Model, action: Action, rest: &str) -> Vec<Effect> {
    match action {
        Action::Namespaces => {
            let names = rest.split([',', ' ']).filter(|name| !name.is_empty());
            choose::scope(model, choose::scope_of(names))
        }
        Action::Contexts => vec![Effect::SetContext(rest.to_owned())],
        Action::Window => choose::window(model, rest),
        Action::Time => choose::moment(model, rest),
        Action::Go(screen) => to_screen(model, screen, rest),
        other => perform::perform(model, other),
    }
}

/// `:pods NAMESPACE`, `:pods /text`, or both, as k9s has it; `-A` or `all` for every namespace.
fn to_screen(model: &mut Model, screen: Screen, rest: &str) -> Vec<Effect> {
    let mut effects = perform::go(model, screen);
    let (names, filter) = rest.split_once('/').map_or((rest, None), |(n, f)| (n, Some(f)));
    if let Some(text) = filter {
        open::filter(model, text.trim());
    }
    match names.trim() {
        "" => {}
        "-A" => effects.extend(choose::scope(model, Scope::All)),
        names => {
            let names = names.split([',', ' ']).filter(|name| !name.is_empty());
            effects.extend(choose::scope(model, choose::scope_of(names)));
        }
    }
    effects
}
