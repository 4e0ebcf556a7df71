//! `vigla url`: where the gateways are reached, one URL a line.

use serde::Serialize;

use crate::mesh::gateways::{GatewayView, urls};

/// The contract's document.
#[derive(Debug, Serialize)]
pub struct Gateways<'a> {
    pub gateways: &'a [GatewayView],
}

/// The URLs, one a line, ready for a shell loop. Gateways without an address are told by
/// [`notes`], which belongs on stderr.
pub fn text(gateways: &[GatewayView]) -> String {
    let mut text = String::new();
    for url in gateways.iter().flat_map(urls) {
        text.push_str(url);
        text.push('\n');
    }
    text
}

/// What keeps a gateway from having URLs, one a line.
pub fn notes(gateways: &[GatewayView]) -> String {
    let silent = gateways.iter().filter(|gateway| urls(gateway).is_empty());
    let line = |gateway: &GatewayView| {
        let note = if gateway.note.is_empty() || gateway.gateway_url.is_some() {
            "no route is bound to it"
        } else {
            &gateway.note
        };
        format!("{} {}/{}: {note}\n", gateway.kind, gateway.namespace, gateway.name)
    };
    silent.map(line).collect()
}
