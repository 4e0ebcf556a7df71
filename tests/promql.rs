//! The embedded PromQL beside a real Prometheus: the same samples, the same questions, the same
//! answers. Skips, with the reason printed, where Debian's `prometheus` is not installed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic and print"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rstest::rstest;
use serde_json::Value;
use vigla::demo::prometheus::{Labels, Store};
use vigla::mesh::Scope;
use vigla::mesh::graph::GraphOptions;
use vigla::source::prometheus::promql::{
    LatencyBy, Reporters, TelemetryRequest, latency_questions, questions, reporters,
};

#[path = "support/embedded.rs"]
mod embedded;
#[path = "support/prometheus.rs"]
pub mod support;
use support::RealPrometheus;

/// The moment that is asked about, in seconds; samples lie in the half hour before it.
const NOW: i64 = 1_790_000_000;

/// One series: labels as text, and samples (milliseconds, value).
struct Series {
    labels: Vec<(String, String)>,
    samples: Vec<(i64, f64)>,
}

impl Series {
    fn new(name: &str, labels: &[(&str, &str)], samples: Vec<(i64, f64)>) -> Self {
        let name = [("__name__", name)];
        let labels = name.iter().chain(labels).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Self { labels: labels.collect(), samples }
    }
}

/// Samples every `step` milliseconds, shifted by `phase` and a little jitter, for half an hour.
fn every(step: i64, phase: i64, value: impl Fn(i64) -> f64) -> Vec<(i64, f64)> {
    let count = 30 * 60 * 1000 / step;
    let at = |n: i64| NOW * 1000 - 30 * 60 * 1000 + n * step + phase + (n * 7919) % 37;
    (0..count).map(|n| (at(n), value(n))).collect()
}

/// Calls between workloads: source, its namespace, destination, service, version, status.
const CALLS: [[&str; 6]; 8] = [
    ["istio-ingressgateway", "istio-system", "productpage-v1", "productpage", "v1", "200"],
    ["productpage-v1", "default", "details-v1", "details", "v1", "200"],
    ["productpage-v1", "default", "reviews-v1", "reviews", "v1", "200"],
    ["productpage-v1", "default", "reviews-v2", "reviews", "v2", "200"],
    ["productpage-v1", "default", "reviews-v3", "reviews", "v3", "200"],
    ["productpage-v1", "default", "reviews-v3", "reviews", "v3", "503"],
    ["reviews-v2", "default", "ratings-v1", "ratings", "v1", "200"],
    ["reviews-v3", "default", "unknown", "ratings", "unknown", "503"],
];

/// A counter of a call; reviews v1 was reset, v2 stops early, v3 is new.
fn counted(index: i64) -> Vec<(i64, f64)> {
    let rate = (index + 1) * 7;
    let total = move |n: i64| match index {
        2 if n > 60 => ((n - 60) * rate) as f64,
        _ => (n * rate + (n * n) % 11) as f64,
    };
    let mut samples = every(15_000, index * 331, total);
    match index {
        3 => samples.truncate(100),
        4 => drop(samples.drain(..90)),
        _ => {}
    }
    samples
}

