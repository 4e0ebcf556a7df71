//! One kind listed: page by page, object by object.

use std::fmt::Write as _;

use ::kube::Client;
use serde::Deserialize;

use super::catalog;
use super::convert;
use super::fault::Fault;
use super::request::{self, JSON, Limits};
use crate::mesh::{Kind, Objects};
use crate::source::split::Splitter;

/// What a list is taken of.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub kind: Kind,
    /// The version of the API, e.g. `v1beta1`.
    pub version: &'a str,
    /// `None` is all namespaces.
    pub namespace: Option<&'a str>,
}

/// The objects of a list.
#[derive(Debug, Default)]
pub struct Listed {
    /// Filled in the table of the kind only.
    pub objects: Objects,
    /// Where a watch goes on from.
    pub resource_version: String,
    /// How many objects could not be read at all.
    pub strange: usize,
}

/// Objects a page, where the server pages.
const PAGE: usize = 1000;
/// Pages of a list: a server that never ends is not followed for ever.
const PAGES: usize = 1000;
/// Metadata only (Kubernetes documentation, "Metadata-only fetches").
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

impl Target<'_> {
    /// `group/version`, or the version alone for the core group.
    pub(super) fn api_version(&self) -> String {
        let group = self.kind.info().group;
        if group.is_empty() { self.version.into() } else { format!("{group}/{}", self.version) }
    }

    /// The path of the collection with `?` and the selector of the one object, if it is one.
    fn path(&self) -> String {
        let info = self.kind.info();
        let root = if info.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if let (Some(namespace), true) = (self.namespace, info.namespaced) {
            let _ = write!(path, "/namespaces/{}", segment(namespace));
        }
        let _ = write!(path, "/{}?", info.plural);
        if let Some(name) = catalog::only(self.kind) {
            let _ = write!(path, "fieldSelector=metadata.name%3D{name}&");
        }
        path
    }

    /// The path of a watch from a resource version on, for about `seconds`.
    pub(super) fn watch_path(&self, resource_version: &str, seconds: u64) -> String {
        let from = segment(resource_version);
        format!(
            "{}watch=1&allowWatchBookmarks=true&resourceVersion={from}&timeoutSeconds={seconds}",
            self.path()
        )
    }

    pub(super) fn watch_accept(&self) -> &'static str {
        if catalog::metadata_only(self.kind) { METADATA } else { JSON }
    }
}

/// Text as one segment of a path or one value of a query.
fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Head {
    kind: String,
    metadata: HeadMeta,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct HeadMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// Lists a kind from the server's own cache, as informers do: the state may be a moment old, and
/// a watch goes on from it.
pub async fn list(client: &Client, target: &Target<'_>, limits: Limits) -> Result<Listed, Fault> {
    match pages(client, target, limits).await {
        // The pages that were left have expired: once more from the first.
        Err(Fault::Status { code: 410, .. }) => pages(client, target, limits).await,
        answered => answered,
    }
}

async fn pages(client: &Client, target: &Target<'_>, limits: Limits) -> Result<Listed, Fault> {
    let mut listed = Listed::default();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let from = match &next {
            // A page that follows names its version in the token.
            Some(token) => format!("&continue={}", segment(token)),
            None => "&resourceVersion=0".into(),
        };
        let path = format!("{}limit={PAGE}{from}", target.path());
        let head = page(client, target, &path, limits, &mut listed).await?;
        listed.resource_version = head.resource_version.unwrap_or_default();
        next = head.next.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(listed);
        }
    }
    Err(Fault::Strange(format!("a list that has not ended after {PAGES} pages")))
}

async fn page(
    client: &Client,
    target: &Target<'_>,
    path: &str,
    limits: Limits,
    listed: &mut Listed,
) -> Result<HeadMeta, Fault> {
    let accept = if catalog::metadata_only(target.kind) { METADATA_LIST } else { JSON };
    let mut answer = request::get(client, path, accept, limits).await?;
    let mut splitter = Splitter::new(&["items"]);
    let api_version = target.api_version();
    let strange = |why: String| Fault::Strange(why);
    while let Some(piece) = answer.piece().await? {
        let read =
            splitter.push(&piece, |item| match convert::object(target.kind, &api_version, item) {
                Ok(raw) => listed.objects.insert(raw),
                Err(_) => listed.strange += 1,
            });
        read.map_err(|error| strange(error.to_string()))?;
    }
    listed.strange += splitter.passed_over;
    let head = splitter.finish().map_err(|error| Fault::Broken(error.to_string()))?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| strange("it is not JSON".into()))?;
    if !head.kind.ends_with("List") {
        return Err(strange(format!("it answers with no list: {:.40}", head.kind)));
    }
    Ok(head.metadata)
}
