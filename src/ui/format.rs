//! Numbers, ages and names as they are shown: short, aligned, honest about what is missing.

use jiff::Timestamp;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::list::Value;
use crate::mesh::graph::Health;

/// What stands for a number that is not known.
pub const MISSING: &str = "–";

/// A value as text.
pub fn value(value: &Value, now: Timestamp) -> String {
    match value {
        Value::Missing => MISSING.to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Rate(rate) => self::rate(*rate),
        Value::Bytes(bytes) => self::bytes(*bytes),
        Value::Percent(percent) => self::percent(*percent),
        Value::Millis(millis) => self::millis(*millis),
        Value::Ready(ready) => format!("{}/{}", ready.ready, ready.total),
        Value::When(when) => age(*when, now),
        Value::Health(health) => mark(*health).to_owned(),
        Value::Findings(counts) => counts
            .worst()
            .map_or_else(String::new, |(level, count)| format!("{}{count}", level.sign())),
    }
}

/// The sign of a health; the colour says the same again.
pub fn mark(health: Health) -> &'static str {
    match health {
        Health::Healthy => "●",
        Health::NotReady | Health::Degraded => "▲",
        Health::Failure => "✕",
        Health::Unknown => "○",
    }
}

/// The word for a health.
pub fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::NotReady => "not ready",
        Health::Degraded => "degraded",
        Health::Failure => "failing",
        Health::Unknown => "unknown",
    }
}

/// The last points as bars from zero to the greatest, one cell each; gaps where there was none.
pub fn sparkline(points: &[Option<f32>], cells: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = points.get(points.len().saturating_sub(cells)..).unwrap_or_default();
    let greatest = shown.iter().flatten().copied().fold(0.0_f32, f32::max);
    let bar = |point: &Option<f32>| match point {
        None => ' ',
        Some(value) if greatest > 0.0 && value.is_finite() => {
            let at = (value.max(0.0) / greatest * 7.0).round() as usize;
            BARS.get(at).copied().unwrap_or('█')
        }
        Some(_) => '▁',
    };
    shown.iter().map(bar).collect()
}

/// Three digits at most, then thousands: `0`, `<0.01`, `1.36`, `12.3`, `410`, `1.2k`, `34M`.
pub fn rate(rate: f64) -> String {
    if rate > 0.0 && rate < 0.01 { "<0.01".to_owned() } else { short(rate) }
}

/// Bytes, by thousands: `1.2kB`.
pub fn bytes(bytes: f64) -> String {
    if bytes < 1000.0 { format!("{bytes:.0}B") } else { format!("{}B", short(bytes)) }
}

fn short(number: f64) -> String {
    const UNITS: [&str; 5] = ["", "k", "M", "G", "T"];
    let mut number = number;
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < UNITS.len() {
        number /= 1000.0;
        unit += 1;
    }
    let unit_name = UNITS.get(unit).copied().unwrap_or_default();
    let digits = match number {
        0.0 => 0,
        n if n < 9.995 && unit == 0 => 2,
        n if n < 9.95 => 1,
        n if n < 99.95 && unit == 0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}{unit_name}")
}

/// Percent without its sign: `0`, `<0.1`, `1.3`, `33.3`, `100`. Only what is all is `100`.
pub fn percent(percent: f64) -> String {
    match percent {
        p if p <= 0.0 => "0".to_owned(),
        p if p < 0.1 => "<0.1".to_owned(),
        // Sums of parts miss the whole by the last bits.
        p if p >= 100.0 - 1e-6 => "100".to_owned(),
        p if p >= 99.95 => "99.9".to_owned(),
        p => format!("{p:.1}"),
    }
}

/// Milliseconds with a unit: `3.2ms`, `43ms`, `1.2s`, `2m`.
pub fn millis(millis: f64) -> String {
    match millis {
        m if m < 9.95 => format!("{m:.1}ms"),
        m if m < 999.5 => format!("{m:.0}ms"),
        m if m < 9_950.0 => format!("{:.1}s", m / 1000.0),
        m if m < 99_500.0 => format!("{:.0}s", m / 1000.0),
        m => format!("{:.0}m", m / 60_000.0),
    }
}

