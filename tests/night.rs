//! The night shift: the program in a pseudo-terminal, with a proxy that plays faults between it
//! and the embedded world. Keys are pressed all the time and answered all the time; what is wrong
//! is on the screen, with since when and what to do; data is back soon after the fault has ended.
//!
//! How long answers took is printed. The suite plays the faults that differ most; with
//! `VIGLA_TEST_STRICT=1` all are played, one after the other, and the answers held to their budget,
//! which wants a release build and a machine of its own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from, and print what they measured"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vigla::demo::{self, Demo, Scenario};

#[path = "support/fault_proxy.rs"]
#[expect(dead_code, reason = "some faults are played to the source alone")]
mod fault_proxy;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "nothing is resized or signalled here")]
mod pty;

use fault_proxy::{Fault, FaultProxy};
use pty::Terminal;

/// A fault is told within this time.
const TOLD: Duration = Duration::from_secs(40);
/// How long it lasts after it was told.
const LASTS: Duration = Duration::from_secs(3);
/// Data is back within this time, where the machine is not busy with something else.
const BACK: Duration = Duration::from_secs(10);
/// Data is back within this time, however busy it is.
const BACK_AT_ALL: Duration = Duration::from_secs(40);
/// No answer to a key takes longer, however busy the machine is that runs all of this at once.
const STUCK: Duration = Duration::from_secs(5);
/// Nor do half of them: where keys wait for something else to happen, they do.
const SLUGGISH: Duration = Duration::from_millis(500);
/// 99 of 100 answers to keys, where the machine is not busy with something else.
const BUDGET: Duration = Duration::from_millis(50);
/// Between two keys.
const PACE: Duration = Duration::from_millis(120);
/// How many faults are played at once.
const AT_ONCE: usize = 4;

/// Which way is ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Kubernetes,
    Prometheus,
    /// Prometheus behind the API server's service proxy, with no URL given.
    InCluster,
}

use Side::{InCluster, Kubernetes, Prometheus};

/// A fault, and what the screen says of it: why, and what to do. Without words it is lived with.
struct Case(Side, Fault, &'static str, &'static str);

const CASES: &[Case] = &[
    Case(Kubernetes, Fault::Refuse, "refused", "is the API server up"),
    Case(Kubernetes, Fault::Hang, "no answer within 5 s", "--request-timeout"),
    Case(Kubernetes, Fault::Slow(Duration::from_millis(500)), "", ""),
    Case(Kubernetes, Fault::Status(401), "401 Unauthorized", "log in again"),
    Case(Kubernetes, Fault::Status(403), "403 Forbidden", "ask for"),
    Case(Kubernetes, Fault::Status(404), "404 Not Found", ""),
    Case(Kubernetes, Fault::Status(410), "410 Gone", ""),
    Case(Kubernetes, Fault::Status(429), "429 Too Many Requests", "asked again later"),
    Case(Kubernetes, Fault::Status(500), "500 Internal Server Error", ""),
    Case(Kubernetes, Fault::Html, "not a Kubernetes API", "login page"),
    Case(Kubernetes, Fault::Half, "broke off", "cutting"),
    Case(Kubernetes, Fault::Endless, "not a Kubernetes API", "`server`"),
    Case(Kubernetes, Fault::Untrusted, "certificate", "certificate-authority"),
    Case(Kubernetes, Fault::Expired, "401 Unauthorized", "log in again"),
    Case(Kubernetes, Fault::WatchesCut, "", ""),
    Case(Kubernetes, Fault::WatchesGone, "", ""),
    Case(Prometheus, Fault::Refuse, "refused", "--prometheus-url"),
    Case(Prometheus, Fault::Hang, "no answer within 5 s", "--window"),
    Case(Prometheus, Fault::Slow(Duration::from_millis(500)), "", ""),
    Case(Prometheus, Fault::Status(401), "401 Unauthorized", "--prometheus-header"),
    Case(Prometheus, Fault::Status(403), "403 Forbidden", "tenant"),
    Case(Prometheus, Fault::Status(404), "404 Not Found", "path prefix"),
    Case(Prometheus, Fault::Status(410), "410 Gone", ""),
    Case(Prometheus, Fault::Status(429), "429 Too Many Requests", "--refresh"),
    Case(Prometheus, Fault::Status(500), "500 Internal Server Error", "--window"),
    Case(Prometheus, Fault::Html, "it answers HTML", "login page"),
    Case(Prometheus, Fault::Half, "broke off", "cutting"),
    Case(Prometheus, Fault::Endless, "longer than 64 MB", "-n"),
    Case(Prometheus, Fault::Untrusted, "certificate", "ca-file"),
    Case(InCluster, Fault::Status(503), "503", ""),
];

