//! Choosing: namespaces, contexts, the window, the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::action::{ACTIONS, Action};
use crate::app::effect::Effect;
use crate::app::list::Data;
use crate::app::model::Model;
use crate::app::overlay::{Entry, Overlay, Picker, PickerKind};
use crate::config::duration;
use crate::mesh::{Scope, Trouble};

/// Word of the picker for every namespace.
const ALL: &str = "all namespaces";

/// Windows on offer; others may be typed.
const WINDOWS: &[&str] = &["30s", "1m", "2m", "5m", "10m", "30m", "1h", "3h", "6h", "12h", "24h"];

/// The longest window that is asked for: a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Steps back on offer; others, and times, may be typed.
const STEPS: &[&str] = &["1m", "5m", "10m", "15m", "30m", "1h", "3h", "6h", "12h", "24h", "48h"];

/// Opens the picker of an action.
pub(super) fn open(model: &mut Model, action: Action) -> Vec<Effect> {
    let picker = match action {
        Action::Command => Picker::new(PickerKind::Command, commands(model)),
        Action::Namespaces => namespaces(model),
        Action::Contexts => {
            let mut picker = Picker::new(PickerKind::Context, Vec::new());
            picker.data = Data::Waiting;
            model.overlay = Some(Overlay::Picker(picker));
            return vec![Effect::ListContexts];
        }
        Action::Window => {
            let entries = WINDOWS.iter().map(|w| Entry::new(*w, "rates over this long")).collect();
            Picker::new(PickerKind::Window, entries).starting_at(&duration::print(model.window))
        }
        _ => {
            let ago = STEPS.iter().map(|step| Entry::new(format!("{step} ago"), ""));
            let entries = [Entry::new("now", "live")].into_iter().chain(ago).collect();
            Picker::new(PickerKind::Time, entries)
        }
    };
    model.overlay = Some(Overlay::Picker(picker));
    Vec::new()
}

/// Every action as a command, with the key that does the same.
fn commands(model: &Model) -> Vec<Entry> {
    let layers = model.layers();
    let here = ACTIONS.iter().filter(|row| layers.contains(&row.layer));
    here.map(|row| Entry {
        word: row.name.to_owned(),
        about: row.about.to_owned(),
        key: model
            .keymap
            .keys(row.layer, row.action)
            .first()
            .map(ToString::to_string)
            .unwrap_or_default(),
    })
    .collect()
}

fn namespaces(model: &Model) -> Picker {
    let mut entries = vec![Entry::new(ALL, "")];
    if let Some(picture) = &model.picture {
        entries.extend(picture.inventory.namespaces.values().map(|info| {
            let pods = info.pods;
            let about = if pods.total == 0 {
                String::new()
            } else {
                format!("{}/{} pods ready", pods.ready, pods.total)
            };
            Entry::new(&*info.name, about)
        }));
    }
    let picker = Picker::new(PickerKind::Namespace, entries);
    match model.snapshot.as_ref().map(|snapshot| &snapshot.scope) {
        Some(Scope::Namespaces(names)) => {
            picker.starting_at(names.first().map_or(ALL, |name| name))
        }
        _ => picker,
    }
}

/// What was chosen in a picker other than the command's.
pub(super) fn chosen(model: &mut Model, picker: &Picker, typed: &str) -> Vec<Effect> {
    let selected = picker.selected().map(|entry| entry.word.clone());
    match picker.kind {
        PickerKind::Namespace => {
            let mut names: BTreeSet<String> = picker.marked.clone();
            // Without the right to list namespaces, a name that is typed must do.
            if names.is_empty() {
                names.extend(selected.or_else(|| (!typed.is_empty()).then(|| typed.to_owned())));
            }
            scope(model, scope_of(names.iter().map(String::as_str)))
        }
        PickerKind::Context => match selected {
            Some(name) => vec![Effect::SetContext(name)],
            None => Vec::new(),
        },
        PickerKind::Window => window(model, selected.as_deref().unwrap_or(typed)),
        PickerKind::Time => moment(model, selected.as_deref().unwrap_or(typed)),
        PickerKind::Caller | PickerKind::Called => {
            let words = selected.filter(|_| typed.is_empty() || picker.finds(typed));
            super::route::set(model, words.as_deref().unwrap_or(typed))
        }
        PickerKind::Command => Vec::new(),
    }
}

/// The scope that names mean; `all namespaces` among them means all.
pub(super) fn scope_of<'a>(names: impl Iterator<Item = &'a str>) -> Scope {
    let names: BTreeSet<&str> = names.collect();
    if names.is_empty() || names.contains(ALL) || names.contains("all") {
        return Scope::All;
    }
    Scope::Namespaces(names.into_iter().map(Arc::from).collect())
}

pub(super) fn scope(model: &mut Model, scope: Scope) -> Vec<Effect> {
    if model.snapshot.as_ref().is_some_and(|snapshot| snapshot.scope == scope) {
        return Vec::new();
    }
    vec![Effect::SetScope(scope)]
}

/// Sets the window from its words, e.g. `5m`.
pub(super) fn window(model: &mut Model, text: &str) -> Vec<Effect> {
    match duration::parse(text) {
        Ok(window) if (Duration::from_secs(1)..=LONGEST).contains(&window) => {
            model.window = window;
            vec![Effect::SetWindow(window)]
        }
        _ => {
            model.say(Err(Trouble::new(
                format!("set the window to {text:?}"),
                "it is not a length of time between 1s and 7d",
                "write it like 30s, 5m, 1h",
            )));
            Vec::new()
        }
    }
}

/// Goes to a moment from its words: `now`, `5m ago`, `5m`, or a time.
pub(super) fn moment(model: &mut Model, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if text == "now" {
        return time(model, None);
    }
    let ago = duration::parse(text.trim_end_matches("ago").trim_start_matches('-')).ok();
    let at = match ago.and_then(|ago| SignedDuration::try_from(ago).ok()) {
        Some(ago) => model.now.checked_sub(ago).ok(),
        None => text.parse::<Timestamp>().ok().or_else(|| {
            text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
        }),
    };
    match at {
        Some(at) if at <= model.now => time(model, Some(at)),
        _ => {
            model.say(Err(Trouble::new(
                format!("go to {text:?}"),
                "it is not a time in the past",
                "write 5m, 2026-11-23T14:05:00Z, a Unix time, or now",
            )));
            Vec::new()
        }
    }
}

/// Shows telemetry as of a moment, or live.
pub(super) fn time(model: &mut Model, at: Option<Timestamp>) -> Vec<Effect> {
    if model.at == at {
        return Vec::new();
    }
    model.at = at;
    vec![Effect::SetTime(at)]
}

/// One window earlier or later; later than now is now.
pub(super) fn shift(model: &mut Model, by: i32) -> Vec<Effect> {
    let window = SignedDuration::try_from(model.window).unwrap_or(SignedDuration::from_mins(1));
    let from = model.at.unwrap_or(model.now);
    let to = from.checked_add(window * by).ok().filter(|to| *to < model.now);
    if by > 0 && model.at.is_none() {
        return Vec::new();
    }
    time(model, to)
}
