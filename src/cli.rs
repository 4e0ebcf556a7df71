//! The command line: flags as kubectl has them, and the subcommands.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::config::{ThemeChoice, When, duration};
use crate::layout::scene::{LabelMode, Orientation};
use crate::mesh::graph::{GraphType, RateKind};

#[derive(Debug, Parser)]
#[command(
    name = "vigla",
    version,
    about = "A terminal explorer for service meshes",
    long_about = "A terminal explorer for service meshes: the service graph of a namespace, pod \
                  readiness, the gateway's URL, live traffic splits, and why a request went where \
                  it went.\n\nWithout a command it opens the explorer. `vigla --demo` needs no \
                  cluster.",
    after_help = "Exit codes: 0 fine; 1 could not do it; 64 wrong usage; 65 bad input; 79 done, \
                  and it found something.",
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Global {
    /// Namespace, several with commas or by repeating [default: that of the context]
    #[arg(short, long, global = true, value_delimiter = ',', value_name = "NAME")]
    pub namespace: Vec<String>,
    /// Every namespace
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Path of the kubeconfig
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Cluster of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Group to impersonate, may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub as_groups: Vec<String>,
    /// Give up on one request after this time
    #[arg(long, global = true, value_name = "DURATION", value_parser = positive)]
    pub request_timeout: Option<Duration>,
    /// Answer for these manifests in place of a cluster: file, folder or - (repeatable)
    #[arg(short = 'f', long, global = true, value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Telemetry only: do not ask Kubernetes
    #[arg(long, global = true, conflicts_with_all = ["filename", "demo"])]
    pub no_cluster: bool,
    /// Use the embedded world: bookinfo, steady, outage, broken or large:N
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true,
          default_missing_value = "bookinfo", conflicts_with_all = ["filename", "context", "kubeconfig"])]
    pub demo: Option<String>,

    /// Address of Prometheus or a store like it [default: found in the cluster]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "VIGLA_PROMETHEUS_URL",
        hide_env_values = true,
        help_heading = "Telemetry"
    )]
    pub prometheus_url: Option<String>,
    /// Extra header for Prometheus, 'Name: value' (repeatable)
    #[arg(long, global = true, value_name = "HEADER", help_heading = "Telemetry")]
    pub prometheus_header: Vec<String>,
    /// Window over which rates are taken [default: 1m]
    #[arg(long, global = true, value_name = "DURATION", value_parser = positive,
          help_heading = "Telemetry")]
    pub window: Option<Duration>,
    /// Time between two refreshes [default: 5s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = positive,
          help_heading = "Telemetry")]
    pub refresh: Option<Duration>,
    /// Telemetry as of then: RFC 3339 or seconds since 1970
    #[arg(long, global = true, value_name = "TIME", value_parser = instant,
          help_heading = "Telemetry")]
    pub time: Option<Timestamp>,
    /// Configuration only: do not ask Prometheus
    // No conflict with a URL: the environment may name one for all that is run.
    #[arg(long, global = true, help_heading = "Telemetry")]
    pub no_metrics: bool,

    /// Settings file [default: ~/.config/vigla/config.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Program")]
    pub config: Option<PathBuf>,
    /// Colour in the output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Program"
    )]
    pub color: When,
    /// Glyphs from ASCII only
    #[arg(long, global = true, help_heading = "Program")]
    pub ascii: bool,
    /// Colours of the explorer; auto is light where COLORFGBG tells of a light background
    #[arg(long, global = true, value_name = "THEME", help_heading = "Program")]
    pub theme: Option<ThemeChoice>,
    /// Write a log to this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Program")]
    pub log_file: Option<PathBuf>,
    /// Print the minimal ClusterRole for all that vigla reads, and exit
    #[arg(long, help_heading = "Program")]
    pub print_rbac: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Namespaces: pods ready, in the mesh, requests, success, latency
    Overview(ListArgs),
    /// The service graph
    Graph(GraphArgs),
    /// Pods: readiness, sidecars, restarts
    Pods(ListArgs),
    /// Services with their traffic
    Services(ListArgs),
    /// Where the gateways are reached from outside
    Url(UrlArgs),
    /// Configured weights beside observed shares of a service's versions
    Split(SplitArgs),
    /// Which rule takes a request, where it goes, and why the others did not match
    Route(RouteArgs),
    /// What is wrong with the configuration
    Analyze(AnalyzeArgs),
    /// Is this namespace or service healthy now? A gate for roll-outs
    Check(CheckArgs),
    /// The embedded world
    Demo {
        #[command(subcommand)]
        command: DemoCommand,
    },
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page
    Man,
    /// Print the default settings file
    Config,
}

