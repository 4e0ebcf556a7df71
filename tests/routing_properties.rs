//! What must hold for the routing of any mesh, whatever is configured: the properties that
//! Istio's semantics have, by number, each over 10,000 generated meshes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "how many cases said something is told")]

#[path = "routing_properties/by_hand.rs"]
pub mod by_hand;
#[path = "routing_properties/draw.rs"]
pub mod draw;
#[path = "routing_properties/edit.rs"]
pub mod edit;
#[path = "routing_properties/mesh.rs"]
pub mod mesh;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use vigla::mesh::routing::{Answer, NotMatched, Outcome, Request, RuleRef, SourceKind};
use vigla::mesh::{Kind, Objects};

use draw::Draw;
use mesh::{Mesh, client, each_rule, gateway_api, istio, request, shares, source, text, to, told};

/// `Ok(true)` for a case that said something, such as one in which a rule took the request.
type Case = Result<bool, TestCaseError>;

/// Runs a property: the same 10,000 cases every time, or other ones as many as `VIGLA_CASES`
/// says. A property that hardly ever has anything to say tests nothing, and fails.
fn holds(property: impl Fn(&mut Draw<'_>) -> Case) {
    let asked = std::env::var("VIGLA_CASES").ok().and_then(|text| text.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(10_000),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let cases = config.cases;
    let mut runner = if asked.is_some() {
        TestRunner::new(config)
    } else {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config, rng)
    };
    let telling = Cell::new(0_u32);
    let run = runner.run(&draw::bytes(), |bytes| {
        if property(&mut Draw::new(&bytes))? {
            telling.set(telling.get() + 1);
        }
        Ok(())
    });
    match run {
        // The reason shows the smallest mesh; the bytes it was made from say nothing.
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("given up: {reason}"),
        Ok(()) => {}
    }
    println!("{} of {} cases said something", telling.get(), cases);
    assert!(telling.get() * 200 >= cases, "hardly any case says anything");
}

/// What a failure shows: the smallest mesh and the request.
fn shown(mesh: &Mesh, request: &Request) -> String {
    let objects: Vec<String> = mesh.objects.iter().map(ToString::to_string).collect();
    format!("closed {}\n{}\n{request:?}", mesh.closed, objects.join("\n"))
}

fn same<T: PartialEq + std::fmt::Debug>(
    before: &T,
    after: &T,
    mesh: &Mesh,
    request: &Request,
) -> Result<(), TestCaseError> {
    prop_assert!(before == after, "{before:#?}\n!=\n{after:#?}\n{}", shown(mesh, request));
    Ok(())
}

fn is_of(rule: &RuleRef, object: &Value) -> bool {
    *rule.name == *text(object, "name")
        && *rule.namespace == *text(object, "namespace")
        && object["kind"] == rule.kind.to_string()
}

fn winner_of<'a>(mesh: &'a Mesh, answer: &Answer) -> Option<&'a Value> {
    let rule = answer.rule.as_ref()?;
    mesh.objects.iter().find(|object| is_of(rule, object))
}

#[test]
fn p01_the_order_of_objects_is_irrelevant() {
    holds(|draw| {
        let request = request(draw);
        let turns = draw.several(40, 40, |draw| draw.below(256));
        let mesh = Mesh::draw(draw);
        let mut values = [mesh::base(), mesh.objects.clone()].concat();
        for (at, turn) in (1..values.len()).rev().zip(turns) {
            values.swap(at, turn * (at + 1) / 256);
        }
        let shuffled = Mesh { objects: values, closed: mesh.closed };
        let before = mesh.ask(&request);
        let router = vigla::mesh::routing::Router::new(&shuffled.over(Objects::default()));
        same(&before, &router.answer(&request), &mesh, &request)?;
        Ok(before.rule.is_some())
    });
}

/// The mesh with the rules of the winner changed: in others that have no rule for this client at
/// all, one more could bring the whole object back.
fn with_rules(mesh: &Mesh, winner: &Value, change: impl Fn(&mut Vec<Value>)) -> Mesh {
    let mut out = mesh.clone();
    let object = out.objects.iter_mut().find(|object| *object == winner).unwrap();
    let field = if object["kind"] == "VirtualService" { "http" } else { "rules" };
    change(object["spec"][field].as_array_mut().unwrap());
    out
}

