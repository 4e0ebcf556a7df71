//! Why a request to the API server gave nothing usable, and the words for it.

use std::error::Error as _;
use std::time::Duration;

use serde::Deserialize;

use super::kubeconfig::chain;
use super::rights;
use crate::mesh::{Kind, Trouble, harmless};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The server answered, and refused.
    Status { code: u16, message: String, retry_after: Option<Duration> },
    /// No connection, or none that can be trusted.
    Connect(String),
    /// Nothing came for this long.
    Timeout(Duration),
    /// The answer broke off.
    Broken(String),
    /// What answered is not a Kubernetes API.
    Strange(String),
    /// There are no credentials to ask with, or no server to ask.
    Session(Trouble),
}

/// What was asked, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// The verb as RBAC has it.
    pub verb: &'static str,
    pub kind: Kind,
    /// `None` is all namespaces (or a kind without them).
    pub namespace: Option<&'a str>,
    /// The server's URL.
    pub address: &'a str,
}

impl Fault {
    /// The fault behind an error of the client.
    pub(super) fn of(error: &::kube::Error) -> Self {
        let text = harmless::line(&chain(error)).into_owned();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(io) = inner.downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::TimedOut
            {
                return Self::Connect("no connection in time".into());
            }
            cause = inner.source();
        }
        // The innermost cause says it best: "connection refused", "invalid peer certificate: …".
        if let Some((_, words)) = text.rsplit_once("client error (SendRequest): ") {
            return Self::Broken(words.to_owned());
        }
        let words = text.rsplit_once("client error (Connect): ").map_or(&*text, |(_, words)| words);
        Self::Connect(words.to_owned())
    }

    /// The fault that an answer with an error status tells. `retry_after` is the header's; the
    /// body's own goes before it.
    pub(super) fn status(
        code: u16,
        content_type: &str,
        retry_after: Option<u64>,
        body: &[u8],
    ) -> Self {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Status {
            message: String,
            details: Option<Details>,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        struct Details {
            retry_after_seconds: Option<u64>,
        }
        let header = retry_after.map(Duration::from_secs);
        let Ok(status) = serde_json::from_slice::<Status>(body) else {
            if (300..400).contains(&code) || content_type.starts_with("text/html") {
                return Self::Strange(format!("{code} with {}", kind_of(content_type)));
            }
            let text = String::from_utf8_lossy(body);
            let message = harmless::line(text.trim()).chars().take(200).collect();
            return Self::Status { code, message, retry_after: header };
        };
        let retry_after = status.details.and_then(|details| details.retry_after_seconds);
        Self::Status {
            code,
            message: harmless::line(&status.message).into_owned(),
            retry_after: retry_after.map(Duration::from_secs).or(header),
        }
    }

    /// The HTTP status of a refusal.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether nobody answered at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Timeout(_) | Self::Session(_) | Self::Strange(_))
    }

    /// As a trouble: what was asked, why there is no answer, what to do.
    pub fn trouble(&self, question: &Question<'_>) -> Trouble {
        if let Self::Session(trouble) = self {
            return trouble.clone();
        }
        let what = if self.is_unreachable() || self.code() == Some(401) {
            match question.address {
                "" => "ask the Kubernetes API".to_owned(),
                address => format!("ask the Kubernetes API at {address}"),
            }
        } else {
            rights::describe(question)
        };
        Trouble::new(what, self.why(), self.hint(question))
    }

    /// The same where no object was asked for, but the server itself: its version, what it serves.
    pub fn trouble_at(&self, address: &str) -> Trouble {
        let question = Question { verb: "get", kind: Kind::Namespace, namespace: None, address };
        let trouble = self.trouble(&question);
        if let Self::Session(_) = self {
            return trouble;
        }
        let hint = match self.code() {
            Some(403) => "the role system:discovery, which everybody usually has, gives the right",
            _ => &trouble.hint,
        };
        Trouble::new(format!("ask the Kubernetes API at {address}"), trouble.why, hint)
    }

    fn why(&self) -> String {
        match self {
            Self::Status { code, message, .. } => {
                let reason = http::StatusCode::from_u16(*code).ok();
                let reason = reason.and_then(|code| code.canonical_reason()).unwrap_or_default();
                format!("{code} {reason}: {message}")
            }
            Self::Connect(why) => why.clone(),
            Self::Timeout(limit) => format!("no answer within {} s", limit.as_secs_f32()),
            Self::Broken(why) => format!("the answer broke off: {why}"),
            Self::Strange(why) => format!("what answers is not a Kubernetes API: {why}"),
            Self::Session(trouble) => trouble.why.clone(),
        }
    }

    fn hint(&self, question: &Question<'_>) -> String {
        match self {
            Self::Status { code: 401, .. } => {
                "the credentials are refused or have expired: log in again, or choose another --context or --user".into()
            }
            Self::Status { code: 403, .. } => rights::ask_for(question),
            Self::Status { code: 429, .. } => "the API server is busy; it is asked again later".into(),
            Self::Status { .. } => String::new(),
            Self::Connect(why) => connect_hint(why).into(),
            Self::Timeout(_) => {
                "is the API server up, and reachable from here (VPN, proxy)? --request-timeout waits longer".into()
            }
            Self::Broken(_) => "is something between here and the API server cutting answers short?".into(),
            Self::Strange(_) => {
                "is `server` in the kubeconfig right? a login page or a proxy may answer in its place".into()
            }
            Self::Session(trouble) => trouble.hint.clone(),
        }
    }
}

fn kind_of(content_type: &str) -> String {
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    if plain.is_empty() { "no content".into() } else { harmless::line(plain).into_owned() }
}

fn connect_hint(why: &str) -> &'static str {
    if why.contains("certificate") {
        "the server's certificate is not trusted: is `certificate-authority` in the kubeconfig right, and is this the right server?"
    } else if why.contains("dns") || why.contains("lookup") {
        "its name is not known here: is the VPN up?"
    } else {
        "is the API server up, and reachable from here (VPN, proxy)?"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Question<'_> = Question {
        verb: "list",
        kind: Kind::VirtualService,
        namespace: Some("shop"),
        address: "https://10.0.0.1:6443",
    };

    #[test]
    fn refusals_name_verb_resource_and_rule() {
        let body =
            br#"{"kind":"Status","message":"no \u001b[31m","details":{"retryAfterSeconds":3}}"#;
        let fault = Fault::status(403, "application/json", None, body);
        let trouble = fault.trouble(&QUESTION);
        assert_eq!(trouble.what, "list virtualservices.networking.istio.io in namespace \"shop\"");
        assert_eq!(trouble.why, "403 Forbidden: no \u{FFFD}[31m");
        assert!(trouble.hint.contains("networking.istio.io"), "{}", trouble.hint);
        assert!(matches!(fault, Fault::Status { retry_after: Some(_), .. }));
    }

    #[test]
    fn login_pages_are_told_from_servers() {
        let fault = Fault::status(200, "text/html; charset=utf-8", None, b"<html>");
        assert_eq!(fault, Fault::Strange("200 with text/html".into()));
        assert!(fault.trouble(&QUESTION).what.ends_with("https://10.0.0.1:6443"));
        let fault = Fault::status(503, "text/plain", Some(2), b"etcd is away\n");
        assert_eq!(fault.trouble(&QUESTION).why, "503 Service Unavailable: etcd is away");
        let after = Some(Duration::from_secs(2));
        assert!(matches!(fault, Fault::Status { retry_after, .. } if retry_after == after));
    }
}
