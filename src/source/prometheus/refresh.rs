//! One refresh: all questions at once, each for itself.

use std::sync::Arc;

use jiff::Timestamp;

use super::client::Client;
use super::decode::{self, Decoded};
use super::promql::{self, Ask, Reporters, TelemetryRequest};
use super::transport::Body;
use crate::mesh::telemetry::{LatencyRow, Part, RateRow, RawSeries, Telemetry, counts};
use crate::mesh::{Trouble, harmless};

/// The answer to one question, decoded.
enum Answered {
    Rates(Decoded<RateRow>),
    Latency(Decoded<LatencyRow>),
    Raw(Decoded<RawSeries>),
}

impl Client {
    /// Asks everything the request names, at once. A part that fails says why and leaves the
    /// others standing; how many questions there are depends on the parts alone, not on the
    /// number of namespaces.
    pub async fn refresh(&self, request: &TelemetryRequest) -> Telemetry {
        let quick = promql::questions(request, self.query_scope());
        let (mut asked, slow) =
            futures::future::join(self.parts(quick, request), self.latency(request)).await;
        asked.extend(slow);
        let mut telemetry = Telemetry {
            window: request.window,
            evaluated_at: request.time.unwrap_or_else(Timestamp::now),
            queries: asked.iter().map(|part| (part.ask.name(), part.query.clone())).collect(),
            ..Telemetry::default()
        };
        let answers = || asked.iter().filter_map(|part| part.answer.as_ref().ok());
        if let Some(at) = answers().find_map(at) {
            telemetry.evaluated_at = at;
        }
        for warning in answers().flat_map(Answered::warnings) {
            let warning = harmless::line(warning).into_owned();
            if !telemetry.warnings.contains(&warning) {
                telemetry.warnings.push(warning);
            }
        }
        let mut samples = None;
        let mut targets = Vec::new();
        for Asked { ask, answer, .. } in asked {
            match (ask, answer) {
                (Ask::Counts, Ok(Answered::Raw(raw))) => samples = Some(raw.rows),
                (Ask::Targets, Ok(Answered::Raw(raw))) => targets = raw.rows,
                // Without `up` the counts still stand, since siblings of a series tell as much;
                // but whoever relies on them should know.
                (Ask::Targets, answer) => telemetry.warnings.extend(answer.err().map(unanswered)),
                (_, answer) => place(&mut telemetry, ask, answer),
            }
        }
        if let Some(samples) = samples {
            let window = (telemetry.evaluated_at, request.window);
            telemetry.counts = Part::Rows(Arc::new(counts::count(&samples, &targets, window)));
        }
        telemetry
    }

    /// Asks these questions at once.
    async fn parts(&self, questions: Vec<(Ask, String)>, request: &TelemetryRequest) -> Vec<Asked> {
        let asked = questions.into_iter().map(async |(ask, query)| {
            let answer = self.part(ask, &query, request).await;
            Asked { ask, query, answer }
        });
        futures::future::join_all(asked).await
    }

    /// Latency: first whose histograms there are to read, then those.
    async fn latency(&self, request: &TelemetryRequest) -> Vec<Asked> {
        if request.latency.is_none() {
            return Vec::new();
        }
        let query = promql::reporters(request, self.query_scope());
        let answer = self.part(Ask::Reporters, &query, request).await;
        let first = Asked { ask: Ask::Reporters, query, answer };
        let reporters = first.answer.as_ref().map_or(Reporters::All, Answered::reporters);
        let questions = promql::latency_questions(request, self.query_scope(), &reporters);
        let asked = match &first.answer {
            Ok(_) => self.parts(questions, request).await,
            // Who does not answer the short question does not answer the long ones.
            Err(trouble) => {
                let failed = |(ask, query)| Asked { ask, query, answer: Err(trouble.clone()) };
                questions.into_iter().map(failed).collect()
            }
        };
        std::iter::once(first).chain(asked).collect()
    }