/// Whether the suite plays a fault; the others differ from these in their words.
fn is_usual(case: &Case) -> bool {
    matches!(
        (case.0, case.1),
        (
            Kubernetes,
            Fault::Refuse
                | Fault::Hang
                | Fault::Untrusted
                | Fault::Expired
                | Fault::Status(403)
                | Fault::WatchesCut,
        ) | (Prometheus, Fault::Hang | Fault::Status(500) | Fault::Html | Fault::Untrusted)
            | (InCluster, _)
    )
}

/// One key after the other, and by what its answer is known.
const ROUND: &[(&str, Answer)] = &[
    ("4", Answer::Tab('4')),
    ("!", Answer::Over("messages")),
    ("\x1b", Answer::Nothing("messages")),
    ("3", Answer::Tab('3')),
    ("j", Answer::Any),
    ("2", Answer::Tab('2')),
    ("?", Answer::Over("every key")),
    ("\x1b", Answer::Nothing("every key")),
    ("8", Answer::Tab('8')),
    ("1", Answer::Tab('1')),
];

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// The tab of this digit is the one set off.
    Tab(char),
    /// A text lies over the screen.
    Over(&'static str),
    /// It does not any more.
    Nothing(&'static str),
    /// Nobody can tell.
    Any,
}

impl Answer {
    fn is_shown(self, terminal: &Terminal) -> bool {
        match self {
            Self::Tab(digit) => {
                let shown = terminal.shown();
                let screen = shown.screen.screen();
                let (_, columns) = screen.size();
                let set_off = (0..columns.get()).filter_map(|column| screen.cell(1, column));
                let mut tab = set_off.filter(|cell| cell.bgcolor() != vt100::Color::Default);
                tab.any(|cell| cell.contents().starts_with(digit))
            }
            Self::Over(text) => terminal.text().contains(text),
            Self::Nothing(text) => !terminal.text().contains(text),
            Self::Any => true,
        }
    }
}

/// Somebody who presses keys and looks at the screen.
struct Operator {
    name: String,
    terminal: Terminal,
    at: usize,
    answers: Vec<Duration>,
}

impl Operator {
    /// Presses the next key, waits for its answer, and has a look at the screen.
    fn press(&mut self) -> String {
        let (key, answer) = ROUND[self.at % ROUND.len()];
        self.at += 1;
        let began = Instant::now();
        self.terminal.press(key);
        self.terminal
            .wait(&format!("{}: answer to {key:?}", self.name), || answer.is_shown(&self.terminal));
        if !matches!(answer, Answer::Any) {
            self.answers.push(began.elapsed());
        }
        std::thread::sleep(PACE);
        self.terminal.text()
    }

    /// Goes on pressing until the screens have shown everything that is asked for, each on
    /// whichever screen; how long that took, or what was never seen.
    fn press_until(&mut self, limit: Duration, seen: &[&dyn Fn(&str) -> bool]) -> Duration {
        let began = Instant::now();
        let mut missing: Vec<usize> = (0..seen.len()).collect();
        loop {
            let text = self.press();
            missing.retain(|at| !seen[*at](&text));
            if missing.is_empty() {
                return began.elapsed();
            }
            let name = &self.name;
            assert!(began.elapsed() < limit, "{name}: {missing:?} not within {limit:?}:\n{text}");
        }
    }

    fn press_for(&mut self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            self.press();
        }
    }

    /// Presses on until nothing lies over the screen, which would only be closed, and leaves.
    fn leave(&mut self) {
        while !matches!(ROUND[(self.at - 1) % ROUND.len()].1, Answer::Tab(_)) {
            self.press();
        }
        self.terminal.press("q");
        assert_eq!(self.terminal.end(STUCK), 0, "{}", self.name);
    }

    /// The time within which so many of 100 answers came.
    fn within(&self, percent: usize) -> Duration {
        let mut sorted = self.answers.clone();
        sorted.sort();
        sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
    }
}

