//! Beside kubectl, on a real cluster.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::explorer::watch;
use crate::process::program;
use crate::pty::Terminal;
use crate::{line, median, millis, skipped, watched};

const RUNS: usize = 7;

pub(crate) fn measure() {
    let given = |name: &str| std::env::var(name).ok();
    let (Some(kubeconfig), Some(prometheus)) =
        (given("VIGLA_TEST_KUBECONFIG"), given("VIGLA_TEST_PROMETHEUS_URL"))
    else {
        let why = "VIGLA_TEST_KUBECONFIG and VIGLA_TEST_PROMETHEUS_URL are not set";
        for what in ["graph against kubectl", "graph -A", "analyze", "the explorer at work"] {
            skipped(what, why);
        }
        return;
    };
    let environment = [("KUBECONFIG", &*kubeconfig), ("VIGLA_PROMETHEUS_URL", &*prometheus)];
    let run = |program: &str, arguments: &str| {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).envs(environment).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{program} {arguments}");
    };
    let vigla = &program();
    let (peer, ()) = median(RUNS, || run("kubectl", "get pods -n default"));
    let (ours, ()) = median(RUNS, || run(vigla, "graph -n default -o json"));
    line("graph -n default -o json: times kubectl get pods", millis(ours) / millis(peer), 1.0, "×");
    let (took, ()) = median(RUNS, || run(vigla, "graph -A -o json"));
    line("graph -A -o json", millis(took), 600.0, "ms");
    let (took, ()) = median(3, || run(vigla, "graph -A --latency -o json"));
    line("graph -A --latency -o json", millis(took), 3_000.0, "ms");
    let (took, ()) = median(RUNS, || {
        // It found something: that is no failure here.
        let _ = Command::new(vigla)
            .args(["analyze", "-n", "default"])
            .envs(environment)
            .stdout(Stdio::null())
            .status();
    });
    line("analyze -n default", millis(took), 300.0, "ms");
    explorer("the explorer", &["-n", "default"], &environment);
    explorer("the explorer of all namespaces", &["-A"], &environment);
}

/// An explorer while a deployment is scaled up and down.
fn explorer(who: &str, arguments: &[&str], environment: &[(&str, &str)]) {
    let kubeconfig = environment[0].1.to_owned();
    let over = Arc::new(AtomicBool::new(false));
    let churn = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut replicas = 1;
            while !over.load(Ordering::Relaxed) {
                replicas = 3 - replicas;
                let scale = format!("scale -n default deployment/details-v1 --replicas {replicas}");
                let _ = Command::new("kubectl")
                    .args(scale.split_whitespace())
                    .env("KUBECONFIG", &kubeconfig)
                    .stdout(Stdio::null())
                    .status();
                thread::sleep(Duration::from_secs(2));
            }
            let _ = Command::new("kubectl")
                .args(["scale", "-n", "default", "deployment/details-v1", "--replicas", "1"])
                .env("KUBECONFIG", &kubeconfig)
                .stdout(Stdio::null())
                .status();
        }
    });
    let terminal = Terminal::run(&program(), (120, 40), arguments, environment);
    terminal.wait_for("default");
    let seen = watch(&terminal, watched());
    line(&format!("{who} while kubectl scale churns: memory"), seen.megabytes, 100.0, "MB");
    line(&format!("{who} while kubectl scale churns: processor"), seen.core_percent, 2.0, "%");
    let rate = seen.bytes as f64 / (watched().as_secs_f64() / 5.0);
    line(&format!("{who} while kubectl scale churns: bytes a refresh"), rate, 2_000.0, "B");
    over.store(true, Ordering::Relaxed);
    churn.join().unwrap();
}