#[test]
fn p02_a_rule_behind_changes_nothing_and_one_before_only_shifts() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let before = mesh.ask(&request);
        let Some(winner) = winner_of(&mesh, &before) else { return Ok(false) };
        let index = before.rule.as_ref().and_then(|rule| rule.index).unwrap();
        let (never, again) = match winner["kind"].as_str().unwrap() {
            "VirtualService" => (
                json!({"match": [{"uri": {"exact": "/never"}}], "directResponse": {"status": 418}}),
                json!({"match": [{"uri": {"prefix": ""}}], "directResponse": {"status": 418}}),
            ),
            kind => {
                let mut again = winner["spec"]["rules"][index].clone();
                again["backendRefs"] = json!([{"name": "b", "port": 80, "weight": 1}]);
                let path = json!([{"path": {"type": "Exact", "value": "/never"}}]);
                let call = json!([{"method": {"type": "Exact", "service": "no", "method": "N"}}]);
                let never = if kind == "HTTPRoute" { path } else { call };
                (json!({"matches": never, "backendRefs": []}), again)
            }
        };
        let appended = with_rules(&mesh, winner, |rules| rules.push(again.clone())).ask(&request);
        same(&before.rule, &appended.rule, &mesh, &request)?;
        same(&told(&before), &told(&appended), &mesh, &request)?;
        let prepended = with_rules(&mesh, winner, |rules| rules.insert(0, never.clone()));
        let prepended = prepended.ask(&request);
        let shifted = before.rule.clone().map(|rule| RuleRef { index: Some(index + 1), ..rule });
        same(&shifted, &prepended.rule, &mesh, &request)?;
        same(&told(&before), &told(&prepended), &mesh, &request)?;
        Ok(true)
    });
}

/// A block without a condition that is looked at for every request: at a gateway its place
/// matters, because rules of other objects go between it and the block before.
fn takes_everything(block: &Value) -> bool {
    let conditions = ["headers", "withoutHeaders", "queryParams", "method", "authority"];
    conditions.iter().all(|field| block.get(field).is_none())
        && block.get("uri").is_none_or(|uri| uri["prefix"] == "/" || uri["regex"] == ".*")
}

#[test]
fn p03_the_order_of_alternatives_is_irrelevant() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let edge = request.from.kind == SourceKind::Gateway;
        let turn = |rule: &mut Value| {
            for field in ["match", "matches"] {
                if let Some(blocks) = rule.get_mut(field).and_then(Value::as_array_mut)
                    && !(edge && blocks.iter().any(takes_everything))
                {
                    blocks.reverse();
                }
            }
        };
        let turned = ["VirtualService", "HTTPRoute", "GRPCRoute"]
            .into_iter()
            .fold(mesh.clone(), |mesh, kind| mesh.changed(kind, |object| each_rule(object, turn)));
        let before = mesh.ask(&request);
        same(&shares(&before), &shares(&turned.ask(&request)), &mesh, &request)?;
        Ok(before.rule.is_some() && turned.objects != mesh.objects)
    });
}

/// The list of weighted places of a rule.
fn parts(rule: &mut Value) -> Option<&mut Vec<Value>> {
    let field = if rule.get("route").is_some() { "route" } else { "backendRefs" };
    rule.get_mut(field).and_then(Value::as_array_mut)
}

#[test]
fn p04_only_the_relation_of_weights_counts() {
    holds(|draw| {
        let (request, factor) = (request(draw), 2 + draw.below(50));
        let mesh = Mesh::draw(draw);
        let all = |change: &dyn Fn(&mut Vec<Value>)| {
            let each = |rule: &mut Value| {
                if let Some(parts) = parts(rule) {
                    change(parts);
                }
            };
            ["VirtualService", "HTTPRoute", "GRPCRoute"]
                .into_iter()
                .fold(mesh.clone(), |mesh, kind| {
                    mesh.changed(kind, |object| each_rule(object, each))
                })
        };
        let scaled = all(&|parts| {
            for part in parts {
                if let Some(weight) = part.get("weight").and_then(Value::as_u64) {
                    part["weight"] = (weight * factor as u64).into();
                }
            }
        });
        let trimmed = all(&|parts| {
            if parts.iter().filter(|part| part["weight"] != 0).count() >= 2 {
                parts.retain(|part| part["weight"] != 0);
            }
        });
        let before = mesh.ask(&request);
        same(&shares(&before), &shares(&scaled.ask(&request)), &mesh, &request)?;
        same(&shares(&before), &shares(&trimmed.ask(&request)), &mesh, &request)?;
        Ok(before.rule.is_some() && before.destinations.len() > 1)
    });
}

