//! Generated graphs and ways to draw them. `VIGLA_CASES` sets how many.

use proptest::prelude::*;
use proptest::test_runner::Config;
use vigla::layout::scene::{Area, LabelMode, Orientation, Pos, Scene, Zoom};
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::graph::{Graph, Health, Protocol};

use crate::graphs::Builder;

/// At least 2,000 cases of each property; more for a longer run.
pub(crate) fn config() -> Config {
    let cases = std::env::var("VIGLA_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(2_000), failure_persistence: None, ..Config::default() }
}

/// Names as a mesh may have them, and worse.
fn name_of(app: u8, odd: bool) -> String {
    match app % 10 {
        _ if !odd => format!("service-{app}"),
        0 => format!("サービス{app}"),
        1 => format!("🚀{app}"),
        2 => format!("e\u{301}te\u{301}-{app}"),
        3 => format!("{}{app}", "long".repeat(75)),
        4 => format!("{app}"),
        5 => format!("👩\u{200d}👩\u{200d}👧{app}"),
        6 => format!("\u{200b}{app}"),
        7 => String::new(),
        8 => format!("混合mixed混合{app}"),
        _ => format!("─┼►{app}"),
    }
}

/// Any digraph of a few apps with one to three versions: cycles, calls to itself, both ways.
fn any_graph() -> impl Strategy<Value = Graph> {
    let calls = prop::collection::vec((0_u8..14, 0_u8..3, 0_u8..14, 0_u8..3), 0..36);
    (calls, prop::collection::vec(0_u8..20, 0..4), any::<bool>(), any::<bool>()).prop_map(
        |(calls, lonely, versions, odd)| {
            let mut graph = Builder::default();
            let name = |app: u8, version: u8| {
                let version = if versions { version.min(app % 3) } else { 0 };
                format!("ns{}/{} v{version}", app % 3, name_of(app, odd))
            };
            for (from, from_version, to, to_version) in calls {
                let (from, to) = (name(from, from_version), name(to, to_version));
                let protocol = if from_version == 2 { Protocol::Tcp } else { Protocol::Http };
                let rate = f64::from(from_version) + 0.5;
                let edge = graph.edge(&from, &to, rate, protocol);
                if to_version == 1 {
                    edge.health = Health::Failure;
                    edge.error_percent = Some(12.0);
                }
            }
            for app in lonely {
                graph.node(&name(app, 0));
            }
            graph.build()
        },
    )
}

/// Hubs: many callers of few services, and calls back.
fn hubs() -> impl Strategy<Value = Graph> {
    prop::collection::btree_set((0_u8..24, 0_u8..8), 0..60).prop_map(|pairs| {
        let mut graph = Builder::default();
        for (from, to) in pairs {
            graph.call(&format!("caller-{from}"), &format!("hub-{}", to / 3), 1.0);
            if from % 5 == 0 {
                graph.call(&format!("hub-{}", to / 3), &format!("caller-{}", from / 2), 1.0);
            }
        }
        graph.build()
    })
}

/// Services in tiers, each called by one of the tier above, some by two.
fn tiers() -> impl Strategy<Value = Graph> {
    prop::collection::vec((any::<u8>(), any::<u8>(), any::<bool>()), 1..40).prop_map(|callers| {
        let mut graph = Builder::default();
        for (at, (first, second, twice)) in callers.into_iter().enumerate() {
            let callee = format!("service-{}", at + 1);
            let caller = |pick: u8| format!("service-{}", usize::from(pick) % (at + 1));
            graph.call(&caller(first), &callee, 1.0);
            if twice && caller(first) != caller(second) {
                graph.call(&caller(second), &callee, 2.0);
            }
        }
        graph.build()
    })
}

pub(crate) fn graph() -> impl Strategy<Value = Graph> {
    prop_oneof![3 => any_graph(), 1 => hubs(), 1 => tiers()]
}

pub(crate) fn options() -> impl Strategy<Value = LayoutOptions> {
    let zoom = prop::sample::select(vec![Zoom::Dots, Zoom::Pill, Zoom::Box, Zoom::Detail]);
    let labels = prop::sample::select(vec![
        LabelMode::Rate,
        LabelMode::Share,
        LabelMode::P95,
        LabelMode::None,
    ]);
    (zoom, any::<bool>(), labels, 1_u16..30).prop_map(|(zoom, down, labels, name_cells)| {
        let orientation = if down { Orientation::TopDown } else { Orientation::LeftRight };
        LayoutOptions { orientation, zoom, labels, name_cells, ..LayoutOptions::default() }
    })
}

pub(crate) fn drawn(graph: &Graph, options: &LayoutOptions, bands: bool) -> (Scene, StyleTable) {
    let view = ViewGraph::from_graph(graph, &ViewOptions { bands, ..ViewOptions::default() });
    (layout(&view, options, None).0, StyleTable::from_graph(graph, &view, None))
}

pub(crate) fn cells(a: Pos, b: Pos) -> impl Iterator<Item = (i32, i32)> {
    (a.y..=b.y).flat_map(move |y| (a.x..=b.x).map(move |x| (x, y)))
}

pub(crate) fn cells_of(area: Area) -> impl Iterator<Item = (i32, i32)> {
    cells(Pos { x: area.x, y: area.y }, Pos { x: area.right() - 1, y: area.bottom() - 1 })
}
