//! The program in a pseudo-terminal: from the first frame to the terminal given back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use vigla::terminal::{Environment, Tui, restore_on_panic};

#[path = "support/pty.rs"]
mod pty;

use pty::{Terminal, cells, pty_size};

impl Terminal {
    fn demo(size: (u16, u16)) -> Self {
        let terminal = Self::start(size, &["--demo=steady"], &[]);
        terminal.wait_for("productpage");
        terminal
    }

    fn wrote(&self, bytes: &[u8]) -> bool {
        self.shown().bytes.windows(bytes.len()).any(|window| window == bytes)
    }

    fn resize(&self, size: (u16, u16)) {
        let (rows, columns) = cells(size);
        self.shown().screen.screen_mut().set_size(rows, columns);
        self.master.as_ref().unwrap().resize(pty_size(size)).unwrap();
    }

    /// The alternate screen is left and the cursor shown, in that order after everything else.
    fn assert_given_back(&self) {
        self.wait("end of the alternate screen", || self.wrote(b"\x1b[?1049l"));
        let shown = self.shown();
        let last = |bytes: &[u8]| {
            shown.bytes.windows(bytes.len()).rposition(|window| window == bytes).unwrap_or_default()
        };
        assert!(last(b"\x1b[?1049l") > last(b"\x1b[?1049h"), "the alternate screen was not left");
        assert!(last(b"\x1b[?25h") > last(b"\x1b[?25l"), "the cursor was not shown again");
    }
}

#[test]
fn every_screen_every_size_and_the_terminal_given_back() {
    let mut terminal = Terminal::demo((120, 40));
    let screens = [
        ("1", "NAMESPACE"),
        ("3", "ratings"),
        ("4", "READY"),
        ("5", "http://47.88.21.82:80/productpage"),
        ("6", "VERDICT"),
        ("7", "taken by"),
        ("8", "IST0140"),
        ("9", "events"),
        ("?", "every key"),
        ("x", "events"),
        ("2", "productpage"),
    ];
    for (key, text) in screens {
        terminal.press(key);
        terminal.wait_for(text);
    }
    for size in [(80, 24), (200, 60), (20, 5), (500, 200), (80, 24)] {
        terminal.resize(size);
    }
    terminal.wait_for("productpage");
    for step in 0..60 {
        terminal.resize((20 + step * 3, 5 + step));
    }
    terminal.resize((100, 30));
    terminal.settle();
    terminal.press("4");
    terminal.wait_for("2/2");
    terminal.press("q");
    assert_eq!(terminal.end(Duration::from_secs(5)), 0);
    terminal.assert_given_back();
}

#[rstest]
#[case("-TERM")]
#[case("-INT")]
#[case("-HUP")]
fn a_signal_gives_the_terminal_back(#[case] signal: &str) {
    let mut terminal = Terminal::demo((80, 24));
    terminal.signal(signal);
    terminal.end(Duration::from_secs(2));
    terminal.assert_given_back();
}

#[test]
fn suspended_and_back() {
    let mut terminal = Terminal::demo((80, 24));
    let process = terminal.child.process_id().unwrap();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
    };
    terminal.press("Z");
    terminal.wait("stop", || state() == Some('T'));
    terminal.assert_given_back();
    let before = terminal.shown().bytes.len();
    terminal.signal("-CONT");
    terminal.wait("redraw", || terminal.shown().bytes.len() > before + 500);
    terminal.press("4");
    terminal.wait_for("2/2");
    terminal.press("q");
    assert_eq!(terminal.end(Duration::from_secs(5)), 0);
}

/// Held still by somebody else, without a chance to give the terminal back, and let go.
#[test]
fn stopped_without_warning_and_continued() {
    let mut terminal = Terminal::demo((80, 24));
    terminal.signal("-STOP");
    std::thread::sleep(Duration::from_secs(5));
    let before = terminal.shown().bytes.len();
    terminal.signal("-CONT");
    terminal.wait("redraw", || terminal.shown().bytes.len() > before + 500);
    terminal.press("4");
    terminal.wait_for("2/2");
    terminal.press("q");
    assert_eq!(terminal.end(Duration::from_secs(5)), 0);
    terminal.assert_given_back();
}

