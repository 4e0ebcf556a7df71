//! The explorer without a terminal: keys in, a picture out. Effects that work something out are
//! performed at once; those that ask the world are kept for the test to look at.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use vigla::app::keymap::{Chord, Keymap};
use vigla::app::picture::{Picture, Settings};
use vigla::app::screen::Screen;
use vigla::app::{Effect, Model, Msg, describe, route, update};
use vigla::mesh::MeshSnapshot;
use vigla::terminal::ColorDepth;
use vigla::ui::theme::Theme;
use vigla::ui::{self, View};

use super::bookinfo;

pub(crate) struct Explorer {
    pub(crate) model: Model,
    pub(crate) view: View,
    /// Effects that asked the world for something.
    pub(crate) asked: Vec<Effect>,
    terminal: Terminal<TestBackend>,
}

impl Explorer {
    /// At a screen, with nothing heard yet.
    pub(crate) fn at(screen: Screen, (columns, rows): (u16, u16)) -> Self {
        let mut model = Model::new(screen, Duration::from_secs(60), Keymap::default());
        update(&mut model, Msg::Now(bookinfo::noon()));
        update(&mut model, Msg::Resize(columns, rows));
        let terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let theme = Theme::fitting(ColorDepth::True, false);
        Self { model, view: View::new(theme, false), asked: Vec::new(), terminal }
    }

    pub(crate) fn with(mut self, snapshot: MeshSnapshot) -> Self {
        self.send(Msg::Snapshot(Arc::new(snapshot)));
        self
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        let mut todo = update(&mut self.model, msg);
        while let Some(effect) = todo.pop() {
            let answer = match effect {
                Effect::Derive(snapshot, wanted, before) => {
                    let settings = Settings::default();
                    let before = before.as_deref();
                    Msg::Derived(Arc::new(Picture::of(&snapshot, &wanted, &settings, before)))
                }
                Effect::Render(snapshot, picture, place) => {
                    let text =
                        describe::text(&snapshot, picture.as_deref(), &place, bookinfo::noon());
                    Msg::Rendered(place, text)
                }
                Effect::Ask(snapshot, form, short) => {
                    let answer = route::answer(&snapshot, &form, short);
                    Msg::Answered(form, answer)
                }
                other => {
                    self.asked.push(other);
                    continue;
                }
            };
            todo.extend(update(&mut self.model, answer));
        }
    }

    /// Presses keys, written as the help writes them, with spaces between.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            let chord: Chord = key.parse().unwrap();
            let mut modifiers = KeyModifiers::NONE;
            modifiers.set(KeyModifiers::CONTROL, chord.ctrl);
            modifiers.set(KeyModifiers::SHIFT, chord.shift);
            let event = KeyEvent::new_with_kind(chord.code, modifiers, KeyEventKind::Press);
            self.send(Msg::Key(event));
        }
        self
    }

    /// Types letters, spaces included.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            let code = crossterm::event::KeyCode::Char(letter);
            self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        self
    }

    /// Draws, and gives the picture as text.
    pub(crate) fn picture(&mut self) -> String {
        self.terminal.draw(|frame| ui::draw(frame, &self.model, &mut self.view)).unwrap();
        self.terminal.backend().to_string()
    }

    /// The cells as drawn last.
    pub(crate) fn buffer(&self) -> &ratatui::buffer::Buffer {
        self.terminal.backend().buffer()
    }
}
