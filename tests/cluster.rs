//! Everything against a real cluster, side by side with kubectl: an API server, Istio's kinds,
//! Bookinfo with traffic, and the Prometheus that scrapes it.
//!
//! `VIGLA_TEST_KUBECONFIG` names the kubeconfig of an administrator, `VIGLA_TEST_PROMETHEUS_URL`
//! the store; a `kubeconfig.viewer` beside the first belongs to a user without any right. Without
//! the two variables every test here says that it is skipped.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from, and say what they skip"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use vigla::mesh::{Key, MeshSnapshot, Scope, SourceState};
use vigla::source::{KubeOptions, Live, Metrics, PrometheusOptions, SourceOptions, start};

/// Tests that change the cluster, or compare two looks at it, take turns.
static TURN: Mutex<()> = Mutex::new(());

struct Cluster {
    kubeconfig: PathBuf,
    prometheus: String,
}

impl Cluster {
    /// The cluster that the environment names, if it does.
    fn given() -> Option<Self> {
        let variable = |name: &str| {
            let value = std::env::var(name).ok();
            if value.is_none() {
                println!("skipped: {name} is not set");
            }
            value
        };
        Some(Self {
            kubeconfig: variable("VIGLA_TEST_KUBECONFIG")?.into(),
            prometheus: variable("VIGLA_TEST_PROMETHEUS_URL")?,
        })
    }

    fn kubectl(&self, arguments: &str) -> String {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(arguments.split_whitespace());
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// `kubectl apply` or `delete` of a manifest.
    fn manifest(&self, verb: &str, text: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        self.kubectl(&format!("{verb} -f {}", file.path().display()));
    }

    fn vigla(&self, arguments: &str) -> Output {
        run(&self.kubeconfig, Some(&self.prometheus), arguments)
    }

    /// The answer to a command that must succeed.
    fn answer(&self, arguments: &str) -> String {
        let ran = self.vigla(arguments);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{arguments}: {said}");
        String::from_utf8(ran.stdout).unwrap()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.answer(&format!("{arguments} -o json"))).unwrap()
    }

    fn live(&self, metrics: Metrics) -> Live {
        let kubeconfig = Some(self.kubeconfig.clone());
        let kube = KubeOptions { kubeconfig, ..KubeOptions::default() };
        start(SourceOptions {
            kube: Some(kube),
            metrics,
            scope: Scope::Namespaces(vec!["default".into()]),
            ..SourceOptions::default()
        })
    }
}

/// Runs the program with a kubeconfig, and with a URL of Prometheus or none.
fn run(kubeconfig: &Path, prometheus: Option<&str>, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigla"));
    command.args(arguments.split_whitespace()).env("KUBECONFIG", kubeconfig);
    command.env_remove("VIGLA_PROMETHEUS_URL").env("HOME", "/nonexistent");
    command.envs(prometheus.map(|url| ("VIGLA_PROMETHEUS_URL", url)));
    command.output().unwrap()
}

/// Waits for a snapshot that shows something, and says how long it took.
async fn seen(live: &mut Live, what: &str, limit: Duration, shows: impl Fn(&MeshSnapshot) -> bool) {
    let began = Instant::now();
    let found = tokio::time::timeout(limit, live.snapshots.wait_for(|now| shows(now))).await;
    assert!(found.is_ok(), "{what}: not within {limit:?}");
    println!("{what}: after {:?}", began.elapsed());
}

#[test]
fn pods_agree_with_kubectl_line_by_line() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Ages are minutes or seconds old, and two looks are not at the same instant.
    let cells = |text: &str| -> Vec<Vec<String>> {
        let row = |line: &str| line.split_whitespace().take(5).map(str::to_owned).collect();
        text.lines().map(row).collect()
    };
    for _ in 0..3 {
        let expected = cells(&cluster.kubectl("get pods -A"));
        let found = cells(&cluster.answer("pods -A"));
        if found == expected {
            assert!(expected.len() > 10, "{expected:?}");
            return;
        }
        println!("{found:?}\n{expected:?}");
        std::thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(
        cells(&cluster.answer("pods -A")),
        cells(&cluster.kubectl("get pods -A")),
        "they agree sooner or later"
    );
}

#[test]
fn the_graph_is_bookinfo() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let graph = cluster.json("graph -n default");
    assert_eq!(graph["schema"], "vigla.graph/v1");
    for source in ["kubernetes", "prometheus"] {
        assert_eq!(graph["sources"][source]["status"], "ok", "{graph}");
    }
    let nodes = graph["nodes"].as_array().unwrap();
    let name = |id: &Value| {
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        node["app"].as_str().unwrap_or_default().to_owned()
    };
    let edges = graph["edges"].as_array().unwrap();
    let calls = |from: &str, to: &str| {
        edges.iter().any(|edge| {
            name(&edge["source"]) == from
                && name(&edge["target"]) == to
                && edge["rate"].as_f64().unwrap() > 0.0
        })
    };
    for (from, to) in [
        ("istio-ingressgateway", "productpage"),
        ("productpage", "details"),
        ("productpage", "reviews"),
        ("reviews", "ratings"),
    ] {
        assert!(calls(from, to), "{from} → {to} is missing: {graph}");
    }
}

