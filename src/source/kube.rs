//! The Kubernetes API: from a kubeconfig in any of its forms to tables of objects.

use std::path::PathBuf;
use std::time::Duration;

use ::kube::config::Kubeconfig;

pub mod catalog;

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
