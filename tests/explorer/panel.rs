//! The details beside the graph, walking along calls, and the objects behind both.

use std::sync::Arc;

use rstest::rstest;
use vigla::app::drawing::{Panel, Subject};
use vigla::app::message::Target;
use vigla::app::screen::{Place, Screen, TextKind};
use vigla::app::{Effect, Msg};
use vigla::layout::scene::{LabelMode, Orientation};
use vigla::mesh::telemetry::{Part, RateRow, Reporter};
use vigla::mesh::{Kind, MeshSnapshot};

use crate::bookinfo;
use crate::harness::Explorer;

fn graph(size: (u16, u16)) -> Explorer {
    Explorer::at(Screen::Graph, size).with(bookinfo::snapshot())
}

#[rstest]
#[case("panel_node", (120, 40), "g l")]
#[case("panel_version", (120, 40), "n j j j")]
#[case("panel_edge", (120, 40), "n tab")]
#[case("panel_below", (80, 24), "n i")]
fn details(#[case] name: &str, #[case] size: (u16, u16), #[case] keys: &str) {
    insta::assert_snapshot!(name, graph(size).keys(keys).picture());
}

#[test]
fn who_calls_several_versions_of_a_box_is_told_once() {
    let mut explorer = graph((120, 40));
    explorer.send(Msg::Click(Target::Node("box:Kubernetes/default/reviews".into())));
    // Beside the graph, then as a text of its own with the responses of all versions.
    for (keys, responses) in [("", 0), ("enter", 3)] {
        let picture = explorer.keys(keys).picture();
        let told = picture.split("Called by").nth(1).unwrap();
        let lines = |name: &str| told.lines().filter(|l| l.contains(name)).collect::<Vec<_>>();
        let callers = lines("productpage v1");
        assert!(callers.len() == 1 && callers[0].contains("4.10/s"), "{picture}");
        let called = lines("ratings v1");
        assert!(called.len() == 1 && called[0].contains("0.85/s"), "{picture}");
        let outcomes = told.lines().filter(|l| l.contains("svc.cluster.local")).count();
        assert_eq!(outcomes, responses, "{picture}");
    }
}

#[test]
fn they_are_shown_where_there_is_room_and_move_nothing() {
    let mut explorer = graph((120, 40));
    assert_eq!(explorer.model.panel(), Some(Panel::Beside));
    let scene = Arc::clone(&explorer.model.drawn().unwrap().scene);
    explorer.keys("i");
    assert_eq!(explorer.model.panel(), None);
    assert!(Arc::ptr_eq(&scene, &explorer.model.drawn().unwrap().scene));
    let mut explorer = graph((119, 40));
    assert_eq!(explorer.model.panel(), None);
    let scene = Arc::clone(&explorer.model.drawn().unwrap().scene);
    explorer.keys("i");
    assert_eq!(explorer.model.panel(), Some(Panel::Below));
    assert!(Arc::ptr_eq(&scene, &explorer.model.drawn().unwrap().scene));
    assert!(explorer.picture().contains("namespace istio-system"));
}

#[test]
fn latencies_and_rates_of_the_last_refreshes_make_a_sparkline() {
    let mut explorer = graph((120, 40));
    explorer.keys("G");
    assert!(!explorer.picture().contains('▁'), "one refresh is no line");
    for step in 1..4_u32 {
        let mut next = bookinfo::snapshot();
        next.generation += u64::from(step);
        let mut telemetry = (**next.telemetry.as_ref().unwrap()).clone();
        telemetry.evaluated_at += jiff::SignedDuration::from_secs(5 * i64::from(step));
        let mut rows = telemetry.requests.rows().to_vec();
        for row in &mut rows {
            row.rate /= f64::from(step + 1);
        }
        telemetry.requests = Part::Rows(rows.into());
        next.telemetry = Some(telemetry.into());
        explorer.send(Msg::Snapshot(next.into()));
    }
    let picture = explorer.picture();
    assert!(picture.contains("█▅▃▃"), "{picture}");
    assert!(picture.contains("the last 15s"), "{picture}");
}

