//! Effects that take time or concern the sources: done beside the loop, answered by messages.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::effect::{Effect, Wants};
use super::message::Msg;
use super::picture::{Picture, Settings};
use super::{describe, route};
use crate::mesh::Trouble;
use crate::source::Control;

/// Reads the names of the kubeconfig's contexts, the current one first.
pub type Contexts = Arc<dyn Fn() -> Result<Vec<String>, Trouble> + Send + Sync>;

/// Something to work out, with its answer.
type Work = Box<dyn FnOnce() + Send>;

/// Performs effects.
pub(super) struct Performer {
    control: mpsc::Sender<Control>,
    answer: mpsc::Sender<Msg>,
    contexts: Contexts,
    settings: Arc<Settings>,
    /// To the thread that works out pictures. A picture takes much memory for a moment, which the
    /// allocator keeps by thread: any of a pool's threads would come to hold as much.
    pictures: SyncSender<Work>,
    /// What the sources were last asked for besides the usual.
    wants: Option<Wants>,
}

impl Performer {
    pub(super) fn new(
        control: mpsc::Sender<Control>,
        answer: mpsc::Sender<Msg>,
        contexts: Contexts,
        settings: Settings,
    ) -> Result<Self, Trouble> {
        // One picture is worked out at a time.
        let (pictures, todo) = sync_channel::<Work>(1);
        let thread = thread::Builder::new().name("pictures".to_owned());
        thread.spawn(move || todo.into_iter().for_each(|work| work())).map_err(|error| {
            Trouble::new("start a thread", error.to_string(), "this is a limit of the system")
        })?;
        let settings = Arc::new(settings);
        Ok(Self { control, answer, contexts, settings, pictures, wants: None })
    }

    /// Starts an effect. Fails only where nobody is there to take it, never waits.
    pub(super) fn perform(&mut self, effect: Effect) -> Result<(), Trouble> {
        match effect {
            Effect::Derive(snapshot, wanted, before) => {
                let settings = Arc::clone(&self.settings);
                let work = self.answering(move || {
                    let picture = Picture::of(&snapshot, &wanted, &settings, before.as_deref());
                    Msg::Derived(Arc::new(picture))
                });
                return self.pictures.try_send(Box::new(work)).map_err(|error| {
                    Trouble::new("work out the picture", error.to_string(), "leave and come back")
                });
            }
            Effect::Render(snapshot, picture, place) => {
                let now = Timestamp::now();
                self.work(move || {
                    let text = describe::text(&snapshot, picture.as_deref(), &place, now);
                    Msg::Rendered(place, text)
                });
            }
            Effect::Ask(snapshot, form, plain) => self.work(move || {
                let answer = route::answer(&snapshot, &form, plain);
                Msg::Answered(form, answer)
            }),
            Effect::ListContexts => {
                let contexts = Arc::clone(&self.contexts);
                self.work(move || Msg::Contexts(contexts()));
            }
            Effect::Want(wants) => return self.want(wants),
            Effect::SetScope(scope) => return self.tell(Control::SetScope(scope)),
            Effect::SetContext(name) => return self.tell(Control::SetContext(name)),
            Effect::SetWindow(window) => return self.tell(Control::SetWindow(window)),
            Effect::SetTime(time) => return self.tell(Control::SetTime(time)),
            Effect::SetGraph(options) => return self.tell(Control::SetGraph(options)),
            Effect::Refresh => return self.tell(Control::Refresh),
            // These concern the terminal, which the loop holds.
            Effect::Copy(..)
            | Effect::Mouse(_)
            | Effect::Repaint
            | Effect::Suspend
            | Effect::Quit => {}
        }
        Ok(())
    }

    /// Works something out beside the loop.
    fn work(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        tokio::task::spawn_blocking(self.answering(work));
    }

    /// Work with its answer sent to the loop.
    fn answering<W>(&self, work: W) -> impl FnOnce() + Send + use<W>
    where
        W: FnOnce() -> Msg + Send + 'static,
    {
        let answer = self.answer.clone();
        move || {
            // The loop has ended when this fails: nobody waits for it.
            let _ = answer.blocking_send(work());
        }
    }

    fn tell(&self, control: Control) -> Result<(), Trouble> {
        self.control.try_send(control).map_err(|error| {
            Trouble::new("tell the sources", error.to_string(), "try again in a moment (r)")
        })
    }

    /// Tells the sources what changed in what is wanted.
    fn want(&mut self, wants: Wants) -> Result<(), Trouble> {
        let before = self.wants.replace(wants);
        if before.map(|before| before.latency) != Some(wants.latency) {
            self.tell(Control::WantLatency(wants.latency))?;
        }
        if before.map(|before| before.throughput) != Some(wants.throughput) {
            self.tell(Control::WantThroughput(wants.throughput))?;
        }
        if before.map(|before| before.counts) != Some(wants.counts) {
            self.tell(Control::WantCounts(wants.counts))?;
        }
        if before.map(|before| before.events) != Some(wants.events) {
            self.tell(Control::WantEvents(wants.events))?;
        }
        Ok(())
    }
}