/// Output of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum ListOutput {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub output: ListOutput,
    /// Keep printing as things change
    #[arg(short, long)]
    pub watch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphOutput {
    /// The drawn graph
    Text,
    /// The call tree
    Tree,
    Json,
    Yaml,
    Dot,
    Mermaid,
    Svg,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: GraphOutput,
    /// What a node stands for
    #[arg(long = "type", value_name = "TYPE",
          value_parser = PossibleValuesParser::new(["versioned-app", "app", "workload", "service"])
              .map(|word| graph_type(&word)))]
    pub graph_type: Option<GraphType>,
    /// Put the called service before its versions
    #[arg(long)]
    pub service_nodes: bool,
    /// Show what has no traffic too
    #[arg(long)]
    pub idle: bool,
    /// HTTP rates
    #[arg(long, value_name = "RATE", default_value = "requests",
          value_parser = PossibleValuesParser::new(["requests", "none"]).map(|word| rate_kind(&word)))]
    pub http: RateKind,
    /// gRPC rates
    #[arg(long, value_name = "RATE", default_value = "requests",
          value_parser = PossibleValuesParser::new(["requests", "sent", "received", "total", "none"])
              .map(|word| rate_kind(&word)))]
    pub grpc: RateKind,
    /// TCP rates
    #[arg(long, value_name = "RATE", default_value = "sent",
          value_parser = PossibleValuesParser::new(["sent", "received", "total", "none"])
              .map(|word| rate_kind(&word)))]
    pub tcp: RateKind,
    /// Latency quantiles on every edge (they cost one more query)
    #[arg(long)]
    pub latency: bool,
    /// Bytes of requests and responses on every edge (they cost two more queries)
    #[arg(long)]
    pub throughput: bool,
    /// What the edges of the drawn graph say
    #[arg(long, value_name = "WHAT",
          value_parser = PossibleValuesParser::new(LabelMode::ALL.map(LabelMode::name))
              .try_map(|word| LabelMode::named(&word).ok_or("no such label")))]
    pub labels: Option<LabelMode>,
    /// lr: left to right; td: top to down
    #[arg(long, value_name = "WAY",
          value_parser = PossibleValuesParser::new(["lr", "td"]).map(|word| orientation(&word)))]
    pub orientation: Option<Orientation>,
    /// Columns to draw in [default: those of the terminal, 80 in a pipe]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=2000))]
    pub width: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum TextOutput {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct UrlArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TextOutput,
    /// Fetch each URL from here and print its status
    #[arg(long)]
    pub probe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum TableOutput {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Args)]
pub struct SplitArgs {
    /// The service: NAME or NAMESPACE/NAME
    pub service: String,
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub output: TableOutput,
    /// Keep printing as the counts grow
    #[arg(short, long)]
    pub watch: bool,
    /// Wait until the shares honestly agree: VERSION=PERCENT, several with commas
    #[arg(long, value_name = "VERSION=PERCENT", value_delimiter = ',')]
    pub until: Vec<String>,
    /// Give up waiting after this time
    #[arg(long, value_name = "DURATION", value_parser = positive, default_value = "5m",
          requires = "until")]
    pub timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum TestOutput {
    #[default]
    Text,
    Json,
    Junit,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct RouteArgs {
    #[command(subcommand)]
    pub command: Option<RouteCommand>,
    /// Who sends: a workload, pod/NAME or gateway/NAME, with or without NAMESPACE/ before it
    #[arg(long, value_name = "SOURCE", required = true)]
    pub from: Option<String>,
    /// Where to: HOST or HOST:PORT
    #[arg(long, value_name = "HOST[:PORT]", required = true)]
    pub to: Option<String>,
    /// Path with its query
    #[arg(long, default_value = "/")]
    pub path: String,
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// Request header, 'Name: value' (repeatable)
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    #[arg(long, value_name = "PROTOCOL", default_value = "http",
          value_parser = PossibleValuesParser::new(["http", "http2", "grpc", "https", "tls", "tcp"]))]
    pub protocol: String,
    /// Host header, where it differs from --to
    #[arg(long, value_name = "AUTHORITY")]
    pub host: Option<String>,
    /// Server name of the TLS handshake, where it differs from the host
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,
    /// Address dialled, where it decides (TCP, TLS, headless services)
    #[arg(long, value_name = "IP")]
    pub address: Option<std::net::IpAddr>,
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TextOutput,
}