/// The window of an SSH session is closed: nobody is left to draw for.
#[test]
fn gone_when_the_terminal_is() {
    let mut terminal = Terminal::demo((80, 24));
    drop(terminal.keys.take());
    drop(terminal.master.take());
    // The reader's copy keeps the terminal open; the hang-up is what a closed window sends.
    terminal.signal("-HUP");
    terminal.end(Duration::from_secs(2));
}

/// Run by the test below, in a terminal of its own: never by itself.
#[test]
#[ignore = "a part of another test"]
fn a_program_that_panics() {
    restore_on_panic();
    let _taken = Tui::enter(&Environment::read(), true).unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "a_program_that_panics", "--ignored", "--nocapture"];
    let mut terminal = Terminal::run(this.to_str().unwrap(), (80, 24), &arguments, &[]);
    assert_ne!(terminal.end(Duration::from_secs(10)), 0);
    terminal.assert_given_back();
    terminal.wait_for("on purpose");
    assert!(terminal.wrote(b"\x1b[?1006l"), "the mouse was not let go");
}

#[rstest]
#[case::no_colour(&[("NO_COLOR", "1")])]
#[case::ascii(&[("LANG", "C")])]
#[case::screen(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux,1,0")])]
#[case::sixteen_colours(&[("TERM", "xterm")])]
#[case::light(&[("COLORFGBG", "0;15"), ("COLORTERM", "truecolor")])]
fn humble_terminals(#[case] environment: &[(&str, &str)]) {
    let mut terminal = Terminal::start((80, 24), &["--demo=steady"], environment);
    terminal.wait_for("productpage");
    terminal.press("3");
    terminal.wait_for("AGE");
    if environment.contains(&("LANG", "C")) {
        assert!(terminal.text().is_ascii(), "{}", terminal.text());
    }
    if environment.contains(&("NO_COLOR", "1")) {
        // Neither the sixteen colours nor others; the selection is set off all the same.
        assert!(!terminal.wrote(b"\x1b[38;"), "a colour was set");
        assert!(terminal.wrote(b"\x1b[7m"), "the selection is not seen");
    }
    if environment.contains(&("TERM", "xterm")) {
        let indices = colours(&terminal.shown().bytes);
        assert!(!indices.is_empty() && indices.iter().all(|index| *index < 16), "{indices:?}");
        assert!(!terminal.wrote(b"8;2;"), "a colour was mixed");
    }
    if environment.contains(&("COLORFGBG", "0;15")) {
        // Told by the selected row.
        assert!(terminal.wrote(b"48;2;213;227;243"), "the selection is not that of a light theme");
        assert!(!terminal.wrote(b"48;2;37;52;77"), "the selection is that of the dark theme");
    }
    terminal.press("q");
    assert_eq!(terminal.end(Duration::from_secs(5)), 0);
}

/// The colours of the palette that were set: `38;5;N`, `48;5;N`.
fn colours(bytes: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(bytes);
    let after = text.split("8;5;").skip(1);
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    after.filter_map(|rest| digits(rest).parse().ok()).collect()
}

#[test]
fn a_dumb_terminal_is_told_what_to_use() {
    let mut terminal = Terminal::start((80, 24), &["--demo=steady"], &[("TERM", "dumb")]);
    assert_eq!(terminal.end(Duration::from_secs(5)), 1);
    terminal.wait_for("vigla");
    assert!(!terminal.wrote(b"\x1b[?1049h"));
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_vigla"))
        .arg("--demo=steady")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("vigla graph") || message.contains("vigla overview"), "{message}");
    assert!(output.stdout.is_empty());
}
