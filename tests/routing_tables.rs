//! Bookinfo's routing answers as tables: which rule takes a request, where it goes, and why the
//! other rules did not.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;
use serde_json::{Value, json};
use vigla::mesh::Objects;
use vigla::mesh::routing::{Answer, Outcome, Reason, Request, Router, Source, SourceKind};

const APPS: [(&str, &[&str]); 4] = [
    ("productpage", &["v1"]),
    ("details", &["v1"]),
    ("ratings", &["v1"]),
    ("reviews", &["v1", "v2", "v3"]),
];

fn object(api: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "shop"},
        "spec": spec})
}

fn istio(kind: &str, name: &str, spec: Value) -> Value {
    object("networking.istio.io/v1", kind, name, spec)
}

fn pod(name: &str, namespace: &str, labels: Value, ready: bool) -> Value {
    let proxy = json!({"name": "istio-proxy"});
    let gateway = labels["istio"] == "ingressgateway";
    let containers = if gateway { vec![proxy] } else { vec![json!({"name": "app"}), proxy] };
    let ready = if ready { "True" } else { "False" };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
}

fn service(name: &str, address: u8, selector: Value, port: u16, target: u16) -> Value {
    object(
        "v1",
        "Service",
        name,
        json!({"clusterIP": format!("10.0.0.{address}"),
        "selector": selector,
        "ports": [{"name": "http", "port": port, "targetPort": target}]}),
    )
}

/// The four services and their pods, a gateway and a client in another namespace.
fn bookinfo() -> Vec<Value> {
    let mut out = vec![
        pod("edge", "shop", json!({"istio": "ingressgateway"}), true),
        service("edge", 99, json!({"istio": "ingressgateway"}), 80, 8080),
        pod("stranger", "other", json!({"app": "stranger"}), true),
    ];
    for (at, (app, versions)) in (1..).zip(APPS) {
        out.push(service(app, at, json!({"app": app}), 9080, 9080));
        for version in versions {
            let labels = json!({"app": app, "version": version});
            out.push(pod(&format!("{app}-{version}"), "shop", labels, true));
        }
    }
    out
}

/// A pod of a version that Bookinfo does not deploy by itself.
fn version(app: &str, version: &str) -> Value {
    let labels = json!({"app": app, "version": version});
    pod(&format!("{app}-{version}"), "shop", labels, true)
}

fn rules(app: &str, versions: &[&str]) -> Value {
    let subsets: Vec<Value> =
        versions.iter().map(|v| json!({"name": v, "labels": {"version": v}})).collect();
    istio("DestinationRule", app, json!({"host": app, "subsets": subsets}))
}

/// Balanced at random, which changes nothing about shares.
fn random(mut rules: Value) -> Value {
    rules["spec"]["trafficPolicy"] = json!({"loadBalancer": {"simple": "RANDOM"}});
    rules
}

/// Subsets for every version that the rules of these tables name.
fn all_rules() -> Vec<Value> {
    vec![
        rules("productpage", &["v1"]),
        rules("reviews", &["v1", "v2", "v3"]),
        rules("ratings", &["v1", "v2", "v2-mysql", "v2-mysql-vm"]),
        rules("details", &["v1", "v2"]),
    ]
}

fn split(app: &str, parts: &[(&str, u32)]) -> Value {
    let part = |(subset, weight): &(&str, u32)| json!({"destination": {"host": app, "subset": subset}, "weight": weight});
    json!({"route": parts.iter().map(part).collect::<Vec<_>>()})
}

fn to(app: &str, subset: &str) -> Value {
    json!({"route": [{"destination": {"host": app, "subset": subset}}]})
}

/// A rule for one user alone.
fn jason(mut rule: Value) -> Value {
    rule["match"] = json!([{"headers": {"end-user": {"exact": "jason"}}}]);
    rule
}

fn with(mut rule: Value, fault: Value) -> Value {
    rule["fault"] = fault;
    rule
}