#[test]
fn p05_a_short_name_is_the_full_name_in_its_namespace() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let written_out = mesh
            .changed("VirtualService", |object| {
                let namespace = text(object, "namespace");
                for host in object["spec"]["hosts"].as_array_mut().into_iter().flatten() {
                    *host = by_hand::full_name(host.as_str().unwrap(), &namespace).into();
                }
                each_rule(object, |rule| by_hand::full_destinations(rule, &namespace));
            })
            .changed("DestinationRule", |object| {
                let host = object["spec"]["host"].as_str().unwrap();
                let full = by_hand::full_name(host, &text(object, "namespace"));
                object["spec"]["host"] = full.into();
            });
        let (short, long) = (mesh.ask(&request), written_out.ask(&request));
        same(&short.rule, &long.rule, &mesh, &request)?;
        same(&told(&short), &told(&long), &mesh, &request)?;
        Ok(short.rule.is_some())
    });
}

#[test]
fn p06_an_unrelated_namespace_that_exports_nothing_changes_nothing() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let host = "a.shop.svc.cluster.local";
        let own = json!(["."]);
        let rule = json!({"route": [{"destination": {"host": host}}]});
        let parent = json!({"group": "", "kind": "Service", "name": "a", "namespace": "shop"});
        let strangers = [
            istio(
                "VirtualService",
                "lone",
                "mesh",
                0,
                json!({"hosts": [host, "shop.example"], "exportTo": own, "http": [rule]}),
            ),
            istio(
                "VirtualService",
                "lone",
                "edge",
                0,
                json!({"hosts": ["*"], "gateways": ["shop/front"], "exportTo": own, "http": [rule]}),
            ),
            istio(
                "DestinationRule",
                "lone",
                "rules",
                0,
                json!({"host": host, "exportTo": own,
                "subsets": [{"name": "v9", "labels": {"version": "v1"}}]}),
            ),
            istio("Sidecar", "lone", "default", 0, json!({"egress": [{"hosts": ["./*"]}]})),
            gateway_api(
                "HTTPRoute",
                "lone",
                "route",
                0,
                json!({"parentRefs": [parent],
                "rules": [{"backendRefs": [{"name": "b", "namespace": "shop", "port": 80}]}]}),
            ),
        ];
        let (before, after) = (mesh.ask(&request), mesh.with(strangers).ask(&request));
        same(&before.rule, &after.rule, &mesh, &request)?;
        same(&told(&before), &told(&after), &mesh, &request)?;
        Ok(before.rule.is_some())
    });
}

#[test]
fn p07_two_objects_of_a_gateway_with_disjoint_exact_paths_commute() {
    holds(|draw| {
        let edge = source(SourceKind::Gateway, "shop", "edge");
        let host = draw.pick(&["shop.example", "other.example", "any.test"]);
        let request = to(draw, edge, host);
        let hosts =
            [draw.pick(&["shop.example", "*.example", "*"]), draw.pick(&["shop.example", "*"])];
        let mut paths: [Vec<Value>; 2] = Default::default();
        for path in mesh::PATHS {
            let mut rule = json!({"match": [{"uri": {"exact": path}}],
                "route": [{"destination": {"host": draw.pick(&["a", "b"])}}]});
            if draw.chance(4) {
                rule["match"][0]["method"] = json!({"exact": "GET"});
            }
            paths[draw.below(2)].push(rule);
        }
        let mesh = Mesh::draw(draw);
        // Next to each other in age, so that no third object changes its place between them.
        let with = |ages: [usize; 2]| {
            let two = (0..2).map(|at| {
                let spec = json!({"hosts": [hosts[at]], "gateways": ["front"], "http": paths[at]});
                istio("VirtualService", "shop", &format!("two-{at}"), ages[at], spec)
            });
            mesh.with(two.filter(|object| object["spec"]["http"] != json!([])))
        };
        let (one, other) = (with([20, 21]).ask(&request), with([21, 20]).ask(&request));
        same(&one.rule, &other.rule, &with([20, 21]), &request)?;
        same(&told(&one), &told(&other), &with([20, 21]), &request)?;
        Ok(one.rule.is_some_and(|rule| rule.name.starts_with("two-")))
    });
}

