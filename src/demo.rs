//! The embedded world: a small cluster with Bookinfo, its traffic, a Kubernetes API and a
//! Prometheus API on loopback.
//!
//! [`start`] brings it up; the answer carries a kubeconfig and URLs, and dropping it takes
//! everything down again. Nothing listens anywhere but on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::kube::config::Kubeconfig;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::mesh::Trouble;

pub mod kube;
pub mod prometheus;
pub mod traffic;
pub mod world;

use prometheus::{Prometheus, Store};
use traffic::Traffic;
pub use world::{Scenario, World};

/// How a demo is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub scenario: Scenario,
    /// The same seed gives the same names, ids and traffic.
    pub seed: u64,
    /// Port of the Kubernetes API; 0 takes any free one.
    pub kubernetes_port: u16,
    /// Port of the Prometheus API; 0 takes any free one.
    pub prometheus_port: u16,
}

/// A running world. Dropping it stops its servers, its traffic and everything else.
#[derive(Debug)]
pub struct Demo {
    /// How to reach the Kubernetes API, for the kube client.
    pub kubeconfig: Kubeconfig,
    /// The same as the text of a kubeconfig file.
    pub kubeconfig_yaml: String,
    /// `http://127.0.0.1:PORT`.
    pub kubernetes_url: String,
    /// `http://127.0.0.1:PORT` of the Prometheus API; the service `prometheus` in `istio-system`
    /// leads to it as well, by the Kubernetes API's proxy.
    pub prometheus_url: String,
    /// The samples that the Prometheus API answers from.
    pub prometheus: Arc<Prometheus>,
    pub world: Arc<World>,
    _stop: DropGuard,
}

/// Starts a world on free ports of 127.0.0.1.
///
/// # Errors
/// When no port can be had, or the embedded manifests cannot be read.
pub async fn start(scenario: Scenario, seed: u64) -> Result<Demo, Trouble> {
    start_with(Options { scenario, seed, ..Options::default() }).await
}

/// Starts a world on the given ports of 127.0.0.1.
///
/// # Errors
/// When a port is taken, or the embedded manifests cannot be read.
pub async fn start_with(options: Options) -> Result<Demo, Trouble> {
    let kubernetes = listen("the Kubernetes API", options.kubernetes_port).await?;
    let kubernetes_url = url("the Kubernetes API", &kubernetes)?;
    let metrics = listen("the Prometheus API", options.prometheus_port).await?;
    let prometheus_url = url("the Prometheus API", &metrics)?;
    let world = Arc::new(World::new(options.scenario, options.seed, Timestamp::now())?);
    let stop = CancellationToken::new();
    let clock = Arc::new(|| Timestamp::now().as_millisecond());
    let prometheus = Arc::new(Prometheus::new(
        Store::new(traffic::RETENTION_MS),
        clock,
        traffic::SCRAPE_INTERVAL,
    ));
    let router = prometheus::router(Arc::clone(&prometheus));
    tokio::spawn(serve(metrics, router, stop.clone()));
    let router = kube::router(Arc::clone(&world), Some(prometheus_url.clone()), stop.clone());
    tokio::spawn(serve(kubernetes, router, stop.clone()));
    let mut traffic = Traffic::new(options.scenario, options.seed);
    let objects = world.objects();
    let now = objects.borrow().clone();
    let until = prometheus.now();
    prometheus.write(|store| traffic.past(&now, until, store));
    let running = traffic.run(objects, Arc::clone(&prometheus));
    tokio::spawn(stop.clone().run_until_cancelled_owned(running));
    tokio::spawn({
        let (world, stop) = (Arc::clone(&world), stop.clone());
        async move { stop.run_until_cancelled(world.run()).await }
    });
    let kubeconfig_yaml = kubeconfig_text(&kubernetes_url, options.scenario.namespace());
    let kubeconfig = Kubeconfig::from_yaml(&kubeconfig_yaml)
        .map_err(|error| Trouble::new("write the demo's kubeconfig", error.to_string(), ""))?;
    Ok(Demo {
        kubeconfig,
        kubeconfig_yaml,
        kubernetes_url,
        prometheus_url,
        prometheus,
        world,
        _stop: stop.drop_guard(),
    })
}

/// Listens on loopback, and only there.
async fn listen(what: &str, port: u16) -> Result<TcpListener, Trouble> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let hint = if port == 0 { "" } else { "choose another port, or 0 for any that is free" };
        Trouble::new(format!("listen on {address} for {what}"), error.to_string(), hint)
    })
}

fn url(what: &str, listener: &TcpListener) -> Result<String, Trouble> {
    let address = listener.local_addr().map_err(|error| {
        Trouble::new(format!("learn the port of {what}"), error.to_string(), "")
    })?;
    Ok(format!("http://{address}"))
}

/// Serves until `stop`, then lets the last answers out.
async fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::warn!(%error, "a server of the demo ended");
    }
}

/// A kubeconfig for the demo's API: no credentials, plain HTTP on loopback.
fn kubeconfig_text(url: &str, namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: vigla-demo\n  cluster:\n    server: {url}\n\
         contexts:\n- name: vigla-demo\n  context:\n    cluster: vigla-demo\n    user: demo\n    \
         namespace: {namespace}\ncurrent-context: vigla-demo\nusers:\n- name: demo\n  user: {{}}\n"
    )
}
