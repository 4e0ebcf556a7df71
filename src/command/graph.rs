//! `vigla graph`.

use super::{Context, Exit, Failure, options, print};
use crate::cli::{GraphArgs, GraphOutput};
use crate::mesh::graph::{self, Graph, GraphInput, GraphOptions};
use crate::mesh::inventory::Inventory;
use crate::mesh::{Kind, MeshSnapshot, Scope};
use crate::report;
use crate::source::{Needs, TelemetryRequest};

/// What colours, marks and completes the nodes.
const KINDS: &[Kind] = &[
    Kind::Pod,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Service,
    Kind::ServiceEntry,
];

pub(super) async fn run(context: &Context, args: &GraphArgs) -> Result<Exit, Failure> {
    let options = graph_options(context, args);
    let mut request = TelemetryRequest::for_graph(Scope::Unset, context.source.window, &options);
    request.latency = args.latency || wants_latency(context, args);
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
    use crate::config::Labels;
    let drawn = matches!(args.output, GraphOutput::Text | GraphOutput::Svg | GraphOutput::Tree);
    let labels = args.labels.unwrap_or(context.config.graph.labels);
    drawn
        && (args.output == GraphOutput::Tree
            || matches!(labels, Labels::P50 | Labels::P95 | Labels::P99))
}

fn render(context: &Context, args: &GraphArgs, snapshot: &MeshSnapshot, graph: &Graph) -> String {
    const SCHEMA: &str = "vigla.graph/v1";
    let _ = (context, options::color);
    match args.output {
        GraphOutput::Json => report::json(SCHEMA, &report::graph::document(graph, snapshot)),
        GraphOutput::Yaml => report::yaml(SCHEMA, &report::graph::document(graph, snapshot)),
        GraphOutput::Dot => report::graph::dot(graph),
        GraphOutput::Mermaid => report::graph::mermaid(graph),
        GraphOutput::Text | GraphOutput::Tree | GraphOutput::Svg => String::new(),
    }
}
