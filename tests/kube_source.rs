//! The Kubernetes source against a server that plays faults, and, where one is given, against a
//! real one (`VIGLA_TEST_KUBECONFIG`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from, and say what they skip"
)]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use vigla::mesh::{Key, Kind, KindState, MeshSnapshot, Scope};
use vigla::source::{Control, KubeOptions, Live, Metrics, Needs, SourceOptions, once, start};

#[path = "support/api_server.rs"]
mod api_server;

use api_server::{Reply, options, serve};

fn source(kube: KubeOptions, scope: Scope) -> SourceOptions {
    SourceOptions { kube: Some(kube), metrics: Metrics::Off, scope, ..SourceOptions::default() }
}

fn list(version: &str, names: &[&str], next: &str) -> String {
    let items: Vec<Value> =
        names.iter().map(|name| json!({"metadata": {"namespace": "shop", "name": name}})).collect();
    json!({"kind": "PodList", "metadata": {"resourceVersion": version, "continue": next},
        "items": items})
    .to_string()
}

fn refusal(code: u16) -> Reply {
    let status = json!({"kind": "Status", "code": code, "message": format!("no: {code}")});
    Reply::Json(code, status.to_string())
}

#[tokio::test]
async fn pages_are_joined_and_an_expired_page_begins_anew() {
    let asked = AtomicUsize::new(0);
    let kube = serve(move |path| {
        assert!(path.starts_with("/api/v1/namespaces/shop/pods?"), "{path}");
        match (path.contains("continue=t%2B1"), asked.fetch_add(1, Ordering::SeqCst)) {
            (false, _) => Reply::Json(200, list("1", &["a", "b"], "t+1")),
            (true, 1) => refusal(410),
            (true, _) => Reply::Json(200, list("1", &["c"], "")),
        }
    })
    .await;
    let snapshot = once(&source(kube, Scope::Unset), &Needs::kinds([Kind::Pod])).await.unwrap();
    assert_eq!(snapshot.objects.pods.len(), 3);
    assert_eq!(snapshot.scope, Scope::Namespaces(vec!["shop".into()]));
    assert_eq!(snapshot.context, "mock");
}

#[rstest]
#[case::refused(|_: &str| refusal(401), "ask the Kubernetes API", "log in again")]
#[case::forbidden(|_: &str| refusal(403), "list pods in namespace \"shop\"", "resources: [pods]")]
#[case::busy(|_: &str| refusal(429), "list pods", "asked again later")]
#[case::broken(|_: &str| refusal(500), "list pods", "")]
#[case::html(|_: &str| Reply::Html, "ask the Kubernetes API", "login page")]
#[case::hang(|_: &str| Reply::Hang, "ask the Kubernetes API", "--request-timeout")]
#[case::silent(|_: &str| Reply::Hold(vec!["{\"kind\":".into()]), "ask the Kubernetes API", "--request-timeout")]
#[case::cut(|_: &str| Reply::Cut("{\"kind\":\"PodList\",\"items\":[{".into()), "list pods", "cutting")]
#[case::garbage(|_: &str| Reply::Json(200, "]]".into()), "ask the Kubernetes API", "`server`")]
#[case::half(|_: &str| Reply::Json(200, "{\"kind\":\"PodList\"".into()), "list pods", "cutting")]
#[tokio::test]
async fn faults_have_clear_words_soon(
    #[case] answer: fn(&str) -> Reply,
    #[case] what: &str,
    #[case] hint: &str,
) {
    let kube = serve(answer).await;
    let began = Instant::now();
    let failure = once(&source(kube, Scope::Unset), &Needs::kinds([Kind::Pod])).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(failure.trouble.what.starts_with(what), "{failure:?}");
    assert!(failure.trouble.hint.contains(hint), "{failure:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_said_at_once() {
    let kube = options("http://127.0.0.1:1");
    let began = Instant::now();
    let failure = once(&source(kube, Scope::Unset), &Needs::kinds([Kind::Pod])).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(failure.trouble.why.to_lowercase().contains("refused"), "{failure:?}");
}

#[tokio::test]
async fn one_strange_object_is_one_strange_object() {
    let body = r#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[null,
        {"metadata":{"name":"odd","namespace":"shop"},"spec":{"containers":7}},
        {"metadata":{"name":"good","namespace":"shop"}}]}"#;
    let kube = serve(|_| Reply::Json(200, body.into())).await;
    let snapshot = once(&source(kube, Scope::Unset), &Needs::kinds([Kind::Pod])).await.unwrap();
    assert_eq!(snapshot.kinds[&Kind::Pod], KindState::Listed);
    let pods = &snapshot.objects.pods;
    assert!(pods[&Key::new("shop", "odd")].problem.is_some());
    assert!(pods[&Key::new("shop", "good")].problem.is_none());
}

