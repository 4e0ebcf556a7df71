//! What is secret stays secret: tokens planted in a kubeconfig, in what an exec plugin prints, in
//! headers, in URLs and in the environment reach the servers they are meant for, and appear in no
//! output, no message and no log, however loud it is.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test they are called from")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION};
use rstest::rstest;
use serde_json::json;
use tempfile::TempDir;

#[path = "support/pty.rs"]
#[expect(dead_code, reason = "nothing is resized or signalled here")]
mod pty;

use pty::Terminal;

/// Every secret of these tests holds this word.
const PLANTED: &str = "hunter2";

/// A server that writes down who asks.
struct Server {
    port: u16,
    /// `Authorization` of each request, as far as it has one.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers everything with a status; with 200 as an API server or a Prometheus without
    /// anything in it would.
    async fn start(code: u16) -> Self {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let writes = Arc::clone(&seen);
        let router = Router::new().fallback(move |headers: HeaderMap, uri: Uri| {
            let writes = Arc::clone(&writes);
            async move {
                let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                writes.lock().unwrap().extend(given.map(str::to_owned));
                let body = match uri.path() {
                    "/version" => json!({"gitVersion": "v1.36.2"}),
                    "/apis" => json!({"kind": "APIGroupList", "groups": []}),
                    "/api/v1/query" => {
                        json!({"status": "success", "data": {"resultType": "vector", "result": []}})
                    }
                    _ if code != 200 => json!({"kind": "Status", "message": "no", "code": code}),
                    _ => json!({"kind": "PodList", "metadata": {}, "items": []}),
                };
                let json = [("content-type", "application/json")];
                (StatusCode::from_u16(code).unwrap(), json, body.to_string())
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, seen }
    }

    fn heard(&self, secret: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|given| given.contains(secret))
    }
}

/// A user with a token, or with a plugin that prints one.
fn kubeconfig(directory: &Path, port: u16, plugin: bool) -> PathBuf {
    let script = directory.join("plugin");
    let credential = json!({"kind": "ExecCredential", "status": {"token": "hunter2-plugin"}});
    std::fs::write(&script, format!("#!/bin/sh\necho '{credential}'\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let user = if plugin {
        format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{}', \
             env: [{{name: SECRET, value: hunter2-env}}]}}",
            script.display()
        )
    } else {
        "token: hunter2-kube".to_owned()
    };
    let path = directory.join("config");
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n\
         contexts: [{{name: a, context: {{cluster: c, user: u}}}}]\ncurrent-context: a\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// The explorer on every screen, with its log at trace: neither shows what is planted.
#[rstest]
#[case::answered(200)]
#[case::refused(401)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_explorer_shows_no_token(#[case] code: u16) {
    let (cluster, store) = (Server::start(code).await, Server::start(code).await);
    let directory = TempDir::new().unwrap();
    let config = kubeconfig(directory.path(), cluster.port, true).display().to_string();
    let log = directory.path().join("log");
    let url = format!("http://ann:hunter2-url@127.0.0.1:{}/?token=hunter2-query", store.port);
    let environment = [
        ("VIGLA_LOG", "trace"),
        ("VIGLA_PROMETHEUS_URL", &*url),
        ("KUBECONFIG", &*config),
        ("MY_TOKEN", "hunter2-environment"),
        ("PATH", "/usr/bin:/bin"),
    ];
    let header = "X-Scope-OrgID: hunter2-tenant";
    let file = log.display().to_string();
    let arguments = ["--prometheus-header", header, "--log-file", &*file];
    let mut shown = String::new();
    tokio::task::block_in_place(|| {
        let mut terminal = Terminal::start((200, 50), &arguments, &environment);
        terminal.wait_for("k8s");
        terminal.wait("a request with credentials", || {
            cluster.heard("hunter2-plugin") && !store.seen.lock().unwrap().is_empty()
        });
        for key in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "!", "\x1b", "p", "\x1b", "x"] {
            terminal.press(key);
            std::thread::sleep(std::time::Duration::from_millis(300));
            shown += &terminal.text();
        }
        terminal.press("\x1b");
        std::thread::sleep(std::time::Duration::from_millis(300));
        terminal.press("q");
        terminal.end(std::time::Duration::from_secs(10));
        shown += &String::from_utf8_lossy(&terminal.shown().bytes);
    });
    assert!(shown.contains("Findings"), "{shown}");
    assert!(!shown.contains(PLANTED), "{shown}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("DEBUG"), "{log}");
    assert!(!log.contains(PLANTED), "{log}");
}

#[rstest]
#[case::answered(200, false)]
#[case::refused(401, false)]
#[case::forbidden(403, true)]
#[case::broken(500, true)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_appear_nowhere(#[case] code: u16, #[case] plugin: bool) {
    let (cluster, store) = (Server::start(code).await, Server::start(code).await);
    let directory = TempDir::new().unwrap();
    let config = kubeconfig(directory.path(), cluster.port, plugin);
    let log = directory.path().join("log");
    let url = format!("http://127.0.0.1:{}", store.port);
    let with_user = format!("http://ann:hunter2-url@127.0.0.1:{}/?token=hunter2-query", store.port);
    let mut said = String::new();
    for (command, url, header) in [
        ("graph -n default -o json", &url, "Authorization: Bearer hunter2-header"),
        ("check --connect", &url, "Authorization: Bearer hunter2-header"),
        ("overview", &with_user, "X-Scope-OrgID: hunter2-tenant"),
        ("split reviews", &with_user, "X-Scope-OrgID: hunter2-tenant"),
        ("pods", &url, "no header hunter2-wrong"),
        ("graph", &"ftp://hunter2-user:hunter2-url@prom".to_owned(), "X-A: hunter2-tenant"),
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_vigla"))
            .args(command.split(' '))
            .args(["--prometheus-header", header, "--log-file"])
            .arg(&log)
            .env("VIGLA_LOG", "trace")
            .env("VIGLA_PROMETHEUS_URL", url)
            .env("KUBECONFIG", &config)
            .env("HOME", directory.path())
            .env("MY_TOKEN", "hunter2-environment")
            .output()
            .unwrap();
        said += &String::from_utf8_lossy(&ran.stdout);
        said += &String::from_utf8_lossy(&ran.stderr);
    }
    assert!(cluster.heard(if plugin { "hunter2-plugin" } else { "hunter2-kube" }));
    assert!(store.heard("hunter2-header"));
    assert!(!said.contains(PLANTED), "{said}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("the API server answers") && log.contains("DEBUG"), "{log}");
    assert!(!log.contains(PLANTED), "{log}");
}
