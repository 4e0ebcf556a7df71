//! The services' proxy: the one service that answers is Prometheus.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::Call;
use crate::demo::world::refusal::Refusal;
use crate::mesh::{Key, Kind};

/// Forwards a request to a service.
pub(super) async fn forward(
    call: &Call<'_>,
    service: &Key,
    rest: &str,
) -> Result<Response, Refusal> {
    // `name`, `name:port` or `scheme:name:port`.
    let parts: Vec<&str> = service.name.split(':').collect();
    let name = match parts.as_slice() {
        [name] | [name, _] | [_, name, _] => *name,
        _ => "",
    };
    let key = Key::new(&service.namespace, name);
    let exists = call.api.world.store().read(|state| state.get(Kind::Service, &key).is_some());
    let services =
        crate::demo::world::catalog::of(Kind::Service).ok_or_else(Refusal::no_such_resource)?;
    if !exists {
        return Err(Refusal::not_found(services, &service.name));
    }
    let prometheus =
        call.api.prometheus.as_deref().filter(|_| key == Key::new("istio-system", "prometheus"));
    let Some(prometheus) = prometheus else {
        return Err(unavailable(&format!(
            "no endpoints available for service \"{}\"",
            service.name
        )));
    };
    let url = format!("{}/{rest}", prometheus.trim_end_matches('/'));
    let method = if call.method == Method::POST { Method::POST } else { Method::GET };
    let pairs = call.params.pairs();
    let mut request = call
        .api
        .client
        .get_or_init(client)
        .request(method, url)
        .query(&pairs)
        .body(call.body.clone());
    for name in ["content-type", "accept"] {
        request = request.header(name, call.header(name));
    }
    let answer = request.send().await.map_err(|error| unavailable(&error.to_string()))?;
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let media = answer.headers().get(header::CONTENT_TYPE).cloned();
    let body = answer.bytes().await.map_err(|error| unavailable(&error.to_string()))?;
    let mut response = Response::new(axum::body::Body::from(body));
    *response.status_mut() = status;
    let media = media.unwrap_or_else(|| HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}

fn client() -> reqwest::Client {
    // reqwest wants a TLS provider even for plain HTTP; one that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap_or_default()
}

fn unavailable(why: &str) -> Refusal {
    Refusal { code: 503, reason: "ServiceUnavailable", message: why.to_owned(), details: json!({}) }
}
