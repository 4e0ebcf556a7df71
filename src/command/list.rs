//! `vigla overview`, `vigla pods`, `vigla services`.

use std::time::Duration;

use super::{Context, Exit, Failure, print, watch};
use crate::cli::{ListArgs, ListOutput};
use crate::mesh::findings::{self, FindingInput};
use crate::mesh::graph::GraphOptions;
use crate::mesh::inventory::Inventory;
use crate::mesh::traffic::Traffic;
use crate::mesh::{Kind, MeshSnapshot, Scope};
use crate::report;
use crate::source::{LatencyBy, Needs, TelemetryRequest};

/// What tells which pods there are and what they belong to.
const PODS: &[Kind] = &[
    Kind::Namespace,
    Kind::Pod,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
];

pub(super) async fn pods(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let needs = Needs::kinds([Kind::Namespace, Kind::Pod, Kind::ReplicaSet]);
    answer(context, args, needs, |snapshot| {
        let inventory = Inventory::of(&snapshot.objects);
        let pods = report::pods::pods(&inventory, &snapshot.scope, jiff::Timestamp::now());
        match args.output {
            ListOutput::Json => report::json("vigla.pods/v1", &pods),
            ListOutput::Yaml => report::yaml("vigla.pods/v1", &pods),
            wide => report::pods::table(&pods, &snapshot.scope, wide == ListOutput::Wide),
        }
    })
    .await
}

pub(super) async fn services(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let needs = Needs::kinds(PODS.iter().copied().chain([Kind::Service]))
        .with_telemetry(telemetry(context, LatencyBy::Service));
    answer(context, args, needs, |snapshot| {
        let (inventory, traffic) = services_and_traffic(context, snapshot);
        let scope = &snapshot.scope;
        let services =
            report::services::services(&inventory, &traffic, scope, jiff::Timestamp::now());
        match args.output {
            ListOutput::Json => report::json("vigla.services/v1", &services),
            ListOutput::Yaml => report::yaml("vigla.services/v1", &services),
            wide => report::services::table(&services, scope, wide == ListOutput::Wide),
        }
    })
    .await
}

pub(super) async fn overview(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let mut needs = super::analyze::needs_of_scope(false)
        .with_telemetry(telemetry(context, LatencyBy::Namespace));
    // A ReplicaSet's name gives its Deployment away, and there are as many of them as pods.
    needs.kinds.remove(&Kind::ReplicaSet);
    answer(context, args, needs, |snapshot| {
        let (inventory, traffic) = services_and_traffic(context, snapshot);
        let report = findings::analyze(&FindingInput {
            scope: &snapshot.scope,
            kinds: &snapshot.kinds,
            now: Some(jiff::Timestamp::now()),
            ..FindingInput::new(&snapshot.objects)
        });
        let overview = report::overview::overview(&inventory, &traffic, &snapshot.scope, &report);
        match args.output {
            ListOutput::Json => report::json("vigla.overview/v1", &overview),
            ListOutput::Yaml => report::yaml("vigla.overview/v1", &overview),
            wide => report::overview::table(&overview, wide == ListOutput::Wide),
        }
    })
    .await
}

/// How long an answer waits for the latency beside its rates.
const ORNAMENT: Duration = Duration::from_secs(2);

fn telemetry(context: &Context, by: LatencyBy) -> TelemetryRequest {
    let options = GraphOptions::by_service();
    let mut request = TelemetryRequest::for_graph(Scope::Unset, context.source.window, &options);
    request.latency = Some(by);
    request.latency_within = Some(ORNAMENT);
    request
}

/// What is there and what it does. Where no cluster is asked, what is called stands for what is
/// there.
fn services_and_traffic(context: &Context, snapshot: &MeshSnapshot) -> (Inventory, Traffic) {
    let inventory = Inventory::of(&snapshot.objects);
    let traffic = Traffic::of(snapshot, &inventory);
    if context.cli.global.no_cluster {
        return (Inventory::of_services(traffic.services.keys()), traffic);
    }
    (inventory, traffic)
}

async fn answer(
    context: &Context,
    args: &ListArgs,
    needs: Needs,
    render: impl Fn(&MeshSnapshot) -> String,
) -> Result<Exit, Failure> {
    if args.watch {
        let by_line = matches!(args.output, ListOutput::Table | ListOutput::Wide);
        let latency = needs.telemetry.and_then(|telemetry| telemetry.latency);
        return watch::run(context, by_line, latency, render).await;
    }
    let snapshot = context.once(&needs).await?;
    print(&render(&snapshot))?;
    Ok(Exit::Fine)
}
