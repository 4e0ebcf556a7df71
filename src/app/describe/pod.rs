//! A pod in words: its containers, and why it is not ready.

use super::Told;
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::mesh::core::{Container, ContainerState, ContainerStatus};
use crate::mesh::{Kind, ObjectRef, harmless};
use crate::ui::format;

pub(super) fn describe(doc: &mut Doc, told: &Told<'_>, object: &ObjectRef) {
    let Some(pod) =
        told.snapshot.objects.pods.get(&object.key).filter(|_| object.kind == Kind::Pod)
    else {
        return;
    };
    doc.heading("Pod");
    if let Some(info) = told.picture.and_then(|picture| picture.inventory.pods.get(&object.key)) {
        let tone = if info.ready || info.finished { Tone::Good } else { Tone::Warn };
        doc.field("status", tone, &*info.status);
        doc.field("why", Tone::Warn, &*info.reason);
        let ready = format!("{}/{} containers", info.ready_containers, info.total_containers);
        doc.field("ready", Tone::Text, ready);
        doc.field("workload", Tone::Text, format!("{} {}", info.workload.kind, info.workload));
        doc.field("app", Tone::Text, &*info.app);
        doc.field("version", Tone::Text, info.version.as_deref().unwrap_or_default());
        doc.field("sidecar", Tone::Text, info.sidecar.word().replace('_', " "));
        doc.field("proxy", Tone::Text, info.proxy_version.as_deref().unwrap_or_default());
    }
    doc.field("ip", Tone::Text, &*pod.status.pod_ip);
    doc.field("node", Tone::Text, &*pod.spec.node_name);
    doc.field("service account", Tone::Text, &*pod.spec.service_account_name);
    doc.heading("Containers");
    for container in &pod.spec.init_containers {
        self::container(doc, told, container, &pod.status.init_container_statuses, "init");
    }
    for container in &pod.spec.containers {
        self::container(doc, told, container, &pod.status.container_statuses, "");
    }
}

fn container(
    doc: &mut Doc,
    told: &Told<'_>,
    container: &Container,
    states: &[ContainerStatus],
    kind: &str,
) {
    let status = states.iter().find(|status| status.name == container.name);
    let ready = status.is_some_and(|status| status.ready);
    let done = status
        .and_then(|status| status.state.terminated.as_ref())
        .is_some_and(|terminated| terminated.exit_code == 0);
    let (mark, tone) = if ready || done { ("●", Tone::Good) } else { ("▲", Tone::Warn) };
    let state =
        status.map_or_else(|| "no status yet".to_owned(), |status| state(&status.state, told));
    doc.push(vec![
        (tone, format!("  {mark} ")),
        (Tone::Strong, format!("{:<20} ", container.name)),
        (Tone::Dim, format!("{kind:<5}")),
        (Tone::Text, state),
    ]);
    doc.push(vec![(Tone::Dim, format!("      {}", container.image))]);
    let Some(status) = status.filter(|status| status.restart_count > 0) else { return };
    let before = state_before(&status.last_state, told);
    doc.push(vec![(Tone::Warn, format!("      restarted {} times{before}", status.restart_count))]);
}

fn state(state: &ContainerState, told: &Told<'_>) -> String {
    let words = |reason: &str, message: &str| match message {
        "" => reason.to_owned(),
        message => format!("{reason}: {}", harmless::line(message)),
    };
    if let Some(waiting) = &state.waiting {
        return format!("waiting, {}", words(&waiting.reason, &waiting.message));
    }
    if let Some(ended) = &state.terminated {
        return format!("ended {}, {}", ended.exit_code, words(&ended.reason, &ended.message));
    }
    match state.running.as_ref().and_then(|running| running.started_at) {
        Some(since) => format!("running for {}", format::age(since, told.now)),
        None => "running".to_owned(),
    }
}

fn state_before(last: &ContainerState, told: &Told<'_>) -> String {
    match &last.terminated {
        Some(_) => format!(", before: {}", state(last, told)),
        None => String::new(),
    }
}