fn vs(app: &str, http: Vec<Value>) -> Value {
    istio("VirtualService", app, json!({"hosts": [app], "http": http}))
}

fn all_v1() -> Vec<Value> {
    APPS.iter().map(|(app, _)| vs(app, vec![to(app, "v1")])).collect()
}

/// Later objects replace earlier ones of the same name, as applying them does.
fn router(applied: impl IntoIterator<Item = Vec<Value>>) -> Router {
    Router::new(&Objects::from_values(bookinfo().into_iter().chain(applied.into_iter().flatten())))
}

fn ask(
    router: &Router,
    from: (SourceKind, &str, &str),
    to: (&str, u16),
    path: &str,
    user: &[(&str, &str)],
) -> Answer {
    let (kind, namespace, name) = from;
    router.answer(&Request {
        from: Source { kind, namespace: namespace.into(), name: name.into() },
        host: to.0.to_owned(),
        port: to.1,
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers: user.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        ..Request::default()
    })
}

fn call(router: &Router, app: &str, user: &[(&str, &str)]) -> Answer {
    let client = if app == "ratings" { "reviews-v2" } else { "productpage-v1" };
    ask(router, (SourceKind::Sidecar, "shop", client), (app, 9080), "/", user)
}

/// `rule 0: v1 50, v3 50`, with what fails behind it: `rule 0: v2 100 (503 UH)`.
fn told(answer: &Answer) -> String {
    let rule = answer.rule.as_ref().and_then(|rule| rule.index);
    let rule = rule.map_or_else(|| "default".to_owned(), |index| format!("rule {index}"));
    let parts = answer.destinations.iter().map(|d| {
        let name = d.subset.as_deref().unwrap_or_else(|| d.host.split('.').next().unwrap());
        let fails = d.status.map_or(String::new(), |status| {
            format!(" ({status} {})", d.response_flag.unwrap_or("-"))
        });
        format!("{name} {}{fails}", d.percent)
    });
    format!("{rule}: {}", parts.collect::<Vec<_>>().join(", "))
}

/// The rules of the called service's own object that did not match.
fn why_not(answer: &Answer, app: &str) -> Vec<(usize, Reason)> {
    let own = answer.not_matched.iter().filter(|entry| *entry.rule.name == *app);
    own.filter_map(|entry| entry.rule.index.map(|index| (index, entry.reason))).collect()
}

fn test_v2() -> Value {
    vs("reviews", vec![jason(to("reviews", "v2")), to("reviews", "v1")])
}

