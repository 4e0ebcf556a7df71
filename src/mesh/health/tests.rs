//! Thresholds at and around their edges, rules, annotations, pods during roll-outs.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::mesh::inventory::Inventory;
use crate::mesh::objects::Objects;

const HOUR: Duration = Duration::from_secs(3600);

fn outcomes(protocol: Protocol, rates: &[(&str, f64)]) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for (code, rate) in rates {
        outcomes.add(protocol, &Arc::from(*code), *rate);
    }
    outcomes
}

fn judge(subject: &Subject<'_>, outcomes: &Outcomes) -> Judged {
    requests(&HealthConfig::default(), subject, Direction::Inbound, outcomes, HOUR)
}

#[rstest]
#[case::all_well(Protocol::Http, &[("200", 1.0)], Health::Healthy, "")]
#[case::redirects_are_no_errors(Protocol::Http, &[("301", 1.0)], Health::Healthy, "")]
#[case::any_5xx(Protocol::Http, &[("200", 99.9), ("503", 0.1)], Health::Degraded, "0.1 % 5XX")]
#[case::below_a_tenth(Protocol::Http, &[("200", 999.9), ("503", 0.1)], Health::Degraded, "< 0.1 % 5XX")]
#[case::just_below(Protocol::Http, &[("200", 90.1), ("503", 9.9)], Health::Degraded, "9.9 % 5XX")]
#[case::from_ten(Protocol::Http, &[("200", 90.0), ("503", 10.0)], Health::Failure, "10 % 5XX")]
#[case::some_4xx(Protocol::Http, &[("200", 90.1), ("404", 9.9)], Health::Healthy, "")]
#[case::more_4xx(Protocol::Http, &[("200", 90.0), ("404", 10.0)], Health::Degraded, "10 % 4XX")]
#[case::many_4xx(Protocol::Http, &[("200", 80.0), ("404", 20.0)], Health::Failure, "20 % 4XX")]
#[case::codes_of_tolerances_do_not_add(Protocol::Http, &[("200", 82.0), ("404", 9.0), ("503", 9.0)], Health::Degraded, "9 % 5XX")]
#[case::no_response(Protocol::Http, &[("200", 99.0), ("-", 1.0)], Health::Degraded, "1 % without response")]
#[case::grpc_ok(Protocol::Grpc, &[("0", 1.0)], Health::Healthy, "")]
#[case::grpc_unavailable(Protocol::Grpc, &[("0", 85.0), ("14", 15.0)], Health::Failure, "15 % [1-9]|1[0-6]")]
#[case::grpc_failed_as_http(Protocol::Grpc, &[("0", 85.0), ("503", 15.0)], Health::Failure, "15 % 5XX")]
#[case::grpc_refused_as_http(Protocol::Grpc, &[("0", 85.0), ("403", 15.0)], Health::Degraded, "15 % 4XX")]
#[case::tcp_is_not_judged(Protocol::Tcp, &[("-", 1.0)], Health::Unknown, "")]
#[case::nothing(Protocol::Http, &[], Health::Unknown, "")]
fn default_thresholds(
    #[case] protocol: Protocol,
    #[case] rates: &[(&str, f64)],
    #[case] health: Health,
    #[case] reason: &str,
) {
    let judged = judge(&Subject::default(), &outcomes(protocol, rates));
    assert_eq!(judged, Judged::new(health, reason));
}

#[test]
fn few_requests_are_never_a_failure_and_said_to_be_few() {
    let half = outcomes(Protocol::Http, &[("200", 0.05), ("500", 0.05)]);
    let config = HealthConfig::default();
    let minute = Duration::from_secs(60);
    let judged = requests(&config, &Subject::default(), Direction::Inbound, &half, minute);
    assert_eq!(judged, Judged::new(Health::Degraded, "50 % 5XX, of only 6 requests"));
}

