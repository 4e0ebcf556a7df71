//! The drawn graph: moving along calls, zoom, focus, and what a refresh changes.

use ratatui::style::Modifier;
use rstest::rstest;
use vigla::app::message::Target;
use vigla::app::screen::{Place, Screen};
use vigla::app::{Effect, Msg};
use vigla::layout::scene::{Orientation, Zoom};
use vigla::mesh::MeshSnapshot;

use crate::bookinfo;
use crate::harness::Explorer;

fn graph(size: (u16, u16)) -> Explorer {
    Explorer::at(Screen::Graph, size).with(bookinfo::snapshot())
}

#[rstest]
#[case("moved", "right right down down")]
#[case("zoomed_out", "-")]
#[case("downwards", "o")]
#[case("errors", "e e")]
#[case("focused", "right right right f")]
#[case("service_nodes", "S")]
#[case("idle", "I")]
#[case("large", "+ + right right right right")]
#[case("tree", "v")]
fn forms(#[case] name: &str, #[case] keys: &str) {
    let mut explorer = graph((100, 30));
    insta::assert_snapshot!(format!("drawn_{name}"), explorer.keys(keys).picture());
}

#[test]
fn arrows_and_letters_go_along_calls_and_through_versions() {
    let mut explorer = graph((162, 40));
    let mut at = |keys: &str| explorer.keys(keys).model.drawing.selected().unwrap().to_string();
    assert!(at("g").contains("istio-ingressgateway"));
    assert!(at("l").contains("productpage"));
    let callee = at("right");
    assert_ne!(at("h"), callee, "back to the caller");
    assert_eq!(at("l"), callee, "and forth the same way");
    let reviews = at("G h");
    assert_eq!(reviews, "box:Kubernetes/default/reviews");
    assert_eq!(at("j"), "app:Kubernetes/default/reviews/v1");
    assert_eq!(at("j j"), "app:Kubernetes/default/reviews/v3");
    assert_eq!(at("k k k"), reviews);
    assert!(at("o l").ends_with("reviews/v1"), "side by side where calls run down");
    assert!(at("j").contains("ratings"));
}

#[test]
fn the_selection_is_seen_without_colour() {
    let mut explorer = graph((162, 40));
    for key in ["g", "l", "l", "l"] {
        assert_eq!(
            explorer.keys(key).picture().matches('╔').count(),
            1,
            "{key}: one box is set off"
        );
    }
    explorer.keys("- -").picture();
    let cells = &explorer.buffer().content;
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn enter_opens_what_is_selected_and_copy_names_it() {
    let mut explorer = graph((162, 40));
    explorer.keys("n c");
    assert!(matches!(explorer.asked.last(), Some(Effect::Copy(text, _)) if !text.contains(':')));
    let selected = explorer.model.drawing.selected().unwrap().clone();
    explorer.keys("enter");
    assert!(matches!(explorer.model.way.place(), Place::Node(_)), "{selected}");
    explorer.keys("esc");
    assert_eq!(explorer.model.drawing.selected(), Some(&selected));
}

#[test]
fn a_click_selects_and_a_second_one_goes_in() {
    let mut explorer = graph((162, 40));
    let picture = explorer.picture();
    let (y, line) = picture.lines().enumerate().find(|(_, l)| l.contains("details")).unwrap();
    // The picture's lines begin with a quote.
    let x = line[..line.find("details").unwrap()].chars().count() as u16 - 1;
    let target = explorer.view.hit(x, y as u16).unwrap();
    assert!(matches!(&target, Target::Node(key) if key.contains("details")), "{target:?}");
    explorer.send(Msg::Click(target.clone()));
    assert_eq!(*explorer.model.way.place(), Place::Screen(Screen::Graph));
    explorer.send(Msg::Click(target));
    assert!(matches!(explorer.model.way.place(), Place::Node(_)));
}

#[test]
fn new_rates_leave_the_scene_and_selection_as_they_are() {
    let mut explorer = graph((162, 40));
    explorer.keys("l l j");
    let selected = explorer.model.drawing.selected().cloned();
    let scene = explorer.model.drawn().unwrap().scene.clone();
    let mut next = bookinfo::snapshot();
    next.generation += 1;
    explorer.send(Msg::Snapshot(next.into()));
    assert!(std::sync::Arc::ptr_eq(&scene, &explorer.model.drawn().unwrap().scene));
    assert_eq!(explorer.model.drawing.selected().cloned(), selected);
    explorer.keys("R");
    let tidied = explorer.model.drawn().unwrap();
    assert!(!std::sync::Arc::ptr_eq(&scene, &tidied.scene));
    assert_eq!(*tidied.scene, *scene, "nothing was untidy");
}

#[test]
fn zoom_and_orientation_stay_until_it_is_to_fit_again() {
    let mut explorer = graph((162, 40));
    let form = |explorer: &Explorer| {
        let options = &explorer.model.drawn().unwrap().options;
        (options.zoom, options.orientation)
    };
    let first = form(&explorer);
    explorer.keys("- - - -");
    assert_eq!(form(&explorer).0, Zoom::Dots);
    explorer.keys("+ + + + o");
    assert_eq!(form(&explorer), (Zoom::Detail, Orientation::TopDown));
    explorer.send(Msg::Resize(200, 60));
    assert_eq!(form(&explorer), (Zoom::Detail, Orientation::TopDown));
    explorer.send(Msg::Resize(162, 40));
    explorer.keys("z");
    assert_eq!(form(&explorer), first);
}

#[test]
fn focus_leaves_the_neighbours_and_esc_brings_all_back() {
    let mut explorer = graph((162, 40));
    let boxes = |explorer: &Explorer| explorer.model.drawn().unwrap().scene.boxes.len();
    let all = boxes(&explorer);
    explorer.keys("G f");
    assert_eq!(boxes(&explorer), 2, "ratings and its caller");
    explorer.keys("F");
    assert_eq!(boxes(&explorer), 3);
    explorer.keys("esc");
    assert_eq!(boxes(&explorer), all);
}

#[test]
fn a_narrow_window_has_the_call_tree() {
    let mut explorer = graph((59, 24));
    assert!(explorer.model.drawn().is_none());
    assert!(explorer.picture().contains("CALLS"));
    explorer.send(Msg::Resize(60, 24));
    assert!(explorer.model.drawn().is_some());
}

#[test]
fn the_selection_stays_in_view_in_a_graph_larger_than_the_window() {
    let mut explorer = graph((60, 12));
    explorer.keys("+ + + +");
    for key in ["G", "g", "l", "l", "l", "j", "j"] {
        let picture = explorer.keys(key).picture();
        let drawn = explorer.model.drawn().unwrap();
        let key = explorer.model.drawing.selected().unwrap();
        let item = &drawn.scene.boxes[drawn.scene.box_of(key).unwrap()];
        assert!(picture.contains(&item.title), "{} is not in\n{picture}", item.title);
    }
}

#[test]
fn without_telemetry_there_is_no_empty_drawing() {
    let explorer = Explorer::at(Screen::Graph, (120, 40)).with(MeshSnapshot::default());
    assert!(explorer.model.drawn().is_none());
}

#[test]
fn bookinfo_is_seen_whole_and_in_boxes_in_the_least_usual_window() {
    let explorer = graph((80, 24));
    let drawn = explorer.model.drawn().unwrap();
    assert!(drawn.options.zoom.boxed());
    assert!(drawn.scene.width <= 78 && drawn.scene.height <= 21);
}