#[test]
fn p08_a_delegate_is_its_rules_written_into_the_root() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let by_hand = mesh.changed("VirtualService", |object| {
            if object["spec"].get("hosts").is_some() {
                object["spec"]["http"] = by_hand::inlined(object, &mesh.objects).0.into();
            }
        });
        let (before, after) = (mesh.ask(&request), by_hand.ask(&request));
        same(&told(&before), &told(&after), &mesh, &request)?;
        let Some(winner) = winner_of(&mesh, &before) else {
            same(&None, &after.rule, &mesh, &request)?;
            return Ok(false);
        };
        let rule = before.rule.as_ref().unwrap();
        let at = (rule.index.unwrap(), rule.delegate.as_ref().map(|delegate| delegate.index));
        let written = if winner["kind"] == "VirtualService" {
            by_hand::inlined(winner, &mesh.objects).1.iter().position(|position| *position == at)
        } else {
            rule.index
        };
        let index = after.rule.as_ref().filter(|rule| is_of(rule, winner)).and_then(|r| r.index);
        same(&written, &index, &mesh, &request)?;
        Ok(written != rule.index || rule.delegate.is_some())
    });
}

#[test]
fn p09_an_httproute_sorted_by_hand_is_a_virtual_service() {
    holds(|draw| {
        let around = Mesh { objects: mesh::surroundings(draw), closed: draw.chance(4) };
        let inside = draw.chance(8);
        let host = if inside { "a" } else { draw.pick(&["shop.example", "*.example", "*"]) };
        let routes: Vec<Value> = (0..=draw.below(2))
            .map(|at| {
                let rules = draw.several(1, 3, |draw| mesh::route_rule(draw, "HTTPRoute", true));
                let mut spec = json!({"rules": rules, "parentRefs": [
                    {"group": "", "kind": "Service", "name": "a", "namespace": "shop"}]});
                if !inside {
                    spec["parentRefs"] = json!([{"name": "door", "namespace": "shop"}]);
                    spec["hostnames"] = if host == "*" { json!([]) } else { json!([host]) };
                }
                gateway_api("HTTPRoute", "shop", &format!("route-{at}"), draw.below(4), spec)
            })
            .collect();
        let (rules, origins) = by_hand::sorted(&routes.iter().collect::<Vec<_>>());
        let mut spec = json!({"hosts": [host], "http": rules});
        let mut objects = Vec::new();
        if !inside {
            spec["gateways"] = json!(["front"]);
            objects.push(istio(
                "Gateway",
                "shop",
                "front",
                0,
                json!({
                "selector": {"istio": "ingressgateway"}, "servers": [{"hosts": ["*"],
                    "port": {"number": 80, "name": "http", "protocol": "HTTP"}}]}),
            ));
        }
        objects.push(istio("VirtualService", "shop", "by-hand", 0, spec));
        let from = |name| source(SourceKind::Gateway, "shop", name);
        let called = if inside { "a" } else { draw.pick(&["shop.example", "other.example"]) };
        let request = to(draw, if inside { client() } else { from("door-istio") }, called);
        let by_route = around.with(routes.clone()).ask(&request);
        let mut asked = request.clone();
        if !inside {
            asked.from = from("edge");
        }
        let by_hand = around.with(objects).ask(&asked);
        let whole = around.with(routes);
        let found = |answer: &Answer| (answer.outcome, answer.status, answer.destinations.clone());
        same(&found(&by_route), &found(&by_hand), &whole, &request)?;
        same(&by_route.actions, &by_hand.actions, &whole, &request)?;
        let origin = by_hand.rule.and_then(|rule| origins.get(rule.index?).cloned());
        let rule = by_route.rule.map(|rule| (rule.name.to_string(), rule.index.unwrap()));
        same(&rule, &origin, &whole, &request)?;
        Ok(rule.is_some())
    });
}

fn forwarded(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Routed | Outcome::NoCluster | Outcome::NoHealthyUpstream)
}