#[test]
fn the_other_commands_answer() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let url = cluster.answer("url");
    assert!(url.lines().any(|line| line == "http://47.88.21.82:80/productpage"), "{url}");
    let services = cluster.json("services -n default");
    let named = |name: &str| {
        let all = services["services"].as_array().unwrap();
        all.iter().find(|service| service["name"] == name).unwrap().clone()
    };
    assert!(named("reviews")["rate"].as_f64().unwrap() > 0.0, "{services}");
    let split = cluster.json("split reviews -n default");
    assert_eq!(split["source_rule"]["name"], "reviews");
    let percents = split["versions"].as_array().unwrap().iter();
    let sum: f64 = percents.filter_map(|version| version["observed_percent"].as_f64()).sum();
    assert!((sum - 100.0).abs() < 0.01, "{split}");
    let overview = cluster.answer("overview -n default");
    assert!(overview.contains("istiod"), "{overview}");
    let route =
        cluster.json("route -n default --from productpage-v1 --to reviews:9080 -H end-user:jason");
    assert_eq!(route["outcome"], "routed");
    assert_eq!(route["destinations"][0]["subset"], "v2");
    let way = cluster.answer("check --connect");
    assert!(way.ends_with("connected\n") && way.contains("has Istio's metrics"), "{way}");
}

#[test]
fn prometheus_is_found_without_a_url() {
    let Some(cluster) = Cluster::given() else { return };
    let ran = run(&cluster.kubeconfig, None, "graph -n default -o json");
    let graph: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let source = &graph["sources"]["prometheus"];
    assert_eq!(source["status"], "ok", "{source}");
    let way = "service istio-system/prometheus:9090 through the API server";
    assert_eq!(source["url"], way);
    assert!(!graph["edges"].as_array().unwrap().is_empty());
}

const RULE: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: vigla-test, namespace: default}
spec:
  hosts: [vigla.test]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "tests take turns, each on a thread of its own")]
