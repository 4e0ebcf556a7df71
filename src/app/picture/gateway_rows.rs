//! Ways into the mesh: one row a route of a gateway, and one for a gateway without routes.

use std::sync::Arc;

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone};
use crate::mesh::gateways::{GatewayRoute, GatewayView, PathMatch, ReachableBy};
use crate::mesh::object::Key;
use crate::mesh::{Kind, ObjectRef};

const COLUMNS: &[Column] = &[
    Column::words("GATEWAY", (12, 36)).sorted_by('N'),
    Column::words("URL", (36, 80)).sorted_by('U'),
    Column::words("MATCH", (6, 7)).rank(3),
    Column::words("TO", (16, 44)).sorted_by('T'),
    Column::words("RULE", (10, 36)).rank(5),
    Column::words("BY", (9, 13)).rank(4),
];

pub(super) fn table(view: &View<'_>, gateways: &[GatewayView]) -> Table {
    let data = match view.data(Kind::Gateway) {
        // A cluster with the Gateway API alone has no Gateway of Istio, and is fine.
        crate::app::list::Data::Failed(_) if !gateways.is_empty() => view.data(Kind::Service),
        data => data,
    };
    let rows = gateways.iter().flat_map(rows).collect();
    Table::new(COLUMNS, rows, data, format!("no gateways {}", view.place()))
}

fn rows(gateway: &GatewayView) -> Vec<Row> {
    let kind = if gateway.group.starts_with("gateway.") { Kind::K8sGateway } else { Kind::Gateway };
    let key = Key { namespace: Arc::clone(&gateway.namespace), name: Arc::clone(&gateway.name) };
    let object = ObjectRef { kind, key };
    let note: Option<Arc<str>> = (!gateway.note.is_empty()).then(|| gateway.note.as_str().into());
    let unreachable = gateway.reachable_by == ReachableBy::None;
    if gateway.routes.is_empty() {
        let address = gateway.gateway_url.as_ref().or(gateway.secure_gateway_url.as_ref());
        let cells = vec![
            Cell::text(&object.key.to_string()).toned(Tone::Strong),
            Cell::text(address.map_or("", String::as_str)),
            Cell::default(),
            Cell::text("no routes").toned(Tone::Dim),
            Cell::default(),
            reached(gateway.reachable_by),
        ];
        return vec![Row {
            id: RowId::Object(object, "".into()),
            cells,
            problem: unreachable,
            note,
        }];
    }
    let row = |(at, route): (usize, &GatewayRoute)| Row {
        cells: vec![
            Cell::text(&object.key.to_string()).toned(if at == 0 {
                Tone::Strong
            } else {
                Tone::Dim
            }),
            url(route),
            Cell::text(kind_of_match(route)).toned(Tone::Dim),
            Cell::text(&route.destination),
            Cell::text(&route.rule).toned(Tone::Dim),
            reached(gateway.reachable_by),
        ],
        id: RowId::Object(object.clone(), format!("{at} {}{}", route.host, route.path).into()),
        problem: unreachable,
        note: note.clone(),
    };
    gateway.routes.iter().enumerate().map(row).collect()
}

/// The URL, or the host and path where there is none that could be opened.
fn url(route: &GatewayRoute) -> Cell {
    match &route.url {
        Some(url) => Cell::text(url).toned(Tone::Accent),
        None => Cell::text(&format!("{}{}", route.host, route.path)).toned(Tone::Dim),
    }
}

fn kind_of_match(route: &GatewayRoute) -> &'static str {
    match (route.path_match, route.conditional) {
        (PathMatch::Exact, false) => "exact",
        (PathMatch::Prefix, false) => "prefix",
        (PathMatch::Regex, false) => "regex",
        (PathMatch::Exact, true) => "exact+",
        (PathMatch::Prefix, true) => "prefix+",
        (PathMatch::Regex, true) => "regex+",
    }
}

fn reached(by: ReachableBy) -> Cell {
    match by {
        ReachableBy::LoadBalancer => Cell::text("load balancer").toned(Tone::Dim),
        ReachableBy::NodePort => Cell::text("node port").toned(Tone::Dim),
        ReachableBy::PortForward => Cell::text("port forward").toned(Tone::Warn),
        ReachableBy::None => Cell::text("no address").toned(Tone::Bad),
    }
}
