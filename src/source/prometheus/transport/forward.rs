//! Prometheus inside the cluster, through a port-forward to its pod: in this process, over the
//! stream itself, with no local listener. Needs the right to `create` `pods/portforward`.

use std::sync::Arc;

use http::Request;
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use super::{Answer, Body, Fault, Question, header};

/// A port of a pod. Each question opens a stream of its own, so that several run side by side.
#[derive(Clone)]
pub struct PortForward {
    pods: Api<Pod>,
    pod: Arc<str>,
    port: u16,
    prefix: Arc<str>,
    address: Arc<str>,
}

impl PortForward {
    /// `path` is a prefix below which the API answers, or empty.
    pub fn new(client: kube::Client, namespace: &str, pod: &str, port: u16, path: &str) -> Self {
        let path = path.trim_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        Self {
            pods: Api::namespaced(client, namespace),
            pod: pod.into(),
            port,
            prefix: prefix.into(),
            address: format!("pod {namespace}/{pod}:{port} through a port-forward").into(),
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let mut forward =
            self.pods.portforward(&self.pod, &[self.port]).await.map_err(|e| refused(&e))?;
        let stream = forward
            .take_stream(self.port)
            .ok_or_else(|| Fault::Connect("the port-forward gave no stream".into()))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        let request = Request::post(format!("{}{}", self.prefix, question.path))
            .header(HOST, "prometheus")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(bytes::Bytes::from(question.form.clone())))
            .map_err(|error| Fault::Connect(error.to_string()))?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|e| lost(&e))?;
            let (parts, body) = response.into_parts();
            Ok(Answer {
                status: parts.status.as_u16(),
                content_type: header(&parts.headers, &CONTENT_TYPE).unwrap_or_default().to_owned(),
                location: header(&parts.headers, &LOCATION).map(str::to_owned),
                body: Body::collect(body).await?,
            })
        };
        // The connection is driven beside the answer and ends with it: nothing outlives the call.
        let mut answered = std::pin::pin!(answered);
        let answer = tokio::select! {
            biased;
            answer = &mut answered => answer,
            ended = connection => match ended {
                Ok(()) => answered.await,
                Err(error) => Err(Fault::Broken(error.to_string())),
            },
        };
        forward.abort();
        answer
    }
}

fn lost(error: &hyper::Error) -> Fault {
    Fault::Connect(format!("the port-forward ended: {error}"))
}

fn refused(error: &kube::Error) -> Fault {
    let hint = match error {
        kube::Error::Api(status) if status.code == 403 => {
            "the right to create pods/portforward is missing; --prometheus-url takes another way"
        }
        _ => "--prometheus-url takes another way",
    };
    Fault::ApiServer { why: error.to_string(), hint: hint.to_owned() }
}