#[test]
fn tab_walks_from_call_to_call_and_arrows_to_their_ends() {
    let mut explorer = graph((120, 40));
    explorer.send(Msg::Click(Target::Node("box:Kubernetes/default/productpage".into())));
    let from = explorer.model.drawing.selected().unwrap().clone();
    assert!(from.contains("productpage"));
    explorer.keys("tab");
    let first = explorer.model.drawing.edge().unwrap().clone();
    let orientation = explorer.model.drawn().unwrap().options.orientation;
    let (next, forward, back) = match orientation {
        Orientation::LeftRight => ("j", "l", "h"),
        Orientation::TopDown => ("l", "j", "k"),
    };
    explorer.keys(next);
    let second = explorer.model.drawing.edge().unwrap().clone();
    assert_ne!(first, second);
    assert!(matches!(explorer.model.subject(), Some(Subject::Call(_))));
    explorer.keys(next).keys(next);
    assert_eq!(explorer.model.drawing.edge(), Some(&first), "two leave, one arrives");
    explorer.keys(forward);
    assert_eq!(explorer.model.drawing.selected(), Some(&first.to));
    assert_eq!(explorer.model.drawing.edge(), None);
    explorer.keys(back);
    assert_eq!(explorer.model.drawing.selected(), Some(&from));
    explorer.keys("tab tab");
    assert_eq!(explorer.model.drawing.edge(), None);
    explorer.keys("tab esc");
    assert_eq!(explorer.model.drawing.edge(), None);
    assert_eq!(*explorer.model.way.place(), Place::Screen(Screen::Graph));
}

#[test]
fn a_version_walks_through_its_own_calls_only() {
    let mut explorer = graph((120, 40));
    let key = "app:Kubernetes/default/reviews/v3";
    explorer.send(Msg::Click(Target::Node(key.into())));
    explorer.keys("tab");
    let edge = explorer.model.drawing.edge().unwrap();
    assert_eq!(&*edge.from, key);
    assert!(edge.to.contains("ratings"));
}

#[test]
fn a_call_opens_with_its_responses_and_a_click_selects_it() {
    let mut explorer = graph((120, 40));
    explorer.keys("n tab").picture();
    let edge = explorer.model.drawing.edge().unwrap().clone();
    explorer.keys("esc").picture();
    let mut cells = (0..120).flat_map(|x| (0..40).map(move |y| (x, y)));
    let wanted = Target::Edge(edge.clone());
    let (x, y) = cells.find(|(x, y)| explorer.view.hit(*x, *y) == Some(wanted.clone())).unwrap();
    let target = explorer.view.hit(x, y).unwrap();
    explorer.send(Msg::Click(target.clone()));
    assert_eq!(explorer.model.drawing.edge(), Some(&edge));
    explorer.send(Msg::Click(target));
    assert!(matches!(explorer.model.way.place(), Place::Call(_)));
    assert!(explorer.picture().contains("Responses"));
}

#[rstest]
#[case("box:Kubernetes/default/reviews", Kind::Service, "reviews")]
#[case("app:Kubernetes/default/reviews/v2", Kind::Deployment, "reviews-v2")]
#[case("box:Kubernetes/default/details", Kind::Service, "details")]
fn yaml_of_a_node_is_its_service_or_workload(
    #[case] key: &str,
    #[case] kind: Kind,
    #[case] name: &str,
) {
    let mut explorer = graph((120, 40));
    explorer.send(Msg::Click(Target::Node(key.into())));
    explorer.keys("y");
    let place = explorer.model.way.place();
    let Place::Object(object, TextKind::Yaml) = place else { unreachable!("{place:?}") };
    assert_eq!((object.kind, &*object.key.name), (kind, name));
    assert!(explorer.picture().contains("apiVersion"));
    explorer.keys("esc enter y");
    assert!(matches!(explorer.model.way.place(), Place::Object(o, _) if o.kind == kind));
}

#[test]
fn yaml_of_a_call_is_what_decides_it() {
    let mut explorer = graph((120, 40));
    let object = |explorer: &Explorer| match explorer.model.way.place() {
        Place::Object(object, _) => object.to_string(),
        other => unreachable!("{other:?}"),
    };
    // The gateway's rule has another host and sends to the page.
    explorer.keys("g tab y");
    assert_eq!(object(&explorer), "VirtualService default/bookinfo");
    explorer.keys("esc");
    let reviews = "box:Kubernetes/default/reviews";
    explorer.send(Msg::Click(Target::Node(reviews.into())));
    explorer.keys("tab");
    while &*explorer.model.drawing.edge().unwrap().to != reviews {
        let next = match explorer.model.drawn().unwrap().options.orientation {
            Orientation::LeftRight => "j",
            Orientation::TopDown => "l",
        };
        explorer.keys(next);
    }
    explorer.keys("y");
    assert_eq!(object(&explorer), "VirtualService default/reviews");
    explorer.keys("esc d y");
    assert_eq!(object(&explorer), "VirtualService default/reviews");
}

