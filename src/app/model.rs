//! Everything the explorer knows: one value, changed by `update` alone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::action::Layer;
use super::doc::Doc;
use super::drawing::Drawing;
use super::effect::Effect;
use super::keymap::Keymap;
use super::list::{ListState, Table};
use super::navigation::Navigation;
use super::overlay::Overlay;
use super::picture::{Picture, Wanted};
use super::route::RouteView;
use super::screen::{Place, Screen};
use crate::mesh::{MeshSnapshot, Trouble};

/// How many messages are kept.
const MESSAGES: usize = 100;

/// Something that was said to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub at: Timestamp,
    pub what: Result<String, Trouble>,
}

/// An object's text and where the user is in it.
#[derive(Debug, Clone, Default)]
pub struct TextView {
    /// Whose text it is; a text of another place is not shown.
    pub place: Option<Place>,
    pub text: Option<Result<Doc, Trouble>>,
    /// First line on the screen.
    pub top: usize,
    pub search: String,
}

/// The state of the explorer.
#[derive(Debug, Clone)]
pub struct Model {
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub way: Navigation,
    pub overlay: Option<Overlay>,
    /// What is shown; while paused it stays, and `held` waits.
    pub snapshot: Option<Arc<MeshSnapshot>>,
    pub held: Option<Arc<MeshSnapshot>>,
    pub paused: bool,
    pub picture: Option<Arc<Picture>>,
    pub wanted: Wanted,
    /// A picture is being worked out; one at a time.
    pub deriving: bool,
    pub lists: BTreeMap<Screen, ListState>,
    pub drawing: Drawing,
    pub text: TextView,
    pub route: RouteView,
    /// Stays until a key.
    pub message: Option<Said>,
    pub messages: VecDeque<Said>,
    pub window: Duration,
    /// Telemetry as of then; `None` for now.
    pub at: Option<Timestamp>,
    pub mouse: bool,
    pub keymap: Keymap,
    pub quit: bool,
}

impl Model {
    pub fn new(start: Screen, window: Duration, keymap: Keymap) -> Self {
        Self {
            now: Timestamp::UNIX_EPOCH,
            size: (80, 24),
            way: Navigation::at(start),
            overlay: None,
            snapshot: None,
            held: None,
            paused: false,
            picture: None,
            wanted: Wanted::default(),
            deriving: false,
            lists: BTreeMap::new(),
            drawing: Drawing::default(),
            text: TextView::default(),
            route: RouteView::default(),
            message: None,
            messages: VecDeque::new(),
            window,
            at: None,
            mouse: false,
            keymap,
            quit: false,
        }
    }

    /// The rows of the screen at hand, where it is a list.
    pub fn table(&self) -> Option<&Table> {
        self.picture.as_ref()?.table(self.way.place().screen()?)
    }

    /// The user's side of the list at hand.
    pub fn list(&self) -> Option<&ListState> {
        self.lists.get(&self.way.place().screen()?)
    }

    /// Both sides of the list at hand, to change it.
    pub(super) fn list_mut(&mut self) -> Option<(&mut ListState, Arc<Picture>, Screen)> {
        let screen = self.way.place().screen()?;
        let picture = Arc::clone(self.picture.as_ref()?);
        picture.table(screen)?;
        Some((self.lists.entry(screen).or_default(), picture, screen))
    }

    /// Changes the list at hand with its table.
    pub(super) fn with_list<T>(
        &mut self,
        change: impl FnOnce(&mut ListState, &Table) -> T,
    ) -> Option<T> {
        let (state, picture, screen) = self.list_mut()?;
        Some(change(state, picture.table(screen)?))
    }

    /// Which keys apply, the nearest first.
    pub fn layers(&self) -> &'static [Layer] {
        match self.way.place() {
            Place::Screen(Screen::Graph) => &[Layer::Graph, Layer::Everywhere],
            Place::Screen(Screen::Route) => &[Layer::Route, Layer::Everywhere],
            Place::Screen(Screen::Findings) => &[Layer::Findings, Layer::List, Layer::Everywhere],
            Place::Screen(_) => &[Layer::List, Layer::Everywhere],
            Place::Object(..)
            | Place::Node(_)
            | Place::Call(_)
            | Place::Line(..)
            | Place::Rule(_) => &[Layer::Text, Layer::Everywhere],
        }
    }

    /// Rows of the body: what a page is.
    pub fn page(&self) -> usize {
        usize::from(self.size.1.saturating_sub(5)).max(1)
    }

    /// Says something; it stays in the last line until a key, and in the history.
    pub fn say(&mut self, what: Result<String, Trouble>) {
        let said = Said { at: self.now, what };
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(said.clone());
        self.message = Some(said);
    }

    /// Asks for a picture of the snapshot at hand, unless one is on its way.
    pub(super) fn derive(&mut self) -> Vec<Effect> {
        self.wanted.drawn.window = self.window();
        match &self.snapshot {
            Some(snapshot) if !self.deriving => {
                self.deriving = true;
                let before = self.picture.clone();
                vec![Effect::Derive(Arc::clone(snapshot), self.wanted.clone(), before)]
            }
            _ => Vec::new(),
        }
    }

    /// Asks what becomes of the debugger's request, while that is what is looked at.
    pub(super) fn ask(&mut self) -> Vec<Effect> {
        let here = *self.way.place() == Place::Screen(Screen::Route);
        match (&self.snapshot, &self.picture) {
            (Some(snapshot), Some(picture)) if here && picture.has_services() => {
                self.route.form.fill(&picture.inventory, &snapshot.scope);
                let (form, plain) = (self.route.form.clone(), self.route.plain);
                vec![Effect::Ask(Arc::clone(snapshot), form, plain)]
            }
            _ => Vec::new(),
        }
    }

    /// Asks for the text of the place at hand, if it has one.
    pub(super) fn render(&mut self) -> Vec<Effect> {
        let place = self.way.place().clone();
        if place.screen().is_some() {
            return Vec::new();
        }
        if self.text.place.as_ref() != Some(&place) {
            self.text = TextView { place: Some(place.clone()), ..TextView::default() };
        }
        match &self.snapshot {
            Some(snapshot) => {
                vec![Effect::Render(Arc::clone(snapshot), self.picture.clone(), place)]
            }
            None => Vec::new(),
        }
    }
}