/// The series of a call as one end reports it: requests, and their durations.
fn call(index: i64, call: [&str; 6], reporter: &str) -> Vec<Series> {
    let [source, namespace, destination, service, version, code] = call;
    let to = if destination == "unknown" { "unknown" } else { "default" };
    let policy = if reporter == "source" { "unknown" } else { "mutual_tls" };
    let host = format!("{service}.default.svc.cluster.local");
    let base = [
        ("reporter", reporter),
        ("source_workload", source),
        ("source_workload_namespace", namespace),
        ("source_canonical_service", source),
        ("source_canonical_revision", "v1"),
        ("source_cluster", "Kubernetes"),
        ("destination_workload", destination),
        ("destination_workload_namespace", to),
        ("destination_canonical_service", service),
        ("destination_canonical_revision", version),
        ("destination_service", &host),
        ("destination_service_name", service),
        ("destination_service_namespace", "default"),
        ("destination_cluster", "Kubernetes"),
        ("request_protocol", "http"),
        ("response_code", code),
        ("response_flags", "-"),
        ("connection_security_policy", policy),
        ("instance", "10.0.0.1:15020"),
        ("pod", source),
    ];
    let samples = counted(index);
    let part = |share: f64| samples.iter().map(|(at, v)| (*at, (v * share).floor())).collect();
    let mut all = Vec::new();
    for (bound, share) in [("1", 0.1), ("5", 0.5), ("10", 0.8), ("100", 0.99), ("+Inf", 1.0)] {
        let labels: Vec<(&str, &str)> = base.iter().copied().chain([("le", bound)]).collect();
        let name = "istio_request_duration_milliseconds_bucket";
        all.push(Series::new(name, &labels, part(share)));
    }
    let sum = samples.iter().map(|(at, v)| (*at, v * 4.37)).collect();
    all.push(Series::new("istio_request_duration_milliseconds_sum", &base, sum));
    all.push(Series::new("istio_request_duration_milliseconds_count", &base, samples.clone()));
    for (metric, bytes) in [("istio_request_bytes", 900.0), ("istio_response_bytes", 432.5)] {
        let sum = samples.iter().map(|(at, v)| (*at, v * bytes)).collect();
        all.push(Series::new(&format!("{metric}_sum"), &base, sum));
        all.push(Series::new(&format!("{metric}_count"), &base, samples.clone()));
    }
    all.push(Series::new("istio_requests_total", &base, samples));
    all
}

fn samples() -> Vec<Series> {
    let ends = |(index, edge): (i64, [&'static str; 6])| {
        ["source", "destination"].into_iter().flat_map(move |end| call(index, edge, end))
    };
    let mut all: Vec<Series> = (0..).zip(CALLS).flat_map(ends).collect();
    let odd = |n: i64| match n % 7 {
        3 => f64::NAN,
        5 => f64::NEG_INFINITY,
        _ => (n % 13) as f64 - 6.5,
    };
    for (at, zone) in (0_i64..).zip(["a", "b", "c"]) {
        let smooth = move |n: i64| ((n + at * 5) as f64 * 0.37).sin() * 100.0 + at as f64;
        all.push(Series::new("temperature", &[("zone", zone)], every(10_000, at * 977, smooth)));
        let limit = every(60_000, 5, move |_| 50.0 + at as f64);
        all.push(Series::new("limit", &[("zone", zone), ("owner", "o")], limit));
    }
    all.push(Series::new("odd", &[("zone", "a")], every(20_000, 11, odd)));
    all.push(Series::new("constant", &[], every(30_000, 0, |_| 3.0)));
    all.push(Series::new("up", &[("instance", "10.0.0.1:15020")], every(15_000, 3, |_| 1.0)));
    let tcp = [("reporter", "source"), ("app", "db"), ("source_workload_namespace", "default")];
    all.push(Series::new(
        "istio_tcp_sent_bytes_total",
        &tcp,
        every(15_000, 9, |n| (n * 999) as f64),
    ));
    all
}

fn openmetrics(all: &[Series]) -> String {
    let mut by_name = BTreeMap::<&str, Vec<&Series>>::new();
    for series in all {
        by_name.entry(&series.labels[0].1).or_default().push(series);
    }
    let mut text = String::new();
    for (name, series) in by_name {
        for Series { labels, samples } in series {
            let labels: Vec<String> =
                labels[1..].iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            for (at, value) in samples {
                let value = if value.is_infinite() { "-Inf".to_owned() } else { value.to_string() };
                let (seconds, millis) = (at / 1000, at % 1000);
                writeln!(text, "{name}{{{}}} {value} {seconds}.{millis:03}", labels.join(","))
                    .unwrap();
            }
        }
    }
    text + "# EOF\n"
}

fn store(all: &[Series]) -> Store {
    let mut store = Store::new(embedded::FOREVER);
    for Series { labels, samples } in all {
        let id = store.series(&Labels::new(
            labels.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())),
        ));
        for (at, value) in samples {
            assert!(store.append(id, *at, *value));
        }
    }
    store
}