#[tokio::test]
async fn older_versions_missing_kinds_and_missing_rights_are_states() {
    let kube = serve(|path| {
        if path.starts_with("/apis/networking.istio.io/v1beta1/virtualservices") {
            Reply::Json(200, list("1", &["v"], "").replace("PodList", "VirtualServiceList"))
        } else if path.starts_with("/api/v1/namespaces/shop/pods") {
            Reply::Json(200, list("1", &["a"], ""))
        } else if path.contains("destinationrules") || path.starts_with("/api/") {
            refusal(403)
        } else {
            refusal(404)
        }
    })
    .await;
    let needs =
        Needs::kinds([Kind::Pod, Kind::VirtualService, Kind::DestinationRule, Kind::HttpRoute]);
    let snapshot = once(&source(kube, Scope::Unset), &needs).await.unwrap();
    let state = |kind| &snapshot.kinds[&kind];
    assert_eq!(
        (state(Kind::Pod), state(Kind::VirtualService)),
        (&KindState::Listed, &KindState::Listed)
    );
    assert_eq!(state(Kind::HttpRoute), &KindState::NotServed);
    let KindState::Forbidden(trouble) = state(Kind::DestinationRule) else {
        panic!("{snapshot:?}")
    };
    assert_eq!(trouble.what, "list destinationrules.networking.istio.io in namespace \"shop\"");
    assert_eq!(
        &*snapshot.objects.virtual_services.values().next().unwrap().raw.api_version,
        "networking.istio.io/v1beta1"
    );
}

/// The first snapshot that shows something, within a limit.
async fn until(
    live: &mut Live,
    limit: Duration,
    shows: impl Fn(&MeshSnapshot) -> bool,
) -> Duration {
    let began = Instant::now();
    let seen = live.snapshots.wait_for(|snapshot| shows(snapshot));
    let seen = tokio::time::timeout(limit, seen).await.is_ok();
    assert!(seen, "not seen within {limit:?}: {:?}", live.snapshots.borrow().kubernetes);
    began.elapsed()
}

/// Discovery, an empty list for what is not of interest, and `pods` for pods.
fn world(pods: impl Fn(&str) -> Reply + Send + Sync) -> impl Fn(&str) -> Reply + Send + Sync {
    move |path| match path {
        "/apis" => Reply::Json(200, json!({"kind": "APIGroupList", "groups": []}).to_string()),
        "/version" => Reply::Json(200, json!({"gitVersion": "v1.36.2"}).to_string()),
        path if path.starts_with("/api/v1/pods?") => pods(path),
        path if path.contains("watch=1") => Reply::Hold(Vec::new()),
        _ => Reply::Json(200, list("1", &[], "")),
    }
}

fn event(what: &str, version: &str, name: &str) -> String {
    json!({"type": what, "object": {"metadata":
        {"namespace": "shop", "name": name, "resourceVersion": version}}})
    .to_string()
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_and_one_that_expired_lists_again() {
    let lists = AtomicUsize::new(0);
    let kube = serve(world(move |path| {
        if !path.contains("watch=1") {
            let again = lists.fetch_add(1, Ordering::SeqCst) > 0;
            let names: &[&str] = if again { &["relisted"] } else { &["a"] };
            return Reply::Json(200, list(if again { "50" } else { "1" }, names, ""));
        }
        if path.contains("resourceVersion=1&") {
            let garbage = "not an event".to_owned();
            Reply::Lines(vec![
                event("ADDED", "2", "b"),
                garbage,
                event("DELETED", "3", "a"),
                event("BOOKMARK", "9", ""),
            ])
        } else if path.contains("resourceVersion=9&") {
            let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410}});
            Reply::Lines(vec![gone.to_string()])
        } else {
            Reply::Hold(vec![event("MODIFIED", "51", "relisted"), event("ADDED", "52", "c")])
        }
    }))
    .await;
    let mut live = start(source(kube, Scope::Unset));
    let has = |snapshot: &MeshSnapshot, name: &str| {
        snapshot.objects.pods.contains_key(&Key::new("shop", name))
    };
    let limit = Duration::from_secs(8);
    until(&mut live, limit, |snapshot| has(snapshot, "b") && !has(snapshot, "a")).await;
    until(&mut live, limit, |snapshot| {
        has(snapshot, "relisted") && has(snapshot, "c") && !has(snapshot, "b")
    })
    .await;
    assert_eq!(live.snapshots.borrow().scope, Scope::Namespaces(vec!["shop".into()]));
}

