//! The shared graph cases: steady series, a question, the expected graph.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use vigla::demo::prometheus::{Labels, NAME, Store};
use vigla::mesh::graph::{GraphOptions, GraphType, RateKind};
use vigla::mesh::telemetry::{Part, RateRow, Telemetry};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::decode;

use crate::embedded;
use crate::shared::shared;

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub query_time: i64,
    pub window_seconds: u64,
    options: Options,
    accessible: Vec<(String, String)>,
    pub series: Vec<Series>,
    pub expected: Expected,
}

#[derive(Deserialize)]
struct Options {
    graph_type: String,
    namespaces: Vec<String>,
    http: String,
    grpc: String,
    tcp: String,
    service_nodes: bool,
    idle_edges: bool,
}

#[derive(Clone, Deserialize)]
pub struct Series {
    pub metric: String,
    pub labels: BTreeMap<String, String>,
    pub per_second: f64,
}

#[derive(Deserialize)]
pub struct Expected {
    pub nodes: Vec<ExpectedNode>,
    pub edges: Vec<ExpectedEdge>,
}

#[derive(Deserialize)]
pub struct ExpectedNode {
    pub key: String,
    pub traffic: BTreeMap<String, String>,
    pub flags: Vec<String>,
}

#[derive(Deserialize)]
pub struct ExpectedEdge {
    pub source: String,
    pub target: String,
    pub protocol: String,
    pub traffic: BTreeMap<String, String>,
    #[serde(default)]
    pub responses: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// All cases, sorted by name; none where the shared facts are missing.
pub fn all() -> Vec<Case> {
    let Some(folder) = shared("conformance/graph") else { return Vec::new() };
    let files = std::fs::read_dir(folder).expect("read the cases");
    let mut cases = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read(&path).expect("read a case");
            serde_json::from_slice::<Case>(&text).expect("a case")
        })
        .collect::<Vec<_>>();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(cases.len(), 8, "all cases are here");
    cases
}

impl Case {
    pub fn scope(&self) -> Scope {
        Scope::Namespaces(self.options.namespaces.iter().map(|name| name.as_str().into()).collect())
    }

    pub fn window(&self) -> Duration {
        Duration::from_secs(self.window_seconds)
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_second(self.query_time).expect("a time")
    }

    pub fn options(&self) -> GraphOptions {
        let rates = |word: &str| match word {
            "requests" => RateKind::Requests,
            "sent" => RateKind::Sent,
            "received" => RateKind::Received,
            "total" => RateKind::Total,
            "none" => RateKind::None,
            other => panic!("{other}"),
        };
        GraphOptions {
            graph_type: match self.options.graph_type.as_str() {
                "versionedApp" => GraphType::VersionedApp,
                "app" => GraphType::App,
                "workload" => GraphType::Workload,
                "service" => GraphType::Service,
                other => panic!("{other}"),
            },
            service_nodes: self.options.service_nodes,
            idle: self.options.idle_edges,
            http: rates(&self.options.http),
            grpc: rates(&self.options.grpc),
            tcp: rates(&self.options.tcp),
        }
    }

    /// What may be seen: namespaces without anything in them.
    pub fn objects(&self) -> Objects {
        let namespaces = self.accessible.iter().map(|(_, name)| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        });
        Objects::from_values(namespaces)
    }

    /// The series as the answers that a Prometheus would give to queries that keep every label.
    pub fn telemetry(&self) -> Telemetry {
        let part = |metric: &str| Part::Rows(Arc::new(self.rows(metric)));
        Telemetry {
            evaluated_at: self.time(),
            window: self.window(),
            requests: part("istio_requests_total"),
            tcp_sent: part("istio_tcp_sent_bytes_total"),
            tcp_received: part("istio_tcp_received_bytes_total"),
            grpc_sent: part("istio_request_messages_total"),
            grpc_received: part("istio_response_messages_total"),
            ..Telemetry::default()
        }
    }

    fn rows(&self, metric: &str) -> Vec<RateRow> {
        let samples = self.series.iter().filter(|series| series.metric == metric).map(|series| {
            json!({"metric": series.labels,
                   "value": [self.query_time, series.per_second.to_string()]})
        });
        let samples: Vec<Value> = samples.collect();
        let body = json!({"status": "success",
                          "data": {"resultType": "vector", "result": samples}});
        decode::rates([body.to_string()]).expect("rows").rows
    }

    /// The samples as OpenMetrics: counters that rise steadily over twice the window.
    pub fn openmetrics(&self) -> String {
        let mut by_metric = BTreeMap::<&str, Vec<&Series>>::new();
        for series in &self.series {
            by_metric.entry(series.metric.trim_end_matches("_total")).or_default().push(series);
        }
        let mut text = String::new();
        for (metric, series) in by_metric {
            writeln!(text, "# TYPE {metric} counter").unwrap();
            for series in series {
                let labels = series.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
                let labels = labels.collect::<Vec<_>>().join(",");
                for (time, value) in self.samples(series) {
                    writeln!(text, "{}{{{labels}}} {value} {time}", series.metric).unwrap();
                }
            }
        }
        text.push_str("# EOF\n");
        text
    }

    /// The samples in the store of the embedded Prometheus.
    pub fn store(&self) -> Store {
        let mut store = Store::new(embedded::FOREVER);
        for series in &self.series {
            let name = (NAME.to_owned(), series.metric.clone());
            let labels = series.labels.clone().into_iter().chain([name]);
            let id =
                store.series(&Labels::new(labels.map(|(name, value)| (name.into(), value.into()))));
            for (time, value) in self.samples(series) {
                assert!(store.append(id, time * 1000, value), "{time}");
            }
        }
        store
    }

    /// Seconds since 1970 and value of a counter that rises steadily over twice the window.
    fn samples(&self, series: &Series) -> impl Iterator<Item = (i64, f64)> {
        let start = self.query_time - 2 * self.window_seconds.cast_signed();
        let rate = series.per_second;
        let times = (start..=self.query_time).step_by(15);
        times.map(move |time| (time, (time - start) as f64 * rate))
    }
}