/// The ends that a request can come to, of which it comes to exactly one.
fn ends(answer: &Answer) -> Vec<&'static str> {
    use Outcome::{Blackhole, DirectResponse, NotFound, Passthrough, Redirect};
    let (rule, outcome, status) = (answer.rule.is_some(), answer.outcome, answer.status);
    let by_server = answer.redirect.as_ref().is_some_and(|redirect| redirect.https_redirect);
    let forwarded = forwarded(answer);
    [
        ("a rule", rule),
        ("the default route", !rule && forwarded),
        ("passthrough", outcome == Passthrough),
        ("blackhole", outcome == Blackhole && status == Some(502)),
        ("refused", matches!(outcome, Blackhole | NotFound) && status.is_none()),
        ("not found", outcome == NotFound && status == Some(404)),
        ("to https", outcome == Redirect && by_server),
        ("bad target", !rule && outcome == DirectResponse && status == Some(400)),
    ]
    .into_iter()
    .filter_map(|(name, holds)| holds.then_some(name))
    .collect()
}

#[test]
fn p10_shares_of_a_forwarded_request_add_up() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let answer = mesh.ask(&request);
        if !forwarded(&answer) {
            return Ok(false);
        }
        let sum: f64 = answer.destinations.iter().map(|d| d.percent).sum();
        prop_assert!((sum - 100.0).abs() < 1e-6, "{sum} of {}", shown(&mesh, &request));
        let failing = answer.destinations.iter().filter(|d| d.status.is_some()).count();
        let all = failing == answer.destinations.len();
        prop_assert_eq!(all, answer.outcome != Outcome::Routed, "{}", shown(&mesh, &request));
        Ok(answer.rule.is_some())
    });
}

#[test]
fn p11_a_request_comes_to_exactly_one_end() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let answer = mesh.ask(&request);
        let ends = ends(&answer);
        prop_assert!(ends.len() == 1, "{ends:?} {answer:#?} {}", shown(&mesh, &request));
        Ok(ends != ["a rule"])
    });
}

#[test]
fn p12_every_other_rule_has_a_reason() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let answer = mesh.ask(&request);
        for object in &mesh.objects {
            let spec = &object["spec"];
            let is_delegate = spec.get("http").is_some() && spec.get("hosts").is_none();
            let rules = spec.get("http").or_else(|| spec.get("rules")).and_then(Value::as_array);
            for index in 0..rules.filter(|_| !is_delegate).map_or(0, Vec::len) {
                // A reason without an index speaks of all rules of the object.
                let is =
                    |rule: &RuleRef| is_of(rule, object) && rule.index.is_none_or(|at| at == index);
                let won = answer.rule.as_ref().is_some_and(is);
                let told = answer.not_matched.iter().any(|entry| is(&entry.rule));
                prop_assert!(
                    won || told,
                    "rule {index} of {object} has no reason: {:#?}\n{}",
                    answer.not_matched,
                    shown(&mesh, &request)
                );
            }
        }
        Ok(!answer.not_matched.is_empty())
    });
}

#[test]
fn p12_without_its_reasons_a_rule_matches() {
    holds(|draw| {
        let (request, choice) = (request(draw), draw.below(256));
        let mesh = edit::one_block_each(&Mesh::draw(draw));
        let router = mesh.router();
        let answer = router.answer(&request);
        let editable = |entry: &&NotMatched| {
            entry.rule.kind == Kind::VirtualService && edit::FOLLOWED.contains(&entry.reason)
        };
        let others: Vec<&RuleRef> =
            answer.not_matched.iter().filter(editable).map(|entry| &entry.rule).collect();
        match others.get(choice * others.len() / 256) {
            Some(rule) => edit::until_it_matches(&mesh, &router, &request, rule),
            None => Ok(false),
        }
    });
}

