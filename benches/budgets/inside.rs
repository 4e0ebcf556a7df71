//! What is worked out between an answer and a frame.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use vigla::layout::glyph::Glyphs;
use vigla::layout::paint::paint;
use vigla::layout::scene::Area;
use vigla::layout::selection::Selection;
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::findings::{FindingInput, analyze};
use vigla::mesh::graph::{Graph, GraphInput, GraphOptions, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::routing::{Request, Router, Source, SourceKind};
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::mesh::{Objects, Scope};
use vigla::report::drawing::Canvas;
use vigla::source::prometheus::decode;

use crate::graphs::Builder;
use crate::{line, median, mesh, millis};

pub(crate) fn measure() {
    drawing();
    let objects = mesh::objects();
    let (built, router) = median(5, || Router::new(&objects));
    line("index of 1,000 VirtualServices and 5,000 pods", millis(built), 50.0, "ms");
    let (answered, _) = median(101, || black_box(router.answer(&question())));
    line("one routing question", millis(answered), 1.0, "ms");
    let (found, _) = median(5, || black_box(analyze(&FindingInput::new(&objects))));
    line("all findings of 1,000 services", millis(found), 100.0, "ms");
    let body = mesh::rates();
    let (first, _) = median(3, || black_box(first_graph(&objects, &body)));
    line(
        "5,000 pods, 10,000 edges: from the answer to a drawn graph",
        millis(first),
        1_500.0,
        "ms",
    );
}

fn drawing() {
    for (nodes, edges, most) in [(200, 400, 5.0), (2_000, 3_000, 100.0)] {
        let graph = layered(nodes, edges);
        let view = ViewGraph::from_graph(&graph, &ViewOptions::default());
        let (took, (scene, _)) = median(5, || layout(&view, &LayoutOptions::default(), None));
        line(&format!("layout of {nodes} nodes, {edges} edges"), millis(took), most, "ms");
        let styles = StyleTable::from_graph(&graph, &view, None);
        let window = Area::new(scene.width / 2 - 100, scene.height / 2 - 30, 200, 60);
        let (took, _) = median(31, || {
            let mut canvas = Canvas::new(200, 60);
            paint(&scene, &styles, window, &Selection::default(), Glyphs::Rounded, &mut canvas);
            black_box(canvas)
        });
        line(&format!("a 200×60 window of it drawn ({nodes} nodes)"), millis(took), 1.0, "ms");
    }
}

/// Services in layers of ten, each calling the next layer or the one after it.
fn layered(nodes: usize, edges: usize) -> Graph {
    let mut graph = Builder::default();
    let name = |number: usize| format!("svc-{number:04} v1");
    for edge in 0..edges {
        let from = edge % nodes;
        let to = from + 10 + (edge / nodes * 7 + edge * 3) % 10;
        if to < nodes {
            graph.call(&name(from), &name(to), 1.0 + edge as f64);
        } else {
            graph.call(&name(edge % 10), &name(from), 1.0);
        }
    }
    graph.build()
}

fn question() -> Request {
    Request {
        from: Source {
            kind: SourceKind::Sidecar,
            namespace: "team-000".into(),
            name: "svc-000-v1-0".into(),
        },
        host: "svc-007.team-007".to_owned(),
        port: 80,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        ..Request::default()
    }
}

/// All that happens once the objects and the rates are there; how many edges were drawn.
fn first_graph(objects: &Objects, body: &[u8]) -> usize {
    let telemetry = Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(decode::rates([body]).unwrap().rows)),
        ..Telemetry::default()
    };
    let graph = build(&GraphInput {
        objects,
        inventory: &Inventory::of(objects),
        telemetry: &telemetry,
        scope: &Scope::All,
        options: &GraphOptions::default(),
        health: &HealthConfig::default(),
    });
    assert_eq!(graph.edges.len(), 10_000);
    let view = ViewGraph::from_graph(&graph, &ViewOptions::default());
    let (scene, _) = layout(&view, &LayoutOptions::default(), None);
    let styles = StyleTable::from_graph(&graph, &view, None);
    let mut canvas = Canvas::new(200, 60);
    let window = Area::new(0, 0, 200, 60);
    paint(&scene, &styles, window, &Selection::default(), Glyphs::Rounded, &mut canvas);
    scene.wires.len()
}