/// The line that tells the state of the sources.
fn head(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn is_well(text: &str) -> bool {
    let head = head(text);
    head.contains("k8s ● live") && head.contains("prom ● live") && bottom(text).is_none()
}

/// The line below a screen's rows that tells what is wrong.
fn bottom(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with(" ▲ "))
}

/// What a program needs to be started with a proxy on one of its ways.
struct Patient {
    directory: TempDir,
    proxy: FaultProxy,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Patient {
    async fn new(world: &Demo, side: Side, fault: Fault) -> Self {
        let upstream =
            if side == Prometheus { &world.prometheus_url } else { &world.kubernetes_url };
        let proxy = match fault {
            Fault::Untrusted => FaultProxy::secured(upstream).await,
            _ => FaultProxy::to(upstream).await,
        };
        let directory = TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let authority = file("authority.pem", proxy.authority().unwrap_or_default());
        let kubeconfig = if side == Prometheus {
            world.kubeconfig_yaml.clone()
        } else {
            kubeconfig(directory.path(), &proxy)
        };
        // What is endless needs a while until it is too much.
        let limit = if fault == Fault::Endless { 60 } else { 5 };
        let trusted = if side == Prometheus { &authority } else { "" };
        let config = format!("[prometheus]\ntimeout = \"{limit}s\"\nca-file = \"{trusted}\"\n");
        let mut environment = vec![("KUBECONFIG", file("kubeconfig", &kubeconfig))];
        match side {
            Kubernetes => environment.push(("VIGLA_PROMETHEUS_URL", world.prometheus_url.clone())),
            Prometheus => environment.push(("VIGLA_PROMETHEUS_URL", proxy.url())),
            InCluster => {}
        }
        let config = file("config.toml", &config);
        let flags = ["--request-timeout", "5s", "--refresh", "2s", "-n", "default", "--config"];
        let arguments = flags.map(str::to_owned).into_iter().chain([config]).collect();
        Self { directory, proxy, arguments, environment }
    }

    /// Opens the explorer, in a wide window so that no message is cut.
    fn open(&self) -> Terminal {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, &**value)).collect();
        Terminal::start((200, 50), &arguments, &environment)
    }

    /// The token that the plugin hands out from now on.
    fn token(&self, token: &str) {
        std::fs::write(self.directory.path().join("token"), token).unwrap();
    }
}

/// A user whose plugin hands out what is in a file, for a server that is the proxy.
fn kubeconfig(directory: &Path, proxy: &FaultProxy) -> String {
    let plugin = directory.join("plugin");
    let token = directory.join("token");
    std::fs::write(&token, "first").unwrap();
    let answer = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}"#;
    let script = format!("#!/bin/sh\nprintf '{answer}' \"$(cat '{}')\"\n", token.display());
    std::fs::write(&plugin, script).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o700)).unwrap();
    let trust = match proxy.authority() {
        Some(_) => {
            format!(", certificate-authority: '{}'", directory.join("authority.pem").display())
        }
        None => String::new(),
    };
    format!(
        "clusters: [{{name: c, cluster: {{server: '{}'{trust}}}}}]\n\
         users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, \
         interactiveMode: Never, command: '{}'}}}}}}]\n\
         contexts: [{{name: night, context: {{cluster: c, user: u, namespace: default}}}}]\n\
         current-context: night\n",
        proxy.url(),
        plugin.display()
    )
}