/// Every question that Vigla sends: scopes, windows, one service, idle rows.
fn ours() -> Vec<String> {
    let scopes = [
        Scope::All,
        Scope::Namespaces(vec!["default".into()]),
        Scope::Namespaces(vec!["default".into(), "istio-system".into()]),
    ];
    let mut all = Vec::new();
    for (scope, idle) in scopes.into_iter().flat_map(|s| [(s.clone(), false), (s, true)]) {
        for (service, latency) in [
            (None, LatencyBy::Edge),
            (None, LatencyBy::Service),
            (None, LatencyBy::Namespace),
            (Some(("default".into(), "reviews".into())), LatencyBy::Edge),
        ] {
            let request = TelemetryRequest {
                scope: scope.clone(),
                window: Duration::from_secs(if idle { 300 } else { 60 }),
                time: None,
                service,
                requests: true,
                tcp_sent: true,
                tcp_received: true,
                grpc_sent: true,
                grpc_received: true,
                latency: Some(latency),
                throughput: true,
                latency_within: None,
                counts: true,
                idle,
            };
            all.push(reporters(&request, &[]));
            let pair = |(reporter, name): &(&str, &str)| (reporter.to_string(), name.to_string());
            for told in [
                &[][..],
                &[("destination", "unknown")],
                &[("waypoint", "a-v1"), ("destination", "a-v1"), ("destination", "unknown")],
            ] {
                let reporters = Reporters::of(&told.iter().map(pair).collect::<Vec<_>>());
                all.extend(
                    latency_questions(&request, &[], &reporters).into_iter().map(|asked| asked.1),
                );
            }
            for asked in
                [questions(&request, &[]), latency_questions(&request, &[], &Reporters::All)]
            {
                all.extend(asked.into_iter().map(|(_, text)| text));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// The questions of throughput: one reporter a flow, by what its own histogram has counted.
#[rstest]
#[case::all(&[], &[""])]
#[case::one(&["shop"], &[
    "source_workload_namespace=\"shop\"",
    "source_workload_namespace!=\"shop\",destination_workload_namespace=\"shop\"",
    "source_workload_namespace!=\"shop\",destination_workload_namespace=~\"unknown|\",\
     destination_service=~\".+\\\\.(shop)\\\\..+\"",
])]
#[case::two(&["shop", "bank"], &[
    "source_workload_namespace=~\"shop|bank\"",
    "source_workload_namespace!~\"shop|bank\",destination_workload_namespace=~\"shop|bank\"",
    "source_workload_namespace!~\"shop|bank\",destination_workload_namespace=~\"unknown|\",\
     destination_service=~\".+\\\\.(shop|bank)\\\\..+\"",
])]
fn questions_of_throughput(#[case] namespaces: &[&str], #[case] arms: &[&str]) {
    let scope = match namespaces {
        [] => Scope::All,
        names => Scope::Namespaces(names.iter().map(|name| (*name).into()).collect()),
    };
    let graph =
        TelemetryRequest::for_graph(scope, Duration::from_secs(60), &GraphOptions::default());
    let plain = questions(&graph, &[]);
    let request = TelemetryRequest { throughput: true, ..graph };
    let asked = questions(&request, &[]);
    assert_eq!(asked[..plain.len()], plain);
    let replica = "__replica__,prometheus_replica,replica";
    let by = format!(
        "source_cluster,source_workload_namespace,source_workload,destination_cluster,\
         destination_workload_namespace,destination_workload,destination_service_namespace,\
         destination_service_name,request_protocol,{replica}"
    );
    let added = asked[plain.len()..].iter().map(|(ask, text)| (ask.name(), text.clone()));
    let expected = ["request_bytes", "response_bytes"].map(|name| {
        let sum = |series: &str, reporter: &str| {
            let of = |arm: &&str| {
                let comma = if arm.is_empty() { "" } else { "," };
                format!(
                    "sum by ({by}) (rate(istio_{name}_{series}\
                     {{reporter=\"{reporter}\"{comma}{arm}}}[60s]))"
                )
            };
            format!("({})", arms.iter().map(of).collect::<Vec<_>>().join(" or "))
        };
        let [source, waypoint, destination] =
            ["source", "waypoint", "destination"].map(|reporter| sum("sum", reporter));
        let (at_source, at_waypoint) = (sum("count", "source"), sum("count", "waypoint"));
        let ignoring = format!("ignoring ({replica})");
        let text = format!(
            "({source} and {ignoring} ({at_source} > 0)) \
             or (({waypoint} and {ignoring} ({at_waypoint} > 0)) unless {ignoring} ({at_source} > 0)) \
             or ({destination} unless {ignoring} ({at_source} > 0 or {at_waypoint} > 0))"
        );
        (name, text)
    });
    assert_eq!(added.collect::<Vec<_>>(), expected);
}

