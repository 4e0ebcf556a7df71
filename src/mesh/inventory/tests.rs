use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn pod(spec: Value, status: Value) -> PodInfo {
    pod_of(json!({"name": "p", "namespace": "n"}), spec, status)
}

fn pod_of(metadata: Value, spec: Value, status: Value) -> PodInfo {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                        "spec": spec, "status": status});
    let inventory = Inventory::of(&Objects::from_values([object]));
    inventory.pods.into_values().next().unwrap()
}

fn running(name: &str, ready: bool) -> Value {
    json!({"name": name, "ready": ready, "started": true, "restartCount": 0,
           "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})
}

fn waiting(name: &str, reason: &str) -> Value {
    json!({"name": name, "ready": false, "restartCount": 3, "state": {"waiting": {"reason": reason}}})
}

fn ended(name: &str, code: i32, reason: &str) -> Value {
    json!({"name": name, "ready": false, "restartCount": 0,
           "state": {"terminated": {"exitCode": code, "reason": reason}}})
}

/// Columns READY and STATUS, as kubectl prints them for the same pods.
#[rstest]
#[case::both_ready(json!([running("app", true), running("istio-proxy", true)]), "2/2 Running")]
#[case::one_not_ready(json!([running("app", false), running("istio-proxy", true)]), "1/2 Running")]
#[case::crash_loop(json!([waiting("app", "CrashLoopBackOff"), running("istio-proxy", true)]), "1/2 CrashLoopBackOff")]
#[case::image(json!([waiting("app", "ImagePullBackOff"), running("istio-proxy", true)]), "1/2 ImagePullBackOff")]
#[case::exit_code(json!([ended("app", 3, ""), running("istio-proxy", true)]), "1/2 ExitCode:3")]
#[case::completed_beside_running(json!([ended("app", 0, "Completed"), running("istio-proxy", true)]), "1/2 NotReady")]
#[case::nothing_known(json!([]), "0/2 Running")]
fn columns_of_main_containers(#[case] statuses: Value, #[case] expected: &str) {
    let pod = pod(
        json!({"containers": [{"name": "app"}, {"name": "istio-proxy"}]}),
        json!({"phase": "Running", "containerStatuses": statuses}),
    );
    let printed = format!("{}/{} {}", pod.ready_containers, pod.total_containers, pod.status);
    assert_eq!(printed, expected);
}

/// Restartable init containers count in both numbers of READY; others show while they work.
#[rstest]
#[case::native_ready(json!([ended("istio-validation", 0, ""), running("istio-proxy", true)]), "2/2 Running native")]
#[case::native_not_ready(json!([ended("istio-validation", 0, ""), running("istio-proxy", false)]), "1/2 Running not_ready")]
#[case::still_initialising(json!([waiting("istio-validation", "PodInitializing")]), "0/2 Init:0/2 not_ready")]
#[case::init_failed(json!([ended("istio-validation", 126, "Error")]), "0/2 Init:Error not_ready")]
#[case::init_crash_loop(json!([waiting("istio-validation", "CrashLoopBackOff")]), "0/2 Init:CrashLoopBackOff not_ready")]
fn columns_of_init_containers(#[case] statuses: Value, #[case] expected: &str) {
    let pod = pod(
        json!({"containers": [{"name": "app"}],
               "initContainers": [{"name": "istio-validation"},
                                  {"name": "istio-proxy", "restartPolicy": "Always"}]}),
        json!({"phase": "Running", "initContainerStatuses": statuses,
               "containerStatuses": [running("app", true)]}),
    );
    let printed = format!(
        "{}/{} {} {}",
        pod.ready_containers,
        pod.total_containers,
        pod.status,
        pod.sidecar.word()
    );
    assert_eq!(printed, expected);
}

#[test]
fn deletion_and_node_loss_show_as_kubectl_shows_them() {
    let meta = json!({"name": "p", "namespace": "n", "deletionTimestamp": "2026-01-01T00:00:00Z"});
    let spec = json!({"containers": [{"name": "app"}]});
    let terminating = pod_of(meta.clone(), spec.clone(), json!({"phase": "Running"}));
    assert_eq!(terminating.status, "Terminating");
    let lost = pod_of(meta, spec, json!({"phase": "Running", "reason": "NodeLost"}));
    assert_eq!(lost.status, "Unknown");
}

/// Rows of the injection table of Istio's webhook.
#[rstest]
#[case(json!({"istio-injection": "enabled"}), json!({}), Sidecar::Missing)]
#[case(json!({"istio-injection": "enabled"}), json!({"sidecar.istio.io/inject": "false"}), Sidecar::None)]
#[case(json!({"istio-injection": "disabled", "istio.io/rev": "x"}), json!({"sidecar.istio.io/inject": "true"}), Sidecar::None)]
#[case(json!({"istio.io/rev": "canary"}), json!({}), Sidecar::Missing)]
#[case(json!({}), json!({"sidecar.istio.io/inject": "true"}), Sidecar::Missing)]
#[case(json!({}), json!({"istio.io/rev": "canary"}), Sidecar::Missing)]
#[case(json!({}), json!({}), Sidecar::None)]
fn pods_that_should_have_a_sidecar(
    #[case] namespace: Value,
    #[case] pod: Value,
    #[case] expected: Sidecar,
) {
    let objects = Objects::from_values([
        json!({"apiVersion": "v1", "kind": "Namespace",
               "metadata": {"name": "n", "labels": namespace}}),
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": {"name": "p", "namespace": "n", "labels": pod},
               "spec": {"containers": [{"name": "app"}]}}),
    ]);
    let inventory = Inventory::of(&objects);
    assert_eq!(inventory.pods.values().next().unwrap().sidecar, expected);
}

