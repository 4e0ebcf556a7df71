//! What the user says about Prometheus: where it is and how to be let in. Nothing secret of it is
//! ever printed.

use std::fmt;
use std::time::Duration;

/// A value that must not be seen: it prints as `***`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    #[default]
    None,
    Bearer(Secret),
    Basic {
        user: String,
        password: Secret,
    },
}

/// How Prometheus is reached by URL. Printing it (`Debug`) shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PrometheusOptions {
    /// The base URL, with a path prefix where there is one; `/api/v1/…` is appended. A user and
    /// password in it count as basic authentication.
    pub url: String,
    /// Further headers, e.g. `X-Scope-OrgID`; their values are kept secret.
    pub headers: Vec<(String, Secret)>,
    pub credentials: Credentials,
    /// PEM: a client certificate followed by its key.
    pub client_certificate: Option<Secret>,
    /// PEM: certificate authorities to trust besides those of the system.
    pub certificate_authorities: Option<Vec<u8>>,
    /// Limit of one question, its whole answer included.
    pub timeout: Duration,
    /// Labels that every series must carry, e.g. `mesh_id` = `mesh1` in a store that several
    /// meshes share.
    pub query_scope: Vec<(String, String)>,
}

impl PrometheusOptions {
    /// Limit of one question where nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            credentials: Credentials::None,
            client_certificate: None,
            certificate_authorities: None,
            timeout: Self::DEFAULT_TIMEOUT,
            query_scope: Vec::new(),
        }
    }
}

impl fmt::Debug for PrometheusOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusOptions")
            .field("url", &super::transport::without_credentials(&self.url))
            .field("headers", &self.headers)
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("query_scope", &self.query_scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let mut options = PrometheusOptions::new("http://ann:hunter2@prom:9090/x?token=hunter2");
        options.headers.push(("Authorization".into(), Secret::new("Bearer hunter2")));
        options.credentials =
            Credentials::Basic { user: "ann".into(), password: Secret::new("hunter2") };
        options.client_certificate = Some(Secret::new("hunter2"));
        let shown = format!("{options:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("http://prom:9090/x"), "{shown}");
    }
}