#[test]
fn the_first_rule_that_names_an_object_counts_and_its_annotation_before_that() {
    let config: HealthConfig = toml::from_str(
        r#"
        [[rules]]
        namespace = "shop|bank"
        kind = "service"
        tolerances = [{ code = "4XX", degraded = 50, failure = 90, direction = "inbound" }]
        [[rules]]
        "#,
    )
    .unwrap();
    let all_404 = outcomes(Protocol::Http, &[("404", 60.0), ("200", 40.0)]);
    let judge = |subject: Subject<'_>, direction| {
        requests(&config, &subject, direction, &all_404, HOUR).health
    };
    let shop = Subject { namespace: "shop", kind: "service", ..Subject::default() };
    assert_eq!(judge(shop, Direction::Inbound), Health::Degraded);
    assert_eq!(judge(shop, Direction::Outbound), Health::Healthy);
    assert_eq!(
        judge(Subject { namespace: "workshop", ..shop }, Direction::Inbound),
        Health::Failure
    );
    let annotated = Subject { annotation: Some("4XX,70,80,http,inbound;5XX,1,2"), ..shop };
    assert_eq!(judge(annotated, Direction::Inbound), Health::Healthy);
    let nonsense = Subject { annotation: Some("4XX,many"), ..shop };
    assert_eq!(judge(nonsense, Direction::Inbound), Health::Degraded);
}

#[test]
fn configuration_is_strict_and_comes_back_as_it_was() {
    let default = HealthConfig::default();
    let text = toml::to_string(&default).unwrap();
    assert_eq!(toml::from_str::<HealthConfig>(&text).unwrap(), default);
    assert!(default.rules[0].tolerances.iter().all(|t| !t.code.matches("200")));
    for wrong in ["rule = []", "[[rules]]\nname = '('", "[[rules]]\nnames = 'a'"] {
        assert!(toml::from_str::<HealthConfig>(wrong).is_err(), "{wrong}");
    }
}

fn pod(name: &str, state: &Value, ready: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "n", "name": name,
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d", "controller": true}],
            "labels": {"app": "web", "pod-template-hash": "5d"}},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready {"True"} else {"False"}}],
            "containerStatuses": [{"name": "app", "ready": ready, "state": state}]}})
}

fn deployment(wanted: u32, updated: u32, available: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": "n", "name": "web"},
        "spec": {"replicas": wanted, "template": {"metadata": {"labels": {"app": "web"}}}},
        "status": {"replicas": updated, "updatedReplicas": updated, "availableReplicas": available}})
}

#[rstest]
#[case::steady(2, 2, &["up", "up"], Health::Healthy, "")]
#[case::surge_pod_starting(2, 3, &["up", "up", "new"], Health::Healthy, "")]
#[case::first_start(2, 2, &["new", "new"], Health::NotReady, "0 of 2 pods ready: ContainerCreating")]
#[case::one_down(2, 2, &["up", "crash"], Health::Degraded, "1 of 2 pods ready: CrashLoopBackOff, back-off")]
#[case::all_down(1, 1, &["crash"], Health::Failure, "0 of 1 pods ready: CrashLoopBackOff, back-off")]
#[case::no_image(1, 1, &["image"], Health::Failure, "0 of 1 pods ready: ImagePullBackOff")]
#[case::no_node(1, 1, &["pending"], Health::NotReady, "0 of 1 pods ready: Pending, 0/3 nodes are available")]
#[case::one_is_ending(2, 2, &["up", "ending"], Health::Degraded, "1 of 2 pods ready: Terminating")]
#[case::one_ends_beyond_those_wanted(1, 1, &["up", "ending"], Health::Healthy, "")]
#[case::scaled_down(0, 0, &[], Health::NotReady, "scaled to zero")]
#[case::nothing_made(2, 2, &[], Health::NotReady, "0 of 2 pods ready")]
fn pods_of_a_deployment(
    #[case] wanted: u32,
    #[case] updated: u32,
    #[case] states: &[&str],
    #[case] health: Health,
    #[case] reason: &str,
) {
    let mut values = vec![deployment(wanted, updated, 0)];
    for (at, state) in states.iter().enumerate() {
        let container = match *state {
            "up" | "ending" => json!({"running": {}}),
            "new" => json!({"waiting": {"reason": "ContainerCreating"}}),
            "image" => json!({"waiting": {"reason": "ImagePullBackOff"}}),
            _ => json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}),
        };
        let running = matches!(*state, "up" | "ending");
        let mut pod = pod(&format!("web-5d-{at}"), &container, running);
        match *state {
            "ending" => pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
            "pending" => {
                pod["status"] = json!({"phase": "Pending", "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                     "message": "0/3 nodes are available"}]});
            }
            _ => {}
        }
        values.push(pod);
    }
    let inventory = Inventory::of(&Objects::from_values(values));
    let workload = inventory.workload("n", "web").unwrap();
    let judged = pods(&[workload], &inventory);
    assert_eq!(
        (judged.health, judged.reason.split(", back").next().unwrap()),
        (health, reason.split(", back").next().unwrap())
    );
}
