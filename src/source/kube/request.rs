//! One request to the API server, bounded in time, its body read piece by piece.

use std::time::Duration;

use ::kube::Client;
use ::kube::client::Body;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::fault::Fault;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the answer begins, and between its pieces.
    pub silence: Duration,
    /// Until its end; `None` where it may go on as long as it goes on.
    pub whole: Option<Duration>,
}

impl Limits {
    /// For one who waits: a server that says nothing for this long is not there.
    const PATIENCE: Duration = Duration::from_secs(4);

    /// The limits of a request that ends; `--request-timeout` bounds the whole of it.
    pub fn new(request_timeout: Option<Duration>) -> Self {
        let silence = request_timeout.unwrap_or(Self::PATIENCE);
        Self { silence, whole: request_timeout }
    }
}

/// Longest body of a refusal that is looked at, and of an answer of a few lines.
const WORDS_LIMIT: usize = 64 << 10;
/// Longest body that is read in one piece.
const WHOLE_LIMIT: usize = 32 << 20;

/// An answer that has begun.
pub(super) struct Answer {
    body: Body,
    silence: Duration,
    end: Option<Instant>,
}

/// JSON of whole objects.
pub(super) const JSON: &str = "application/json";

/// Asks; an answer that is not a success becomes a fault.
pub(super) async fn get(
    client: &Client,
    path: &str,
    accept: &'static str,
    limits: Limits,
) -> Result<Answer, Fault> {
    let request = http::Request::get(path).body(Body::empty());
    send(client, request.map_err(|e| Fault::Strange(e.to_string()))?, accept, limits).await
}

/// The whole answer to a small document that is posted: a review, which changes nothing.
pub(super) async fn post(
    client: &Client,
    path: &str,
    document: &serde_json::Value,
    limits: Limits,
) -> Result<Vec<u8>, Fault> {
    let request = http::Request::post(path)
        .header(CONTENT_TYPE, JSON)
        .body(Body::from(document.to_string().into_bytes()));
    let request = request.map_err(|e| Fault::Strange(e.to_string()))?;
    send(client, request, JSON, limits).await?.whole(WHOLE_LIMIT).await
}

async fn send(
    client: &Client,
    mut request: http::Request<Body>,
    accept: &'static str,
    limits: Limits,
) -> Result<Answer, Fault> {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
    if request.uri().query().is_some_and(|query| query.contains("watch=1")) {
        // Kubernetes 1.37 zips each event of a watch on its own, which decoders stop after.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    let (path, began) = (request.uri().to_string(), Instant::now());
    let end = limits.whole.map(|whole| Instant::now() + whole);
    let sent = timeout(limits.silence, Box::pin(client.send(request))).await;
    let response = sent
        .map_err(|_| Fault::Timeout(limits.silence))
        .and_then(|sent| sent.map_err(|error| Fault::of(&error)))
        .inspect_err(|fault| tracing::debug!(path, ?fault, "the API server gave no answer"))?;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    tracing::debug!(path, status, ?took, "the API server answers");
    let (parts, body) = response.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    // In seconds, as the API server writes it.
    let retry_after = parts.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|seconds| seconds.parse().ok());
    let mut answer = Answer { body, silence: limits.silence, end };
    if parts.status.is_success() && content_type.starts_with(JSON) {
        return Ok(answer);
    }
    if parts.status.is_success() {
        return Err(Fault::Strange(format!("it answers with {}", plain(content_type))));
    }
    // A refusal that breaks off is still a refusal.
    let words = answer.whole(WORDS_LIMIT).await.unwrap_or_default();
    Err(Fault::status(parts.status.as_u16(), content_type, retry_after, &words))
}

fn plain(content_type: &str) -> String {
    let plain = content_type.split(';').next().unwrap_or_default();
    let plain = if plain.is_empty() { "no type of content" } else { plain };
    crate::mesh::harmless::line(plain).into_owned()
}

/// The whole body of an answer, as far as the limit allows.
pub(super) async fn text(
    client: &Client,
    path: &str,
    accept: &'static str,
    limits: Limits,
) -> Result<Vec<u8>, Fault> {
    get(client, path, accept, limits).await?.whole(WHOLE_LIMIT).await
}

/// The same for an answer of a few lines.
pub(super) async fn small(client: &Client, path: &str, limits: Limits) -> Result<Vec<u8>, Fault> {
    get(client, path, JSON, limits).await?.whole(WORDS_LIMIT).await
}

impl Answer {
    /// The next piece; `None` at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        let quiet = Instant::now() + self.silence;
        let until = self.end.map_or(quiet, |end| end.min(quiet));
        loop {
            let frame = timeout_at(until, self.body.frame());
            match frame.await.map_err(|_| Fault::Timeout(self.silence))? {
                None => return Ok(None),
                Some(Err(error)) => {
                    let why = super::kubeconfig::chain(&error);
                    return Err(Fault::Broken(crate::mesh::harmless::line(&why).into_owned()));
                }
                Some(Ok(frame)) => {
                    // Trailers carry nothing.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// Bounds the silence between the pieces that are still to come.
    pub(super) fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    async fn whole(&mut self, limit: usize) -> Result<Vec<u8>, Fault> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > limit {
                return Err(Fault::Strange(format!("it answers with more than {limit} bytes")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}
