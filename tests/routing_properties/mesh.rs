//! Meshes and requests made at random: VirtualServices on the mesh and on a gateway, delegates,
//! HTTPRoutes and GRPCRoutes on both, DestinationRules, Sidecars and ServiceEntries around a few
//! services that are always there.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use vigla::mesh::Objects;
use vigla::mesh::config::MeshConfig;
use vigla::mesh::object::RawObject;
use vigla::mesh::routing::{
    Actions, Answer, Destination, Outcome, Redirect, Request, RequestProtocol, Router, Source,
    SourceKind,
};

use super::draw::Draw;

pub const DOMAIN: &str = "svc.cluster.local";
pub const PATHS: [&str; 8] = ["/", "/x", "/x/", "/xy", "/x/y", "/z", "/shop.Cart/Get", "/x/../z"];
const REGEXES: [&str; 5] = ["/x.*", ".*", "/[xz]", "/x|/z", "/.*"];
const USERS: [&str; 4] = ["jason", "bob", "jason,bob", ""];

pub fn object(
    api: &str,
    kind: &str,
    namespace: &str,
    name: &str,
    age: usize,
    spec: Value,
) -> Value {
    json!({"apiVersion": api, "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": namespace,
            "creationTimestamp": format!("2026-01-01T00:00:{age:02}Z")}})
}

pub fn istio(kind: &str, namespace: &str, name: &str, age: usize, spec: Value) -> Value {
    object("networking.istio.io/v1", kind, namespace, name, age, spec)
}

pub fn gateway_api(kind: &str, namespace: &str, name: &str, age: usize, spec: Value) -> Value {
    object("gateway.networking.k8s.io/v1", kind, namespace, name, age, spec)
}

fn pod(namespace: &str, name: &str, labels: Value, app: bool) -> Value {
    let proxy = json!({"name": "istio-proxy"});
    let containers = if app { vec![json!({"name": "app"}), proxy] } else { vec![proxy] };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": containers},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
}

fn service(namespace: &str, name: &str, at: usize, selector: Value, ports: Value) -> Value {
    object(
        "v1",
        "Service",
        namespace,
        name,
        0,
        json!({"clusterIP": format!("10.0.0.{at}"), "selector": selector, "ports": ports}),
    )
}

/// Two services of two versions with a service for each version too, one in another namespace,
/// clients in both, and a gateway pod of either kind.
pub fn base() -> Vec<Value> {
    let http = json!([{"name": "http", "port": 80}, {"name": "http-more", "port": 81}]);
    let front = json!([{"name": "http", "port": 80, "targetPort": 8080}]);
    let edge = json!({"istio": "ingressgateway"});
    let door = json!({"gateway.networking.k8s.io/gateway-name": "door"});
    let mut out = vec![
        pod("shop", "client", json!({"app": "client"}), true),
        pod("shop", "other", json!({"app": "other"}), true),
        pod("far", "client", json!({"app": "client"}), true),
        pod("shop", "edge", edge.clone(), false),
        pod("shop", "door-istio", door.clone(), false),
        service("shop", "edge", 90, edge, front),
        service("shop", "door-istio", 91, door, json!([{"name": "http", "port": 80}])),
        pod("far", "c-v1", json!({"app": "c", "version": "v1"}), true),
        service("far", "c", 92, json!({"app": "c"}), http.clone()),
        gateway_api(
            "Gateway",
            "shop",
            "door",
            0,
            json!({"gatewayClassName": "istio", "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP",
                "allowedRoutes": {"namespaces": {"from": "All"}}}]}),
        ),
    ];
    for (at, app) in (1..).zip(["a", "b"]) {
        out.push(service("shop", app, at, json!({"app": app}), http.clone()));
        for (more, version) in (1..).zip(["v1", "v2"]) {
            let labels = json!({"app": app, "version": version});
            let name = format!("{app}-{version}");
            out.push(pod("shop", &name, labels.clone(), true));
            out.push(service("shop", &name, 10 * at + more, labels, http.clone()));
        }
    }
    out
}

static BASE: LazyLock<Objects> = LazyLock::new(|| Objects::from_values(base()));

/// Objects beside those that are always there.
#[derive(Debug, Clone, Default)]
pub struct Mesh {
    pub objects: Vec<Value>,
    /// Only known services may be called.
    pub closed: bool,
}

