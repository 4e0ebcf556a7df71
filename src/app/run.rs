//! The loop: wake, drain, update, perform, draw when dirty and due.
//!
//! One task owns the model and the terminal. It waits in one place and for nothing else: what
//! takes time is done by [`Performer`] in tasks that answer with messages.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseButton, MouseEvent, MouseEventKind};
use futures::StreamExt;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::effect::Effect;
use super::keymap::Keymap;
use super::message::Msg;
use super::model::Model;
use super::perform::{Contexts, Performer};
use super::picture::{DrawnAs, Settings};
use super::screen::Screen;
use super::update::{moves, shows_ages, start, update};
use crate::mesh::graph::GraphOptions;
use crate::mesh::{MeshSnapshot, Trouble};
use crate::source::Live;
use crate::terminal::environment::Multiplexer;
use crate::terminal::signals::{Asked, Signals};
use crate::terminal::{Environment, Tui, clipboard, restore_on_panic};
use crate::ui::{self, View, theme::Theme};

/// How many messages are taken before the next frame is drawn.
const DRAIN: usize = 256;

/// Bound of the answers on their way.
const ANSWERS: usize = 64;

/// Between two steps of what moves: on this machine, and over a network.
const STEP: Duration = Duration::from_millis(166);
const REMOTE_STEP: Duration = Duration::from_millis(500);

/// How the explorer opens.
#[derive(Clone)]
pub struct AppOptions {
    pub screen: Screen,
    /// Over which rates are taken, as the source was told.
    pub window: Duration,
    /// Telemetry as of then, as the source was told.
    pub time: Option<Timestamp>,
    pub theme: Theme,
    pub ascii: bool,
    pub mouse: bool,
    pub max_fps: u16,
    pub keymap: Keymap,
    pub environment: Environment,
    /// The names of the kubeconfig's contexts, the current one first.
    pub contexts: Contexts,
    pub settings: Settings,
    /// What the graph shows at first, and how it is drawn.
    pub graph: GraphOptions,
    pub drawn: DrawnAs,
}

/// Runs the explorer until the user leaves, a signal asks for it, or the terminal is gone.
///
/// Fails before it takes the terminal if there is none to draw on.
pub async fn run(options: AppOptions, live: Live) -> Result<(), Trouble> {
    restore_on_panic();
    let (answer, answers) = mpsc::channel(ANSWERS);
    let performer = Performer::new(live.control, answer, options.contexts, options.settings)?;
    let tui = Tui::enter(&options.environment, options.mouse)?;
    let signals = Signals::listen().map_err(|error| {
        Trouble::new("listen for signals", error.to_string(), "this is a fault of the system")
    })?;
    let mut model = Model::new(options.screen, options.window, options.keymap);
    model.at = options.time;
    model.mouse = options.mouse;
    model.wanted.graph = options.graph;
    model.wanted.drawn = options.drawn;
    let frame_time = Duration::from_secs(1) / u32::from(options.max_fps.max(1));
    let mut explorer = Explorer {
        model,
        view: View::new(options.theme, options.ascii),
        tui,
        performer,
        answers,
        frame_time,
        multiplexer: options.environment.multiplexer,
        remote: options.environment.remote,
        held: None,
        dirty: true,
        drawn: None,
    };
    explorer.run(signals, live.snapshots).await;
    Ok(())
}

/// Everything the loop owns.
struct Explorer {
    model: Model,
    view: View,
    tui: Tui,
    performer: Performer,
    answers: mpsc::Receiver<Msg>,
    frame_time: Duration,
    multiplexer: Multiplexer,
    /// The terminal is reached over a network.
    remote: bool,
    /// Where the mouse is, while its button is held.
    held: Option<(u16, u16)>,
    dirty: bool,
    /// When the last frame was drawn.
    drawn: Option<Instant>,
}

/// What woke the loop.
enum Woke {
    Signal(Asked),
    /// `None` when the terminal is gone.
    Input(Option<Event>),
    Answer(Msg),
    Snapshot,
    /// A frame is due.
    Frame,
    /// Ages grew by a second.
    Second,
    /// What moves is to move on.
    Tick,
}

type Snapshots = watch::Receiver<Arc<MeshSnapshot>>;

impl Explorer {
    async fn run(&mut self, mut signals: Signals, mut snapshots: Snapshots) {
        let mut input = EventStream::new();
        let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        self.take(Msg::Now(Timestamp::now()));
        self.take(Msg::Resize(columns, rows));
        let wants = start(&self.model);
        let mut alive = self.perform(wants);
        let first = snapshots.borrow_and_update().clone();
        self.take(Msg::Snapshot(first));
        while alive && !self.model.quit {
            let woke = self.wake(&mut signals, &mut input, &mut snapshots).await;
            self.take(Msg::Now(Timestamp::now()));
            alive = self.woken(woke, &mut snapshots)
                && self.drain(&mut input).await
                && self.draw_if_due();
        }
    }

    /// Waits for the next thing to happen; the first in this order goes first.
    async fn wake(
        &mut self,
        signals: &mut Signals,
        input: &mut EventStream,
        snapshots: &mut Snapshots,
    ) -> Woke {
        let frame = self.drawn.map_or_else(Instant::now, |drawn| drawn + self.frame_time);
        let second = self.drawn.unwrap_or_else(Instant::now) + Duration::from_secs(1);
        let ages = shows_ages(&self.model) && !self.dirty;
        let step = if self.remote { REMOTE_STEP } else { STEP };
        let tick = self.drawn.unwrap_or_else(Instant::now) + step;
        let moves = moves(&self.model) && !self.dirty;
        tokio::select! {
            biased;
            asked = signals.next() => Woke::Signal(asked),
            event = input.next() => Woke::Input(event.and_then(Result::ok)),
            Some(message) = self.answers.recv() => Woke::Answer(message),
            Ok(()) = snapshots.changed() => Woke::Snapshot,
            () = sleep_until(frame), if self.dirty => Woke::Frame,
            () = sleep_until(tick), if moves => Woke::Tick,
            () = sleep_until(second), if ages => Woke::Second,
            // Without any branch left, the terminal's input is what is waited for.
            else => Woke::Input(None),
        }
    }

