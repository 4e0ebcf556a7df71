//! Every way in which an answer can be wrong becomes a trouble that says why and what to do; and
//! one part that fails leaves the others standing.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rstest::rstest;
use vigla::mesh::graph::GraphOptions;
use vigla::mesh::telemetry::Part;
use vigla::mesh::{Scope, Trouble};
use vigla::source::prometheus::{
    Client, Credentials, LatencyBy, PrometheusOptions, Range, Secret, TelemetryRequest,
};
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::shared::shared;

fn client(url: &str) -> Client {
    let mut options = PrometheusOptions::new(url);
    options.timeout = Duration::from_secs(2);
    Client::new(&options).expect("a client")
}

async fn trouble_of(answer: ResponseTemplate) -> Trouble {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    client(&server.uri()).query("up", None).await.expect_err("a trouble")
}

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<!doctype html><title>Log in</title>", "text/html")
}

#[rstest]
#[case::login_page(html(200), "it answers HTML", "Grafana")]
#[case::html_in_disguise(json(200, "\n <html>"), "it answers HTML", "Grafana")]
#[case::unauthorized(html(401), "401 Unauthorized: an HTML page", "--prometheus-header")]
#[case::forbidden(json(403, "no"), "403 Forbidden: no", "tenant")]
#[case::not_found(json(404, ""), "404 Not Found", "path prefix")]
#[case::too_many(json(429, "slow down"), "429 Too Many Requests: slow down", "--refresh")]
#[case::broken(json(500, "oops"), "500 Internal Server Error: oops", "--window")]
#[case::overloaded(
    json(503, r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#),
    "503 Service Unavailable: query timed out", "--window")]
#[case::redirect(
    ResponseTemplate::new(302).insert_header("location", "https://sso.example/login?secret=1"),
    "302, a redirect to https://sso.example/login", "login page")]
#[case::half_a_body(
    json(200, r#"{"status":"success","data":{"resultType":"vector","#),
    "not what Prometheus says",
    "Prometheus-compatible"
)]
#[case::other_json(
    json(200, r#"{"ok":true}"#),
    "not what Prometheus says",
    "Prometheus-compatible"
)]
#[case::a_list(json(200, "[1,2]"), "not what Prometheus says", "Prometheus-compatible")]
#[case::escape_sequences(json(500, "\u{1b}[2Jgone"), "\u{FFFD}[2Jgone", "--window")]
#[case::endless_words(json(500, &"x".repeat(100_000)), "xxx", "--window")]
#[tokio::test]
async fn wrong_answers_are_told(
    #[case] answer: ResponseTemplate,
    #[case] why: &str,
    #[case] hint: &str,
) {
    let trouble = trouble_of(answer).await;
    assert!(trouble.what.starts_with("ask Prometheus at http://127.0.0.1:"), "{trouble:?}");
    assert!(trouble.why.contains(why), "{trouble:?}");
    assert!(trouble.hint.contains(hint), "{trouble:?}");
    assert!(trouble.why.len() < 500, "{} characters", trouble.why.len());
    assert!(!trouble.why.contains("secret"), "{trouble:?}");
}

#[rstest]
#[case("error-parse.json", "unclosed left parenthesis")]
#[case("error-type.json", "expected type range vector")]
#[case("error-no-query.json", "no expression found")]
#[tokio::test]
async fn recorded_errors_are_told_in_the_servers_words(#[case] file: &str, #[case] why: &str) {
    let Some(path) = shared(&format!("recorded/prometheus-2.42/{file}")) else { return };
    let trouble = trouble_of(json(400, &std::fs::read_to_string(path).unwrap())).await;
    assert!(trouble.why.contains(why), "{trouble:?}");
}