/// Whether times are held to their budgets, one fault after the other.
fn is_strict() -> bool {
    std::env::var_os("VIGLA_TEST_STRICT").is_some()
}

/// Well, then ill, then well again, with keys pressed throughout; how long answers took.
fn shift(case: &Case, patient: &Patient) -> Vec<Duration> {
    let Case(side, fault, why, hint) = *case;
    let name = format!("{side:?} {fault:?}");
    let mut operator =
        Operator { name: name.clone(), terminal: patient.open(), at: 0, answers: Vec::new() };
    operator.terminal.wait_for("k8s ● live");
    operator.press_until(TOLD, &[&is_well, &|text| text.contains("productpage-v1")]);
    // Starting is another budget.
    operator.answers.clear();
    patient.proxy.play(fault);
    if why.is_empty() {
        operator.press_for(2 * LASTS);
        assert!(is_well(&operator.press()), "{name}:\n{}", operator.terminal.text());
    } else {
        let said = |text: &str| bottom(text).is_some_and(|line| line.contains(why));
        let in_full =
            |text: &str| text.contains(" since ") && text.contains(why) && text.contains(hint);
        let told = operator.press_until(TOLD, &[&said, &in_full]);
        operator.press_for(LASTS);
        // The rows stay, and the age of the data is told.
        let mark = if side == Kubernetes { "k8s ✕" } else { "prom ✕" };
        let aged = |text: &str| head(text).contains(mark) && head(text).contains(" old");
        operator.press_until(BACK_AT_ALL, &[&aged, &|text| text.contains("productpage-v1")]);
        println!("{name}: told after {told:.1?}");
    }
    patient.token("second");
    if fault != Fault::Expired {
        patient.proxy.play(Fault::None);
    }
    let back = operator.press_until(BACK_AT_ALL, &[&is_well]);
    assert!(!is_strict() || back <= BACK, "{name}: data is back after {back:?}");
    println!(
        "{name}: back after {back:.1?}; {} keys answered, half within {:.1?}, 99 % within {:.1?}",
        operator.answers.len(),
        operator.within(50),
        operator.within(99)
    );
    operator.leave();
    assert!(operator.within(50) < SLUGGISH, "{name}: {:?}", operator.answers);
    operator.answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_with_somebody_at_the_keys() {
    let strict = is_strict();
    let world = Arc::new(demo::start(Scenario::Steady, 7).await.unwrap());
    let turns = Arc::new(Semaphore::new(if strict { 1 } else { AT_ONCE }));
    let mut shifts = JoinSet::new();
    for case in CASES.iter().filter(|case| strict || is_usual(case)) {
        let (world, turns) = (Arc::clone(&world), Arc::clone(&turns));
        shifts.spawn(async move {
            let _turn = turns.acquire_owned().await.unwrap();
            let patient = Patient::new(&world, case.0, case.1).await;
            tokio::task::spawn_blocking(move || shift(case, &patient)).await
        });
    }
    let mut answers = Vec::new();
    let mut failed = 0;
    while let Some(ended) = shifts.join_next().await {
        match ended.unwrap() {
            Ok(times) => answers.extend(times),
            // It has said what was wrong as it panicked.
            Err(_) => failed += 1,
        }
    }
    assert_eq!(failed, 0, "so many faults were not got over");
    answers.sort();
    let within = |percent: usize| answers[(answers.len() * percent / 100).min(answers.len() - 1)];
    let (half, most, worst) = (within(50), within(99), within(100));
    println!("{} keys: {half:.1?}, 99 % within {most:.1?}, at worst {worst:.1?}", answers.len());
    assert!(worst < STUCK, "a key waited {worst:?}");
    assert!(
        !strict || most <= BUDGET,
        "99 of 100 keys are answered within {most:?}, more than {BUDGET:?}"
    );
}
