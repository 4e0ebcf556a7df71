//! The explorer in a terminal, against embedded worlds and against sources that never answer.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Usage, program};
use crate::pty::Terminal;
use crate::world::World;
use crate::{line, millis, watched};

/// Caches and allocators have settled by then.
const SETTLED: Duration = Duration::from_secs(10);
const SIZE: (u16, u16) = (120, 40);

pub(crate) fn measure() {
    hanging();
    let world = World::start("steady");
    let (terminal, first) = opened(&world, SIZE, &[], "productpage");
    line("Bookinfo: first frame with data", millis(first), 200.0, "ms");
    let seen = watch(&terminal, watched());
    line("Bookinfo: memory", seen.megabytes, 40.0, "MB");
    line("Bookinfo: processor", seen.core_percent, 1.0, "%");
    drop(terminal);
    let (terminal, _) = opened(&world, (80, 24), &[], "productpage");
    let seen = watch(&terminal, watched());
    let refreshes = watched().as_secs_f64() / 5.0;
    line("Bookinfo at 80×24: bytes a refresh", seen.bytes as f64 / refreshes, 2_000.0, "B");
    drop(terminal);
    let (terminal, _) = opened(&world, (80, 24), &["--refresh", "1h"], "productpage");
    line("Bookinfo at 80×24: bytes while nothing changes", idle(&terminal) as f64, 0.0, "B");
    drop(terminal);
    let few = queries(&world);
    drop(world);
    large(few);
}

/// A thousand services with 5,000 pods.
fn large(few: usize) {
    let world = World::start("large:1000");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for service in 0..1_000 {
            let namespace = format!("team-{:02}", service / 50);
            world.scale(&namespace, &format!("svc-{service:04}-v1"), 4).await;
        }
    });
    let many = queries(&world);
    line("queries a refresh, in 20 namespaces as in 2", many as f64, few as f64, "");
    let (terminal, first) = opened(&world, SIZE, &["-A"], "team-0");
    line("5,000 pods, 1,000 services: first graph", millis(first), 1_500.0, "ms");
    let seen = watch(&terminal, watched());
    line("5,000 pods, 1,000 services: memory", seen.megabytes, 200.0, "MB");
    line(
        "5,000 pods, 1,000 services: processor (its own budget: the big cluster)",
        seen.core_percent,
        2.0,
        "%",
    );
}

/// An explorer that shows a text, and how long that took.
fn opened(world: &World, size: (u16, u16), more: &[&str], text: &str) -> (Terminal, Duration) {
    let began = Instant::now();
    let terminal = Terminal::run(&program(), size, more, &world.environment());
    terminal.wait_for(text);
    (terminal, began.elapsed())
}

pub(crate) struct Seen {
    pub(crate) megabytes: f64,
    pub(crate) core_percent: f64,
    pub(crate) bytes: usize,
}

/// Watches an explorer at work once it has settled.
pub(crate) fn watch(terminal: &Terminal, length: Duration) -> Seen {
    thread::sleep(SETTLED);
    let process = terminal.child.process_id().unwrap();
    let before = Usage::of(process).expect("the explorer runs");
    let written = terminal.shown().bytes.len();
    thread::sleep(length);
    let after = Usage::of(process).expect("the explorer runs");
    Seen {
        megabytes: after.megabytes(),
        core_percent: after.core_percent(&before),
        bytes: terminal.shown().bytes.len() - written,
    }
}

/// Bytes written while nothing changes: data older than 15 seconds tell their age, and that does.
fn idle(terminal: &Terminal) -> usize {
    thread::sleep(Duration::from_secs(4));
    let written = terminal.shown().bytes.len();
    thread::sleep(Duration::from_secs(8));
    terminal.shown().bytes.len() - written
}

/// How many questions one answer of `vigla graph -A` costs.
fn queries(world: &World) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), counted) = (stream, Arc::clone(&counted)) else { return };
            thread::spawn(move || answer(&stream, &counted));
        }
    });
    let ended = Command::new(program())
        .args(["graph", "-A", "-o", "json"])
        .envs(world.environment())
        .env("VIGLA_PROMETHEUS_URL", url)
        .stdout(Stdio::null())
        .status();
    assert!(ended.unwrap().success());
    asked.load(Ordering::Relaxed)
}

/// Answers every question on a connection with an empty vector.
fn answer(stream: &std::net::TcpStream, asked: &AtomicUsize) {
    use std::io::{BufRead, BufReader, Read};
    let mut reader = BufReader::new(stream);
    let body = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let from = head.len();
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
            if let Some(number) = head[from..].to_lowercase().strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
        }
        let _ = reader.by_ref().take(length).read_to_end(&mut Vec::new());
        if head.contains("/query") {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
        let _ = write!(&*stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    }
}

/// Keys are answered while an API server and a Prometheus take connections and say nothing.
fn hanging() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: {url}}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\ncurrent-context: c\n\
         users: [{{name: u, user: {{}}}}]\n"
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let environment = [("KUBECONFIG", path), ("VIGLA_PROMETHEUS_URL", &url)];
    let mut terminal = Terminal::run(&program(), SIZE, &[], &environment);
    terminal.wait("a first frame", || terminal.shown().bytes.len() > 500);
    thread::sleep(Duration::from_secs(1));
    let mut times: Vec<Duration> = Vec::new();
    for key in ["3", "4", "5", "6", "8", "2"].iter().cycle().take(60) {
        let before = terminal.shown().bytes.len();
        let began = Instant::now();
        terminal.press(key);
        terminal.wait("a frame", || terminal.shown().bytes.len() > before);
        times.push(began.elapsed());
        // Not within the frame time of the frame before.
        thread::sleep(Duration::from_millis(150));
    }
    times.sort();
    line("key to frame while every source hangs: median of 60", millis(times[30]), 16.0, "ms");
    line("key to frame while every source hangs: 99th percentile", millis(times[59]), 50.0, "ms");
}
