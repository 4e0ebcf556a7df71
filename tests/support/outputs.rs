//! Everything that can be made of a mesh, for what must hold whatever its people call things:
//! every command's output, every screen, the clipboard.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use vigla::app::keymap::Keymap;
use vigla::app::picture::{Picture, Settings};
use vigla::app::screen::Screen;
use vigla::app::{Effect, Model, Msg, describe, update};
use vigla::layout::glyph::Glyphs;
use vigla::layout::scene::Scene;
use vigla::layout::selection::Selection;
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::findings::{FindingInput, Level, Report, analyze};
use vigla::mesh::graph::{Graph, GraphInput, GraphOptions, build};
use vigla::mesh::harmless::is_harmful;
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::routing::{Request, Router};
use vigla::mesh::split::verdict::Limits;
use vigla::mesh::split::views;
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::mesh::traffic::Traffic;
use vigla::mesh::{Key, MeshSnapshot, Objects, Scope, gateways};
use vigla::report::drawing::{Canvas, DrawingOptions, drawing};
use vigla::report::{self, findings};
use vigla::source::prometheus::decode;
use vigla::terminal::ColorDepth;
use vigla::ui::theme::Theme;
use vigla::ui::{self, View};

/// A mesh that works, except for what its people call things.
pub(crate) fn mesh(texts: &[String]) -> Vec<Value> {
    let text = |at: usize| texts.get(at % texts.len().max(1)).cloned().unwrap_or_default();
    let labels = json!({"app": text(0), "version": text(1)});
    let meta = |name: String| json!({"name": name, "namespace": "default", "labels": labels, "annotations": {text(2): text(3)}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(text(4)),
            "spec": {"nodeName": text(5), "containers": [{"name": text(6), "image": text(7)}, {"name": "istio-proxy", "image": text(8)}]},
            "status": {"phase": text(9), "reason": text(10), "message": text(11), "containerStatuses":
                [{"name": text(6), "ready": false, "restartCount": 3, "state": {"waiting": {"reason": text(12), "message": text(13)}}}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(text(0)),
            "spec": {"selector": labels, "ports": [{"name": text(14), "port": 9080}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta(text(15)),
            "spec": {"hosts": [text(0), text(16)], "http": [{"name": text(17),
                "match": [{"headers": {text(18): {"exact": text(19)}}, "uri": {"regex": text(20)}}],
                "route": [{"destination": {"host": text(0), "subset": text(1)}, "weight": 100}]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta(text(21)),
            "spec": {"host": text(0), "subsets": [{"name": text(1), "labels": labels}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": meta(text(22)),
            "spec": {"selector": labels, "servers": [{"hosts": [text(16), "*"], "port": {"number": 80, "name": text(23), "protocol": text(24)}}]}}),
    ]
}

/// An answer of Prometheus about two workloads with these names.
pub(crate) fn telemetry(texts: &[String]) -> Telemetry {
    let text = |at: usize| texts.get(at % texts.len().max(1)).cloned().unwrap_or_default();
    let metric = json!({"reporter": "source", "source_workload": text(1), "source_workload_namespace": "default",
        "source_canonical_service": text(2), "source_canonical_revision": text(3), "source_cluster": text(4),
        "destination_service": text(5), "destination_service_name": text(0), "destination_service_namespace": "default",
        "destination_workload": text(6), "destination_workload_namespace": "default", "destination_cluster": text(4),
        "destination_canonical_service": text(0), "destination_canonical_revision": text(7),
        "request_protocol": "http", "response_code": text(8), "response_flags": text(9)});
    let body = json!({"status": "success", "warnings": [text(10)],
        "data": {"resultType": "vector", "result": [{"metric": metric, "value": [1, "2.5"]}]}});
    let decoded = decode::rates([body.to_string()]).unwrap();
    Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(decoded.rows)),
        ..Telemetry::default()
    }
}

/// What it is and how it reads.
pub(crate) type Output = (&'static str, String);

fn snapshot(objects: Objects, telemetry: Telemetry) -> MeshSnapshot {
    MeshSnapshot {
        scope: Scope::All,
        objects,
        telemetry: Some(Arc::new(telemetry)),
        ..MeshSnapshot::default()
    }
}

/// A mesh and what printing needs of it, each worked out when it is first asked for.
struct Made {
    snapshot: MeshSnapshot,
    inventory: Inventory,
    graph: OnceCell<Graph>,
    drawn: OnceCell<(Scene, StyleTable)>,
    found: OnceCell<Report>,
}

/// The outputs of one kind.
type Printed = fn(&Made) -> Vec<Output>;

const PRINTED: [Printed; 8] = [
    |made| {
        let pods = report::pods::pods(&made.inventory, made.scope(), Timestamp::UNIX_EPOCH);
        vec![
            ("pods", report::pods::table(&pods, made.scope(), true)),
            ("pods json", report::json("vigla.pods/v1", &pods)),
            ("pods yaml", report::yaml("vigla.pods/v1", &pods)),
        ]
    },
    |made| {
        let (traffic, now) = (made.traffic(), Timestamp::UNIX_EPOCH);
        let services = report::services::services(&made.inventory, &traffic, made.scope(), now);
        vec![("services", report::services::table(&services, made.scope(), true))]
    },
    |made| {
        let (traffic, scope) = (made.traffic(), made.scope());
        let overview = report::overview::overview(&made.inventory, &traffic, scope, made.found());
        let urls = gateways::views(&made.snapshot.objects, scope);
        vec![
            ("overview", report::overview::table(&overview, true)),
            ("url", report::gateways::text(&urls) + &report::gateways::notes(&urls)),
        ]
    },
    |made| {
        let graph = made.graph();
        vec![
            ("graph json", report::json("v", &report::graph::document(graph, &made.snapshot))),
            ("dot", report::graph::dot(graph)),
            ("mermaid", report::graph::mermaid(graph)),
            ("tree", report::tree::table(graph, true)),
        ]
    },
    |made| {
        let (scene, styles) = made.drawn();
        let canvas = Canvas::of(scene, styles, &Selection::default(), Glyphs::Ascii);
        let plain = DrawingOptions { glyphs: Glyphs::Rounded, colour: false };
        vec![
            ("drawing", drawing(scene, styles, plain)),
            ("svg", report::svg::svg(&canvas, "title")),
        ]
    },
    |made| {
        let found = made.found();
        vec![
            ("findings", findings::text(found, false)),
            ("findings json", findings::json(found)),
            ("sarif", findings::sarif(found)),
            ("junit", findings::junit(found, Level::Info)),
        ]
    },
    |made| {
        let splits = views(&made.snapshot, &made.inventory, Limits::default());
        let printed = splits.iter().map(|split| {
            [
                ("split", report::split::table(split, false)),
                ("split json", report::json("vigla.split/v1", split)),
            ]
        });
        printed.flatten().collect()
    },
    |made| {
        let objects = &made.snapshot.objects;
        let router = Router::new(objects);
        let pods = objects.pods.keys().take(2);
        pods.flat_map(|key| routes(&router, key, objects)).collect()
    },
];

impl Made {
    fn of(objects: Objects, telemetry: Telemetry) -> Self {
        let snapshot = snapshot(objects, telemetry);
        Self {
            inventory: Inventory::of(&snapshot.objects),
            snapshot,
            graph: OnceCell::new(),
            drawn: OnceCell::new(),
            found: OnceCell::new(),
        }
    }

    fn scope(&self) -> &Scope {
        &self.snapshot.scope
    }

    fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| {
            build(&GraphInput {
                objects: &self.snapshot.objects,
                inventory: &self.inventory,
                telemetry: self.snapshot.telemetry.as_ref().unwrap(),
                scope: &self.snapshot.scope,
                options: &GraphOptions { idle: true, ..GraphOptions::default() },
                health: &HealthConfig::default(),
            })
        })
    }

    fn traffic(&self) -> Traffic {
        Traffic::of(&self.snapshot, &self.inventory)
    }

    fn drawn(&self) -> &(Scene, StyleTable) {
        self.drawn.get_or_init(|| {
            let view = ViewGraph::from_graph(self.graph(), &ViewOptions::default());
            let (scene, _) = layout(&view, &LayoutOptions::default(), None);
            let styles = StyleTable::from_graph(self.graph(), &view, None);
            (scene, styles)
        })
    }

    fn found(&self) -> &Report {
        self.found.get_or_init(|| analyze(&FindingInput::new(&self.snapshot.objects)))
    }
}

/// Everything that can be printed about a mesh.
pub(crate) fn outputs(objects: Objects, telemetry: Telemetry) -> Vec<Output> {
    let made = Made::of(objects, telemetry);
    PRINTED.iter().flat_map(|printed| printed(&made)).collect()
}

/// What one of the commands prints about a mesh, chosen by a number.
pub(crate) fn some_outputs(objects: Objects, telemetry: Telemetry, which: usize) -> Vec<Output> {
    PRINTED[which % PRINTED.len()](&Made::of(objects, telemetry))
}

fn routes(router: &Router, pod: &Key, objects: &Objects) -> Vec<Output> {
    let Ok(from) = router.source(&format!("pod/{}", pod.name), &pod.namespace) else {
        return Vec::new();
    };
    let hosts = objects.services.keys().map(|key| key.name.to_string());
    let mut all = Vec::new();
    for host in hosts.chain(["nowhere.example".to_owned()]).take(3) {
        let request = Request {
            from: from.clone(),
            host,
            port: 9080,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            ..Request::default()
        };
        let answer = router.answer(&request);
        all.push(("route", report::route::text(&answer, false)));
        all.push(("route json", report::plain_json(&answer)));
    }
    all
}

/// What the explorer shows of a mesh on each screen, and what it describes of an object.
pub(crate) fn screens(objects: Objects, telemetry: Telemetry, screens: &[Screen]) -> Vec<Output> {
    let snapshot = Arc::new(snapshot(objects, telemetry));
    let mut all = Vec::new();
    for screen in screens {
        let mut model = Model::new(*screen, Duration::from_secs(60), Keymap::default());
        let mut todo = update(&mut model, Msg::Resize(80, 24));
        todo.extend(update(&mut model, Msg::Snapshot(Arc::clone(&snapshot))));
        let enter = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Enter);
        for key in [None, Some(enter)] {
            todo.extend(key.into_iter().flat_map(|key| update(&mut model, Msg::Key(key))));
            perform(&mut model, std::mem::take(&mut todo));
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            let mut view = View::new(Theme::fitting(ColorDepth::True, false), false);
            terminal.draw(|frame| ui::draw(frame, &model, &mut view)).unwrap();
            let cells = terminal.backend().buffer().content().iter();
            all.push(("screen", cells.map(ratatui::buffer::Cell::symbol).collect()));
        }
    }
    all
}

/// Does what the explorer wants worked out; what asks the world is left.
fn perform(model: &mut Model, mut todo: Vec<Effect>) {
    while let Some(effect) = todo.pop() {
        let answer = match effect {
            Effect::Derive(snapshot, wanted, before) => {
                let settings = Settings::default();
                Msg::Derived(Arc::new(Picture::of(
                    &snapshot,
                    &wanted,
                    &settings,
                    before.as_deref(),
                )))
            }
            Effect::Render(snapshot, picture, place) => {
                let epoch = Timestamp::UNIX_EPOCH;
                let text = describe::text(&snapshot, picture.as_deref(), &place, epoch);
                Msg::Rendered(place, text)
            }
            _ => continue,
        };
        todo.extend(update(model, answer));
    }
}

/// Whether no output could act on a terminal, and those that are JSON can be read; else, which.
pub(crate) fn harmless(outputs: &[Output]) -> Result<(), String> {
    for (name, text) in outputs {
        if let Some(bad) = text.chars().find(|c| is_harmful(*c)) {
            return Err(format!("{name} has {bad:?}: {text:?}"));
        }
        if name.ends_with("json") || *name == "sarif" {
            serde_json::from_str::<Value>(text)
                .map_err(|error| format!("{name}: {error}: {text}"))?;
        }
    }
    Ok(())
}