impl Mesh {
    pub fn draw(draw: &mut Draw<'_>) -> Self {
        let mut objects = vec![front(draw)];
        let delegates = ["d0", "d1"].map(|name| draw.chance(9).then(|| delegate(draw, name)));
        let names: Vec<(String, String)> =
            delegates.iter().flatten().map(|d| (text(d, "namespace"), text(d, "name"))).collect();
        objects.extend(delegates.into_iter().flatten());
        let count = 1 + draw.below(3);
        objects.extend((0..count).map(|at| virtual_service(draw, &format!("vs-{at}"), &names)));
        let count = draw.below(3);
        objects.extend((0..count).map(|at| route(draw, &format!("route-{at}"), "HTTPRoute")));
        if draw.chance(4) {
            objects.push(route(draw, "grpc", "GRPCRoute"));
        }
        objects.extend(surroundings(draw));
        Self { objects, closed: draw.chance(4) }
    }

    pub fn router(&self) -> Router {
        Router::new(&self.over(BASE.clone()))
    }

    /// Put into objects that are there already.
    pub fn over(&self, mut objects: Objects) -> Objects {
        for value in &self.objects {
            objects.insert(RawObject::from_value(value.clone()).unwrap());
        }
        if self.closed {
            let config = json!({"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}});
            objects.mesh_config = Arc::new(MeshConfig::from_value(config).unwrap());
        }
        objects
    }

    pub fn ask(&self, request: &Request) -> Answer {
        self.router().answer(request)
    }

    /// The same with every object of a kind changed.
    #[must_use]
    pub fn changed(&self, kind: &str, change: impl FnMut(&mut Value)) -> Self {
        let mut out = self.clone();
        out.objects.iter_mut().filter(|object| object["kind"] == kind).for_each(change);
        out
    }

    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Value>) -> Self {
        let mut out = self.clone();
        out.objects.extend(more);
        out
    }

    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }
}

/// A field of the metadata.
pub fn text(object: &Value, field: &str) -> String {
    object["metadata"][field].as_str().unwrap().to_owned()
}

/// The rules of a VirtualService (`http`) or a route (`rules`), one after the other.
pub fn each_rule(object: &mut Value, change: impl FnMut(&mut Value)) {
    let spec = &mut object["spec"];
    let field = if spec.get("http").is_some() { "http" } else { "rules" };
    spec[field].as_array_mut().into_iter().flatten().for_each(change);
}

fn front(draw: &mut Draw<'_>) -> Value {
    let hosts =
        [json!(["*"]), json!(["*.example", "far/*"]), json!(["shop/*"]), json!(["./shop.example"])];
    let mut servers = Vec::new();
    for number in [80, 8080] {
        if number == 80 || draw.chance(4) {
            let mut server = json!({"hosts": draw.pick(&hosts),
                "port": {"number": number, "name": format!("http-{number}"), "protocol": "HTTP"}});
            if draw.chance(1) {
                server["tls"] = json!({"httpsRedirect": true});
            }
            servers.push(server);
        }
    }
    let spec = json!({"selector": {"istio": "ingressgateway"}, "servers": servers});
    istio("Gateway", "shop", "front", 0, spec)
}

/// A condition on a text.
pub fn condition(draw: &mut Draw<'_>) -> Value {
    match draw.below(5) {
        0 | 1 => json!({"exact": draw.pick(&USERS[..3])}),
        2 => json!({"prefix": "jas"}),
        3 => json!({"regex": draw.pick(&["j.*", "bob|", ".*"])}),
        _ => json!({}),
    }
}

/// One block of `match`. Most hold one or two conditions.
pub fn block(draw: &mut Draw<'_>) -> Value {
    let mut out = json!({});
    if draw.chance(11) {
        out["uri"] = match draw.below(6) {
            0 | 1 => json!({"prefix": draw.pick(&PATHS)}),
            2..=4 => json!({"exact": draw.pick(&PATHS)}),
            _ => json!({"regex": draw.pick(&REGEXES)}),
        };
    }
    if draw.chance(4) {
        out["headers"] = json!({"user": condition(draw)});
    }
    if draw.chance(2) {
        out["withoutHeaders"] = json!({"user": condition(draw)});
    }
    if draw.chance(2) {
        out["method"] = json!({"exact": draw.pick(&["GET", "POST"])});
    }
    if draw.chance(1) {
        out["queryParams"] = json!({"q": draw.pick(&[json!({"exact": "1"}), json!({})])});
    }
    if draw.chance(1) {
        out["port"] = draw.pick(&[80, 81]).into();
    }
    if draw.chance(1) {
        out["sourceLabels"] = json!({"app": draw.pick(&["client", "other"])});
    }
    if draw.chance(1) {
        out["sourceNamespace"] = draw.pick(&["shop", "far"]).into();
    }
    if draw.chance(1) {
        out["gateways"] = json!([draw.pick(&["mesh", "shop/front"])]);
    }
    if out == json!({}) {
        out["uri"] = json!({"prefix": "/"});
    }
    out
}

