//! `vigla graph`.

use std::io::IsTerminal;

use super::{Context, Exit, Failure, options, print};
use crate::cli::{GraphArgs, GraphOutput};
use crate::layout::first_view::{Opening, opening};
use crate::layout::glyph::Glyphs;
use crate::layout::scene::{LabelMode, Orientation};
use crate::layout::selection::Selection;
use crate::layout::style::StyleTable;
use crate::layout::view::ViewOptions;
use crate::mesh::graph::{self, Graph, GraphInput, GraphOptions};
use crate::mesh::inventory::Inventory;
use crate::mesh::{Kind, MeshSnapshot, Scope};
use crate::report;
use crate::report::drawing::Canvas;
use crate::source::{LatencyBy, Needs, TelemetryRequest};

/// What colours, marks and completes the nodes. A ReplicaSet's name gives its Deployment away, which
/// is all that a graph would read them for; there are as many of them as pods.
const KINDS: &[Kind] = &[
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Service,
    Kind::ServiceEntry,
];

pub(super) async fn run(context: &Context, args: &GraphArgs) -> Result<Exit, Failure> {
    let options = graph_options(context, args);
    let mut request = TelemetryRequest::for_graph(Scope::Unset, context.source.window, &options);
    let wanted = args.latency || wants_latency(context, args);
    request.latency = wanted.then_some(LatencyBy::Edge);
    request.throughput = args.throughput || wants_throughput(context, args);
    let needs = Needs::kinds(KINDS.iter().copied()).with_telemetry(request);
    let snapshot = context.once(&needs).await?;
    let inventory = Inventory::of(&snapshot.objects);
    let graph = build(context, &snapshot, &inventory, &options);
    print(&render(context, args, &snapshot, &graph))?;
    Ok(Exit::Fine)
}

/// The graph of a snapshot; without telemetry it has the idle nodes at most.
pub(super) fn build(
    context: &Context,
    snapshot: &MeshSnapshot,
    inventory: &Inventory,
    options: &GraphOptions,
) -> Graph {
    let nothing = std::sync::Arc::default();
    graph::build(&GraphInput {
        objects: &snapshot.objects,
        inventory,
        telemetry: snapshot.telemetry.as_ref().unwrap_or(&nothing),
        scope: &snapshot.scope,
        options,
        health: &context.config.health,
    })
}

fn graph_options(context: &Context, args: &GraphArgs) -> GraphOptions {
    let settings = &context.config.graph;
    GraphOptions {
        graph_type: args.graph_type.unwrap_or(settings.graph_type),
        service_nodes: args.service_nodes || settings.service_nodes,
        idle: args.idle || settings.idle,
        http: args.http,
        grpc: args.grpc,
        tcp: args.tcp,
    }
}

/// Labels that speak of latency need it.
fn wants_latency(context: &Context, args: &GraphArgs) -> bool {
    let drawn = matches!(args.output, GraphOutput::Text | GraphOutput::Svg | GraphOutput::Tree);
    let labels = args.labels.unwrap_or(context.config.graph.labels);
    drawn
        && (args.output == GraphOutput::Tree
            || matches!(labels, LabelMode::P50 | LabelMode::P95 | LabelMode::P99))
}

/// As labels that speak of throughput do.
fn wants_throughput(context: &Context, args: &GraphArgs) -> bool {
    let drawn = matches!(args.output, GraphOutput::Text | GraphOutput::Svg);
    drawn && args.labels.unwrap_or(context.config.graph.labels) == LabelMode::Throughput
}

fn render(context: &Context, args: &GraphArgs, snapshot: &MeshSnapshot, graph: &Graph) -> String {
    const SCHEMA: &str = "vigla.graph/v1";
    match args.output {
        GraphOutput::Json => report::json(SCHEMA, &report::graph::document(graph, snapshot)),
        GraphOutput::Yaml => report::yaml(SCHEMA, &report::graph::document(graph, snapshot)),
        GraphOutput::Dot => report::graph::dot(graph),
        GraphOutput::Mermaid => report::graph::mermaid(graph),
        GraphOutput::Text | GraphOutput::Tree if graph.nodes.is_empty() => nothing(snapshot),
        GraphOutput::Tree => report::tree::table(graph, context.ascii()),
        GraphOutput::Text => draw(context, args, graph, |drawn| {
            let color = options::color(context.cli.global.color);
            drawn.canvas.text(color) + &report::drawing::left_out(&drawn.opening)
        }),
        GraphOutput::Svg => {
            draw(context, args, graph, |drawn| report::svg::svg(&drawn.canvas, &title(snapshot)))
        }
    }
}

/// A graph in cells.
struct Drawn {
    canvas: Canvas,
    opening: Opening,
}

/// Draws the graph in the columns there are: the nearest zoom that fits.
fn draw(
    context: &Context,
    args: &GraphArgs,
    graph: &Graph,
    write: impl FnOnce(&Drawn) -> String,
) -> String {
    let settings = &context.config.graph;
    let labels = args.labels.unwrap_or(settings.labels);
    let wanted = ViewOptions { bands: several_namespaces(graph), ..ViewOptions::default() };
    let window = (args.width.map_or_else(columns, i32::from), ROWS);
    // Left to right is also the default: only a flag makes it a must.
    let way = args
        .orientation
        .or_else(|| (settings.orientation == Orientation::TopDown).then_some(Orientation::TopDown));
    let opening = opening(graph, &wanted, window, labels, way);
    let styles = StyleTable::from_graph(graph, &opening.view, None);
    let glyphs = if context.ascii() { Glyphs::Ascii } else { Glyphs::Rounded };
    let canvas = Canvas::of(&opening.scene, &styles, &Selection::default(), glyphs);
    write(&Drawn { canvas, opening })
}

/// Text scrolls: it may be as long as it wants, as long as it is not wider than the terminal.
const ROWS: i32 = 400;

/// Columns of the terminal; in a pipe those of the smallest one that people use.
fn columns() -> i32 {
    let known = std::io::stdout().is_terminal().then(crossterm::terminal::size);
    known.and_then(Result::ok).map_or(80, |(columns, _)| i32::from(columns).max(20))
}

fn several_namespaces(graph: &Graph) -> bool {
    let mut namespaces: Vec<_> = graph.nodes.iter().filter_map(|n| n.namespace.as_ref()).collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces.len() > 2
}

fn nothing(snapshot: &MeshSnapshot) -> String {
    format!("{}: no traffic within the window\n", title(snapshot))
}

fn title(snapshot: &MeshSnapshot) -> String {
    match &snapshot.scope {
        Scope::Namespaces(names) => names.join(", "),
        Scope::All | Scope::Unset => "all namespaces".to_owned(),
    }
}
