//! The program in a pseudo-terminal: keys go in, and a screen comes out as a terminal shows it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A started program with what it wrote, as a terminal would show it.
pub(crate) struct Terminal {
    pub(crate) child: Box<dyn Child + Send + Sync>,
    pub(crate) master: Option<Box<dyn MasterPty + Send>>,
    pub(crate) keys: Option<Box<dyn Write + Send>>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

pub(crate) struct Shown {
    pub(crate) screen: vt100::Parser,
    pub(crate) bytes: Vec<u8>,
}

impl Terminal {
    pub(crate) fn start(
        size: (u16, u16),
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::run(env!("CARGO_BIN_EXE_vigla"), size, arguments, environment)
    }

    /// Starts a program in an environment of its own: nothing of the test's is handed on.
    pub(crate) fn run(
        program: &str,
        size: (u16, u16),
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.cwd("/");
        let usual = [("HOME", "/nonexistent"), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")];
        for (name, value) in usual.iter().chain(environment) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (rows, columns) = cells(size);
        let screen = vt100::Parser::new(rows, columns, 0);
        let shown = Arc::new((Mutex::new(Shown { screen, bytes: Vec::new() }), Condvar::new()));
        let heard = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let mut shown = heard.0.lock().unwrap();
                shown.screen.process(&buffer[..count]);
                shown.bytes.extend_from_slice(&buffer[..count]);
                heard.1.notify_all();
            }
        });
        Self { child, master: Some(pair.master), keys: Some(keys), shown }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.0.lock().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        self.shown().screen.screen().contents()
    }

    /// Waits until the screen shows a text; tells the screen if it never does.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), || self.text().contains(text));
    }

    pub(crate) fn wait(&self, what: &str, met: impl Fn() -> bool) {
        let began = Instant::now();
        while !met() {
            assert!(began.elapsed() < Duration::from_secs(20), "no {what}:\n{}", self.text());
            // Woken by whatever is written; what is waited for may lie elsewhere.
            let (lock, written) = &*self.shown;
            drop(written.wait_timeout(lock.lock().unwrap(), Duration::from_millis(20)).unwrap());
        }
    }

    /// Waits until nothing more is written: a key that arrives together with a change of the
    /// window's size may be read only with the next one (crossterm's reader leaves its batch).
    pub(crate) fn settle(&self) {
        let written = || self.shown().bytes.len();
        let mut before = written();
        loop {
            thread::sleep(Duration::from_millis(250));
            let now = written();
            if now == before {
                return;
            }
            before = now;
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    }

    /// Waits for the end; its exit code.
    pub(crate) fn end(&mut self, within: Duration) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(began.elapsed() < within, "still there after {within:?}:\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rows and columns, as the screen's model wants them.
pub(crate) fn cells((columns, rows): (u16, u16)) -> (NonZero<u16>, NonZero<u16>) {
    (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap())
}

pub(crate) fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
