//! The calls from one node of the graph to another in words: how often, how well, what decides.

use std::collections::BTreeSet;

use super::Told;
use super::deciding::{deciding, service_at};
use super::node::{named, rules, services, worst};
use super::sheet::{Sheet, rate};
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::app::picture::{Picture, Sample};
use crate::app::screen::Call;
use crate::layout::name;
use crate::layout::style::joined_calls;
use crate::mesh::graph::{Edge, Protocol, Response};
use crate::mesh::object::{Key, ObjectRef};
use crate::mesh::{Kind, Objects};
use crate::ui::format;

pub(super) fn describe(told: &Told<'_>, call: &Call, cells: usize) -> Option<Doc> {
    let picture = told.picture?;
    let edges = picture.calls(call);
    let first = *edges.first()?;
    let sum = joined_calls(edges.iter().copied());
    let mut sheet = Sheet::new(cells);
    let title = format!("{} → {}", end(picture, &call.from), end(picture, &call.to));
    sheet.doc.heading(&title);
    let reason = worst(&edges).map(|edge| edge.health_reason.as_str());
    sheet.health(sum.health, reason.unwrap_or_default());
    let over = match first.protocol {
        Protocol::Http => "HTTP",
        Protocol::Grpc => "gRPC",
        Protocol::Tcp => "TCP",
    };
    sheet.field("over", Tone::Text, over);
    sheet.mtls(sum.mtls_percent);
    let history = picture.history.of_calls(edges.iter().copied());
    let points = |value: fn(&Sample) -> Option<f32>| -> Vec<Option<f32>> {
        history.iter().map(|sample| sample.as_ref().and_then(value)).collect()
    };
    sheet.figure("rate", Tone::Text, &rate(sum.rate, sum.unit), &points(|s| Some(s.rate)));
    if let Some(percent) = sum.share_percent {
        sheet.field("share", Tone::Text, &format!("{}%", format::percent(percent)));
    }
    if let Some(percent) = sum.error_percent {
        let tone = if percent > 0.0 { Tone::Bad } else { Tone::Text };
        let text = format!("{}%", format::percent(percent));
        sheet.figure("errors", tone, &text, &points(|s| s.errors));
    }
    sheet.latency(sum.latency_ms.unwrap_or_default(), &points(|s| s.p95_ms));
    sheet.throughput(sum.throughput.unwrap_or_default());
    sheet.reach(picture.history.reach());
    let responses = responses(&edges);
    if !responses.is_empty() {
        sheet.doc.heading("Responses");
        sheet.responses(responses.iter());
    }
    if edges.len() > 1 {
        sheet.doc.heading("Each");
        for edge in &edges {
            let name = picture.graph.node(&edge.target).map_or_else(String::new, named);
            let figures = (rate(edge.rate, edge.unit), edge.share_percent, edge.error_percent);
            sheet.call(edge.health, &name, figures);
        }
    }
    for service in called(picture, call, &edges) {
        rules(&mut sheet, told, &service);
    }
    Some(sheet.doc)
}

/// What an end of a call is called.
fn end(picture: &Picture, key: &str) -> String {
    match picture.members(key)[..] {
        [] => key.to_owned(),
        [node] => named(node),
        [first, ..] if key.starts_with("namespace:") => {
            first.namespace.as_deref().unwrap_or_default().to_owned()
        }
        [first, ..] => name::of(first).to_owned(),
    }
}

/// The rates of several edges by code, flag and host, the greatest first.
pub(super) fn responses(edges: &[&Edge]) -> Vec<Response> {
    let mut all: Vec<Response> = Vec::new();
    for response in edges.iter().flat_map(|edge| &edge.responses) {
        let same = |known: &&mut Response| {
            (&known.code, &known.flags, &known.host)
                == (&response.code, &response.flags, &response.host)
        };
        match all.iter_mut().find(same) {
            Some(known) => known.rate += response.rate,
            None => all.push(response.clone()),
        }
    }
    all.sort_by(|a, b| b.rate.total_cmp(&a.rate));
    all
}

/// The services that are called: those that telemetry names, else those of the called nodes.
fn called(picture: &Picture, call: &Call, edges: &[&Edge]) -> BTreeSet<Key> {
    let hosts = edges.iter().flat_map(|edge| &edge.responses);
    let named: BTreeSet<Key> = hosts.filter_map(|response| service_at(&response.host)).collect();
    if named.is_empty() { services(picture, &picture.members(&call.to)) } else { named }
}

/// The object that decides where the calls go: a route or rule, else the service itself.
pub(super) fn object(objects: &Objects, picture: &Picture, call: &Call) -> Option<ObjectRef> {
    let services = called(picture, call, &picture.calls(call));
    let decides = services.iter().find_map(|key| deciding(objects, key).into_iter().next());
    decides.or_else(|| {
        let key = services.into_iter().next()?;
        Some(ObjectRef { kind: Kind::Service, key })
    })
}
