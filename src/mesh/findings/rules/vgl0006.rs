//! VGL0006: a namespace that will refuse injected pods.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::inventory::injection::{self, NamespaceInjection};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "VGL0006",
    title: "SecurityLevelRefusesInjection",
    level: Level::Error,
    kinds: &[Kind::Namespace],
    why: "Injection adds the init container istio-init, which needs NET_ADMIN and NET_RAW. The \
          namespace's Pod Security level (or the PodSecurityPolicies of an old cluster) \
          forbids these, so pods cannot be created. With Istio's CNI plug-in istio-init is not \
          needed.",
    remedy: "Install Istio's CNI plug-in, or set the namespace's level to privileged.",
    docs: "https://istio.io/latest/docs/setup/additional-setup/pod-security-admission/",
    differs: "",
    needs: &[Kind::Namespace, Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, pod-security.kubernetes.io/enforce: restricted}}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, pod-security.kubernetes.io/enforce: privileged}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if has_cni(index) {
        return;
    }
    let by_policy = policies_refuse(index);
    for namespace in index.namespaces().values() {
        let labels = &namespace.meta.labels;
        let injected = matches!(
            injection::of_namespace(labels),
            NamespaceInjection::Enabled | NamespaceInjection::Revision(_)
        );
        let label = "pod-security.kubernetes.io/enforce";
        let level = labels.get(label).map(String::as_str);
        let reason = match level {
            Some(level @ ("restricted" | "baseline")) => format!("Pod Security level {level}"),
            _ if by_policy => "PodSecurityPolicies".to_owned(),
            _ => continue,
        };
        if injected && runs_without_init(index, &namespace.meta.name) {
            let refused = refusal(index, &namespace.meta.name);
            let seen = refused.map_or_else(String::new, |text| format!(" Refused already: {text}"));
            sink.at(
                *namespace,
                format!("metadata.labels[\"{label}\"]"),
                format!(
                    "The {reason} of this namespace will refuse the capabilities NET_ADMIN and \
                     NET_RAW that istio-init needs without Istio's CNI plug-in.{seen}"
                ),
            );
        }
    }
}

/// Istio's CNI plug-in runs as a DaemonSet on every node.
fn has_cni(index: &Index<'_>) -> bool {
    index.each(index.objects.daemon_sets()).any(|set| {
        set.meta.name.starts_with("istio-cni")
            || set.meta.label("k8s-app") == Some("istio-cni-node")
    })
}

/// No pod of the namespace got its istio-init through: had one, the level would not refuse it.
fn runs_without_init(index: &Index<'_>, namespace: &str) -> bool {
    let mut pods = index.pods().of_namespace(namespace);
    !pods.any(|pod| pod.spec.init_containers.iter().any(|c| c.name == "istio-init"))
}

/// PodSecurityPolicies exist and none of them allows both capabilities.
fn policies_refuse(index: &Index<'_>) -> bool {
    let mut policies = index.each(index.objects.pod_security_policies()).peekable();
    policies.peek().is_some()
        && !policies.any(|policy| {
            let value = policy.raw.value();
            let spec = fields::of(&value, "spec");
            let allowed: Vec<&str> = fields::texts(spec, "allowedCapabilities").collect();
            allowed.contains(&"*")
                || ["NET_ADMIN", "NET_RAW"].iter().all(|capability| allowed.contains(capability))
        })
}

/// The message of an event about a pod that was refused for this.
fn refusal<'a>(index: &Index<'a>, namespace: &str) -> Option<&'a str> {
    let mut events = index.each(index.objects.events());
    let event = events.find(|event| {
        *event.meta.namespace == *namespace
            && event.reason == "FailedCreate"
            && (event.message.contains("violates PodSecurity")
                || event.message.contains("unable to validate against any pod security policy"))
    })?;
    Some(event.message.as_str())
}