fn deployment(name: &str, replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
           "metadata": {"name": name, "namespace": "n", "generation": 1},
           "spec": {"replicas": replicas,
                    "template": {"metadata": {"labels": {"app": "reviews", "version": "v3"}}}},
           "status": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
                      "readyReplicas": replicas, "availableReplicas": replicas}})
}

fn owned_pod(name: &str, set: &str, ready: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": name, "namespace": "n",
                        "labels": {"app": "reviews", "version": "v3", "pod-template-hash": "7d9f"},
                        "ownerReferences": [{"kind": "ReplicaSet", "name": set, "controller": true}]},
           "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy",
                                    "image": "docker.io/istio/proxyv2:1.30.2-distroless"}]},
           "status": {"phase": "Running",
                      "conditions": [{"type": "Ready", "status": if ready {"True"} else {"False"}}],
                      "containerStatuses": [running("app", ready), running("istio-proxy", true)]}})
}

#[test]
fn pods_gather_under_their_deployment_with_and_without_the_replica_set() {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "reviews", "namespace": "n"},
        "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "reviews"},
                 "ports": [{"port": 9080, "protocol": "TCP"}]}});
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "reviews-v3-7d9f", "namespace": "n",
            "ownerReferences": [{"kind": "Deployment", "name": "reviews-v3", "controller": true}]}});
    let pods = [owned_pod("a", "reviews-v3-7d9f", true), owned_pod("b", "reviews-v3-7d9f", false)];
    let mut seen = Vec::new();
    for with_set in [true, false] {
        let mut values = vec![deployment("reviews-v3", 3), deployment("idle", 0), service.clone()];
        values.extend(pods.clone());
        values.extend(with_set.then(|| set.clone()));
        let inventory = Inventory::of(&Objects::from_values(values));
        let workload = inventory.workload("n", "reviews-v3").unwrap();
        assert_eq!(workload.pods, Ready { ready: 1, total: 3 });
        assert_eq!((workload.existing, workload.meshed), (2, 2));
        assert_eq!((&*workload.app, workload.version.as_deref()), ("reviews", Some("v3")));
        let service = &inventory.services[&Key::new("n", "reviews")];
        assert_eq!(service.pods, Ready { ready: 1, total: 2 });
        assert_eq!(service.ports, ["9080/TCP"]);
        let behind: Vec<_> = service.workloads.iter().map(|w| &*w.name).collect();
        assert_eq!(behind, ["idle", "reviews-v3"]);
        assert_eq!(inventory.namespaces["n"].pods, Ready { ready: 1, total: 2 });
        let proxy = inventory.pods.values().next().unwrap().proxy_version.clone();
        assert_eq!(proxy.as_deref(), Some("1.30.2"));
        seen.push(inventory.workloads);
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn pod_without_owner_is_its_own_workload() {
    let pod = pod(json!({"containers": [{"name": "app"}]}), json!({"phase": "Succeeded"}));
    assert_eq!((&*pod.workload.kind, &*pod.workload.name), ("Pod", "p"));
    assert!(pod.finished);
}
