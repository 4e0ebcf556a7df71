//! The live source behind a proxy that plays faults: what is wrong is said in the right words,
//! what was known stays and shows its age, and data is back soon after the fault has ended,
//! without ever asking in a frenzy.
//!
//! All faults are played at once, each to a source of its own, against one embedded world.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from, and print what they measured"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use kube::config::Kubeconfig;
use serde_json::json;
use vigla::demo::{self, Demo, Scenario};
use vigla::mesh::{Key, KindState, MeshSnapshot, Scope, SourceState, SourceStatus};
use vigla::source::{
    Control, KubeOptions, LatencyBy, Live, Metrics, PrometheusOptions, SourceOptions, start,
};

#[path = "support/fault_proxy.rs"]
#[expect(dead_code, reason = "certificates and tokens are played to the whole program")]
mod fault_proxy;

use fault_proxy::{Fault, FaultProxy};

/// Limit of one request in these tests.
const LIMIT: Duration = Duration::from_secs(1);
/// How long a fault may take to be told.
const TOLD: Duration = Duration::from_secs(15);
/// How long a fault lasts after it was told.
const LASTS: Duration = Duration::from_secs(4);
/// Data is back within this time.
const BACK: Duration = Duration::from_secs(10);
/// Faults that the source lives with: changes are seen this soon nevertheless.
const NEVERTHELESS: Duration = Duration::from_secs(9);

/// A fault, and what is said about it: a part of the reason, a part of the advice.
type Case = (Fault, &'static str, &'static str);

const KUBERNETES: &[Case] = &[
    (Fault::Refuse, "refused", "is the API server up"),
    (Fault::Hang, "no answer within 1 s", "--request-timeout"),
    (Fault::Status(401), "401 Unauthorized", "log in again"),
    (Fault::Status(403), "403 Forbidden", "ask for"),
    (Fault::Status(404), "404 Not Found", ""),
    (Fault::Status(429), "429 Too Many Requests", "asked again later"),
    (Fault::Status(500), "500 Internal Server Error: a fault is played", ""),
    (Fault::Html, "not a Kubernetes API", "login page"),
    (Fault::Half, "broke off", "cutting"),
    (Fault::Endless, "not a Kubernetes API", "`server`"),
    (Fault::Garbage, "not a Kubernetes API", "`server`"),
];

const PROMETHEUS: &[Case] = &[
    (Fault::Refuse, "refused", "--prometheus-url"),
    (Fault::Hang, "no answer within 1 s", "--window"),
    (Fault::Status(401), "401 Unauthorized", "--prometheus-header"),
    (Fault::Status(403), "403 Forbidden", "tenant"),
    (Fault::Status(404), "404 Not Found", "path prefix"),
    (Fault::Status(429), "429 Too Many Requests", "--refresh"),
    (Fault::Status(500), "500 Internal Server Error", "--window"),
    (Fault::Html, "it answers HTML", "login page"),
    (Fault::Half, "broke off", "cutting"),
    (Fault::Endless, "longer than 64 MB", "-n"),
    (Fault::Garbage, "not what Prometheus says", "Prometheus-compatible"),
];

const IN_CLUSTER: &[Case] = &[
    (Fault::Refuse, "refused", ""),
    (Fault::Status(401), "401", ""),
    (Fault::Status(503), "503", ""),
    (Fault::Html, "HTML", ""),
];

/// Faults that need no words.
const LIVED_WITH: &[Fault] =
    &[Fault::Slow(Duration::from_millis(600)), Fault::WatchesGone, Fault::WatchesCut];

/// A source with one of its two ends behind a proxy.
struct Patient {
    name: String,
    proxy: FaultProxy,
    live: Live,
    /// The end that is played with.
    status: fn(&MeshSnapshot) -> &SourceStatus,
    /// Whether data of that end is there.
    has_data: fn(&MeshSnapshot) -> bool,
}

impl Patient {
    async fn kubernetes(world: &Demo, fault: Fault) -> Self {
        let proxy = FaultProxy::to(&world.kubernetes_url).await;
        let live = start(SourceOptions {
            kube: Some(through(world, &proxy)),
            metrics: Metrics::Off,
            scope: Scope::All,
            ..SourceOptions::default()
        });
        Self {
            name: format!("Kubernetes {fault:?}"),
            proxy,
            live,
            status: |now| &now.kubernetes,
            has_data: |now| {
                let answered = now.kinds.values().filter(|state| **state != KindState::Pending);
                !now.objects.pods.is_empty() && answered.count() > 30
            },
        }
    }

    async fn prometheus(world: &Demo, fault: Fault) -> Self {
        let proxy = FaultProxy::to(&world.prometheus_url).await;
        let mut options = PrometheusOptions::new(proxy.url());
        // What is endless needs a while until it is too much.
        options.timeout = if fault == Fault::Endless { 10 * LIMIT } else { LIMIT };
        let live = start(SourceOptions {
            kube: None,
            metrics: Metrics::Url(Box::new(options)),
            scope: Scope::All,
            refresh: LIMIT,
            ..SourceOptions::default()
        });
        Self {
            name: format!("Prometheus {fault:?}"),
            proxy,
            live,
            status: |now| &now.prometheus,
            has_data: |now| now.telemetry.as_ref().is_some_and(|t| !t.requests.rows().is_empty()),
        }
    }