#[rstest]
#[case::a0(vec![], "reviews", "default: reviews 100")]
#[case::a1(vec![all_rules()], "reviews", "default: reviews 100")]
#[case::a2_reviews(vec![all_rules(), all_v1()], "reviews", "rule 0: v1 100")]
#[case::a2_ratings(vec![all_rules(), all_v1()], "ratings", "rule 0: v1 100")]
#[case::a2_details(vec![all_rules(), all_v1()], "details", "rule 0: v1 100")]
#[case::a2_productpage(vec![all_rules(), all_v1()], "productpage", "rule 0: v1 100")]
#[case::a2_without_subsets(vec![all_v1()], "reviews", "rule 0: v1 100 (503 NC)")]
#[case::a4(vec![all_rules(), vec![vs("reviews", vec![split("reviews", &[("v1", 50), ("v3", 50)])])]], "reviews", "rule 0: v1 50, v3 50")]
#[case::a5(vec![all_rules(), vec![vs("reviews", vec![split("reviews", &[("v1", 80), ("v2", 20)])])]], "reviews", "rule 0: v1 80, v2 20")]
#[case::a6(vec![all_rules(), vec![vs("reviews", vec![split("reviews", &[("v1", 90), ("v2", 10)])])]], "reviews", "rule 0: v1 90, v2 10")]
#[case::a7(vec![all_rules(), vec![vs("reviews", vec![split("reviews", &[("v2", 50), ("v3", 50)])])]], "reviews", "rule 0: v2 50, v3 50")]
#[case::a8(vec![all_rules(), vec![vs("reviews", vec![to("reviews", "v3")])]], "reviews", "rule 0: v3 100")]
#[case::a12_reviews(vec![all_rules(), vec![vs("reviews", vec![to("reviews", "v3")])]], "reviews", "rule 0: v3 100")]
#[case::a12_deployed(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2-mysql")]), version("ratings", "v2-mysql")]], "ratings", "rule 0: v2-mysql 100")]
#[case::a13_deployed(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2-mysql-vm")]), version("ratings", "v2-mysql-vm")]], "ratings", "rule 0: v2-mysql-vm 100")]
#[case::a14_deployed(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2")]), version("ratings", "v2")]], "ratings", "rule 0: v2 100")]
#[case::a15_deployed(vec![all_rules(), vec![vs("details", vec![to("details", "v2")]), version("details", "v2")]], "details", "rule 0: v2 100")]
#[case::a12(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2-mysql")])]], "ratings", "rule 0: v2-mysql 100 (503 UH)")]
#[case::a13(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2-mysql-vm")])]], "ratings", "rule 0: v2-mysql-vm 100 (503 UH)")]
#[case::a14(vec![all_rules(), vec![vs("ratings", vec![to("ratings", "v2")])]], "ratings", "rule 0: v2 100 (503 UH)")]
#[case::a15(vec![all_rules(), vec![vs("details", vec![to("details", "v2")])]], "details", "rule 0: v2 100 (503 UH)")]
#[case::a17(vec![all_rules(), vec![vs("reviews", vec![split("reviews", &[("v1", 50), ("v3", 50)])]), pod("reviews-v3", "shop", json!({"app": "reviews", "version": "v3"}), false)]], "reviews", "rule 0: v1 50, v3 50 (503 UH)")]
#[case::a18(vec![vec![random(rules("reviews", &["v1", "v2", "v3"]))]], "reviews", "default: reviews 100")]
fn mesh(#[case] applied: Vec<Vec<Value>>, #[case] app: &str, #[case] expected: &str) {
    let answer = call(&router(applied), app, &[]);
    assert_eq!(told(&answer), expected);
    assert_eq!(why_not(&answer, app), []);
}

#[rstest]
#[case::a3_jason(test_v2(), &[("end-user", "jason")], "rule 0: v2 100", (1, Reason::EarlierRuleWon))]
#[case::a3_no_header(test_v2(), &[], "rule 1: v1 100", (0, Reason::HeaderMissing))]
#[case::a3_capital(test_v2(), &[("end-user", "Jason")], "rule 1: v1 100", (0, Reason::HeaderValue))]
#[case::a3_longer(test_v2(), &[("end-user", "jasonx")], "rule 1: v1 100", (0, Reason::HeaderValue))]
#[case::a3_name_in_capitals(test_v2(), &[("END-USER", "jason")], "rule 0: v2 100", (1, Reason::EarlierRuleWon))]
#[case::a3_two_lines(test_v2(), &[("end-user", "jason"), ("end-user", "bob")], "rule 0: v2 100", (1, Reason::EarlierRuleWon))]
#[case::a3_one_line(test_v2(), &[("end-user", "jason,bob")], "rule 1: v1 100", (0, Reason::HeaderValue))]
#[case::a9_jason(vs("reviews", vec![jason(to("reviews", "v2")), to("reviews", "v3")]), &[("end-user", "jason")], "rule 0: v2 100", (1, Reason::EarlierRuleWon))]
#[case::a9_else(vs("reviews", vec![jason(to("reviews", "v2")), to("reviews", "v3")]), &[], "rule 1: v3 100", (0, Reason::HeaderMissing))]
fn by_header(
    #[case] rule: Value,
    #[case] user: &[(&str, &str)],
    #[case] expected: &str,
    #[case] other: (usize, Reason),
) {
    let answer = call(&router([all_rules(), all_v1(), vec![rule]]), "reviews", user);
    assert_eq!(told(&answer), expected);
    assert_eq!(why_not(&answer, "reviews"), [other]);
}

