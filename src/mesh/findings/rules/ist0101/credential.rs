//! Certificates that Gateways name.

use super::missing;
use crate::mesh::findings::index::Index;
use crate::mesh::findings::rule::Sink;
use crate::mesh::findings::rules::ist0161::{credentials, workload_namespace};
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;

pub(super) fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let named =
        index.each(index.objects.gateways()).any(|gateway| credentials(gateway).next().is_some());
    if !named {
        return;
    }
    if !(index.secrets_may_be_read() && index.is_read(Kind::Secret) && index.is_read(Kind::Pod)) {
        sink.withhold("Secrets are not read, so credentials of Gateways are not judged");
        return;
    }
    for gateway in index.each(index.objects.gateways()) {
        let Some(home) = workload_namespace(index, gateway) else { continue };
        for (i, name) in credentials(gateway) {
            let (namespace, secret) = name.split_once('/').unwrap_or((home, name));
            if !index.objects.secrets().contains_key(&Key::new(namespace, secret)) {
                sink.at(
                    gateway,
                    format!("spec.servers[{i}].tls.credentialName"),
                    missing("credentialName", name),
                );
            }
        }
    }
}
