//! The program as a user calls it: what it prints, where, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;

/// A call with nothing of the machine's own settings around it.
fn vigla(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigla"));
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", "/nonexistent").env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    vigla(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs, and reads stdout as JSON; anything but success is told with its stderr.
fn json(args: &[&str]) -> Value {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Bad input: one clear message on stderr with what to do, nothing on stdout, the right exit
/// code, in under five seconds.
#[rstest]
#[case::unknown_flag(&["--colour"], 64, "--color")]
#[case::bad_duration(&["pods", "--window", "soon"], 64, "30s, 5m or 1h30m")]
#[case::bad_time(&["graph", "--time", "yesterday"], 64, "2026-11-22T18:30:00Z")]
#[case::unknown_scenario(&["pods", "--demo=circus"], 64, "bookinfo")]
#[case::header_without_colon(&["route", "--demo", "--from", "a", "--to", "b", "-H", "x"], 64, "Name: value")]
#[case::prometheus_url(&["graph", "--prometheus-url", "localhost:9090"], 64, "http://")]
#[case::no_kubeconfig(&["pods"], 1, "KUBECONFIG")]
#[case::named_kubeconfig_missing(&["pods", "--kubeconfig", "/nonexistent/config"], 1, "/nonexistent/config")]
#[case::missing_manifest(&["pods", "-f", "/nonexistent/file.yaml"], 65, "/nonexistent/file.yaml")]
fn bad_input(#[case] args: &[&str], #[case] exit: i32, #[case] hint: &str) {
    let began = Instant::now();
    let output = run(args);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(exit), "{message}");
    assert!(message.contains(hint), "{message}");
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn bad_configuration_names_file_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vigla.toml");
    std::fs::write(&file, "window = \"1m\"\ncolour = true\n").unwrap();
    let output = run(&["pods", "--demo", "--config", file.to_str().unwrap()]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(65), "{message}");
    assert!(message.contains("vigla.toml, line 2"), "{message}");
    assert!(message.contains("unknown field `colour`, expected one of `refresh`"), "{message}");
}

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {}}]
contexts: [{name: here, context: {cluster: c, user: u}}]
current-context: here
";

#[rstest]
#[case::unknown_context(&["--context", "there"], "here")]
#[case::unreachable(&[], "127.0.0.1:1")]
fn kubeconfig_faults(#[case] flags: &[&str], #[case] hint: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, KUBECONFIG).unwrap();
    let began = Instant::now();
    let args = [&["pods", "--kubeconfig", file.to_str().unwrap()], flags].concat();
    let output = run(&args);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains(hint), "{message}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// A login page in place of Prometheus: the pods are still told, the graph says what is wrong.
#[test]
fn prometheus_that_answers_html() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(32) {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let body = "<html><body>Sign in</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let output = run(&["graph", "--no-cluster", "--prometheus-url", &address]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("HTML"), "{message}");
}

#[test]
fn answers_that_need_no_source() {
    let config = run(&["config"]);
    assert_eq!(stdout(&config), include_str!("../config.toml"));
    let help = stdout(&run(&["--help"]));
    for command in ["overview", "graph", "pods", "services", "url", "split", "route", "check"] {
        assert!(help.contains(command), "{command} is not in the help");
    }
    assert!(stdout(&run(&["completions", "bash"])).contains("vigla"));
    assert!(stdout(&run(&["man"])).starts_with(".ie"));
    let rbac = stdout(&run(&["--print-rbac"]));
    assert!(rbac.contains("kind: ClusterRole") && rbac.contains("virtualservices"), "{rbac}");
    let forbidden = ["secrets", "update", "patch", "delete", "impersonate"];
    assert!(!forbidden.iter().any(|word| rbac.contains(word)), "read-only, no Secrets: {rbac}");
}

#[test]
fn urls_of_the_demo_one_a_line() {
    let output = run(&["url", "--demo"]);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.first(), Some(&"http://47.88.21.82:80/productpage"), "{}", stderr(&output));
    assert!(
        lines.len() >= 5 && lines.iter().all(|line| line.starts_with("http://47.88.21.82:80/"))
    );
    let document = json(&["url", "--demo", "-o", "json"]);
    assert_eq!(document["schema"], "vigla.url/v1");
    let gateway = &document["gateways"][0];
    assert_eq!(gateway["gateway_url"], "47.88.21.82:80");
    assert_eq!(gateway["reachable_by"], "load_balancer");
    assert_eq!(gateway["routes"][0]["match"], "exact");
}

