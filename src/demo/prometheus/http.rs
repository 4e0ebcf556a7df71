//! The HTTP API, as far as Vigla, `promtool`, Grafana and a curious user ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use promql_parser::label::Matcher;
use promql_parser::parser::Expr;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Evaluated, Failure, Success};
use super::labels::{Labels, NAME};
use super::params::{Params, invalid};
use super::plan::matchers;
use super::refusal::Refusal;
use super::{Prometheus, parse};

/// Bytes of a form that are read.
const LONGEST_FORM: usize = 256 * 1024;
/// Points of a series in the answer of a range query, as in Prometheus.
const MOST_POINTS: i64 = 11_000;

type Shared = State<Arc<Prometheus>>;

/// The routes of the API over a store.
pub fn router(prometheus: Arc<Prometheus>) -> Router {
    Router::new()
        .route("/api/v1/query", get(query).post(query))
        .route("/api/v1/query_range", get(query_range).post(query_range))
        .route("/api/v1/series", get(series).post(series))
        .route("/api/v1/labels", get(labels).post(labels))
        .route("/api/v1/label/{name}/values", get(label_values))
        .route("/api/v1/metadata", get(metadata))
        .route("/api/v1/targets", get(targets))
        .route("/api/v1/status/buildinfo", get(build_info))
        .route("/api/v1/status/config", get(config))
        .route("/-/ready", get(|| async { "Prometheus Server is Ready.\n" }))
        .route("/-/healthy", get(|| async { "Prometheus Server is Healthy.\n" }))
        .with_state(prometheus)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST);
        json_response(status, &Failure::of(self.class(), self.to_string()))
    }
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Reads the parameters, then answers on a thread that may take its time.
async fn answer<T: Serialize + Send + 'static>(
    prometheus: Arc<Prometheus>,
    request: Request,
    of: impl FnOnce(&Prometheus, &Params) -> Result<T, Refusal> + Send + 'static,
) -> Response {
    let params = match params(request).await {
        Ok(params) => params,
        Err(refusal) => return refusal.into_response(),
    };
    let done = tokio::task::spawn_blocking(move || match of(&prometheus, &params) {
        Ok(data) => json_response(StatusCode::OK, &Success::of(data)),
        Err(refusal) => refusal.into_response(),
    });
    done.await.unwrap_or_else(|error| {
        json_response(
            StatusCode::INTERNAL_SERVER_ERROR,
            &Failure::of("internal", error.to_string()),
        )
    })
}

async fn params(request: Request) -> Result<Params, Refusal> {
    let mut params = Params::default();
    let in_url = request.uri().query().unwrap_or_default().to_owned();
    if request.method() == Method::POST {
        let body = axum::body::to_bytes(request.into_body(), LONGEST_FORM).await;
        let body = body.map_err(|error| Refusal::bad_data(format!("read the form: {error}")))?;
        params.read(&String::from_utf8_lossy(&body));
    }
    params.read(&in_url);
    Ok(params)
}

async fn query(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, params| {
        let at = params.time("time", Some(prometheus.now()))?;
        let expr = expression(params)?;
        Ok(Evaluated { value: prometheus.instant(&expr, at)?, at })
    })
    .await
}

