//! From flags and settings to the options of the sources and of the explorer.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use super::{Context, Exit, Failure};
use crate::app::AppOptions;
use crate::app::keymap::Keymap;
use crate::app::picture::{DrawnAs, Settings};
use crate::app::screen::Screen;
use crate::cli::Global;
use crate::config::{Config, StartScreen, ThemeChoice, When};
use crate::demo::{self, Demo, Scenario};
use crate::mesh::graph::GraphOptions;
use crate::mesh::{Scope, Trouble};
use crate::source::prometheus::transport::without_credentials;
use crate::source::prometheus::{Credentials, PrometheusOptions, Secret};
use crate::source::{self, KubeOptions, Live, Metrics, SourceOptions};
use crate::terminal::Environment;
use crate::ui::theme::Theme;

/// Seed of the embedded world behind `--demo`.
const DEMO_SEED: u64 = 1;

/// The sources that the flags name; with `--demo` the embedded world is started for them.
pub(super) async fn gather(
    global: &Global,
    config: &Config,
) -> Result<(SourceOptions, Option<Demo>), Failure> {
    let mut source = SourceOptions {
        kube: (!global.no_cluster).then(|| kube(global)),
        files: global.filename.clone(),
        metrics: metrics(global, config)?,
        scope: scope(global),
        window: global.window.unwrap_or(config.window),
        refresh: global.refresh.unwrap_or(config.refresh),
        time: global.time,
    };
    let Some(scenario) = &global.demo else { return Ok((source, None)) };
    let scenario = parse_scenario(scenario)?;
    let demo = demo::start(scenario, DEMO_SEED).await?;
    source.kube = Some(KubeOptions { in_memory: Some(demo.kubeconfig.clone()), ..kube(global) });
    if !global.no_metrics && global.prometheus_url.is_none() {
        source.metrics =
            Metrics::Url(Box::new(PrometheusOptions::new(demo.prometheus_url.clone())));
    }
    Ok((source, Some(demo)))
}

/// A scenario of the embedded world by name.
pub(super) fn parse_scenario(text: &str) -> Result<Scenario, Failure> {
    text.parse().map_err(|error: demo::world::scenario::UnknownScenario| {
        Failure::usage(
            format!("start the scenario \"{text}\""),
            error.to_string(),
            "choose bookinfo, steady, outage, broken or large:N",
        )
    })
}

fn kube(global: &Global) -> KubeOptions {
    KubeOptions {
        kubeconfig: global.kubeconfig.clone(),
        context: global.context.clone(),
        cluster: global.cluster.clone(),
        user: global.user.clone(),
        as_user: global.as_user.clone(),
        as_groups: global.as_groups.clone(),
        request_timeout: global.request_timeout,
        in_memory: None,
    }
}

fn scope(global: &Global) -> Scope {
    if global.all_namespaces || (global.no_cluster && global.namespace.is_empty()) {
        return Scope::All;
    }
    let mut names: Vec<Arc<str>> = global
        .namespace
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .map(Arc::from)
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() { Scope::Unset } else { Scope::Namespaces(names) }
}

fn metrics(global: &Global, config: &Config) -> Result<Metrics, Failure> {
    if global.no_metrics {
        return Ok(Metrics::Off);
    }
    let settings = &config.prometheus;
    let url = global.prometheus_url.as_deref().unwrap_or(&settings.url);
    if url.is_empty() {
        // Without a cluster there is nowhere to look for one.
        return Ok(if global.no_cluster || !global.filename.is_empty() {
            Metrics::Off
        } else {
            Metrics::InCluster
        });
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::usage(
            format!("understand the Prometheus URL {}", without_credentials(url)),
            "it does not begin with http:// or https://",
            "write for instance --prometheus-url http://localhost:9090",
        ));
    }
    let mut options = PrometheusOptions::new(url);
    options.timeout = global.request_timeout.unwrap_or(settings.timeout);
    for (name, value) in &settings.headers {
        options.headers.push((name.clone(), Secret::new(value.clone())));
    }
    for header in &global.prometheus_header {
        options.headers.push(split_header(header, "--prometheus-header")?);
    }
    options.credentials = credentials(&settings.bearer_token_file)?;
    options.certificate_authorities = read(&settings.ca_file)?.map(String::into_bytes);
    let certificate = read(&settings.client_cert_file)?;
    let key = read(&settings.client_key_file)?;
    if let Some(certificate) = certificate {
        let pem = format!("{certificate}\n{}", key.unwrap_or_default());
        options.client_certificate = Some(Secret::new(pem));
    }
    Ok(Metrics::Url(Box::new(options)))
}

