//! A node of the graph in words, or all versions in a box: how it does, who calls it, whom it
//! calls, what decides where its requests go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Told;
use super::call::responses;
use super::deciding::{deciding, weights};
use super::parts;
use super::sheet::{Sheet, rate};
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::app::picture::{Picture, Sample};
use crate::layout::name;
use crate::layout::style::{EdgeStyle, NodeStyle, joined_calls};
use crate::mesh::Kind;
use crate::mesh::graph::{Edge, Health, Node, NodeFlag, NodeId, NodeType, Protocol};
use crate::mesh::object::{Key, ObjectRef};
use crate::ui::format;

/// How many callers or callees are told where there is little room.
const FEW: usize = 8;

pub(super) fn describe(told: &Told<'_>, id: &str, cells: usize) -> Option<Doc> {
    let picture = told.picture?;
    let members = picture.members(id);
    let first = *members.first()?;
    let mut sheet = Sheet::new(cells);
    title(&mut sheet, id, &members);
    let worst = members.iter().max_by_key(|node| node.health)?;
    sheet.health(worst.health, &worst.health_reason);
    if let [node] = members[..] {
        sheet.field("app", Tone::Text, node.app.as_deref().unwrap_or_default());
        sheet.field("workload", Tone::Text, node.workload.as_deref().unwrap_or_default());
    }
    sheet.field("namespace", Tone::Text, first.namespace.as_deref().unwrap_or_default());
    sheet.field("", Tone::Warn, &remarks(&members));
    figures(&mut sheet, picture, &members);
    if members.len() > 1 && !id.starts_with("namespace:") {
        versions(&mut sheet, &members);
    }
    findings(&mut sheet, picture, &members);
    calls(&mut sheet, picture, &members, true);
    calls(&mut sheet, picture, &members, false);
    for service in services(picture, &members) {
        rules(&mut sheet, told, &service);
    }
    Some(sheet.doc)
}

fn title(sheet: &mut Sheet, id: &str, members: &[&Node]) {
    let text = match members {
        [node] => named(node),
        [first, ..] if id.starts_with("namespace:") => {
            format!("namespace {}", first.namespace.as_deref().unwrap_or_default())
        }
        [first, ..] => name::of(first).to_owned(),
        [] => String::new(),
    };
    sheet.doc.heading(&text);
}

/// What is unusual about it.
fn remarks(members: &[&Node]) -> String {
    let words = [
        (NodeFlag::OutOfMesh, "not in the mesh"),
        (NodeFlag::Dead, "no pods"),
        (NodeFlag::Inaccessible, "may not be looked into"),
        (NodeFlag::Outside, "of another namespace"),
    ];
    let said = words.iter().filter(|(flag, _)| members.iter().any(|node| node.has(*flag)));
    said.map(|(_, words)| *words).collect::<Vec<_>>().join(", ")
}

fn figures(sheet: &mut Sheet, picture: &Picture, members: &[&Node]) {
    let styles: Vec<NodeStyle> = members.iter().map(|node| NodeStyle::of(node)).collect();
    let pods = styles.iter().filter_map(|style| style.pods);
    if let Some(pods) = pods
        .reduce(|a, b| crate::mesh::Ready { ready: a.ready + b.ready, total: a.total + b.total })
    {
        let tone = if pods.ready < pods.total { Tone::Warn } else { Tone::Text };
        sheet.field("pods", tone, &format!("{} of {} ready", pods.ready, pods.total));
    }
    let history = picture.history.of_nodes(members.iter().map(|node| &node.id));
    let points = |value: fn(&Sample) -> Option<f32>| -> Vec<Option<f32>> {
        history.iter().map(|sample| sample.as_ref().and_then(value)).collect()
    };
    let sum: f64 = styles.iter().filter_map(|style| style.rate).sum();
    if let Some(style) = styles.iter().find(|style| style.rate.is_some()) {
        sheet.figure("rate", Tone::Text, &rate(sum, style.unit), &points(|s| Some(s.rate)));
    }
    let failed: f64 = styles.iter().filter_map(|s| Some(s.rate? * s.error_percent? / 100.0)).sum();
    if sum > 0.0 && styles.iter().any(|style| style.error_percent.is_some()) {
        let percent = 100.0 * failed / sum;
        let tone = if percent > 0.0 { Tone::Bad } else { Tone::Text };
        let text = format!("{}%", format::percent(percent));
        sheet.figure("errors", tone, &text, &points(|s| s.errors));
    }
    if let [node] = members {
        sheet.latency(node.latency_ms.unwrap_or_default(), &points(|s| s.p95_ms));
        sheet.throughput(node.throughput.unwrap_or_default());
        if let Some(percent) = node.unserved_percent {
            sheet.field("unserved", Tone::Bad, &format!("{}%", format::percent(percent)));
        }
    }
    sheet.reach(picture.history.reach());
}