#[test]
fn pods_of_the_demo() {
    let text = stdout(&run(&["pods", "--demo"]));
    let ready =
        text.lines().filter(|line| line.contains("2/2") && line.contains("Running")).count();
    assert_eq!(ready, 6, "{text}");
    let document = json(&["pods", "--demo", "-o", "json"]);
    assert_eq!(document["schema"], "vigla.pods/v1");
    assert_eq!(document["summary"], serde_json::json!({"ready": 6, "total": 6}));
    assert_eq!(document["pods"][0]["sidecar"], "ready");
    let yaml = stdout(&run(&["pods", "--demo", "-o", "yaml"]));
    assert!(yaml.starts_with("schema: vigla.pods/v1"), "{yaml}");
}

#[test]
fn graph_of_the_demo_follows_the_contract() {
    let document = json(&["graph", "--demo", "-o", "json"]);
    assert_eq!(document["schema"], "vigla.graph/v1");
    assert_eq!(document["sources"]["kubernetes"]["status"], "ok");
    assert_eq!(document["sources"]["prometheus"]["status"], "ok");
    let nodes = document["nodes"].as_array().unwrap();
    let has = |app: &str, version: &str| {
        nodes.iter().any(|node| node["app"] == app && node["version"] == version)
    };
    assert!(nodes.iter().any(|node| node["app"] == "istio-ingressgateway"));
    for (app, version) in
        [("productpage", "v1"), ("details", "v1"), ("reviews", "v1"), ("ratings", "v1")]
    {
        assert!(has(app, version), "{app} {version}");
    }
    let edges = document["edges"].as_array().unwrap();
    assert!(edges.iter().all(|edge| edge["rate"].as_f64().unwrap() > 0.0));
    let reviews: Vec<&Value> = edges
        .iter()
        .filter(|edge| nodes.iter().any(|n| n["id"] == edge["target"] && n["app"] == "reviews"))
        .collect();
    assert!(reviews.len() >= 2, "a canary has two versions at least");
    let shares: f64 = reviews.iter().map(|edge| edge["share_percent"].as_f64().unwrap()).sum();
    assert!((shares - 100.0).abs() < 0.1, "{shares}");
}

#[test]
fn dot_is_accepted_by_graphviz() {
    let dot = stdout(&run(&["graph", "--demo", "-o", "dot"]));
    let child =
        Command::new("dot").arg("-Tplain").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: Graphviz's dot is not on PATH");
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), dot.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{dot}");
    assert!(stdout(&output).lines().filter(|line| line.starts_with("edge")).count() >= 5);
}

