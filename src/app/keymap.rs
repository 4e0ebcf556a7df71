//! Keys to actions: the table's defaults, with what the user changed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Layer};

/// One key with its modifiers, as terminals report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Chord {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
    /// Told of keys that are no characters; of those the character itself tells it.
    pub shift: bool,
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        // Shift is in the character itself; terminals disagree on reporting it besides.
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        Self {
            code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
            shift: shift && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab),
        }
    }
}

/// Names of keys that are not characters, as help and the configuration write them.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("space", KeyCode::Char(' ')),
];

/// A key that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key: write a character, ctrl-x, f1 to f12, or one of {names}", names = names())]
pub struct NotAKey(pub String);

fn names() -> String {
    NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Chord {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let wrong = || NotAKey(text.to_owned());
        let (rest, ctrl) = text.strip_prefix("ctrl-").map_or((text, false), |rest| (rest, true));
        let (rest, alt) = rest.strip_prefix("alt-").map_or((rest, false), |rest| (rest, true));
        let named_whole = named(rest);
        let (rest, shift) = match (named_whole, rest.strip_prefix("shift-")) {
            (None, Some(key)) if named(key).is_some_and(|key| !matches!(key, KeyCode::Char(_))) => {
                (key, true)
            }
            _ => (rest, false),
        };
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) => KeyCode::Char(letter),
            _ => named(rest).or_else(|| function(rest)).ok_or_else(wrong)?,
        };
        Ok(Self { code, ctrl, alt, shift })
    }
}

fn named(text: &str) -> Option<KeyCode> {
    NAMED.iter().find(|(name, _)| *name == text).map(|(_, code)| *code)
}

/// `f1` to `f12`.
fn function(text: &str) -> Option<KeyCode> {
    let number = text.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ctrl { "ctrl-" } else { "" })?;
        f.write_str(if self.alt { "alt-" } else { "" })?;
        f.write_str(if self.shift { "shift-" } else { "" })?;
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// Which keys do what.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    rows: Vec<(Layer, Chord, Action)>,
}

/// Why a user's keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("there is no action {0:?}; `?` in the explorer shows them")]
    NoAction(String),
    #[error(transparent)]
    NotAKey(#[from] NotAKey),
    #[error("{key} is wanted by {first} and by {second}")]
    Clash { key: String, first: &'static str, second: &'static str },
}

impl Default for Keymap {
    /// The keys of the table, whose validity a test checks.
    fn default() -> Self {
        Self::with(&BTreeMap::new()).unwrap_or(Self { rows: Vec::new() })
    }
}

impl Keymap {
    /// The table's keys, with a user's keys in place of those of the named actions.
    pub fn with(user: &BTreeMap<String, Vec<String>>) -> Result<Self, KeymapError> {
        if let Some(name) = user.keys().find(|name| ACTIONS.iter().all(|row| row.name != **name)) {
            return Err(KeymapError::NoAction(name.clone()));
        }
        let mut rows: Vec<(Layer, Chord, Action, &'static str)> = Vec::new();
        for row in ACTIONS {
            let keys: Vec<&str> = match user.get(row.name) {
                Some(keys) => keys.iter().map(String::as_str).collect(),
                None => row.keys.to_vec(),
            };
            for key in keys {
                let chord = key.parse()?;
                if let Some(other) = rows.iter().find(|r| r.0 == row.layer && r.1 == chord) {
                    let key = key.to_owned();
                    return Err(KeymapError::Clash { key, first: other.3, second: row.name });
                }
                rows.push((row.layer, chord, row.action, row.name));
            }
        }
        Ok(Self { rows: rows.into_iter().map(|(l, c, a, _)| (l, c, a)).collect() })
    }

    /// What a key does where these layers apply, the first one first. A capital letter that
    /// means nothing else sorts by the column that has it.
    pub fn action(&self, layers: &[Layer], chord: Chord) -> Option<Action> {
        let bound = |layer: &Layer| {
            self.rows.iter().find(|(l, c, _)| l == layer && *c == chord).map(|(_, _, a)| *a)
        };
        layers.iter().find_map(bound).or_else(|| match chord.code {
            KeyCode::Char(letter @ 'A'..='Z') if layers.contains(&Layer::List) => {
                Some(Action::SortBy(letter))
            }
            _ => None,
        })
    }

    /// The keys of an action in a layer, the one to show first.
    pub fn keys(&self, layer: Layer, action: Action) -> Vec<Chord> {
        let of = |(l, c, a): &(Layer, Chord, Action)| (*l == layer && *a == action).then_some(*c);
        self.rows.iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn user(name: &str, keys: &[&str]) -> BTreeMap<String, Vec<String>> {
        [(name.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())].into()
    }

    #[test]
    fn the_tables_own_keys_do_not_clash() {
        Keymap::with(&BTreeMap::new()).unwrap();
        // A list's own keys would hide those that apply everywhere; sort letters must stay free.
        for row in ACTIONS.iter().filter(|row| row.layer == Layer::List) {
            let hidden = ACTIONS.iter().find(|other| {
                other.layer == Layer::Everywhere && other.keys.iter().any(|k| row.keys.contains(k))
            });
            assert_eq!(hidden, None, "{}", row.name);
        }
    }

    #[rstest]
    #[case("ctrl-c")]
    #[case("G")]
    #[case("?")]
    #[case("shift-tab")]
    #[case("shift-left")]
    #[case("space")]
    #[case("f5")]
    #[case("alt-x")]
    fn keys_read_as_they_print(#[case] text: &str) {
        assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("f13")]
    #[case("hyper-x")]
    #[case("shift-x")]
    #[case("")]
    fn no_keys(#[case] text: &str) {
        assert_eq!(text.parse::<Chord>(), Err(NotAKey(text.to_owned())));
    }

    #[test]
    fn the_user_may_change_them() {
        let keymap = Keymap::with(&user("quit", &["Q"])).unwrap();
        let action = |key: &str| keymap.action(&[Layer::Everywhere], key.parse().unwrap());
        assert_eq!(action("Q"), Some(Action::Quit));
        assert_eq!(action("q"), None);
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        let clash = Keymap::with(&user("quit", &["y"])).unwrap_err();
        assert_eq!(clash.to_string(), "y is wanted by yaml and by quit");
        assert!(matches!(Keymap::with(&user("fly", &["y"])), Err(KeymapError::NoAction(_))));
        assert!(matches!(Keymap::with(&user("quit", &["yy"])), Err(KeymapError::NotAKey(_))));
    }

    #[test]
    fn layers_go_before_everywhere_and_capitals_sort_lists() {
        let keymap = Keymap::default();
        let key = |text: &str| text.parse::<Chord>().unwrap();
        let list = [Layer::List, Layer::Everywhere];
        assert_eq!(keymap.action(&list, key("N")), Some(Action::SortBy('N')));
        assert_eq!(keymap.action(&list, key("G")), Some(Action::Bottom));
        let graph = [Layer::Graph, Layer::Everywhere];
        assert_eq!(keymap.action(&graph, key("T")), Some(Action::GraphType));
        assert_eq!(keymap.action(&graph, key("N")), Some(Action::PreviousProblem));
    }
}
