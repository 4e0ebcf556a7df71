//! A text as wide as there is room for: fields, figures with their last values, calls.

use std::time::Duration;

use crate::app::doc::{Doc, Line};
use crate::app::list::Tone;
use crate::mesh::graph::{Health, Latency, Response, Throughput, Unit};
use crate::ui::format;

/// Columns of the names of fields.
const NAMES: usize = 10;

/// Columns of a figure beside a sparkline.
const FIGURES: usize = 9;

/// Points of a sparkline at most.
const POINTS: usize = 24;

/// A text being written.
pub(super) struct Sheet {
    pub doc: Doc,
    /// Columns there are.
    pub cells: usize,
}

impl Sheet {
    pub(super) fn new(cells: usize) -> Self {
        Self { doc: Doc::default(), cells }
    }

    /// A name and its value; nothing where it is empty.
    pub(super) fn field(&mut self, name: &str, tone: Tone, value: &str) {
        if !value.is_empty() {
            let room = self.cells.saturating_sub(NAMES);
            let value =
                if value.contains(' ') { value.to_owned() } else { format::cut_name(value, room) };
            self.doc.push(vec![(Tone::Dim, format!("{name:<NAMES$}")), (tone, value)]);
        }
    }

    /// A figure, and what it was at the last refreshes.
    pub(super) fn figure(&mut self, name: &str, tone: Tone, value: &str, points: &[Option<f32>]) {
        let mut line: Line =
            vec![(Tone::Dim, format!("{name:<NAMES$}")), (tone, format!("{value:<FIGURES$} "))];
        let room = self.cells.saturating_sub(NAMES + FIGURES + 1).min(POINTS);
        if points.iter().flatten().count() > 1 {
            line.push((Tone::Accent, format::sparkline(points, room)));
        }
        self.doc.push(line);
    }

    /// Health with its reason, which may go over several lines.
    pub(super) fn health(&mut self, health: Health, reason: &str) {
        let word = format::health(health);
        let text = if reason.is_empty() { word.to_owned() } else { format!("{word}: {reason}") };
        self.doc.push(vec![(health.into(), format!("{} {text}", format::mark(health)))]);
    }

    /// Quantiles, with the history of the one that matters.
    pub(super) fn latency(&mut self, latency: Latency, points: &[Option<f32>]) {
        let quantiles = [("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)];
        for (name, value) in quantiles {
            let Some(value) = value else { continue };
            let points = if name == "p95" { points } else { &[] };
            self.figure(name, Tone::Text, &format::millis(value), points);
        }
    }

    /// Bytes of requests and of responses.
    pub(super) fn throughput(&mut self, throughput: Throughput) {
        let ways =
            [("requests", throughput.request_bytes), ("responses", throughput.response_bytes)];
        for (name, bytes) in ways {
            let Some(bytes) = bytes else { continue };
            self.field(name, Tone::Text, &rate(bytes, Unit::Bytes));
        }
    }

    pub(super) fn mtls(&mut self, percent: Option<f64>) {
        let Some(percent) = percent else { return };
        let tone = if percent < 99.95 { Tone::Warn } else { Tone::Good };
        self.field("mTLS", tone, &format!("{}%", format::percent(percent)));
    }

    /// A call: its other end, rate, share, errors.
    pub(super) fn call(
        &mut self,
        health: Health,
        name: &str,
        (rate, share, errors): (String, Option<f64>, Option<f64>),
    ) {
        let figures = format!(
            "{rate:>9} {:>5} ",
            share.map_or(String::new(), |share| format!("{share:.0}%"))
        );
        let failing = errors.filter(|percent| *percent > 0.0);
        let failing = failing.map_or(String::new(), |p| format!("✕{}%", format::percent(p)));
        let room = self.cells.saturating_sub(2 + figures.len() + 6).clamp(8, 40);
        let name = format::cut_name(name, room);
        self.doc.push(vec![
            (health.into(), format!("{} ", format::mark(health))),
            (Tone::Strong, format!("{name:<room$}")),
            (Tone::Text, figures),
            (Tone::Bad, failing),
        ]);
    }

    /// Rates by code and flag.
    pub(super) fn responses<'a>(&mut self, responses: impl Iterator<Item = &'a Response>) {
        for response in responses {
            let flags = if &*response.flags == "-" { "" } else { &*response.flags };
            let failed = response.code.starts_with(['4', '5']) || &*response.code == "-";
            let tone = if failed { Tone::Bad } else { Tone::Text };
            let host = if self.cells < 60 { "" } else { &*response.host };
            self.doc.push(vec![
                (tone, format!("  {:<4} {flags:<8}", response.code)),
                (Tone::Text, format!("{:>8}/s", format::rate(response.rate))),
                (Tone::Dim, format!("  {host}")),
            ]);
        }
    }

    /// How far back the sparklines reach.
    pub(super) fn reach(&mut self, reach: Duration) {
        if reach >= Duration::from_secs(1) {
            let text = crate::config::duration::print(Duration::from_secs(reach.as_secs()));
            self.doc.push(vec![(Tone::Dim, format!("{:NAMES$}the last {text}", ""))]);
        }
    }
}

/// A rate in its unit.
pub(super) fn rate(rate: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => format!("{}/s", format::bytes(rate)),
        Unit::Requests | Unit::Messages => format!("{}/s", format::rate(rate)),
    }
}