#[test]
fn problems_come_worst_first_forth_and_back() {
    let mut explorer = graph((120, 40));
    let drawn = explorer.model.drawn().unwrap();
    let worst = drawn.problems();
    assert!(worst.len() > 1, "{worst:?}");
    let health: Vec<_> = worst.iter().map(|key| drawn.health(key)).collect();
    assert!(health.is_sorted_by(|a, b| a >= b), "{health:?}");
    explorer.keys("g n");
    assert_eq!(explorer.model.drawing.selected(), Some(&worst[0]));
    explorer.keys("n");
    assert_eq!(explorer.model.drawing.selected(), Some(&worst[1]));
    explorer.keys("N");
    assert_eq!(explorer.model.drawing.selected(), Some(&worst[0]));
    explorer.keys("b");
    assert_eq!(explorer.model.drawing.selected(), worst.last());
}

#[test]
fn find_goes_there_while_it_is_written_and_on_to_the_next() {
    let mut explorer = graph((120, 40));
    explorer.keys("/").types("rat");
    assert!(explorer.model.drawing.selected().unwrap().contains("ratings"));
    explorer.keys("esc /").types("default/r").keys("enter n");
    let first = explorer.model.drawing.selected().unwrap().clone();
    explorer.keys("n");
    assert_ne!(explorer.model.drawing.selected(), Some(&first));
    explorer.keys("N");
    assert_eq!(explorer.model.drawing.selected(), Some(&first));
    explorer.keys("esc /").types("nowhere").keys("enter");
    assert!(explorer.picture().contains("nothing in the graph is called \"nowhere\""));
}

#[test]
fn find_reaches_what_the_focus_leaves_out() {
    let mut explorer = graph((120, 40));
    explorer.keys("g f");
    assert!(!explorer.picture().contains("ratings"));
    explorer.keys("/").types("ratings").keys("enter");
    assert!(explorer.model.drawing.selected().unwrap().contains("ratings"));
    assert!(explorer.picture().contains("ratings"));
}

#[test]
fn the_path_is_set_off_until_esc() {
    let mut explorer = graph((120, 40));
    let dim = |explorer: &mut Explorer| {
        explorer.picture();
        let cells = &explorer.buffer().content;
        cells.iter().filter(|c| c.modifier.contains(ratatui::style::Modifier::DIM)).count()
    };
    let before = dim(&mut explorer);
    explorer.send(Msg::Click(Target::Node("box:Kubernetes/default/details".into())));
    explorer.keys("space");
    assert!(dim(&mut explorer) > before, "what is off the path is dim");
    explorer.keys("esc");
    assert_eq!(dim(&mut explorer), before);
    assert!(explorer.model.drawing.selected().unwrap().contains("details"));
}

#[test]
fn the_window_is_moved_by_keys_wheel_and_mouse_until_the_selection_moves() {
    let mut explorer = graph((60, 12));
    explorer.keys("+ + + + g");
    let first = explorer.picture();
    for act in [
        |e: &mut Explorer| {
            e.keys("shift-down");
        },
        |e: &mut Explorer| e.send(Msg::Drag(0, -9)),
        |e: &mut Explorer| e.send(Msg::Wheel(3)),
    ] {
        act(&mut explorer);
        assert_ne!(explorer.picture(), first, "it moved");
        explorer.keys("j k").picture();
        assert!(explorer.picture().contains("ingress"), "and shows the selection again");
    }
    explorer.keys(&["shift-left"; 12].join(" "));
    explorer.keys(&["shift-up"; 12].join(" "));
    let before = explorer.picture();
    explorer.send(Msg::Drag(9999, 9999));
    assert_eq!(explorer.picture(), before, "there is nothing beyond the beginning");
    // The other way the calls run, and so does what is beyond the window.
    explorer.keys("o g").picture();
    let before = explorer.picture();
    explorer.keys("shift-right");
    assert_ne!(explorer.picture(), before);
}

