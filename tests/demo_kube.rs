//! The embedded world's Kubernetes API, driven by the kube client as Vigla does.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from"
)]

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams, WatchEvent, WatchParams,
};
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config, Discovery, ResourceExt};
use rstest::rstest;
use serde_json::{Value, json};
use vigla::demo::{Demo, Scenario, start};

async fn world(scenario: Scenario) -> (Demo, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let demo = start(scenario, 7).await.unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(demo.kubeconfig.clone(), &options).await.unwrap();
    (demo, Client::try_from(config).unwrap())
}

fn istio(kind: &str, plural: &str) -> ApiResource {
    let kind = GroupVersionKind::gvk("networking.istio.io", "v1", kind);
    ApiResource::from_gvk_with_plural(&kind, plural)
}

fn virtual_services(client: &Client) -> Api<DynamicObject> {
    let resource = istio("VirtualService", "virtualservices");
    Api::namespaced_with(client.clone(), "default", &resource)
}

fn reviews(weights: [i64; 2]) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "reviews"},
        "spec": {"hosts": ["reviews"], "http": [{"route": [
            {"destination": {"host": "reviews", "subset": "v1"}, "weight": weights[0]},
            {"destination": {"host": "reviews", "subset": "v2"}, "weight": weights[1]}]}]},
    })
}

/// Waits until something holds.
async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..100 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come true within five seconds");
}

fn code(error: &kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.reason.clone()),
        other => panic!("{other}"),
    }
}