#[tokio::test]
async fn nobody_listening_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let trouble = client(&format!("http://{free}")).query("up", None).await.unwrap_err();
    assert!(trouble.why.contains("refused"), "{trouble:?}");
    assert!(trouble.hint.contains("--prometheus-url"), "{trouble:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = MockServer::start().await;
    let late = json(200, "{}").set_delay(Duration::from_secs(30));
    Mock::given(method("POST")).respond_with(late).mount(&server).await;
    let began = Instant::now();
    let trouble = client(&server.uri()).query("up", None).await.unwrap_err();
    assert_eq!(trouble.why, "no answer within 2 s");
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Serves one connection by hand: a head, then pieces for as long as the client reads.
fn raw_server(
    head: &'static str,
    piece: &'static [u8],
    pieces: usize,
) -> (String, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        (0..pieces).take_while(|_| stream.write_all(piece).is_ok()).count()
    });
    (url, thread)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_too_long_is_refused_while_it_streams() {
    static PIECE: [u8; 1 << 20] = [b' '; 1 << 20];
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let (url, server) = raw_server(head, &PIECE, 100);
    let mut options = PrometheusOptions::new(url);
    options.timeout = Duration::from_secs(60);
    let trouble = Client::new(&options).unwrap().query("up", None).await.unwrap_err();
    assert_eq!(trouble.why, "the answer is longer than 64 MB");
    let sent = server.join().unwrap();
    assert!(sent < 90, "{sent} MB were taken in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_told() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n";
    let (url, _server) = raw_server(head, b"{\"status\":\"success\",", 1);
    let trouble = client(&url).query("up", None).await.unwrap_err();
    assert!(trouble.why.starts_with("the answer broke off"), "{trouble:?}");
}

#[rstest]
#[case("prometheus:9090", "http://")]
#[case("ftp://prometheus", "http://")]
#[case("http://", "whole URL")]
fn urls_that_make_no_sense_are_told(#[case] url: &str, #[case] hint: &str) {
    let Err(trouble) = Client::new(&PrometheusOptions::new(url)) else { panic!("{url} is taken") };
    assert!(trouble.hint.contains(hint), "{trouble:?}");
}

/// The one request that the server saw.
async fn request_of(options: impl FnOnce(&mut PrometheusOptions)) -> Request {
    let server = MockServer::start().await;
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    Mock::given(method("POST")).respond_with(json(200, empty)).mount(&server).await;
    let url = server.uri().replace("http://", "http://ann:p%40ss@");
    let mut given = PrometheusOptions::new(format!("{url}/prefix/"));
    options(&mut given);
    Client::new(&given).unwrap().query("up", None).await.unwrap();
    server.received_requests().await.unwrap().remove(0)
}

#[tokio::test]
async fn credentials_and_headers_arrive() {
    let basic = request_of(|_| {}).await;
    assert_eq!(basic.url.path(), "/prefix/api/v1/query");
    assert_eq!(basic.headers["authorization"], "Basic YW5uOnBAc3M=");
    let bearer = request_of(|options| {
        options.credentials = Credentials::Bearer(Secret::new("t0k3n"));
        options.headers.push(("X-Scope-OrgID".into(), Secret::new("team-a")));
    });
    let bearer = bearer.await;
    assert_eq!(bearer.headers["authorization"], "Bearer t0k3n");
    assert_eq!(bearer.headers["x-scope-orgid"], "team-a");
}

#[tokio::test]
async fn proxies_that_let_only_get_through_are_asked_so() {
    let server = MockServer::start().await;
    let Some(file) = shared("recorded/prometheus-2.42/vector-p95.json") else { return };
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(405)).mount(&server).await;
    let answer = json(200, &std::fs::read_to_string(file).unwrap());
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let series = client(&server.uri()).query("up", None).await.unwrap();
    assert_eq!(series.len(), 7);
    let nan = series.iter().filter(|series| series.points[0].1.is_nan()).count();
    assert_eq!(nan, 3);
}

#[tokio::test]
async fn recorded_ranges_and_build_info_are_read() {
    let server = MockServer::start().await;
    let recorded = |file: &str| {
        shared(&format!("recorded/prometheus-2.42/{file}"))
            .map(|path| json(200, &std::fs::read_to_string(path).unwrap()))
    };
    let (Some(range), Some(info)) = (recorded("range.json"), recorded("buildinfo.json")) else {
        return;
    };
    Mock::given(path("/api/v1/query_range")).respond_with(range).mount(&server).await;
    Mock::given(path("/api/v1/status/buildinfo")).respond_with(info).mount(&server).await;
    let client = client(&server.uri());
    let range = Range {
        start: "2026-11-22T00:00:00Z".parse().unwrap(),
        end: "2026-11-22T00:01:00Z".parse().unwrap(),
        step: Duration::from_secs(5),
    };
    let series = client.query_range("x", range).await.unwrap();
    assert_eq!(series.len(), 3);
    assert_eq!(series[2].labels["destination_workload"], "reviews-v3");
    assert_eq!(series[2].points[0], (1_795_354_713.805, 3.454_999_999_999_999_6));
    assert_eq!(client.build_info().await.unwrap().version, "2.42.0+ds");
}

