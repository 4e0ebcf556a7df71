use serde_json::json;

use super::*;
use crate::mesh::object::RawObject;
use crate::mesh::telemetry::Part;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn listed(kind: Kind, namespace: &str, name: &str) -> View {
    let mut objects = Objects::default();
    let meta = json!({"metadata": {"namespace": namespace, "name": name}});
    objects.insert(RawObject::with_kind(kind, meta));
    View { objects, state: KindState::Listed, extra: false }
}

fn slot(kind: Kind, namespace: Option<&str>) -> Slot {
    Slot { kind, namespace: namespace.map(Into::into) }
}

fn forbidden(extra: bool) -> View {
    let trouble = Trouble::new("list pods", "403", "");
    View { state: KindState::Forbidden(trouble), extra, ..View::default() }
}

#[test]
fn tables_that_did_not_change_are_shared() {
    let mut picture = Picture::default();
    picture.set(slot(Kind::Pod, None), Some(listed(Kind::Pod, "a", "p")), at(1));
    picture.set(slot(Kind::Service, None), Some(listed(Kind::Service, "a", "s")), at(1));
    let first = picture.snapshot(at(1));
    picture.set(slot(Kind::Service, None), Some(listed(Kind::Service, "a", "t")), at(2));
    let second = picture.snapshot(at(2));
    assert!(Arc::ptr_eq(&first.objects.pods, &second.objects.pods));
    assert!(!Arc::ptr_eq(&first.objects.services, &second.objects.services));
    assert_eq!((first.generation, second.generation), (1, 2));
    assert_eq!(second.kubernetes.last_data, Some(at(2)));
}

#[test]
fn namespaces_join_and_what_is_asked_along_may_fail() {
    let mut picture = Picture::default();
    picture.set(slot(Kind::Pod, Some("a")), Some(listed(Kind::Pod, "a", "p")), at(1));
    picture.set(slot(Kind::Pod, Some("b")), Some(listed(Kind::Pod, "b", "q")), at(1));
    picture.set(slot(Kind::Pod, Some("istio-system")), Some(forbidden(true)), at(1));
    let snapshot = picture.snapshot(at(1));
    assert_eq!(snapshot.objects.pods.len(), 2);
    assert_eq!(snapshot.kubernetes.state, SourceState::Ok);
    picture.set(slot(Kind::Pod, Some("b")), Some(forbidden(false)), at(5));
    let snapshot = picture.snapshot(at(5));
    assert_eq!(snapshot.objects.pods.len(), 1);
    assert!(matches!(snapshot.kinds[&Kind::Pod], KindState::Forbidden(_)));
    assert_eq!(snapshot.kubernetes.since, Some(at(5)));
    picture.set(slot(Kind::Node, None), Some(forbidden(false)), at(6));
    let trouble = picture.snapshot(at(6)).kubernetes.trouble.unwrap();
    assert_eq!(trouble.what, "list nodes; pods in namespace \"b\"");
}

#[test]
fn an_unreachable_server_keeps_its_data_and_says_since_when() {
    let mut picture = Picture::default();
    picture.set(slot(Kind::Pod, None), Some(listed(Kind::Pod, "a", "p")), at(1));
    for second in [3, 4] {
        picture.set_reachable(Err(Trouble::new("ask", "refused", "")), at(second));
    }
    let snapshot = picture.snapshot(at(9));
    assert_eq!(snapshot.kubernetes.state, SourceState::Unavailable);
    assert_eq!(snapshot.kubernetes.last_data, Some(at(1)));
    assert_eq!(snapshot.objects.pods.len(), 1);
    let again = picture.snapshot(at(12));
    assert_eq!(again.kubernetes.since, Some(at(9)));
    picture.set_reachable(Ok(Some("v1.36.2".into())), at(20));
    let snapshot = picture.snapshot(at(20));
    assert_eq!((snapshot.kubernetes.state, snapshot.kubernetes.since), (SourceState::Ok, None));
}

#[test]
fn rates_and_quantiles_join_and_a_failure_keeps_the_last_answer() {
    let mut picture = Picture::default();
    let rows = |rate| {
        Part::Rows(Arc::new(vec![crate::mesh::telemetry::RateRow { rate, ..Default::default() }]))
    };
    let rates = Telemetry { requests: rows(1.0), ..Telemetry::default() };
    let slow = Telemetry { latency: Part::Rows(Arc::default()), ..Telemetry::default() };
    picture.set_telemetry(rates, false, "http://p", at(1));
    picture.set_telemetry(slow, true, "http://p", at(2));
    let failed = Telemetry {
        requests: Part::Failed(Trouble::new("ask", "refused", "")),
        ..Telemetry::default()
    };
    picture.set_telemetry(failed, false, "http://p", at(7));
    let snapshot = picture.snapshot(at(7));
    let telemetry = snapshot.telemetry.unwrap();
    assert_eq!(telemetry.requests, rows(1.0));
    assert!(matches!(telemetry.latency, Part::Rows(_)));
    assert_eq!(snapshot.prometheus.state, SourceState::Unavailable);
    assert_eq!(snapshot.prometheus.last_data, Some(at(2)));
}

#[test]
fn an_answer_at_one_pace_leaves_the_trouble_and_the_warnings_of_the_other() {
    let mut picture = Picture::default();
    let rates = || Telemetry {
        requests: Part::Rows(Arc::default()),
        warnings: vec!["a store is away".into()],
        ..Telemetry::default()
    };
    let slow = Telemetry {
        latency: Part::Failed(Trouble::new("ask (latency)", "no answer within 10 s", "")),
        latency_sum: Part::Rows(Arc::default()),
        warnings: vec!["a store is away".into(), "too many buckets".into()],
        ..Telemetry::default()
    };
    picture.set_telemetry(rates(), false, "http://p", at(1));
    picture.set_telemetry(slow, true, "http://p", at(2));
    picture.set_telemetry(rates(), false, "http://p", at(6));
    let snapshot = picture.snapshot(at(6));
    assert_eq!(snapshot.prometheus.state, SourceState::Partial);
    assert_eq!(snapshot.prometheus.trouble.unwrap().what, "ask (latency)");
    assert_eq!(snapshot.prometheus.since, Some(at(2)));
    assert_eq!(snapshot.telemetry.unwrap().warnings, ["a store is away", "too many buckets"]);
    // Where nobody wants latency, that it failed is nobody's trouble.
    picture.forget_slow_trouble();
    picture.set_telemetry(rates(), false, "http://p", at(7));
    assert_eq!(picture.snapshot(at(7)).prometheus.state, SourceState::Ok);
}