async fn changes_are_seen_within_two_seconds() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut live = cluster.live(Metrics::Off);
    let limit = Duration::from_secs(2);
    let ratings = Key::new("default", "ratings-v1");
    seen(&mut live, "first picture", Duration::from_secs(5), |now| {
        now.objects.deployments.contains_key(&ratings) && !now.objects.virtual_services.is_empty()
    })
    .await;
    let entry = Key::new("default", "vigla-test");
    cluster.manifest("apply", RULE);
    seen(&mut live, "apply", limit, |now| now.objects.service_entries.contains_key(&entry)).await;
    cluster.manifest("delete", RULE);
    seen(&mut live, "delete", limit, |now| !now.objects.service_entries.contains_key(&entry)).await;
    let replicas = |now: &MeshSnapshot| now.objects.deployments[&ratings].spec.replicas;
    let count = replicas(&live.snapshots.borrow()).unwrap_or(1);
    for wanted in [count + 1, count] {
        cluster.kubectl(&format!("scale deployment/ratings-v1 -n default --replicas={wanted}"));
        seen(&mut live, "scale", limit, |now| replicas(now) == Some(wanted)).await;
    }
    let pod = cluster.kubectl("get pods -n default -l app=details -o name");
    let pod = pod.trim();
    let state = |now: &MeshSnapshot, crashing: bool| {
        let mut pods = now.objects.pods.values();
        let waits = |pod: &vigla::mesh::core::Pod| {
            let mut statuses = pod.status.container_statuses.iter();
            statuses.any(|status| {
                let waiting = status.state.waiting.as_ref();
                waiting.is_some_and(|waiting| waiting.reason == "CrashLoopBackOff")
            })
        };
        pods.any(|found| pod.ends_with(&*found.meta.name) && waits(found) == crashing)
    };
    cluster.kubectl(&format!("annotate {pod} -n default vigla.test/state=crashloop --overwrite"));
    seen(&mut live, "crash loop", limit, |now| state(now, true)).await;
    cluster.kubectl(&format!("annotate {pod} -n default vigla.test/state=running --overwrite"));
    seen(&mut live, "running again", limit, |now| state(now, false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_comes_in() {
    let Some(cluster) = Cluster::given() else { return };
    let url = PrometheusOptions::new(cluster.prometheus.clone());
    for metrics in [Metrics::Url(Box::new(url)), Metrics::InCluster] {
        let mut live = cluster.live(metrics);
        seen(&mut live, "telemetry", Duration::from_secs(5), |now| {
            let telemetry = now.telemetry.as_ref();
            now.prometheus.state == SourceState::Ok
                && telemetry.is_some_and(|telemetry| !telemetry.requests.rows().is_empty())
        })
        .await;
    }
}

#[test]
fn a_change_of_a_rule_is_known_with_its_time() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let rule = cluster.kubectl("get virtualservice reviews -n default -o json");
    let mut changed: Value = serde_json::from_str(&rule).unwrap();
    changed["spec"]["http"] = serde_json::json!([{"route": [
        {"destination": {"host": "reviews", "subset": "v1"}, "weight": 50},
        {"destination": {"host": "reviews", "subset": "v3"}, "weight": 50}]}]);
    let meta = changed["metadata"].as_object_mut().unwrap();
    meta.retain(|key, _| matches!(key.as_str(), "name" | "namespace"));
    cluster.manifest("replace", &changed.to_string());
    let split = cluster.json("split reviews -n default");
    let mut before: Value = serde_json::from_str(&rule).unwrap();
    before["metadata"]
        .as_object_mut()
        .unwrap()
        .retain(|key, _| key == "name" || key == "namespace");
    cluster.manifest("replace", &before.to_string());
    assert_eq!(split["verdict"], "settling", "{split}");
    assert!(split["explanation"].as_str().unwrap().contains("VirtualService default/reviews"));
}

#[test]
fn a_port_forward_takes_the_place_of_the_proxy() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let viewer = cluster.kubeconfig.with_file_name("kubeconfig.viewer");
    let role = "create role -n istio-system vigla-test";
    cluster.kubectl(&format!("{role}-list --verb=get,list,watch --resource=pods,services"));
    cluster.kubectl(
        "create rolebinding -n istio-system vigla-test-list --role=vigla-test-list --user=viewer",
    );
    let neither = run(&viewer, None, "check --connect -n istio-system");
    cluster.kubectl(&format!("{role}-forward --verb=get,create --resource=pods/portforward"));
    cluster.kubectl(
        "create rolebinding -n istio-system vigla-test-forward --role=vigla-test-forward \
         --user=viewer",
    );
    let way = run(&viewer, None, "check --connect -n istio-system");
    let both = "vigla-test-list vigla-test-forward";
    cluster.kubectl(&format!("delete rolebinding,role -n istio-system {both}"));
    // With neither right both are named.
    assert_eq!(neither.status.code(), Some(79));
    let neither = String::from_utf8(neither.stdout).unwrap();
    for right in ["services/proxy", "pods/portforward"] {
        assert!(neither.contains(right), "{right}: {neither}");
    }
    let way = String::from_utf8(way.stdout).unwrap();
    assert!(way.contains("resource \"services/proxy\""), "{way}");
    assert!(way.contains("through a port-forward: answers, and has Istio's metrics"), "{way}");
    assert!(way.ends_with("connected\n"), "{way}");
}

#[test]
fn a_user_without_rights_gets_clear_words() {
    let Some(cluster) = Cluster::given() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let viewer = cluster.kubeconfig.with_file_name("kubeconfig.viewer");
    let said = |ran: &Output| String::from_utf8(ran.stderr.clone()).unwrap();
    let ran = run(&viewer, Some(&cluster.prometheus), "overview -n default");
    assert_eq!(ran.status.code(), Some(1));
    let words = said(&ran);
    assert!(words.contains("403 Forbidden") && words.contains("User \"viewer\""), "{words}");
    let (_, rules) = words.split_once("ask for").unwrap();
    for resource in ["namespaces", "pods", "services", "deployments"] {
        let named = rules.split([' ', ',', '[', ']']).filter(|word| *word == resource);
        assert_eq!(named.count(), 1, "{resource}: {words}");
    }
    let way = run(&viewer, Some(&cluster.prometheus), "check --connect -n default");
    assert_eq!(way.status.code(), Some(79));
    let way = String::from_utf8(way.stdout).unwrap();
    assert!(way.contains("rights") && way.contains("resources: ["), "{way}");
    // With the right to look into one namespace, what can work does.
    let resources = "pods,services,deployments.apps,replicasets.apps";
    cluster.kubectl(&format!(
        "create role vigla-test -n default --verb=get,list,watch --resource={resources}"
    ));
    cluster.kubectl("create rolebinding vigla-test --role=vigla-test --user=viewer -n default");
    let granted = ["pods -n default", "graph -n default -o json", "services -n default"]
        .map(|command| run(&viewer, Some(&cluster.prometheus), command));
    cluster.kubectl("delete rolebinding,role vigla-test -n default");
    for ran in granted {
        assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
        assert!(String::from_utf8_lossy(&ran.stdout).contains("details"));
    }
}
