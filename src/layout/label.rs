//! Texts of edges and rows: as much as fits in the cells that the layout reserved.

use crate::mesh::graph::{Health, Throughput, Unit};

use super::figure;
use super::glyph::Glyphs;
use super::name;
use super::scene::{LabelMode, Zoom};
use super::style::{EdgeStyle, NodeStyle};
use super::wire::BAR;

/// What an edge is labelled with, in at most `width` cells.
pub(crate) fn of_edge(
    edge: &EdgeStyle,
    (zoom, mode): (Zoom, LabelMode),
    width: u16,
    sum: bool,
    glyphs: Glyphs,
) -> String {
    let errors = edge.error_percent.filter(|percent| *percent > 0.0);
    let sign = match edge.health {
        Health::Degraded | Health::Failure => Some(glyphs.health(edge.health)),
        Health::Unknown | Health::Healthy | Health::NotReady => None,
    };
    let errors = errors.map(|percent| {
        let sign = sign.unwrap_or_else(|| glyphs.health(Health::Degraded));
        format!("{sign}{}", figure::percent(percent))
    });
    let share = edge.share_percent.filter(|share| *share > 0.0 && *share < 100.0);
    let sum = if sum { glyphs.sum().to_string() } else { String::new() };
    if zoom == Zoom::Detail {
        let rate = format!("{sum}{}", figure::rate(edge.rate, edge.unit));
        let secured = match edge.mtls_percent {
            Some(percent) if percent >= 99.95 => Some("mtls".to_owned()),
            _ => None,
        };
        // The most important first to stay, in the order in which they are read.
        let parts = [
            (2, share.map(figure::share)),
            (0, Some(rate)),
            (1, errors),
            (3, if mode == LabelMode::Throughput { throughput(edge) } else { time(edge, mode) }),
            (4, secured),
        ];
        return fitted(&parts, width);
    }
    let text = match mode {
        LabelMode::Rate => {
            let rate = figure::narrow_rate(edge.rate, edge.unit);
            let sign = sign.map(String::from).unwrap_or_default();
            let with_sum = format!("{sum}{rate}");
            let with_sign = format!("{sign}{with_sum}");
            [with_sign, with_sum]
                .into_iter()
                .find(|text| name::cells(text) <= width)
                .unwrap_or(rate)
        }
        LabelMode::Share => edge.share_percent.map(figure::share).unwrap_or_default(),
        LabelMode::Errors => errors.unwrap_or_default(),
        LabelMode::P50 | LabelMode::P95 | LabelMode::P99 => time(edge, mode).unwrap_or_default(),
        // Over TCP bytes are what the rate counts.
        LabelMode::Throughput if edge.unit == Unit::Bytes => figure::rate(edge.rate, edge.unit),
        LabelMode::Throughput => throughput(edge).unwrap_or_default(),
        LabelMode::None => String::new(),
    };
    if name::cells(&text) <= width { text } else { name::shortened(&text, width) }
}

/// The latency that a mode asks for; p95 unless it asks for another.
fn time(edge: &EdgeStyle, mode: LabelMode) -> Option<String> {
    let latency = edge.latency_ms?;
    let value = match mode {
        LabelMode::P50 => latency.p50,
        LabelMode::P99 => latency.p99,
        _ => latency.p95,
    };
    value.map(figure::milliseconds)
}

/// Bytes of requests and responses together.
fn throughput(edge: &EdgeStyle) -> Option<String> {
    let bytes = edge.throughput.and_then(Throughput::total)?;
    Some(figure::rate(bytes, Unit::Bytes))
}

/// The parts that fit, less important ones left out first.
fn fitted(parts: &[(u8, Option<String>)], width: u16) -> String {
    for least in (0..=parts.len() as u8).rev() {
        let kept: Vec<&str> = parts
            .iter()
            .filter(|(importance, _)| *importance <= least)
            .filter_map(|(_, part)| part.as_deref())
            .collect();
        let text = kept.join(" ");
        if name::cells(&text) <= width {
            return text;
        }
    }
    String::new()
}

/// The figure of a row, exactly as many cells wide as it was given.
pub(crate) fn of_row(
    node: &NodeStyle,
    (zoom, rows): (Zoom, usize),
    width: u16,
    glyphs: Glyphs,
) -> String {
    let rate = |narrow: bool| match node.rate {
        Some(rate) if narrow => figure::narrow_rate(rate, node.unit),
        Some(rate) => figure::rate(rate, node.unit),
        None => figure::MISSING.to_owned(),
    };
    let share = || node.share_percent.map_or_else(|| figure::MISSING.to_owned(), figure::share);
    let errors = node.error_percent.filter(|percent| *percent > 0.0).map(figure::percent);
    let text = match (zoom, rows) {
        (Zoom::Detail, 1) => {
            let p95 = node.p95_ms.map(figure::milliseconds);
            let more = errors.map(|errors| format!("✕{errors}")).or(p95).unwrap_or_default();
            format!("{} {more}", rate(false))
        }
        (Zoom::Detail, _) => {
            let filled = node.share_percent.map_or(0.0, |share| share / 100.0 * f64::from(BAR - 1));
            let bar: String =
                (1..BAR).map(|step| glyphs.bar(f64::from(step) <= filled + 0.5)).collect();
            format!("{bar} {:>4} {}", share(), errors.unwrap_or_default())
        }
        (_, 1) => node.p95_ms.map_or_else(|| rate(true), figure::milliseconds),
        _ => format!("{:>width$}", share(), width = usize::from(width)),
    };
    if name::cells(&text) <= width { text } else { name::shortened(&text, width) }
}
