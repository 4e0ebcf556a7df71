//! Requests on their way: from a pod through its proxy to the pods that serve them, with faults,
//! timeouts, retries and failures, each counted where a proxy would count it.

use std::collections::HashMap;
use std::sync::Arc;

use super::app::{Behaviour, Call, behaviour};
use super::decision::{Called, Decision, Decisions, Share};
use super::latency::Latency;
use super::meters::{Ending, Meters, Report, Reporter};
use super::peer::{Peer, Peers};
use super::random::Random;
use crate::demo::Scenario;

/// Calls within calls beyond these are not made: a rule may send a call back to its caller.
const DEEPEST: u32 = 12;
/// Batches of requests in one interval; beyond these the rest is not sent.
const MOST_BATCHES: u32 = 20_000;
/// What a proxy needs to answer by itself.
const OWN_ANSWER: Latency = Latency { median: 0.4, sigma: 0.4 };

/// Requests that ended alike, as their caller sees them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ended {
    pub requests: u64,
    /// 0: the caller gave up.
    pub status: u16,
    /// Milliseconds beside the ordinary.
    pub extra: f64,
}

impl Ended {
    fn failed(&self) -> bool {
        self.status == 0 || self.status >= 500
    }
}

/// One interval of traffic.
pub(super) struct Flow<'a> {
    pub scenario: Scenario,
    pub peers: &'a Peers,
    pub decisions: &'a mut Decisions,
    pub behaviours: &'a mut HashMap<(Arc<str>, Arc<str>), Arc<Behaviour>>,
    pub meters: &'a mut Meters,
    pub random: Random,
    pub batches: u32,
}

/// A batch of requests alike on its way: who sends it, which call it is, for whom.
#[derive(Clone, Copy)]
struct Batch<'a> {
    from: &'a Peer,
    call: &'a Call,
    decision: &'a Decision,
    user: Option<&'static str>,
    depth: u32,
    /// Whether a delay was injected, and how long.
    delay: f64,
}

impl Batch<'_> {
    /// When the request is given up: by the rule's timeout, or by the caller.
    fn limit(&self) -> (f64, u16, &'static str, &'static str) {
        match self.decision.timeout {
            Some(timeout) if timeout < self.call.patience => (timeout, 504, "UT", "DI,UT"),
            _ => (self.call.patience, 0, "DC", "DI,DC"),
        }
    }

    fn flags(&self, plain: &'static str) -> &'static str {
        match plain {
            _ if self.delay <= 0.0 => plain,
            "-" => "DI",
            "FI" => "DI,FI",
            "UH" => "UH,DI",
            other => other,
        }
    }
}