#[test]
fn traffic_moves_only_when_asked() {
    let mut explorer = graph((162, 40));
    let still = explorer.picture();
    explorer.send(Msg::Tick);
    assert_eq!(explorer.picture(), still);
    explorer.keys("a");
    assert!(vigla::app::update::moves(&explorer.model));
    explorer.model.message = None;
    let dots = |picture: &str| picture.matches('•').count() + picture.matches('✕').count();
    let first = explorer.picture();
    assert!(dots(&first) > dots(&still), "{first}");
    explorer.send(Msg::Tick);
    assert_ne!(explorer.picture(), first);
    explorer.keys("a");
    explorer.model.message = None;
    assert_eq!(explorer.picture(), still);
    assert!(!vigla::app::update::moves(&explorer.model));
}

#[test]
fn labels_and_orientation_of_the_settings_are_taken() {
    let mut explorer = Explorer::at(Screen::Graph, (120, 40));
    explorer.model.wanted.drawn.labels = LabelMode::P95;
    explorer.model.wanted.drawn.orientation = Orientation::TopDown;
    let mut explorer = explorer.with(bookinfo::snapshot());
    let options = &explorer.model.drawn().unwrap().options;
    assert_eq!((options.labels, options.orientation), (LabelMode::P95, Orientation::TopDown));
    assert!(explorer.model.drawn().unwrap().scene.width <= 78);
    explorer.keys("z");
    let options = &explorer.model.drawn().unwrap().options;
    assert_eq!(options.orientation, Orientation::TopDown, "to fit is not to turn");
}

/// The calls of every version, with 1,000 bytes a request and 3,000 a response.
fn weighed() -> MeshSnapshot {
    let mut snapshot = bookinfo::snapshot();
    let mut telemetry = (**snapshot.telemetry.as_ref().unwrap()).clone();
    let bytes = |each: f64| {
        let rows = telemetry.requests.rows().iter();
        let sent = rows.filter(|row| row.flow.reporter == Reporter::Source);
        let weigh = |row: &RateRow| RateRow {
            flow: row.flow.clone(),
            rate: row.rate * each,
            ..RateRow::default()
        };
        Part::Rows(Arc::new(sent.map(weigh).collect()))
    };
    (telemetry.request_bytes, telemetry.response_bytes) = (bytes(1000.0), bytes(3000.0));
    snapshot.telemetry = Some(telemetry.into());
    snapshot
}

#[test]
fn calls_are_labelled_with_throughput_which_is_asked_for_only_then() {
    let mut explorer = Explorer::at(Screen::Graph, (119, 40)).with(weighed());
    let wanted = |explorer: &Explorer| {
        let wants = explorer.asked.iter().filter_map(|effect| match effect {
            Effect::Want(wants) => Some(wants.throughput),
            _ => None,
        });
        wants.collect::<Vec<_>>()
    };
    explorer.keys("e e e e e");
    assert!(!explorer.picture().contains("B/s") && wanted(&explorer).is_empty());
    insta::assert_snapshot!("labelled_throughput", explorer.keys("e").picture());
    assert_eq!(wanted(&explorer), [true]);
    explorer.keys("e");
    assert!(!explorer.picture().contains("B/s"));
    assert_eq!(wanted(&explorer), [true, false]);
    // The details of a call tell both ways, and it is asked for as long as they are shown.
    explorer.send(Msg::Resize(120, 40));
    let picture = explorer.keys("n tab").picture();
    assert!(
        picture.contains("requests  100B/s") && picture.contains("responses 300B/s"),
        "{picture}"
    );
    assert_eq!(wanted(&explorer), [true, false, true]);
    explorer.keys("i");
    assert_eq!(wanted(&explorer), [true, false, true, false]);
}

#[test]
fn wider_begins_at_what_is_shown() {
    let mut explorer = graph((120, 40));
    explorer.keys("G f F F");
    assert!(!explorer.asked.iter().any(|effect| matches!(effect, Effect::Quit)));
    assert_eq!(explorer.model.drawn().unwrap().focus.as_ref().unwrap().hops, 3);
}
