//! Watches: a stream of changes from a revision on, with bookmarks, until the client, the
//! timeout or the server ends it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::Form;
use super::list::{self, object};
use super::route::{Address, Params};
use super::selector::Selector;
use super::{Api, table};
use crate::demo::world::refusal::Refusal;
use crate::demo::world::state::{Change, Item, State};

/// How often a quiet watch that allows bookmarks gets one.
const BOOKMARK: Duration = Duration::from_secs(60);
/// How long a watch lasts that does not say: half an hour, as a real server at least gives.
const LONGEST: u64 = 1800;

/// An open watch.
struct Watch {
    api: Arc<Api>,
    address: Address,
    selector: Selector,
    form: Form,
    bookmarks: bool,
    /// The revision of the last change that was looked at.
    seen: u64,
    revisions: watch::Receiver<u64>,
    deadline: Instant,
    /// Lines that go out first.
    first: Option<String>,
    ended: bool,
    columns_sent: bool,
}

/// Opens a watch; the answer streams.
pub(super) fn open(
    api: &Arc<Api>,
    address: &Address,
    params: &Params,
    form: Form,
) -> Result<Response, Refusal> {
    let selector = Selector::new(
        address.resource.kind,
        params.text("labelSelector"),
        params.text("fieldSelector"),
    )?;
    let revision = params.text("resourceVersion");
    let initial = params.is_true("sendInitialEvents");
    let since = if matches!(revision, "" | "0") { None } else { Some(list::revision(revision)?) };
    let store = api.world.store();
    let timeout = params.number("timeoutSeconds").unwrap_or(LONGEST).min(86_400);
    let mut watch = Watch {
        api: Arc::clone(api),
        address: address.clone(),
        selector,
        form,
        bookmarks: params.is_true("allowWatchBookmarks"),
        seen: since.unwrap_or(0),
        revisions: store.revisions(),
        deadline: Instant::now() + Duration::from_secs(timeout),
        first: None,
        ended: false,
        columns_sent: false,
    };
    if initial || since.is_none() {
        store.read(|state| watch.begin(state, initial));
    }
    let stream = futures::stream::unfold(watch, |mut watch| async {
        let lines = watch.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(lines)), watch))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

impl Watch {
    /// Sends what there is already, and a bookmark that says so if that was asked for.
    fn begin(&mut self, state: &State, mark: bool) {
        self.seen = state.revision();
        let present: Vec<Item> = state
            .list(self.address.resource.kind, self.address.namespace.as_deref())
            .filter(|item| self.selector.matches(&item.value))
            .cloned()
            .collect();
        let mut lines: String = present.iter().map(|item| self.line("ADDED", item)).collect();
        if mark {
            lines.push_str(&self.bookmark(true));
        }
        self.first = Some(lines).filter(|lines| !lines.is_empty());
    }

    /// The next lines; `None` when the watch is over.
    async fn next(&mut self) -> Option<String> {
        if let Some(lines) = self.first.take() {
            return Some(lines);
        }
        let mut bookmark_at = Instant::now() + BOOKMARK;
        loop {
            if self.ended {
                return None;
            }
            self.revisions.mark_unchanged();
            let lines = self.gather();
            if !lines.is_empty() {
                return Some(lines);
            }
            let wake = if self.bookmarks { bookmark_at.min(self.deadline) } else { self.deadline };
            tokio::select! {
                changed = self.revisions.changed() => self.ended = changed.is_err(),
                () = self.api.stop.cancelled() => return None,
                () = tokio::time::sleep_until(wake) => {
                    self.ended = Instant::now() >= self.deadline;
                    bookmark_at = Instant::now() + BOOKMARK;
                    if self.bookmarks {
                        return Some(self.bookmark(false));
                    }
                }
            }
        }
    }

    /// The changes since the last look, as lines.
    fn gather(&mut self) -> String {
        let api = Arc::clone(&self.api);
        let changes = api.world.store().read(|state| {
            let changes: Vec<Change> = state.changes(self.seen)?.cloned().collect();
            Ok((changes, state.revision()))
        });
        match changes {
            Err(refusal) => {
                let refusal: Refusal = refusal;
                self.ended = true;
                format!("{}\n", json!({"type": "ERROR", "object": refusal.status()}))
            }
            Ok((changes, revision)) => {
                self.seen = revision;
                changes.iter().filter_map(|change| self.event(change)).collect()
            }
        }
    }

    /// A change as this watch sees it: an object that begins or ceases to match comes and goes.
    fn event(&mut self, change: &Change) -> Option<String> {
        let item = &change.new;
        let here = item.kind == self.address.resource.kind
            && self.address.namespace.as_deref().is_none_or(|n| n == &*item.key.namespace);
        if !here {
            return None;
        }
        let before = change.old.as_ref().is_some_and(|old| self.selector.matches(&old.value));
        let after = !change.deleted && self.selector.matches(&item.value);
        let kind = match (before, after) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(self.line(kind, item))
    }

    fn line(&mut self, kind: &str, item: &Item) -> String {
        let mut shown = object(&self.address, item, self.form);
        if matches!(self.form, Form::Table(_)) && std::mem::replace(&mut self.columns_sent, true) {
            // Only the first event carries the columns.
            table::drop_columns(&mut shown);
        }
        format!("{}\n", json!({"type": kind, "object": shown}))
    }

    /// A bookmark: an object of the kind with nothing but a revision.
    fn bookmark(&self, initial_end: bool) -> String {
        let mut metadata = json!({"resourceVersion": self.seen.to_string()});
        if initial_end && let Some(map) = metadata.as_object_mut() {
            map.insert("annotations".to_owned(), json!({"k8s.io/initial-events-end": "true"}));
        }
        let resource = self.address.resource;
        let object: Value = match self.form {
            Form::Whole => json!({"apiVersion": resource.api_version(&self.address.version),
                                  "kind": resource.info().name, "metadata": metadata}),
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                                     "metadata": metadata})
            }
            Form::Table(include) => table::table(resource, &[], metadata, include),
        };
        format!("{}\n", json!({"type": "BOOKMARK", "object": object}))
    }
}
