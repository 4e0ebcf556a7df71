//! The world at its start: what each scenario holds.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;

use super::*;

fn at() -> Timestamp {
    "2026-11-22T13:00:00Z".parse().unwrap()
}

fn objects(scenario: Scenario) -> Arc<Objects> {
    Arc::clone(&World::new(scenario, 1, at()).unwrap().objects().borrow())
}

#[test]
fn bookinfo_is_six_ready_pods_with_sidecars() {
    let objects = objects(Scenario::Bookinfo);
    let pods: Vec<_> = objects.pods.values().filter(|p| &*p.meta.namespace == "default").collect();
    let owners: BTreeSet<&str> = pods.iter().map(|p| p.meta.label("version").unwrap()).collect();
    assert_eq!((pods.len(), owners.len()), (6, 3));
    for pod in pods {
        assert!(pod.status.container_statuses.iter().all(|c| c.ready), "{}", pod.meta.name);
        assert_eq!(pod.spec.containers[1].name, "istio-proxy");
        assert!(pod.meta.annotation("sidecar.istio.io/status").is_some());
        assert!(!pod.status.pod_ip.is_empty() && !pod.spec.node_name.is_empty());
    }
}

#[test]
fn the_control_plane_is_there_and_not_injected() {
    let objects = objects(Scenario::Steady);
    let names: BTreeMap<&str, usize> = objects
        .pods
        .values()
        .filter(|p| &*p.meta.namespace == "istio-system")
        .map(|p| (p.meta.name.rsplitn(3, '-').last().unwrap(), p.spec.containers.len()))
        .collect();
    let expected = [
        "grafana",
        "istio-egressgateway",
        "istio-ingressgateway",
        "istiod",
        "jaeger",
        "kiali",
        "prometheus",
    ];
    assert_eq!(names, expected.into_iter().map(|name| (name, 1)).collect());
    let gateway = &objects.services[&crate::mesh::Key::new("istio-system", "istio-ingressgateway")];
    assert_eq!(gateway.status.load_balancer.ingress[0].ip, "47.88.21.82");
}

#[test]
fn slices_know_the_pods_of_their_service() {
    let objects = objects(Scenario::Bookinfo);
    let slice = objects
        .endpoint_slices
        .values()
        .find(|s| s.meta.label("kubernetes.io/service-name") == Some("reviews"))
        .unwrap();
    assert_eq!((slice.endpoints.len(), slice.ports[0].port), (3, 9080));
    assert!(slice.endpoints.iter().all(|e| e.conditions.ready == Some(true)));
}

#[test]
fn an_outage_has_a_crashing_pod() {
    let objects = objects(Scenario::Outage);
    let waiting: Vec<&str> = objects
        .pods
        .values()
        .flat_map(|p| &p.status.container_statuses)
        .filter_map(|c| c.state.waiting.as_ref().map(|w| w.reason.as_str()))
        .collect();
    assert_eq!(waiting, ["CrashLoopBackOff"]);
    assert!(objects.events.values().any(|e| e.reason == "BackOff"));
}

#[rstest]
#[case(1, 1)]
#[case(120, 3)]
fn large_makes_as_many_services_as_asked(#[case] services: u16, #[case] namespaces: usize) {
    let objects = objects(Scenario::Large { services });
    let more = objects.services.keys().filter(|key| key.namespace.starts_with("team-")).count();
    let teams: BTreeSet<_> =
        objects.namespaces.keys().filter(|k| k.name.starts_with("team-")).collect();
    assert_eq!((more, teams.len()), (usize::from(services), namespaces));
    assert_eq!(objects.pods.len(), 6 + 7 + usize::from(services) * 2);
}

#[test]
fn the_same_seed_and_start_give_the_same_world() {
    let (one, two) = (objects(Scenario::Bookinfo), objects(Scenario::Bookinfo));
    assert_eq!(one, two);
    let other = World::new(Scenario::Bookinfo, 2, at()).unwrap();
    assert_ne!(
        one.pods.keys().collect::<Vec<_>>(),
        other.objects().borrow().pods.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_broken_mesh_keeps_bookinfo_whole() {
    let objects = objects(Scenario::Broken);
    let in_shop = |namespace: &str| namespace == "shop";
    let services = objects.virtual_services.keys().filter(|k| in_shop(&k.namespace)).count();
    let rules = objects.destination_rules.keys().filter(|k| in_shop(&k.namespace)).count();
    let gateways = objects.gateways.keys().filter(|k| in_shop(&k.namespace)).count();
    assert_eq!((services, rules, gateways, objects.sidecars.len()), (5, 3, 2, 2));
    let whole = self::objects(Scenario::Bookinfo);
    let bookinfo = whole.virtual_services.iter().filter(|(k, _)| &*k.namespace == "default");
    for (key, expected) in bookinfo {
        assert_eq!(objects.virtual_services[key].spec, expected.spec, "{key}");
    }
}
