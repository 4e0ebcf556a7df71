//! The world: its objects, the controllers that keep them in line, and the feed of them that
//! the traffic reads.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::mesh::{Kind, Objects, Trouble};

pub mod admission;
pub mod canary;
pub mod catalog;
mod controllers;
pub mod deletion;
mod feed;
pub mod fields;
mod inject;
pub mod names;
mod plan;
pub mod refusal;
pub mod scenario;
pub mod state;
pub mod store;
mod validate;

use controllers::{Controllers, Pace};
use feed::Feed;
pub use scenario::Scenario;
use state::{Part, State};
use store::Store;

/// A small cluster with a mesh on it.
#[derive(Debug)]
pub struct World {
    pub scenario: Scenario,
    /// The same scenario, seed and start give the same objects, names and ids included.
    pub seed: u64,
    /// When the world began; its past reaches back from here.
    pub started: Timestamp,
    store: Store,
    feed: watch::Sender<Arc<Objects>>,
    /// What is left for [`World::run`] to go on with.
    settled: Mutex<Option<Settled>>,
}

/// Controllers and feed as they are once the world is made: they need not look at everything
/// again, which in a large world takes seconds.
#[derive(Debug)]
struct Settled {
    controllers: Controllers,
    feed: Feed,
}

impl Settled {
    fn new(state: &State) -> Self {
        let mut feed = Feed::default();
        feed.follow(state);
        Self { controllers: Controllers::settled(state), feed }
    }
}

impl World {
    /// A world as it is at `started`: everything made, every pod settled.
    pub fn new(scenario: Scenario, seed: u64, started: Timestamp) -> Result<Self, Trouble> {
        let mut state = State::new(seed, started);
        let mut controllers = Controllers::new(Pace::Instant);
        for batch in plan::batches(scenario)? {
            state.now = started - SignedDuration::from_mins(batch.minutes_ago);
            for object in batch.objects {
                make(&mut state, object)?;
            }
            controllers.run(&mut state);
        }
        if scenario == Scenario::Outage {
            state.now = started - SignedDuration::from_mins(12);
            crash_one(&mut state);
            controllers.run(&mut state);
        }
        state.now = started;
        state.compact();
        let settled = Settled::new(&state);
        let (feed, _) = watch::channel(Arc::new(settled.feed.objects.clone()));
        let settled = Mutex::new(Some(settled));
        Ok(Self { scenario, seed, started, store: Store::new(state), feed, settled })
    }

    /// The objects as they are now, and a signal when they change. Changes arrive while
    /// [`World::run`] runs.
    pub fn objects(&self) -> watch::Receiver<Arc<Objects>> {
        self.feed.subscribe()
    }

    /// The objects with their revisions, for the API.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Lets the world live: controllers, canary, feed. Ends only when it is dropped.
    pub async fn run(&self) {
        let canary = async {
            if self.scenario == Scenario::Bookinfo {
                canary::run(&self.store, self.started).await;
            }
            std::future::pending::<()>().await;
        };
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Settled { controllers, feed } =
            settled.unwrap_or_else(|| self.store.read(Settled::new));
        tokio::join!(self.control(controllers), self.follow(feed), canary);
    }

    async fn control(&self, mut controllers: Controllers) {
        let mut revisions = self.store.revisions();
        loop {
            revisions.mark_unchanged();
            let next = self.store.write(|state| controllers.run(state));
            let changed = revisions.changed();
            match next {
                None => drop(changed.await),
                Some(at) => {
                    let wait = at.duration_since(Timestamp::now()).max(SignedDuration::ZERO);
                    drop(tokio::time::timeout(wait.unsigned_abs(), changed).await);
                }
            }
        }
    }

    async fn follow(&self, mut feed: Feed) {
        let mut revisions = self.store.revisions();
        loop {
            revisions.mark_unchanged();
            if self.store.read(|state| feed.follow(state)) {
                self.feed.send_replace(Arc::new(feed.objects.clone()));
            }
            if revisions.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Stores one object of the plan.
fn make(state: &mut State, object: serde_json::Value) -> Result<(), Trouble> {
    let (api_version, kind) =
        (fields::text(&object, "/apiVersion"), fields::text(&object, "/kind"));
    let what = format!("make the {kind} {}", state::key_of(&object));
    let resource = Kind::of(api_version, kind).and_then(catalog::of);
    let unknown = || Trouble::new(what.clone(), format!("no kind {kind} in {api_version}"), "");
    let resource = resource.ok_or_else(unknown)?;
    admission::create(state, resource, object)
        .map(drop)
        .map_err(|refusal| Trouble::new(what, refusal.message, ""))
}

/// The outage: one of the pods of reviews v3 crashes.
fn crash_one(state: &mut State) {
    let pod = state
        .list(Kind::Pod, Some("default"))
        .find(|pod| pod.key.name.starts_with("reviews-v3-"))
        .map(|pod| pod.key.clone());
    if let Some(key) = pod {
        state.edit(Kind::Pod, &key, Part::Main, |pod| {
            let path = ["metadata", "annotations", "vigla.test/state"];
            fields::set(pod, &path, serde_json::json!("crashloop"));
        });
    }
}

#[cfg(test)]
mod tests;
