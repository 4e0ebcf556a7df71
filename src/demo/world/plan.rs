//! The objects that each scenario begins with.

use serde_json::{Value, json};

use super::fields::{set, text};
use super::scenario::Scenario;
use crate::mesh::{Kind, Trouble};

mod definitions;
mod large;

/// A group of manifests that came to be at the same time.
#[derive(Debug)]
pub(super) struct Batch {
    /// How long before the world's start, in minutes.
    pub minutes_ago: i64,
    pub objects: Vec<Value>,
}

const CLUSTER: &str = include_str!("../../../assets/demo/cluster.yaml");
const ISTIO: &str = include_str!("../../../assets/demo/istio-system.yaml");
const BOOKINFO: &str = include_str!("../../../assets/demo/bookinfo.yaml");
const TRAFFIC: &str = include_str!("../../../assets/demo/traffic.yaml");
const BROKEN: &str = include_str!("../../../assets/demo/broken.yaml");

/// The batches of a scenario, oldest first.
pub(super) fn batches(scenario: Scenario) -> Result<Vec<Batch>, Trouble> {
    let mut batches = vec![
        Batch { minutes_ago: 26 * 60, objects: read("cluster.yaml", CLUSTER, "")? },
        Batch { minutes_ago: 25 * 60, objects: read("istio-system.yaml", ISTIO, "istio-system")? },
    ];
    batches.push(Batch { minutes_ago: 25 * 60, objects: definitions::objects() });
    let mut bookinfo = read("bookinfo.yaml", BOOKINFO, "default")?;
    bookinfo.extend(read("traffic.yaml", TRAFFIC, "default")?);
    match scenario {
        Scenario::Bookinfo | Scenario::Large { .. } | Scenario::Broken => {}
        Scenario::Steady => bookinfo.iter_mut().for_each(|object| weights(object, [60, 20, 20])),
        Scenario::Outage => bookinfo.iter_mut().for_each(|object| {
            weights(object, [30, 20, 50]);
            replicas(object, "reviews-v3", 2);
        }),
    }
    bookinfo.iter_mut().for_each(applied);
    batches.push(Batch { minutes_ago: 65, objects: bookinfo });
    if let Scenario::Large { services } = scenario {
        batches.push(Batch { minutes_ago: 64, objects: large::objects(services) });
    }
    if scenario == Scenario::Broken {
        batches.push(Batch { minutes_ago: 30, objects: read("broken.yaml", BROKEN, "default")? });
    }
    Ok(batches)
}

/// Reads a file of manifests; objects of namespaced kinds go to `namespace` unless they say
/// otherwise.
fn read(file: &str, manifests: &str, namespace: &str) -> Result<Vec<Value>, Trouble> {
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(manifests).map_err(|error| {
        Trouble::new(format!("read the embedded {file}"), error.to_string(), "")
    })?;
    for object in &mut objects {
        let kind = Kind::of(text(object, "/apiVersion"), text(object, "/kind"));
        let namespaced = kind.is_some_and(|kind| kind.info().namespaced);
        if namespaced && text(object, "/metadata/namespace").is_empty() {
            set(object, &["metadata", "namespace"], json!(namespace));
        }
    }
    Ok(objects)
}

/// Notes the configuration as kubectl does when it applies one, so that a later `kubectl apply`
/// knows what was there before.
fn applied(object: &mut Value) {
    let mut text = object.to_string();
    text.push('\n');
    let path = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
    set(object, &path, json!(text));
}

/// Sets the weights of reviews' last rule.
fn weights(object: &mut Value, weights: [u32; 3]) {
    if text(object, "/kind") == "VirtualService" && text(object, "/metadata/name") == "reviews" {
        super::canary::set_weights(object, weights);
    }
}

fn replicas(object: &mut Value, deployment: &str, replicas: u32) {
    if text(object, "/kind") == "Deployment" && text(object, "/metadata/name") == deployment {
        set(object, &["spec", "replicas"], json!(replicas));
    }
}
