//! How a request gets to Prometheus: by URL, through the API server's proxy to a service, or
//! through a port-forward. Each answers in one bounded piece.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use reqwest::Url;

use crate::mesh::Trouble;

mod forward;
mod proxy;
mod url;

pub use forward::PortForward;
pub use proxy::ServiceProxy;
pub use url::UrlTransport;

/// An answer longer than this is refused while it streams in.
pub const BODY_LIMIT: usize = 64 << 20;

/// The way to a Prometheus.
#[derive(Clone)]
pub enum Transport {
    Url(UrlTransport),
    Proxy(ServiceProxy),
    Forward(PortForward),
}

/// One question of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Below the base URL, e.g. `/api/v1/query`.
    pub path: &'static str,
    /// Parameters, URL-encoded.
    pub form: String,
}

impl Question {
    pub fn new(path: &'static str, parameters: &[(&str, &str)]) -> Self {
        // The URL type brings the encoder of forms with it.
        let encoded = Url::parse("http://localhost/").map(|mut url| {
            url.query_pairs_mut().extend_pairs(parameters);
            url.query().unwrap_or_default().to_owned()
        });
        Self { path, form: encoded.unwrap_or_default() }
    }
}

/// What came back, before anyone has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    /// Where a redirect points to.
    pub location: Option<String>,
    pub body: Body,
}

/// The body of an answer in blocks: it may be tens of megabytes, which would be copied again and
/// again while they grow, and held until the last of them is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    blocks: Vec<Vec<u8>>,
}

/// The size of a block, but for the last.
const BLOCK: usize = 1 << 16;

/// Why nothing usable came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Connect(String),
    #[error("no answer within {}", in_words(*.0))]
    Timeout(Duration),
    #[error("the answer is longer than {} MB", BODY_LIMIT >> 20)]
    TooLarge,
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// The API server answered in Prometheus' place.
    #[error("{why}")]
    ApiServer { why: String, hint: String },
}

fn in_words(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}

impl Transport {
    /// Where it leads to, without credentials: for the frame and for messages.
    pub fn address(&self) -> &str {
        match self {
            Self::Url(url) => url.address(),
            Self::Proxy(proxy) => proxy.address(),
            Self::Forward(forward) => forward.address(),
        }
    }

    /// Asks, within a limit of time and [`BODY_LIMIT`].
    pub async fn ask(&self, question: &Question, limit: Duration) -> Result<Answer, Fault> {
        let asked = async {
            match self {
                Self::Url(url) => url.ask(question).await,
                Self::Proxy(proxy) => Box::pin(proxy.ask(question)).await,
                Self::Forward(forward) => Box::pin(forward.ask(question)).await,
            }
        };
        tokio::time::timeout(limit, asked).await.map_err(|_| Fault::Timeout(limit))?
    }
}

/// A URL as it may be shown: without user, password, query and fragment.
pub fn without_credentials(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return url.rsplit('@').next().unwrap_or_default().to_owned();
    };
    // Refused only by URLs that cannot carry credentials at all.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

impl Body {
    /// Collects a streamed body up to [`BODY_LIMIT`].
    async fn collect<B>(mut streamed: B) -> Result<Self, Fault>
    where
        B: BodyExt<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let mut body = Self::default();
        while let Some(frame) = BodyExt::frame(&mut streamed).await {
            let frame = frame.map_err(|error| Fault::Broken(error.to_string()))?;
            if let Some(data) = frame.data_ref() {
                body.push(data)?;
            }
        }
        Ok(body)
    }

    /// Adds a piece at the end, unless that makes it longer than [`BODY_LIMIT`].
    fn push(&mut self, mut piece: &[u8]) -> Result<(), Fault> {
        if self.len() + piece.len() > BODY_LIMIT {
            return Err(Fault::TooLarge);
        }
        while !piece.is_empty() {
            if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
                self.blocks.push(Vec::new());
            }
            let Some(block) = self.blocks.last_mut() else { break };
            let (now, later) = piece.split_at(piece.len().min(BLOCK - block.len()));
            block.extend_from_slice(now);
            piece = later;
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Its first block; whoever wants to know what it is need look no further.
    pub fn start(&self) -> &[u8] {
        self.blocks.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// All of it in one.
    pub fn whole(&self) -> Vec<u8> {
        self.blocks.concat()
    }
}

/// Gives up each block once it is read.
impl IntoIterator for Body {
    type Item = Vec<u8>;
    type IntoIter = std::vec::IntoIter<Vec<u8>>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.into_iter()
    }
}

fn header<'a>(headers: &'a http::HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a server has refused a client for the certificate it showed, or for none: the alerts
/// of RFC 8446, 6.2, as rustls names them.
fn asks_for_certificate(why: &str) -> bool {
    let mut alerts = [
        "CertificateRequired",
        "BadCertificate",
        "CertificateUnknown",
        "UnknownCA",
        "CertificateExpired",
    ]
    .into_iter();
    why.contains("received fatal alert") && alerts.any(|alert| why.contains(alert))
}

impl Fault {
    /// As a trouble: what was asked, why there is no answer, what to do.
    pub fn trouble(&self, what: impl Into<String>) -> Trouble {
        let hint = match self {
            Self::Connect(why) | Self::Broken(why) if asks_for_certificate(why) => {
                "it lets in only those whose certificate it knows: client-cert-file and \
                 client-key-file below [prometheus] in the configuration"
            }
            Self::Connect(why) if why.contains("certificate") => {
                "its certificate is not trusted: ca-file below [prometheus] in the configuration \
                 names who vouches for it"
            }
            Self::Connect(_) => "is the address right, and reachable from here? --prometheus-url",
            Self::Timeout(_) => {
                "Prometheus is busy or hangs: a shorter --window or fewer namespaces ask less"
            }
            Self::TooLarge => "ask for fewer namespaces: -n",
            Self::Broken(_) => "is something between here and Prometheus cutting answers short?",
            Self::ApiServer { hint, .. } => hint,
        };
        Trouble::new(what, self.to_string(), hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_body_is_its_pieces(
            pieces in prop::collection::vec((any::<u8>(), 0_usize..3 * BLOCK), 0..6),
        ) {
            let pieces: Vec<Vec<u8>> =
                pieces.into_iter().map(|(byte, length)| vec![byte; length]).collect();
            let mut body = Body::default();
            for piece in &pieces {
                body.push(piece).unwrap();
            }
            let whole = pieces.concat();
            prop_assert_eq!(body.len(), whole.len());
            prop_assert_eq!(body.is_empty(), whole.is_empty());
            prop_assert_eq!(body.start(), &whole[..whole.len().min(BLOCK)]);
            prop_assert!(body.whole() == whole);
            let blocks: Vec<Vec<u8>> = body.into_iter().collect();
            let full = blocks.iter().rev().skip(1).all(|block| block.len() == BLOCK);
            prop_assert!(full && blocks.concat() == whole);
        }
    }

    #[test]
    fn a_body_ends_at_its_limit() {
        let mut body = Body::default();
        let megabyte = vec![b'x'; 1 << 20];
        for _ in 0..BODY_LIMIT >> 20 {
            body.push(&megabyte).unwrap();
        }
        assert_eq!(body.push(b"x"), Err(Fault::TooLarge));
        assert_eq!(body.len(), BODY_LIMIT);
    }
}
