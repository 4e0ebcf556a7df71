//! `vigla split`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Context, Exit, Failure, print, warn};
use crate::cli::{SplitArgs, TableOutput};
use crate::mesh::inventory::Inventory;
use crate::mesh::split::observe::Observed;
use crate::mesh::split::{self, SplitView, Verdict};
use crate::mesh::{Key, MeshSnapshot, Scope, Trouble, words};
use crate::report;
use crate::source::{self, LatencyBy, Needs, Reach, TelemetryRequest};

/// Shares that were reached may lie this far from what was waited for, in percent points.
const CONFIGURED_TOLERANCE: f64 = 0.05;

pub(super) async fn run(context: &Context, args: &SplitArgs) -> Result<Exit, Failure> {
    let wanted = wanted(&args.until)?;
    if args.watch || !wanted.is_empty() {
        return follow(context, args, &wanted).await;
    }
    let snapshot = context.once(&needs(context)).await?;
    print(&render(context, args, &view(context, args, &snapshot)?))?;
    Ok(Exit::Fine)
}

fn needs(context: &Context) -> Needs {
    let workloads = [crate::mesh::Kind::StatefulSet, crate::mesh::Kind::DaemonSet];
    super::route::needs().with(Reach::Everywhere, workloads).with_telemetry(telemetry(context))
}

/// What splits are judged by: counts, and the rates and latency of the columns beside them.
pub(super) fn telemetry(context: &Context) -> TelemetryRequest {
    let options = split::graph_options();
    TelemetryRequest {
        latency: Some(LatencyBy::Edge),
        counts: true,
        ..TelemetryRequest::for_graph(Scope::Unset, context.source.window, &options)
    }
}

fn render(context: &Context, args: &SplitArgs, view: &SplitView) -> String {
    match args.output {
        TableOutput::Table => report::split::table(view, context.ascii()),
        TableOutput::Json => report::json("vigla.split/v1", view),
    }
}

fn view(
    context: &Context,
    args: &SplitArgs,
    snapshot: &MeshSnapshot,
) -> Result<SplitView, Failure> {
    let inventory = if context.cli.global.no_cluster {
        let counts = snapshot.telemetry.as_ref().map_or(&[][..], |told| told.counts.rows());
        Inventory::of_services(Observed::of(counts).services.keys())
    } else {
        Inventory::of(&snapshot.objects)
    };
    let service = known(&inventory, &snapshot.scope, &args.service)?;
    // A gate must not be fooled by being asked again and again.
    let limits = context.limits(!args.until.is_empty());
    Ok(split::view(snapshot, &inventory, &service, limits))
}

/// The service that a user names, which must be there.
pub(super) fn known(inventory: &Inventory, scope: &Scope, text: &str) -> Result<Key, Failure> {
    let named = text.split_once('/');
    let matches = |key: &&Key| match named {
        Some((namespace, name)) => &*key.namespace == namespace && &*key.name == name,
        None => scope.contains(&key.namespace) && &*key.name == text,
    };
    let found: Vec<&Key> = inventory.services.keys().filter(matches).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let asked = inventory.services.keys().filter(|key| scope.contains(&key.namespace));
            let names: Vec<String> = asked.take(20).map(|key| key.name.to_string()).collect();
            let hint = if names.is_empty() {
                "there are no services here: name another namespace with -n".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            };
            Err(Trouble::new(format!("find the service {text}"), "there is none", hint).into())
        }
        many => Err(Failure::usage(
            format!("find the service {text}"),
            format!("it is in {} namespaces", many.len()),
            "write NAMESPACE/NAME",
        )),
    }
}

/// `v3=50,v1=50` as a map.
fn wanted(until: &[String]) -> Result<BTreeMap<Arc<str>, f64>, Failure> {
    let read = |text: &String| {
        let (version, percent) = text.split_once('=')?;
        let percent: f64 = percent.trim_end_matches('%').parse().ok()?;
        (0.0..=100.0).contains(&percent).then(|| (Arc::from(version), percent))
    };
    let one = |text: &String| {
        read(text).ok_or_else(|| {
            Failure::usage(
                format!("understand --until {text}"),
                "it is not of the form VERSION=PERCENT",
                "write for instance --until v3=50",
            )
        })
    };
    until.iter().map(one).collect()
}

/// Prints as the counts grow, or waits until they agree with what is wanted.
async fn follow(
    context: &Context,
    args: &SplitArgs,
    wanted: &BTreeMap<Arc<str>, f64>,
) -> Result<Exit, Failure> {
    let mut live = source::live::start(context.source.clone());
    let _ = live.control.try_send(source::Control::WantCounts(true));
    let _ = live.control.try_send(source::Control::WantLatency(Some(LatencyBy::Edge)));
    let deadline = tokio::time::Instant::now() + args.timeout;
    let mut last: Option<SplitView> = None;
    loop {
        let snapshot = Arc::clone(&live.snapshots.borrow_and_update());
        if snapshot.telemetry.as_ref().is_some_and(|t| !t.counts.rows().is_empty()) {
            let view = view(context, args, &snapshot)?;
            if args.watch && last.as_ref() != Some(&view) {
                print(&render(context, args, &view))?;
            }
            if !wanted.is_empty() && reached(&view, wanted) {
                print(&render(context, args, &view))?;
                return Ok(Exit::Fine);
            }
            last = Some(view);
        }
        let wait = tokio::time::sleep_until(deadline);
        tokio::select! {
            changed = live.snapshots.changed() => if changed.is_err() { return Ok(Exit::Fine) },
            () = wait, if !wanted.is_empty() => {
                warn(&live.snapshots.borrow());
                return gave_up(context, args, last.as_ref(), wanted);
            }
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Fine),
        }
    }
}

/// The configuration says what is wanted, and the counts agree with the configuration.
fn reached(view: &SplitView, wanted: &BTreeMap<Arc<str>, f64>) -> bool {
    view.verdict == Verdict::Agrees
        && wanted.iter().all(|(name, percent)| {
            configured(view, name).is_some_and(|c| (c - percent).abs() <= CONFIGURED_TOLERANCE)
        })
}

fn configured(view: &SplitView, name: &Arc<str>) -> Option<f64> {
    let found = view.versions.iter().find(|version| {
        version.version.as_ref() == Some(name) || version.subset.as_ref() == Some(name)
    });
    found.map(|version| version.configured_percent.unwrap_or_default())
}

fn gave_up(
    context: &Context,
    args: &SplitArgs,
    last: Option<&SplitView>,
    wanted: &BTreeMap<Arc<str>, f64>,
) -> Result<Exit, Failure> {
    let seconds = words::seconds(i64::try_from(args.timeout.as_secs()).unwrap_or(i64::MAX));
    let why = match last {
        None => "no request counts came in".to_owned(),
        Some(view) => {
            let off = wanted.iter().find(|(name, percent)| {
                configured(view, name).is_none_or(|c| (c - **percent).abs() > CONFIGURED_TOLERANCE)
            });
            match off.map(|(name, percent)| (name, percent, configured(view, name))) {
                Some((name, percent, Some(is))) => format!(
                    "{name} is configured with {}, not {}",
                    words::percent(is),
                    words::percent(*percent)
                ),
                Some((name, _, None)) => format!("there is no version {name}"),
                None => view.explanation.clone(),
            }
        }
    };
    if let Some(view) = last {
        print(&render(context, args, view))?;
    }
    super::tell("not reached", &Trouble::new(format!("within {seconds}"), why, ""));
    Ok(Exit::Found)
}