fn destination(draw: &mut Draw<'_>) -> Value {
    let host = draw.pick(&[
        "a",
        "b",
        "a-v1",
        "a.shop.svc.cluster.local",
        "c.far.svc.cluster.local",
        "nobody",
    ]);
    let mut out = json!({"host": host});
    if draw.chance(6) {
        out["subset"] = draw.pick(&["v1", "v2", "v9"]).into();
    }
    if draw.chance(2) {
        out["port"] = json!({"number": draw.pick(&[80, 81, 99])});
    }
    out
}

/// Weights that do not add up to nothing.
fn weights(draw: &mut Draw<'_>, count: usize) -> Vec<usize> {
    let mut out: Vec<usize> = (0..count).map(|_| draw.below(4)).collect();
    if out.iter().all(|weight| *weight == 0) {
        out.iter_mut().for_each(|weight| *weight = 1);
    }
    out
}

/// What a rule of `http` does.
fn action(draw: &mut Draw<'_>) -> Value {
    match draw.below(16) {
        14 => return json!({"redirect": {"uri": "/new"}}),
        15 => return json!({"directResponse": {"status": 418}}),
        _ => {}
    }
    let places = draw.several(1, 3, destination);
    let weights = weights(draw, places.len());
    let single = places.len() == 1;
    let parts = places.into_iter().zip(weights).map(|(place, weight)| {
        if single {
            json!({"destination": place})
        } else {
            json!({"destination": place, "weight": weight})
        }
    });
    let mut rule = json!({"route": parts.collect::<Vec<_>>()});
    match draw.below(16) {
        11 => rule["timeout"] = "3s".into(),
        12 => rule["rewrite"] = json!({"uri": "/w"}),
        13 => rule["mirror"] = json!({"host": draw.pick(&["a", "b"])}),
        14 => {
            let percent = draw.pick(&[100, 50]);
            rule["fault"] = json!({"abort": {"httpStatus": 503, "percentage": {"value": percent}}});
        }
        15 => rule["headers"] = json!({"request": {"set": {"x-seen": "1"}}}),
        _ => {}
    }
    rule
}

fn rule(draw: &mut Draw<'_>, delegates: &[(String, String)]) -> Value {
    let mut rule = if !delegates.is_empty() && draw.chance(7) {
        let (namespace, name) = draw.pick(delegates);
        let mut rule = json!({"delegate": {"namespace": namespace, "name": name}});
        if draw.chance(3) {
            rule["timeout"] = "5s".into();
        }
        if draw.chance(2) {
            rule["mirror"] = json!({"host": "b"});
        }
        rule
    } else {
        action(draw)
    };
    let blocks = draw.several(0, 2, block);
    if !blocks.is_empty() {
        rule["match"] = blocks.into();
    }
    rule
}

fn export(draw: &mut Draw<'_>) -> Value {
    draw.pick(&[json!([]), json!(["*"]), json!(["."]), json!(["far"]), json!(["shop", "far"])])
}

fn delegate(draw: &mut Draw<'_>, name: &str) -> Value {
    let namespace = draw.pick(&["shop", "far"]);
    let spec =
        json!({"exportTo": export(draw), "http": draw.several(1, 3, |draw| rule(draw, &[]))});
    istio("VirtualService", namespace, name, draw.below(4), spec)
}

fn virtual_service(draw: &mut Draw<'_>, name: &str, delegates: &[(String, String)]) -> Value {
    let namespace = draw.pick(&["shop", "shop", "shop", "far"]);
    let on_gateway = draw.chance(7);
    let host = if on_gateway {
        draw.pick(&["shop.example", "*.example", "*", "a", "b"])
    } else {
        draw.pick(&[
            "a",
            "a",
            "b",
            "a.shop.svc.cluster.local",
            "*.shop.svc.cluster.local",
            "shop.example",
            "*.example",
        ])
    };
    let mut spec = json!({"hosts": [host], "exportTo": export(draw),
        "http": draw.several(1, 4, |draw| rule(draw, delegates))});
    if on_gateway {
        let both = draw.chance(4) && host != "*";
        spec["gateways"] = if both { json!(["shop/front", "mesh"]) } else { json!(["shop/front"]) };
    }
    istio("VirtualService", namespace, name, draw.below(4), spec)
}

