//! Whether pods and Deployments are in the mesh, as istioctl decides it.

use crate::mesh::core::{Container, Namespace, Pod, PodTemplate};
use crate::mesh::object::{Labels, Meta, Resource};

const INJECT: &str = "sidecar.istio.io/inject";

/// What a pod's or a template's own metadata says about injection; the label goes first.
pub fn asked(meta: &Meta) -> Option<&str> {
    meta.label(INJECT).or_else(|| meta.annotation(INJECT))
}

/// The container `istio-proxy` among these, if it has an image.
pub fn proxy_image<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
) -> Option<&'a Container> {
    containers.into_iter().find(|c| c.name == "istio-proxy" && !c.image.is_empty())
}

/// A pod with a proxy, or one that is to get one.
pub fn pod_in_mesh(pod: &Resource<Pod>, namespace: Option<&Resource<Namespace>>) -> bool {
    let containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
    proxy_image(containers).is_some() || opted_in(&pod.meta, namespace)
}

/// A Deployment whose pods are in the mesh.
pub fn template_in_mesh(template: &PodTemplate, namespace: Option<&Resource<Namespace>>) -> bool {
    proxy_image(&template.spec.containers).is_some() || opted_in(&template.metadata, namespace)
}

fn opted_in(meta: &Meta, namespace: Option<&Resource<Namespace>>) -> bool {
    match asked(meta) {
        Some(value) => value == "true",
        None => namespace.is_some_and(|ns| ns.meta.label("istio-injection") == Some("enabled")),
    }
}

pub fn pod_is_ambient(pod: &Resource<Pod>) -> bool {
    pod.meta.annotation("ambient.istio.io/redirection") == Some("enabled")
}

pub fn namespace_is_ambient(namespace: Option<&Resource<Namespace>>) -> bool {
    namespace.is_some_and(|ns| {
        ns.meta.label("istio-injection") != Some("enabled")
            && ns.meta.label("istio.io/rev").unwrap_or_default().is_empty()
            && ns.meta.label("istio.io/dataplane-mode") == Some("ambient")
    })
}

/// Whether an object belongs to Istio's own control plane.
pub fn is_control_plane(labels: &Labels) -> bool {
    labels.contains_key("istio") || labels.get("release").is_some_and(|release| release == "istio")
}