fn everything(scope: Scope) -> TelemetryRequest {
    TelemetryRequest {
        tcp_sent: true,
        grpc_sent: true,
        grpc_received: true,
        latency: Some(LatencyBy::Edge),
        counts: true,
        ..TelemetryRequest::for_graph(scope, Duration::from_secs(60), &GraphOptions::default())
    }
}

#[tokio::test]
async fn one_part_that_fails_leaves_the_others_standing() {
    let server = MockServer::start().await;
    let row = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":
        {"reporter":"source","source_workload":"a"},"value":[1795354748.5,"2.5"]}]},
        "warnings":["a store did not take part"]}"#;
    Mock::given(body_string_contains("istio_request_messages_total"))
        .respond_with(json(422, r#"{"status":"error","error":"too many samples"}"#))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(body_string_contains("query=up%5B"))
        .respond_with(json(422, r#"{"status":"error","error":"too few targets"}"#))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(body_string_contains("_bucket"))
        .respond_with(json(200, "{}").set_delay(Duration::from_secs(30)))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(json(200, row)).mount(&server).await;
    let telemetry = client(&server.uri()).refresh(&everything(Scope::All)).await;
    assert!((telemetry.requests.rows()[0].rate - 2.5).abs() < 1e-9);
    assert_eq!(telemetry.tcp_received.rows().len(), 1);
    let Part::Failed(refused) = &telemetry.grpc_sent else { panic!("{:?}", telemetry.grpc_sent) };
    assert!(refused.what.ends_with("(grpc_sent)"), "{refused:?}");
    assert!(refused.why.contains("too many samples"), "{refused:?}");
    let Part::Failed(late) = &telemetry.latency else { panic!("{:?}", telemetry.latency) };
    assert_eq!(late.why, "no answer within 2 s");
    assert_eq!(telemetry.evaluated_at.as_millisecond(), 1_795_354_748_500);
    let [store, targets] = telemetry.warnings.as_slice() else { panic!("{telemetry:?}") };
    assert_eq!(store, "a store did not take part");
    assert!(targets.contains("(targets)") && targets.contains("too few"), "{targets}");
}

#[tokio::test]
async fn as_many_queries_for_a_hundred_namespaces_as_for_one() {
    let server = MockServer::start().await;
    let empty = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    Mock::given(method("POST")).respond_with(json(200, empty)).mount(&server).await;
    let client = client(&server.uri());
    let mut numbers = BTreeSet::new();
    for namespaces in [1, 10, 100] {
        let names = (0..namespaces).map(|n| Arc::from(format!("mesh-{n:02}"))).collect();
        let graph = TelemetryRequest::for_graph(
            Scope::Namespaces(names),
            Duration::from_secs(60),
            &GraphOptions::default(),
        );
        let all = everything(graph.scope.clone());
        let throughput = TelemetryRequest { throughput: true, ..graph.clone() };
        let mut asked = Vec::new();
        for request in [graph, throughput, all] {
            server.reset().await;
            Mock::given(method("POST")).respond_with(json(200, empty)).mount(&server).await;
            let telemetry = client.refresh(&request).await;
            let received = server.received_requests().await.unwrap().len();
            assert_eq!(received, telemetry.queries.len());
            asked.push(received);
        }
        println!(
            "{namespaces} namespaces: {} queries for a graph, {} with throughput, {} for everything",
            asked[0], asked[1], asked[2]
        );
        numbers.insert(asked);
    }
    assert_eq!(numbers, BTreeSet::from([vec![2, 4, 10]]));
}
