//! What must hold for the routing of any mesh, whatever is configured.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::{Value, json};
use vigla::mesh::Objects;
use vigla::mesh::routing::{Answer, Outcome, Request, Router, RuleRef, Source, SourceKind};

/// 10,000 unless `VIGLA_CASES` says otherwise.
fn config() -> ProptestConfig {
    let cases = std::env::var("VIGLA_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(10_000),
        failure_persistence: None,
        ..Default::default()
    }
}

fn istio(kind: &str, namespace: &str, name: &str, age: u32, spec: Value) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": namespace,
            "creationTimestamp": format!("2026-01-01T00:00:{age:02}Z")}})
}

/// Two services with two versions each, and a client.
fn services() -> Vec<Value> {
    let pod = |name: &str, labels: Value| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    };
    let mut out = vec![pod("client", json!({"app": "client"}))];
    for (at, app) in (1..).zip(["a", "b"]) {
        out.push(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": app, "namespace": "shop"},
            "spec": {"clusterIP": format!("10.0.0.{at}"), "selector": {"app": app},
                "ports": [{"name": "http", "port": 80}]}}));
        for version in ["v1", "v2"] {
            let labels = json!({"app": app, "version": version});
            out.push(pod(&format!("{app}-{version}"), labels));
        }
    }
    out
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["/", "/x", "/x/", "/xy", "/x/y", "/z"])
}

fn user() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["jason", "bob", "", "jason,bob"])
}

fn block() -> impl Strategy<Value = Value> {
    let uri = (prop::sample::select(vec!["exact", "prefix", "regex"]), path());
    let header = prop::sample::select(vec!["headers", "withoutHeaders"]);
    (
        prop::option::of(uri),
        prop::option::of((header, user().prop_filter("a value", |value| !value.is_empty()))),
        prop::option::of(prop::sample::select(vec!["GET", "POST"])),
        prop::option::of(prop::sample::select(vec![80, 81])),
        prop::option::of(prop::sample::select(vec!["client", "other"])),
    )
        .prop_map(|(uri, header, method, port, label)| {
            let mut out = json!({});
            if let Some((how, path)) = uri {
                out["uri"] = json!({how: path});
            }
            if let Some((which, value)) = header {
                out[which] = json!({"user": {"exact": value}});
            }
            if let Some(method) = method {
                out["method"] = json!({"exact": method});
            }
            if let Some(port) = port {
                out["port"] = port.into();
            }
            if let Some(label) = label {
                out["sourceLabels"] = json!({"app": label});
            }
            if out == json!({}) {
                out["uri"] = json!({"prefix": "/"});
            }
            out
        })
}

fn host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b"])
}

fn rule() -> impl Strategy<Value = Value> {
    let part = (host(), prop::option::of(prop::sample::select(vec!["v1", "v2", "v9"])), 0_u32..4);
    (prop::collection::vec(block(), 0..3), prop::collection::vec(part, 1..4)).prop_map(
        |(blocks, parts)| {
            let single = parts.len() == 1;
            let empty = parts.iter().all(|(_, _, weight)| *weight == 0);
            let route: Vec<Value> = parts
                .into_iter()
                .map(|(host, subset, weight)| {
                    let mut part = json!({"destination": {"host": host}});
                    if let Some(subset) = subset {
                        part["destination"]["subset"] = subset.into();
                    }
                    if !single {
                        part["weight"] = (weight + u32::from(empty)).into();
                    }
                    part
                })
                .collect();
            let mut rule = json!({"route": route});
            if !blocks.is_empty() {
                rule["match"] = blocks.into();
            }
            rule
        },
    )
}

fn virtual_service() -> impl Strategy<Value = (Value, u32)> {
    let export = prop::sample::select(vec![json!([]), json!(["."]), json!(["*"]), json!(["far"])]);
    (host(), prop::collection::vec(rule(), 1..4), export, 0_u32..3).prop_map(
        |(host, http, export, age)| {
            (json!({"hosts": [host], "exportTo": export, "http": http}), age)
        },
    )
}

#[derive(Debug, Clone)]
struct Mesh {
    rules: Vec<(Value, u32)>,
    subsets: bool,
    closed: bool,
}

fn mesh() -> impl Strategy<Value = Mesh> {
    (prop::collection::vec(virtual_service(), 1..3), any::<bool>(), any::<bool>())
        .prop_map(|(rules, subsets, closed)| Mesh { rules, subsets, closed })
}

