//! The tasks behind one context: connecting, discovery, a keeper a kind, a heartbeat, telemetry.
//! They end with the session.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Message;
use super::keeper::Keeper;
use super::plan::Plan;
use crate::mesh::{Kind, Trouble};
use crate::source::kube::backoff::Backoff;
use crate::source::kube::served::{self, Served};
use crate::source::kube::watch::Doubt;
use crate::source::kube::{self, Cluster, Limits, catalog};
use crate::source::prometheus::{Client, discover};
use crate::source::{Metrics, SourceOptions, TelemetryRequest};

/// Messages that may wait: when the picture is busy, watches hold on.
const MESSAGES: usize = 256;
/// A sign of life is asked for this often.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The same while there is none: the end of a fault should be noticed soon.
const AWAY: Duration = Duration::from_secs(2);
/// What is served is asked again this often, since it changes seldom.
const DISCOVERY: Duration = Duration::from_secs(60);
/// Doubts that come at once are answered at once, after this long.
const DOUBT: Duration = Duration::from_secs(1);
/// Clocks that disagree by this much mean that the machine slept.
const JUMP: Duration = Duration::from_secs(20);

pub(super) struct Session {
    pub messages: mpsc::Receiver<Message>,
    plan: watch::Sender<Plan>,
    nudge: watch::Sender<u64>,
    /// Dropped, they end.
    _tasks: JoinSet<()>,
    /// Keeps `messages` from ending when every task has.
    _open: mpsc::Sender<Message>,
}

/// What the tasks share.
#[derive(Clone)]
pub(super) struct Shared {
    pub cluster: Arc<Cluster>,
    pub limits: Limits,
    pub plan: watch::Receiver<Plan>,
    pub nudge: watch::Sender<u64>,
    pub served: watch::Sender<Served>,
    pub doubt: Arc<Doubt>,
    pub send: mpsc::Sender<Message>,
}

impl Session {
    pub(super) fn start(options: &SourceOptions, plan: &Plan) -> Self {
        let (send, messages) = mpsc::channel(MESSAGES);
        let (plan, plans) = watch::channel(plan.clone());
        let nudge = watch::Sender::new(0);
        let mut tasks = JoinSet::new();
        let kube = options.kube.as_ref().filter(|_| options.files.is_empty());
        let shared = kube.map(|kube| Shared {
            cluster: Arc::new(Cluster::new(kube.clone())),
            limits: Limits::new(kube.request_timeout),
            plan: plans.clone(),
            nudge: nudge.clone(),
            served: watch::Sender::new(Served::new()),
            doubt: Arc::default(),
            send: send.clone(),
        });
        if let Some(shared) = &shared {
            tasks.spawn(shared.clone().live());
        }
        let ask = Telemetry {
            metrics: options.metrics.clone(),
            cluster: shared.map(|shared| shared.cluster),
            plan: plans,
            nudge: nudge.subscribe(),
            send: send.clone(),
        };
        if !matches!(ask.metrics, Metrics::Off) {
            tasks.spawn(ask.clone().keep_asking(false));
            tasks.spawn(ask.keep_asking(true));
        }
        Self { messages, plan, nudge, _tasks: tasks, _open: send }
    }

    pub(super) fn follow(&self, plan: &Plan) {
        self.plan.send_if_modified(|current| {
            let changed = current != plan;
            current.clone_from(plan);
            changed
        });
    }

    /// Whoever waits tries now, and every connection is made anew.
    pub(super) fn nudge(&self) {
        self.nudge.send_modify(|count| *count += 1);
    }
}

impl Shared {
    /// Connects, finds out what is served, then keeps every kind and listens for the heart.
    async fn live(self) {
        let mut backoff = Backoff::new(7);
        let mut nudge = self.nudge.subscribe();
        while let Err(trouble) = self.connect().await {
            if self.send.send(Message::Reachable(Err(trouble))).await.is_err() {
                return;
            }
            tokio::select! {
                () = sleep(backoff.delay(None)) => {}
                _ = nudge.changed() => {}
            }
        }
        let mut keepers = JoinSet::new();
        for kind in catalog::WORKLOADS.iter().chain(catalog::CONFIG).chain(&[Kind::Event]) {
            keepers.spawn(Keeper::new(self.clone(), *kind).run());
        }
        tokio::join!(self.heartbeat(), self.rediscover());
    }

    async fn connect(&self) -> Result<(), Trouble> {
        let session = self.cluster.session().await?;
        let connected = Message::Connected {
            context: Arc::clone(&session.context),
            address: Arc::clone(&session.address),
            namespace: Arc::clone(&session.namespace),
        };
        // Nobody listening means that the session is over: the tasks end with it.
        let _ = self.send.send(connected).await;
        self.discover().await
    }

