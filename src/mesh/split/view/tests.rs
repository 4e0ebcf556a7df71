use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::super::Verdict;
use super::*;
use crate::mesh::telemetry::{Called, CountRow, End, Flow, Part, Telemetry};
use crate::mesh::{Objects, Scope};

const LONG_AGO: &str = "2026-11-20T09:00:00Z";
const LATELY: &str = "2026-11-23T11:59:30Z";
const NOON: &str = "2026-11-23T12:00:00Z";

fn object(api: &str, kind: &str, name: &str, changed: &str, spec: Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "spec": spec,
           "metadata": {"namespace": "n", "name": name, "creationTimestamp": LONG_AGO,
                        "managedFields": [{"time": changed, "fieldsV1": {"f:spec": {}}}]}})
}

fn workload(app: &str, version: &str) -> Vec<Value> {
    let name = format!("{app}-{version}");
    let labels = json!({"app": app, "version": version});
    let owner = json!([{"kind": "Deployment", "name": name, "controller": true}]);
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"namespace": "n", "name": name},
               "spec": {"replicas": 1, "template": {"metadata": {"labels": labels}}}}),
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": {"namespace": "n", "name": format!("{name}-1"), "labels": labels,
                            "ownerReferences": owner},
               "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]},
               "status": {"phase": "Running",
                          "conditions": [{"type": "Ready", "status": "True"}]}}),
    ]
}

/// A minute in which each version served 600 requests.
fn telemetry() -> Telemetry {
    let end = |name: &str| End {
        namespace: Some("n".into()),
        workload: Some(name.into()),
        ..End::default()
    };
    let counted = |to: &str| CountRow {
        flow: Flow {
            source: end("front-v1"),
            destination: end(to),
            service: Called {
                host: Some("reviews.n.svc.cluster.local".into()),
                ..Called::default()
            },
            protocol: "http".into(),
            ..Flow::default()
        },
        code: "200".into(),
        requests: 600,
        scrapes: 4,
        ..CountRow::default()
    };
    Telemetry {
        evaluated_at: NOON.parse().unwrap(),
        window: Duration::from_secs(60),
        counts: Part::Rows(Arc::new(vec![counted("reviews-v1"), counted("reviews-v2")])),
        ..Telemetry::default()
    }
}

/// Reviews, split half and half by a rule, with 1,200 requests that agree.
fn snapshot(rule: &str, subsets: &str, service: &str) -> MeshSnapshot {
    let istio = "networking.istio.io/v1";
    let to =
        |subset: &str| json!({"destination": {"host": "reviews", "subset": subset}, "weight": 50});
    let subset = |name: &str| json!({"name": name, "labels": {"version": name}});
    let mut objects = vec![
        object(
            istio,
            "VirtualService",
            "split",
            rule,
            json!({"hosts": ["reviews"], "http": [{"route": [to("v1"), to("v2")]}]}),
        ),
        object(
            istio,
            "DestinationRule",
            "subsets",
            subsets,
            json!({"host": "reviews.n.svc.cluster.local", "subsets": [subset("v1"), subset("v2")]}),
        ),
        object(istio, "DestinationRule", "other", LATELY, json!({"host": "ratings"})),
        object(
            "v1",
            "Service",
            "reviews",
            service,
            json!({"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 80}]}),
        ),
    ];
    for (app, version) in [("front", "v1"), ("reviews", "v1"), ("reviews", "v2")] {
        objects.extend(workload(app, version));
    }
    MeshSnapshot {
        scope: Scope::All,
        objects: Objects::from_values(objects),
        telemetry: Some(Arc::new(telemetry())),
        ..MeshSnapshot::default()
    }
}

#[rstest]
#[case::nothing_changed(LONG_AGO, LONG_AGO, LONG_AGO, None)]
#[case::the_rule(LATELY, LONG_AGO, LONG_AGO, Some("VirtualService n/split changed 30s ago"))]
#[case::its_subsets(LONG_AGO, LATELY, LONG_AGO, Some("DestinationRule n/subsets changed 30s ago"))]
#[case::the_service(LONG_AGO, LONG_AGO, LATELY, Some("Service n/reviews changed 30s ago"))]
fn a_change_of_a_moment_ago_is_waited_out(
    #[case] rule: &str,
    #[case] subsets: &str,
    #[case] service: &str,
    #[case] waits: Option<&str>,
) {
    let snapshot = snapshot(rule, subsets, service);
    let inventory = Inventory::of(&snapshot.objects);
    let view = view(&snapshot, &inventory, &Key::new("n", "reviews"), Limits::default());
    match waits {
        None => assert_eq!(view.verdict, Verdict::Agrees, "{}", view.explanation),
        Some(words) => {
            assert_eq!(view.verdict, Verdict::Settling, "{}", view.explanation);
            assert!(view.explanation.contains(words), "{}", view.explanation);
        }
    }
}