/// How long ago, as kubectl prints ages (`HumanDuration` of k8s.io/apimachinery).
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let two = |a: i64, unit_a: &str, b: i64, unit_b: &str| match b {
        0 => format!("{a}{unit_a}"),
        b => format!("{a}{unit_a}{b}{unit_b}"),
    };
    match seconds {
        s if s < 120 => format!("{s}s"),
        s if minutes < 10 => two(minutes, "m", s % 60, "s"),
        _ if hours < 3 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, "d", hours % 24, "h"),
        _ if years < 2 => format!("{days}d"),
        _ if years < 8 => two(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

/// Cuts a text to a number of cells; a longer one ends in `…`. Letters are never split.
pub fn cut(text: &str, cells: usize) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = 0;
    for letter in text.graphemes(true) {
        width += letter.width();
        if width + 1 > cells {
            break;
        }
        kept.push_str(letter);
    }
    if cells > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts a name in its middle: beginnings and ends are what tells names apart.
pub fn cut_name(text: &str, cells: usize) -> String {
    if text.width() <= cells || cells < 5 {
        return cut(text, cells);
    }
    let letters: Vec<&str> = text.graphemes(true).collect();
    let (mut left, mut right) = (0, letters.len());
    let (mut start, mut end) = (String::new(), Vec::new());
    let mut room = cells - 1;
    while left < right {
        let from_left = start.width() <= end.iter().map(|l: &&str| l.width()).sum();
        let at = if from_left { left } else { right - 1 };
        let Some(letter) = letters.get(at) else { break };
        if letter.width() > room {
            break;
        }
        room -= letter.width();
        if from_left {
            start.push_str(letter);
            left += 1;
        } else {
            end.push(*letter);
            right -= 1;
        }
    }
    end.reverse();
    format!("{start}…{}", end.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.0, "0")]
    #[case(0.004, "<0.01")]
    #[case(1.358, "1.36")]
    #[case(9.996, "10.0")]
    #[case(12.34, "12.3")]
    #[case(409.6, "410")]
    #[case(999.6, "1.0k")]
    #[case(12_345.0, "12k")]
    #[case(3.4e7, "34M")]
    fn rates(#[case] number: f64, #[case] text: &str) {
        assert_eq!(rate(number), text);
    }

    #[rstest]
    #[case(0.0, "0")]
    #[case(0.04, "<0.1")]
    #[case(33.333, "33.3")]
    #[case(99.99, "99.9")]
    #[case(99.999_999_99, "100")]
    #[case(100.0, "100")]
    fn percents(#[case] number: f64, #[case] text: &str) {
        assert_eq!(percent(number), text);
    }

    #[rstest]
    #[case(3.24, "3.2ms")]
    #[case(43.4, "43ms")]
    #[case(999.7, "1.0s")]
    #[case(1_240.0, "1.2s")]
    #[case(61_000.0, "61s")]
    #[case(180_000.0, "3m")]
    fn latencies(#[case] number: f64, #[case] text: &str) {
        assert_eq!(millis(number), text);
    }

    #[rstest]
    #[case(119, "119s")]
    #[case(150, "2m30s")]
    #[case(10_000, "166m")]
    #[case(3 * 3600, "3h")]
    #[case(9 * 3600, "9h")]
    #[case(3 * 86_400 + 7200, "3d2h")]
    #[case(400 * 86_400, "400d")]
    #[case(-60, "<invalid>")]
    fn ages_as_kubectl_prints_them(#[case] seconds: i64, #[case] text: &str) {
        let since = Timestamp::UNIX_EPOCH;
        assert_eq!(age(since, since + SignedDuration::from_secs(seconds)), text);
    }

    #[test]
    fn sparklines_show_the_last_points_and_their_gaps() {
        let points = [Some(9.0), Some(0.0), None, Some(2.0), Some(4.0)];
        assert_eq!(sparkline(&points, 4), "▁ ▅█");
        assert_eq!(sparkline(&[Some(0.0), Some(f32::NAN)], 9), "▁▁");
        assert_eq!(sparkline(&[], 9), "");
    }

    #[test]
    fn names_keep_both_ends() {
        assert_eq!(cut_name("istio-ingressgateway", 15), "istio-i…gateway");
        assert_eq!(cut("productpage", 6), "produ…");
        assert_eq!(cut("短い", 3), "短…");
        assert_eq!(cut("abc", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in ".{0,40}", cells in 0usize..30) {
            prop_assert!(cut(&text, cells).width() <= cells.max(text.width().min(cells)));
            prop_assert!(cut_name(&text, cells).width() <= cells);
        }
    }
}
