//! One kind kept current: listed, then watched from there, for as long as it runs.
//!
//! Own loop rather than the client library's: it must keep the raw text of objects without a tree
//! of values, let a strange object pass, tell a missing kind or right from a fault, and notice
//! that time has jumped.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::backoff::Backoff;
use super::convert;
use super::fault::{Fault, Question};
use super::list::{self, Listed, Target};
use super::request::{self, Limits};
use super::{Cluster, Session};
use crate::mesh::object::Meta;
use crate::mesh::{Key, Kind, KindState, ObjectRef, Objects, Trouble, harmless};

/// What is watched, and whom it tells.
pub struct Watch<'a, T> {
    pub cluster: &'a Cluster,
    pub kind: Kind,
    pub version: &'static str,
    pub namespace: Option<Arc<str>>,
    pub limits: Limits,
    /// Changes when every connection should be made anew, and whoever waits should try now.
    pub nudge: watch::Receiver<u64>,
    pub doubt: &'a Doubt,
    /// Takes the table of the kind and its state, whenever either changed.
    pub tell: T,
}

/// Questions that a watch in trouble raises for those who can answer them.
#[derive(Debug, Default)]
pub struct Doubt {
    /// The server says that the kind is not there: is it still served?
    pub served: Notify,
    /// Something failed: is the server still there?
    pub alive: Notify,
}

/// Why a watch cannot go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The kind is not served (any more) in this version.
    NotServed,
    Forbidden(Trouble),
    /// Nobody listens any more.
    Unheard,
}

/// A watch is asked to end after this many seconds, plus up to half as many: a connection that
/// is dead without a word is found out by then.
const WATCH_SECONDS: f64 = 160.0;
/// Changes are gathered this long before they are told.
const GATHER: Duration = Duration::from_millis(20);
/// A watch that stays open for this long is one.
const STEADY: Duration = Duration::from_millis(500);
/// A watch that ended sooner, without a word, was cut.
const SOON: Duration = Duration::from_secs(5);
/// Longest delay after a watch was cut.
const CUT: Duration = Duration::from_secs(2);
/// Longest line of a watch.
const LINE_LIMIT: usize = 8 << 20;

/// A kind that was readable and now is refused or missing is tried again for this long before it
/// is given up: the right may come back, and a proxy in between may have spoken for the server.
const LOYALTY: Duration = Duration::from_secs(60);

/// How a stretch of watching came to its end.
enum Stretch {
    /// As agreed, or cut: go on from the version reached.
    Over,
    /// The version is gone: list again.
    Expired,
    Unheard,
    Fault(Fault),
}

/// What is known: the table, and the version it is at.
struct Known {
    objects: Objects,
    resource_version: String,
    /// When the server last answered with objects.
    at: Instant,
}

