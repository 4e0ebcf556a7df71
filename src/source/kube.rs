//! The Kubernetes API: from a kubeconfig in any of its forms to tables of objects.
//!
//! Reading order: [`kubeconfig`] (which cluster), [`connect`] (a client for it), [`catalog`]
//! (which kinds), [`served`] (in which version), `request` and [`fault`] (one question, bounded,
//! and what can go wrong), [`list`] and [`watch`].

use std::path::PathBuf;
use std::time::Duration;

use ::kube::config::Kubeconfig;

pub mod backoff;
pub mod catalog;
pub mod connect;
mod convert;
mod exec;
pub mod fault;
pub mod kubeconfig;
pub mod list;
mod no_proxy;
mod request;
pub mod rights;
pub mod served;
pub mod watch;

pub use connect::{Cluster, Session};
pub use fault::{Fault, Question};
pub use kubeconfig::{ContextInfo, Contexts, contexts};
pub use request::Limits;
pub use rights::cluster_role;

/// How the cluster is reached; the names are those of kubectl's flags.
#[derive(Clone, Default)]
pub struct KubeOptions {
    /// A file in place of `KUBECONFIG` and `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// Another cluster than the context's.
    pub cluster: Option<String>,
    /// Another user than the context's.
    pub user: Option<String>,
    pub as_user: Option<String>,
    pub as_groups: Vec<String>,
    /// Limit of one request, its whole answer included; watches are not bounded by it.
    pub request_timeout: Option<Duration>,
    /// A kubeconfig that is in no file; it takes the place of all of them.
    pub in_memory: Option<Kubeconfig>,
}

impl std::fmt::Debug for KubeOptions {
    /// Leaves out the kubeconfig itself, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeOptions")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .field("cluster", &self.cluster)
            .field("user", &self.user)
            .field("as_user", &self.as_user)
            .field("as_groups", &self.as_groups)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

/// The whole body of a small answer.
pub(super) async fn whole(
    client: &::kube::Client,
    path: &str,
    limits: Limits,
) -> Result<Vec<u8>, Fault> {
    request::text(client, path, request::JSON, limits).await
}

/// Why a request of the client gave no answer, in the words of its innermost cause.
pub(super) fn reason(error: &::kube::Error) -> String {
    match Fault::of(error) {
        Fault::Connect(why) | Fault::Broken(why) => why,
        _ => crate::mesh::harmless::line(&error.to_string()).into_owned(),
    }
}

/// The answer to a review of one's own rights.
pub(super) async fn review(
    client: &::kube::Client,
    review: &serde_json::Value,
    limits: Limits,
) -> Result<Vec<u8>, Fault> {
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    request::post(client, path, review, limits).await
}

/// The server's `gitVersion`; also the cheapest question there is.
pub(super) async fn version(client: &::kube::Client, limits: Limits) -> Result<String, Fault> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let body = request::small(client, "/version", limits).await?;
    let version: Version =
        serde_json::from_slice(&body).map_err(|error| Fault::Strange(error.to_string()))?;
    Ok(crate::mesh::harmless::line(&version.git_version).into_owned())
}
