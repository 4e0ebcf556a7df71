//! The one copy of the world's state: short turns of reading and writing, and a signal after
//! every change.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::state::State;

/// The state, shared by the API, the controllers and the feed.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

impl Store {
    pub fn new(state: State) -> Self {
        let (revision, _) = watch::channel(state.revision());
        Self { state: Mutex::new(state), revision }
    }

    /// Looks at the state; the lock is held only as long as `look` runs.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state at the current time, and tells whoever waits for a change.
    pub fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        state.now = Timestamp::now();
        let answer = change(&mut state);
        let revision = state.revision();
        drop(state);
        self.revision.send_if_modified(|last| {
            let newer = revision > *last;
            *last = revision.max(*last);
            newer
        });
        answer
    }

    /// The revision of the last change, as a signal.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in one turn leaves whole objects behind, so the state stays usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