    /// Takes in what woke the loop; whether to go on.
    fn woken(&mut self, woke: Woke, snapshots: &mut Snapshots) -> bool {
        match woke {
            Woke::Signal(Asked::Leave) | Woke::Input(None) => false,
            Woke::Signal(Asked::Stop) => self.anew(Tui::suspend),
            Woke::Signal(Asked::Continue) => self.anew(Tui::resume),
            Woke::Input(Some(event)) => self.input(event),
            Woke::Answer(message) => self.take(message),
            Woke::Snapshot => {
                let snapshot = snapshots.borrow_and_update().clone();
                let tasks = Handle::current().metrics().num_alive_tasks();
                tracing::debug!(tasks, "a new snapshot");
                self.take(Msg::Snapshot(snapshot))
            }
            Woke::Frame => true,
            Woke::Tick => self.take(Msg::Tick),
            Woke::Second => {
                self.dirty = true;
                true
            }
        }
    }

    /// Takes in everything else that is ready, so that a burst costs one frame.
    async fn drain(&mut self, input: &mut EventStream) -> bool {
        for _ in 0..DRAIN {
            // Looked at with this task's own waker: the stream keeps the first that it is given
            // until there is input, and another would leave the next key unheard of.
            let ready = poll_fn(|context| Poll::Ready(input.poll_next_unpin(context))).await;
            let going_on = match ready {
                Poll::Ready(Some(Ok(event))) => self.input(event),
                // The terminal is gone.
                Poll::Ready(Some(Err(_)) | None) => false,
                Poll::Pending => match self.answers.try_recv() {
                    Ok(message) => self.take(message),
                    Err(_) => return true,
                },
            };
            if !going_on || self.model.quit {
                return going_on;
            }
        }
        true
    }

    fn draw_if_due(&mut self) -> bool {
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= self.frame_time);
        if !self.dirty || !due || self.model.quit {
            return true;
        }
        self.dirty = false;
        self.drawn = Some(Instant::now());
        let (model, view) = (&self.model, &mut self.view);
        self.tui.draw(|frame| ui::draw(frame, model, view)).is_ok()
    }

    /// Takes one message in, and performs what follows from it; whether to go on.
    fn take(&mut self, message: Msg) -> bool {
        self.dirty |= !matches!(message, Msg::Now(_));
        let effects = update(&mut self.model, message);
        self.perform(effects)
    }

    fn input(&mut self, event: Event) -> bool {
        let message = match event {
            Event::Key(key) => Msg::Key(key),
            Event::Paste(text) => Msg::Paste(text),
            Event::Resize(columns, rows) => Msg::Resize(columns, rows),
            Event::Mouse(mouse) => match self.mouse(mouse) {
                Some(message) => message,
                None => return true,
            },
            Event::FocusGained | Event::FocusLost => return true,
        };
        self.take(message)
    }

    /// What a mouse event means; movements without its button mean nothing.
    fn mouse(&mut self, event: MouseEvent) -> Option<Msg> {
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.held = Some((event.column, event.row));
                self.view.hit(event.column, event.row).map(Msg::Click)
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                let (x, y) = self.held.replace((event.column, event.row))?;
                let by = |to: u16, from: u16| i32::from(to) - i32::from(from);
                Some(Msg::Drag(by(event.column, x), by(event.row, y)))
            }
            MouseEventKind::ScrollDown => Some(Msg::Wheel(3)),
            MouseEventKind::ScrollUp => Some(Msg::Wheel(-3)),
            _ => None,
        }
    }

    /// Does what concerns the terminal itself, and hands on the rest; whether to go on.
    fn perform(&mut self, effects: Vec<Effect>) -> bool {
        for effect in effects {
            let done = match effect {
                Effect::Mouse(on) => self.tui.set_mouse(on).is_ok(),
                Effect::Repaint => self.anew(Tui::repaint),
                Effect::Suspend => self.anew(Tui::suspend),
                Effect::Copy(text, what) => self.copy(&text, what).is_ok(),
                Effect::Quit => true,
                other => {
                    if let Err(trouble) = self.performer.perform(other) {
                        update(&mut self.model, Msg::Said(Err(trouble)));
                    }
                    true
                }
            };
            if !done {
                return false;
            }
        }
        true
    }

    /// Something after which the whole screen is to be drawn again; whether to go on.
    fn anew(&mut self, act: impl FnOnce(&mut Tui) -> io::Result<()>) -> bool {
        self.dirty = true;
        act(&mut self.tui).is_ok()
    }

    fn copy(&mut self, text: &str, what: String) -> io::Result<()> {
        let said = match clipboard::sequence(text, self.multiplexer) {
            Some(sequence) => {
                self.tui.copy(&sequence)?;
                Ok(format!("copied {what}"))
            }
            None => Err(Trouble::new(
                "copy",
                "it is longer than terminals take",
                "use a command: vigla … -o yaml",
            )),
        };
        update(&mut self.model, Msg::Said(said));
        Ok(())
    }
}
