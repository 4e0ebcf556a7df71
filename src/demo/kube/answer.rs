//! How answers are written: JSON, `Status` objects, and the forms a client may ask for.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::table::Include;
use crate::demo::world::catalog::Resource;
use crate::demo::world::fields::set;
use crate::demo::world::refusal::Refusal;

/// The form in which objects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The objects themselves.
    Whole,
    /// A `Table` of `meta.k8s.io/v1`, as kubectl prints them.
    Table(Include),
    /// Only the metadata.
    Metadata,
}

impl Form {
    /// The first form of an `Accept` header that the server knows.
    pub(super) fn of(accept: &str, include: &str) -> Result<Self, Refusal> {
        if accept.is_empty() {
            return Ok(Self::Whole);
        }
        for wanted in accept.split(',') {
            let mut parts = wanted.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "*/*" | "application/*") {
                continue;
            }
            match parts.find_map(|part| part.strip_prefix("as=")) {
                Some("Table") => return Ok(Self::Table(Include::of(include))),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Ok(Self::Metadata);
                }
                Some(_) => {}
                None => return Ok(Self::Whole),
            }
        }
        let message = "only the following media types are accepted: application/json".to_owned();
        Err(Refusal { code: 406, reason: "NotAcceptable", message, details: json!({}) })
    }
}

/// An answer of JSON.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    bytes(status, "application/json", value.to_string().into_bytes())
}

/// An answer of any media type.
pub(super) fn bytes(status: StatusCode, media: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// The `Status` of a refused request.
pub(super) fn refusal(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, &refusal.status())
}

/// What the API server says about paths outside of its APIs.
pub(super) fn not_found_page() -> Response {
    bytes(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", b"404 page not found\n".to_vec())
}

/// An object as a version of its resource shows it.
pub(super) fn present(resource: &Resource, version: &str, value: &Value) -> Value {
    let mut shown = value.clone();
    if version != resource.stored_version() {
        set(&mut shown, &["apiVersion"], json!(resource.api_version(version)));
    }
    shown
}

/// The metadata of an object as an object of its own.
pub(super) fn metadata_only(value: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
           "metadata": value.get("metadata").cloned().unwrap_or_default()})
}
