//! The picture that stays current: what the explorer holds in its hand.
//!
//! One task owns the picture. Watches, telemetry and a heartbeat send it what they learn over a
//! bounded channel; it publishes snapshots, and starts everything anew when the context changes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::assemble::{Picture, Slot, View};
use super::once::resolve;
use super::{LatencyBy, Metrics, SourceOptions, files};
use crate::mesh::graph::GraphOptions;
use crate::mesh::telemetry::Telemetry;
use crate::mesh::{KindState, MeshSnapshot, Scope, Trouble};

mod keeper;
mod plan;
mod session;

use plan::Plan;
use session::Session;

/// What the user changes while it runs.
#[derive(Debug, Clone)]
pub enum Control {
    SetScope(Scope),
    /// Another context of the kubeconfig; tables empty until it answers.
    SetContext(String),
    SetWindow(Duration),
    /// Telemetry as of then; `None` is now.
    SetTime(Option<Timestamp>),
    SetRefresh(Duration),
    /// Which rates the graph shows.
    SetGraph(GraphOptions),
    /// Whether latency is asked for, and how finely; it is the dearest question.
    WantLatency(Option<LatencyBy>),
    /// Whether the bytes of requests and responses are asked for.
    WantThroughput(bool),
    /// Whether request counts from raw samples are asked for, for splits.
    WantCounts(bool),
    /// Whether Events are watched.
    WantEvents(bool),
    /// Ask telemetry now, and try what failed again at once.
    Refresh,
    /// Stops asking telemetry and publishing; the watches stay.
    Pause,
    Resume,
}

/// A running source. Dropping it stops every task behind it.
#[derive(Debug)]
pub struct Live {
    /// The latest snapshot; the first is empty, with its sources connecting.
    pub snapshots: watch::Receiver<Arc<MeshSnapshot>>,
    /// Bounded: `try_send` from a screen, never a wait.
    pub control: mpsc::Sender<Control>,
}

/// What the tasks of a session learn.
enum Message {
    Connected { context: Arc<str>, address: Arc<str>, namespace: Arc<str> },
    Reachable(Result<Option<String>, Trouble>),
    Slot(Slot, Option<Box<View>>),
    Telemetry { telemetry: Box<Telemetry>, slow: bool, address: String, plan: u64 },
    NoPrometheus(Trouble),
}

/// Controls a screen may be ahead by.
const CONTROLS: usize = 64;
/// Changes are gathered this long before they are published.
const GATHER: Duration = Duration::from_millis(150);
/// Changes of objects that go on and on are published at this distance: what a snapshot costs
/// whoever looks at it grows with the pods.
const APART_A_POD: Duration = Duration::from_millis(1);
const APART_MOST: Duration = Duration::from_secs(2);
/// The first picture waits this long for the kinds without which there is none.
const FIRST: Duration = Duration::from_secs(1);

/// Starts the source; needs a tokio runtime around it.
pub fn start(options: SourceOptions) -> Live {
    let (control, controls) = mpsc::channel(CONTROLS);
    let (publish, snapshots) = watch::channel(Arc::default());
    tokio::spawn(Supervisor::new(options, publish).run(controls));
    Live { snapshots, control }
}

/// When a change of an object that is heard of now is published.
fn soonest(now: Instant, published: Instant, pods: usize) -> Instant {
    let pods = u32::try_from(pods).unwrap_or(u32::MAX);
    let apart = APART_A_POD.saturating_mul(pods).min(APART_MOST);
    (now + GATHER).max(published + apart)
}

struct Supervisor {
    options: SourceOptions,
    publish: watch::Sender<Arc<MeshSnapshot>>,
    picture: Picture,
    plan: Plan,
    session: Session,
    paused: bool,
    /// When to publish; `None` while nothing has changed.
    due: Option<Instant>,
    /// When the latest snapshot was published.
    published: Instant,
    complete: bool,
}

impl Supervisor {
    fn new(options: SourceOptions, publish: watch::Sender<Arc<MeshSnapshot>>) -> Self {
        let plan = Plan::new(&options);
        let session = Session::start(&options, &plan);
        let picture = Picture::new(options.scope.clone(), String::new());
        let mut supervisor = Self {
            options,
            publish,
            picture,
            plan,
            session,
            paused: false,
            due: None,
            published: Instant::now(),
            complete: false,
        };
        supervisor.begin();
        supervisor
    }

    /// What is known before anyone answers.
    fn begin(&mut self) {
        if matches!(self.options.metrics, Metrics::Off) {
            self.picture.disable_prometheus();
        }
        if !self.options.files.is_empty() {
            self.read_files();
        } else if self.options.kube.is_none() {
            self.picture.disable_kubernetes();
            if self.plan.scope == Scope::Unset {
                self.set_scope(Scope::All);
            }
        }
        self.due = Some(Instant::now());
    }

    fn read_files(&mut self) {
        self.picture.set_context(&files::describe(&self.options.files), "");
        match files::read(&self.options.files) {
            Ok(manifests) => {
                self.picture.set_objects(manifests.objects);
                self.picture.disable_kubernetes();
            }
            Err(failure) => {
                self.picture.set_reachable(Err(failure.trouble), Timestamp::now());
            }
        }
        self.set_scope(resolve(&self.plan.scope, "default"));
    }

