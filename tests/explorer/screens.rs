//! Every screen at three sizes, drawn from Bookinfo at a fixed time; and what colour says.

use ratatui::style::Modifier;
use rstest::rstest;
use vigla::app::screen::Screen;
use vigla::mesh::telemetry::Part;
use vigla::mesh::{Kind, KindState, MeshSnapshot, SourceState, Trouble};
use vigla::terminal::ColorDepth;
use vigla::ui::theme::{Theme, is_coloured};

use crate::bookinfo;
use crate::harness::Explorer;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[rstest]
#[case(Screen::Overview)]
#[case(Screen::Graph)]
#[case(Screen::Services)]
#[case(Screen::Pods)]
#[case(Screen::Gateways)]
#[case(Screen::Splits)]
#[case(Screen::Route)]
#[case(Screen::Findings)]
#[case(Screen::Events)]
fn screens(#[case] screen: Screen) {
    for (columns, rows) in SIZES {
        let mut explorer = Explorer::at(screen, (columns, rows)).with(bookinfo::everywhere());
        let name = format!("{}_{columns}x{rows}", screen.title().to_lowercase());
        insta::assert_snapshot!(name, explorer.picture());
    }
}

#[rstest]
#[case("help", "?")]
#[case("command", ": s p l")]
#[case("namespaces", "s")]
#[case("window", "w")]
#[case("time", "t")]
#[case("queries", "P")]
#[case("messages", "!")]
#[case("pod_detail", "4 j j j j j j enter")]
#[case("service_detail", "3 enter")]
#[case("service_yaml", "3 y")]
#[case("node", "2 j j enter")]
#[case("filter", "3 / r e v")]
fn places(#[case] name: &str, #[case] keys: &str) {
    let mut explorer = Explorer::at(Screen::Overview, (80, 24)).with(bookinfo::snapshot());
    insta::assert_snapshot!(format!("place_{name}"), explorer.keys(keys).picture());
}

#[rstest]
#[case((20, 5))]
#[case((19, 4))]
#[case((40, 10))]
#[case((500, 200))]
fn every_screen_fits_every_window(#[case] size: (u16, u16)) {
    for screen in Screen::ALL {
        let mut explorer = Explorer::at(screen, size).with(bookinfo::everywhere());
        assert!(!explorer.picture().trim().is_empty());
        for overlay in ["?", ":", "!", "P", "t"] {
            explorer.keys("esc").keys(overlay).picture();
        }
    }
}

#[test]
fn before_anything_is_heard_every_screen_says_so() {
    for screen in Screen::ALL {
        let mut explorer = Explorer::at(screen, (80, 24));
        assert!(explorer.picture().contains("waiting"), "{screen:?}");
        let mut explorer = Explorer::at(screen, (80, 24)).with(MeshSnapshot::default());
        let picture = explorer.picture();
        assert!(picture.contains("waiting"), "{screen:?}: {picture}");
    }
}

#[test]
fn what_may_not_be_read_is_said_in_its_place_and_the_rest_stands() {
    let mut snapshot = bookinfo::snapshot();
    let trouble = Trouble::new(
        "list events in namespace \"default\"",
        "403 Forbidden",
        "ask for the verb list on events",
    );
    snapshot.objects.events = std::sync::Arc::default();
    snapshot.kinds.insert(Kind::Event, KindState::Forbidden(trouble));
    let mut explorer = Explorer::at(Screen::Events, (80, 24)).with(snapshot);
    let picture = explorer.picture();
    assert!(picture.contains("could not list events") && picture.contains("→ ask for the verb"));
    assert!(explorer.keys("4").picture().contains("reviews-v3"));
}

#[test]
fn a_dead_prometheus_leaves_the_rest_and_shows_no_zero() {
    let mut snapshot = bookinfo::snapshot();
    snapshot.telemetry = None;
    snapshot.prometheus.state = SourceState::Unavailable;
    snapshot.prometheus.last_data = None;
    snapshot.prometheus.trouble =
        Some(Trouble::new("ask Prometheus", "connection refused", "check --prometheus-url"));
    let mut explorer = Explorer::at(Screen::Services, (80, 24)).with(snapshot);
    let picture = explorer.picture();
    let reviews = picture.lines().find(|line| line.contains("reviews")).unwrap();
    assert!(reviews.contains('–') && reviews.contains("2/3"), "{reviews}");
    assert!(picture.contains("✕ down"));
    assert!(explorer.keys("2").picture().contains("connection refused"));
}

#[test]
fn what_prometheus_warns_of_and_what_is_missing_is_said_beside_the_numbers() {
    let mut snapshot = bookinfo::snapshot();
    let mut telemetry = snapshot.telemetry.as_deref().cloned().unwrap();
    telemetry.warnings = vec!["a store did not take part".into()];
    telemetry.tcp_received = Part::Failed(Trouble::new("ask (tcp)", "too many samples", ""));
    snapshot.telemetry = Some(telemetry.into());
    let mut explorer = Explorer::at(Screen::Overview, (80, 24)).with(snapshot.clone());
    for screen in ["1", "2", "3"] {
        let picture = explorer.keys(screen).picture();
        let head = picture.lines().next().unwrap();
        assert!(head.contains("prom ● live ▲1"), "{head}");
        assert!(picture.contains("▲ Prometheus warns: a store did not take part"), "{picture}");
    }
    let messages = explorer.keys("!").picture();
    assert!(messages.contains("▲ Prometheus warns: a store did not take part"), "{messages}");
    assert!(messages.contains("could not ask (tcp)"), "{messages}");
    // What failed goes before what is only remarked.
    snapshot.prometheus.trouble =
        Some(Trouble::new("ask Prometheus (latency)", "no answer within 10 s", ""));
    snapshot.prometheus.state = SourceState::Partial;
    let mut explorer = Explorer::at(Screen::Services, (80, 24)).with(snapshot);
    assert!(explorer.picture().contains("▲ ask Prometheus (latency): no answer within 10 s"));
}

#[test]
fn selection_is_seen_without_colour() {
    let mut explorer = Explorer::at(Screen::Pods, (80, 24)).with(bookinfo::snapshot());
    explorer.view.theme = Theme::fitting(ColorDepth::Mono, false);
    explorer.picture();
    let buffer = explorer.buffer();
    assert!(buffer.content.iter().all(|cell| !is_coloured(cell.style())));
    let reversed = |y: u16| (0..80).all(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
    let rows: Vec<u16> = (2..23).filter(|y| reversed(*y)).collect();
    assert_eq!(rows, [3]);
}

#[test]
fn colour_says_what_glyph_and_number_say() {
    let mut explorer = Explorer::at(Screen::Pods, (120, 40)).with(bookinfo::snapshot());
    let theme = Theme::fitting(ColorDepth::True, false);
    let picture = explorer.picture();
    let y = picture.lines().position(|line| line.contains("reviews-v3")).unwrap();
    let line = picture.lines().nth(y).unwrap();
    let x = line.chars().position(|c| c == '1').unwrap();
    let at = line.chars().collect::<String>().find("1/2").unwrap();
    assert!(x <= at);
    let column = line[..at].chars().count() as u16 - 1;
    let warn = theme.style(vigla::app::list::Tone::Warn);
    assert_eq!(explorer.buffer()[(column, y as u16)].fg, warn.fg.unwrap());
}

#[test]
fn ascii_terminals_get_ascii() {
    for screen in Screen::ALL {
        let mut explorer = Explorer::at(screen, (80, 24)).with(bookinfo::everywhere());
        explorer.view.ascii = true;
        let picture = explorer.picture();
        assert!(picture.is_ascii(), "{picture}");
    }
}