#[test]
fn a10_delay_before_v1() {
    let delay = json!({"delay": {"fixedDelay": "7s", "percentage": {"value": 100}}});
    let rule = vs("ratings", vec![jason(with(to("ratings", "v1"), delay)), to("ratings", "v1")]);
    let router = router([all_rules(), all_v1(), vec![rule]]);
    let slow = call(&router, "ratings", &[("end-user", "jason")]);
    let delay = slow.actions.fault.as_ref().unwrap().delay.as_ref().unwrap();
    assert_eq!((delay.fixed.as_str(), delay.percent), ("7s", 100.0));
    assert_eq!(told(&slow), "rule 0: v1 100");
    assert_eq!(why_not(&slow, "ratings"), [(1, Reason::EarlierRuleWon)]);
    let quick = call(&router, "ratings", &[]);
    assert_eq!(why_not(&quick, "ratings"), [(0, Reason::HeaderMissing)]);
    assert_eq!((told(&quick), quick.actions.fault), ("rule 1: v1 100".to_owned(), None));
}

/// The page as jason: the mesh gives nobody less time than the delay takes, so the page breaks
/// by the patience of the applications alone (played by the traffic of the embedded world).
#[rstest]
#[case::to_v2(test_v2(), "rule 0: v2 100", "reviews-v2")]
#[case::to_v3(vs("reviews", vec![to("reviews", "v3")]), "rule 0: v3 100", "reviews-v3")]
fn a10_the_whole_page(#[case] reviews: Value, #[case] expected: &str, #[case] next: &str) {
    let user = [("end-user", "jason")];
    let delay = json!({"delay": {"fixedDelay": "7s", "percentage": {"value": 100}}});
    let ratings = vs("ratings", vec![jason(with(to("ratings", "v1"), delay)), to("ratings", "v1")]);
    let router = router([all_rules(), all_v1(), page(), vec![reviews, ratings]]);
    let edge = (SourceKind::Gateway, "shop", "edge");
    let page = ask(&router, edge, ("any.example", 80), "/productpage", &[]);
    let first = call(&router, "reviews", &user);
    let client = (SourceKind::Sidecar, "shop", next);
    let second = ask(&router, client, ("ratings", 9080), "/ratings/0", &user);
    assert_eq!(told(&page), "rule 0: productpage 100");
    assert_eq!(told(&first), expected);
    assert_eq!(told(&second), "rule 0: v1 100");
    let waits = |answer: &Answer| {
        let fault = answer.actions.fault.as_ref();
        fault.and_then(|fault| fault.delay.as_ref()).map(|delay| delay.duration.as_secs())
    };
    assert_eq!([&page, &first, &second].map(waits), [None, None, Some(7)]);
    assert_eq!(
        [&page, &first, &second].map(|answer| answer.actions.timeout.clone()),
        [None, None, None]
    );
}

#[test]
fn a11_abort_calls_nobody() {
    let abort = json!({"abort": {"httpStatus": 500, "percentage": {"value": 100}}});
    let rule = vs("ratings", vec![jason(with(to("ratings", "v1"), abort)), to("ratings", "v1")]);
    let router = router([all_rules(), all_v1(), vec![rule]]);
    let answer = call(&router, "ratings", &[("end-user", "jason")]);
    assert_eq!((answer.outcome, answer.status), (Outcome::Fault, Some(500)));
    assert_eq!(why_not(&answer, "ratings"), [(1, Reason::EarlierRuleWon)]);
    let other = call(&router, "ratings", &[]);
    assert_eq!(told(&other), "rule 1: v1 100");
    assert_eq!(why_not(&other, "ratings"), [(0, Reason::HeaderMissing)]);
}