/// What is wrong with the configuration of any of them.
fn findings(sheet: &mut Sheet, picture: &Picture, members: &[&Node]) {
    let mut about: Vec<usize> = members.iter().flat_map(|node| picture.marks.node(node)).collect();
    about.sort_unstable();
    about.dedup();
    parts::findings(&mut sheet.doc, picture, &about);
}

/// A line for each version of a box.
fn versions(sheet: &mut Sheet, members: &[&Node]) {
    sheet.doc.heading("Versions");
    let total: f64 = members.iter().filter_map(|node| NodeStyle::of(node).rate).sum();
    for node in members {
        let style = NodeStyle::of(node);
        let own = style.rate.unwrap_or_default();
        let share = (total > 0.0).then(|| 100.0 * own / total);
        let version = name::version(node).unwrap_or_else(|| name::of(node));
        sheet.call(node.health, version, (rate(own, style.unit), share, style.error_percent));
    }
}

/// Who calls it, or whom it calls; the busiest first. Calls of one node to several versions of a
/// box, and of several versions to one node, are told together.
fn calls(sheet: &mut Sheet, picture: &Picture, members: &[&Node], incoming: bool) {
    let ids: BTreeSet<&str> = members.iter().map(|node| &*node.id).collect();
    let ends = |edge: &Edge| -> (NodeId, NodeId) {
        let (source, target) = (Arc::clone(&edge.source), Arc::clone(&edge.target));
        if incoming { (target, source) } else { (source, target) }
    };
    let mut joined: BTreeMap<(NodeId, Protocol), Vec<&Edge>> = BTreeMap::new();
    for edge in &picture.graph.edges {
        let (here, other) = ends(edge);
        if ids.contains(&*here) {
            joined.entry((other, edge.protocol)).or_default().push(edge);
        }
    }
    if joined.is_empty() {
        return;
    }
    sheet.doc.heading(if incoming { "Called by" } else { "Calls" });
    let mut lines: Vec<(NodeId, Vec<&Edge>, EdgeStyle)> = joined
        .into_iter()
        .map(|((other, _), edges)| {
            let sum = joined_calls(edges.iter().copied());
            (other, edges, sum)
        })
        .collect();
    lines.sort_by(|(.., a), (.., b)| b.health.cmp(&a.health).then(b.rate.total_cmp(&a.rate)));
    let narrow = sheet.cells < 60;
    let most = if narrow { FEW } else { lines.len() };
    for (other, edges, sum) in lines.iter().take(most) {
        let name = picture.graph.node(other).map_or_else(|| other.to_string(), named);
        // Shares are of what one caller asks: those of several callers have no sum.
        let callers: BTreeSet<&NodeId> = edges.iter().map(|edge| &edge.source).collect();
        let share = sum.share_percent.filter(|_| callers.len() == 1);
        sheet.call(sum.health, &name, (rate(sum.rate, sum.unit), share, sum.error_percent));
        if !narrow {
            sheet.responses(responses(edges).iter());
        }
    }
    if lines.len() > most {
        sheet.doc.push(vec![(Tone::Dim, format!("  and {} more", lines.len() - most))]);
    }
}

