//! What lies over a screen and takes the keys: one at a time, or none.

use std::collections::BTreeSet;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use tui_input::Input;

use super::list::Data;

/// What lies over the screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Every key; the number is the first line shown.
    Help(usize),
    /// The PromQL behind the numbers.
    Queries(usize),
    /// Messages so far.
    Messages(usize),
    /// The filter of the list, or the search in the text.
    Filter(Input),
    /// A field of the route debugger being written.
    Field(Input),
    Picker(Picker),
}

/// What is being chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerKind {
    Command,
    Namespace,
    Context,
    Window,
    Time,
    /// Who sends the request that the route debugger asks about.
    Caller,
    /// The service it is sent to.
    Called,
}

impl PickerKind {
    pub fn title(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Namespace => "namespaces",
            Self::Context => "context",
            Self::Window => "window",
            Self::Time => "telemetry as of",
            Self::Caller => "from",
            Self::Called => "to",
        }
    }

    /// Several may be marked.
    pub fn several(self) -> bool {
        self == Self::Namespace
    }
}

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    pub word: String,
    pub about: String,
    /// The key that does the same.
    pub key: String,
}

impl Entry {
    pub fn new(word: impl Into<String>, about: impl Into<String>) -> Self {
        Self { word: word.into(), about: about.into(), key: String::new() }
    }
}

/// A list to choose from by typing some letters.
#[derive(Debug, Clone)]
pub struct Picker {
    pub kind: PickerKind,
    pub input: Input,
    pub entries: Vec<Entry>,
    /// Whether the entries are there.
    pub data: Data,
    /// Positions in `entries` that match, best first.
    shown: Vec<usize>,
    at: usize,
    pub marked: BTreeSet<String>,
}

impl Picker {
    pub fn new(kind: PickerKind, entries: Vec<Entry>) -> Self {
        let shown = (0..entries.len()).collect();
        let data = Data::Loaded(None);
        let (input, marked) = (Input::default(), BTreeSet::new());
        Self { kind, input, entries, data, shown, at: 0, marked }
    }

    /// Selects an entry by its word.
    #[must_use]
    pub fn starting_at(mut self, word: &str) -> Self {
        let at = self.shown().position(|entry| entry.word == word);
        self.at = at.unwrap_or_default();
        self
    }

    pub fn shown(&self) -> impl Iterator<Item = &Entry> {
        self.shown.iter().filter_map(|at| self.entries.get(*at))
    }

    /// Whether the selected entry begins with what was typed, or holds it: what is typed may
    /// also be a word of its own.
    pub fn finds(&self, typed: &str) -> bool {
        self.selected().is_some_and(|entry| entry.word.contains(typed))
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.shown().nth(self.at)
    }

    /// Matches anew after the text changed; what was typed exactly comes first.
    pub fn renew(&mut self) {
        let text = self.input.value().trim().to_owned();
        self.at = 0;
        if text.is_empty() {
            self.shown = (0..self.entries.len()).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&text, CaseMatching::Ignore, Normalization::Smart);
        let mut letters = Vec::new();
        let mut scored: Vec<(bool, u32, usize)> = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let haystack = nucleo_matcher::Utf32Str::new(&entry.word, &mut letters);
            let score = pattern.score(haystack, &mut matcher);
            // A word of the description finds it too, after those found by name.
            let described =
                || entry.about.to_lowercase().contains(&text.to_lowercase()).then_some(0);
            if let Some(score) = score.or_else(described) {
                scored.push((entry.word.eq_ignore_ascii_case(&text), score, at));
            }
        }
        scored.sort_by_key(|(exact, score, at)| (!exact, std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|(_, _, at)| at).collect();
    }

    /// Moves the selection, going round.
    pub fn step(&mut self, by: isize) {
        let count = self.shown.len();
        if count > 0 {
            let count = isize::try_from(count).unwrap_or(isize::MAX);
            let at = isize::try_from(self.at).unwrap_or_default();
            self.at = (at + by).rem_euclid(count).unsigned_abs();
        }
    }

    pub fn select_at(&mut self, at: usize) {
        self.at = at.min(self.shown.len().saturating_sub(1));
    }

    /// Marks the selected entry, or takes the mark away, and goes on.
    pub fn mark(&mut self) {
        if let Some(word) = self.selected().map(|entry| entry.word.clone()) {
            if !self.marked.remove(&word) {
                self.marked.insert(word);
            }
            self.step(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker() -> Picker {
        let words = ["services", "service-nodes", "splits", "messages"];
        Picker::new(PickerKind::Command, words.map(|word| Entry::new(word, "about")).to_vec())
    }

    fn words(picker: &Picker) -> Vec<&str> {
        picker.shown().map(|entry| entry.word.as_str()).collect()
    }

    #[test]
    fn letters_find_words_and_exact_words_come_first() {
        let mut picker = picker();
        picker.input = Input::new("srv".into());
        picker.renew();
        assert_eq!(words(&picker), ["services", "service-nodes"]);
        picker.input = Input::new("SPLITS".into());
        picker.renew();
        assert_eq!(words(&picker), ["splits"]);
        picker.input = Input::new("zzz".into());
        picker.renew();
        assert_eq!(picker.selected(), None);
        picker.step(1);
    }

    #[test]
    fn selection_goes_round_and_marks_toggle() {
        let mut picker = picker();
        picker.step(-1);
        assert_eq!(picker.selected().unwrap().word, "messages");
        picker.mark();
        assert_eq!(picker.position(), 0);
        picker.step(-1);
        picker.mark();
        assert!(picker.marked.is_empty());
    }
}
