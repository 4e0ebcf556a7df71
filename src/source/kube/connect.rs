//! A client for the chosen context, made anew when its credentials end or are refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::kube::config::{
    AuthInfo, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};
use ::kube::{Client, Config};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use tokio::sync::Mutex;

use super::kubeconfig::{self, Chosen, chain};
use super::{KubeOptions, exec, no_proxy};
use crate::mesh::{Trouble, harmless};

/// Limit of making a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Credentials that were made anew and refused again are not made anew before this: an exec
/// plugin may take seconds, and many who are refused at once would all run it.
const RENEW: Duration = Duration::from_secs(5);
/// Credentials are replaced this long before they end.
const EARLY: SignedDuration = SignedDuration::from_secs(30);

/// A client and what is known of where it leads. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    pub client: Client,
    /// The context's name; `in-cluster` for a pod's own account.
    pub context: Arc<str>,
    /// The namespace of the context.
    pub namespace: Arc<str>,
    /// The server's URL, without credentials.
    pub address: Arc<str>,
    /// When the credentials end, if that is known.
    expires: Option<Timestamp>,
    /// Counts the sessions of a cluster.
    number: u64,
}

/// A cluster and the current way in; shared by everything that asks it.
pub struct Cluster {
    options: KubeOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    /// The server has refused the session's credentials.
    refused: bool,
    /// When a session was last made because of that.
    renewed: Option<Instant>,
    /// The context of the first session: another `current-context` written later by someone else
    /// must not change the cluster under the operator's eyes.
    pinned: Option<String>,
    made: u64,
}

impl Cluster {
    pub fn new(options: KubeOptions) -> Self {
        Self { options, state: Mutex::default() }
    }

    /// The current session, made if there is none or its credentials are about to end.
    pub async fn session(&self) -> Result<Session, Trouble> {
        // Held while a session is made, so that many who need one make one.
        let mut state = self.state.lock().await;
        let lately = state.renewed.is_some_and(|at| at.elapsed() < RENEW);
        if let Some(session) = &state.session
            && session.expires.is_none_or(|end| end.duration_since(Timestamp::now()) > EARLY)
            && (!state.refused || lately)
        {
            return Ok(session.clone());
        }
        if std::mem::take(&mut state.refused) {
            state.renewed = Some(Instant::now());
        }
        let mut options = self.options.clone();
        options.context = options.context.or_else(|| state.pinned.clone());
        let mut session = connect(&options).await?;
        state.made += 1;
        session.number = state.made;
        if &*session.context != IN_CLUSTER && !session.context.is_empty() {
            state.pinned = Some(session.context.to_string());
        }
        state.session = Some(session.clone());
        Ok(session)
    }

    /// Says that the server refused a session's credentials: the next one is made from scratch,
    /// with whatever kubeconfig, token files and plugins say by then.
    pub async fn refused(&self, session: &Session) {
        let mut state = self.state.lock().await;
        if state.session.as_ref().is_some_and(|current| current.number == session.number) {
            state.refused = true;
        }
    }
}

const IN_CLUSTER: &str = "in-cluster";

async fn connect(options: &KubeOptions) -> Result<Session, Trouble> {
    // Both clients are built with ring; whoever comes first says so. Said twice does no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match kubeconfig::read(options)? {
        Some(config) => by_kubeconfig(&config, options).await,
        None => in_cluster(options),
    }
}

async fn by_kubeconfig(config: &Kubeconfig, options: &KubeOptions) -> Result<Session, Trouble> {
    let mut chosen = kubeconfig::choose(config, options)?;
    let expires = credentials(&mut chosen).await?;
    let (name, namespace) = (chosen.name.clone(), chosen.namespace.clone());
    let what = format!("use the context \"{name}\"");
    let broken = |error: &dyn std::error::Error| {
        let why = harmless::line(&chain(error)).into_owned();
        Trouble::new(what.clone(), why, "repair the kubeconfig, or choose another --context")
    };
    let configured = chosen.cluster.proxy_url.take();
    let mut client = Config::from_custom_kubeconfig(single(chosen), &KubeConfigOptions::default())
        .await
        .map_err(|error| broken(&error))?;
    client.proxy_url = no_proxy::proxy_for(&client.cluster_url, configured.as_deref(), |name| {
        std::env::var(name).ok()
    })
    .map_err(|error| broken(&error))?;
    client.default_namespace.clone_from(&namespace);
    finish(client, options, &name, expires).map_err(|error| broken(&error))
}

