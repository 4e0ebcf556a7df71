//! What a URL names.

use axum::extract::Query;
use axum::http::Uri;

use crate::demo::world::catalog::{self, Resource};
use crate::demo::world::refusal::Refusal;
use crate::mesh::Key;

/// The parameters of a URL.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn of(uri: &Uri) -> Self {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        Self(pairs.map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// The value of a parameter, empty when it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All of them, in order, repeated ones included.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1")
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }
}

/// An object, a collection or a subresource.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) resource: &'static Resource,
    pub(super) version: String,
    /// None for cluster-scoped resources and for collections over all namespaces.
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    /// `status`, `scale`, or empty for the object itself.
    pub(super) part: String,
}

impl Address {
    /// Key of an object of this name here.
    pub(super) fn key(&self, name: &str) -> Key {
        Key::new(self.namespace.as_deref().unwrap_or_default(), name)
    }
}

/// What a path names.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Object(Address),
    /// A service's proxy: `namespace/name:port` and the path behind it.
    Proxy {
        service: Key,
        rest: String,
    },
    /// A question about rights: the resource's name.
    Review(&'static str),
    /// Discovery, version, health, OpenAPI: the path without its slashes at the ends.
    Document(String),
}

const REVIEWS: [&str; 3] =
    ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

/// Takes a path apart. `Err(None)` is a path outside of every API.
pub(super) fn target(path: &str) -> Result<Target, Option<Refusal>> {
    let trimmed = path.trim_matches('/');
    let steps: Vec<&str> = trimmed.split('/').collect();
    let (group, version, rest) = match steps.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Ok(Target::Document(trimmed.to_owned())),
    };
    if let [name] = rest
        && matches!(group, "authorization.k8s.io" | "authentication.k8s.io")
    {
        let found = REVIEWS.iter().find(|review| *review == name);
        return found.map(|review| Target::Review(review)).ok_or_else(|| Missing.into());
    }
    let served = match group {
        "" => version == "v1",
        _ => catalog::groups().iter().any(|(g, vs)| *g == group && vs.contains(&version)),
    };
    if !served {
        return Err(None);
    }
    let (namespace, rest) = match rest {
        // `namespaces/NAME/status` is a part of the namespace itself.
        ["namespaces", namespace, inner @ ..] if !matches!(inner, [] | ["status"]) => {
            (Some((*namespace).to_owned()), inner)
        }
        _ => (None, rest),
    };
    if let (Some(namespace), ["services", name, "proxy", rest @ ..]) = (&namespace, rest) {
        let service = Key::new(namespace, name);
        return Ok(Target::Proxy { service, rest: rest.join("/") });
    }
    let [plural, rest @ ..] = rest else { return Err(Missing.into()) };
    let resource = catalog::find(group, version, plural).ok_or(Missing)?;
    if resource.info().namespaced && namespace.is_none() && !rest.is_empty() {
        return Err(Missing.into());
    }
    let (name, part) = match rest {
        [] => (None, ""),
        [name] => (Some(*name), ""),
        [name, "status"] if resource.status => (Some(*name), "status"),
        [name, "scale"] if resource.scale => (Some(*name), "scale"),
        _ => return Err(Missing.into()),
    };
    Ok(Target::Object(Address {
        resource,
        version: version.to_owned(),
        namespace,
        name: name.map(str::to_owned),
        part: part.to_owned(),
    }))
}

/// A path inside of a served group that names nothing.
#[derive(Debug, Clone, Copy)]
struct Missing;

impl From<Missing> for Option<Refusal> {
    fn from(_: Missing) -> Self {
        Some(Refusal::no_such_resource())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Kind;
    use rstest::rstest;

    fn address(path: &str) -> Address {
        match target(path) {
            Ok(Target::Object(address)) => address,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[rstest]
    #[case("/api/v1/pods", Kind::Pod, None, None, "")]
    #[case("/api/v1/namespaces/a/pods/p", Kind::Pod, Some("a"), Some("p"), "")]
    #[case("/api/v1/namespaces/a", Kind::Namespace, None, Some("a"), "")]
    #[case("/api/v1/namespaces/a/status", Kind::Namespace, None, Some("a"), "status")]
    #[case(
        "/apis/apps/v1/namespaces/a/deployments/d/scale",
        Kind::Deployment,
        Some("a"),
        Some("d"),
        "scale"
    )]
    #[case("/apis/networking.istio.io/v1beta1/gateways", Kind::Gateway, None, None, "")]
    fn paths_name_objects(
        #[case] path: &str,
        #[case] kind: Kind,
        #[case] namespace: Option<&str>,
        #[case] name: Option<&str>,
        #[case] part: &str,
    ) {
        let address = address(path);
        assert_eq!(address.resource.kind, kind);
        assert_eq!((address.namespace.as_deref(), address.name.as_deref()), (namespace, name));
        assert_eq!(address.part, part);
    }

    #[test]
    fn unknown_paths_are_told_apart() {
        assert!(matches!(target("/apis/nosuch.example.io/v1/things"), Err(None)));
        assert!(matches!(target("/api/v1/things"), Err(Some(_))));
        assert!(matches!(target("/api/v1/namespaces/a/pods/p/nosuch"), Err(Some(_))));
        assert!(matches!(target("/api/v1/pods/p"), Err(Some(_))));
        let proxy = target("/api/v1/namespaces/a/services/p:9090/proxy/api/v1/query").unwrap();
        assert!(matches!(proxy, Target::Proxy { rest, .. } if rest == "api/v1/query"));
    }
}
