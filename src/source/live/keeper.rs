//! Keeps one kind current, wherever the user may look: in all namespaces where that is allowed,
//! else in those of the scope.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Message;
use super::plan::Plan;
use super::session::Shared;
use crate::mesh::{Kind, KindState, Objects, Scope, Trouble};
use crate::source::Reach;
use crate::source::assemble::{Slot, View};
use crate::source::kube::catalog;
use crate::source::kube::served::Served;
use crate::source::kube::watch::{Ended, Watch};
use crate::source::once::{ROOT, places};

/// Ends when nobody looks at a kind any more; only Events are ever unwanted.
async fn until_unwanted(kind: Kind, plan: &mut watch::Receiver<Plan>) {
    let unwanted = |plan: &Plan| kind == Kind::Event && !plan.events;
    // Without a plan the session is over, and the keeper ends with it.
    let _ = plan.wait_for(unwanted).await.is_ok();
}

/// Ends when a kind is served in another version, or not any more.
async fn until_moved(kind: Kind, version: &str, served: &mut watch::Receiver<Served>) {
    // Without discovery the session is over, and the keeper ends with it.
    let _ = served.wait_for(|served| served.get(&kind) != Some(&version)).await.is_ok();
}

/// Ends when the scope is another; whether because the session is over.
async fn scope_changed(scope: &Scope, plan: &mut watch::Receiver<Plan>) -> bool {
    plan.wait_for(|plan| plan.scope != *scope).await.is_err()
}

/// A right that is missing may be granted: it is tried again soon, later ever more seldom.
const AGAIN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(60);

pub(super) struct Keeper {
    shared: Shared,
    kind: Kind,
}

impl Keeper {
    pub(super) fn new(shared: Shared, kind: Kind) -> Self {
        Self { shared, kind }
    }

    /// Runs as long as the session.
    pub(super) async fn run(mut self) {
        let mut served = self.shared.served.subscribe();
        let mut again = AGAIN;
        loop {
            if self.kind == Kind::Event && !self.wait_for_events().await {
                return;
            }
            let version = served.borrow_and_update().get(&self.kind).copied();
            let Some(version) = version else {
                self.tell(None, KindState::NotServed).await;
                if served.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let mut plan = self.shared.plan.clone();
            tokio::select! {
                over = self.keep(version, again) => {
                    if over {
                        return;
                    }
                    again = (again * 2).min(SELDOM);
                }
                // Another version, or none any more.
                () = until_moved(self.kind, version, &mut served) => {}
                // Nobody looks at Events any more.
                () = until_unwanted(self.kind, &mut plan) => {
                    self.send(None, None).await;
                }
            }
        }
    }

    async fn wait_for_events(&mut self) -> bool {
        self.shared.plan.wait_for(|plan| plan.events).await.is_ok()
    }

    /// Watches everywhere, or where it is allowed; whether the session is over. `again`: how long
    /// to wait where neither can be.
    async fn keep(&self, version: &'static str, again: Duration) -> bool {
        let everywhere = places(self.kind, catalog::reach(self.kind), &Scope::All);
        let ended = match &everywhere {
            None => self.watch(version, None, false).await,
            Some(_) => self.watch(version, Some(ROOT.into()), false).await,
        };
        match ended {
            Ended::Unheard => true,
            Ended::NotServed => {
                let place = everywhere.and_then(|places| places.into_iter().next());
                self.tell(place, KindState::NotServed).await;
                // Perhaps in another version by now.
                self.shared.doubt.served.notify_one();
                sleep(again).await;
                false
            }
            Ended::Forbidden(trouble) if everywhere.is_some() || !self.kind.info().namespaced => {
                let place = everywhere.and_then(|places| places.into_iter().next());
                self.tell(place, KindState::Forbidden(trouble)).await;
                sleep(again).await;
                false
            }
            Ended::Forbidden(_) => {
                self.send(None, None).await;
                self.by_namespace(version, again).await
            }
        }
    }

    /// A watch a namespace of the scope, until the scope changes or every right is missing.
    async fn by_namespace(&self, version: &'static str, again: Duration) -> bool {
        let mut plan = self.shared.plan.clone();
        let scope = plan.borrow_and_update().scope.clone();
        let namespaces = self.namespaces(&scope).await;
        let mut watches: FuturesUnordered<_> = namespaces
            .iter()
            .map(|namespace| async {
                let extra = !scope.contains(namespace) && scope != Scope::All;
                {
                    let place = Some(Arc::clone(namespace));
                    (Arc::clone(namespace), extra, self.watch(version, place, extra).await)
                }
            })
            .collect();
        let over = loop {
            tokio::select! {
                ended = watches.next() => match ended {
                    Some((_, _, Ended::Unheard)) => break true,
                    Some((namespace, extra, Ended::Forbidden(trouble))) => {
                        self.forbidden(namespace, extra, trouble).await;
                    }
                    Some((namespace, _, Ended::NotServed)) => {
                        self.tell(Some(namespace), KindState::NotServed).await;
                    }
                    // No watch is left: once more from the start, later.
                    None => {
                        sleep(again).await;
                        break false;
                    }
                },
                over = scope_changed(&scope, &mut plan) => break over,
            }
        };
        drop(watches);
        for namespace in namespaces {
            self.send(Some(namespace), None).await;
        }
        over
    }

    /// The namespaces of the scope and the root namespace. All, where all are not allowed, is
    /// the context's own.
    async fn namespaces(&self, scope: &Scope) -> Vec<Arc<str>> {
        let own = match scope {
            Scope::All | Scope::Unset => {
                let session = self.shared.cluster.session().await;
                Scope::Namespaces(session.map(|session| session.namespace).into_iter().collect())
            }
            Scope::Namespaces(_) => scope.clone(),
        };
        places(self.kind, Reach::ScopeAndRoot, &own).unwrap_or_default()
    }

    async fn forbidden(&self, namespace: Arc<str>, extra: bool, trouble: Trouble) {
        let view = View { state: KindState::Forbidden(trouble), extra, ..View::default() };
        self.send(Some(namespace), Some(view)).await;
    }

    /// `extra`: a place besides those of the scope.
    async fn watch(
        &self,
        version: &'static str,
        namespace: Option<Arc<str>>,
        extra: bool,
    ) -> Ended {
        let place = namespace.clone();
        let tell = |objects: Objects, state: KindState| {
            let view = View { objects, state, extra };
            let place = place.clone();
            async move { self.send(place, Some(view)).await }
        };
        let watch = Watch {
            cluster: &self.shared.cluster,
            kind: self.kind,
            version,
            namespace,
            limits: self.shared.limits,
            nudge: self.shared.nudge.subscribe(),
            doubt: &self.shared.doubt,
            tell,
        };
        watch.run().await
    }

    async fn tell(&self, namespace: Option<Arc<str>>, state: KindState) {
        self.send(namespace, Some(View { state, ..View::default() })).await;
    }

    async fn send(&self, namespace: Option<Arc<str>>, view: Option<View>) -> bool {
        let slot = Slot { kind: self.kind, namespace };
        self.shared.send.send(Message::Slot(slot, view.map(Box::new))).await.is_ok()
    }
}
