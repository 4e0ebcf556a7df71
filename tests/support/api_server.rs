//! A small stand-in for a Kubernetes API server that plays faults: each request is answered by a
//! function of its path and query.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Response, Uri, header::CONTENT_TYPE};
use futures::stream::{self, StreamExt};
use kube::config::Kubeconfig;
use vigla::source::KubeOptions;

/// How a request is answered.
pub(crate) enum Reply {
    /// JSON with a status.
    Json(u16, String),
    Html,
    /// Nothing, ever.
    Hang,
    /// The beginning of a body, then a broken connection.
    Cut(String),
    /// Lines, then an open connection without a word.
    Hold(Vec<String>),
    /// Lines, then the end.
    Lines(Vec<String>),
}

/// Starts a server on loopback; options that lead to it.
pub(crate) async fn serve(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> KubeOptions {
    let answer = Arc::new(answer);
    let router = Router::new().fallback(move |uri: Uri| {
        let answer = Arc::clone(&answer);
        async move { respond(answer(&uri.to_string())).await }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    options(&format!("http://127.0.0.1:{port}"))
}

/// Options for a server at a URL.
pub(crate) fn options(server: &str) -> KubeOptions {
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n\
         contexts: [{{name: mock, context: {{cluster: c, namespace: shop}}}}]\n\
         current-context: mock\n"
    );
    let config = Kubeconfig::from_yaml(&text).unwrap();
    KubeOptions { in_memory: Some(config), ..KubeOptions::default() }
}

async fn respond(reply: Reply) -> Result<Response<Body>, Infallible> {
    let json = |status: u16, body: Body| {
        Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap()
    };
    let lines = |lines: Vec<String>| {
        stream::iter(lines).map(|line| Ok::<_, std::io::Error>(Bytes::from(line + "\n")))
    };
    Ok(match reply {
        Reply::Json(status, text) => json(status, Body::from(text)),
        Reply::Html => Response::builder()
            .header(CONTENT_TYPE, "text/html; charset=utf-8")
            .body(Body::from("<html>log in</html>"))
            .unwrap(),
        Reply::Hang => std::future::pending().await,
        Reply::Cut(text) => {
            // The beginning must be on its way before the end is known.
            let end = stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("cut"))
            });
            let begin = stream::iter([Ok(Bytes::from(text))]);
            json(200, Body::from_stream(begin.chain(end)))
        }
        Reply::Hold(said) => json(200, Body::from_stream(lines(said).chain(stream::pending()))),
        Reply::Lines(said) => json(200, Body::from_stream(lines(said))),
    })
}
