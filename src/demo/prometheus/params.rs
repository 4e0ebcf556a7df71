//! Parameters of the HTTP API: forms, times and durations.

use std::time::Duration;

use jiff::Timestamp;

use super::refusal::Refusal;

/// Name and value pairs of a query string, a form, or both.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=b&c=d`, percent-decoded; what is no pair has an empty value.
    pub fn read(&mut self, text: &str) {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        self.0.extend(pairs);
    }

    /// The first value of a name; None where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// Every value of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// A time in milliseconds, or the default where none is given.
    pub fn time(&self, name: &str, default: Option<i64>) -> Result<i64, Refusal> {
        match (self.get(name), default) {
            (None, Some(default)) => Ok(default),
            (given, _) => {
                let given = given.unwrap_or_default();
                parse_time(given).ok_or_else(|| {
                    invalid(name, &format!("cannot parse {given:?} to a valid timestamp"))
                })
            }
        }
    }

    /// A duration in milliseconds.
    pub fn duration(&self, name: &str) -> Result<i64, Refusal> {
        let given = self.get(name).unwrap_or_default();
        parse_duration(given)
            .ok_or_else(|| invalid(name, &format!("cannot parse {given:?} to a valid duration")))
    }
}

/// The refusal of a parameter.
pub fn invalid(name: &str, why: &str) -> Refusal {
    Refusal::bad_data(format!("invalid parameter {name:?}: {why}"))
}

/// Unix seconds, with a fraction, or RFC 3339.
fn parse_time(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let millis = (seconds * 1000.0).round();
        return (millis.abs() < 9.0e15).then_some(millis as i64);
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Seconds, with a fraction, or a duration as PromQL writes it.
fn parse_duration(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let millis = (seconds * 1000.0).round();
        return (millis.abs() < 9.0e15).then_some(millis as i64);
    }
    let duration: Duration = promql_parser::util::parse_duration(text).ok()?;
    i64::try_from(duration.as_millis()).ok()
}

/// Percent-decoding of forms; bytes that are no UTF-8 become U+FFFD.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (decoded, after) = match (byte, after) {
            (b'+', after) => (b' ', after),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (byte, rest.get(1..).unwrap_or_default()),
            },
            (_, after) => (byte, after),
        };
        bytes.push(decoded);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a+b%20c", "a b c")]
    #[case("up%7Bjob%3D%22x%22%7D", "up{job=\"x\"}")]
    #[case("100%", "100%")]
    #[case("%zz%4", "%zz%4")]
    #[case("%ff", "\u{fffd}")]
    fn forms_are_decoded(#[case] text: &str, #[case] want: &str) {
        assert_eq!(decode(text), want);
    }

    #[rstest]
    #[case("1795354748.802", Some(1_795_354_748_802))]
    #[case("2026-11-23T00:00:00Z", Some(1_795_392_000_000))]
    #[case("1e300", None)]
    #[case("NaN", None)]
    #[case("yesterday", None)]
    fn times_are_read(#[case] text: &str, #[case] want: Option<i64>) {
        assert_eq!(parse_time(text), want);
    }

    #[rstest]
    #[case("15", Some(15_000))]
    #[case("1m30s", Some(90_000))]
    #[case("-1", Some(-1000))]
    #[case("soon", None)]
    fn durations_are_read(#[case] text: &str, #[case] want: Option<i64>) {
        assert_eq!(parse_duration(text), want);
    }
}
