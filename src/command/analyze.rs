//! `vigla analyze`.

use std::io::Write;

use super::{Context, Exit, Failure, options, print, split};
use jiff::Timestamp;

use crate::cli::{AnalyzeArgs, AnalyzeOutput};
use crate::mesh::findings::{
    self, Evidence, FindingInput, Level, Report, Suppression, parse_suppression, parse_threshold,
};
use crate::mesh::inventory::Inventory;
use crate::mesh::split::views;
use crate::mesh::{Kind, MeshSnapshot, Objects, Scope, Trouble};
use crate::report::findings as write;
use crate::source::files::{self, Manifests};
use crate::source::{Needs, Reach, SourceOptions, once};

/// Answers from the registry alone: `--list` and `--explain`.
pub(super) fn from_handbook(args: &AnalyzeArgs) -> Result<Option<String>, Failure> {
    if args.list {
        return Ok(Some(write::list()));
    }
    let usage = |trouble| Failure { exit: Exit::Usage, trouble };
    args.explain.as_deref().map(|code| write::explain(code).map_err(usage)).transpose()
}

/// What the user asks to leave out, and from which level on it counts.
struct Wishes {
    suppressions: Vec<Suppression>,
    threshold: Level,
}

pub(super) async fn run(context: &Context, args: &AnalyzeArgs) -> Result<Exit, Failure> {
    let usage = |trouble: Trouble| Failure { exit: Exit::Usage, trouble };
    let suppressions = args.suppress.iter().map(|text| parse_suppression(text));
    let wishes = Wishes {
        suppressions: suppressions.collect::<Result<_, _>>().map_err(usage)?,
        threshold: parse_threshold(&args.failure_threshold).map_err(usage)?,
    };
    match (context.source.files.is_empty(), args.with_cluster) {
        (true, _) => cluster(context, args, &wishes).await,
        (false, false) => manifests(context, args, &wishes),
        (false, true) => change(context, args, &wishes).await,
    }
}

async fn cluster(context: &Context, args: &AnalyzeArgs, wishes: &Wishes) -> Result<Exit, Failure> {
    let needs = needs_of_scope(args.read_secrets).with_telemetry(split::telemetry(context));
    let snapshot = context.once(&needs).await?;
    let evidence = evidence(context, &snapshot);
    let input = FindingInput { evidence: &evidence, ..live_input(args, wishes, &snapshot) };
    finish(context, args, wishes, &findings::analyze(&input))
}

fn manifests(context: &Context, args: &AnalyzeArgs, wishes: &Wishes) -> Result<Exit, Failure> {
    let Manifests { objects, texts } = files::read(&context.source.files)?;
    let scope = file_scope(context);
    let input = FindingInput {
        scope: &scope,
        suppressions: &wishes.suppressions,
        now: Some(Timestamp::now()),
        texts: &texts,
        ..FindingInput::files(&objects)
    };
    finish(context, args, wishes, &findings::analyze(&input))
}

/// The files laid over the live objects, and what that changes.
async fn change(context: &Context, args: &AnalyzeArgs, wishes: &Wishes) -> Result<Exit, Failure> {
    let files = files::read(&context.source.files)?;
    let source = SourceOptions { files: Vec::new(), ..context.source.clone() };
    let snapshot = once(&source, &needs(args.read_secrets)).await?;
    super::warn(&snapshot);
    let scope = file_scope(context);
    let input = live_input(args, wishes, &snapshot);
    let before = findings::analyze(&FindingInput { scope: &scope, ..input });
    let after = laid_over(&snapshot.objects, &files.objects);
    let after = findings::analyze(&FindingInput {
        objects: &after,
        scope: &scope,
        texts: &files.texts,
        ..input
    });
    let brings = Report {
        findings: after.beyond(&before).into_iter().cloned().collect(),
        withheld: after.withheld.clone(),
    };
    let change = write::Change {
        findings: brings.findings.iter().collect(),
        mended: before.beyond(&after),
        withheld: &after.withheld,
    };
    tell_withheld(&brings);
    print(&match args.output {
        AnalyzeOutput::Text => {
            write::change_text(&change, options::color(context.cli.global.color))
        }
        AnalyzeOutput::Json => write::change_json(&change),
        AnalyzeOutput::Sarif => write::sarif(&brings),
        AnalyzeOutput::Junit => write::junit(&brings, wishes.threshold),
    })?;
    Ok(exit(&brings, wishes))
}

/// Objects of files in place of the live ones of the same name.
fn laid_over(live: &Objects, files: &Objects) -> Objects {
    let mut objects = live.clone();
    for kind in Objects::KINDS {
        objects.absorb(*kind, files);
    }
    objects.load_mesh_config();
    objects
}

fn live_input<'a>(
    args: &AnalyzeArgs,
    wishes: &'a Wishes,
    snapshot: &'a MeshSnapshot,
) -> FindingInput<'a> {
    FindingInput {
        scope: &snapshot.scope,
        suppressions: &wishes.suppressions,
        read_secrets: args.read_secrets,
        kinds: &snapshot.kinds,
        now: Some(Timestamp::now()),
        ..FindingInput::new(&snapshot.objects)
    }
}

/// Files hold what their author wants checked: every namespace, unless told otherwise.
fn file_scope(context: &Context) -> Scope {
    match &context.source.scope {
        Scope::Unset => Scope::All,
        scope => scope.clone(),
    }
}

/// Every kind a rule looks at; the whole mesh, because a host of any namespace may be meant.
fn needs(secrets: bool) -> Needs {
    let left_out = |kind: &&Kind| match kind {
        Kind::Secret => !secrets,
        // Read from the root namespace alone: others are nobody's mesh configuration.
        Kind::ConfigMap | Kind::Node | Kind::EndpointSlice => true,
        _ => false,
    };
    let kinds = Objects::KINDS.iter().filter(|kind| !left_out(kind)).copied();
    Needs::default().with(Reach::Root, [Kind::ConfigMap]).with(Reach::Everywhere, kinds)
}

/// The same where findings are told of the scope alone: of these kinds a rule looks at no object
/// but those of the namespace it speaks of, and they are most of what a cluster holds.
pub(super) fn needs_of_scope(secrets: bool) -> Needs {
    let near =
        [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::ServiceAccount, Kind::Event];
    needs(secrets).with(Reach::Scope, near)
}

/// What traffic says about the splits of the scope.
fn evidence(context: &Context, snapshot: &MeshSnapshot) -> Evidence {
    let inventory = Inventory::of(&snapshot.objects);
    Evidence::of(&views(snapshot, &inventory, context.limits(true)))
}

fn finish(
    context: &Context,
    args: &AnalyzeArgs,
    wishes: &Wishes,
    report: &Report,
) -> Result<Exit, Failure> {
    tell_withheld(report);
    print(&match args.output {
        AnalyzeOutput::Text => write::text(report, options::color(context.cli.global.color)),
        AnalyzeOutput::Json => write::json(report),
        AnalyzeOutput::Sarif => write::sarif(report),
        AnalyzeOutput::Junit => write::junit(report, wishes.threshold),
    })?;
    Ok(exit(report, wishes))
}

fn exit(report: &Report, wishes: &Wishes) -> Exit {
    if report.reaches(wishes.threshold) { Exit::Found } else { Exit::Fine }
}

/// Says on stderr what could not be decided.
fn tell_withheld(report: &Report) {
    // Nobody is left to tell when stderr is gone.
    let _ = std::io::stderr().write_all(write::withheld(report).as_bytes());
}
