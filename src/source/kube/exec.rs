//! Exec plugins: programs that fetch credentials (Kubernetes documentation, "client-go
//! credential plugins").
//!
//! Run here rather than by the client library, because a plugin must never read from the
//! operator's terminal nor write to it, and must end.

use std::process::Stdio;
use std::time::Duration;

use ::kube::config::{ExecConfig, ExecInteractiveMode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::mesh::{Trouble, harmless};

/// What a plugin gave. It is not printable: all of it is secret.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Credential {
    pub token: Option<String>,
    /// PEM.
    pub client_certificate_data: Option<String>,
    /// PEM.
    pub client_key_data: Option<String>,
    #[serde(rename = "expirationTimestamp")]
    pub expires: Option<Timestamp>,
}

/// A plugin that waits for a human would wait for ever.
const LIMIT: Duration = Duration::from_secs(10);
/// An answer is a few kilobytes.
const OUTPUT_LIMIT: u64 = 1 << 20;
/// As much of stderr as a message can use.
const WORDS_LIMIT: u64 = 4 << 10;

/// Runs a plugin and reads the credential it prints.
pub(super) async fn run(exec: &ExecConfig) -> Result<Credential, Trouble> {
    let name = exec.command.as_deref().unwrap_or_default();
    let shown = harmless::line(name.rsplit('/').next().unwrap_or(name)).into_owned();
    let trouble = |why: String, hint: &str| {
        let hint = if hint.is_empty() { install_hint(exec) } else { hint.to_owned() };
        Trouble::new(format!("run the exec plugin {shown}"), why, hint)
    };
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        let hint = "log in with the plugin's own command, or use a context with another user";
        return Err(trouble("it insists on asking at the terminal".into(), hint));
    }
    let mut child = command(exec, name)
        .map_err(|why| trouble(why, "repair the user's exec section in the kubeconfig"))?
        .spawn()
        .map_err(|error| trouble(error.to_string(), ""))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ran = async {
        let (out, words) =
            tokio::join!(collect(stdout, OUTPUT_LIMIT), collect(stderr, WORDS_LIMIT));
        (child.wait().await, out, words)
    };
    let Ok((status, out, words)) = tokio::time::timeout(LIMIT, ran).await else {
        let hint = "does it wait for a login? run it by hand once, then try again";
        return Err(trouble(format!("no credential within {} s", LIMIT.as_secs()), hint));
    };
    let status = status.map_err(|error| trouble(error.to_string(), ""))?;
    if !status.success() {
        let words = String::from_utf8_lossy(&words);
        let said = harmless::line(words.trim()).into_owned();
        let hint = "is the login still valid? log in again, then try again";
        return Err(trouble(format!("it ended with {status}: {said}"), hint));
    }
    // The parser's words are left out of the message: they may quote the secret.
    read(&out)
        .ok_or_else(|| trouble("its output is not an ExecCredential with a status".into(), ""))
}

fn read(output: &[u8]) -> Option<Credential> {
    #[derive(Deserialize)]
    struct Answer {
        status: Credential,
    }
    let answer: Answer = serde_json::from_slice(output).ok()?;
    let status = answer.status;
    let certificate = status.client_certificate_data.is_some() && status.client_key_data.is_some();
    (status.token.is_some() || certificate).then_some(status)
}

fn install_hint(exec: &ExecConfig) -> String {
    let hint = exec.install_hint.as_deref().unwrap_or("is it installed, and on the PATH?");
    harmless::line(hint.trim()).into_owned()
}

fn command(exec: &ExecConfig, name: &str) -> Result<Command, String> {
    if name.is_empty() {
        return Err("no command is given".into());
    }
    let mut spec = json!({"interactive": false});
    if let (true, Some(cluster)) = (exec.provide_cluster_info, &exec.cluster) {
        let cluster = serde_json::to_value(cluster).map_err(|error| error.to_string())?;
        spec["cluster"] = cluster;
    }
    let version = exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
    let info = json!({"kind": "ExecCredential", "apiVersion": version, "spec": spec});
    let mut command = Command::new(name);
    command.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    command
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: reading /dev/tty stops it instead of taking the operator's keys.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Reads up to `limit` bytes and lets the rest go by.
async fn collect(from: Option<impl AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What was read before an error is what there is.
        let _ = (&mut from).take(limit).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    }
    bytes
}

#[cfg(test)]
mod tests;