/// The account of the pod that Vigla runs in, when there is no kubeconfig.
fn in_cluster(options: &KubeOptions) -> Result<Session, Trouble> {
    let what = "find a cluster";
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
        return Err(Trouble::new(
            what,
            "there is no kubeconfig: neither KUBECONFIG nor ~/.kube/config leads to one",
            "give one with --kubeconfig FILE; or try --demo, or --no-cluster with --prometheus-url",
        ));
    }
    let hint = "give a kubeconfig with --kubeconfig FILE";
    let config = Config::incluster()
        .map_err(|error| Trouble::new(what, harmless::line(&chain(&error)), hint))?;
    finish(config, options, IN_CLUSTER, None)
        .map_err(|error| Trouble::new(what, harmless::line(&chain(&error)), hint))
}

fn finish(
    mut config: Config,
    options: &KubeOptions,
    context: &str,
    expires: Option<Timestamp>,
) -> Result<Session, ::kube::Error> {
    config.connect_timeout = Some(CONNECT_LIMIT);
    // The library would repeat a refused request up to fifteen times; the limits here are ours.
    config.default_retry = false;
    if let Some(user) = &options.as_user {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups = None;
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
    let address = shown(&config.cluster_url);
    let namespace = Arc::from(harmless::line(&config.default_namespace).as_ref());
    let client = Client::try_from(config)?;
    let expires = expires.or_else(|| *client.valid_until());
    Ok(Session { client, context: context.into(), namespace, address, expires, number: 0 })
}

/// A URL as it may be shown: scheme, host and port.
fn shown(url: &http::Uri) -> Arc<str> {
    let scheme = url.scheme_str().unwrap_or("https");
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", url.host().unwrap_or_default()).into()
}

/// Runs the user's exec plugin, if there is one, and puts in what it gave; when that ends.
async fn credentials(chosen: &mut Chosen) -> Result<Option<Timestamp>, Trouble> {
    let user = &mut chosen.user;
    // As client-go: what stands in the kubeconfig itself comes first.
    if user.token.is_some() || user.token_file.is_some() {
        user.exec = None;
    }
    let Some(mut plugin) = user.exec.take() else { return Ok(None) };
    if plugin.provide_cluster_info {
        plugin.cluster = (&chosen.cluster).try_into().ok();
    }
    let given = exec::run(&plugin).await?;
    let mut secrets = serde_json::Map::new();
    if let Some(token) = given.token {
        secrets.insert("token".into(), token.into());
    }
    for (key, pem) in [
        ("client-certificate-data", given.client_certificate_data),
        ("client-key-data", given.client_key_data),
    ] {
        // In a kubeconfig these are base64, and ByteString writes it.
        let encoded = pem.and_then(|pem| serde_json::to_value(ByteString(pem.into_bytes())).ok());
        secrets.extend(encoded.map(|encoded| (key.to_owned(), encoded)));
    }
    let read = serde_json::from_value::<AuthInfo>(secrets.into()).unwrap_or_default();
    user.token = read.token;
    if read.client_key_data.is_some() {
        user.client_certificate_data = read.client_certificate_data;
        user.client_key_data = read.client_key_data;
    }
    Ok(given.expires)
}

/// A kubeconfig with nothing but the chosen context in it.
fn single(chosen: Chosen) -> Kubeconfig {
    let name = "chosen".to_owned();
    let context = ::kube::config::Context {
        cluster: name.clone(),
        user: Some(name.clone()),
        namespace: Some(chosen.namespace),
        ..Default::default()
    };
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name.clone(),
            cluster: Some(chosen.cluster),
            ..Default::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name.clone(),
            auth_info: Some(chosen.user),
            ..Default::default()
        }],
        contexts: vec![NamedContext {
            name: name.clone(),
            context: Some(context),
            ..Default::default()
        }],
        current_context: Some(name),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