impl<T, F> Watch<'_, T>
where
    T: Fn(Objects, KindState) -> F,
    F: Future<Output = bool>,
{
    /// Runs until it cannot go on.
    pub async fn run(mut self) -> Ended {
        let mut backoff = Backoff::new(self.seed());
        let mut known: Option<Known> = None;
        loop {
            let began = Instant::now();
            let mut cut = false;
            let (stretch, session) = self.stretch(&mut known, &mut backoff).await;
            let fault = match stretch {
                Stretch::Unheard => return Ended::Unheard,
                Stretch::Over if began.elapsed() >= SOON => {
                    backoff.reset();
                    continue;
                }
                Stretch::Over => {
                    cut = true;
                    None
                }
                Stretch::Expired => {
                    // Listed anew; the table stands until the list is in.
                    if let Some(known) = &mut known {
                        known.resource_version.clear();
                    }
                    None
                }
                Stretch::Fault(fault) => Some(fault),
            };
            let asked = match fault {
                None => None,
                Some(fault) => match self.fault(fault, session, &mut known).await {
                    Ok(asked) => asked,
                    Err(ended) => return ended,
                },
            };
            let delay = backoff.delay(asked);
            // The server is there, and only cuts: changes must not wait long.
            let delay = if cut { delay.min(CUT) } else { delay };
            tokio::select! {
                () = sleep(delay) => {}
                nudged = self.nudge.changed() => if nudged.is_err() { return Ended::Unheard },
            }
        }
    }

    /// Tells of a fault, with the table as it was; how long the server asked to be left alone,
    /// or that there is nothing to wait for.
    async fn fault(
        &self,
        fault: Fault,
        session: Option<Session>,
        known: &mut Option<Known>,
    ) -> Result<Option<Duration>, Ended> {
        let trouble = fault.trouble(&self.question(session.as_ref()));
        let loyal = known.as_ref().is_some_and(|known| known.at.elapsed() < LOYALTY);
        let state = match (fault.code(), session) {
            (Some(404), _) if !loyal => return Err(Ended::NotServed),
            (Some(403), _) if !loyal => return Err(Ended::Forbidden(trouble)),
            (Some(404), _) => {
                self.doubt.served.notify_one();
                KindState::Failed(trouble)
            }
            (Some(403), _) => KindState::Forbidden(trouble),
            (Some(401), Some(session)) => {
                self.cluster.refused(&session).await;
                KindState::Failed(trouble)
            }
            _ => KindState::Failed(trouble),
        };
        self.doubt.alive.notify_one();
        let objects = known.as_ref().map(|known| known.objects.clone()).unwrap_or_default();
        if !(self.tell)(objects, state).await {
            return Err(Ended::Unheard);
        }
        match fault {
            Fault::Status { retry_after, .. } => Ok(retry_after),
            _ => Ok(None),
        }
    }

    /// One list, if one is due, and one watch.
    async fn stretch(
        &mut self,
        known: &mut Option<Known>,
        backoff: &mut Backoff,
    ) -> (Stretch, Option<Session>) {
        let session = match self.cluster.session().await {
            Ok(session) => session,
            Err(trouble) => return (Stretch::Fault(Fault::Session(trouble)), None),
        };
        self.nudge.mark_unchanged();
        let stretch = self.asked(&session, known, backoff).await;
        (stretch, Some(session))
    }

    async fn asked(
        &mut self,
        session: &Session,
        known: &mut Option<Known>,
        backoff: &mut Backoff,
    ) -> Stretch {
        let namespace = self.namespace.clone();
        let target =
            Target { kind: self.kind, version: self.version, namespace: namespace.as_deref() };
        let fresh = known.as_ref().is_some_and(|known| !known.resource_version.is_empty());
        if !fresh {
            match list::list(&session.client, &target, self.limits).await {
                Ok(Listed { objects, resource_version, .. }) => {
                    *known = Some(Known { objects, resource_version, at: Instant::now() });
                }
                Err(fault) => return Stretch::Fault(fault),
            }
        }
        let Some(known) = known else { return Stretch::Expired };
        let seconds = (WATCH_SECONDS * (1.0 + 0.5 * backoff.fraction())) as u64;
        let path = target.watch_path(&known.resource_version, seconds);
        let limits = Limits { whole: None, ..self.limits };
        // A list is worth telling even if the watch that follows does not come about.
        if !fresh && !(self.tell)(known.objects.clone(), KindState::Listed).await {
            return Stretch::Unheard;
        }
        let answer = request::get(&session.client, &path, target.watch_accept(), limits).await;
        match answer {
            Ok(answer) => {
                let longest = Duration::from_secs(seconds + 10);
                let answer = answer.with_silence(longest);
                self.follow(known, answer, &target.api_version(), fresh).await
            }
            Err(fault) if fault.code() == Some(410) => Stretch::Expired,
            Err(fault) => Stretch::Fault(fault),
        }
    }

    /// Takes in events until the stream ends. `resumed`: a table is gone on with that may have
    /// been told to be in trouble; it is well again with the first event, or once the stream has
    /// stayed open for a while.
    async fn follow(
        &mut self,
        known: &mut Known,
        mut answer: request::Answer,
        api_version: &str,
        resumed: bool,
    ) -> Stretch {
        let mut lines = Lines::default();
        let mut due = resumed.then(|| Instant::now() + STEADY);
        let mut gathered = false;
        loop {
            let piece = tokio::select! {
                piece = answer.piece() => piece,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if !gathered && !lines.rest.is_empty() {
                        // Something comes in, and is no event yet.
                        due = Some(Instant::now() + STEADY);
                        continue;
                    }
                    (due, gathered) = (None, false);
                    known.at = Instant::now();
                    if !(self.tell)(known.objects.clone(), KindState::Listed).await {
                        return Stretch::Unheard;
                    }
                    continue;
                }
                nudged = self.nudge.changed() => match nudged {
                    Ok(()) => Ok(None),
                    Err(_) => return Stretch::Unheard,
                },
            };
            let (over, piece) = match piece {
                Ok(Some(piece)) => (None, piece),
                Ok(None) => (Some(Stretch::Over), bytes::Bytes::new()),
                // Cut or silent: what was reached stands, and a new watch goes on from there.
                Err(Fault::Broken(_) | Fault::Timeout(_)) => {
                    (Some(Stretch::Over), bytes::Bytes::new())
                }
                Err(fault) => (Some(Stretch::Fault(fault)), bytes::Bytes::new()),
            };
            let taken = lines.push(&piece, |line| known.take(self.kind, api_version, line));
            match taken {
                Ok(true) if !gathered => {
                    (due, gathered) = (Some(Instant::now() + GATHER), true);
                }
                Ok(_) => {}
                Err(stretch) => return self.leave(known, gathered, stretch).await,
            }
            if let Some(stretch) = over {
                return self.leave(known, gathered, stretch).await;
            }
        }
    }

    /// Tells what was gathered before a stretch ends.
    async fn leave(&self, known: &Known, gathered: bool, stretch: Stretch) -> Stretch {
        if gathered && !(self.tell)(known.objects.clone(), KindState::Listed).await {
            return Stretch::Unheard;
        }
        stretch
    }

    fn question<'s>(&'s self, session: Option<&'s Session>) -> Question<'s> {
        Question {
            verb: "list",
            kind: self.kind,
            namespace: self.namespace.as_deref(),
            address: session.map_or("", |session| &session.address),
        }
    }

    /// Sets the delays of this watch apart from those of the others.
    fn seed(&self) -> u64 {
        let name = self.namespace.as_deref().unwrap_or_default();
        let bytes = name
            .bytes()
            .fold(self.kind as u64 + 1, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
        bytes + u64::from(std::process::id())
    }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    what: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OnlyMeta {
    metadata: Meta,
}

impl Known {
    /// Takes in one event; whether the table changed.
    fn take(&mut self, kind: Kind, api_version: &str, line: &[u8]) -> Result<bool, Stretch> {
        let text = String::from_utf8_lossy(line);
        // A line that is no event is passed over: the next one may be.
        let Ok(event) = serde_json::from_str::<Event<'_>>(&text) else { return Ok(false) };
        let json = event.object.get();
        if event.what == "ERROR" {
            let fault = error(json);
            let expired = matches!(fault.code(), Some(410 | 504));
            return Err(if expired { Stretch::Expired } else { Stretch::Fault(fault) });
        }
        let meta = serde_json::from_str::<OnlyMeta>(json).unwrap_or_default().metadata;
        if !meta.resource_version.is_empty() {
            self.resource_version.clone_from(&meta.resource_version);
        }
        match &*event.what {
            "ADDED" | "MODIFIED" => {
                let Ok(raw) = convert::object(kind, api_version, json.as_bytes()) else {
                    return Ok(false);
                };
                self.objects.insert(raw);
                Ok(true)
            }
            "DELETED" => {
                let clean = |text: &str| harmless::text(text).into_owned();
                let key = Key::new(&clean(&meta.namespace), &clean(&meta.name));
                Ok(self.objects.remove(&ObjectRef { kind, key }))
            }
            // BOOKMARK: only the version moves on.
            _ => Ok(false),
        }
    }
}

fn error(json: &str) -> Fault {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Code {
        code: u16,
    }
    let code = serde_json::from_str::<Code>(json).unwrap_or_default().code;
    Fault::status(code, request::JSON, None, json.as_bytes())
}

/// Lines out of pieces.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Hands out each line that a piece completes; whether any of them changed something.
    fn push(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<bool, Stretch>,
    ) -> Result<bool, Stretch> {
        let mut changed = false;
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.len() > LINE_LIMIT {
                return Err(Stretch::Fault(Fault::Strange("a watch without end of line".into())));
            }
            if part.ends_with(b"\n") {
                changed |= take(&std::mem::take(&mut self.rest))?;
            }
        }
        Ok(changed)
    }
}
