//! The envelope of Prometheus' HTTP API: what is a success, what is an error and what is
//! something else; and its samples, one by one, without holding all of them.
//!
//! Source: the HTTP API page of Prometheus' documentation.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::transport::Answer;

/// The body of a success, or why it is none and what to do.
pub fn check(answer: Answer) -> Result<Vec<u8>, (String, &'static str)> {
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
        || answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
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
    let said = match serde_json::from_slice::<Said<'_>>(&answer.body) {
        Ok(said) => said.error.chars().take(SHOWN).collect(),
        Err(_) if html => "an HTML page".to_owned(),
        Err(_) => String::from_utf8_lossy(&answer.body).trim().chars().take(SHOWN).collect(),
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

/// Visits every sample of a vector or matrix. Returns the server's warnings.
pub fn each<'de, M: Deserialize<'de>>(
    body: &'de [u8],
    visit: impl FnMut(Sample<'de, M>),
) -> Result<Vec<String>, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let envelope = Envelope { visit, metric: PhantomData };
    let warnings = envelope.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(warnings)
}

struct Envelope<F, M> {
    visit: F,
    metric: PhantomData<M>,
}

impl<'de, M: Deserialize<'de>, F: FnMut(Sample<'de, M>)> DeserializeSeed<'de> for Envelope<F, M> {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, M: Deserialize<'de>, F: FnMut(Sample<'de, M>)> Visitor<'de> for Envelope<F, M> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of Prometheus' API")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut warnings, mut answered) = (Vec::new(), false);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "status" => {
                    let status: Cow<'de, str> = map.next_value()?;
                    if status != "success" {
                        return Err(de::Error::custom(format!("status {status:?}")));
                    }
                }
                "data" => {
                    answered = true;
                    map.next_value_seed(Data { visit: &mut self.visit, metric: PhantomData })?;
                }
                "warnings" => {
                    warnings = map.next_value::<Option<Vec<String>>>()?.unwrap_or_default();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if answered { Ok(warnings) } else { Err(de::Error::missing_field("data")) }
    }
}

struct Data<'f, F, M> {
    visit: &'f mut F,
    metric: PhantomData<M>,
}

impl<'de, M: Deserialize<'de>, F: FnMut(Sample<'de, M>)> DeserializeSeed<'de> for Data<'_, F, M> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, M: Deserialize<'de>, F: FnMut(Sample<'de, M>)> Visitor<'de> for Data<'_, F, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector or a matrix")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "result" {
                map.next_value_seed(Data { visit: &mut *self.visit, metric: PhantomData::<M> })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(sample) = seq.next_element::<Sample<'de, M>>()? {
            (self.visit)(sample);
        }
        Ok(())
    }
}