async fn query_range(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, params| {
        let start = params.time("start", None)?;
        let end = params.time("end", None)?;
        if end < start {
            return Err(invalid("end", "end timestamp must not be before start time"));
        }
        let step = params.duration("step")?;
        if step <= 0 {
            return Err(invalid(
                "step",
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        if end.saturating_sub(start) / step > MOST_POINTS {
            return Err(Refusal::bad_data(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ));
        }
        let expr = expression(params)?;
        Ok(Evaluated { value: prometheus.range(&expr, (start, end), step)?, at: end })
    })
    .await
}

fn expression(params: &Params) -> Result<Expr, Refusal> {
    parse(params.get("query").unwrap_or_default()).map_err(|why| invalid("query", &why))
}

/// The selectors of `match[]`, each a list of matchers.
fn selectors(params: &Params) -> Result<Vec<Vec<Matcher>>, Refusal> {
    let selector = |text| match parse(text) {
        Ok(Expr::VectorSelector(found)) => matchers(found.name.as_deref(), &found.matchers),
        Ok(_) => Err(invalid("match[]", "parse error: a series selector is expected")),
        Err(why) => Err(invalid("match[]", &why)),
    };
    params.all("match[]").map(selector).collect()
}

/// Label sets that the selectors find in the asked time; without a selector every one.
fn label_sets(prometheus: &Prometheus, params: &Params) -> Result<BTreeSet<Labels>, Refusal> {
    let span = (params.time("start", Some(i64::MIN))?, params.time("end", Some(i64::MAX))?);
    let mut selectors = selectors(params)?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    Ok(prometheus.read(|store| {
        selectors.iter().flat_map(|matchers| store.label_sets(matchers, span)).collect()
    }))
}

async fn series(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, params| {
        if params.get("match[]").is_none() {
            return Err(Refusal::bad_data("no match[] parameter provided"));
        }
        label_sets(prometheus, params)
    })
    .await
}

async fn labels(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, params| {
        let sets = label_sets(prometheus, params)?;
        let names = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name.to_owned()));
        Ok(names.collect::<BTreeSet<String>>())
    })
    .await
}

async fn label_values(
    State(prometheus): Shared,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    answer(prometheus, request, move |prometheus, params| {
        let sets = label_sets(prometheus, params)?;
        let values = sets.iter().map(|set| set.get(&name)).filter(|value| !value.is_empty());
        Ok(values.map(str::to_owned).collect::<BTreeSet<String>>())
    })
    .await
}

async fn metadata(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, params| {
        let asked = params.get("metric");
        Ok(prometheus.read(|store| {
            let families = store.families().iter();
            families
                .filter(|(name, _)| asked.is_none_or(|asked| asked == **name))
                .map(|(name, family)| {
                    let entry = json!([{"type": family.kind, "help": family.help, "unit": ""}]);
                    ((*name).to_owned(), entry)
                })
                .collect::<BTreeMap<String, Value>>()
        }))
    })
    .await
}

/// The targets, as far as the `up` series tell them.
async fn targets(State(prometheus): Shared, request: Request) -> Response {
    answer(prometheus, request, |prometheus, _| {
        let expr = parse("up").map_err(Refusal::BadData)?;
        let found = prometheus.instant(&expr, prometheus.now())?;
        let super::eval::Value::Vector(up) = found else { return Ok(json!({})) };
        let active = up.iter().map(|target| {
            let labels: BTreeMap<&str, &str> =
                target.labels.iter().filter(|(name, _)| *name != NAME).collect();
            json!({
                "discoveredLabels": {},
                "labels": labels,
                "scrapePool": target.labels.get("job"),
                "scrapeUrl": format!("http://{}/stats/prometheus", target.labels.get("instance")),
                "lastError": "",
                "health": if target.value == 0.0 { "down" } else { "up" },
            })
        });
        Ok(json!({"activeTargets": active.collect::<Vec<_>>(), "droppedTargets": []}))
    })
    .await
}

/// The version whose rules the evaluation follows; the revision says who answers.
async fn build_info() -> Response {
    let data = json!({
        "version": "2.42.0",
        "revision": concat!("vigla-demo-", env!("CARGO_PKG_VERSION")),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    json_response(StatusCode::OK, &Success::of(data))
}

async fn config(State(prometheus): Shared) -> Response {
    let interval = prometheus.scrape_interval().as_secs();
    let yaml = format!(
        "global:\n  scrape_interval: {interval}s\n  evaluation_interval: 1m\nscrape_configs:\n- job_name: kubernetes-pods\n"
    );
    json_response(StatusCode::OK, &Success::of(json!({"yaml": yaml})))
}
