//! Settings: the defaults, the file, the flags, folded in that order.
//!
//! The file is strict: an unknown key or a wrong value is an error that names file, line and key
//! and says what is allowed. `config.toml` at the root of the project is the defaults, commented;
//! it is compiled in, printed by `vigla config`, and a test holds it equal to [`Config::default`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::layout::scene::{LabelMode, Orientation};
use crate::mesh::Trouble;
use crate::mesh::graph::GraphType;
use crate::mesh::health::HealthConfig;

pub mod duration;

/// The commented defaults.
pub const DEFAULT_FILE: &str = include_str!("../config.toml");

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Between two refreshes of telemetry.
    #[serde(deserialize_with = "duration::deserialize")]
    pub refresh: Duration,
    /// Over which rates are taken.
    #[serde(deserialize_with = "duration::deserialize")]
    pub window: Duration,
    pub display: Display,
    pub graph: Graph,
    pub prometheus: Prometheus,
    pub split: Split,
    /// What share of failures is called degraded, and what a failure.
    pub health: HealthConfig,
    /// Action name to keys.
    pub keys: BTreeMap<String, Vec<String>>,
    pub log: Log,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Display {
    pub theme: ThemeChoice,
    pub ascii: When,
    pub mouse: bool,
    pub max_fps: u16,
    pub screen: StartScreen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    #[default]
    Auto,
    Dark,
    Light,
    Mono,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// The explorer's first screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StartScreen {
    Overview,
    #[default]
    Graph,
    Services,
    Pods,
    Gateways,
    Splits,
    Route,
    Findings,
    Events,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Graph {
    #[serde(rename = "type")]
    pub graph_type: GraphType,
    pub service_nodes: bool,
    pub idle: bool,
    /// What the edges of the drawn graph say.
    pub labels: LabelMode,
    pub orientation: Orientation,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Prometheus {
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub bearer_token_file: PathBuf,
    pub ca_file: PathBuf,
    pub client_cert_file: PathBuf,
    pub client_key_file: PathBuf,
    /// Of one request.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Split {
    pub tolerance_percent: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Log {
    pub level: Level,
    /// Empty for no log.
    pub file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(5),
            window: Duration::from_secs(60),
            display: Display::default(),
            graph: Graph::default(),
            prometheus: Prometheus::default(),
            split: Split::default(),
            health: HealthConfig::default(),
            keys: BTreeMap::new(),
            log: Log::default(),
        }
    }
}

impl Default for Display {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Auto,
            ascii: When::Auto,
            mouse: false,
            max_fps: 30,
            screen: StartScreen::Graph,
        }
    }
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            url: String::new(),
            headers: BTreeMap::new(),
            bearer_token_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            client_cert_file: PathBuf::new(),
            client_key_file: PathBuf::new(),
            timeout: Duration::from_secs(10),
        }
    }
}

impl Default for Split {
    fn default() -> Self {
        Self { tolerance_percent: 5.0 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, file: PathBuf::new() }
    }
}

impl Config {
    /// Reads the file the user named, else the one in the configuration directory if there is
    /// one, else the defaults.
    ///
    /// # Errors
    /// When the named file cannot be read, or the text does not fit.
    pub fn load(named: Option<&Path>) -> Result<Self, Trouble> {
        let Some(path) = named.map(Path::to_path_buf).or_else(default_path) else {
            return Ok(Self::default());
        };
        let what = format!("read the configuration {}", path.display());
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(Trouble::new(
                what,
                error.to_string(),
                "`vigla config` prints a complete file to start from",
            )),
        }
    }

    /// Reads the text of a file; `name` is for messages.
    ///
    /// # Errors
    /// What does not fit, with file, line, key and the allowed values.
    pub fn parse(text: &str, name: &str) -> Result<Self, Trouble> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let why = crate::mesh::harmless::line(error.message()).into_owned();
            Trouble::new(
                format!("read the configuration {name}, line {line}"),
                why,
                "`vigla config` prints every key with its default",
            )
        })?;
        config.validate(name)
    }

    fn validate(self, name: &str) -> Result<Self, Trouble> {
        let wrong = |key: &str, why: &str| {
            Err(Trouble::new(
                format!("read the configuration {name}, key {key}"),
                why,
                "`vigla config` prints every key with its default",
            ))
        };
        if self.refresh < Duration::from_secs(1) {
            return wrong("refresh", "must be at least 1s");
        }
        if self.window < Duration::from_secs(10) {
            return wrong("window", "must be at least 10s");
        }
        if !(1..=120).contains(&self.display.max_fps) {
            return wrong("display.max-fps", "must lie between 1 and 120");
        }
        if !(0.1..=50.0).contains(&self.split.tolerance_percent) {
            return wrong("split.tolerance-percent", "must lie between 0.1 and 50");
        }
        Ok(self)
    }
}

/// `$XDG_CONFIG_HOME/vigla/config.toml`, else `~/.config/vigla/config.toml`.
fn default_path() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|h| h.join(".config")));
    base.map(|base| base.join("vigla").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn shipped_file_is_the_defaults() {
        assert_eq!(Config::parse(DEFAULT_FILE, "config.toml"), Ok(Config::default()));
    }

    #[rstest]
    #[case("colour = 1", "line 1", "unknown field `colour`, expected one of `refresh`, `window`")]
    #[case(
        "refresh = \"5s\"\n[display]\ntheme = \"pink\"",
        "line 3",
        "expected one of `auto`, `dark`, `light`, `mono`"
    )]
    #[case("window = \"soon\"", "line 1", "\"soon\" is not a duration")]
    #[case("[graph]\ntype = \"app\"\ntype = \"app\"", "line 3", "duplicate key")]
    #[case("refresh = \"10ms\"", "key refresh", "at least 1s")]
    #[case("[display]\nmax-fps = 0", "key display.max-fps", "between 1 and 120")]
    fn bad_files_say_where_and_what(#[case] text: &str, #[case] place: &str, #[case] why: &str) {
        let trouble = Config::parse(text, "vigla.toml").unwrap_err();
        assert!(trouble.what.contains(place), "{trouble}");
        assert!(trouble.why.contains(why), "{trouble}");
    }

    #[test]
    fn named_file_must_exist() {
        let trouble = Config::load(Some(Path::new("/nowhere/vigla.toml"))).unwrap_err();
        assert!(trouble.what.contains("/nowhere/vigla.toml"));
    }
}