    async fn discover(&self) -> Result<(), Trouble> {
        let session = self.cluster.session().await?;
        let found = served::discover(&session.client, self.limits).await;
        let served = match found {
            // Discovery may be closed to a user who may read objects: then the known versions.
            Err(fault) if fault.code() == Some(403) && self.served.borrow().is_empty() => {
                let preferred =
                    |row: &crate::mesh::kind::KindInfo| Some((row.kind, *row.versions.first()?));
                crate::mesh::kind::KINDS.iter().filter_map(preferred).collect()
            }
            Err(fault) => {
                if fault.code() == Some(401) {
                    self.cluster.refused(&session).await;
                }
                return Err(fault.trouble_at(&session.address));
            }
            Ok(served) => served,
        };
        self.served.send_if_modified(|current| {
            let changed = *current != served;
            *current = served;
            changed
        });
        Ok(())
    }

    /// Asks again what is served, slowly; sooner when a kind seems to be gone.
    async fn rediscover(&self) {
        let mut nudge = self.nudge.subscribe();
        loop {
            tokio::select! {
                () = sleep(DISCOVERY) => {}
                _ = nudge.changed() => {}
                () = self.doubt.served.notified() => sleep(DOUBT).await,
            }
            // The heartbeat tells of a server that is away.
            let _ = self.discover().await;
        }
    }

    /// Asks for a sign of life, and notices when the machine has slept: then no connection is
    /// what it was, and none has noticed, since the clock of timers stood still.
    async fn heartbeat(&self) {
        let mut away = false;
        // Many who watch one server should not all knock at the same instant.
        let mut jitter = Backoff::new(13);
        loop {
            let answer = self.version().await;
            if away && answer.is_ok() {
                self.nudge.send_modify(|count| *count += 1);
            }
            away = answer.is_err();
            if self.send.send(Message::Reachable(answer)).await.is_err() {
                return;
            }
            let (clock, timer) = (SystemTime::now(), Instant::now());
            let pause = if away { AWAY } else { HEARTBEAT };
            tokio::select! {
                () = sleep(pause.mul_f64(0.75 + 0.5 * jitter.fraction())) => {}
                () = self.doubt.alive.notified(), if !away => sleep(DOUBT).await,
            }
            if has_slept(clock.elapsed().unwrap_or_default(), timer.elapsed()) {
                self.nudge.send_modify(|count| *count += 1);
            }
        }
    }

    async fn version(&self) -> Result<Option<String>, Trouble> {
        let session = self.cluster.session().await?;
        match kube::version(&session.client, self.limits).await {
            Ok(version) => Ok(Some(version)),
            // Whoever refuses is there.
            Err(fault) if fault.code().is_some_and(|code| code != 401 && code < 500) => Ok(None),
            Err(fault) => {
                if fault.code() == Some(401) {
                    self.cluster.refused(&session).await;
                }
                Err(fault.trouble_at(&session.address))
            }
        }
    }
}

/// Whether the machine slept: its clock went on while its timers stood still.
fn has_slept(clock: Duration, timer: Duration) -> bool {
    clock.saturating_sub(timer) > JUMP
}

/// A question that was asked, and when it is due again.
struct Asked {
    request: TelemetryRequest,
    /// The pace that was wanted then.
    every: Duration,
    due: Instant,
}

impl Asked {
    /// How long to wait before a question, where it was asked already and the answer is young.
    fn rest(&self, request: &TelemetryRequest, every: Duration) -> Option<Duration> {
        let TelemetryRequest { latency, throughput, counts, .. } = self.request;
        // More was asked than is wanted now.
        let covered = latency >= request.latency
            && throughput >= request.throughput
            && counts >= request.counts;
        let all = TelemetryRequest { latency, throughput, counts, ..request.clone() };
        let same = all == self.request;
        let rest = self.due.saturating_duration_since(Instant::now());
        (covered && same && every == self.every && !rest.is_zero()).then_some(rest)
    }
}

/// Asks Prometheus at the plan's pace.
#[derive(Clone)]
struct Telemetry {
    metrics: Metrics,
    cluster: Option<Arc<Cluster>>,
    plan: watch::Receiver<Plan>,
    nudge: watch::Receiver<u64>,
    send: mpsc::Sender<Message>,
}