    /// Prometheus found in the cluster, with the API server behind the proxy.
    async fn in_cluster(world: &Demo, fault: Fault) -> Self {
        let proxy = FaultProxy::to(&world.kubernetes_url).await;
        let live = start(SourceOptions {
            kube: Some(through(world, &proxy)),
            scope: Scope::All,
            refresh: LIMIT,
            ..SourceOptions::default()
        });
        Self {
            name: format!("Prometheus in the cluster, {fault:?}"),
            proxy,
            live,
            status: |now| &now.prometheus,
            has_data: |now| now.telemetry.as_ref().is_some_and(|t| !t.requests.rows().is_empty()),
        }
    }

    async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        shows: impl Fn(&MeshSnapshot) -> bool,
    ) -> Result<Arc<MeshSnapshot>, String> {
        let began = Instant::now();
        let seen = tokio::time::timeout(limit, self.live.snapshots.wait_for(|now| shows(now)));
        let found = seen.await.is_ok_and(|found| found.is_ok());
        let now = Arc::clone(&self.live.snapshots.borrow());
        let took = began.elapsed();
        if found {
            println!("{}: {what} after {took:.1?}", self.name);
            return Ok(now);
        }
        let status = (self.status)(&now);
        Err(format!("{}: {what}: not within {limit:?}: {status:?}", self.name))
    }

    /// Well, then ill, then well again; what was not as it should be.
    async fn treat(mut self, (fault, why, hint): Case, most: usize) -> Result<(), String> {
        let (status, has_data) = (self.status, self.has_data);
        let well = |now: &MeshSnapshot| status(now).state == SourceState::Ok && has_data(now);
        let before = self.until("data", TOLD, well).await?;
        self.proxy.play(fault);
        let asked = self.proxy.requests();
        let told = |now: &MeshSnapshot| {
            let trouble = status(now).trouble.as_ref();
            trouble.is_some_and(|t| t.why.contains(why) && t.hint.contains(hint))
                && status(now).state == SourceState::Unavailable
        };
        let ill = self.until("trouble", TOLD, told).await?;
        tokio::time::sleep(LASTS).await;
        let asked = self.proxy.requests() - asked;
        let now = Arc::clone(&self.live.snapshots.borrow());
        for now in [&ill, &now] {
            if !has_data(now) || now.objects.pods.len() != before.objects.pods.len() {
                return Err(format!("{}: what was known is gone", self.name));
            }
            if status(now).since.is_none() {
                return Err(format!("{}: since when is not known", self.name));
            }
        }
        if status(&now).last_data != status(&ill).last_data {
            return Err(format!("{}: data without an age", self.name));
        }
        println!("{}: {asked} requests while it lasted", self.name);
        if asked > most {
            return Err(format!("{}: {asked} requests, more than {most}", self.name));
        }
        let ended = jiff::Timestamp::now();
        self.proxy.play(Fault::None);
        let back =
            |now: &MeshSnapshot| well(now) && status(now).last_data.is_some_and(|at| at > ended);
        self.until("data again", BACK, back).await?;
        Ok(())
    }
}

/// Options that lead to the world's Kubernetes API through a proxy.
fn through(world: &Demo, proxy: &FaultProxy) -> KubeOptions {
    let config = world.kubeconfig_yaml.replace(&world.kubernetes_url, &proxy.url());
    KubeOptions {
        in_memory: Some(Kubeconfig::from_yaml(&config).unwrap()),
        request_timeout: Some(LIMIT),
        ..KubeOptions::default()
    }
}

async fn world() -> Demo {
    demo::start(Scenario::Steady, 7).await.unwrap()
}

