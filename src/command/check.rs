//! `vigla check`: a gate for roll-outs.

use std::time::Duration;

use super::{Context, Exit, Failure, print};
use crate::cli::{CheckArgs, TextOutput};
use crate::mesh::check::{self, Answer, CheckInput, Limits, Report, Status};
use crate::mesh::findings::{self, FindingInput, Level};
use crate::mesh::graph::GraphOptions;
use crate::mesh::inventory::Inventory;
use crate::mesh::split;
use crate::mesh::telemetry::Part;
use crate::mesh::traffic::Traffic;
use crate::mesh::{Kind, KindState, MeshSnapshot, Scope, SourceState, gateways};
use crate::report;
use crate::source::{LatencyBy, Needs, Reach, TelemetryRequest};

/// Between two looks while waiting.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    if args.connect {
        return connect(context, args).await;
    }
    let began = tokio::time::Instant::now();
    loop {
        let snapshot = context.once(&needs(context, args)).await?;
        let report = look(context, args, &snapshot)?;
        let over = !args.watch || report.healthy || began.elapsed() + PAUSE > args.timeout;
        if over {
            print(&match args.output {
                TextOutput::Text => report::check::text(&report, context.ascii()),
                TextOutput::Json => report::json("vigla.check/v1", &report),
            })?;
            return Ok(if report.healthy { Exit::Fine } else { Exit::Found });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The way to the sources, step by step.
async fn connect(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    let checks = crate::source::walk(&context.source).await;
    let report =
        Report { healthy: checks.iter().all(|step| step.status != Status::Failed), checks };
    print(&match args.output {
        TextOutput::Text => report::check::way(&report, context.ascii()),
        TextOutput::Json => report::json("vigla.check/v1", &report),
    })?;
    Ok(if report.healthy { Exit::Fine } else { Exit::Found })
}

fn needs(context: &Context, args: &CheckArgs) -> Needs {
    let options = GraphOptions::by_service();
    let telemetry = TelemetryRequest {
        latency: args.max_p95.map(|_| LatencyBy::Service),
        counts: true,
        ..TelemetryRequest::for_graph(Scope::Unset, context.source.window, &options)
    };
    let workloads = [Kind::StatefulSet, Kind::DaemonSet];
    super::route::needs().with(Reach::Everywhere, workloads).with_telemetry(telemetry)
}

fn look(context: &Context, args: &CheckArgs, snapshot: &MeshSnapshot) -> Result<Report, Failure> {
    let inventory = Inventory::of(&snapshot.objects);
    if let Some(service) = &args.service {
        super::split::known(&inventory, &snapshot.scope, service)?;
    }
    let traffic = Traffic::of(snapshot, &inventory);
    let splits = split::views(snapshot, &inventory, context.limits(false));
    let limits = Limits {
        max_errors: args.max_errors,
        max_p95: args.max_p95.map(|limit| limit.as_secs_f64() * 1000.0),
    };
    let input = CheckInput {
        inventory: &inventory,
        traffic: &traffic,
        splits: &splits,
        gateways: &gateways::views(&snapshot.objects, &snapshot.scope),
        scope: &snapshot.scope,
        service: args.service.as_deref(),
        limits: &limits,
        has_telemetry: has_rates(snapshot),
    };
    let mut more = if args.service.is_none() { configuration(snapshot) } else { Vec::new() };
    more.extend(missing_objects(snapshot));
    more.extend(missing_telemetry(snapshot, args));
    let seen = input.inventory.workloads.values().any(|w| snapshot.scope.contains(&w.id.namespace))
        || input.inventory.services.keys().any(|key| snapshot.scope.contains(&key.namespace));
    if !seen && snapshot.kubernetes.state != SourceState::Disabled {
        more.push(Answer {
            check: "objects",
            status: Status::Failed,
            object: scope_name(&snapshot.scope),
            message: "neither workloads nor services are here".to_owned(),
            hint: "is the namespace right? vigla overview -A lists all of them".to_owned(),
        });
    }
    Ok(check::check(&input, more))
}

fn has_rates(snapshot: &MeshSnapshot) -> bool {
    snapshot
        .telemetry
        .as_ref()
        .is_some_and(|telemetry| !matches!(telemetry.requests, Part::Failed(_)))
        && !matches!(snapshot.prometheus.state, SourceState::Disabled | SourceState::Unavailable)
}

fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::Namespaces(names) => format!("Namespace {}", names.join(", ")),
        Scope::All | Scope::Unset => "every namespace".to_owned(),
    }
}

/// Kinds without which nothing can be called healthy.
const DECISIVE: &[Kind] = &[
    Kind::Pod,
    Kind::Service,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::VirtualService,
    Kind::DestinationRule,
];

/// What could not be read of the cluster: it fails the gate where the gate rests on it.
fn missing_objects(snapshot: &MeshSnapshot) -> Option<Answer> {
    let trouble = snapshot.kubernetes.trouble.clone()?;
    let unread = |kind: &&Kind| {
        matches!(
            snapshot.kinds.get(*kind),
            Some(KindState::Forbidden(_) | KindState::Failed(_) | KindState::Pending)
        )
    };
    let decides = DECISIVE.iter().any(|kind| unread(&kind));
    Some(Answer {
        check: "objects",
        status: if decides { Status::Failed } else { Status::Unknown },
        object: trouble.what,
        message: trouble.why,
        hint: trouble.hint,
    })
}

/// Numbers that were to be asked for and are missing.
fn missing_telemetry(snapshot: &MeshSnapshot, args: &CheckArgs) -> Option<Answer> {
    if snapshot.prometheus.state == SourceState::Disabled {
        return Some(Answer {
            check: "telemetry",
            status: Status::Unknown,
            object: "Prometheus".to_owned(),
            message: "not asked: errors, latency and shares are unknown".to_owned(),
            hint: "check without --no-metrics to have them".to_owned(),
        });
    }
    let trouble = snapshot.prometheus.trouble.clone()?;
    let no_latency =
        snapshot.telemetry.as_ref().is_some_and(|t| matches!(t.called_latency, Part::Failed(_)));
    let decides = !has_rates(snapshot) || (no_latency && args.max_p95.is_some());
    Some(Answer {
        check: "telemetry",
        status: if decides { Status::Failed } else { Status::Unknown },
        object: trouble.what,
        message: trouble.why,
        hint: trouble.hint,
    })
}

/// Errors in the configuration of the scope: routes to missing subsets among them.
fn configuration(snapshot: &MeshSnapshot) -> Vec<Answer> {
    let input = FindingInput {
        scope: &snapshot.scope,
        kinds: &snapshot.kinds,
        ..FindingInput::new(&snapshot.objects)
    };
    let found = findings::analyze(&input).findings;
    let errors = found.into_iter().filter(|finding| finding.level == Level::Error);
    let answer = |finding: findings::Finding| Answer {
        check: "configuration",
        // A subset without pods harms nobody until a route leads to it; then requests fail.
        status: if finding.code == "IST0173" { Status::Warning } else { Status::Failed },
        object: finding.object.map_or_else(String::new, |object| {
            format!("{} {}/{}", object.kind, object.namespace, object.name)
        }),
        message: format!("{} {}", finding.code, finding.message),
        hint: format!("vigla analyze --explain {}", finding.code),
    };
    errors.map(answer).collect()
}
