//! What the applications do when they are called: whom they call in turn, how long they take,
//! how often they fail.
//!
//! Bookinfo's facts are those of its sources (istio/istio, `samples/bookinfo/src`): productpage
//! asks details and reviews, and repeats a failed reviews call once; reviews v1 asks nobody, v2
//! and v3 ask ratings; the header `end-user` is set by productpage and handed on by reviews.

use std::sync::Arc;

use super::latency::Latency;
use crate::demo::Scenario;

/// A call that an application makes for each request that it serves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The host as the application dials it.
    pub host: Arc<str>,
    pub port: u16,
    pub path: &'static str,
    /// When the caller gives up, in milliseconds.
    pub patience: f64,
    /// How often a failed call is made again by the application itself.
    pub repeats: u32,
}

/// An application, one version of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Behaviour {
    pub calls: Vec<Call>,
    pub latency: Latency,
    /// The share of requests that it fails, with this status.
    pub fails: f64,
    pub status: u16,
    /// Bytes of a request and of an answer, headers included.
    pub bytes: (u32, u32),
}

/// Of the users, those signed in as `jason`.
pub(super) const JASON_SHARE: f64 = 0.2;
/// Services of `large:N` beyond these are there, but nobody calls them.
pub(super) const MOST_CALLED: u16 = 200;
/// How many services each service of `large:N` calls.
const FAN_OUT: u16 = 3;
/// Services of `large:N` in a namespace.
const IN_A_NAMESPACE: u16 = 50;

/// The behaviour of a workload's application, by the labels `app` and `version` of its pods.
pub(super) fn behaviour(scenario: Scenario, app: &str, version: &str) -> Behaviour {
    let large = match scenario {
        Scenario::Large { services } => services.min(MOST_CALLED),
        _ => 0,
    };
    let plain = |median: f64, bytes| Behaviour {
        calls: Vec::new(),
        latency: Latency { median, sigma: 0.55 },
        fails: 0.0,
        status: 500,
        bytes,
    };
    match (app, version) {
        ("productpage", _) => {
            let mut calls = vec![
                call("details", 9080, "/details/0", 3000.0, 0),
                call("reviews", 9080, "/reviews/0", 3000.0, 1),
            ];
            calls.extend((large > 0).then(|| service(0)));
            Behaviour { calls, ..plain(18.0, (1450, 5300)) }
        }
        ("details", _) => plain(2.6, (980, 430)),
        ("reviews", "v1") => plain(5.0, (1010, 560)),
        ("reviews", version) => {
            let patience = if version == "v2" { 10_000.0 } else { 2500.0 };
            let calls = vec![call("ratings", 9080, "/ratings/0", patience, 0)];
            let fails = failing_reviews(scenario, version);
            Behaviour { calls, fails, ..plain(8.5, (1020, 640)) }
        }
        ("ratings", _) => Behaviour { fails: 0.001, status: 503, ..plain(2.2, (960, 300)) },
        (name, version) => match index(name).filter(|index| *index < large) {
            None => plain(4.0, (900, 400)),
            Some(index) => {
                let first = index * FAN_OUT + 1;
                let children = first..(first + FAN_OUT).min(large);
                let fails = if version == "v2" && index % 17 == 5 { 0.04 } else { 0.0005 };
                let calls = children.map(service).collect();
                Behaviour { calls, fails, ..plain(3.0 + f64::from(index % 7), (900, 700)) }
            }
        },
    }
}

/// The version that the scenario is about.
fn failing_reviews(scenario: Scenario, version: &str) -> f64 {
    match (scenario, version) {
        (Scenario::Bookinfo, "v3") => 0.012,
        (Scenario::Outage, "v3") => 0.45,
        _ => 0.0,
    }
}

fn call(host: &str, port: u16, path: &'static str, patience: f64, repeats: u32) -> Call {
    Call { host: host.into(), port, path, patience, repeats }
}

/// The call to a service of `large:N`.
fn service(index: u16) -> Call {
    let host = format!("svc-{index:04}.team-{:02}", index / IN_A_NAMESPACE);
    call(&host, 8080, "/", 15_000.0, 0)
}

fn index(name: &str) -> Option<u16> {
    name.strip_prefix("svc-")?.parse().ok()
}

/// Requests a second at the ingress at a time: about thirty, rising and falling slowly.
pub(super) fn arrivals_per_second(at: i64) -> f64 {
    let minutes = at as f64 / 60_000.0;
    let wave = |period: f64| (std::f64::consts::TAU * minutes / period).sin();
    28.0 + 9.0 * wave(47.0) + 3.0 * wave(11.0)
}
