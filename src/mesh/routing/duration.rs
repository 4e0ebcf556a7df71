//! Durations as configurations write them (Go's form) and as protobuf prints them.

use std::time::Duration;

/// Reads `1h2m3.5s`, `250ms` and the like.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_end);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Duration::try_from_secs_f64(total).ok()
}

/// As protobuf's JSON prints it: seconds with 0, 3, 6 or 9 decimals.
pub fn print(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if nanos == 0 {
        format!("{seconds}s")
    } else if nanos % 1_000_000 == 0 {
        format!("{seconds}.{:03}s", nanos / 1_000_000)
    } else if nanos % 1000 == 0 {
        format!("{seconds}.{:06}s", nanos / 1000)
    } else {
        format!("{seconds}.{nanos:09}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2.5s", "2.500s")]
    #[case("7s", "7s")]
    #[case("1h1m", "3660s")]
    #[case("250ms", "0.250s")]
    fn there_and_back(#[case] text: &str, #[case] printed: &str) {
        assert_eq!(parse(text).map(print).as_deref(), Some(printed));
    }

    #[rstest]
    #[case("")]
    #[case("5")]
    #[case("s")]
    #[case("1x")]
    #[case("9999999999999999999999h")]
    fn nonsense_is_none(#[case] text: &str) {
        assert_eq!(parse(text), None);
    }
}
