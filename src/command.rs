//! The subcommands: each gathers what it needs once, answers on stdout, and ends.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::mesh::split::verdict::Limits;
use crate::mesh::{MeshSnapshot, SourceState, Trouble};
use crate::source::{self, Fault, Needs, SourceOptions};

mod analyze;
mod check;
mod graph;
mod list;
mod options;
mod route;
mod serve;
mod split;
mod url;
mod watch;

/// How the program ends; the numbers are the contract of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Fine = 0,
    /// Could not do it.
    Failed = 1,
    /// Wrong usage of the command line.
    Usage = 64,
    /// A file that cannot be understood.
    BadInput = 65,
    /// Done, and it found something.
    Found = 79,
}

/// Why a command gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    pub trouble: Trouble,
}

impl Failure {
    pub fn usage(what: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, trouble: Trouble::new(what, why, hint) }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self { exit: Exit::Failed, trouble }
    }
}

impl From<source::Failure> for Failure {
    fn from(failure: source::Failure) -> Self {
        let exit = match failure.fault {
            Fault::Input => Exit::BadInput,
            Fault::Source => Exit::Failed,
        };
        Self { exit, trouble: failure.trouble }
    }
}

/// What every command works with.
pub struct Context {
    pub cli: Cli,
    pub config: Config,
    pub source: SourceOptions,
    /// The embedded world, alive as long as the command.
    _demo: Option<crate::demo::Demo>,
}

/// Runs what the command line asks for.
///
/// # Errors
/// Why there is no answer, and the exit code for it.
pub async fn run(mut cli: Cli) -> Result<Exit, Failure> {
    if cli.global.print_rbac {
        print(&source::kube::rights::cluster_role())?;
        return Ok(Exit::Fine);
    }
    let command = cli.command.take();
    if let Some(done) = without_source(command.as_ref())? {
        return Ok(done);
    }
    let config = Config::load(cli.global.config.as_deref())
        .map_err(|trouble| Failure { exit: Exit::BadInput, trouble })?;
    let log = crate::logging::file(cli.global.log_file.as_ref(), &config.log.file);
    let _logging = crate::logging::start(&log, config.log.level)?;
    if let Some(Command::Demo { command }) = &command {
        return serve::run(command).await;
    }
    let (source, demo) = options::gather(&cli.global, &config).await?;
    let context = Context { cli, config, source, _demo: demo };
    dispatch(&context, command).await
}

/// Commands that need neither settings nor a source.
fn without_source(command: Option<&Command>) -> Result<Option<Exit>, Failure> {
    match command {
        Some(Command::Config) => print(crate::config::DEFAULT_FILE)?,
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "vigla", &mut script);
            print(&String::from_utf8_lossy(&script))?;
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|error| Trouble::new("write the manual page", error.to_string(), ""))?;
            print(&String::from_utf8_lossy(&page))?;
        }
        Some(Command::Analyze(args)) => match analyze::from_handbook(args)? {
            Some(text) => print(&text)?,
            None => return Ok(None),
        },
        _ => return Ok(None),
    }
    Ok(Some(Exit::Fine))
}

async fn dispatch(context: &Context, command: Option<Command>) -> Result<Exit, Failure> {
    match command {
        None => explore(context).await,
        Some(Command::Overview(args)) => list::overview(context, &args).await,
        Some(Command::Pods(args)) => {
            context.wants_cluster("pods")?;
            list::pods(context, &args).await
        }
        Some(Command::Services(args)) => list::services(context, &args).await,
        Some(Command::Graph(args)) => graph::run(context, &args).await,
        Some(Command::Url(args)) => {
            context.wants_cluster("url")?;
            url::run(context, &args).await
        }
        Some(Command::Split(args)) => split::run(context, &args).await,
        Some(Command::Route(args)) => {
            context.wants_cluster("route")?;
            route::run(context, &args).await
        }
        Some(Command::Analyze(args)) => {
            context.wants_cluster("analyze")?;
            analyze::run(context, &args).await
        }
        Some(Command::Check(args)) => {
            context.wants_cluster("check")?;
            check::run(context, &args).await
        }
        // `run` has answered these already.
        Some(
            Command::Demo { .. } | Command::Completions { .. } | Command::Man | Command::Config,
        ) => Ok(Exit::Fine),
    }
}

async fn explore(context: &Context) -> Result<Exit, Failure> {
    let (options, live) = options::explorer(context)?;
    crate::app::run(options, live).await?;
    Ok(Exit::Fine)
}

impl Context {
    /// Fails for a command that answers from Kubernetes, when that is not to be asked.
    fn wants_cluster(&self, command: &str) -> Result<(), Failure> {
        if !self.cli.global.no_cluster {
            return Ok(());
        }
        Err(Failure::usage(
            format!("answer `vigla {command}` from telemetry alone"),
            "it reads the Kubernetes API, and --no-cluster turns that off",
            "leave out --no-cluster, or give manifests with -f",
        ))
    }

    /// One snapshot with what `needs` names. Sources in trouble are told on stderr; what is
    /// there is still answered.
    async fn once(&self, needs: &Needs) -> Result<MeshSnapshot, Failure> {
        let snapshot = source::once::once(&self.source, needs).await?;
        warn(&snapshot);
        Ok(snapshot)
    }

    /// What "agrees" means for splits.
    fn limits(&self, strict: bool) -> Limits {
        let tolerance = self.config.split.tolerance_percent / 100.0;
        Limits { tolerance, strict, ..Limits::default() }
    }

    /// Whether stdout takes only ASCII.
    fn ascii(&self) -> bool {
        self.cli.global.ascii || options::ascii(self.config.display.ascii)
    }
}

/// `Name: value` of a flag that gives a header.
fn header(text: &str, flag: &str) -> Result<(String, String), Failure> {
    let parts = text.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Failure::usage(
            format!("understand {flag}"),
            "it is not of the form 'Name: value'",
            format!("write for instance {flag} 'X-Scope-OrgID: team-a'"),
        )),
    }
}

/// Tells on stderr what is missing from a snapshot, each once.
fn warn(snapshot: &MeshSnapshot) {
    let sources = [&snapshot.kubernetes, &snapshot.prometheus];
    let mut told: Vec<&Trouble> = sources
        .into_iter()
        .filter(|s| matches!(s.state, SourceState::Partial | SourceState::Unavailable))
        .filter_map(|source| source.trouble.as_ref())
        .collect();
    told.dedup();
    for trouble in told {
        tell("warning", trouble);
    }
    for words in snapshot.telemetry.iter().flat_map(|telemetry| &telemetry.warnings) {
        tell("warning", &Trouble::new("Prometheus", words.as_str(), ""));
    }
}

/// One message on stderr: what, why, and what to do.
pub fn tell(level: &str, trouble: &Trouble) {
    let mut text = format!("vigla: {level}: {trouble}\n");
    if !trouble.hint.is_empty() {
        text.push_str("  ");
        text.push_str(&trouble.hint);
        text.push('\n');
    }
    // Nobody is left to tell when stderr is gone.
    let _ = std::io::stderr().write_all(crate::mesh::harmless::text(&text).as_bytes());
}

/// Writes an answer to stdout.
///
/// # Errors
/// When stdout cannot take it; a reader that has gone away (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Trouble::new("write to stdout", error.to_string(), "").into())
        }
        _ => Ok(()),
    }
}