impl Telemetry {
    /// `slow`: latency, throughput and counts, which must not hold the rates up.
    async fn keep_asking(mut self, slow: bool) {
        let mut client: Option<Client> = None;
        let mut backoff = Backoff::new(11 + u64::from(slow));
        let mut last: Option<Asked> = None;
        loop {
            let plan = self.plan.borrow_and_update().clone();
            let request = if slow { plan.slow() } else { Some(plan.rates()) };
            let known = plan.scope != crate::mesh::Scope::Unset;
            let mut wait = plan.every();
            if let Some(request) = request.filter(|_| known && !plan.paused) {
                let early = last.as_ref().and_then(|last| last.rest(&request, plan.every()));
                wait = match early {
                    Some(rest) => rest,
                    None => {
                        match self.ask(&mut client, &request, slow, &plan, &mut backoff).await {
                            Some(wait) => wait,
                            None => return,
                        }
                    }
                };
                if early.is_none() {
                    let due = Instant::now() + wait;
                    last = Some(Asked { request, every: plan.every(), due });
                }
            }
            tokio::select! {
                () = sleep(wait) => {}
                changed = self.plan.changed() => if changed.is_err() { return },
                nudged = self.nudge.changed() => match nudged {
                    Ok(()) => last = None,
                    Err(_) => return,
                },
            }
        }
    }

    /// Asks once and tells the answer; how long to wait before asking again, or that nobody
    /// listens any more.
    async fn ask(
        &self,
        client: &mut Option<Client>,
        request: &TelemetryRequest,
        slow: bool,
        plan: &Plan,
        backoff: &mut Backoff,
    ) -> Option<Duration> {
        let began = Instant::now();
        let mut wait = plan.every();
        let message = match self.client(client).await {
            Ok(asked) => {
                let telemetry = Box::new(asked.refresh(request).await);
                let address = asked.address().to_owned();
                if telemetry.answered() {
                    backoff.reset();
                } else {
                    wait = wait.max(backoff.delay(None));
                    self.forget(client);
                }
                Message::Telemetry { telemetry, slow, address, plan: plan.number }
            }
            Err(trouble) => {
                wait = wait.max(backoff.delay(None));
                Message::NoPrometheus(trouble)
            }
        };
        self.send.send(message).await.ok()?;
        // At most half of the time is spent asking.
        Some(wait.saturating_sub(began.elapsed()).max(began.elapsed().min(wait)))
    }

    /// A Prometheus that was found in the cluster is looked for again once it does not answer:
    /// its pod may have moved, or the credentials that led to it ended.
    fn forget(&self, client: &mut Option<Client>) {
        if matches!(self.metrics, Metrics::InCluster) {
            *client = None;
        }
    }

    async fn client<'a>(&self, client: &'a mut Option<Client>) -> Result<&'a Client, Trouble> {
        let made = match (client.take(), &self.metrics, &self.cluster) {
            (Some(made), ..) => made,
            (None, Metrics::Url(options), _) => Client::new(options)?,
            (None, _, Some(cluster)) => {
                let session = cluster.session().await?;
                discover(&session.client).await?.client
            }
            (None, _, None) => {
                return Err(Trouble::new(
                    "find Prometheus",
                    "there is no cluster to find it in",
                    "say where it is with --prometheus-url",
                ));
            }
        };
        Ok(client.insert(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::LatencyBy;

    #[test]
    fn a_clock_that_jumps_ahead_of_its_timers_tells_of_a_sleep() {
        let second = Duration::from_secs(1);
        assert!(has_slept(3600 * second, 5 * second));
        // A late timer, a slow machine, a clock that was set back: no sleep.
        assert!(!has_slept(30 * second, 30 * second));
        assert!(!has_slept(10 * second, 5 * second));
        assert!(!has_slept(Duration::ZERO, 5 * second));
    }

    #[test]
    fn a_young_answer_to_the_same_or_more_is_not_asked_for_again() {
        let options = SourceOptions { refresh: Duration::from_secs(5), ..SourceOptions::default() };
        let plan = Plan { latency: Some(LatencyBy::Edge), ..Plan::new(&options) };
        let every = plan.every();
        let asked = |due| Asked { request: plan.slow().unwrap(), every, due };
        let young = asked(Instant::now() + every);
        assert!(young.rest(&plan.slow().unwrap(), every).is_some());
        assert!(young.rest(&plan.slow().unwrap(), every / 2).is_none());
        for more in
            [Plan { counts: true, ..plan.clone() }, Plan { throughput: true, ..plan.clone() }]
        {
            assert!(young.rest(&more.slow().unwrap(), every).is_none());
        }
        let other = Plan { window: every, ..plan.clone() };
        assert!(young.rest(&other.slow().unwrap(), every).is_none());
        assert!(asked(Instant::now()).rest(&plan.slow().unwrap(), every).is_none());
    }
}
