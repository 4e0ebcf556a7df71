//! Where the user is, and the way back.

use super::screen::{Place, Screen};

/// How many steps back are kept.
const DEPTH: usize = 64;

/// The place, and the places before it. A screen's digit starts a new way, `enter` goes deeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Navigation {
    place: Place,
    back: Vec<Place>,
}

impl Default for Navigation {
    fn default() -> Self {
        Self::at(Screen::default())
    }
}

impl Navigation {
    pub fn at(screen: Screen) -> Self {
        Self { place: Place::Screen(screen), back: Vec::new() }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The screen the way began at: the one marked in the tab line.
    pub fn root(&self) -> Screen {
        self.back.iter().chain([&self.place]).rev().find_map(Place::screen).unwrap_or_default()
    }

    /// Starts anew at a screen.
    pub fn go(&mut self, screen: Screen) {
        self.back.clear();
        self.place = Place::Screen(screen);
    }

    /// Goes in, remembering the way.
    pub fn enter(&mut self, place: Place) {
        if place == self.place {
            return;
        }
        if self.back.len() == DEPTH {
            self.back.remove(0);
        }
        self.back.push(std::mem::replace(&mut self.place, place));
    }

    /// Puts another place where this one is, e.g. YAML in place of the detail.
    pub fn replace(&mut self, place: Place) {
        self.place = place;
    }

    /// One step back; whether there was one.
    pub fn back(&mut self) -> bool {
        match self.back.pop() {
            Some(place) => {
                self.place = place;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_and_back() {
        let mut way = Navigation::at(Screen::Services);
        way.enter(Place::Screen(Screen::Pods));
        way.enter(Place::Node("app:a".into()));
        assert_eq!(way.root(), Screen::Pods);
        assert!(way.back() && way.back());
        assert_eq!(*way.place(), Place::Screen(Screen::Services));
        assert!(!way.back());
    }

    #[test]
    fn a_screen_starts_anew_and_the_way_is_bounded() {
        let mut way = Navigation::default();
        for step in 0..500 {
            way.enter(Place::Node(step.to_string().into()));
        }
        assert_eq!(way.back.len(), DEPTH);
        way.go(Screen::Splits);
        assert!(!way.back());
    }
}
