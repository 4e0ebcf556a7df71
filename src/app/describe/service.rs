//! A service in words: its ports, what stands behind it, and which rules speak of it.

use super::Told;
use super::deciding::deciding;
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::mesh::object::Key;
use crate::mesh::{Kind, ObjectRef};

pub(super) fn describe(doc: &mut Doc, told: &Told<'_>, object: &ObjectRef) {
    let picture = told.picture.filter(|_| object.kind == Kind::Service);
    let Some(picture) = picture else { return };
    let Some(info) = picture.inventory.services.get(&object.key) else { return };
    doc.heading("Service");
    doc.field("type", Tone::Text, info.kind);
    doc.field("cluster ip", Tone::Text, &*info.cluster_ip);
    doc.field("ports", Tone::Text, info.ports.join(", "));
    let ready = info.pods.ready == info.pods.total;
    let tone = if ready { Tone::Text } else { Tone::Warn };
    doc.field("pods ready", tone, format!("{} of {}", info.pods.ready, info.pods.total));
    doc.heading("Workloads");
    for id in &info.workloads {
        let Some(workload) = picture.inventory.workloads.get(id) else { continue };
        let ready = workload.pods.ready >= workload.pods.total;
        let (mark, tone) = if ready { ("●", Tone::Good) } else { ("▲", Tone::Warn) };
        doc.push(vec![
            (tone, format!("  {mark} ")),
            (Tone::Strong, format!("{:<28} ", id.name)),
            (Tone::Text, format!("{:<10} ", workload.version.as_deref().unwrap_or_default())),
            (Tone::Text, format!("{}/{} pods ready", workload.pods.ready, workload.pods.total)),
            (Tone::Dim, format!("  {}", id.kind)),
        ]);
    }
    if info.workloads.is_empty() {
        doc.push(vec![(Tone::Warn, "  the selector takes no pod".to_owned())]);
    }
    rules(doc, told, &object.key);
}

/// The rules that speak of this service.
fn rules(doc: &mut Doc, told: &Told<'_>, service: &Key) {
    let all = deciding(&told.snapshot.objects, service);
    if all.is_empty() {
        return;
    }
    doc.heading("Rules");
    for rule in all {
        doc.push(vec![
            (Tone::Dim, format!("  {:<18} ", rule.kind.to_string())),
            (Tone::Text, rule.key.to_string()),
        ]);
    }
}
