use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn service(kind: &str, ports: &Value, status: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
           "metadata": {"namespace": "istio-system", "name": "istio-ingressgateway"},
           "spec": {"type": kind, "clusterIP": "10.0.0.9",
                    "selector": {"istio": "ingressgateway"}, "ports": ports},
           "status": status})
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
           "metadata": {"namespace": "istio-system", "name": "gw",
                        "labels": {"istio": "ingressgateway", "app": "istio-ingressgateway"}},
           "spec": {"nodeName": "one", "containers": [{"name": "istio-proxy",
                    "ports": [{"name": "http2", "containerPort": 8080}]}]}})
}

fn node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"},
           "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.1"}]}})
}

fn gateway(port: u32) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway",
           "metadata": {"namespace": "default", "name": "bookinfo-gateway"},
           "spec": {"selector": {"istio": "ingressgateway"},
                    "servers": [{"port": {"number": port, "protocol": "HTTP", "name": "http"},
                                 "hosts": ["*"]}]}})
}

fn virtual_service() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
           "metadata": {"namespace": "default", "name": "bookinfo"},
           "spec": {"hosts": ["*"], "gateways": ["bookinfo-gateway"], "http": [
               {"match": [{"uri": {"exact": "/productpage"}}, {"uri": {"prefix": "/static"}},
                          {"uri": {"regex": "/api/.*"}}],
                "route": [{"destination": {"host": "productpage", "port": {"number": 9080}}}]}]}})
}

fn ports() -> Value {
    json!([{"name": "status", "port": 15021, "nodePort": 30021},
           {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 31380}])
}

fn scope() -> Scope {
    Scope::Namespaces(vec!["default".into()])
}

fn one(values: Vec<Value>) -> GatewayView {
    views(&Objects::from_values(values), &scope()).pop().unwrap()
}

/// The server's number may be the service's port or the pod's; a named target port is resolved.
#[rstest]
#[case::service_port(80, ports())]
#[case::pod_port(8080, ports())]
#[case::named_target(8080, json!([{"port": 80, "targetPort": "http2", "nodePort": 31380}]))]
fn load_balancer(#[case] server: u32, #[case] ports: Value) {
    let status = json!({"loadBalancer": {"ingress": [{"ip": "47.88.21.82"}]}});
    let view = one(vec![
        pod(),
        service("LoadBalancer", &ports, &status),
        gateway(server),
        virtual_service(),
    ]);
    assert_eq!(view.gateway_url.as_deref(), Some("47.88.21.82:80"));
    assert_eq!(view.reachable_by, ReachableBy::LoadBalancer);
    assert_eq!(urls(&view), ["http://47.88.21.82:80/productpage", "http://47.88.21.82:80/static"]);
    assert_eq!(view.routes[2].path_match, PathMatch::Regex);
    assert_eq!(view.routes[0].destination, "productpage:9080");
}

#[rstest]
#[case::hostname(json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}), Some("lb.example.com:80"), ReachableBy::LoadBalancer)]
#[case::pending(json!({"loadBalancer": {}}), Some("10.1.0.1:31380"), ReachableBy::NodePort)]
fn other_addresses(#[case] status: Value, #[case] expected: Option<&str>, #[case] by: ReachableBy) {
    let view = one(vec![
        pod(),
        node(),
        service("LoadBalancer", &ports(), &status),
        gateway(8080),
        virtual_service(),
    ]);
    assert_eq!((view.gateway_url.as_deref(), view.reachable_by), (expected, by));
}

#[test]
fn cluster_ip_offers_a_port_forward_and_no_pod_says_so() {
    let view = one(vec![pod(), service("ClusterIP", &ports(), &json!({})), gateway(8080)]);
    assert_eq!(view.reachable_by, ReachableBy::PortForward);
    assert!(view.note.contains("kubectl port-forward -n istio-system svc/istio-ingressgateway"));
    let lonely = one(vec![gateway(8080), virtual_service()]);
    assert_eq!((lonely.reachable_by, lonely.routes[0].url.clone()), (ReachableBy::None, None));
    assert!(lonely.note.contains("istio=ingressgateway"));
}

#[test]
fn hosts_of_server_and_virtual_service_meet() {
    let mut gateway = gateway(8080);
    gateway["spec"]["servers"][0]["hosts"] = json!(["default/*.shop.com", "other/*"]);
    let mut virtual_service = virtual_service();
    virtual_service["spec"]["hosts"] = json!(["www.shop.com", "www.bank.com"]);
    let status = json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}});
    let view =
        one(vec![pod(), service("LoadBalancer", &ports(), &status), gateway, virtual_service]);
    assert_eq!(urls(&view)[0], "http://www.shop.com:80/productpage");
    assert!(view.routes.iter().all(|route| route.host == "www.shop.com"));
}

#[test]
fn gateway_api_by_status_and_by_service() {
    let gateway = |status: Value| {
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
               "metadata": {"namespace": "default", "name": "web"},
               "spec": {"gatewayClassName": "istio",
                        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
               "status": status})
    };
    let route = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"namespace": "default", "name": "shop"},
        "spec": {"parentRefs": [{"name": "web"}], "rules": [
            {"matches": [{"path": {"type": "Exact", "value": "/cart"}}],
             "backendRefs": [{"name": "cart", "port": 80, "weight": 9},
                             {"name": "cart-next", "port": 80, "weight": 1}]}]}});
    let view = one(vec![gateway(json!({"addresses": [{"value": "9.9.9.9"}]})), route.clone()]);
    assert_eq!(urls(&view), ["http://9.9.9.9:80/cart"]);
    assert_eq!(view.routes[0].destination, "cart:80 90%, cart-next:80 10%");

    let inside = json!({"addresses": [{"type": "Hostname",
                                       "value": "web-istio.default.svc.cluster.local"}]});
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"namespace": "default", "name": "web-istio"},
        "spec": {"type": "ClusterIP", "ports": [{"port": 80}]}});
    let view = one(vec![gateway(inside), route, service]);
    assert_eq!(view.reachable_by, ReachableBy::PortForward);
}
