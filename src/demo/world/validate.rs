//! Which objects the API refuses as invalid: names, and the required fields and types that the
//! kinds' schemas ask for. Istio's finer rules are not checked here, so that a mesh with
//! mistakes in it can be looked at.

use serde_json::Value;

use super::catalog::Resource;
use super::fields::{items, text};
use super::refusal::{Cause, Refusal};
use crate::mesh::Kind;

/// What a schema asks of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Required,
    Array,
    Text,
    Integer,
    Object,
}

use Rule::{Array, Integer, Object, Required, Text};

/// The rules of a kind; `[]` stands for every item of an array, and a rule about a field whose
/// parent is absent does not apply.
fn rules(kind: Kind) -> &'static [(&'static str, Rule)] {
    match kind {
        Kind::VirtualService => &[
            ("spec", Object),
            ("spec.hosts", Array),
            ("spec.gateways", Array),
            ("spec.http", Array),
            ("spec.http[].match", Array),
            ("spec.http[].route", Array),
            ("spec.http[].route[].destination", Required),
            ("spec.http[].route[].destination", Object),
            ("spec.http[].route[].destination.host", Required),
            ("spec.http[].route[].destination.host", Text),
            ("spec.http[].route[].destination.subset", Text),
            ("spec.http[].route[].weight", Integer),
            ("spec.tcp[].route[].destination", Required),
            ("spec.tcp[].route[].destination.host", Required),
            ("spec.tls[].match", Required),
            ("spec.tls[].match[].sniHosts", Required),
        ],
        Kind::DestinationRule => &[
            ("spec.host", Required),
            ("spec.host", Text),
            ("spec.subsets", Array),
            ("spec.subsets[].name", Required),
            ("spec.subsets[].labels", Object),
        ],
        Kind::Gateway => &[
            ("spec.servers", Array),
            ("spec.servers[].port", Required),
            ("spec.servers[].port.number", Required),
            ("spec.servers[].port.protocol", Required),
            ("spec.servers[].port.name", Required),
            ("spec.servers[].hosts", Required),
            ("spec.servers[].hosts", Array),
            ("spec.selector", Object),
        ],
        Kind::ServiceEntry => &[
            ("spec.hosts", Required),
            ("spec.hosts", Array),
            ("spec.ports[].number", Required),
            ("spec.ports[].name", Required),
        ],
        Kind::WorkloadGroup => &[("spec.template", Required)],
        Kind::WasmPlugin => &[("spec.url", Required)],
        _ => more_rules(kind),
    }
}

/// The rules of the Gateway API's and of Kubernetes' own kinds.
fn more_rules(kind: Kind) -> &'static [(&'static str, Rule)] {
    match kind {
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TcpRoute | Kind::TlsRoute => {
            &[("spec", Required), ("spec.parentRefs", Array), ("spec.rules", Array)]
        }
        Kind::K8sGateway => &[
            ("spec", Required),
            ("spec.gatewayClassName", Required),
            ("spec.listeners", Required),
            ("spec.listeners", Array),
        ],
        Kind::GatewayClass => &[("spec", Required), ("spec.controllerName", Required)],
        Kind::Service => &[("spec.ports[].port", Required), ("spec.ports[].port", Integer)],
        Kind::Pod => &[
            ("spec.containers", Required),
            ("spec.containers[].name", Required),
            ("spec.containers[].image", Required),
        ],
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => &[
            ("spec.selector", Required),
            ("spec.replicas", Integer),
            ("spec.template.spec.containers", Required),
            ("spec.template.spec.containers[].name", Required),
            ("spec.template.spec.containers[].image", Required),
        ],
        _ => &[],
    }
}

/// Checks a whole object.
pub(super) fn check(resource: &Resource, value: &Value) -> Result<(), Refusal> {
    let name = text(value, "/metadata/name");
    let mut causes = Vec::new();
    if !name.is_empty() && !is_name(name) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                   characters, '-' or '.', and must start and end with an alphanumeric character";
        causes.push(Cause::invalid("metadata.name", &Value::from(name), why));
    }
    for (path, rule) in rules(resource.kind) {
        let mut steps: Vec<&str> = path.split('.').collect();
        let last = steps.pop().unwrap_or_default();
        visit(value, &steps, "", &mut |parent, at| {
            judge(parent, last, at, *rule, &mut causes);
        });
    }
    if matches!(resource.kind, Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet) {
        selector(value, &mut causes);
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(resource, name, &causes)) }
}

