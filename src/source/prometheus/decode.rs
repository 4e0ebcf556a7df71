//! Answers as rows: labels read by name, every text kept once and made harmless on the way in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::answer::{self, Point, Sample};
use super::replica::{Name, Replicas};
use crate::mesh::harmless;
use crate::mesh::telemetry::{Bucket, Called, End, Flow, LatencyRow, RateRow, RawSeries, Reporter};

/// What a body held.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<T> {
    pub rows: Vec<T>,
    /// The instant of the samples, in seconds since 1970; `None` when there are none.
    pub at: Option<f64>,
    /// What the server said beside the answer.
    pub warnings: Vec<String>,
}

/// Rows of a `sum by (…)(rate(…))`. Values that are no finite number are left out; of what several
/// replicas of one Prometheus scraped, each proxy's reports count once.
pub fn rates<P: AsRef<[u8]>>(
    body: impl IntoIterator<Item = P>,
) -> Result<Decoded<RateRow>, String> {
    let mut texts = Texts::default();
    let (mut rows, mut at) = (Vec::new(), None);
    let mut replicas = Replicas::default();
    let warnings = answer::each(body, |sample| {
        let sample: Sample<'_, Labels<'_>> = serde_json::from_slice(sample)?;
        let Some((time, rate)) = sample.points().next().map(Point::read) else { return Ok(()) };
        at = Some(time);
        if !rate.is_finite() {
            return Ok(());
        }
        let labels = &sample.metric;
        if let Some(name) = texts.replica(labels) {
            replicas.note(rows.len(), name);
        }
        rows.push(RateRow {
            flow: texts.flow(labels),
            code: texts.keep(&labels.response_code),
            grpc_status: texts.keep(&labels.grpc_response_status),
            flags: texts.keep(&labels.response_flags),
            mtls: match &*labels.connection_security_policy {
                "" | "unknown" => None,
                policy => Some(policy == "mutual_tls"),
            },
            rate,
        });
        Ok(())
    })?;
    let rows = replicas.once(rows, |row: &RateRow| (reports_of(&row.flow), row.rate));
    Ok(Decoded { rows, at, warnings })
}

/// Whose reports a row belongs to: what the same proxies say, one replica should say as a whole.
/// Histograms do not name their reporter; there the calls of a source stand together.
fn reports_of(flow: &Flow) -> Flow {
    let known = flow.source.workload.is_some() || flow.source.app.is_some();
    let (source, destination, service) = match flow.reporter {
        Reporter::Source if known => (flow.source.clone(), End::default(), Called::default()),
        Reporter::Destination => (End::default(), flow.destination.clone(), Called::default()),
        // Waypoints are not named, nor are callers that were added up: only what is called.
        _ => (End::default(), flow.destination.clone(), flow.service.clone()),
    };
    Flow { reporter: flow.reporter, source, destination, service, ..Flow::default() }
}