#[test]
fn a16_a_rule_for_everything_hides_the_next() {
    let abort = json!({"abort": {"httpStatus": 555, "percentage": {"value": 100}}});
    let rule = vs("details", vec![with(to("details", "v1"), abort), to("details", "v1")]);
    let answer = call(&router([vec![rules("details", &["v1"]), rule]]), "details", &[]);
    assert_eq!((answer.outcome, answer.status), (Outcome::Fault, Some(555)));
    assert_eq!(why_not(&answer, "details"), [(1, Reason::UnreachableAfterCatchAll)]);
}

#[rstest]
#[case::bare("reviews", Outcome::Passthrough)]
#[case::with_namespace("reviews.shop", Outcome::Routed)]
fn a19_from_another_namespace(#[case] host: &str, #[case] expected: Outcome) {
    let client = (SourceKind::Sidecar, "other", "stranger");
    assert_eq!(ask(&router([]), client, (host, 9080), "/", &[]).outcome, expected);
}

#[test]
fn a20_without_a_proxy_no_rule_counts() {
    let client = (SourceKind::None, "shop", "productpage-v1");
    let answer = ask(&router([all_rules(), all_v1()]), client, ("reviews", 9080), "/", &[]);
    assert_eq!(told(&answer), "default: reviews 100");
    assert!(why_not(&answer, "reviews").contains(&(0, Reason::ProxyNotInPath)), "{answer:?}");
}