fn all_well(outcomes: Vec<Result<(), String>>) {
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_kubernetes_api() {
    let world = world().await;
    let treated = KUBERNETES.iter().map(async |case| {
        // Three dozen kinds, each with a handful of attempts.
        Patient::kubernetes(&world, case.0).await.treat(*case, 36 * 8).await
    });
    all_well(join_all(treated).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_prometheus() {
    let world = world().await;
    let treated = PROMETHEUS
        .iter()
        .map(async |case| Patient::prometheus(&world, case.0).await.treat(*case, 5 * 20).await);
    all_well(join_all(treated).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_on_the_way_to_prometheus() {
    let world = world().await;
    let treated = IN_CLUSTER
        .iter()
        .map(async |case| Patient::in_cluster(&world, case.0).await.treat(*case, 36 * 10).await);
    all_well(join_all(treated).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_are_lived_with() {
    let world = world().await;
    let lived = LIVED_WITH.iter().map(async |fault| live_with(&world, *fault).await);
    all_well(join_all(lived).await);
}

/// Going from screen to screen changes what is wanted besides the rates, and asks nothing anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_answers_come_in_while_screens_change() {
    let world = world().await;
    let fault = Fault::Slow(Duration::from_millis(900));
    let mut patient = Patient::prometheus(&world, fault).await;
    patient.proxy.play(fault);
    let control = patient.live.control.clone();
    let restless = tokio::spawn(async move {
        for turn in 0.. {
            let wanted = control
                .send(Control::WantLatency((turn % 2 == 0).then_some(LatencyBy::Edge)))
                .await;
            if wanted.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let has_data = patient.has_data;
    patient.until("data", TOLD, has_data).await.unwrap();
    let asked = patient.proxy.requests();
    tokio::time::sleep(LASTS).await;
    let asked = patient.proxy.requests() - asked;
    restless.abort();
    println!("{}: {asked} requests in {LASTS:?}", patient.name);
    // Twenty changes, but four refreshes of a few questions each.
    assert!(asked <= 40, "{asked} requests");
}

/// After a sleep no connection is what it was, and none has noticed: all of them are made anew, as
/// the user asks for by `ctrl-r` and the jump of the clock by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_in_a_sleep_are_made_anew() {
    let world = world().await;
    let mut patient = Patient::kubernetes(&world, Fault::Dead).await;
    let has_data = patient.has_data;
    patient.until("data", TOLD, has_data).await.unwrap();
    patient.proxy.play(Fault::Dead);
    label(&world, "slept", "yes").await;
    patient.live.control.send(Control::Refresh).await.unwrap();
    let marked = |now: &MeshSnapshot| {
        let namespace = now.objects.namespaces.get(&Key::new("", "default"));
        namespace.is_some_and(|namespace| namespace.meta.label("slept") == Some("yes"))
    };
    patient.until("the change", BACK, marked).await.unwrap();
}

/// Changes are seen while the fault lasts, and nobody is told of a trouble.
async fn live_with(world: &Demo, fault: Fault) -> Result<(), String> {
    let mut patient = Patient::kubernetes(world, fault).await;
    let well = |now: &MeshSnapshot| {
        now.kubernetes.state == SourceState::Ok && !now.objects.namespaces.is_empty()
    };
    patient.until("data", TOLD, well).await?;
    patient.proxy.play(fault);
    let asked = patient.proxy.requests();
    for number in 0..3 {
        // A label of its own: other patients change the same object.
        let key: String = format!("{fault:?}").chars().filter(char::is_ascii_alphabetic).collect();
        let mark = number.to_string();
        label(world, &key, &mark).await;
        let marked = |now: &MeshSnapshot| {
            let namespace = now.objects.namespaces.get(&Key::new("", "default"));
            well(now) && namespace.is_some_and(|n| n.meta.label(&key) == Some(&mark))
        };
        patient.until("a change", NEVERTHELESS, marked).await?;
    }
    let asked = patient.proxy.requests() - asked;
    println!("{}: {asked} requests", patient.name);
    if asked > 36 * 2 * 12 {
        return Err(format!("{}: {asked} requests", patient.name));
    }
    Ok(())
}

async fn label(world: &Demo, key: &str, mark: &str) {
    let url = format!("{}/api/v1/namespaces/default", world.kubernetes_url);
    let patch = json!({"metadata": {"labels": {key: mark}}}).to_string();
    let asked = reqwest::Client::new()
        .patch(url)
        .header("content-type", "application/merge-patch+json")
        .body(patch)
        .send();
    assert!(asked.await.unwrap().status().is_success());
}

/// A Prometheus that lets in only those who show a certificate.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_opens_the_door() {
    let world = demo::start(Scenario::Steady, 7).await.unwrap();
    let (proxy, certificate, key) = FaultProxy::mutual(&world.prometheus_url).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let kubeconfig = file("kubeconfig", &world.kubeconfig_yaml);
    let authority = file("authority.pem", proxy.authority().unwrap());
    let (certificate, key) = (file("client.pem", &certificate), file("client.key", &key));
    let shown = format!("client-cert-file = '{certificate}'\nclient-key-file = '{key}'\n");
    for (name, shown, works) in [("with", shown.as_str(), true), ("without", "", false)] {
        let config = format!("[prometheus]\nca-file = '{authority}'\n{shown}");
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_vigla"))
            .args(["graph", "-n", "default", "-o", "json"])
            .args(["--config", &file(&format!("{name}.toml"), &config)])
            .env("KUBECONFIG", &kubeconfig)
            .env("VIGLA_PROMETHEUS_URL", proxy.url())
            .output()
            .await
            .unwrap();
        let graph: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let status = &graph["sources"]["prometheus"];
        println!("{name}: {status}");
        assert_eq!(status["status"] == "ok", works, "{name}: {status}");
        let rates = graph["edges"].as_array().unwrap().iter().any(|edge| edge["rate"] != 0.0);
        assert_eq!(rates, works, "{name}");
        if !works {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("CertificateRequired"), "{said}");
            assert!(said.contains("client-cert-file"), "{said}");
        }
    }
}
