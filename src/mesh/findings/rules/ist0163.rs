//! IST0163: an external control plane that cannot be reached.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0163",
    title: "InvalidExternalControlPlaneConfig",
    level: Level::Warning,
    kinds: &[Kind::MutatingWebhookConfiguration, Kind::ValidatingWebhookConfiguration],
    why: "The address of the external control plane is empty or cannot be read, so pods are \
          not injected and configuration is not checked.",
    remedy: "Give the webhook the URL of the external control plane.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0163/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-external}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {url: "not a url%"}
"#,
        good: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-external}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {url: "https://control.example.com:15017/inject"}
"#,
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for (i, hook) in hooks(one) {
        let config = fields::of(hook, "clientConfig");
        let url = fields::text(config, "url");
        let problem = if url.is_empty() {
            fields::of(config, "service").is_null().then_some("is blank")
        } else {
            host_of(url).is_none().then_some("was provided in an invalid format")
        };
        if let Some(problem) = problem {
            sink.at(
                one.about,
                format!("webhooks[{i}].clientConfig.url"),
                format!(
                    "The hostname ({url}) that was provided for the webhook ({}) to reach the \
                     ingress gateway on the external control plane cluster {problem}. Traffic may \
                     not flow properly.",
                    fields::text(hook, "name")
                ),
            );
        }
    }
}

/// The webhooks of a configuration that Istio installs, by its name.
pub(super) fn hooks<'a>(one: &'a Single<'_>) -> impl Iterator<Item = (usize, &'a Value)> {
    let name = &*one.about.meta.name;
    let ours = if one.about.kind == Kind::MutatingWebhookConfiguration {
        name.starts_with("istio-sidecar-injector")
    } else {
        name == "istiod-default-validator" || name.starts_with("istio-validator")
    };
    fields::items(one.value(), "webhooks").enumerate().filter(move |_| ours)
}

/// The host of a URL, empty where it has none; `None` where the text is no URL.
pub(super) fn host_of(url: &str) -> Option<&str> {
    if url.contains(|c: char| c.is_control() || c == ' ') || !percent_is_escaped(url) {
        return None;
    }
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if url.starts_with(':')
        || (!scheme.is_empty() && !scheme.contains('/') && !scheme.chars().all(fits))
    {
        return None;
    }
    let Some(rest) = rest.strip_prefix("//") else { return Some("") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map(|(host, _)| host);
    }
    match host.split_once(':') {
        Some((host, port)) => port.chars().all(|c| c.is_ascii_digit()).then_some(host),
        None => Some(host),
    }
}

/// Whether every `%` begins an escape of two hexadecimal digits.
fn percent_is_escaped(url: &str) -> bool {
    url.split('%').skip(1).all(|rest| {
        rest.get(..2).is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
    })
}