/// Calls `found` with every value that `steps` leads to, and its path.
fn visit(value: &Value, steps: &[&str], path: &str, found: &mut dyn FnMut(&Value, &str)) {
    let Some((step, rest)) = steps.split_first() else { return found(value, path) };
    let (field, each) = step.strip_suffix("[]").map_or((*step, false), |field| (field, true));
    let Some(inner) = value.get(field).filter(|inner| !inner.is_null()) else { return };
    let path = join(path, field);
    if each {
        for (index, item) in inner.as_array().into_iter().flatten().enumerate() {
            visit(item, rest, &format!("{path}[{index}]"), found);
        }
    } else {
        visit(inner, rest, &path, found);
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn judge(parent: &Value, field: &str, at: &str, rule: Rule, causes: &mut Vec<Cause>) {
    let path = join(at, field);
    let value = parent.get(field).filter(|value| !value.is_null());
    let wanted = match (rule, value) {
        (Required, None) => {
            causes.push(Cause::required(path));
            return;
        }
        (Required, Some(_)) | (_, None) => return,
        (Array, Some(value)) => (!value.is_array()).then_some("array"),
        (Text, Some(value)) => (!value.is_string()).then_some("string"),
        (Integer, Some(value)) => (!value.is_i64() && !value.is_u64()).then_some("integer"),
        (Object, Some(value)) => (!value.is_object()).then_some("object"),
    };
    if let Some(wanted) = wanted {
        let has = Value::from(value.map_or("null", type_name));
        let why = format!("{path} in body must be of type {wanted}: {has}");
        causes.push(Cause { reason: "FieldValueTypeInvalid", ..Cause::invalid(path, &has, &why) });
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A controller must select the pods it makes.
fn selector(value: &Value, causes: &mut Vec<Cause>) {
    let labels = value.pointer("/spec/template/metadata/labels");
    let wanted = value.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let covered = wanted
        .into_iter()
        .flatten()
        .all(|(key, want)| labels.and_then(|labels| labels.get(key)) == Some(want));
    let some = wanted.is_some_and(|wanted| !wanted.is_empty())
        || !items(value, "/spec/selector/matchExpressions").is_empty();
    if !covered || !some {
        let labels = labels.cloned().unwrap_or_default();
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &labels, why));
    }
}

/// Whether a name is an RFC 1123 subdomain.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !part.is_empty()
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::catalog;
    use rstest::rstest;
    use serde_json::json;

    fn complaint(kind: Kind, value: &Value) -> String {
        check(catalog::of(kind).unwrap(), value).unwrap_err().message
    }

    #[rstest]
    #[case(json!({"spec": {"http": [{"route": [{"weight": 3}]}]}}),
        "is invalid: spec.http[0].route[0].destination: Required value")]
    #[case(json!({"spec": {"hosts": "reviews"}}),
        "is invalid: spec.hosts: Invalid value: \"string\": spec.hosts in body must be of type array: \"string\"")]
    #[case(json!({"metadata": {"name": "Reviews"}}), "a lowercase RFC 1123 subdomain")]
    fn virtual_services(#[case] value: Value, #[case] says: &str) {
        let complaint = complaint(Kind::VirtualService, &value);
        assert!(complaint.contains(says), "{complaint}");
    }

    #[test]
    fn a_negative_weight_passes_as_on_a_real_server() {
        let value = json!({"metadata": {"name": "reviews"}, "spec": {"hosts": ["reviews"],
            "http": [{"route": [{"destination": {"host": "reviews"}, "weight": -5}]}]}});
        assert_eq!(check(catalog::of(Kind::VirtualService).unwrap(), &value), Ok(()));
    }

    #[test]
    fn a_deployment_selects_its_own_pods() {
        let value = json!({"metadata": {"name": "a"}, "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "b"}},
                         "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
        assert!(complaint(Kind::Deployment, &value).contains("`selector` does not match"));
    }
}
