//! Questions about rights: may I, what may I, who am I.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use super::answer::json as write;
use super::rights::User;
use crate::demo::world::refusal::Refusal;

/// Answers a review of one of the three kinds.
pub(super) fn answer(call: &Call<'_>, resource: &'static str) -> Result<Response, Refusal> {
    if call.method != Method::POST {
        return Err(Refusal::method_not_allowed());
    }
    // The answer depends on the user alone, so a question in protobuf, as kubectl asks it, can
    // be answered too; only JSON is repeated.
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let user = User::of(call);
    let spec = body.get("spec").cloned().unwrap_or_else(|| json!({}));
    let (group, kind, status) = match resource {
        "selfsubjectaccessreviews" => {
            let status =
                if user.is_allowed { json!({"allowed": true}) } else { json!({"allowed": false}) };
            ("authorization.k8s.io", "SelfSubjectAccessReview", status)
        }
        "selfsubjectrulesreviews" => {
            ("authorization.k8s.io", "SelfSubjectRulesReview", rules(&user))
        }
        _ => {
            let status = json!({"userInfo": {"username": user.name, "groups": user.groups}});
            ("authentication.k8s.io", "SelfSubjectReview", status)
        }
    };
    let review = json!({"kind": kind, "apiVersion": format!("{group}/v1"),
                        "metadata": {}, "spec": spec, "status": status});
    Ok(write(StatusCode::CREATED, &review))
}

fn rules(user: &User) -> Value {
    let resources = if user.is_allowed {
        json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
    } else {
        json!([])
    };
    let urls = if user.is_allowed {
        json!([{"verbs": ["*"], "nonResourceURLs": ["*"]}])
    } else {
        json!([])
    };
    json!({"resourceRules": resources, "nonResourceRules": urls, "incomplete": false})
}