/// Conditions of a route on the path, in the Gateway API's words.
fn route_match(draw: &mut Draw<'_>) -> Value {
    let mut out = json!({});
    if draw.chance(12) {
        out["path"] = match draw.below(4) {
            0 | 1 => json!({"type": "PathPrefix", "value": draw.pick(&PATHS)}),
            2 => json!({"type": "Exact", "value": draw.pick(&PATHS)}),
            _ => json!({"type": "RegularExpression", "value": draw.pick(&REGEXES)}),
        };
    }
    if draw.chance(4) {
        out["headers"] = json!([draw.pick(&[
            json!({"type": "Exact", "name": "user", "value": "jason"}),
            json!({"type": "RegularExpression", "name": "user", "value": "j.*"}),
        ])]);
    }
    if draw.chance(3) {
        out["method"] = draw.pick(&["GET", "POST"]).into();
    }
    if draw.chance(1) {
        out["queryParams"] = json!([{"type": "Exact", "name": "q", "value": "1"}]);
    }
    out
}

fn grpc_match(draw: &mut Draw<'_>) -> Value {
    draw.pick(&[
        json!({}),
        json!({"method": {"type": "Exact", "service": "shop.Cart", "method": "Get"}}),
        json!({"method": {"type": "Exact", "service": "shop.Cart"}}),
        json!({"headers": [{"type": "Exact", "name": "user", "value": "bob"}]}),
    ])
}

/// Backends that exist when `sound`.
pub fn backends(draw: &mut Draw<'_>, sound: bool) -> Vec<Value> {
    let names =
        if sound { &["a", "b", "a-v1", "a-v2"][..] } else { &["a", "b", "a-v1", "a-v2", "nobody"] };
    let mut out = draw.several(usize::from(sound), 3, |draw| {
        let name = draw.pick(names);
        json!({"name": name, "namespace": "shop", "port": draw.pick(&[80, 80, 81]),
            "weight": draw.below(4)})
    });
    if sound && out.iter().all(|backend| backend["weight"] == 0) {
        out.iter_mut().for_each(|backend| backend["weight"] = 1.into());
    }
    out
}

/// One rule of a route; one that can be said as a VirtualService too when `sound`.
pub fn route_rule(draw: &mut Draw<'_>, kind: &str, sound: bool) -> Value {
    let make = if kind == "HTTPRoute" { route_match } else { grpc_match };
    let mut rule = json!({"matches": draw.several(0, 3, make)});
    if draw.chance(1) && kind == "HTTPRoute" {
        rule["filters"] = json!([{"type": "RequestRedirect", "requestRedirect":
            {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}, "statusCode": 301}}]);
        return rule;
    }
    rule["backendRefs"] = backends(draw, sound).into();
    if draw.chance(2) && kind == "HTTPRoute" {
        rule["timeouts"] = json!({"request": "3s"});
    }
    rule
}

fn route(draw: &mut Draw<'_>, name: &str, kind: &str) -> Value {
    let namespace = draw.pick(&["shop", "shop", "far"]);
    let parent = draw.pick(&[
        json!({"group": "", "kind": "Service", "name": "a", "namespace": "shop"}),
        json!({"group": "", "kind": "Service", "name": "a", "namespace": "shop", "port": 80}),
        json!({"name": "door", "namespace": "shop"}),
        json!({"name": "door", "namespace": "shop", "sectionName": "http"}),
    ]);
    let mut spec = json!({"rules": draw.several(1, 3, |draw| route_rule(draw, kind, false))});
    if parent["name"] == "door" {
        spec["hostnames"] = draw.pick(&[json!([]), json!(["shop.example"]), json!(["*.example"])]);
    }
    spec["parentRefs"] = json!([parent]);
    gateway_api(kind, namespace, name, draw.below(4), spec)
}

