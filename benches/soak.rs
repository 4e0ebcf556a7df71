//! The night shift: the explorer in a terminal, refreshing every second, against a world of 500
//! services whose objects never rest. `VIGLA_SOAK=45` runs it for as many minutes; memory is to
//! stay flat within a tenth from the fifth minute on, tasks and threads in number.

#![expect(clippy::unwrap_used, reason = "a soak may panic")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, Instant};

use serde_json::json;

#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/pty.rs"]
#[expect(dead_code, reason = "the tests press keys too")]
mod pty;
#[path = "support/world.rs"]
mod world;

use process::{Usage, program};
use pty::Terminal;
use world::World;

const SERVICES: u32 = 500;
const IN_A_NAMESPACE: u32 = 50;
/// Between two changes of objects.
const CHURN: Duration = Duration::from_secs(1);
/// Between two lines of figures.
const SAMPLE: Duration = Duration::from_secs(10);
/// Caches, allocators and lists have settled by then.
const SETTLED: Duration = Duration::from_secs(300);

fn main() {
    let minutes = std::env::var("VIGLA_SOAK").ok().and_then(|text| text.parse::<u64>().ok());
    let Some(minutes) = minutes else {
        println!("skipped: VIGLA_SOAK=45 runs it for as many minutes");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(soak(Duration::from_secs(60 * minutes)));
}

async fn soak(length: Duration) {
    let world = World::start(&format!("large:{SERVICES}"));
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("vigla.log");
    let mut environment = world.environment().to_vec();
    environment.push(("VIGLA_LOG", "vigla::app=debug"));
    let arguments = ["-A", "--refresh", "1s", "--log-file", log.to_str().unwrap()];
    let terminal = Terminal::run(&program(), (120, 40), &arguments, &environment);
    terminal.wait_for("team-0");
    let process = terminal.child.process_id().unwrap();
    let first = Usage::of(process).unwrap();
    let mut samples = Vec::new();
    let (began, mut sampled, mut step) = (Instant::now(), Instant::now(), 0);
    while began.elapsed() < length {
        churn(&world, step).await;
        step += 1;
        tokio::time::sleep(CHURN).await;
        if sampled.elapsed() >= SAMPLE {
            sampled = Instant::now();
            let usage = Usage::of(process).unwrap();
            let tasks = tasks(&log);
            let written = terminal.shown().bytes.len();
            println!(
                "{:>5} s  {usage}, {:.1} % of a core, {tasks} tasks, {written} bytes written",
                began.elapsed().as_secs(),
                usage.core_percent(samples.last().map_or(&first, |(usage, _)| usage)),
            );
            samples.push((usage, tasks));
        }
    }
    println!("\n{}\n", terminal.text());
    let settled = samples.iter().find(|(usage, _)| usage.at >= began + SETTLED.min(length / 2));
    let (Some((settled, few)), Some((last, many))) = (settled, samples.last()) else { return };
    let growth = (last.megabytes() / settled.megabytes() - 1.0) * 100.0;
    println!("changes made        {step}");
    println!("memory when settled {:.1} MB", settled.megabytes());
    println!("memory at the end   {:.1} MB, {growth:+.1} % (limit ±10 %)", last.megabytes());
    println!("tasks               {few}, then {many}");
    println!("threads             {}, then {}", settled.threads, last.threads);
    println!("processor           {:.1} % of a core since then", last.core_percent(settled));
    println!("bytes written       {}", terminal.shown().bytes.len());
}

/// One change, another each time: a deployment scaled, annotated, a weight moved, a pod deleted.
async fn churn(world: &World, step: u32) {
    let index = step * 7 % SERVICES;
    let namespace = format!("team-{:02}", index / IN_A_NAMESPACE);
    let name = format!("svc-{index:04}");
    match step % 4 {
        0 => world.scale(&namespace, &format!("{name}-v1"), 1 + step / 4 % 3).await,
        1 => {
            let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}-v2");
            let note = json!({"metadata": {"annotations": {"example.com/step": step.to_string()}}});
            world.patch(&path, &note).await;
        }
        2 => {
            let path = format!(
                "/apis/networking.istio.io/v1/namespaces/{namespace}/virtualservices/{name}"
            );
            let to = |version: &str, weight: u32| json!({"destination": {"host": name, "subset": version}, "weight": weight});
            let weight = step % 100;
            let route = json!([{"route": [to("v1", 100 - weight), to("v2", weight)]}]);
            world.patch(&path, &json!({"spec": {"http": route}})).await;
        }
        _ => {
            let pods = world.pods(&namespace).await;
            if let Some(pod) = pods.get(step as usize % pods.len().max(1)) {
                world.delete(&format!("/api/v1/namespaces/{namespace}/pods/{pod}")).await;
            }
        }
    }
}

/// How many tasks the explorer had when it last took a snapshot in, as its log says.
fn tasks(log: &std::path::Path) -> u64 {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find_map(|line| line.split_once("tasks=").map(|(_, rest)| rest));
    let number = last.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}
