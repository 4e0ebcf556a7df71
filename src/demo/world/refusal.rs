//! Why the API refuses a request, in the words a Kubernetes API server uses.

use serde_json::{Map, Value, json};

use super::catalog::Resource;

/// One cause of an invalid object: the field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid` …
    pub reason: &'static str,
    pub field: String,
    pub message: String,
}

impl Cause {
    /// A field that must be there.
    pub fn required(field: impl Into<String>) -> Self {
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            message: "Required value".to_owned(),
        }
    }

    /// A field whose value will not do.
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self { reason: "FieldValueInvalid", field: field.into(), message }
    }
}

/// A request that is refused: status code, reason, message and details of the `Status` answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    /// `details` of the answer; null where a real server sends none.
    pub details: Value,
}

impl Refusal {
    fn of(
        resource: &Resource,
        name: &str,
        (code, reason): (u16, &'static str),
        says: &str,
    ) -> Self {
        let message = format!("{} \"{name}\" {says}", resource.full_name());
        Self { code, reason, message, details: details(resource, name) }
    }

    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::of(resource, name, (404, "NotFound"), "not found")
    }

    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::of(resource, name, (409, "AlreadyExists"), "already exists")
    }

    /// Somebody else wrote the object since the writer read it.
    pub fn conflict(resource: &Resource, name: &str) -> Self {
        let full = resource.full_name();
        let message = format!(
            "Operation cannot be fulfilled on {full} \"{name}\": the object has been modified; \
             please apply your changes to the latest version and try again"
        );
        Self { code: 409, reason: "Conflict", message, details: details(resource, name) }
    }

    /// A precondition (uid or resourceVersion) of a delete that does not hold.
    pub fn precondition(resource: &Resource, name: &str, what: &str, has: &str) -> Self {
        let full = resource.full_name();
        let message = format!(
            "Operation cannot be fulfilled on {full} \"{name}\": the {what} in the precondition \
             does not match the {what} in record: {has}"
        );
        Self { code: 409, reason: "Conflict", message, details: details(resource, name) }
    }

    pub fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let told: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let told = match told.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let kind = resource.info().name;
        let full = match resource.info().group {
            "" => kind.to_owned(),
            group => format!("{kind}.{group}"),
        };
        let mut details = Map::new();
        details.insert("name".to_owned(), json!(name));
        if !resource.info().group.is_empty() {
            details.insert("group".to_owned(), json!(resource.info().group));
        }
        details.insert("kind".to_owned(), json!(kind));
        let causes: Vec<Value> = causes
            .iter()
            .map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}))
            .collect();
        details.insert("causes".to_owned(), Value::Array(causes));
        let message = format!("{full} \"{name}\" is invalid: {told}");
        Self { code: 422, reason: "Invalid", message, details: Value::Object(details) }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { code: 400, reason: "BadRequest", message: message.into(), details: Value::Null }
    }

    /// A right that the user does not have; `why` follows the object's name.
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let full = resource.full_name();
        let subject = if name.is_empty() {
            format!("{full} is forbidden")
        } else {
            format!("{full} \"{name}\" is forbidden")
        };
        let message = format!("{subject}: {why}");
        Self { code: 403, reason: "Forbidden", message, details: details(resource, name) }
    }

    pub fn method_not_allowed() -> Self {
        Self {
            code: 405,
            reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource".to_owned(),
            details: json!({}),
        }
    }

    /// No resource of that name in a served group.
    pub fn no_such_resource() -> Self {
        Self {
            code: 404,
            reason: "NotFound",
            message: "the server could not find the requested resource".to_owned(),
            details: json!({}),
        }
    }

    /// The history that a watch or a list wants is gone.
    pub fn too_old(wanted: u64, oldest: u64) -> Self {
        Self {
            code: 410,
            reason: "Expired",
            message: format!("too old resource version: {wanted} ({oldest})"),
            details: Value::Null,
        }
    }

    /// A continue token whose snapshot is gone.
    pub fn continue_expired() -> Self {
        Self {
            code: 410,
            reason: "Expired",
            message: "The provided continue parameter is too old to display a consistent list \
                      result. You can start a new list without the continue parameter."
                .to_owned(),
            details: Value::Null,
        }
    }

    /// A resourceVersion that has not come yet.
    pub fn too_new(wanted: u64, current: u64) -> Self {
        Self {
            code: 504,
            reason: "Timeout",
            message: format!("Too large resource version: {wanted}, current: {current}"),
            details: json!({"causes": [{"reason": "ResourceVersionTooLarge",
                                        "message": "Too large resource version"}],
                            "retryAfterSeconds": 1}),
        }
    }

    /// The `Status` object that answers the request.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason,
        });
        if let Some(map) = status.as_object_mut() {
            if !self.details.is_null() {
                map.insert("details".to_owned(), self.details.clone());
            }
            map.insert("code".to_owned(), json!(self.code));
        }
        status
    }
}

/// `details` as the API server writes it: name, group, and the resource under `kind`.
fn details(resource: &Resource, name: &str) -> Value {
    let mut map = Map::new();
    if !name.is_empty() {
        map.insert("name".to_owned(), json!(name));
    }
    if !resource.info().group.is_empty() {
        map.insert("group".to_owned(), json!(resource.info().group));
    }
    map.insert("kind".to_owned(), json!(resource.info().plural));
    Value::Object(map)
}