#[test]
fn p13_a_prefix_of_whole_segments_is_a_prefix() {
    let asked = |spec_of: &dyn Fn() -> Value, request: &Request| {
        Mesh { objects: vec![spec_of()], closed: false }.ask(request).rule.is_some()
    };
    holds(|draw| {
        let mut some_path = || {
            let pieces = draw.several(1, 4, |draw| draw.pick(&["/", "/a", "b", "/ab", "a"]));
            format!("/{}", pieces.concat().trim_start_matches('/'))
        };
        let (prefix, path) = (some_path(), some_path());
        let prefix = match prefix.trim_end_matches('/') {
            "" => "/",
            trimmed => trimmed,
        };
        let request = Request { path, ..to(draw, client(), "a") };
        let request = Request { port: 80, ..request };
        let segments = asked(
            &|| {
                gateway_api(
                    "HTTPRoute",
                    "shop",
                    "route",
                    0,
                    json!({
                    "parentRefs": [{"group": "", "kind": "Service", "name": "a"}],
                    "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
                        "backendRefs": [{"name": "b", "port": 80}]}]}),
                )
            },
            &request,
        );
        let raw = asked(
            &|| {
                istio(
                    "VirtualService",
                    "shop",
                    "raw",
                    0,
                    json!({"hosts": ["a"], "http": [
                    {"match": [{"uri": {"prefix": prefix}}],
                        "route": [{"destination": {"host": "b"}}]}]}),
                )
            },
            &request,
        );
        prop_assert!(raw || !segments, "{prefix} and {}", request.path);
        let rest = request.path.strip_prefix(prefix);
        let whole = rest
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'));
        prop_assert_eq!(segments, whole, "{} and {}", prefix, request.path);
        Ok(raw)
    });
}

#[test]
fn p14_each_value_of_a_repeated_header_is_tried_alone() {
    holds(|draw| {
        let condition = mesh::condition(draw);
        let rule = |field: &str| {
            istio(
                "VirtualService",
                "shop",
                "by-header",
                0,
                json!({"hosts": ["a"], "http": [{
                "match": [{field: {"user": condition}}],
                "route": [{"destination": {"host": "b"}}]}]}),
            )
        };
        let users = draw.several(1, 3, |draw| draw.pick(&["jason", "bob", "jas", "jason,bob", ""]));
        let with = |users: &[&str]| Request {
            host: "a".to_owned(),
            port: 80,
            from: client(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: users.iter().map(|user| ("user".to_owned(), (*user).to_owned())).collect(),
            ..Request::default()
        };
        let mut telling = false;
        for field in ["headers", "withoutHeaders"] {
            let router = Mesh { objects: vec![rule(field)], closed: false }.router();
            let takes = |users: &[&str]| router.answer(&with(users)).rule.is_some();
            let alone: Vec<bool> = users.iter().map(|user| takes(&[user])).collect();
            let wanted =
                if field == "headers" { alone.contains(&true) } else { !alone.contains(&false) };
            prop_assert_eq!(takes(&users), wanted, "{} {} {:?}", field, condition, users);
            telling |= alone.contains(&true) && alone.contains(&false);
        }
        Ok(telling)
    });
}

#[test]
fn p14_the_order_of_header_lines_is_irrelevant() {
    holds(|draw| {
        let request = request(draw);
        let mesh = Mesh::draw(draw);
        let mut turned = request.clone();
        turned.headers.reverse();
        let router = mesh.router();
        let (one, other) = (router.answer(&request), router.answer(&turned));
        same(&one.rule, &other.rule, &mesh, &request)?;
        same(&told(&one), &told(&other), &mesh, &request)?;
        Ok(one.rule.is_some() && request.headers.len() > 1)
    });
}

#[test]
fn p15_the_age_of_a_route_of_the_clients_namespace_is_irrelevant() {
    holds(|draw| {
        let host = draw.pick(&["a", "a.shop", "a.shop.svc.cluster.local"]);
        let request = to(draw, client(), host);
        let mesh = Mesh::draw(draw);
        // All routes together, because among each other their age counts.
        let of_year = |year: &str| {
            let move_to = |object: &mut Value| {
                let written = object["metadata"]["creationTimestamp"].as_str().unwrap();
                let moved = written.replace("2026", year);
                object["metadata"]["creationTimestamp"] = moved.into();
            };
            let own = |object: &mut Value| {
                if text(object, "namespace") == "shop" {
                    move_to(object);
                }
            };
            mesh.changed("HTTPRoute", own).changed("GRPCRoute", own)
        };
        let (old, young) = (of_year("2020").ask(&request), of_year("2030").ask(&request));
        same(&old.rule, &young.rule, &mesh, &request)?;
        same(&told(&old), &told(&young), &mesh, &request)?;
        Ok(old.rule.is_some() && mesh.of_kind("HTTPRoute").count() > 0)
    });
}