/// Histograms, the buckets of a flow together.
pub fn latency<P: AsRef<[u8]>>(
    body: impl IntoIterator<Item = P>,
) -> Result<Decoded<LatencyRow>, String> {
    let mut texts = Texts::default();
    let (mut rows, mut at) = (Vec::<LatencyRow>::new(), None);
    let mut index = foldhash::HashMap::<(FlowKey, Option<Name>), usize>::default();
    let mut replicas = Replicas::default();
    let warnings = answer::each(body, |sample| {
        let sample: Sample<'_, Labels<'_>> = serde_json::from_slice(sample)?;
        let Some((time, rate)) = sample.points().next().map(Point::read) else { return Ok(()) };
        at = Some(time);
        let Ok(le) = sample.metric.le.parse::<f64>() else { return Ok(()) };
        if !rate.is_finite() || le.is_nan() {
            return Ok(());
        }
        let replica = texts.replica(&sample.metric);
        let key = (texts.flow_key(&sample.metric), replica.clone());
        let row = *index.entry(key).or_insert_with(|| {
            if let Some(name) = replica {
                replicas.note(rows.len(), name);
            }
            rows.push(LatencyRow { flow: texts.flow(&sample.metric), buckets: Vec::new() });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(row) {
            row.buckets.push(Bucket { le, rate });
        }
        Ok(())
    })?;
    for row in &mut rows {
        row.buckets.sort_by(|a, b| a.le.total_cmp(&b.le));
    }
    let counted = |row: &LatencyRow| row.buckets.last().map_or(0.0, |last| last.rate);
    let rows = replicas.once(rows, |row: &LatencyRow| (reports_of(&row.flow), counted(row)));
    Ok(Decoded { rows, at, warnings })
}

/// Raw series with all their labels.
pub fn raw<P: AsRef<[u8]>>(
    body: impl IntoIterator<Item = P>,
) -> Result<Decoded<RawSeries>, String> {
    let mut texts = Texts::default();
    let mut rows = Vec::new();
    let warnings = answer::each(body, |sample| {
        let sample: Sample<'_, HashMap<Cow<'_, str>, Cow<'_, str>>> =
            serde_json::from_slice(sample)?;
        let mut labels = sample
            .metric
            .iter()
            .map(|(name, value)| (texts.keep(name), texts.keep(value)))
            .collect::<Vec<_>>();
        labels.sort();
        let points = sample.points().map(Point::read).collect();
        rows.push(RawSeries { labels, points });
        Ok(())
    })?;
    Ok(Decoded { rows, at: None, warnings })
}

/// The labels that rows are made of; empty where a series lacks one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Labels<'a> {
    #[serde(borrow)]
    reporter: Cow<'a, str>,
    #[serde(borrow)]
    source_cluster: Cow<'a, str>,
    #[serde(borrow)]
    source_workload_namespace: Cow<'a, str>,
    #[serde(borrow)]
    source_workload: Cow<'a, str>,
    #[serde(borrow)]
    source_canonical_service: Cow<'a, str>,
    #[serde(borrow)]
    source_canonical_revision: Cow<'a, str>,
    #[serde(borrow)]
    destination_cluster: Cow<'a, str>,
    #[serde(borrow)]
    destination_workload_namespace: Cow<'a, str>,
    #[serde(borrow)]
    destination_workload: Cow<'a, str>,
    #[serde(borrow)]
    destination_canonical_service: Cow<'a, str>,
    #[serde(borrow)]
    destination_canonical_revision: Cow<'a, str>,
    #[serde(borrow)]
    destination_service_namespace: Cow<'a, str>,
    #[serde(borrow)]
    destination_service: Cow<'a, str>,
    #[serde(borrow)]
    destination_service_name: Cow<'a, str>,
    #[serde(borrow)]
    request_protocol: Cow<'a, str>,
    #[serde(borrow)]
    response_code: Cow<'a, str>,
    #[serde(borrow)]
    grpc_response_status: Cow<'a, str>,
    #[serde(borrow)]
    response_flags: Cow<'a, str>,
    #[serde(borrow)]
    connection_security_policy: Cow<'a, str>,
    #[serde(borrow)]
    le: Cow<'a, str>,
    #[serde(borrow, rename = "__replica__")]
    mimir_replica: Cow<'a, str>,
    #[serde(borrow)]
    prometheus_replica: Cow<'a, str>,
    #[serde(borrow)]
    replica: Cow<'a, str>,
}

/// The texts of an answer, each kept once.
#[derive(Default)]
struct Texts {
    kept: foldhash::HashMap<Box<str>, Arc<str>>,
}

/// Tells flows apart by where their kept texts lie.
type FlowKey = [usize; 9];

impl Texts {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.kept.get(text) {
            return Arc::clone(kept);
        }
        let clean: Arc<str> = harmless::line(text).into();
        self.kept.insert(text.into(), Arc::clone(&clean));
        clean
    }

    fn known(&mut self, text: &str) -> Option<Arc<str>> {
        (!matches!(text, "" | "unknown")).then(|| self.keep(text))
    }

    fn cluster(&mut self, text: &str) -> Option<Arc<str>> {
        (!text.is_empty()).then(|| self.keep(text))
    }

    /// The replica of a Prometheus that a row names.
    fn replica(&mut self, labels: &Labels<'_>) -> Option<Name> {
        let name = [&labels.mimir_replica, &labels.prometheus_replica, &labels.replica];
        name.iter().any(|text| !text.is_empty()).then(|| name.map(|text| self.keep(text)))
    }

    fn flow_key(&mut self, labels: &Labels<'_>) -> FlowKey {
        [
            &labels.source_cluster,
            &labels.source_workload_namespace,
            &labels.source_workload,
            &labels.destination_cluster,
            &labels.destination_workload_namespace,
            &labels.destination_workload,
            &labels.destination_service_namespace,
            &labels.destination_service_name,
            &labels.request_protocol,
        ]
        .map(|text| Arc::as_ptr(&self.keep(text)).addr())
    }

    fn flow(&mut self, labels: &Labels<'_>) -> Flow {
        Flow {
            reporter: match &*labels.reporter {
                "destination" => Reporter::Destination,
                "waypoint" => Reporter::Waypoint,
                _ => Reporter::Source,
            },
            source: End {
                cluster: self.cluster(&labels.source_cluster),
                namespace: self.known(&labels.source_workload_namespace),
                workload: self.known(&labels.source_workload),
                app: self.known(&labels.source_canonical_service),
                version: self.known(&labels.source_canonical_revision),
            },
            destination: End {
                cluster: self.cluster(&labels.destination_cluster),
                namespace: self.known(&labels.destination_workload_namespace),
                workload: self.known(&labels.destination_workload),
                app: self.known(&labels.destination_canonical_service),
                version: self.known(&labels.destination_canonical_revision),
            },
            service: Called {
                host: self.known(&labels.destination_service),
                name: self.known(&labels.destination_service_name),
                namespace: self.known(&labels.destination_service_namespace),
            },
            protocol: self.keep(&labels.request_protocol),
        }
    }
}