impl Mesh {
    fn values(&self) -> Vec<Value> {
        let mut out = services();
        for (at, (spec, age)) in self.rules.iter().enumerate() {
            out.push(istio("VirtualService", "shop", &format!("vs-{at}"), *age, spec.clone()));
        }
        if self.subsets {
            for host in ["a", "b"] {
                let subset = |v: &str| json!({"name": v, "labels": {"version": v}});
                let spec = json!({"host": host, "subsets": [subset("v1"), subset("v2")]});
                out.push(istio("DestinationRule", "shop", host, 0, spec));
            }
        }
        if self.closed {
            let spec = json!({"egress": [{"hosts": ["./*"]}],
                "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}});
            out.push(istio("Sidecar", "shop", "default", 0, spec));
        }
        out
    }

    /// The same with every VirtualService's spec changed.
    fn changed(&self, change: impl Fn(&mut Value)) -> Self {
        let mut out = self.clone();
        out.rules.iter_mut().for_each(|(spec, _)| change(spec));
        out
    }
}

fn request() -> impl Strategy<Value = Request> {
    let host = prop::sample::select(vec!["a", "b", "a.shop.svc.cluster.local", "unknown.example"]);
    let method = prop::sample::select(vec!["GET", "POST"]);
    (host, path(), method, prop::collection::vec(user(), 0..3)).prop_map(
        |(host, path, method, users)| Request {
            from: Source {
                kind: SourceKind::Sidecar,
                namespace: "shop".into(),
                name: "client".into(),
            },
            host: host.to_owned(),
            port: 80,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: users.iter().map(|user| ("user".to_owned(), (*user).to_owned())).collect(),
            ..Request::default()
        },
    )
}

fn ask(values: Vec<Value>, request: &Request) -> Answer {
    Router::new(&Objects::from_values(values)).answer(request)
}

/// Host, subset and share.
type Place = (String, Option<String>, String);

/// Where requests go: place and share, without which rule sends them there.
fn shares(answer: &Answer) -> Vec<Place> {
    let mut out: Vec<_> = answer
        .destinations
        .iter()
        .filter(|d| d.percent > 0.0)
        .map(|d| {
            let subset = d.subset.as_deref().map(str::to_owned);
            (d.host.to_string(), subset, format!("{:.6}", d.percent))
        })
        .collect();
    out.sort();
    out
}

fn result(answer: &Answer) -> (Outcome, Option<u16>, Vec<Place>) {
    (answer.outcome, answer.status, shares(answer))
}

fn each_rule(spec: &mut Value, change: impl Fn(&mut Value)) {
    spec["http"].as_array_mut().unwrap().iter_mut().for_each(change);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn order_of_objects_is_irrelevant((mesh, shuffled) in mesh().prop_flat_map(|mesh| {
        let values = mesh.values();
        (Just(mesh), Just(values).prop_shuffle())
    }), request in request()) {
        prop_assert_eq!(ask(mesh.values(), &request), ask(shuffled, &request));
    }

    #[test]
    fn a_rule_behind_changes_nothing_a_rule_before_shifts(mesh in mesh(), request in request()) {
        let before = ask(mesh.values(), &request);
        let Some(winner) = before.rule.clone() else { return Ok(()) };
        let at: usize = winner.name.trim_start_matches("vs-").parse().unwrap();
        // In the winner alone: another that had no rule for this client at all would be skipped
        // whole, and one more rule could bring it back.
        let with = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut changed = mesh.clone();
            change(changed.rules[at].0["http"].as_array_mut().unwrap());
            ask(changed.values(), &request)
        };
        let rule = |path: &str| json!({"match": [{"uri": {"exact": path}}],
            "route": [{"destination": {"host": "b"}}]});
        let appended = with(&|rules| rules.push(rule(&request.path)));
        prop_assert_eq!(&appended.rule, &before.rule);
        prop_assert_eq!(result(&appended), result(&before));
        let prepended = with(&|rules| rules.insert(0, rule("/never")));
        let index = |answer: &Answer| answer.rule.as_ref().and_then(|rule| rule.index);
        prop_assert_eq!(index(&prepended), index(&before).map(|index| index + 1));
        prop_assert_eq!(result(&prepended), result(&before));
    }

    #[test]
    fn order_of_alternatives_and_size_of_weights_are_irrelevant(
        mesh in mesh(), request in request(), factor in 2_u32..50,
    ) {
        let before = result(&ask(mesh.values(), &request));
        let reversed = mesh.changed(|spec| each_rule(spec, |rule| {
            if let Some(blocks) = rule.get_mut("match").and_then(Value::as_array_mut) {
                blocks.reverse();
            }
        }));
        prop_assert_eq!(&result(&ask(reversed.values(), &request)), &before);
        let scaled = mesh.changed(|spec| each_rule(spec, |rule| {
            for part in rule["route"].as_array_mut().unwrap() {
                if let Some(weight) = part.get("weight").and_then(Value::as_u64) {
                    part["weight"] = (weight * u64::from(factor)).into();
                }
            }
        }));
        prop_assert_eq!(&result(&ask(scaled.values(), &request)), &before);
        let trimmed = mesh.changed(|spec| each_rule(spec, |rule| {
            let parts = rule["route"].as_array_mut().unwrap();
            if parts.iter().filter(|part| part["weight"] != 0).count() >= 2 {
                parts.retain(|part| part["weight"] != 0);
            }
        }));
        prop_assert_eq!(&result(&ask(trimmed.values(), &request)), &before);
    }

    #[test]
    fn short_names_are_full_names(mesh in mesh(), request in request()) {
        let full = |name: &Value| Value::from(format!("{}.shop.svc.cluster.local", name.as_str().unwrap()));
        let long = mesh.changed(|spec| {
            spec["hosts"][0] = full(&spec["hosts"][0]);
            each_rule(spec, |rule| for part in rule["route"].as_array_mut().unwrap() {
                part["destination"]["host"] = full(&part["destination"]["host"]);
            });
        });
        let (short, long) = (ask(mesh.values(), &request), ask(long.values(), &request));
        prop_assert_eq!(&short.rule, &long.rule);
        prop_assert_eq!(result(&short), result(&long));
    }

    #[test]
    fn a_private_stranger_changes_nothing(mesh in mesh(), request in request()) {
        let before = ask(mesh.values(), &request);
        let host = "a.shop.svc.cluster.local";
        let mut values = mesh.values();
        values.push(istio("VirtualService", "far", "stranger", 0, json!({"hosts": [host],
            "exportTo": ["."], "http": [{"route": [{"destination": {"host": host}}]}]})));
        values.push(istio("DestinationRule", "far", "stranger", 0, json!({"host": host,
            "exportTo": ["."], "subsets": [{"name": "v9", "labels": {"version": "v1"}}]})));
        values.push(istio("Sidecar", "far", "default", 0, json!({"egress": [{"hosts": ["./*"]}]})));
        let after = ask(values, &request);
        prop_assert_eq!(&after.rule, &before.rule);
        prop_assert_eq!(result(&after), result(&before));
    }

    #[test]
    fn one_end_shares_of_100_and_a_reason_for_every_other_rule(mesh in mesh(), request in request()) {
        let answer = ask(mesh.values(), &request);
        let forwarded = matches!(
            answer.outcome,
            Outcome::Routed | Outcome::NoCluster | Outcome::NoHealthyUpstream
        );
        if forwarded {
            let sum: f64 = answer.destinations.iter().map(|d| d.percent).sum();
            prop_assert!((sum - 100.0).abs() < 1e-6, "{} in {:?}", sum, answer.destinations);
        } else {
            prop_assert!(answer.rule.is_none(), "{:?}", answer);
        }
        for (at, (spec, _)) in mesh.rules.iter().enumerate() {
            for index in 0..spec["http"].as_array().unwrap().len() {
                let name = format!("vs-{at}");
                // A reason without an index speaks of all rules of the object.
                let is = |rule: &RuleRef| *rule.name == *name && rule.index.is_none_or(|at| at == index);
                let won = answer.rule.as_ref().is_some_and(is);
                let told = answer.not_matched.iter().any(|entry| is(&entry.rule));
                prop_assert!(won || told, "{} rule {} has no reason: {:?}", name, index, answer.not_matched);
            }
        }
    }

    #[test]
    fn order_of_header_lines_is_irrelevant(mesh in mesh(), request in request()) {
        let mut turned = request.clone();
        turned.headers.reverse();
        let (one, other) = (ask(mesh.values(), &request), ask(mesh.values(), &turned));
        prop_assert_eq!(&one.rule, &other.rule);
        prop_assert_eq!(result(&one), result(&other));
    }
}