/// What decides where requests to a service go.
pub(super) fn rules(sheet: &mut Sheet, told: &Told<'_>, service: &Key) {
    let objects = &told.snapshot.objects;
    let found = deciding(objects, service);
    if found.is_empty() {
        return;
    }
    sheet.doc.heading(&format!("What decides for {}", service.name));
    for object in found {
        sheet.doc.push(vec![
            (Tone::Dim, format!("{} ", object.kind)),
            (Tone::Text, object.key.to_string()),
        ]);
        let vs = objects.virtual_services.get(&object.key);
        for line in vs
            .filter(|_| object.kind == Kind::VirtualService)
            .iter()
            .flat_map(|vs| weights(&vs.body))
        {
            sheet.doc.push(vec![(Tone::Text, format!("  {line}"))]);
        }
    }
}

/// The services in front of some nodes.
pub(super) fn services(picture: &Picture, members: &[&Node]) -> BTreeSet<Key> {
    let inventory = &picture.inventory;
    let mut found = BTreeSet::new();
    for node in members {
        let Some(namespace) = &node.namespace else { continue };
        for name in [&node.service, &node.app].into_iter().flatten() {
            let key = Key::new(namespace, name);
            if inventory.services.contains_key(&key) {
                found.insert(key);
            }
        }
    }
    found
}

/// The object that a key of the graph stands for: the workload of a version among several, else
/// the service, else the workload, a pod of its own, or the namespace.
pub(super) fn object(picture: &Picture, key: &str) -> Option<ObjectRef> {
    let members = picture.members(key);
    let first = *members.first()?;
    if key.starts_with("namespace:") {
        let key = Key::new("", first.namespace.as_ref()?);
        return Some(ObjectRef { kind: Kind::Namespace, key });
    }
    let service = || {
        let key = services(picture, &members).into_iter().next()?;
        Some(ObjectRef { kind: Kind::Service, key })
    };
    let several = picture.matrix.position(key).and_then(|at| picture.matrix.boxes.get(at));
    let version = several.is_some_and(|item| item.members.len() > 1 && *item.key != *key);
    if version || first.node_type == NodeType::Workload {
        return workload(picture, first).or_else(service);
    }
    service().or_else(|| workload(picture, first))
}

fn workload(picture: &Picture, node: &Node) -> Option<ObjectRef> {
    let inventory = &picture.inventory;
    let namespace = node.namespace.as_deref()?;
    let named = node.workload.as_deref().and_then(|name| inventory.workload(namespace, name));
    let of_app = || {
        let mut known = inventory.workloads_of_app(namespace, node.app.as_deref()?);
        known.find(|workload| node.version.is_none() || workload.version == node.version)
    };
    let found = named.or_else(of_app)?;
    match Kind::of("apps/v1", &found.id.kind) {
        Some(kind) => Some(ObjectRef { kind, key: Key::new(namespace, &found.id.name) }),
        None => Some(ObjectRef { kind: Kind::Pod, key: found.pod_keys.first()?.clone() }),
    }
}

/// Its name and version.
pub(super) fn named(node: &Node) -> String {
    match name::version(node) {
        Some(version) => format!("{} {version}", name::of(node)),
        None => name::of(node).to_owned(),
    }
}

/// Whether it has anything to say that matters more than the rest.
pub(super) fn worst<'a>(edges: &[&'a Edge]) -> Option<&'a Edge> {
    edges
        .iter()
        .copied()
        .max_by(|a, b| {
            a.health.cmp(&b.health).then_with(|| {
                let failing = |edge: &Edge| edge.error_percent.unwrap_or_default();
                failing(a).total_cmp(&failing(b))
            })
        })
        .filter(|edge| edge.health > Health::Healthy)
}
