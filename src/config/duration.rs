//! Durations as users write them: `30s`, `5m`, `1h30m`, `2d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Reads a duration as Prometheus writes it: numbers with the units `ms`, `s`, `m`, `h`, `d`,
/// `w`, largest first.
///
/// # Errors
/// What is wrong with the text, and an example of a good one.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a duration; write for instance 30s, 5m or 1h30m");
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(milliseconds).ok_or_else(wrong)?;
        total = total.checked_add(Duration::from_millis(part)).ok_or_else(wrong)?;
        rest = tail;
    }
    Ok(total)
}

/// The shortest text that [`parse`] reads as this duration.
pub fn print(duration: Duration) -> String {
    let mut milliseconds = duration.as_millis();
    let mut text = String::new();
    for (unit, size) in
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        let count = milliseconds / size;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
            milliseconds %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// For serde fields that hold a duration as text.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("30s", 30_000)]
    #[case("1h30m", 5_400_000)]
    #[case("2d", 172_800_000)]
    #[case("1500ms", 1_500)]
    fn good(#[case] text: &str, #[case] milliseconds: u64) {
        assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    fn bad(
        #[values(
            "",
            "5",
            "s",
            "5 s",
            "-5s",
            "5y",
            "1.5h",
            "99999999999999999999s",
            "9999999999999999w"
        )]
        text: &str,
    ) {
        assert!(parse(text).unwrap_err().contains("not a duration"), "{text}");
    }

    proptest! {
        #[test]
        fn printed_durations_read_back(milliseconds in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&print(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
