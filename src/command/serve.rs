//! `vigla demo serve`: the embedded world, kept up for kubectl and promtool.

use super::{Exit, Failure, print};
use crate::cli::DemoCommand;
use crate::demo::{self, Demo, Options};
use crate::mesh::Trouble;

pub(super) async fn run(command: &DemoCommand) -> Result<Exit, Failure> {
    let DemoCommand::Serve { scenario, seed, kubernetes_port, prometheus_port } = command;
    let scenario = super::options::parse_scenario(scenario)?;
    let demo = demo::start_with(Options {
        scenario,
        seed: *seed,
        kubernetes_port: *kubernetes_port,
        prometheus_port: *prometheus_port,
    })
    .await?;
    let file = write_kubeconfig(&demo)?;
    print(&format!(
        "export KUBECONFIG={} VIGLA_PROMETHEUS_URL={}\n",
        file.display(),
        demo.prometheus_url
    ))?;
    let stopped = stopped().await;
    // The file names a server that is gone.
    let _ = std::fs::remove_file(&file);
    stopped?;
    Ok(Exit::Fine)
}

/// A kubeconfig of its own for each process, readable by its owner only.
fn write_kubeconfig(demo: &Demo) -> Result<std::path::PathBuf, Failure> {
    let file = std::env::temp_dir().join(format!("vigla-demo-{}.kubeconfig", std::process::id()));
    let write = || {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        // A file or link that is there already is not ours.
        let mut options = std::fs::OpenOptions::new();
        let mut opened = options.write(true).create_new(true).mode(0o600).open(&file)?;
        opened.write_all(demo.kubeconfig_yaml.as_bytes())
    };
    write().map_err(|error: std::io::Error| {
        Trouble::new(
            format!("write the kubeconfig {}", file.display()),
            error.to_string(),
            "set TMPDIR to a folder that you may write to",
        )
    })?;
    Ok(file)
}

/// Waits for an interrupt or a request to end.
async fn stopped() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error: std::io::Error| Trouble::new("wait for a signal", error.to_string(), "");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.map_err(failed)?,
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
