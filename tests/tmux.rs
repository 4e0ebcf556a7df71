//! The explorer inside tmux, as over SSH: what the panes show is in `tests/snapshots`. Where tmux
//! is missing the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test they are called from, and say what they skip"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use rstest::rstest;

/// A server of tmux of its own, with one session of 80×24; it ends when dropped.
struct Tmux {
    socket: String,
}

impl Tmux {
    /// Opens the explorer in a session, if there is a tmux.
    fn open(name: &str, environment: &[&str]) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            println!("skipped: tmux is not installed");
            return None;
        }
        let tmux = Self { socket: format!("vigla-test-{name}-{}", std::process::id()) };
        let program = env!("CARGO_BIN_EXE_vigla");
        let variables = environment.join(" ");
        // tmux sets TERM for what runs in it, and the rest is the test's own.
        let command = format!(
            "env -i PATH=/usr/bin:/bin HOME=/nonexistent TERM=screen-256color TMUX=\"$TMUX\" \
             {variables} '{program}' --demo=steady"
        );
        tmux.run(&["new-session", "-d", "-x", "80", "-y", "24", &command]);
        Some(tmux)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-u", "-f", "/dev/null", "-L", &self.socket]).args(arguments);
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    fn press(&self, key: &str) {
        self.run(&["send-keys", key]);
    }

    /// The pane, once it shows a text.
    fn pane(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let pane = self.run(&["capture-pane", "-p"]);
            if pane.contains(text) {
                return pane;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "no {text:?}:\n{pane}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let ended = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
        // It has ended by itself if the explorer has.
        let _ = ended.is_ok();
    }
}

#[rstest]
#[case::colours("colours", &["LANG=C.UTF-8"])]
#[case::no_color("no_color", &["LANG=C.UTF-8", "NO_COLOR=1"])]
#[case::ascii("ascii", &["LANG=C"])]
fn panes_of_80_by_24(#[case] name: &str, #[case] environment: &[&str]) {
    let Some(tmux) = Tmux::open(name, environment) else { return };
    tmux.pane("prom");
    tmux.pane("productpage");
    tmux.pane("live");
    for (key, screen, text) in [("8", "findings", "IST0140"), ("5", "gateways", "47.88.21.82")] {
        tmux.press(key);
        let pane = tmux.pane(text);
        insta::assert_snapshot!(format!("{name}_{screen}"), pane);
    }
    // The numbers of the graph are never the same twice: what must be there is.
    tmux.press("2");
    let graph = tmux.pane("ratings");
    for app in ["productpage", "details", "reviews"] {
        assert!(graph.contains(app), "{graph}");
    }
    let raw = tmux.run(&["capture-pane", "-p", "-e"]);
    match name {
        "ascii" => assert!(graph.is_ascii(), "{graph}"),
        "no_color" => {
            let found = codes(&raw).find(|code| matches!(code, 30..=38 | 40..=48 | 90..=107));
            assert_eq!(found, None, "a colour was set: {raw:?}");
            assert!(codes(&raw).any(|code| code == 7), "no selection: {raw:?}");
        }
        _ => assert!(raw.contains("\x1b[38;5;"), "no colour of the 256: {raw:?}"),
    }
    tmux.press("q");
}

/// The numbers of every sequence that changes how text looks.
fn codes(raw: &str) -> impl Iterator<Item = u8> {
    let looks = raw.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m'));
    looks.flat_map(|(numbers, _)| numbers.split(';')).filter_map(|number| number.parse().ok())
}