#[tokio::test]
async fn a_server_that_comes_back_is_noticed_and_nobody_spins() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let began = Instant::now();
    let kube = serve(world(move |path| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        if began.elapsed() < Duration::from_secs(3) {
            refusal(500)
        } else if path.contains("watch=1") {
            Reply::Hold(Vec::new())
        } else {
            Reply::Json(200, list("1", &["a"], ""))
        }
    }))
    .await;
    let mut live = start(source(kube, Scope::Unset));
    let failed = |snapshot: &MeshSnapshot| {
        matches!(snapshot.kinds.get(&Kind::Pod), Some(KindState::Failed(_)))
    };
    until(&mut live, Duration::from_secs(3), failed).await;
    until(&mut live, Duration::from_secs(12), |snapshot| snapshot.objects.pods.len() == 1).await;
    assert!(ASKED.load(Ordering::SeqCst) < 15, "{ASKED:?}");
}

/// Options for the real cluster, if one is given.
fn real(scope: Scope) -> Option<SourceOptions> {
    let Some(path) = std::env::var_os("VIGLA_TEST_KUBECONFIG") else {
        println!("skipped: VIGLA_TEST_KUBECONFIG names no cluster");
        return None;
    };
    let kube = KubeOptions { kubeconfig: Some(path.into()), ..KubeOptions::default() };
    Some(source(kube, scope))
}

fn kubectl(arguments: &[&str]) -> String {
    let config = std::env::var("VIGLA_TEST_KUBECONFIG").unwrap();
    let ran = Command::new("kubectl").arg("--kubeconfig").arg(config).args(arguments).output();
    String::from_utf8(ran.unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pods_of_a_real_cluster_are_kubectls() {
    let Some(options) = real(Scope::All) else { return };
    let expected = kubectl(&[
        "get",
        "pods",
        "-A",
        "--no-headers",
        "-o",
        "custom-columns=:metadata.namespace,:metadata.name,:metadata.uid",
    ]);
    let expected: Vec<_> =
        expected.lines().map(|l| l.split_whitespace().collect::<Vec<_>>()).collect();
    let began = Instant::now();
    let snapshot = once(&options, &Needs::kinds([Kind::Pod])).await.unwrap();
    println!("once: {} pods in {:?}", snapshot.objects.pods.len(), began.elapsed());
    let pods = snapshot.objects.pods.values();
    let found: Vec<_> = pods
        .map(|pod| vec![&*pod.meta.namespace, &*pod.meta.name, pod.meta.uid.as_str()])
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_a_real_cluster_are_seen_within_two_seconds() {
    let Some(options) = real(Scope::Unset) else { return };
    let began = Instant::now();
    let mut live = start(options);
    let whole = |snapshot: &MeshSnapshot| {
        !snapshot.objects.virtual_services.is_empty() && !snapshot.objects.pods.is_empty()
    };
    until(&mut live, Duration::from_secs(5), whole).await;
    println!("live: first picture after {:?}", began.elapsed());
    let limit = Duration::from_secs(2);
    let mark = format!("m{}", std::process::id());
    let pod = kubectl(&["get", "pods", "-l", "app=details", "-o", "name"]);
    let pod = pod.trim();
    kubectl(&["annotate", pod, &format!("vigla.test/mark={mark}"), "--overwrite"]);
    let marked = |snapshot: &MeshSnapshot| {
        let mut pods = snapshot.objects.pods.values();
        pods.any(|pod| pod.meta.annotation("vigla.test/mark") == Some(&mark))
    };
    println!("annotation seen after {:?}", until(&mut live, limit, marked).await);
    let ready =
        live.snapshots.borrow().objects.deployments[&Key::new("default", "ratings-v1")].clone();
    let count = ready.spec.replicas.unwrap_or(1);
    for replicas in [count + 1, count] {
        kubectl(&["scale", "deployment/ratings-v1", &format!("--replicas={replicas}")]);
        let scaled = |snapshot: &MeshSnapshot| {
            let key = Key::new("default", "ratings-v1");
            snapshot.objects.deployments[&key].spec.replicas == Some(replicas)
        };
        println!("scale seen after {:?}", until(&mut live, limit, scaled).await);
    }
    let before = live.snapshots.borrow().generation;
    live.control.try_send(Control::SetScope(Scope::All)).unwrap();
    until(&mut live, limit, |snapshot| {
        snapshot.scope == Scope::All && snapshot.generation > before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_gets_clear_words() {
    let Some(mut options) = real(Scope::Unset) else { return };
    let kube = options.kube.as_mut().unwrap();
    let path = kube.kubeconfig.as_mut().unwrap();
    path.set_file_name("kubeconfig.viewer");
    let failure =
        once(&options, &Needs::kinds([Kind::Pod, Kind::VirtualService])).await.unwrap_err();
    println!("{}\n{}", failure.trouble, failure.trouble.hint);
    assert!(failure.trouble.why.starts_with("403 Forbidden"), "{failure:?}");
    assert!(failure.trouble.hint.contains("resources: [pods]"), "{failure:?}");
}
