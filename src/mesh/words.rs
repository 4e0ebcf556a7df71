//! Numbers as people read them: short, with a unit, never wider than they need to be. The same
//! words stand on the screen, in tables and in explanations.

use jiff::Timestamp;

/// What stands for a number that is not known.
pub const MISSING: &str = "–";

/// A rate per second without its unit: `0`, `0.04`, `4.1`, `38`, `1.2k`.
pub fn rate(per_second: f64) -> String {
    scaled(per_second, 1000.0, &["", "k", "M", "G", "T"])
}

/// Bytes per second without the `/s`: `0B`, `4.1kB`.
pub fn bytes(per_second: f64) -> String {
    scaled(per_second, 1000.0, &["B", "kB", "MB", "GB", "TB"])
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut unit = 0;
    // 999.5 would round to 1000.
    while value.abs() >= step - 0.5 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let unit_name = units.get(unit).copied().unwrap_or_default();
    let digits = match value.abs() {
        v if v < 0.005 && v > 0.0 && unit == 0 => return format!("<0.01{unit_name}"),
        0.0 => 0,
        v if v < 0.995 => 2,
        v if v < 9.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}{unit_name}")
}

/// A percentage with its sign: `0%`, `0.4%`, `33%`, `99.9%`, `100%`.
pub fn percent(percent: f64) -> String {
    let digits = match percent {
        p if p > 0.0 && p < 0.05 => return "<0.1%".to_owned(),
        p if p > 99.95 && p < 100.0 => return ">99.9%".to_owned(),
        p if (p > 0.0 && p < 9.95) || (p > 99.0 && p < 100.0) => 1,
        _ => 0,
    };
    format!("{percent:.digits$}%")
}

/// Milliseconds: `0.4ms`, `12ms`, `1.5s`, `42s`, `3.2m`.
pub fn millis(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 9.95 => format!("{ms:.1}ms"),
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms if ms < 9_950.0 => format!("{:.1}s", ms / 1_000.0),
        ms if ms < 59_500.0 => format!("{:.0}s", ms / 1_000.0),
        ms => format!("{:.1}m", ms / 60_000.0),
    }
}

/// An age as kubectl prints it: `12s`, `4m30s`, `3h`, `2d5h`, `40d`, `2y10d`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    seconds((now.as_second() - since.as_second()).max(0))
}

/// A length of time as kubectl prints ages.
pub fn seconds(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let pair = |big: i64, unit: char, small: i64, small_unit: char| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    match seconds {
        s if s < 120 => format!("{s}s"),
        s if s < 600 => pair(minutes, 'm', s % 60, 's'),
        s if s < 3 * 3_600 => format!("{minutes}m"),
        s if s < 8 * 3_600 => pair(hours, 'h', minutes % 60, 'm'),
        s if s < 48 * 3_600 => format!("{hours}h"),
        s if s < 8 * 86_400 => pair(days, 'd', hours % 24, 'h'),
        s if s < 2 * 365 * 86_400 => format!("{days}d"),
        s if s < 8 * 365 * 86_400 => pair(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.0, "0")]
    #[case(0.001, "<0.01")]
    #[case(0.04, "0.04")]
    #[case(0.999, "1.0")]
    #[case(4.13, "4.1")]
    #[case(9.97, "10")]
    #[case(999.4, "999")]
    #[case(999.6, "1.0k")]
    #[case(38_400.0, "38k")]
    #[case(2_000_000.0, "2.0M")]
    fn rates(#[case] value: f64, #[case] text: &str) {
        assert_eq!(rate(value), text);
    }

    #[rstest]
    #[case(0.0, "0%")]
    #[case(0.01, "<0.1%")]
    #[case(0.4, "0.4%")]
    #[case(33.3, "33%")]
    #[case(99.93, "99.9%")]
    #[case(99.99, ">99.9%")]
    #[case(100.0, "100%")]
    fn percents(#[case] value: f64, #[case] text: &str) {
        assert_eq!(percent(value), text);
    }

    #[rstest]
    #[case(0.42, "0.4ms")]
    #[case(12.3, "12ms")]
    #[case(999.7, "1.0s")]
    #[case(42_000.0, "42s")]
    #[case(90_000.0, "1.5m")]
    fn latencies(#[case] value: f64, #[case] text: &str) {
        assert_eq!(millis(value), text);
    }

    /// As kubectl prints them (`duration.HumanDuration`).
    #[rstest]
    #[case(12, "12s")]
    #[case(119, "119s")]
    #[case(270, "4m30s")]
    #[case(300, "5m")]
    #[case(5_400, "90m")]
    #[case(3 * 3_600 + 120, "3h2m")]
    #[case(30 * 3_600, "30h")]
    #[case(53 * 3_600, "2d5h")]
    #[case(40 * 86_400, "40d")]
    #[case(740 * 86_400, "2y10d")]
    fn ages(#[case] length: i64, #[case] text: &str) {
        assert_eq!(seconds(length), text);
    }
}
