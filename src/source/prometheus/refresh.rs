//! One refresh: all questions at once, each for itself.

use std::sync::Arc;

use jiff::Timestamp;

use super::client::Client;
use super::decode::{self, Decoded};
use super::promql::{self, Ask, TelemetryRequest};
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
        let questions = promql::questions(request, self.query_scope());
        let asked = questions.iter().map(|(ask, query)| self.part(*ask, query, request));
        let answers = futures::future::join_all(asked).await;
        let mut telemetry = Telemetry {
            window: request.window,
            evaluated_at: request.time.unwrap_or_else(Timestamp::now),
            queries: questions.iter().map(|(ask, text)| (ask.name(), text.clone())).collect(),
            ..Telemetry::default()
        };
        if let Some(at) = answers.iter().find_map(|answer| answer.as_ref().ok().and_then(at)) {
            telemetry.evaluated_at = at;
        }
        for answer in answers.iter().flatten() {
            for warning in answer.warnings() {
                let warning = harmless::line(warning).into_owned();
                if !telemetry.warnings.contains(&warning) {
                    telemetry.warnings.push(warning);
                }
            }
        }
        let mut samples = None;
        let mut targets = Vec::new();
        for ((ask, _), answer) in questions.iter().zip(answers) {
            match (ask, answer) {
                (Ask::Counts, Ok(Answered::Raw(raw))) => samples = Some(raw.rows),
                (Ask::Targets, Ok(Answered::Raw(raw))) => targets = raw.rows,
                // Without `up` the counts still stand, since siblings of a series tell as much;
                // but whoever relies on them should know.
                (Ask::Targets, answer) => telemetry.warnings.extend(answer.err().map(unanswered)),
                (_, answer) => place(&mut telemetry, *ask, answer),
            }
        }
        if let Some(samples) = samples {
            let window = (telemetry.evaluated_at, request.window);
            telemetry.counts = Part::Rows(Arc::new(counts::count(&samples, &targets, window)));
        }
        telemetry
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
            let decoded = tokio::task::spawn_blocking(move || decode(ask, &body)).await;
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

impl Answered {
    fn warnings(&self) -> &[String] {
        match self {
            Self::Rates(decoded) => &decoded.warnings,
            Self::Latency(decoded) => &decoded.warnings,
            Self::Raw(decoded) => &decoded.warnings,
        }
    }
}

fn decode(ask: Ask, body: &[u8]) -> Result<Answered, String> {
    match ask {
        Ask::Latency | Ask::CalledLatency => decode::latency(body).map(Answered::Latency),
        Ask::Counts | Ask::Targets => decode::raw(body).map(Answered::Raw),
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
        Ask::Targets => return,
    };
    *slot = match answer {
        Ok(Answered::Rates(decoded)) => Part::Rows(Arc::new(decoded.rows)),
        Ok(_) => Part::Absent,
        Err(trouble) => Part::Failed(trouble),
    };
}
