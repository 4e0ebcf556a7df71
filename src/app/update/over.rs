//! Keys while something lies over the screen.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;

use super::{choose, command, drawn, perform};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Chord;
use crate::app::model::Model;
use crate::app::overlay::{Overlay, PickerKind};
use crate::app::screen::Place;

pub(super) fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    let control_c =
        event.code == KeyCode::Char('c') && event.modifiers.contains(KeyModifiers::CONTROL);
    if control_c {
        model.quit = true;
        return vec![Effect::Quit];
    }
    match &model.overlay {
        Some(Overlay::Help(_) | Overlay::Queries(_) | Overlay::Messages(_)) => page(model, event),
        Some(Overlay::Filter(_)) => filter(model, event),
        Some(Overlay::Picker(_)) => picker(model, event),
        Some(Overlay::Field(_)) => super::route::key(model, event),
        None => Vec::new(),
    }
}

/// Text over the screen: it moves by the keys of everywhere, and any way out closes it.
fn page(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    let page = isize::try_from(model.page()).unwrap_or(1);
    let by = match model.keymap.action(&[crate::app::action::Layer::Everywhere], Chord::from(event))
    {
        Some(Action::Up) => -1,
        Some(Action::Down) => 1,
        Some(Action::PageUp) => -page,
        Some(Action::PageDown) => page,
        Some(Action::Top) => isize::MIN,
        Some(Action::Bottom) => isize::MAX,
        _ => {
            model.overlay = None;
            return Vec::new();
        }
    };
    super::scroll(model, by)
}

/// The filter acts while it is written; `esc` takes it away, `enter` keeps it.
fn filter(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Filter(mut input)) = model.overlay.take() else { return Vec::new() };
    match event.code {
        KeyCode::Enter => return drawn::found(model),
        KeyCode::Esc => {
            apply_filter(model, "");
            return Vec::new();
        }
        // The list can be walked while the filter is written.
        KeyCode::Up => perform::step(model, -1),
        KeyCode::Down => perform::step(model, 1),
        _ => {
            input.handle_event(&Event::Key(event));
            apply_filter(model, input.value());
        }
    }
    model.overlay = Some(Overlay::Filter(input));
    Vec::new()
}

fn apply_filter(model: &mut Model, text: &str) {
    match model.way.place() {
        Place::Screen(_) => {
            model.with_list(|list, table| {
                text.clone_into(&mut list.filter);
                list.renew(table);
            });
            drawn::find(model, text);
        }
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            text.clone_into(&mut model.text.search);
            if let Some(Ok(doc)) = &model.text.text {
                let top = model.text.top;
                let lines = doc.find(text);
                let line = lines.iter().find(|line| **line >= top).or_else(|| lines.first());
                model.text.top = line.copied().unwrap_or(top);
            }
        }
    }
}

fn picker(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    let page = isize::try_from(model.page()).unwrap_or(1);
    let Some(Overlay::Picker(picker)) = &mut model.overlay else { return Vec::new() };
    match (event.code, event.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Esc, _) => model.overlay = None,
        (KeyCode::Enter, _) => return chosen(model),
        (KeyCode::Up, _) | (KeyCode::Char('p' | 'k'), true) => picker.step(-1),
        (KeyCode::Down, _) | (KeyCode::Char('n' | 'j'), true) => picker.step(1),
        (KeyCode::PageUp, _) => picker.step(-page),
        (KeyCode::PageDown, _) => picker.step(page),
        (KeyCode::Tab, _) if picker.kind.several() => picker.mark(),
        (KeyCode::Tab | KeyCode::BackTab, _) => {
            // Complete to the selected word, so that arguments can follow.
            if let Some(word) = picker.selected().map(|entry| entry.word.clone()) {
                picker.input = tui_input::Input::new(format!("{word} "));
            }
        }
        (KeyCode::Backspace, _) if picker.input.value().is_empty() => model.overlay = None,
        _ => {
            let before = picker.input.value().to_owned();
            picker.input.handle_event(&Event::Key(event));
            if picker.input.value() != before {
                picker.renew();
            }
        }
    }
    Vec::new()
}

fn chosen(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Picker(picker)) = model.overlay.take() else { return Vec::new() };
    let typed = picker.input.value().trim().to_owned();
    if picker.kind == PickerKind::Command {
        return command::run(model, &typed, picker.selected().map(|entry| entry.word.as_str()));
    }
    choose::chosen(model, &picker, &typed)
}

/// Pasted text goes into the line being written, as one line.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let line = crate::mesh::harmless::line(text.trim_end()).into_owned();
    let mut effects = Vec::new();
    for letter in line.chars().take(4096) {
        if model.overlay.is_none() {
            break;
        }
        let event = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
        effects.extend(key(model, event));
    }
    effects
}
