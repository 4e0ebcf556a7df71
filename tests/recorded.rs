//! What a real API server said, read as the embedded world's objects are.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "a test says why it skips")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use vigla::demo::{self, Scenario};
use vigla::mesh::inventory::Inventory;
use vigla::mesh::routing::{Request, Router};
use vigla::mesh::{Objects, Scope, gateways};
use vigla::source::files;

#[path = "support/shared.rs"]
pub mod shared;

/// Every list that was recorded: of `default` and `istio-system`, and the cluster's.
fn lists(folder: &std::path::Path) -> Vec<PathBuf> {
    let wanted = |name: &str| {
        name == "namespaces.json"
            || name == "configmaps.json"
            || ((name.ends_with("-default.json") || name.ends_with("-istio-system.json"))
                && !name.contains("table"))
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| wanted(&path.file_name().unwrap().to_string_lossy()))
        .collect();
    files.sort();
    files
}

/// Namespace, name, version and pods of each workload of Bookinfo, and what its services lead to.
fn outline(objects: &Objects) -> BTreeSet<String> {
    let inventory = Inventory::of(objects);
    let here = |namespace: &str| namespace == "default";
    let workloads = inventory.workloads.iter().filter(|(id, _)| here(&id.namespace));
    let mut lines: BTreeSet<String> = workloads
        .map(|(id, workload)| {
            let pods = workload.pods;
            format!(
                "{} {} {:?} {}/{} pods, {} meshed",
                id.kind, id.name, workload.version, pods.ready, pods.total, workload.meshed
            )
        })
        .collect();
    for (key, service) in inventory.services.iter().filter(|(key, _)| here(&key.namespace)) {
        let mut behind: Vec<&str> = service.workloads.iter().map(|id| &*id.name).collect();
        behind.sort_unstable();
        lines.insert(format!("Service {} to {behind:?}", key.name));
    }
    lines
}

#[tokio::test]
async fn the_recorded_cluster_is_the_mesh_that_the_demo_is() {
    let Some(folder) = shared::shared("recorded/kubernetes-1.36") else { return };
    let files = lists(&folder);
    let read = files::read(&files).unwrap();
    let mut items = 0;
    for file in &files {
        let list: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        items += list["items"].as_array().map_or(0, Vec::len);
    }
    let mut known = 0;
    read.objects.each(|_, _| known += 1);
    let missing = items - known;
    assert_eq!(missing, 0, "of {items} recorded objects {missing} were not read");

    let demo = demo::start(Scenario::Steady, 1).await.unwrap();
    let world = demo.world.objects().borrow().clone();
    assert_eq!(outline(&read.objects), outline(&world));

    let scope = Scope::Namespaces(vec!["default".into()]);
    let urls = |objects: &Objects| -> BTreeSet<String> {
        let views = gateways::views(objects, &scope);
        views.iter().flat_map(|view| &view.routes).map(|route| route.path.clone()).collect()
    };
    assert_eq!(urls(&read.objects), urls(&world));

    let taken = |objects: &Objects| {
        let router = Router::new(objects);
        let from = router.source("productpage-v1", "default").unwrap();
        let request = Request {
            from,
            host: "details".to_owned(),
            port: 9080,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            ..Request::default()
        };
        // No kubelet ran where the answers were recorded, so no endpoint was ready: the rule is
        // what can be compared.
        router.answer(&request).rule.map(|rule| rule.to_string())
    };
    let rule = taken(&read.objects);
    assert!(rule.is_some());
    assert_eq!(rule, taken(&world));
}