#[derive(Debug, Subcommand)]
pub enum RouteCommand {
    /// Check files of expectations about routing
    Test {
        /// Files of expectations
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Output format
        #[arg(short, long, value_name = "FORMAT", default_value = "text")]
        output: TestOutput,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum AnalyzeOutput {
    #[default]
    Text,
    Json,
    Sarif,
    Junit,
}

#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: AnalyzeOutput,
    /// Leave a finding out: CODE or CODE=KIND NAME.NAMESPACE (repeatable)
    #[arg(short = 'S', long, value_name = "FINDING")]
    pub suppress: Vec<String>,
    /// Exit with 79 from this level on: error, warning or info
    #[arg(long, value_name = "LEVEL", default_value = "error",
          value_parser = PossibleValuesParser::new(["error", "warning", "info"]))]
    pub failure_threshold: String,
    /// Explain a code, with examples
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,
    /// List every code
    #[arg(long)]
    pub list: bool,
    /// Lay the files over the live objects and print only what they bring or mend
    #[arg(long, requires = "filename")]
    pub with_cluster: bool,
    /// Read Secrets, for the findings about certificates
    #[arg(long)]
    pub read_secrets: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TextOutput,
    /// The 95th percentile of latency may not lie above this
    #[arg(long, value_name = "DURATION", value_parser = positive)]
    pub max_p95: Option<Duration>,
    /// Errors may not lie above this percentage
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    pub max_errors: f64,
    /// Check again until healthy
    #[arg(short, long)]
    pub watch: bool,
    /// Give up waiting after this time
    #[arg(long, value_name = "DURATION", value_parser = positive, default_value = "5m")]
    pub timeout: Duration,
    /// Walk the way to the cluster and to Prometheus, step by step
    #[arg(long, action = ArgAction::SetTrue)]
    pub connect: bool,
}

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Keep the embedded world up, and print its kubeconfig and Prometheus URL
    Serve {
        /// bookinfo, steady, outage, broken or large:N
        #[arg(long, default_value = "bookinfo")]
        scenario: String,
        /// Same seed, same world
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Port of the Kubernetes API [default: any free one]
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        kubernetes_port: u16,
        /// Port of the Prometheus API [default: any free one]
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        prometheus_port: u16,
    },
}

fn positive(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text)?;
    if duration.is_zero() {
        return Err("must be longer than nothing".to_owned());
    }
    Ok(duration)
}

/// RFC 3339, or seconds since 1970 with or without a fraction.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .filter(|seconds| seconds.is_finite())
        .and_then(|seconds| Timestamp::from_millisecond((seconds * 1000.0) as i64).ok())
        .ok_or_else(|| {
            format!("\"{text}\" is not a time; write 2026-11-22T18:30:00Z or 1795372200")
        })
}

fn graph_type(word: &str) -> GraphType {
    match word {
        "app" => GraphType::App,
        "workload" => GraphType::Workload,
        "service" => GraphType::Service,
        _ => GraphType::VersionedApp,
    }
}

fn orientation(word: &str) -> Orientation {
    match word {
        "td" => Orientation::TopDown,
        _ => Orientation::LeftRight,
    }
}

fn rate_kind(word: &str) -> RateKind {
    match word {
        "sent" => RateKind::Sent,
        "received" => RateKind::Received,
        "total" => RateKind::Total,
        "none" => RateKind::None,
        _ => RateKind::Requests,
    }
}

#[cfg(test)]
mod tests;