/// What else a user may ask.
const OTHERS: &[&str] = &[
    "temperature",
    "temperature{zone!=\"a\"}",
    "temperature{zone=~\"a|c\"} offset 3m",
    "temperature{zone!~\"a.*\"} @ 1789999000",
    "{__name__=~\"temp.*\", zone=\"b\"}",
    "temperature @ end() - temperature @ start()",
    "rate(istio_requests_total[1m])",
    "rate(istio_requests_total{reporter=\"source\"}[5m] offset 1m)",
    "increase(istio_requests_total[17s])",
    "increase(istio_requests_total[31s])",
    "irate(istio_requests_total[2m])",
    "idelta(temperature[1m])",
    "delta(temperature[10m])",
    "deriv(temperature[10m])",
    "predict_linear(temperature[10m], 3600)",
    "changes(temperature[10m])",
    "changes(odd[10m])",
    "resets(istio_requests_total{destination_workload=\"reviews-v1\"}[30m])",
    "avg_over_time(temperature[10m])",
    "sum_over_time(temperature[10m])",
    "min_over_time(odd[10m])",
    "max_over_time(odd[10m])",
    "count_over_time(odd[10m])",
    "last_over_time(temperature[1m])",
    "stddev_over_time(temperature[10m])",
    "stdvar_over_time(temperature[10m])",
    "quantile_over_time(0.3, temperature[10m])",
    "present_over_time(temperature[1m])",
    "absent_over_time(nosuch{a=\"b\"}[1m])",
    "absent(nosuch{a=\"b\", c=~\"d\"})",
    "absent(temperature)",
    "sum by (zone) (temperature)",
    "sum without (zone) (temperature)",
    "avg(temperature)",
    "min(odd) or max(temperature)",
    "count by (reporter) (istio_requests_total)",
    "group by (reporter) (istio_requests_total)",
    "stddev(temperature)",
    "stdvar by (reporter) (istio_requests_total)",
    "quantile(0.9, istio_requests_total)",
    "topk(2, temperature)",
    "bottomk by (reporter) (1, istio_requests_total)",
    "count_values(\"v\", limit)",
    "histogram_quantile(0.95, sum by (le, destination_workload) (rate(istio_request_duration_milliseconds_bucket[1m])))",
    "histogram_quantile(0.5, istio_request_duration_milliseconds_bucket)",
    "histogram_quantile(1.5, istio_request_duration_milliseconds_bucket)",
    "histogram_quantile(0.999, rate(istio_request_duration_milliseconds_bucket[5m]))",
    "sum(rate(istio_request_duration_milliseconds_sum[1m])) by (destination_workload) / sum(rate(istio_request_duration_milliseconds_count[1m])) by (destination_workload) > 0",
    "temperature > 0",
    "0 < temperature",
    "temperature > bool 0",
    "temperature > on (zone) limit",
    "temperature * ignoring (owner) limit",
    "temperature * on (zone) group_left (owner) limit",
    "limit / on (zone) group_right () temperature",
    "temperature and on (zone) limit{zone=\"a\"}",
    "temperature or limit",
    "temperature unless on (zone) limit{zone=\"a\"}",
    "temperature ^ 2 % 7 - -1",
    "2 ^ 3 ^ 2",
    "1 / 0",
    "-1 / 0 > bool 0",
    "constant / 0",
    "-temperature",
    "temperature atan2 limit{owner=\"o\"} or vector(1)",
    "round(temperature, 0.1)",
    "round(sum(rate(istio_requests_total{reporter=\"destination\"} [60s])) by (destination_workload,response_code) > 0,0.001)",
    "abs(temperature) + ceil(temperature) + floor(temperature)",
    "clamp(temperature, -10, 10)",
    "clamp_min(odd, 0)",
    "clamp_max(odd, 0)",
    "exp(constant) + ln(constant) + log2(constant) + log10(constant) + sqrt(constant)",
    "sgn(odd)",
    "sin(temperature) + cos(temperature) + tanh(temperature) + deg(temperature) + rad(temperature)",
    "label_replace(temperature, \"z\", \"$1-x\", \"zone\", \"(a|b)\")",
    "label_replace(temperature, \"zone\", \"\", \"zone\", \"b\")",
    "label_join(limit, \"all\", \"-\", \"zone\", \"owner\", \"none\")",
    "scalar(constant) + time()",
    "scalar(temperature)",
    "vector(7)",
    "timestamp(temperature)",
    "timestamp(temperature + 0)",
    "sort(temperature)",
    "sort_desc(limit)",
    "hour() + minute() * 100 + day_of_week() * 10000",
    "year(timestamp(constant)) + month(timestamp(constant)) + day_of_month(timestamp(constant)) + days_in_month(timestamp(constant)) + day_of_year(timestamp(constant))",
    "pi()",
    "\"text\"",
    "temperature[1m]",
    "odd[3m] offset 30s",
    "max_over_time(rate(istio_requests_total[1m])[10m:30s])",
    "avg_over_time(temperature[7m:1m])",
    "rate(temperature[5m:17s] offset 90s)",
    "sum(rate(istio_requests_total{destination_service_name=\"nosuch\"}[1m]))",
    "istio_requests_total{destination_workload=\"reviews-v2\"}",
    // Refused alike.
    "rate(temperature)",
    "sum(",
    "temperature + on () limit",
    "temperature * on (owner) group_left limit",
    "label_replace(temperature, \"zone\", \"same\", \"zone\", \".*\")",
    "1 == 1",
    "nosuch_function(temperature)",
];

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