#[test]
fn split_of_the_demo() {
    let document = json(&["split", "reviews", "--demo", "-o", "json"]);
    assert_eq!(document["schema"], "vigla.split/v1");
    assert_eq!(document["service"], serde_json::json!({"namespace": "default", "name": "reviews"}));
    assert_eq!(document["source_rule"]["kind"], "VirtualService");
    let versions = document["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 3);
    let of = |field: &str| versions.iter().filter_map(|v| v[field].as_f64()).sum::<f64>();
    assert!((of("configured_percent") - 100.0).abs() < 0.1, "{document}");
    assert!((of("observed_percent") - 100.0).abs() < 0.1, "{document}");
    let unknown = run(&["split", "nothing", "--demo"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("reviews"), "it names the services there are");
}

#[test]
fn graph_is_drawn_and_told_as_a_tree() {
    let drawn = stdout(&run(&["graph", "--demo"]));
    assert!(drawn.contains("productpage") && drawn.contains("ratings"), "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
    assert!(!drawn.contains('\u{1b}'), "no colour in a pipe");
    let ascii = stdout(&run(&["graph", "--demo", "--ascii"]));
    assert!(ascii.is_ascii() && ascii.contains("productpage"), "{ascii}");
    let tree = stdout(&run(&["graph", "--demo", "-o", "tree"]));
    assert!(tree.contains("productpage"), "{tree}");
    let svg = stdout(&run(&["graph", "--demo", "-o", "svg"]));
    assert!(svg.starts_with("<svg") && svg.contains("productpage"), "{svg}");
}

/// The example in the repository holds for the manifests in the repository.
#[test]
fn route_tests_on_manifests() {
    let example = "examples/bookinfo/routes.yaml";
    let output = run(&["route", "test", example, "-f", "assets/demo"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let junit = stdout(&run(&["route", "test", example, "-f", "assets/demo", "-o", "junit"]));
    assert!(junit.contains("<testsuite") && junit.contains("failures=\"0\""), "{junit}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("routes.yaml");
    let wrong = "from: productpage-v1\ntests:\n- {name: all to v1, to: 'reviews:9080', expect: {subset: v1}}\n";
    std::fs::write(&file, wrong).unwrap();
    let output = run(&["route", "test", file.to_str().unwrap(), "-f", "assets/demo"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(79), "{text}{}", stderr(&output));
    assert!(
        text.contains("all to v1") && text.contains("VirtualService default/reviews"),
        "{text}"
    );

    std::fs::write(&file, "from: a\ntests:\n- {name: b, to: c, expect: {subsett: v1}}\n").unwrap();
    let output = run(&["route", "test", file.to_str().unwrap(), "-f", "assets/demo"]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(65), "{message}");
    assert!(message.contains("subsett"), "{message}");
}

#[test]
fn route_of_the_demo_tells_rule_share_and_reasons() {
    let asked = ["route", "--demo", "--from", "productpage-v1", "--to", "reviews:9080"];
    let document = json(&[&asked[..], &["-o", "json"]].concat());
    assert_eq!(document["schema"], "vigla.route/v1");
    assert_eq!(document["outcome"], "routed");
    assert_eq!(document["rule"]["name"], "reviews");
    let shares = document["destinations"].as_array().unwrap();
    let total: f64 = shares.iter().map(|d| d["percent"].as_f64().unwrap()).sum();
    assert!((total - 100.0).abs() < 1e-9, "{document}");
    let text = stdout(&run(&asked));
    assert!(text.contains("is bound to default/bookinfo-gateway and not to the mesh"), "{text}");
}

#[test]
fn findings_of_the_broken_world() {
    let output = run(&["analyze", "--demo=broken"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(79), "{text}");
    assert!(text.contains("Error [IST0101] (VirtualService shop/unknown-host)"), "{text}");
    let output = run(&["analyze", "--demo=broken", "-o", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    assert!(findings.len() >= 12, "{}", findings.len());
    let levels: std::collections::BTreeSet<&str> =
        findings.iter().filter_map(|finding| finding["level"].as_str()).collect();
    assert_eq!(levels.into_iter().collect::<Vec<_>>(), ["error", "info", "warning"]);
    for (format, sign) in [("sarif", "\"2.1.0\""), ("junit", "<testsuite")] {
        assert!(stdout(&run(&["analyze", "--demo=broken", "-o", format])).contains(sign));
    }
}

/// What a change brings: told with its file and line, and with the code for "found something".
#[test]
fn findings_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("change.yaml");
    let change = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: nowhere}
";
    std::fs::write(&file, change).unwrap();
    let path = file.to_str().unwrap();
    let output = run(&["analyze", "-f", path, "-o", "json"]);
    assert_eq!(output.status.code(), Some(79), "{}", stderr(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &document["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("IST0101"), Some(8)));
    let suppressed = run(&["analyze", "-f", path, "-S", "IST0101=VirtualService *"]);
    assert_eq!(suppressed.status.code(), Some(0), "{}", stdout(&suppressed));
    let unknown = run(&["analyze", "-f", path, "-S", "IST9999"]);
    assert_eq!(unknown.status.code(), Some(64), "{}", stderr(&unknown));
    let explained = stdout(&run(&["analyze", "--explain", "ist0101"]));
    assert!(explained.contains("Draws it:") && explained.contains("Does not:"), "{explained}");
}

/// The gate, against worlds that are as they should be and worlds that are not.
#[rstest]
#[case::steady(&["--demo=steady"], 0, "pods ok")]
#[case::steady_service(&["--demo=steady", "--service", "reviews", "--max-p95", "5s"], 0, "latency ok")]
#[case::outage(&["--demo=outage"], 79, "errors failed")]
#[case::outage_pods(&["--demo=outage"], 79, "pods failed")]
#[case::broken(&["--demo=broken"], 79, "configuration failed")]
#[case::slow(&["--demo=steady", "--max-p95", "1ms"], 79, "latency failed")]
#[case::no_prometheus(&["--demo=steady", "--prometheus-url", "http://127.0.0.1:1"], 79, "telemetry failed")]
#[case::no_metrics(&["--demo=steady", "--no-metrics"], 0, "telemetry unknown")]
#[case::nothing_there(&["--demo=steady", "-n", "nowhere"], 79, "objects failed")]
fn check_gates(#[case] args: &[&str], #[case] exit: i32, #[case] says: &str) {
    let output = run(&[&["check", "-o", "json"], args].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{report:#}");
    assert_eq!(report["healthy"], exit == 0);
    let checks = report["checks"].as_array().unwrap();
    let said = |check: &Value| {
        format!("{} {}", check["check"].as_str().unwrap(), check["status"].as_str().unwrap())
    };
    let named = |check: &Value| {
        let filled = |field: &str| check[field].as_str().is_some_and(|text| !text.is_empty());
        filled("object") && filled("message") && (said(check).ends_with("ok") || filled("hint"))
    };
    assert!(checks.iter().any(|check| said(check) == says && named(check)), "{report:#}");
}

#[test]
fn check_waits_until_its_time_is_over() {
    let waits = ["check", "--demo=outage", "--watch", "--timeout", "3s"];
    let began = Instant::now();
    let output = run(&waits);
    assert_eq!(output.status.code(), Some(79), "{}", stderr(&output));
    assert!(stdout(&output).contains("not healthy"), "{}", stdout(&output));
    assert!(began.elapsed() >= Duration::from_secs(1), "it did not wait");
}

/// Bytes are those that the embedded world's requests and answers have; without the flag nobody
/// asks.
#[test]
fn throughput_is_what_was_sent() {
    let plain = stdout(&run(&["graph", "--demo=steady", "-o", "json"]));
    assert!(!plain.contains("throughput"), "{plain}");
    let graph = json(&["graph", "--demo=steady", "-o", "json", "--throughput"]);
    let mut seen = 0;
    for edge in graph["edges"].as_array().unwrap() {
        let target = edge["target"].as_str().unwrap();
        let each = [
            ("/productpage/", 1450.0, 5300.0),
            ("/details/", 980.0, 430.0),
            ("/reviews/v1", 1010.0, 560.0),
            ("/reviews/", 1020.0, 640.0),
            ("/ratings/", 960.0, 300.0),
        ];
        let Some((_, request, response)) = each.iter().find(|of| target.contains(of.0)) else {
            continue;
        };
        let rate = edge["rate"].as_f64().unwrap();
        for (field, each) in [("request_bytes", request), ("response_bytes", response)] {
            let bytes = edge["throughput"][field].as_f64().unwrap();
            assert!((bytes / rate - each).abs() < each * 0.001, "{edge:#}");
        }
        seen += 1;
    }
    assert!(seen >= 7, "{graph:#}");
    let drawn = stdout(&run(&["graph", "--demo=steady", "--labels", "throughput"]));
    assert!(drawn.contains("kB/s"), "{drawn}");
    let tree = stdout(&run(&["graph", "--demo=steady", "-o", "tree", "--throughput"]));
    assert!(tree.contains("THROUGHPUT") && tree.contains("kB/s"), "{tree}");
}

/// Latency comes after the rates: whoever watches sees it arrive.
#[rstest]
#[case::services("services", "\"p95\": ")]
#[case::overview("overview", "\"p95_ms\": ")]
fn watched_lists_tell_latency(#[case] list: &str, #[case] field: &str) {
    let args = [list, "--demo=steady", "-o", "json", "--watch", "--refresh", "1s"];
    let mut child = vigla(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        lines.map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).count()
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let left = || deadline.saturating_duration_since(Instant::now());
    let told = std::iter::from_fn(|| received.recv_timeout(left()).ok()).any(|line| {
        line.trim().strip_prefix(field).is_some_and(|value| !value.starts_with("null"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told, "no {field}");
}
