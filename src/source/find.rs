//! A Prometheus inside the cluster: its Service found, and asked through the API server.

use std::time::Duration;

use serde::Deserialize;

use super::kube::{Limits, Session};
use super::prometheus::{Client, PrometheusOptions, Transport, transport::ServiceProxy};
use crate::mesh::{Trouble, harmless};

/// Limit of the question whether a candidate answers.
const KNOCK: Duration = Duration::from_secs(3);

/// Services that are tried before any is looked for: where Istio's own add-on is.
const FIRST: Candidate<'static> =
    Candidate { namespace: "istio-system", service: "prometheus", port: "9090" };

/// How the usual charts label the Service of a Prometheus, or of what speaks its API.
const LABELS: &[&str] = &[
    "app.kubernetes.io/name%20in%20(prometheus,thanos-query,thanos-query-frontend,vmsingle,vmselect)",
    "app%20in%20(prometheus,kube-prometheus-stack-prometheus)",
];

#[derive(Clone, Copy)]
struct Candidate<'a> {
    namespace: &'a str,
    service: &'a str,
    port: &'a str,
}

/// Finds a Prometheus that answers.
pub async fn find(session: &Session) -> Result<Client, Trouble> {
    let first = match knock(session, FIRST).await {
        Ok(client) => return Ok(client),
        Err(trouble) => trouble,
    };
    for services in look(session).await {
        let (namespace, service, port) = &services;
        let candidate = Candidate { namespace, service, port };
        if let Ok(client) = knock(session, candidate).await {
            return Ok(client);
        }
    }
    Err(Trouble::new(
        "find Prometheus in the cluster",
        first.why,
        "say where it is with --prometheus-url, or go without with --no-metrics",
    ))
}

async fn knock(session: &Session, candidate: Candidate<'_>) -> Result<Client, Trouble> {
    let Candidate { namespace, service, port } = candidate;
    let proxy = ServiceProxy::new(session.client.clone(), namespace, service, port, "");
    let limit = PrometheusOptions::DEFAULT_TIMEOUT;
    let client = Client::with_transport(Transport::Proxy(proxy), limit);
    match tokio::time::timeout(KNOCK, client.build_info()).await {
        Ok(answer) => answer.map(|_| client),
        Err(_) => Err(Trouble::new(
            format!("ask {namespace}/{service}"),
            format!("no answer within {} s", KNOCK.as_secs()),
            "",
        )),
    }
}

/// Services with the labels of a Prometheus, at most eight.
async fn look(session: &Session) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for labels in LABELS {
        let path = format!("/api/v1/services?labelSelector={labels}&limit=8");
        let limits = Limits::new(Some(KNOCK));
        let Ok(body) = super::kube::whole(&session.client, &path, limits).await else { continue };
        let list: Services = serde_json::from_slice(&body).unwrap_or_default();
        found.extend(list.items.into_iter().filter_map(|service| {
            let ports = &service.spec.ports;
            let port = ports.iter().find(|port| port.name.contains("http") || port.port == 9090);
            let port = port.or_else(|| ports.first())?.port.to_string();
            let clean = |text: &str| harmless::line(text).into_owned();
            Some((clean(&service.metadata.namespace), clean(&service.metadata.name), port))
        }));
    }
    found.truncate(8);
    found
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Services {
    items: Vec<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item {
    metadata: Named,
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    namespace: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    ports: Vec<Port>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Port {
    name: String,
    port: u16,
}