/// Status and body of a form sent by POST.
fn post(address: &str, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let form: Vec<String> = form.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect();
    let form = form.join("&");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// Whether two answers say the same: numbers within 1e-9, order of series left aside.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(a), Value::String(b)) if a != b => match (a.parse(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => {
                let a: f64 = a;
                (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            }
            _ => false,
        },
        (Value::Array(a), Value::Array(b)) => {
            let sorted = |list: &[Value]| {
                let mut list = list.to_vec();
                list.sort_by_key(|item| item.get("metric").map(Value::to_string));
                list
            };
            a.len() == b.len() && sorted(a).iter().zip(&sorted(b)).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn compare(ours: &str, theirs: &str, path: &str, form: &[(&str, &str)]) -> Option<String> {
    let (status, our) = post(ours, path, form);
    let (their_status, their) = post(theirs, path, form);
    let agree = if their_status == 200 {
        same(&our, &their)
    } else {
        our["errorType"] == their["errorType"]
    };
    let differ = status != their_status || !agree;
    differ.then(|| {
        format!("{form:?}\n  ours {status}: {our:.1500}\n  real {their_status}: {their:.1500}")
    })
}

#[test]
fn a_real_prometheus_says_the_same() {
    let all = samples();
    let Some(real) = RealPrometheus::with_openmetrics(&openmetrics(&all)) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let served = runtime.block_on(embedded::serve(store(&all), NOW));
    let [ours_at, real_at] = [&served, real.url()].map(|url| url.trim_start_matches("http://"));

    let queries: Vec<String> =
        ours().into_iter().chain(OTHERS.iter().map(|query| (*query).to_owned())).collect();
    let mut differences = Vec::new();
    let mut asked = 0;
    for query in &queries {
        for time in [NOW * 1000, NOW * 1000 - 412_345] {
            let time = format!("{}.{:03}", time / 1000, time % 1000);
            let form = [("query", query.as_str()), ("time", time.as_str())];
            differences.extend(compare(ours_at, real_at, "/api/v1/query", &form));
            asked += 1;
        }
        let (start, end) = ((NOW - 900).to_string(), NOW.to_string());
        let form = [("query", query.as_str()), ("start", &start), ("end", &end), ("step", "47")];
        differences.extend(compare(ours_at, real_at, "/api/v1/query_range", &form));
        asked += 1;
    }
    for (path, form) in [
        ("/api/v1/series", [("match[]", "temperature"), ("match[]", "{owner=~\".+\"}")]),
        ("/api/v1/labels", [("match[]", "limit"), ("start", "1789990000")]),
    ] {
        differences.extend(compare(ours_at, real_at, path, &form));
    }
    println!("{} queries, {asked} questions, {} differences", queries.len(), differences.len());
    assert!(queries.len() > 110);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
