//! Keys over the model: what they lead to, and what they ask of the world.

use std::sync::Arc;

use rstest::rstest;
use vigla::app::list::RowId;
use vigla::app::screen::{Place, Screen};
use vigla::app::{Effect, Msg};
use vigla::mesh::object::Key;
use vigla::mesh::{Kind, MeshSnapshot, ObjectRef, Scope};

use crate::bookinfo;
use crate::harness::Explorer;

fn at(screen: Screen) -> Explorer {
    Explorer::at(screen, (80, 24)).with(bookinfo::snapshot())
}

fn selected(explorer: &Explorer) -> String {
    match explorer.model.list().and_then(|list| list.selected()) {
        Some(RowId::Service(key) | RowId::Pod(key)) => key.name.to_string(),
        other => format!("{other:?}"),
    }
}

#[rstest]
#[case("3", Screen::Services)]
#[case(": p o d s enter", Screen::Pods)]
#[case(": s v c enter", Screen::Services)]
#[case("4 2 6", Screen::Splits)]
#[case("3 enter esc", Screen::Services)]
#[case("3 o q", Screen::Services)]
fn ways(#[case] keys: &str, #[case] to: Screen) {
    let mut explorer = at(Screen::Overview);
    explorer.keys(keys);
    assert_eq!(*explorer.model.way.place(), Place::Screen(to));
    assert!(!explorer.model.quit);
}

#[rstest]
#[case("q")]
#[case(": q enter")]
#[case("ctrl-c")]
#[case("? ctrl-c")]
#[case("3 enter : q u i t enter")]
fn ways_out(#[case] keys: &str) {
    let mut explorer = at(Screen::Overview);
    explorer.keys(keys);
    assert!(explorer.model.quit);
}

#[test]
fn selection_survives_a_refresh_that_moves_rows() {
    let mut explorer = at(Screen::Services);
    explorer.keys("j j");
    assert_eq!(selected(&explorer), "ratings");
    let mut next = bookinfo::snapshot();
    next.generation = 2;
    let key = Key::new("default", "details");
    Arc::make_mut(&mut next.objects.services).remove(&key);
    explorer.send(Msg::Snapshot(Arc::new(next)));
    assert_eq!(selected(&explorer), "ratings");
}

#[test]
fn filter_acts_while_it_is_written_and_esc_takes_it_away() {
    let mut explorer = at(Screen::Services);
    explorer.keys("/").types("rev");
    assert!(!explorer.picture().contains("details"));
    explorer.keys("enter");
    assert!(!explorer.picture().contains("details"));
    explorer.keys("esc");
    assert!(explorer.picture().contains("details"));
    assert_eq!(*explorer.model.way.place(), Place::Screen(Screen::Services));
}

#[test]
fn capitals_sort_and_an_unknown_one_says_which_there_are() {
    let mut explorer = at(Screen::Services);
    explorer.keys("E g");
    assert_eq!(selected(&explorer), "reviews");
    explorer.keys("X");
    assert!(explorer.picture().contains("no column has this letter"));
    explorer.keys("j");
    assert!(!explorer.picture().contains("no column has this letter"));
}

#[test]
fn next_problem_finds_the_pod_that_is_not_ready() {
    let mut explorer = at(Screen::Pods);
    explorer.keys("n");
    assert!(selected(&explorer).starts_with("reviews-v3"));
    assert!(explorer.picture().contains("containers with unready status"));
}

#[test]
fn pods_of_a_service_and_only_those() {
    let mut explorer = at(Screen::Services);
    explorer.keys("G o");
    let picture = explorer.picture();
    assert!(picture.contains("reviews-v1") && !picture.contains("ratings-v1"));
    assert!(picture.contains("of default/reviews"));
    explorer.keys("esc");
    assert!(explorer.picture().contains("ratings-v1"));
}

#[test]
fn namespaces_are_chosen_and_asked_for() {
    let mut explorer = at(Screen::Pods);
    explorer.keys("s").types("istio").keys("enter");
    let scope = Scope::Namespaces(vec!["istio-system".into()]);
    assert!(explorer.asked.iter().any(|e| matches!(e, Effect::SetScope(s) if *s == scope)));
    explorer.keys(":").types("ns default,istio-system").keys("enter");
    let both = Scope::Namespaces(vec!["default".into(), "istio-system".into()]);
    assert!(explorer.asked.iter().any(|e| matches!(e, Effect::SetScope(s) if *s == both)));
    explorer.keys("0");
    assert!(explorer.asked.iter().any(|e| matches!(e, Effect::SetScope(Scope::All))));
}

