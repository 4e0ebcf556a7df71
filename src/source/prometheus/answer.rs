//! The envelope of Prometheus' HTTP API: what is a success, what is an error and what is
//! something else; and its samples, one by one, without holding all of them.
//!
//! Source: the HTTP API page of Prometheus' documentation.

use std::borrow::Cow;

use serde::Deserialize;

use super::transport::{Answer, Body};
use crate::mesh::harmless;
use crate::source::split::Splitter;

/// The body of a success, or why it is none and what to do.
pub fn check(answer: Answer) -> Result<Body, (String, &'static str)> {
    let html = looks_like_html(&answer);
    match answer.status {
        200 if html => Err((
            "it answers HTML".into(),
            "is this Grafana's or a login page's address? the API lies below /api/v1",
        )),
        200 => Ok(answer.body),
        300..=399 => {
            let target = answer.location.as_deref().unwrap_or("elsewhere");
            let why = format!("it answers {}, a redirect to {target}", answer.status);
            Err((why, "give the address it redirects to, or a token if that is a login page"))
        }
        status => Err((refusal(&answer, html), hint(status))),
    }
}

fn looks_like_html(answer: &Answer) -> bool {
    answer.content_type.starts_with("text/html")
        || answer.body.start().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// How many characters of a server's own words are shown.
const SHOWN: usize = 300;

fn refusal(answer: &Answer, html: bool) -> String {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        error: Cow<'a, str>,
    }
    let status = http::StatusCode::from_u16(answer.status);
    let named = status.ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let body = answer.body.whole();
    let said = match serde_json::from_slice::<Said<'_>>(&body) {
        Ok(said) => said.error.chars().take(SHOWN).collect(),
        Err(_) if html => "an HTML page".to_owned(),
        Err(_) => String::from_utf8_lossy(&body).trim().chars().take(SHOWN).collect(),
    };
    let colon = if said.is_empty() { "" } else { ": " };
    format!("it answers {} {named}{colon}{said}", answer.status)
}

fn hint(status: u16) -> &'static str {
    match status {
        401 => "it wants to know who asks: --prometheus-header 'Authorization: Bearer …'",
        403 => "these credentials may not ask it; a tenant's header may be missing",
        404 => "there is no Prometheus API below this address: is a path prefix missing?",
        400 | 422 => "the query was refused; this Prometheus may be old or of another make",
        429 => "it is asked too often: a longer --refresh asks less",
        500..=599 => "it is in trouble itself: a shorter --window asks less of it",
        _ => "is this the address of a Prometheus-compatible API?",
    }
}

/// One element of a vector or matrix.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "M: Deserialize<'de>"))]
pub struct Sample<'a, M> {
    pub metric: M,
    #[serde(borrow, default)]
    value: Option<Point<'a>>,
    #[serde(borrow, default)]
    values: Vec<Point<'a>>,
}

/// Seconds since 1970 and a value as text.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Point<'a>(pub f64, #[serde(borrow)] pub Cow<'a, str>);

impl Point<'_> {
    /// Time and value; a value that is no number is NaN.
    pub fn read(&self) -> (f64, f64) {
        (self.0, self.1.parse().unwrap_or(f64::NAN))
    }
}

impl<'a, M> Sample<'a, M> {
    /// The points in order of time.
    pub fn points(&self) -> impl Iterator<Item = &Point<'a>> {
        self.value.iter().chain(&self.values)
    }
}

/// What surrounds the samples.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    status: Cow<'a, str>,
    /// Why there is no answer, where the status says so.
    #[serde(borrow, default)]
    error: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow, default)]
    result_type: Cow<'a, str>,
}

/// Visits every sample of a vector or matrix as JSON, for as long as it can be read. The body comes
/// in pieces, cut anywhere. Returns the server's warnings.
pub fn each<P: AsRef<[u8]>>(
    body: impl IntoIterator<Item = P>,
    mut visit: impl FnMut(&[u8]) -> serde_json::Result<()>,
) -> Result<Vec<String>, String> {
    let mut splitter = Splitter::new(&["data", "result"]);
    let mut read = Ok(());
    for piece in body {
        let visit = |sample: &[u8]| {
            if read.is_ok() {
                read = visit(sample);
            }
        };
        splitter.push(piece.as_ref(), visit).map_err(|error| error.to_string())?;
    }
    read.map_err(|error| error.to_string())?;
    if splitter.passed_over > 0 {
        return Err("a single series is longer than 8 MB".to_owned());
    }
    let head = splitter.finish().map_err(|error| error.to_string())?;
    let envelope: Envelope<'_> =
        serde_json::from_slice(&head).map_err(|error| error.to_string())?;
    let result = envelope.data.as_ref().map(|data| &*data.result_type);
    match (&*envelope.status, result) {
        ("success" | "", Some("vector" | "matrix")) => Ok(envelope.warnings.unwrap_or_default()),
        ("success" | "", Some(other)) => Err(format!("a result of type {other:?}")),
        ("success" | "", None) => Err("there is no data in it".to_owned()),
        (status, _) => {
            let said: String = harmless::line(&envelope.error).chars().take(SHOWN).collect();
            Err(format!("status {status:?} {said}").trim_end().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, Ok(()))]
    #[case(r#"{"data":{"result":[],"resultType":"matrix"},"warnings":null}"#, Ok(()))]
    #[case(r#"{"status":"error","errorType":"timeout","error":"too slow"}"#, Err("too slow"))]
    #[case("{\"status\":\"error\",\"error\":\"\\u001b[2J\"}", Err("status \"error\" "))]
    #[case(r#"{"status":"success"}"#, Err("no data"))]
    #[case(
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
        Err("scalar")
    )]
    #[case(r#"{"status":"success","data":{"resultType":"vector","result":[{]}}"#, Err("EOF"))]
    #[case(
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":4}]}}"#,
        Err("4")
    )]
    #[case("<html>", Err("expected value"))]
    #[case("", Err("EOF"))]
    fn only_a_vector_or_a_matrix_is_an_answer(
        #[case] body: &str,
        #[case] expected: Result<(), &str>,
    ) {
        for size in [1, 7, 4096] {
            let read = each(body.as_bytes().chunks(size), |sample| {
                let _: Sample<'_, std::collections::BTreeMap<String, String>> =
                    serde_json::from_slice(sample)?;
                Ok(())
            });
            match (&read, expected) {
                (Ok(_), Ok(())) => {}
                (Err(why), Err(words)) => {
                    assert!(why.contains(words) && !why.contains(harmless::is_harmful), "{why:?}");
                }
                _ => panic!("{read:?}"),
            }
        }
    }
}
