//! Prometheus inside the cluster, through the API server's proxy to its service. Needs the right
//! to `get` (for long questions `create`) `services/proxy`.

use std::sync::Arc;

use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION};

use super::{Answer, Body, Fault, Question, header};
use crate::source::kube::reason;

/// A service behind the API server.
#[derive(Clone)]
pub struct ServiceProxy {
    client: kube::Client,
    prefix: Arc<str>,
    address: Arc<str>,
}

/// Longer questions go as POST: servers refuse long request lines, mostly from 8 kB on.
const LONGEST_GET: usize = 6_000;

/// Nothing came back from the API server itself.
const AWAY: &str = "is the API server up, and reachable from here (VPN, proxy)?";

impl ServiceProxy {
    /// `port` is a number or a name; `path` is a prefix below which the API answers, or empty.
    pub fn new(
        client: kube::Client,
        namespace: &str,
        service: &str,
        port: &str,
        path: &str,
    ) -> Self {
        let path = path.trim_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        let prefix =
            format!("/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy{slash}{path}");
        let address = format!("service {namespace}/{service}:{port} through the API server");
        Self { client, prefix: prefix.into(), address: address.into() }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let path = format!("{}{}", self.prefix, question.path);
        let request = if question.form.len() <= LONGEST_GET {
            Request::get(format!("{path}?{}", question.form)).body(Vec::new())
        } else {
            Request::post(path)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(question.form.clone().into_bytes())
        };
        let mut request = request.map_err(|error| Fault::Connect(error.to_string()))?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self
            .client
            .send(request.map(kube::client::Body::from))
            .await
            .map_err(|error| Fault::ApiServer { why: reason(&error), hint: AWAY.to_owned() })?;
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status.as_u16(),
            content_type: header(&parts.headers, &CONTENT_TYPE).unwrap_or_default().to_owned(),
            location: header(&parts.headers, &LOCATION).map(str::to_owned),
            body: Body::collect(body).await?,
        };
        refusal(&answer).map_or(Ok(answer), Err)
    }
}

/// The API server speaks in `Status` objects where it answers for itself.
fn refusal(answer: &Answer) -> Option<Fault> {
    #[derive(serde::Deserialize)]
    struct Status {
        kind: String,
        #[serde(default)]
        message: String,
    }
    if answer.status < 400 {
        return None;
    }
    let status: Status = serde_json::from_slice(&answer.body.whole()).ok()?;
    let hint = match answer.status {
        401 => "log in to the cluster again",
        403 => "the right to get services/proxy is missing; --prometheus-url takes another way",
        404 => "is the service there, and does it have that port?",
        _ => "the API server does not reach the service: a firewall between them, or no ready pod",
    };
    let why = format!("{} from the API server: {}", answer.status, status.message);
    (status.kind == "Status").then(|| Fault::ApiServer { why, hint: hint.to_owned() })
}
