//! The traffic of the embedded world: users call Bookinfo through the ingress gateway, every hop
//! is decided by the routing engine, and the proxies' metrics are scraped into the store.
//!
//! Time is simulated: the same seed, objects and times give the same samples. Past samples are
//! made the same way as present ones, only faster.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Scenario;
use super::prometheus::{Labels, NAME, Prometheus, Store};
use crate::mesh::Objects;

mod app;
mod decision;
mod flow;
mod latency;
mod meters;
mod peer;
mod random;

use app::{Behaviour, Call, JASON_SHARE, arrivals_per_second};
use decision::Decisions;
use flow::Flow;
use meters::Meters;
use peer::{Peer, Peers};
use random::Random;

/// Between two scrapes.
pub const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);
/// Between two scrapes of the past.
const PAST_INTERVAL_MS: i64 = 15_000;
/// Scrapes of the past: an hour, and less for a mesh so large that an hour would take long to
/// make.
fn past_scrapes(scenario: Scenario) -> i64 {
    const HOUR: i64 = 60 * 60 * 1000 / PAST_INTERVAL_MS;
    match scenario {
        Scenario::Large { services } => (2400 / i64::from(services.max(1))).clamp(6, HOUR),
        _ => HOUR,
    }
}

/// How long samples are kept, in milliseconds.
pub const RETENTION_MS: i64 = 2 * 60 * 60 * 1000;
/// The users, the applications and the proxies at work.
#[derive(Debug)]
pub struct Traffic {
    scenario: Scenario,
    seed: u64,
    meters: Meters,
    behaviours: HashMap<(Arc<str>, Arc<str>), Arc<Behaviour>>,
    config: Option<Config>,
    /// Requests owed: arrivals are no whole number an interval.
    owed: f64,
}

/// What is derived from one state of the objects.
#[derive(Debug)]
struct Config {
    objects: Arc<Objects>,
    peers: Peers,
    decisions: Decisions,
}

impl Traffic {
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            meters: Meters::default(),
            behaviours: HashMap::new(),
            config: None,
            owed: 0.0,
        }
    }

    /// Lets `interval` milliseconds of traffic happen, then scrapes every proxy at `at`
    /// (milliseconds since the epoch).
    pub fn scrape(&mut self, objects: &Arc<Objects>, at: i64, interval: i64, store: &mut Store) {
        let fresh = self.config.take().filter(|config| Arc::ptr_eq(&config.objects, objects));
        let mut config = fresh.unwrap_or_else(|| Config {
            objects: objects.clone(),
            peers: Peers::of(objects),
            decisions: Decisions::new(objects),
        });
        self.requests(&mut config, at, interval);
        self.gauges(&config, store);
        let peers = &config.peers;
        self.meters.scrape(store, at, |pod| peers.pods.contains_key(pod));
        store.forget_before(at);
        self.config = Some(config);
    }

    /// Makes the samples of the time before `until`, and that moment's.
    pub fn past(&mut self, objects: &Arc<Objects>, until: i64, store: &mut Store) {
        meters::describe(store);
        for step in (0..=past_scrapes(self.scenario)).rev() {
            self.scrape(objects, until - step * PAST_INTERVAL_MS, PAST_INTERVAL_MS, store);
        }
    }

    /// Scrapes in real time, until the objects' feed ends.
    pub async fn run(
        mut self,
        objects: watch::Receiver<Arc<Objects>>,
        prometheus: Arc<Prometheus>,
    ) {
        let mut ticks = tokio::time::interval(SCRAPE_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        let mut last = prometheus.now();
        while objects.has_changed().is_ok() {
            ticks.tick().await;
            let now = prometheus.now();
            let current = objects.borrow().clone();
            prometheus.write(|store| self.scrape(&current, now, now - last, store));
            last = now;
        }
    }

    fn requests(&mut self, config: &mut Config, at: i64, interval: i64) {
        let mut random = Random::new(self.seed, at.cast_unsigned());
        let gust = 1.0 + 0.05 * random.normal();
        self.owed += arrivals_per_second(at) * gust * interval.max(0) as f64 / 1000.0;
        let arrived = self.owed.max(0.0).floor();
        self.owed -= arrived;
        let gateways: Vec<Arc<Peer>> = config.peers.ingress(&config.objects).cloned().collect();
        let mut flow = Flow {
            scenario: self.scenario,
            peers: &config.peers,
            decisions: &mut config.decisions,
            behaviours: &mut self.behaviours,
            meters: &mut self.meters,
            random: random.clone(),
            batches: 0,
        };
        let even = vec![1.0; gateways.len()];
        for (gateway, n) in gateways.iter().zip(random.multinomial(arrived as u64, &even)) {
            let jason = random.binomial(n, JASON_SHARE);
            flow.send(gateway, &page(), None, n - jason, 0);
            flow.send(gateway, &page(), Some("jason"), jason, 0);
        }
    }

    fn gauges(&mut self, config: &Config, store: &mut Store) {
        for peer in config.peers.pods.values() {
            let istiod = &*peer.app == "istiod";
            if !peer.proxied && !istiod {
                continue;
            }
            let named = |name: &str, more: &[(&str, &str)]| {
                let pairs = [(NAME, name)].into_iter().chain(more.iter().copied());
                let own = pairs.map(|(name, value)| (Arc::from(name), Arc::from(value)));
                Labels::new(peer.target().into_iter().chain(own))
            };
            self.meters.gauge(store, Some(peer), &named("up", &[]), 1.0);
            if istiod {
                let proxies = config.peers.pods.values().filter(|peer| peer.proxied).count();
                let objects = &config.objects;
                let numbers = [
                    ("pilot_xds", proxies),
                    ("pilot_services", objects.services.len()),
                    ("pilot_virt_services", objects.virtual_services.len()),
                ];
                for (name, number) in numbers {
                    self.meters.gauge(store, Some(peer), &named(name, &[]), number as f64);
                }
            }
        }
    }
}

/// The page as a browser asks the gateway for it.
fn page() -> Call {
    Call {
        host: "bookinfo.example.com".into(),
        port: 80,
        path: "/productpage",
        patience: 60_000.0,
        repeats: 0,
    }
}

#[cfg(test)]
mod tests;