    async fn part(
        &self,
        ask: Ask,
        query: &str,
        request: &TelemetryRequest,
    ) -> Result<Answered, Trouble> {
        let asked = async {
            let within = request.latency_within.filter(|_| ask.is_latency());
            let body = self.within(within).instant(query, request.time).await?;
            // Decoding takes milliseconds a megabyte: away from the threads that wait.
            let decoded = tokio::task::spawn_blocking(move || decode(ask, body)).await;
            match decoded {
                Ok(read) => read.map_err(|why| self.strange(&why)),
                Err(broken) => Err(self.strange(&broken.to_string())),
            }
        };
        asked.await.map_err(|trouble: Trouble| Trouble {
            what: format!("{} ({})", trouble.what, ask.name()),
            ..trouble
        })
    }
}

/// A question and what came of it.
struct Asked {
    ask: Ask,
    query: String,
    answer: Result<Answered, Trouble>,
}

impl Answered {
    /// Read as the answer to [`promql::reporters`].
    fn reporters(&self) -> Reporters {
        let rows = match self {
            Self::Raw(decoded) => decoded.rows.as_slice(),
            Self::Rates(_) | Self::Latency(_) => &[],
        };
        let label = |row: &RawSeries, name: &str| {
            let found = row.labels.iter().find(|(key, _)| **key == *name);
            found.map(|(_, value)| value.to_string()).unwrap_or_default()
        };
        let pair = |row| (label(row, "reporter"), label(row, "source_workload"));
        Reporters::of(&rows.iter().map(pair).collect::<Vec<_>>())
    }

    fn warnings(&self) -> &[String] {
        match self {
            Self::Rates(decoded) => &decoded.warnings,
            Self::Latency(decoded) => &decoded.warnings,
            Self::Raw(decoded) => &decoded.warnings,
        }
    }
}

fn decode(ask: Ask, body: Body) -> Result<Answered, String> {
    match ask {
        Ask::Latency | Ask::CalledLatency => decode::latency(body).map(Answered::Latency),
        Ask::Counts | Ask::Targets | Ask::Reporters => decode::raw(body).map(Answered::Raw),
        _ => decode::rates(body).map(Answered::Rates),
    }
}

fn at(answer: &Answered) -> Option<Timestamp> {
    let at = match answer {
        Answered::Rates(decoded) => decoded.at,
        Answered::Latency(decoded) => decoded.at,
        Answered::Raw(_) => None,
    }?;
    Timestamp::from_millisecond((at * 1000.0) as i64).ok()
}

/// A question whose answer has no part of its own went wrong.
fn unanswered(trouble: Trouble) -> String {
    format!("{}: {}; restarts of targets are told by other series alone", trouble.what, trouble.why)
}

fn place(telemetry: &mut Telemetry, ask: Ask, answer: Result<Answered, Trouble>) {
    let slot = match ask {
        Ask::Requests => &mut telemetry.requests,
        Ask::TcpSent => &mut telemetry.tcp_sent,
        Ask::TcpReceived => &mut telemetry.tcp_received,
        Ask::GrpcSent => &mut telemetry.grpc_sent,
        Ask::GrpcReceived => &mut telemetry.grpc_received,
        Ask::LatencySum => &mut telemetry.latency_sum,
        Ask::CalledLatencySum => &mut telemetry.called_latency_sum,
        Ask::RequestBytes => &mut telemetry.request_bytes,
        Ask::ResponseBytes => &mut telemetry.response_bytes,
        Ask::Latency | Ask::CalledLatency => {
            let slot = if ask == Ask::Latency {
                &mut telemetry.latency
            } else {
                &mut telemetry.called_latency
            };
            *slot = match answer {
                Ok(Answered::Latency(decoded)) => Part::Rows(Arc::new(decoded.rows)),
                Ok(_) => Part::Absent,
                Err(trouble) => Part::Failed(trouble),
            };
            return;
        }
        Ask::Counts => {
            if let Err(trouble) = answer {
                telemetry.counts = Part::Failed(trouble);
            }
            return;
        }
        Ask::Targets | Ask::Reporters => return,
    };
    *slot = match answer {
        Ok(Answered::Rates(decoded)) => Part::Rows(Arc::new(decoded.rows)),
        Ok(_) => Part::Absent,
        Err(trouble) => Part::Failed(trouble),
    };
}
