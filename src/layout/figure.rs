//! Numbers in as few cells as they need: rates, percentages and times on edges and boxes.
//!
//! A figure never takes more than [`WIDEST_RATE`] cells, so that a slot made for it never moves.

use crate::mesh::graph::Unit;

/// Cells of the widest rate of requests or messages, `99.9k/s` being written `100k/s`.
pub const WIDEST_RATE: u16 = 6;
/// Cells of the widest rate of bytes, `123kB/s`.
pub const WIDEST_BYTES: u16 = 7;
/// Cells of a rate of requests where space is short, `100/s`.
pub const NARROW_RATE: u16 = 5;
/// What stands for a number that is missing.
pub const MISSING: &str = "–";

/// A rate with its unit: `4.1/s`, `1.2k/s`, `37kB/s`.
pub fn rate(value: f64, unit: Unit) -> String {
    let Some(number) = short(value) else { return MISSING.to_owned() };
    match unit {
        Unit::Requests | Unit::Messages => format!("{number}/s"),
        Unit::Bytes => format!("{number}B/s"),
    }
}

/// A rate in at most [`NARROW_RATE`] cells, without decimals from ten on: `4.1/s`, `12k/s`.
pub fn narrow_rate(value: f64, unit: Unit) -> String {
    if unit == Unit::Bytes {
        return rate(value, unit);
    }
    let text = match short(value) {
        Some(number) if value < 9.95 => format!("{number}/s"),
        Some(_) if value < 999.5 => format!("{value:.0}/s"),
        Some(_) if value < 99_500.0 => format!("{:.0}k/s", value / 1_000.0),
        Some(number) => number,
        None => MISSING.to_owned(),
    };
    // Hundredths want a cell more than tenths: `.05/s`.
    if text.len() > usize::from(NARROW_RATE) {
        text.trim_start_matches('0').to_owned()
    } else {
        text
    }
}

/// A percentage: `0%`, `3.7%`, `100%`. Only true zero is `0%`; less than a tenth is `<0.1%`.
pub fn percent(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return MISSING.to_owned();
    }
    if value == 0.0 {
        "0%".to_owned()
    } else if value < 0.1 {
        "<0.1%".to_owned()
    } else if value < 9.95 {
        format!("{}%", tenths(value))
    } else if value > 99.5 && value < 100.0 {
        ">99%".to_owned()
    } else {
        format!("{:.0}%", value.min(9999.0))
    }
}

/// A share, in whole percent: `33%`.
pub fn share(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return MISSING.to_owned();
    }
    if value > 0.0 && value < 0.5 { "<1%".to_owned() } else { format!("{:.0}%", value.min(999.0)) }
}

/// A time in milliseconds: `0.4ms`, `41ms`, `1.2s`, `3m`.
pub fn milliseconds(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return MISSING.to_owned();
    }
    if value < 0.95 {
        format!("{}ms", tenths(value))
    } else if value < 999.5 {
        format!("{value:.0}ms")
    } else if value < 9_950.0 {
        format!("{}s", tenths(value / 1_000.0))
    } else if value < 99_500.0 {
        format!("{:.0}s", value / 1_000.0)
    } else {
        format!("{:.0}m", (value / 60_000.0).min(9_999.0))
    }
}

/// A number in at most four cells, with `k`, `M`, `G`, `T` for thousands; none when it is not a
/// number of things.
fn short(value: f64) -> Option<String> {
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    if value == 0.0 {
        return Some("0".to_owned());
    }
    if value < 0.095 {
        return Some(if value < 0.01 { "0.01".to_owned() } else { format!("{value:.2}") });
    }
    let mut scaled = value;
    for suffix in ["", "k", "M", "G", "T"] {
        if scaled < 999.5 {
            let precise = if suffix.is_empty() { 99.95 } else { 9.95 };
            return Some(if scaled < precise {
                format!("{}{suffix}", tenths(scaled))
            } else {
                format!("{scaled:.0}{suffix}")
            });
        }
        scaled /= 1_000.0;
    }
    Some("999T".to_owned())
}

/// One decimal.
fn tenths(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, "0/s")]
    #[case(0.004, "0.01/s")]
    #[case(0.05, "0.05/s")]
    #[case(0.096, "0.1/s")]
    #[case(4.13, "4.1/s")]
    #[case(99.94, "99.9/s")]
    #[case(99.96, "100/s")]
    #[case(999.6, "1.0k/s")]
    #[case(12_400.0, "12k/s")]
    #[case(f64::NAN, "–")]
    #[case(-1.0, "–")]
    fn rates(#[case] value: f64, #[case] text: &str) {
        assert_eq!(rate(value, Unit::Requests), text);
    }

    #[rstest]
    #[case(0.0, "0%")]
    #[case(0.02, "<0.1%")]
    #[case(3.66, "3.7%")]
    #[case(14.1, "14%")]
    #[case(99.7, ">99%")]
    #[case(100.0, "100%")]
    fn percentages(#[case] value: f64, #[case] text: &str) {
        assert_eq!(percent(value), text);
    }

    #[rstest]
    #[case(0.42, "0.4ms")]
    #[case(0.97, "1ms")]
    #[case(41.2, "41ms")]
    #[case(999.7, "1.0s")]
    #[case(12_000.0, "12s")]
    #[case(180_000.0, "3m")]
    fn times(#[case] value: f64, #[case] text: &str) {
        assert_eq!(milliseconds(value), text);
    }

    proptest! {
        #[test]
        fn no_rate_is_wider_than_its_slot(value in any::<f64>()) {
            prop_assert!(rate(value, Unit::Requests).chars().count() <= usize::from(WIDEST_RATE));
            let narrow = narrow_rate(value, Unit::Messages);
            prop_assert!(narrow.chars().count() <= usize::from(NARROW_RATE), "{}", narrow);
            prop_assert!(rate(value, Unit::Bytes).chars().count() <= usize::from(WIDEST_BYTES));
            prop_assert!(percent(value).chars().count() <= 5);
            prop_assert!(milliseconds(value).chars().count() <= 6);
        }
    }
}