#[test]
fn time_goes_back_by_windows_and_comes_back_to_now() {
    let mut explorer = at(Screen::Graph);
    explorer.keys("< <");
    let two_minutes = bookinfo::noon() - jiff::SignedDuration::from_mins(2);
    assert_eq!(explorer.model.at, Some(two_minutes));
    assert!(explorer.picture().contains("as of 11:58:00Z"));
    explorer.keys("> >");
    assert_eq!(explorer.model.at, None);
    explorer.keys(":").types("time 2026-11-23T11:00:00Z").keys("enter");
    assert_eq!(explorer.model.at.unwrap().to_string(), "2026-11-23T11:00:00Z");
    explorer.keys(":").types("time tomorrow").keys("enter");
    assert!(explorer.picture().contains("not a time in the past"));
}

#[test]
fn window_from_the_picker_and_from_the_command() {
    let mut explorer = at(Screen::Graph);
    explorer.keys("w").types("5m").keys("enter");
    assert_eq!(explorer.model.window.as_secs(), 300);
    explorer.keys(":").types("window 5x").keys("enter");
    assert!(explorer.picture().contains("it is not a length of time"));
}

#[test]
fn paused_the_picture_stands_still_and_then_catches_up() {
    let mut explorer = at(Screen::Services);
    explorer.keys("p");
    let empty = MeshSnapshot { generation: 9, ..MeshSnapshot::default() };
    explorer.send(Msg::Snapshot(Arc::new(empty)));
    assert!(explorer.picture().contains("newer data waits"));
    assert!(explorer.picture().contains("reviews"));
    explorer.keys("p");
    assert!(!explorer.picture().contains("reviews"));
}

#[test]
fn copy_takes_the_url_the_name_or_the_text() {
    let mut explorer = at(Screen::Gateways);
    explorer.keys("c 3 c enter c");
    let copied: Vec<&str> = explorer
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Copy(text, _) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(copied[..2], ["http://47.88.21.82:80/productpage", "details"]);
    assert!(copied[2].contains("cluster ip"));
}

#[test]
fn an_event_leads_to_what_it_is_about() {
    let mut explorer = at(Screen::Events);
    explorer.keys("enter");
    assert!(explorer.picture().contains("Pod default/reviews-v3"));
    explorer.keys("y");
    assert!(explorer.picture().contains("apiVersion"));
}

#[test]
fn an_object_that_goes_away_says_so() {
    let mut explorer = at(Screen::Pods);
    explorer.keys("enter");
    let mut next = bookinfo::snapshot();
    next.generation = 2;
    next.objects.pods = Arc::default();
    explorer.send(Msg::Snapshot(Arc::new(next)));
    assert!(explorer.picture().contains("does not have it"));
    explorer.keys("esc");
    assert!(explorer.picture().contains("no pods in namespace default"));
}

#[test]
fn hostile_paste_is_one_harmless_line() {
    let mut explorer = at(Screen::Services);
    explorer.keys("/");
    explorer.send(Msg::Paste("re\x1b[31m\nv".to_owned()));
    let picture = explorer.picture();
    assert!(!picture.contains('\x1b'), "{picture:?}");
}

#[test]
fn any_keys_at_all_do_no_harm() {
    use proptest::prelude::*;
    let keys = proptest::collection::vec(
        prop_oneof![
            proptest::char::range(' ', '~').prop_map(|c| if c == ' ' {
                "space".into()
            } else {
                c.to_string()
            }),
            proptest::sample::select(vec![
                "enter",
                "esc",
                "tab",
                "up",
                "down",
                "pgdn",
                "backspace",
                "left"
            ])
            .prop_map(str::to_owned),
        ],
        0..60,
    );
    proptest!(ProptestConfig::with_cases(64), |(keys in keys)| {
        let mut explorer = at(Screen::Overview);
        for key in &keys {
            explorer.keys(key);
        }
        explorer.picture();
    });
}