/// DestinationRules, a Sidecar, a ServiceEntry: what stands around the rules.
pub fn surroundings(draw: &mut Draw<'_>) -> Vec<Value> {
    let subsets = json!([{"name": "v1", "labels": {"version": "v1"}},
        {"name": "v2", "labels": {"version": "v2"}}]);
    let mut out = Vec::new();
    for host in ["a", "b"] {
        if draw.chance(11) {
            let spec = json!({"host": host, "exportTo": export(draw), "subsets": subsets});
            out.push(istio("DestinationRule", "shop", host, draw.below(4), spec));
        }
    }
    if draw.chance(2) {
        let spec = json!({"host": "*.shop.svc.cluster.local", "subsets": subsets});
        out.push(istio("DestinationRule", "far", "wide", draw.below(4), spec));
    }
    if draw.chance(4) {
        let hosts = [
            json!(["./*"]),
            json!(["./*", "far/*"]),
            json!(["*/b.shop.svc.cluster.local"]),
            json!(["~/*"]),
        ];
        let mut spec = json!({"egress": [{"hosts": draw.pick(&hosts)}]});
        if draw.chance(8) {
            spec["outboundTrafficPolicy"] = json!({"mode": "REGISTRY_ONLY"});
        }
        out.push(istio("Sidecar", "shop", "default", 0, spec));
    }
    if draw.chance(3) {
        let spec = json!({"hosts": ["shop.example"], "resolution": "STATIC",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            "endpoints": [{"address": "192.0.2.1"}]});
        out.push(istio("ServiceEntry", "far", "entry", draw.below(4), spec));
    }
    out
}

pub fn source(kind: SourceKind, namespace: &str, name: &str) -> Source {
    Source { kind, namespace: namespace.into(), name: name.into() }
}

pub fn client() -> Source {
    source(SourceKind::Sidecar, "shop", "client")
}

/// A request to anything from anywhere.
pub fn request(draw: &mut Draw<'_>) -> Request {
    let sidecar = SourceKind::Sidecar;
    let from = match draw.below(16) {
        0..=6 => client(),
        7 => source(sidecar, "shop", "other"),
        8 | 9 => source(sidecar, "far", "client"),
        10 => source(SourceKind::None, "shop", "client"),
        11..=13 => source(SourceKind::Gateway, "shop", "edge"),
        _ => source(SourceKind::Gateway, "shop", "door-istio"),
    };
    let host = if from.kind == SourceKind::Gateway {
        draw.pick(&["shop.example", "other.example", "any.test", "a.shop.svc.cluster.local"])
    } else {
        draw.pick(&[
            "a",
            "a",
            "a.shop",
            "b.shop.svc.cluster.local",
            "a.shop.svc.cluster.local",
            "a:80",
            "shop.example",
            "unknown.test",
        ])
    };
    to(draw, from, host)
}

/// A request to this host.
pub fn to(draw: &mut Draw<'_>, from: Source, host: &str) -> Request {
    let mut path = draw.pick(&PATHS).to_owned();
    match draw.below(16) {
        13 | 14 => path.push_str("?q=1"),
        15 => path.push_str("#part"),
        _ => {}
    }
    let users = draw.several(0, 2, |draw| draw.pick(&USERS));
    Request {
        port: if from.kind != SourceKind::Gateway && draw.chance(2) { 81 } else { 80 },
        from,
        host: host.to_owned(),
        method: draw.pick(&["GET", "POST"]).to_owned(),
        path,
        headers: users.into_iter().map(|user| ("user".to_owned(), user.to_owned())).collect(),
        protocol: if draw.chance(2) { RequestProtocol::Grpc } else { RequestProtocol::Http },
        ..Request::default()
    }
}

/// What becomes of a request, without which rule did it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    outcome: Outcome,
    status: Option<u16>,
    destinations: Vec<Destination>,
    redirect: Option<Redirect>,
    actions: Actions,
}

pub fn told(answer: &Answer) -> Told {
    Told {
        outcome: answer.outcome,
        status: answer.status,
        destinations: answer.destinations.clone(),
        redirect: answer.redirect.clone(),
        actions: answer.actions.clone(),
    }
}

/// Host, port, subset and share.
pub type Place = (String, Option<u16>, Option<String>, String);

/// Outcome, and where requests go with which share.
pub fn shares(answer: &Answer) -> (Outcome, Option<u16>, Vec<Place>) {
    let mut out: Vec<Place> = answer
        .destinations
        .iter()
        .filter(|d| d.percent > 0.0)
        .map(|d| {
            let subset = d.subset.as_deref().map(str::to_owned);
            (d.host.to_string(), d.port, subset, format!("{:.6}", d.percent))
        })
        .collect();
    out.sort();
    (answer.outcome, answer.status, out)
}