async fn raw(client: &Client, request: http::Request<Vec<u8>>) -> (u16, Value) {
    let response = client.send(request.map(kube::client::Body::from)).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect_bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn get(path: &str, accept: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path).header("accept", accept).body(Vec::new()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bookinfo_is_listed_and_discovered() {
    let (_demo, client) = world(Scenario::Steady).await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let pods = pods.list(&ListParams::default()).await.unwrap();
    assert_eq!(pods.items.len(), 6);
    let ready = |pod: &Pod| {
        let statuses = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap();
        (statuses.iter().filter(|s| s.ready).count(), statuses.len())
    };
    assert!(pods.iter().all(|pod| ready(pod) == (2, 2)));

    let found = Discovery::new(client.clone()).run().await.unwrap();
    for kind in ["VirtualService", "DestinationRule", "Gateway"] {
        let gvk = GroupVersionKind::gvk("networking.istio.io", "v1", kind);
        assert!(found.resolve_gvk(&gvk).is_some(), "{kind}");
    }
    let gateway = GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", "Gateway");
    assert!(found.resolve_gvk(&gateway).is_some());
    assert!(client.apiserver_version().await.unwrap().git_version.starts_with("v1."));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_one_moment_and_selectors_choose() {
    let (_demo, client) = world(Scenario::Steady).await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let first = pods.list(&ListParams::default().limit(4)).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (4, Some(2)));
    let token = first.metadata.continue_.clone().unwrap();
    // What happens between two pages shows on neither.
    let services = Api::<Pod>::default_namespaced(client.clone());
    services
        .delete(&first.items[0].name_any(), &DeleteParams::default().grace_period(0))
        .await
        .unwrap();
    let second = pods.list(&ListParams::default().limit(4).continue_token(&token)).await.unwrap();
    assert_eq!(second.items.len(), 2);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
    assert!(second.metadata.continue_.is_none());

    let chosen = |labels: &str, fields: &str| {
        let params = ListParams::default().labels(labels).fields(fields);
        let pods = pods.clone();
        async move { pods.list(&params).await.unwrap().items.len() }
    };
    assert_eq!(chosen("app=reviews,version in (v1,v3)", "").await, 2);
    assert_eq!(chosen("app=ratings", "status.phase=Running").await, 1);
    assert_eq!(chosen("", "metadata.name=nosuch").await, 0);
    let error = pods.list(&ListParams::default().fields("spec.color=red")).await.unwrap_err();
    assert_eq!(code(&error).0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_resume_where_they_ended() {
    let (_demo, client) = world(Scenario::Steady).await;
    let api = virtual_services(&client);
    let begin = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    for weights in [[80, 20], [50, 50]] {
        let patch = Patch::Merge(json!({"spec": reviews(weights)["spec"]}));
        api.patch("reviews", &PatchParams::default(), &patch).await.unwrap();
    }
    api.delete("ratings", &DeleteParams::default()).await.unwrap();
    let events = |from: String, count: usize| {
        let api = api.clone();
        async move {
            let stream = api.watch(&WatchParams::default().timeout(5), &from).await.unwrap();
            let events: Vec<WatchEvent<DynamicObject>> =
                stream.take(count).try_collect().await.unwrap();
            events
        }
    };
    let all = events(begin, 3).await;
    let told: Vec<(&str, String, String)> = all
        .iter()
        .map(|event| match event {
            WatchEvent::Modified(o) => ("modified", o.name_any(), o.resource_version().unwrap()),
            WatchEvent::Deleted(o) => ("deleted", o.name_any(), o.resource_version().unwrap()),
            other => panic!("{other:?}"),
        })
        .collect();
    let names: Vec<(&str, &str)> =
        told.iter().map(|(what, name, _)| (*what, name.as_str())).collect();
    assert_eq!(names, [("modified", "reviews"), ("modified", "reviews"), ("deleted", "ratings")]);
    let rest = events(told[1].2.clone(), 1).await;
    assert!(matches!(&rest[0], WatchEvent::Deleted(o) if o.name_any() == "ratings"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_from_before_the_history_is_expired() {
    let (_demo, client) = world(Scenario::Steady).await;
    let api = virtual_services(&client);
    let mut stream = api.watch(&WatchParams::default().timeout(5), "1").await.unwrap().boxed();
    match stream.next().await.unwrap() {
        Ok(WatchEvent::Error(status)) => {
            assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streaming_lists_end_in_a_bookmark() {
    let (_demo, client) = world(Scenario::Steady).await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let params = WatchParams::default().timeout(5).initial_events();
    let events: Vec<_> =
        pods.watch(&params, "0").await.unwrap().take(7).try_collect().await.unwrap();
    assert!(events.iter().take(6).all(|event| matches!(event, WatchEvent::Added(_))));
    match &events[6] {
        WatchEvent::Bookmark(mark) => {
            assert_eq!(mark.metadata.annotations["k8s.io/initial-events-end"], "true");
        }
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case::merge(Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}})))]
#[case::strategic(Patch::Strategic(json!({"metadata": {"labels": {"a": "b"}}})))]
#[case::json(Patch::Json(serde_json::from_value(json!([
    {"op": "add", "path": "/metadata/labels/a", "value": "b"}])).unwrap()))]
#[case::apply(Patch::Apply(json!({"apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "reviews", "labels": {"a": "b"}}})))]
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_patch_changes_a_service(#[case] patch: Patch<Value>) {
    let (_demo, client) = world(Scenario::Steady).await;
    let api = Api::<Service>::default_namespaced(client);
    let params = match &patch {
        Patch::Apply(_) => PatchParams::apply("test"),
        _ => PatchParams::default(),
    };
    let patched = api.patch("reviews", &params, &patch).await.unwrap();
    assert_eq!(patched.labels()["a"], "b");
    assert_eq!(patched.labels()["app"], "reviews");
    assert_eq!(patched.spec.unwrap().ports.unwrap()[0].port, 9080);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_owns_fields_and_respects_others() {
    let (_demo, client) = world(Scenario::Steady).await;
    let api = virtual_services(&client);
    let apply = |manager: &'static str, force: bool, config: Value| {
        let api = api.clone();
        async move {
            let params = PatchParams { force, ..PatchParams::apply(manager) };
            api.patch("reviews", &params, &Patch::Apply(config)).await
        }
    };
    let mut config = reviews([80, 20]);
    config["metadata"]["labels"] = json!({"team": "a"});
    apply("one", false, config).await.unwrap();
    // The label is no longer applied, so it goes.
    let applied = apply("one", false, reviews([80, 20])).await.unwrap();
    assert!(applied.labels().is_empty());
    let error = apply("two", false, reviews([10, 90])).await.unwrap_err();
    assert_eq!(code(&error), (409, "Conflict".to_owned()));
    let taken = apply("two", true, reviews([10, 90])).await.unwrap();
    assert_eq!(taken.data["spec"]["http"][0]["route"][1]["weight"], 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_meet_conflicts_and_rules() {
    let (_demo, client) = world(Scenario::Steady).await;
    let api = virtual_services(&client);
    let mut stale = api.get("reviews").await.unwrap();
    let patch = Patch::Merge(json!({"spec": reviews([80, 20])["spec"]}));
    let newer = api.patch("reviews", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(newer.metadata.generation, stale.metadata.generation.map(|g| g + 1));
    stale.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    let error = api.replace("reviews", &PostParams::default(), &stale).await.unwrap_err();
    assert_eq!(code(&error), (409, "Conflict".to_owned()));

    let create = |value: Value| {
        let api = api.clone();
        async move {
            let object = serde_json::from_value(value).unwrap();
            api.create(&PostParams::default(), &object).await.map_err(|error| code(&error))
        }
    };
    assert_eq!(create(reviews([1, 1])).await.unwrap_err(), (409, "AlreadyExists".to_owned()));
    let mut bad = reviews([1, 1]);
    bad["metadata"]["name"] = json!("new");
    bad["spec"]["http"][0]["route"][0] = json!({"weight": 3});
    assert_eq!(create(bad).await.unwrap_err(), (422, "Invalid".to_owned()));
    let before = api.get("reviews").await.unwrap().resource_version();
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let patch = Patch::Merge(json!({"spec": reviews([1, 99])["spec"]}));
    api.patch("reviews", &dry, &patch).await.unwrap();
    assert_eq!(api.get("reviews").await.unwrap().resource_version(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_makes_and_ends_pods() {
    let (_demo, client) = world(Scenario::Steady).await;
    let deployments = Api::<Deployment>::default_namespaced(client.clone());
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let count = |ready: bool| {
        let pods = pods.clone();
        async move {
            let params = ListParams::default().labels("app=reviews,version=v2");
            let list = pods.list(&params).await.unwrap();
            let is_ready = |pod: &&Pod| {
                let status = pod.status.as_ref().unwrap();
                let all = status.conditions.iter().flatten();
                all.clone().any(|c| c.type_ == "Ready" && c.status == "True")
            };
            if ready { list.iter().filter(is_ready).count() } else { list.items.len() }
        }
    };
    for (replicas, ready) in [(3, true), (0, false)] {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        let params = PatchParams::default();
        let scale = deployments.patch_scale("reviews-v2", &params, &patch).await.unwrap();
        assert_eq!(scale.spec.unwrap().replicas, Some(replicas));
        eventually("the scale", async || count(ready).await == replicas as usize).await;
    }
    assert_eq!(deployments.get_scale("reviews-v2").await.unwrap().spec.unwrap().replicas, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_pod_is_replaced_and_a_changed_template_rolls() {
    let (_demo, client) = world(Scenario::Steady).await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let params = ListParams::default().labels("app=ratings");
    let old = pods.list(&params).await.unwrap().items[0].name_any();
    pods.delete(&old, &DeleteParams::default()).await.unwrap();
    let replaced = async || {
        let list = pods.list(&params).await.unwrap();
        list.items.len() == 1 && list.items[0].name_any() != old
    };
    eventually("the replacement", replaced).await;

    let deployments = Api::<Deployment>::default_namespaced(client.clone());
    let patch = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [
        {"name": "ratings", "image": "example.com/ratings:2"}]}}}}));
    deployments.patch("ratings-v1", &PatchParams::default(), &patch).await.unwrap();
    let rolled = async || {
        let list = pods.list(&params).await.unwrap();
        let images: Vec<_> = list
            .iter()
            .map(|pod| pod.spec.as_ref().unwrap().containers[0].image.clone().unwrap())
            .collect();
        let status = deployments.get("ratings-v1").await.unwrap().status.unwrap();
        images == ["example.com/ratings:2"] && status.ready_replicas == Some(1)
    };
    eventually("the rollout", rolled).await;
    let sets = Api::<ReplicaSet>::default_namespaced(client);
    assert_eq!(sets.list(&params).await.unwrap().items.len(), 2);
}

#[rstest]
#[case("crashloop", "CrashLoopBackOff", "1/2")]
#[case("imagepull", "ImagePullBackOff", "1/2")]
#[case("notready", "Running", "1/2")]
#[case("pending", "Pending", "0/2")]
#[tokio::test(flavor = "multi_thread")]
async fn annotations_play_faults(#[case] fault: &str, #[case] status: &str, #[case] ready: &str) {
    let (_demo, client) = world(Scenario::Steady).await;
    let pods = Api::<Pod>::default_namespaced(client.clone());
    let name =
        pods.list(&ListParams::default().labels("app=details")).await.unwrap().items[0].name_any();
    let cells = async || {
        let path = format!("/api/v1/namespaces/default/pods/{name}");
        let (_, table) =
            raw(&client, get(&path, "application/json;as=Table;v=v1;g=meta.k8s.io")).await;
        table["rows"][0]["cells"].clone()
    };
    let annotate = |state: &str| {
        Patch::Merge(json!({"metadata": {"annotations": {"vigla.test/state": state}}}))
    };
    pods.patch(&name, &PatchParams::default(), &annotate(fault)).await.unwrap();
    let shows = async || {
        let cells = cells().await;
        (cells[1].as_str(), cells[2].as_str()) == (Some(ready), Some(status))
    };
    eventually("the fault", shows).await;
    pods.patch(&name, &PatchParams::default(), &annotate("running")).await.unwrap();
    eventually("the recovery", async || cells().await[1] == "2/2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_with_what_is_in_it() {
    let (_demo, client) = world(Scenario::Steady).await;
    let namespaces = Api::<Namespace>::all(client.clone());
    let shop = serde_json::from_value(json!({"metadata": {"name": "shop"}})).unwrap();
    namespaces.create(&PostParams::default(), &shop).await.unwrap();
    let deployment = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}},
                     "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]}}}}));
    let deployments = Api::<Deployment>::namespaced(client.clone(), "shop");
    deployments.create(&PostParams::default(), &deployment.unwrap()).await.unwrap();
    let pods = Api::<Pod>::namespaced(client.clone(), "shop");
    // Nobody asked for injection there.
    let one = async || {
        let list = pods.list(&ListParams::default()).await.unwrap();
        list.items.len() == 1 && list.items[0].spec.as_ref().unwrap().containers.len() == 1
    };
    eventually("the pod", one).await;
    namespaces.delete("shop", &DeleteParams::default()).await.unwrap();
    eventually("the end", async || namespaces.get_opt("shop").await.unwrap().is_none()).await;
    assert!(pods.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_bare_metadata_are_served() {
    let (_demo, client) = world(Scenario::Steady).await;
    let as_table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let (_, table) = raw(&client, get("/api/v1/namespaces/default/pods", as_table)).await;
    let names: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Name",
            "Ready",
            "Status",
            "Restarts",
            "Age",
            "IP",
            "Node",
            "Nominated Node",
            "Readiness Gates"
        ]
    );
    assert_eq!(table["rows"][0]["cells"].as_array().unwrap().len(), names.len());
    let sets = Api::<ReplicaSet>::default_namespaced(client.clone());
    let bare = sets.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(bare.items.len(), 6);
    assert!(
        bare.items[0].metadata.owner_references.as_ref().unwrap()[0].name.starts_with("details")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_impersonated_has_no_rights() {
    let (_demo, client) = world(Scenario::Steady).await;
    let as_viewer = |path: &str| {
        let request = http::Request::get(path).header("impersonate-user", "viewer");
        request.body(Vec::new()).unwrap()
    };
    let (status, body) = raw(&client, as_viewer("/api/v1/namespaces/default/pods")).await;
    assert_eq!((status, body["reason"].as_str()), (403, Some("Forbidden")));
    let (status, _) = raw(&client, as_viewer("/apis/networking.istio.io/v1")).await;
    assert_eq!(status, 200);
}

/// Runs kubectl against a demo; `None`, with the reason printed, where there is no kubectl.
async fn kubectl(demo: &Demo, arguments: &[&str]) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, &demo.kubeconfig_yaml).unwrap();
    let ran = tokio::process::Command::new("kubectl")
        .args(arguments)
        .arg("--cache-dir")
        .arg(folder.path())
        .env("KUBECONFIG", &file)
        .output()
        .await;
    let Ok(output) = ran else {
        println!("skipped: kubectl is not on PATH");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.success(), text(&output.stdout) + &text(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_reads_and_writes() {
    let (demo, _client) = world(Scenario::Steady).await;
    let Some((_, pods)) = kubectl(&demo, &["get", "pods", "--no-headers"]).await else { return };
    let ready = pods.lines().filter(|line| line.contains("2/2") && line.contains("Running"));
    assert_eq!((ready.count(), pods.lines().count()), (6, 6), "{pods}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reviews.json");
    std::fs::write(&file, reviews([80, 20]).to_string()).unwrap();
    let file = file.to_str().unwrap();
    let steps: [(&[&str], &str); 6] = [
        (&["get", "svc,virtualservices,destinationrules,gateways"], "bookinfo-gateway"),
        (&["apply", "-f", file], "virtualservice.networking.istio.io/reviews configured"),
        (&["apply", "-f", file], "virtualservice.networking.istio.io/reviews unchanged"),
        (&["scale", "deploy", "reviews-v2", "--replicas=0"], "deployment.apps/reviews-v2 scaled"),
        (&["annotate", "pod", "-l", "app=ratings", "vigla.test/state=notready"], "annotated"),
        (&["delete", "pod", "-l", "app=details"], "deleted"),
    ];
    for (arguments, says) in steps {
        let (fine, output) = kubectl(&demo, arguments).await.unwrap();
        assert!(fine && output.contains(says), "kubectl {arguments:?}: {output}");
    }
}

/// Jason's rule is put in with the API, and the program answers by it.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_routes_by_what_was_applied() {
    let (demo, client) = world(Scenario::Steady).await;
    let to = |subset: &str| json!([{"destination": {"host": "reviews", "subset": subset}}]);
    let mut rule = reviews([1, 1]);
    rule["spec"]["http"] = json!([
        {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": to("v2")},
        {"route": to("v1")}]);
    let params = PatchParams::apply("test").force();
    virtual_services(&client).patch("reviews", &params, &Patch::Apply(&rule)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, &demo.kubeconfig_yaml).unwrap();
    let as_whom: [(&[&str], _, _); 3] = [
        (&["-H", "end-user: jason"], 0, "v2"),
        (&["-H", "end-user: bob"], 1, "v1"),
        (&[], 1, "v1"),
    ];
    for (header, index, subset) in as_whom {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_vigla"))
            .args(["route", "--from=productpage-v1", "--to=reviews:9080", "-o", "json"])
            .args(header)
            .arg("--kubeconfig")
            .arg(&file)
            .output()
            .await
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["rule"]["index"], index);
        assert_eq!(answer["destinations"][0]["subset"], subset, "{header:?}");
        assert_eq!(answer["destinations"][0]["percent"], 100.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_beyond_loopback() {
    let (demo, _client) = world(Scenario::Steady).await;
    for url in [&demo.kubernetes_url, &demo.prometheus_url] {
        let address: std::net::SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        assert!(address.ip().is_loopback(), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_answers_by_the_services_proxy() {
    let (demo, client) = world(Scenario::Steady).await;
    let path =
        "/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1/query?query=1";
    let (status, body) = raw(&client, get(path, "application/json")).await;
    assert_eq!((status, body["data"]["result"][1].as_str()), (200, Some("1")));
    let path = path.replace("services/prometheus", "services/kiali");
    // Past the kube client, which would ask again for minutes.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}{path}", demo.kubernetes_url)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_world_answers_at_once() {
    let begun = std::time::Instant::now();
    let (_demo, client) = world(Scenario::Large { services: 500 }).await;
    println!("large:500 took {:?}", begun.elapsed());
    let pods = Api::<Pod>::all(client).list(&ListParams::default()).await.unwrap();
    assert_eq!(pods.items.len(), 1013);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_demo_closes_its_port() {
    let (demo, client) = world(Scenario::Steady).await;
    let address = demo.kubernetes_url.trim_start_matches("http://").to_owned();
    let pods = Api::<Pod>::default_namespaced(client);
    let mut open = pods.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    assert!(open.next().await.is_some());
    drop(demo);
    let closed = async || tokio::net::TcpStream::connect(&address).await.is_err();
    eventually("the end of the server", closed).await;
}
