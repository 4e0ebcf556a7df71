//! One question, one answer: bounded in time, size and number in flight; every fault told as a
//! trouble with what to do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::answer::{self, Point};
use super::options::PrometheusOptions;
use super::transport::{Body, Question, Transport, UrlTransport};
use crate::mesh::{Trouble, harmless};

/// Questions in flight at once: a refresh has fewer parts than this, and a Prometheus serves 20
/// by default (`--query.max-concurrency`).
const IN_FLIGHT: usize = 8;

/// A Prometheus and how it is reached. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    limit: Duration,
    scope: Arc<[(String, String)]>,
    in_flight: Arc<Semaphore>,
}

/// `/api/v1/status/buildinfo`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct BuildInfo {
    pub version: String,
    pub revision: String,
}

/// A series of a generic answer; a single sample for an instant question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    /// Seconds since 1970 and value; values may be NaN or infinite.
    pub points: Vec<(f64, f64)>,
}

/// The span and step of a range question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub start: Timestamp,
    pub end: Timestamp,
    pub step: Duration,
}

impl Client {
    /// A client for a URL; nothing is sent yet.
    pub fn new(options: &PrometheusOptions) -> Result<Self, Trouble> {
        let transport = Transport::Url(UrlTransport::new(options)?);
        let mut client = Self::with_transport(transport, options.timeout);
        client.scope = options.query_scope.as_slice().into();
        Ok(client)
    }

    /// A client over any transport; `limit` bounds each question.
    pub fn with_transport(transport: Transport, limit: Duration) -> Self {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
        Self { transport, limit, scope: Arc::from([]), in_flight }
    }

    /// The same client, its questions bounded by `limit` too.
    pub(super) fn within(&self, limit: Option<Duration>) -> Self {
        let limit = limit.map_or(self.limit, |limit| limit.min(self.limit));
        self.clone().with_limit(limit)
    }

    /// The same client with another limit of one question.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Where it leads to, without credentials.
    pub fn address(&self) -> &str {
        self.transport.address()
    }

    /// Labels that every series must carry.
    pub fn query_scope(&self) -> &[(String, String)] {
        &self.scope
    }

    /// The answer to an instant question, whatever its labels. `time` is the instant; `None`
    /// leaves it to the server's clock.
    pub async fn query(
        &self,
        query: &str,
        time: Option<Timestamp>,
    ) -> Result<Vec<Series>, Trouble> {
        let body = self.instant(query, time).await?;
        self.series(body)
    }

    /// The answer to a range question.
    pub async fn query_range(&self, query: &str, range: Range) -> Result<Vec<Series>, Trouble> {
        let (start, end) = (seconds(range.start), seconds(range.end));
        let step = range.step.as_secs_f64().max(0.001).to_string();
        let parameters =
            [("query", query), ("start", &start), ("end", &end), ("step", step.as_str())];
        let body = self.body("/api/v1/query_range", &parameters).await?;
        self.series(body)
    }

    /// Which server answers; also the cheapest question there is.
    pub async fn build_info(&self) -> Result<BuildInfo, Trouble> {
        #[derive(Deserialize)]
        struct Envelope {
            data: BuildInfo,
        }
        let body = self.body("/api/v1/status/buildinfo", &[]).await?;
        let read: Envelope = serde_json::from_slice(&body.whole())
            .map_err(|error| self.strange(&error.to_string()))?;
        Ok(BuildInfo {
            version: harmless::line(&read.data.version).into_owned(),
            revision: harmless::line(&read.data.revision).into_owned(),
        })
    }

    /// The checked body of an instant question.
    pub(super) async fn instant(
        &self,
        query: &str,
        time: Option<Timestamp>,
    ) -> Result<Body, Trouble> {
        let time = time.map(seconds);
        let mut parameters = vec![("query", query)];
        parameters.extend(time.as_deref().map(|time| ("time", time)));
        self.body("/api/v1/query", &parameters).await
    }

    /// Asks and checks: what comes back is the JSON of a success.
    async fn body(&self, path: &'static str, parameters: &[(&str, &str)]) -> Result<Body, Trouble> {
        let question = Question::new(path, parameters);
        let asked = async {
            // Closed never: the semaphore lives as long as the client.
            let _turn = self.in_flight.acquire().await;
            self.transport.ask(&question, self.limit).await
        };
        let began = Instant::now();
        let answer = asked.await.map_err(|fault| {
            tracing::debug!(question.form, %fault, "Prometheus gave no answer");
            fault.trouble(self.what())
        })?;
        let (status, bytes) = (answer.status, answer.body.len());
        tracing::debug!(question.form, status, bytes, took = ?began.elapsed(), "Prometheus answers");
        answer::check(answer).map_err(|(why, hint)| {
            Trouble::new(self.what(), harmless::line(&why).into_owned(), hint)
        })
    }

    fn series(&self, body: Body) -> Result<Vec<Series>, Trouble> {
        let mut series = Vec::new();
        answer::each(body, |sample| {
            let sample: answer::Sample<'_, BTreeMap<String, String>> =
                serde_json::from_slice(sample)?;
            let clean = |text: &String| harmless::line(text).into_owned();
            series.push(Series {
                labels: sample.metric.iter().map(|(k, v)| (clean(k), clean(v))).collect(),
                points: sample.points().map(Point::read).collect(),
            });
            Ok(())
        })
        .map_err(|why| self.strange(&why))?;
        Ok(series)
    }

    pub(super) fn what(&self) -> String {
        format!("ask Prometheus at {}", self.address())
    }

    pub(super) fn strange(&self, why: &str) -> Trouble {
        let why = format!("its answer is not what Prometheus says: {}", harmless::line(why));
        Trouble::new(self.what(), why, "is this the address of a Prometheus-compatible API?")
    }
}

fn seconds(time: Timestamp) -> String {
    format!("{:.3}", time.as_millisecond() as f64 / 1000.0)
}