/// `Name: value` of a flag.
fn split_header(text: &str, flag: &str) -> Result<(String, Secret), Failure> {
    let (name, value) = super::header(text, flag)?;
    Ok((name, Secret::new(value)))
}

fn credentials(token_file: &Path) -> Result<Credentials, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(token) = variable("VIGLA_PROMETHEUS_TOKEN") {
        return Ok(Credentials::Bearer(Secret::new(token)));
    }
    if let Some(user) = variable("VIGLA_PROMETHEUS_USER") {
        let password = variable("VIGLA_PROMETHEUS_PASSWORD").unwrap_or_default();
        return Ok(Credentials::Basic { user, password: Secret::new(password) });
    }
    Ok(read(token_file)?
        .map_or(Credentials::None, |token| Credentials::Bearer(Secret::new(token.trim()))))
}

/// A file named in the settings; `None` where none is.
fn read(file: &Path) -> Result<Option<String>, Failure> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    std::fs::read_to_string(file).map(Some).map_err(|error| {
        let trouble = Trouble::new(
            format!("read {}", file.display()),
            error.to_string(),
            "the configuration names it under [prometheus]",
        );
        Failure { exit: Exit::Failed, trouble }
    })
}

/// Whether output keeps to ASCII: when told to, or when the locale is not UTF-8.
pub(super) fn ascii(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
                .unwrap_or_default()
                .to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        }
    }
}

/// Whether stdout gets colour.
pub(super) fn color(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let asked_not = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
            std::io::stdout().is_terminal() && !asked_not && !dumb
        }
    }
}

/// How the explorer opens, and the running source behind it.
pub(super) fn explorer(context: &Context) -> Result<(AppOptions, Live), Failure> {
    let environment = Environment::read();
    let display = &context.config.display;
    let keymap = Keymap::with(&context.config.keys).map_err(|error| Failure {
        exit: Exit::BadInput,
        trouble: Trouble::new(
            "read [keys] of the configuration",
            error.to_string(),
            "? in the explorer lists the actions and their keys",
        ),
    })?;
    let theme = theme_name(context.cli.global.theme.unwrap_or(display.theme))
        .and_then(|name| Theme::named(name, environment.depth))
        .unwrap_or_else(|| Theme::fitting(environment.depth, environment.light));
    let kube = context.source.kube.clone();
    let contexts = move || match &kube {
        Some(kube) => source::contexts(kube)
            .map(|found| found.all.into_iter().map(|context| context.name).collect()),
        None => Ok(Vec::new()),
    };
    let options = AppOptions {
        screen: screen(display.screen),
        window: context.source.window,
        time: context.source.time,
        theme,
        ascii: context.cli.global.ascii
            || match display.ascii {
                When::Auto => environment.ascii,
                When::Always => true,
                When::Never => false,
            },
        mouse: display.mouse,
        max_fps: display.max_fps,
        keymap,
        environment,
        contexts: Arc::new(contexts),
        settings: Settings { health: context.config.health.clone(), limits: context.limits(false) },
        graph: GraphOptions {
            graph_type: context.config.graph.graph_type,
            service_nodes: context.config.graph.service_nodes,
            idle: context.config.graph.idle,
            ..GraphOptions::default()
        },
        drawn: DrawnAs {
            labels: context.config.graph.labels,
            orientation: context.config.graph.orientation,
            ..DrawnAs::default()
        },
    };
    // The terminal is looked at before anything is asked of the cluster.
    Ok((options, source::start(context.source.clone())))
}

/// The name of a theme that was chosen.
fn theme_name(theme: ThemeChoice) -> Option<&'static str> {
    match theme {
        ThemeChoice::Auto => None,
        ThemeChoice::Dark => Some("dark"),
        ThemeChoice::Light => Some("light"),
        ThemeChoice::Mono => Some("mono"),
    }
}

fn screen(start: StartScreen) -> Screen {
    match start {
        StartScreen::Overview => Screen::Overview,
        StartScreen::Graph => Screen::Graph,
        StartScreen::Services => Screen::Services,
        StartScreen::Pods => Screen::Pods,
        StartScreen::Gateways => Screen::Gateways,
        StartScreen::Splits => Screen::Splits,
        StartScreen::Route => Screen::Route,
        StartScreen::Findings => Screen::Findings,
        StartScreen::Events => Screen::Events,
    }
}
