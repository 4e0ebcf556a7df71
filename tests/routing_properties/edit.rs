//! A request edited by the reasons that a rule gave for not taking it.

use proptest::prelude::*;
use serde_json::{Value, json};
use vigla::mesh::Kind;
use vigla::mesh::routing::{NotMatched, Reason, Request, Router, RuleRef, SourceKind};

use super::mesh::{Mesh, each_rule, source, text};
use super::shown;

/// Rounds in which reasons are followed: those decided when configuration is built come first,
/// then those of the request.
const ROUNDS: usize = 4;

/// Reasons that can lie in the request.
pub const FOLLOWED: [Reason; 11] = [
    Reason::Path,
    Reason::Method,
    Reason::HeaderMissing,
    Reason::HeaderValue,
    Reason::HeaderForbidden,
    Reason::QueryMissing,
    Reason::QueryValue,
    Reason::PortMismatch,
    Reason::SourceLabels,
    Reason::SourceNamespace,
    Reason::EarlierRuleWon,
];

/// The mesh with one block a rule and no block that contradicts itself, so that the reasons of a
/// rule are those of its block.
pub fn one_block_each(mesh: &Mesh) -> Mesh {
    mesh.changed("VirtualService", |object| {
        each_rule(object, |rule| {
            if let Some(blocks) = rule.get_mut("match").and_then(Value::as_array_mut) {
                blocks.truncate(1);
                if blocks[0].get("headers").is_some() {
                    blocks[0].as_object_mut().unwrap().remove("withoutHeaders");
                }
            }
        });
    })
}

/// Edits the request by the reasons of a rule until it takes the request, or would if no earlier
/// one did; `false` if a reason lies outside the request. The rule left alone in its object must
/// then take it.
pub fn until_it_matches(
    mesh: &Mesh,
    router: &Router,
    from: &Request,
    rule: &RuleRef,
) -> Result<bool, TestCaseError> {
    let Some((object, index, block)) = block_of(mesh, rule) else { return Ok(false) };
    let mut request = from.clone();
    for _ in 0..ROUNDS {
        let answer = router.answer(&request);
        if answer.rule.as_ref() == Some(rule) {
            return Ok(true);
        }
        // A reason without an index speaks of all rules of the object.
        let whole = RuleRef { index: None, rule_name: None, ..rule.clone() };
        let speaks = |entry: &&NotMatched| entry.rule == *rule || entry.rule == whole;
        let own = answer.not_matched.iter().filter(speaks);
        let reasons: Vec<Reason> = own.map(|entry| entry.reason).collect();
        prop_assert!(!reasons.is_empty(), "{rule} has no reason\n{}", shown(mesh, &request));
        if reasons == [Reason::EarlierRuleWon] {
            return alone(mesh, &request, object, index).map(|()| true);
        }
        match edited(&request, &block, &reasons) {
            Some(next) => request = next,
            None => return Ok(false),
        }
    }
    let left = shown(mesh, &request);
    Err(TestCaseError::fail(format!("{rule} still does not match\n{left}")))
}

/// The rule in the objects, if it is one of a VirtualService without a delegate and with a block.
fn block_of<'a>(mesh: &'a Mesh, rule: &RuleRef) -> Option<(&'a Value, usize, Value)> {
    let index = rule.index.filter(|_| rule.kind == Kind::VirtualService)?;
    let named = |object: &&Value| {
        text(object, "name") == *rule.name && text(object, "namespace") == *rule.namespace
    };
    let object = mesh.of_kind("VirtualService").find(named)?;
    let written = object["spec"]["http"].get(index)?;
    let block = written.get("match")?.get(0)?.clone();
    written.get("delegate").is_none().then_some((object, index, block))
}

/// At a sidecar an object holds its host alone: without its other rules this one takes the
/// request.
fn alone(
    mesh: &Mesh,
    request: &Request,
    object: &Value,
    index: usize,
) -> Result<(), TestCaseError> {
    if request.from.kind != SourceKind::Sidecar {
        return Ok(());
    }
    let mut left = mesh.clone();
    for changed in left.objects.iter_mut().filter(|other| *other == object) {
        changed["spec"]["http"] = json!([object["spec"]["http"][index]]);
    }
    let rule = left.ask(request).rule;
    let won = rule.is_some_and(|rule| *rule.name == *text(object, "name") && rule.index == Some(0));
    prop_assert!(won, "rule {index} of {object} alone does not match\n{}", shown(mesh, request));
    Ok(())
}

/// The request with every reason removed; `None` where a reason cannot be removed by editing it.
fn edited(request: &Request, block: &Value, reasons: &[Reason]) -> Option<Request> {
    let mut out = request.clone();
    for reason in reasons {
        match reason {
            Reason::Path => {
                let query = request.path.find('?').map_or("", |at| &request.path[at..]);
                out.path = format!("{}{query}", path(&block["uri"])?);
            }
            Reason::Method => block["method"]["exact"].as_str()?.clone_into(&mut out.method),
            Reason::HeaderMissing | Reason::HeaderValue => {
                out.headers =
                    vec![("user".to_owned(), value(&block["headers"]["user"]).to_owned())];
            }
            Reason::HeaderForbidden => out.headers = without(&block["withoutHeaders"]["user"])?,
            Reason::QueryMissing | Reason::QueryValue => {
                let bare = out.path.split('?').next()?.to_owned();
                out.path = format!("{bare}?q=1");
            }
            Reason::PortMismatch if request.from.kind == SourceKind::Sidecar => {
                out.port = u16::try_from(block["port"].as_u64()?).ok()?;
            }
            Reason::SourceLabels | Reason::SourceNamespace
                if request.from.kind == SourceKind::Sidecar =>
            {
                let label = block["sourceLabels"]["app"].as_str();
                let name = label.unwrap_or(&request.from.name);
                let namespace =
                    block["sourceNamespace"].as_str().unwrap_or(&request.from.namespace);
                let exists = (namespace, name) != ("far", "other");
                out.from = exists.then(|| source(SourceKind::Sidecar, namespace, name))?;
            }
            _ => return None,
        }
    }
    Some(out)
}

/// A path that the condition takes; none for one with dots, which no path has when it is
/// compared.
fn path(uri: &Value) -> Option<String> {
    let of = |how: &str| uri.get(how).and_then(Value::as_str);
    let path = match of("regex") {
        Some("/x.*" | "/[xz]" | "/x|/z") => "/x",
        Some(_) => "/",
        None => of("exact").or_else(|| of("prefix"))?,
    };
    (!path.contains("..")).then(|| path.to_owned())
}

/// A value that the condition takes.
fn value(condition: &Value) -> &'static str {
    let of = |how: &str| condition.get(how).and_then(Value::as_str);
    match (of("exact"), of("regex")) {
        (Some("bob"), _) | (_, Some("bob|")) => "bob",
        (Some("jason,bob"), _) => "jason,bob",
        _ => "jason",
    }
}

/// Headers that the negated condition lets pass; none do for one that takes anything.
fn without(condition: &Value) -> Option<Vec<(String, String)>> {
    match condition.get("regex").and_then(Value::as_str) {
        Some(".*") => None,
        Some("bob|") => Some(vec![("user".to_owned(), "jason".to_owned())]),
        _ => Some(Vec::new()),
    }
}