    async fn run(mut self, mut controls: mpsc::Receiver<Control>) {
        loop {
            let due = self.due.filter(|_| !self.paused);
            tokio::select! {
                control = controls.recv() => match control {
                    Some(control) => self.control(control),
                    None => return,
                },
                message = self.session.messages.recv() => if let Some(message) = message {
                    self.message(message);
                },
                () = self.publish.closed() => return,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.due = None;
                    let snapshot = self.picture.snapshot(Timestamp::now());
                    self.publish.send_replace(Arc::new(snapshot));
                    self.published = Instant::now();
                }
            }
        }
    }

    fn message(&mut self, message: Message) {
        let now = Timestamp::now();
        // Of objects, that is, and not of what went wrong with them.
        let of_objects = matches!(&message,
            Message::Slot(_, Some(view)) if view.state == KindState::Listed);
        match message {
            Message::Connected { context, address, namespace } => {
                self.picture.set_context(&context, &address);
                if self.plan.scope == Scope::Unset {
                    self.set_scope(resolve(&Scope::Unset, &namespace));
                }
            }
            Message::Reachable(answer) => self.picture.set_reachable(answer, now),
            Message::Slot(slot, view) => self.picture.set(slot, view.map(|view| *view), now),
            // An answer to what was asked before the plan changed is no answer.
            Message::Telemetry { plan, .. } if plan != self.plan.number => return,
            Message::Telemetry { telemetry, slow, address, .. } => {
                self.picture.set_telemetry(*telemetry, slow, &address, now);
            }
            Message::NoPrometheus(trouble) => self.picture.set_no_prometheus(trouble, now),
        }
        self.changed(of_objects);
    }

    /// Publishes soon: at once when the picture has just become whole. One change of an object is
    /// seen as soon as any other; those that follow it come at a distance.
    fn changed(&mut self, of_objects: bool) {
        let whole = self.complete || self.picture.is_complete();
        let now = Instant::now();
        let due = match (whole, self.complete) {
            (true, false) => now,
            (true, true) if of_objects => soonest(now, self.published, self.picture.pods()),
            (true, true) => now + GATHER,
            (false, _) => now + FIRST,
        };
        self.complete = whole;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    fn control(&mut self, control: Control) {
        let before = self.plan.clone();
        match control {
            Control::SetScope(scope) => self.set_scope(scope),
            Control::SetContext(context) => return self.set_context(context),
            Control::SetWindow(window) => self.plan.window = window,
            Control::SetTime(time) => self.plan.time = time,
            Control::SetRefresh(refresh) => self.plan.refresh = refresh,
            Control::SetGraph(graph) => self.plan.graph = graph,
            Control::WantLatency(wanted) => self.plan.latency = wanted,
            Control::WantThroughput(wanted) => self.plan.throughput = wanted,
            Control::WantCounts(wanted) => self.plan.counts = wanted,
            Control::WantEvents(wanted) => self.plan.events = wanted,
            Control::Refresh => self.session.nudge(),
            Control::Pause => (self.paused, self.plan.paused) = (true, true),
            Control::Resume => (self.paused, self.plan.paused) = (false, false),
        }
        // An answer on its way to the same question stays one, whatever else is wanted by now.
        if !self.plan.asks_about_the_same_as(&before) {
            self.plan.number += 1;
        }
        if self.plan.slow().is_none() {
            self.picture.forget_slow_trouble();
        }
        self.session.follow(&self.plan);
        self.changed(false);
    }

    fn set_scope(&mut self, scope: Scope) {
        if scope != self.plan.scope {
            self.picture.forget_telemetry();
        }
        self.plan.scope = scope.clone();
        self.plan.number += 1;
        self.picture.set_scope(scope);
        self.session.follow(&self.plan);
    }

    /// Drops the session, with every task of it, and starts one in another context.
    fn set_context(&mut self, context: String) {
        let Some(kube) = &mut self.options.kube else { return };
        if !self.options.files.is_empty() {
            return;
        }
        kube.context = Some(context.clone());
        // What was chosen for the other context does not belong to this one.
        (kube.cluster, kube.user) = (None, None);
        self.plan.scope = Scope::Unset;
        self.plan.number += 1;
        self.picture.forget_cluster();
        self.picture.set_scope(Scope::Unset);
        self.picture.set_context(&context, "");
        self.session = Session::start(&self.options, &self.plan);
        self.complete = false;
        self.due = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_soon_and_many_changes_of_a_large_mesh_seldom() {
        let published = Instant::now();
        let millis = Duration::from_millis;
        let waits = |after: u64, pods: usize| {
            let now = published + millis(after);
            soonest(now, published, pods) - now
        };
        // After a quiet while.
        assert_eq!(waits(5_000, 13), GATHER);
        assert_eq!(waits(5_000, 100_000), GATHER);
        // Right after another.
        assert_eq!(waits(0, 13), GATHER);
        assert_eq!(waits(0, 500), millis(500));
        assert_eq!(waits(400, 500), GATHER);
        assert_eq!(waits(100, 100_000), millis(1_900));
    }
}