/// Five paths of the product page, one rule each, so that a row can say which took it.
fn page() -> Vec<Value> {
    let paths = [
        ("exact", "/productpage"),
        ("prefix", "/static"),
        ("exact", "/login"),
        ("exact", "/logout"),
        ("prefix", "/api/v1/products"),
    ];
    let rule = |(how, path): (&str, &str)| {
        json!({"match": [{"uri": {how: path}}],
            "route": [{"destination": {"host": "productpage", "port": {"number": 9080}}}]})
    };
    vec![
        istio(
            "Gateway",
            "page",
            json!({"selector": {"istio": "ingressgateway"}, "servers":
            [{"port": {"number": 8080, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]}),
        ),
        istio(
            "VirtualService",
            "page",
            json!({"hosts": ["*"], "gateways": ["page"],
            "http": paths.map(rule)}),
        ),
    ]
}

#[rstest]
#[case::page("/productpage", Some(0))]
#[case::page_with_query("/productpage?u=test", Some(0))]
#[case::slash_behind("/productpage/", None)]
#[case::capitals("/PRODUCTPAGE", None)]
#[case::stylesheet("/static/tailwind/tailwind.css", Some(1))]
#[case::raw_prefix("/staticfoo", Some(1))]
#[case::login("/login", Some(2))]
#[case::logout("/logout", Some(3))]
#[case::reviews_of_a_product("/api/v1/products/0/reviews", Some(4))]
#[case::raw_prefix_of_products("/api/v1/productsX", Some(4))]
#[case::root("/", None)]
#[case::index("/index.html", None)]
#[case::dot_segments("/static/../productpage", Some(0))]
fn ingress(#[case] path: &str, #[case] expected: Option<usize>) {
    let router = router([all_rules(), all_v1(), page()]);
    let answer =
        ask(&router, (SourceKind::Gateway, "shop", "edge"), ("any.example", 80), path, &[]);
    assert_eq!(answer.rule.as_ref().and_then(|rule| rule.index), expected);
    if expected.is_some() {
        assert!(told(&answer).ends_with("productpage 100"), "{}", told(&answer));
    } else {
        assert_eq!((answer.outcome, answer.status), (Outcome::NotFound, Some(404)));
    }
    let others = (0..5).filter(|index| Some(*index) != expected);
    let paths: Vec<_> = others.map(|index| (index, Reason::Path)).collect();
    assert_eq!(why_not(&answer, "page"), paths);
    // The rules for `productpage` inside the mesh are not among this gateway's.
    let mesh = ask(
        &router,
        (SourceKind::Gateway, "shop", "edge"),
        ("productpage.shop.svc.cluster.local", 80),
        path,
        &[],
    );
    assert_eq!(why_not(&mesh, "productpage"), [(0, Reason::VsNotBoundToGateway)]);
}

/// The same five paths in the Gateway API, where a prefix is one of whole segments.
fn page_of_the_gateway_api() -> Vec<Value> {
    let paths = [
        ("Exact", "/productpage"),
        ("PathPrefix", "/static"),
        ("Exact", "/login"),
        ("Exact", "/logout"),
        ("PathPrefix", "/api/v1/products"),
    ];
    let rule = |(how, path): (&str, &str)| {
        json!({"matches": [{"path": {"type": how, "value": path}}],
            "backendRefs": [{"name": "productpage", "port": 9080}]})
    };
    let label = json!({"gateway.networking.k8s.io/gateway-name": "door"});
    vec![
        pod("door-istio", "shop", label.clone(), true),
        service("door-istio", 98, label, 80, 80),
        object(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            "door",
            json!({
            "gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80,
                "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}}]}),
        ),
        object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "page",
            json!({
            "parentRefs": [{"name": "door"}], "rules": paths.map(rule)}),
        ),
    ]
}

#[rstest]
#[case::page("/productpage", Some(0))]
#[case::page_with_query("/productpage?u=test", Some(0))]
#[case::slash_behind("/productpage/", None)]
#[case::capitals("/PRODUCTPAGE", None)]
#[case::stylesheet("/static/tailwind/tailwind.css", Some(1))]
#[case::whole_segments("/staticfoo", None)]
#[case::login("/login", Some(2))]
#[case::logout("/logout", Some(3))]
#[case::reviews_of_a_product("/api/v1/products/0/reviews", Some(4))]
#[case::whole_segments_of_products("/api/v1/productsX", None)]
#[case::root("/", None)]
#[case::index("/index.html", None)]
#[case::dot_segments("/static/../productpage", Some(0))]
fn ingress_of_the_gateway_api(#[case] path: &str, #[case] expected: Option<usize>) {
    let router = router([all_rules(), page_of_the_gateway_api()]);
    let door = (SourceKind::Gateway, "shop", "door-istio");
    let answer = ask(&router, door, ("any.example", 80), path, &[]);
    assert_eq!(answer.rule.as_ref().and_then(|rule| rule.index), expected);
    if expected.is_some() {
        assert!(told(&answer).ends_with("productpage 100"), "{}", told(&answer));
    } else {
        assert_eq!((answer.outcome, answer.status), (Outcome::NotFound, Some(404)));
    }
    let mut others = why_not(&answer, "page");
    others.sort();
    let paths: Vec<_> = (0..5).filter(|index| Some(*index) != expected).collect();
    assert_eq!(others, paths.iter().map(|index| (*index, Reason::Path)).collect::<Vec<_>>());
}

/// A route of the Gateway API for a service inside the mesh.
fn mesh_route(app: &str, parts: &[(&str, u32)], parent_port: Option<u16>) -> Value {
    let part = |(version, weight): &(&str, u32)| json!({"name": format!("{app}-{version}"), "port": 9080, "weight": weight});
    let mut parent = json!({"group": "", "kind": "Service", "name": app});
    if let Some(port) = parent_port {
        parent["port"] = port.into();
    }
    object(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        app,
        json!({"parentRefs": [parent],
        "rules": [{"backendRefs": parts.iter().map(part).collect::<Vec<_>>()}]}),
    )
}

/// A service for each version of each application.
fn versions() -> Vec<Value> {
    let all = APPS.iter().flat_map(|(app, versions)| versions.iter().map(move |v| (*app, *v)));
    let one = |(at, (app, version)): (u8, (&str, &str))| {
        let selector = json!({"app": app, "version": version});
        service(&format!("{app}-{version}"), at, selector, 9080, 9080)
    };
    (20..).zip(all).map(one).collect()
}

#[rstest]
#[case::all_v1_reviews("reviews", &[("v1", 1)], versions(), "rule 0: reviews-v1 100")]
#[case::all_v1_productpage("productpage", &[("v1", 1)], versions(), "rule 0: productpage-v1 100")]
#[case::all_v1_ratings("ratings", &[("v1", 1)], versions(), "rule 0: ratings-v1 100")]
#[case::all_v1_details("details", &[("v1", 1)], versions(), "rule 0: details-v1 100")]
#[case::reviews_v3("reviews", &[("v3", 1)], versions(), "rule 0: reviews-v3 100")]
#[case::reviews_90_10("reviews", &[("v1", 90), ("v2", 10)], versions(), "rule 0: reviews-v1 90, reviews-v2 10")]
#[case::reviews_50_v3("reviews", &[("v1", 50), ("v3", 50)], versions(), "rule 0: reviews-v1 50, reviews-v3 50")]
#[case::without_versions("reviews", &[("v1", 1)], vec![], "rule 0: reviews-v1 100 (500 NC)")]
#[case::without_one_version("reviews", &[("v1", 90), ("v9", 10)], versions(), "rule 0: reviews-v1 90, reviews-v9 10 (500 NC)")]
fn gateway_api(
    #[case] app: &str,
    #[case] parts: &[(&str, u32)],
    #[case] applied: Vec<Value>,
    #[case] expected: &str,
) {
    let answer = call(&router([applied, vec![mesh_route(app, parts, None)]]), app, &[]);
    assert_eq!(told(&answer), expected);
    assert_eq!(why_not(&answer, app), []);
}

#[test]
fn without_a_waypoint_a_route_has_no_effect() {
    let router = router([versions(), vec![mesh_route("reviews", &[("v1", 1)], None)]]);
    let client = (SourceKind::None, "shop", "productpage-v1");
    let answer = ask(&router, client, ("reviews", 9080), "/", &[]);
    assert_eq!(told(&answer), "default: reviews 100");
    assert_eq!(answer.destinations[0].pods.ready, 3);
    assert_eq!(why_not(&answer, "reviews"), [(0, Reason::ProxyNotInPath)]);
}

#[test]
fn a_parent_port_leaves_other_ports_alone() {
    let route = mesh_route("reviews", &[("v1", 1)], Some(9081));
    let answer = call(&router([versions(), vec![route]]), "reviews", &[]);
    assert_eq!(told(&answer), "default: reviews 100");
    assert_eq!(why_not(&answer, "reviews"), [(0, Reason::PortMismatch)]);
}

/// A manifest that the API server has not completed yet has no matches; it stands for the prefix
/// `/`, which goes before every regular expression.
#[test]
fn a_route_without_matches_takes_every_path_before_a_regex() {
    let mut route = mesh_route("reviews", &[("v1", 1)], None);
    let regex = json!({"matches": [{"path": {"type": "RegularExpression", "value": "/.*"}}],
        "backendRefs": [{"name": "reviews-v3", "port": 9080}]});
    route["spec"]["rules"].as_array_mut().unwrap().push(regex);
    let answer = call(&router([versions(), vec![route]]), "reviews", &[]);
    assert_eq!(told(&answer), "rule 0: reviews-v1 100");
    assert_eq!(why_not(&answer, "reviews"), [(1, Reason::UnreachableAfterCatchAll)]);
}

/// However many there are: an answer never says of a rule nothing at all.
#[test]
fn every_rule_for_another_host_is_listed() {
    let others = (0..200).map(|number| vs(&format!("other-{number}"), vec![to("reviews", "v1")]));
    let answer = call(&router([all_rules(), all_v1(), others.collect()]), "reviews", &[]);
    let elsewhere = answer.not_matched.iter().filter(|e| e.reason == Reason::HostMismatch);
    assert_eq!(elsewhere.count(), 200 + APPS.len() - 1);
}