/// From the drawn graph and from a split one key opens the route debugger, filled in.
#[test]
fn why_opens_the_route_debugger_filled_in() {
    let mut explorer = Explorer::at(Screen::Graph, (162, 40)).with(bookinfo::snapshot());
    explorer.keys("l l W");
    let form = &explorer.model.route.form;
    assert!(form.from.starts_with("default/productpage"), "{form:?}");
    assert!(form.to.starts_with("details.default:") || form.to.starts_with("reviews.default:"));
    assert!(explorer.picture().contains("taken by"));
    explorer.keys("6 e");
    assert_eq!(explorer.model.route.form.to, "reviews.default:9080");
    explorer.keys("tab tab enter / p r o d u c t s enter");
    assert_eq!(explorer.model.route.form.path, "/products");
    explorer.keys("tab enter");
    assert_eq!(explorer.model.route.form.method, "POST");
}

/// From a finding to the line that is meant, to what its code means, and to groups.
#[test]
fn a_finding_leads_to_its_line_and_is_explained() {
    let mut explorer = at(Screen::Findings);
    explorer.keys("enter");
    let Some(Ok(doc)) = &explorer.model.text.text else { panic!("no text") };
    let marked = &doc.lines[doc.marked.unwrap()];
    let marked: String = marked.iter().map(|(_, text)| text.as_str()).collect();
    assert!(marked.contains("destination:"), "{marked}");
    assert!(explorer.picture().contains("subset: v3"), "the line is on the screen");
    explorer.keys("esc ?");
    assert!(explorer.picture().contains("What to do:"), "{}", explorer.picture());
    explorer.keys("esc f1");
    assert!(explorer.picture().contains("Sort by"));
    explorer.keys("esc v");
    assert_eq!(explorer.model.message.as_ref().unwrap().what, Ok("by object".to_owned()));
    explorer.keys("v");
    assert_eq!(explorer.model.message.as_ref().unwrap().what, Ok("by code".to_owned()));
    explorer.keys("v");
    assert_eq!(explorer.model.message.as_ref().unwrap().what, Ok("by level".to_owned()));
    assert_eq!(explorer.model.list().unwrap().sort, None);
}

/// What is wrong with a rule shows on the service it routes, in lists, in the call tree and in
/// what is told of a node.
#[test]
fn findings_are_marked_where_they_hurt() {
    let mut explorer = at(Screen::Services);
    let row = |explorer: &mut Explorer, name: &str| {
        let picture = explorer.picture();
        let line = picture.lines().find(|line| line.contains(name)).unwrap();
        line.trim_start_matches('"').to_owned()
    };
    assert!(row(&mut explorer, "reviews ").starts_with('✕'), "{}", explorer.picture());
    assert!(!row(&mut explorer, "ratings ").starts_with('✕'));
    explorer.keys("2 v");
    assert!(row(&mut explorer, "reviews v3").contains('✕'), "{}", explorer.picture());
    explorer.keys("/ r e v i e w s space v 1 enter enter");
    assert!(explorer.picture().contains("VGL0001"), "{}", explorer.picture());
    explorer.keys("1");
    assert!(explorer.picture().contains("FINDINGS"));
}

/// On the drawn graph a box whose configuration is wrong carries a mark, and `n` comes to it; a
/// configuration mended takes the mark away, and nothing has moved.
#[test]
fn findings_are_marked_on_the_drawn_graph() {
    let mut explorer = Explorer::at(Screen::Graph, (120, 40)).with(bookinfo::snapshot());
    let marked = explorer.picture();
    assert_eq!(marked.matches("─!").count(), 1, "{marked}");
    explorer.keys("n");
    let selected = |explorer: &Explorer| explorer.model.drawing.selected().unwrap().to_string();
    let mut met = vec![selected(&explorer)];
    for _ in 0..3 {
        explorer.keys("n");
        met.push(selected(&explorer));
    }
    assert!(met.iter().any(|key| key.contains("reviews")), "{met:?}");
    let mut mended = bookinfo::snapshot();
    mended.generation += 1;
    let key = Key::new("default", "reviews");
    mended.objects.remove(&ObjectRef { kind: Kind::VirtualService, key });
    explorer.send(Msg::Snapshot(Arc::new(mended)));
    assert_eq!(explorer.picture().matches("─!").count(), 0, "{}", explorer.picture());
}