impl Flow<'_> {
    /// Sends `n` requests of a call; how they ended for the caller.
    pub(super) fn send(
        &mut self,
        from: &Peer,
        call: &Call,
        user: Option<&'static str>,
        n: u64,
        depth: u32,
    ) -> Vec<Ended> {
        if n == 0 || depth > DEEPEST || self.batches == MOST_BATCHES {
            return Vec::new();
        }
        self.batches += 1;
        // At the gateway a session is a cookie; productpage makes the header of it.
        let header = user.filter(|_| !from.gateway);
        let decision = self.decisions.of(from, call, header);
        let batch = Batch { from, call, decision: &decision, user, depth, delay: 0.0 };
        let (percent, delay) = decision.delay.unwrap_or_default();
        let delayed = self.random.binomial(n, percent / 100.0);
        let mut ended = self.pass_faults(batch, n - delayed);
        ended.extend(self.pass_faults(Batch { delay, ..batch }, delayed));
        ended
    }

    /// After the delay: given up meanwhile, aborted, or on to the destinations.
    fn pass_faults(&mut self, batch: Batch<'_>, n: u64) -> Vec<Ended> {
        if n == 0 {
            return Vec::new();
        }
        let intended = batch.decision.shares.first().map(|share| share.called.clone());
        let Some(intended) = intended else { return Vec::new() };
        // The delay comes before the route's timeout begins: only the caller can give up.
        if batch.delay >= batch.call.patience {
            let ending = Ending { status: 0, flags: "DI,DC" };
            return vec![self.unserved(batch, &intended, ending, (n, batch.call.patience))];
        }
        let mut ended = Vec::new();
        let (percent, status) = batch.decision.abort.unwrap_or_default();
        let aborted = self.random.binomial(n, percent / 100.0);
        if aborted > 0 {
            let ending = Ending { status, flags: batch.flags("FI") };
            ended.push(self.unserved(batch, &intended, ending, (aborted, batch.delay)));
        }
        let weights: Vec<f64> = batch.decision.shares.iter().map(|share| share.weight).collect();
        let drawn = self.random.multinomial(n - aborted, &weights);
        for (share, n) in batch.decision.shares.iter().zip(drawn) {
            match share.refused {
                _ if n == 0 => {}
                Some((status, flags)) => {
                    let ending = Ending { status, flags: batch.flags(flags) };
                    ended.push(self.unserved(batch, &share.called, ending, (n, batch.delay)));
                }
                None => ended.extend(self.reach(batch, share, n)),
            }
        }
        ended
    }

    /// Requests that no pod has seen: the source's proxy alone reports them.
    fn unserved(
        &mut self,
        batch: Batch<'_>,
        called: &Called,
        ending: Ending,
        (requests, extra): (u64, f64),
    ) -> Ended {
        let status = ending.status;
        let report = Report {
            reporter: Reporter::Source,
            source: batch.from,
            destination: None,
            called,
            ending,
            requests,
            latency: OWN_ANSWER,
            extra,
            bytes: (900, 150),
        };
        self.meters.count(&report, &mut self.random);
        Ended { requests, status, extra }
    }

    /// Requests that pods serve, with their retries.
    fn reach(&mut self, batch: Batch<'_>, share: &Share, n: u64) -> Vec<Ended> {
        let peers = self.peers;
        let mut ended = Vec::new();
        let mut open = n;
        for attempt in 0..=batch.decision.attempts {
            let last = attempt == batch.decision.attempts;
            let mut again = 0;
            let even = vec![1.0; share.pods.len()];
            for (pod, n) in share.pods.iter().zip(self.random.multinomial(open, &even)) {
                let Some(pod) = peers.pods.get(pod).filter(|_| n > 0) else { continue };
                let (kept, retried) = self.exchange(batch, pod, &share.called, (n, last));
                ended.extend(kept);
                again += retried;
            }
            open = again;
            if open == 0 {
                break;
            }
        }
        ended
    }

    /// One attempt at one pod; what its caller gets, and how many requests are tried again.
    fn exchange(
        &mut self,
        batch: Batch<'_>,
        pod: &Peer,
        called: &Called,
        (n, last): (u64, bool),
    ) -> (Vec<Ended>, u64) {
        let behaviour = self.behaviour(pod);
        let (limit, status_at_limit, flags_at_limit, delayed_flags) = batch.limit();
        let (mut kept, mut retried) = (Vec::new(), 0);
        for served in self.serve(pod, &behaviour, batch, n) {
            let patient = served.extra + batch.delay < limit;
            let again = patient && !last && batch.decision.retries(served.status);
            let exhausted = patient && last && batch.decision.retries(served.status);
            let (source, destination) = if patient {
                let flags = if exhausted { "URX" } else { "-" };
                (
                    Ending { status: served.status, flags: batch.flags(flags) },
                    Ending { status: served.status, flags: "-" },
                )
            } else {
                let flags = if batch.delay > 0.0 { delayed_flags } else { flags_at_limit };
                (Ending { status: status_at_limit, flags }, Ending { status: 0, flags: "DC" })
            };
            let extra = served.extra.min(limit - batch.delay);
            let mut report = Report {
                reporter: Reporter::Destination,
                source: batch.from,
                destination: Some(pod),
                called,
                ending: destination,
                requests: served.requests,
                latency: behaviour.latency,
                extra,
                bytes: behaviour.bytes,
            };
            self.meters.count(&report, &mut self.random);
            if again {
                retried += served.requests;
                continue;
            }
            let extra = extra + batch.delay;
            kept.push(Ended { requests: served.requests, status: source.status, extra });
            // The way there and back, and both proxies.
            let latency = Latency { median: behaviour.latency.median + 0.9, ..behaviour.latency };
            report =
                Report { reporter: Reporter::Source, ending: source, latency, extra, ..report };
            self.meters.count(&report, &mut self.random);
        }
        (kept, retried)
    }

    /// The application of a pod at work: its own calls, then its answer.
    fn serve(&mut self, pod: &Peer, behaviour: &Behaviour, batch: Batch<'_>, n: u64) -> Vec<Ended> {
        let failed = self.random.binomial(n, behaviour.fails);
        let mut slow: Vec<(u64, f64)> = Vec::new();
        for call in &behaviour.calls {
            let mut waits = Vec::new();
            let mut open = n;
            for _ in 0..=call.repeats {
                let ended = self.send(pod, call, batch.user, open, batch.depth + 1);
                open = ended.iter().filter(|e| e.failed()).map(|e| e.requests).sum();
                waits.push(ended);
            }
            for ended in waits {
                let late = ended.iter().filter(|ended| ended.extra > 0.0);
                add_waits(&mut slow, late.map(|ended| (ended.requests, ended.extra)));
            }
        }
        let answer = |requests, status, extra| Ended { requests, status, extra };
        let mut left = n;
        let mut answers = Vec::new();
        for (requests, extra) in slow {
            let requests = requests.min(left);
            left -= requests;
            answers.push(answer(requests, 200, extra));
        }
        let failed = failed.min(left);
        answers.push(answer(failed, behaviour.status, 0.0));
        answers.push(answer(left - failed, 200, 0.0));
        answers.retain(|answer| answer.requests > 0);
        answers
    }

    fn behaviour(&mut self, pod: &Peer) -> Arc<Behaviour> {
        let key = (pod.app.clone(), pod.version.clone());
        let scenario = self.scenario;
        let made = || Arc::new(behaviour(scenario, &pod.app, &pod.version));
        self.behaviours.entry(key).or_insert_with(made).clone()
    }
}

/// One call after the other: the requests that waited before wait again, the longest first.
fn add_waits(slow: &mut Vec<(u64, f64)>, waits: impl Iterator<Item = (u64, f64)>) {
    let mut merged: Vec<(u64, f64)> = Vec::new();
    let mut before = std::mem::take(slow).into_iter();
    let mut open = before.next();
    for (mut requests, wait) in waits {
        while let Some((waiting, waited)) = open.as_mut().filter(|_| requests > 0) {
            let both = requests.min(*waiting);
            merged.push((both, *waited + wait));
            requests -= both;
            *waiting -= both;
            if *waiting == 0 {
                open = before.next();
            }
        }
        if requests > 0 {
            merged.push((requests, wait));
        }
    }
    merged.extend(open.into_iter().chain(before));
    *slow = merged;
}
