//! Which kinds a server serves, and in which version.

use std::collections::{BTreeMap, BTreeSet};

use ::kube::Client;
use serde::Deserialize;

use super::fault::Fault;
use super::request::{self, Limits};
use crate::mesh::Kind;
use crate::mesh::kind::{KINDS, KindInfo};

/// The served version of each kind that is served.
pub type Served = BTreeMap<Kind, &'static str>;

/// Everything in one answer, where the server can (Kubernetes 1.30 and later).
const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// `/apis` in either of its forms.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Apis {
    /// Aggregated: `APIGroupDiscoveryList`.
    items: Option<Vec<AggregatedGroup>>,
    /// Plain: `APIGroupList`.
    groups: Vec<Group>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AggregatedGroup {
    metadata: Named,
    versions: Vec<AggregatedVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AggregatedVersion {
    version: String,
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AggregatedResource {
    resource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Group {
    name: String,
    versions: Vec<AggregatedVersion>,
}

/// `/apis/GROUP/VERSION`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Resources {
    resources: Vec<Named>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

/// Group, version and resource, as far as they are known kinds'.
type Found = BTreeSet<(String, String, String)>;

/// Asks what is served: one question where the server aggregates, else one a version of each
/// group that matters.
pub async fn discover(client: &Client, limits: Limits) -> Result<Served, Fault> {
    let body = request::text(client, "/apis", AGGREGATED, limits).await?;
    let apis: Apis = serde_json::from_slice(&body)
        .map_err(|error| Fault::Strange(format!("its discovery cannot be read: {error}")))?;
    let mut found = Found::new();
    if let Some(items) = apis.items {
        for group in items {
            for version in group.versions {
                for resource in version.resources {
                    let group = group.metadata.name.clone();
                    found.insert((group, version.version.clone(), resource.resource));
                }
            }
        }
        return Ok(choose(&found));
    }
    let groups = apis.groups.iter().filter(|group| KINDS.iter().any(|row| row.group == group.name));
    let asked = groups.flat_map(|group| {
        group
            .versions
            .iter()
            .map(|version| by_version(client, &group.name, &version.version, limits))
    });
    // A group that does not answer (an aggregated API that is away) is as if not served.
    for resources in futures::future::join_all(asked).await.into_iter().flatten() {
        found.extend(resources);
    }
    Ok(choose(&found))
}

async fn by_version(
    client: &Client,
    group: &str,
    version: &str,
    limits: Limits,
) -> Result<Vec<(String, String, String)>, Fault> {
    let path = format!("/apis/{group}/{version}");
    let body = request::text(client, &path, request::JSON, limits).await?;
    let read: Resources =
        serde_json::from_slice(&body).map_err(|error| Fault::Strange(error.to_string()))?;
    let named = |resource: Named| (group.to_owned(), version.to_owned(), resource.name);
    Ok(read.resources.into_iter().map(named).collect())
}

/// The preferred version of each kind among those that are served; the core group always is.
fn choose(found: &Found) -> Served {
    let served = |row: &&'static KindInfo| {
        let mut versions = row.versions.iter();
        let version = versions.find(|version| {
            let wanted = (row.group.to_owned(), (**version).to_owned(), row.plural.to_owned());
            row.group.is_empty() || found.contains(&wanted)
        });
        version.map(|version| (row.kind, *version))
    };
    KINDS.iter().filter_map(|row| served(&row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_served_version_is_chosen() {
        let row = |group: &str, version: &str, plural: &str| {
            (group.to_owned(), version.to_owned(), plural.to_owned())
        };
        let served = choose(&Found::from([
            row("networking.istio.io", "v1alpha3", "virtualservices"),
            row("networking.istio.io", "v1beta1", "virtualservices"),
            row("networking.istio.io", "v2", "gateways"),
            row("gateway.networking.k8s.io", "v1", "gateways"),
        ]));
        assert_eq!(served.get(&Kind::VirtualService), Some(&"v1beta1"));
        assert_eq!(served.get(&Kind::Gateway), None);
        assert_eq!(served.get(&Kind::K8sGateway), Some(&"v1"));
        assert_eq!(served.get(&Kind::Pod), Some(&"v1"));
    }
}
