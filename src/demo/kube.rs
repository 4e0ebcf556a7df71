//! The Kubernetes API of the world, as kubectl and the kube client ask for it: discovery, lists,
//! watches, Tables, writes and patches over plain HTTP on loopback.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tokio_util::sync::CancellationToken;

use super::world::World;
use super::world::refusal::Refusal;

mod answer;
mod apply;
mod discovery;
mod list;
mod openapi;
mod patch;
mod proxy;
mod review;
mod rights;
mod route;
mod scale;
mod selector;
mod table;
mod watch;
mod write;

use answer::Form;
use route::{Address, Params, Target};

/// The largest body of a request, as the API server has it for objects.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// What the handlers share.
#[derive(Debug)]
pub struct Api {
    world: Arc<World>,
    /// Where the world's Prometheus answers, for the service proxy.
    prometheus: Option<String>,
    /// Made with the first request through the proxy: its TLS set-up takes a while.
    client: OnceLock<reqwest::Client>,
    /// Ends the watches.
    stop: CancellationToken,
}

/// The router of a world's API. Watches end when `stop` is cancelled.
pub fn router(world: Arc<World>, prometheus: Option<String>, stop: CancellationToken) -> Router {
    let api = Arc::new(Api { world, prometheus, client: OnceLock::new(), stop });
    Router::new().fallback(move |request: Request| {
        let api = Arc::clone(&api);
        async move { answer(&api, request).await }
    })
}

async fn answer(api: &Arc<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return answer::refusal(&Refusal {
            code: 413,
            reason: "RequestEntityTooLarge",
            message: format!("Request entity too large: limit is {LARGEST_BODY}"),
            details: serde_json::json!({}),
        });
    };
    let params = Params::of(&parts.uri);
    let target = match route::target(parts.uri.path()) {
        Ok(target) => target,
        Err(refusal) => {
            return refusal.map_or_else(answer::not_found_page, |r| answer::refusal(&r));
        }
    };
    let call = Call { api, method: parts.method, headers: parts.headers, params, body };
    call.dispatch(target).await.unwrap_or_else(|refusal| answer::refusal(&refusal))
}

/// One request, taken apart.
struct Call<'a> {
    api: &'a Arc<Api>,
    method: Method,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
}

impl Call<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    async fn dispatch(&self, target: Target) -> Result<Response, Refusal> {
        let address = match target {
            Target::Object(address) => address,
            Target::Proxy { service, rest } => return proxy::forward(self, &service, &rest).await,
            Target::Review(kind) => return review::answer(self, kind),
            Target::Document(path) => {
                if self.method != Method::GET {
                    return Err(Refusal::method_not_allowed());
                }
                return discovery::document(self.header("accept"), &path)
                    .or_else(|| openapi::document(&path))
                    .map_or_else(|| Ok(answer::not_found_page()), Ok);
            }
        };
        rights::check(self, &address)?;
        self.object(&address)
    }

    /// A request about one object or a collection.
    fn object(&self, address: &Address) -> Result<Response, Refusal> {
        let form = Form::of(self.header("accept"), self.params.text("includeObject"))?;
        match (self.method.as_str(), &address.name, address.part.as_str()) {
            ("GET" | "HEAD", None, "") if self.params.is_true("watch") => {
                Ok(watch::open(self.api, address, &self.params, form)?)
            }
            ("GET" | "HEAD", None, "") => list::collection(self.api, address, &self.params, form),
            ("GET" | "HEAD", Some(name), "" | "status") => {
                list::single(self.api, address, name, form)
            }
            ("POST", None, "") => write::create(self, address, form),
            ("PUT", Some(name), "" | "status") => write::replace(self, address, name, form),
            ("PATCH", Some(name), "" | "status") => write::patch(self, address, name, form),
            ("DELETE", Some(name), "") => write::delete(self, address, name),
            ("DELETE", None, "") => write::delete_collection(self, address),
            ("GET" | "PUT" | "PATCH", Some(name), "scale") => scale::answer(self, address, name),
            _ => Err(Refusal::method_not_allowed()),
        }
    }
}

/// An answer of JSON with the status 200.
fn ok(value: &serde_json::Value) -> Response {
    answer::json(StatusCode::OK, value)
}
