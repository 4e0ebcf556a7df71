//! What the screens show, worked out from a snapshot once, off the loop: a few milliseconds for
//! thousands of pods must not stand between a key and its frame.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::list::{Data, RowId, Table};
use super::screen::{Call, Screen};
use crate::mesh::findings::{Analyzer, Finding, Report};
use crate::mesh::gateways::{self, GatewayView};
use crate::mesh::graph::{self, Edge, Graph, GraphInput, GraphOptions, Node, NodeId};
use crate::mesh::health::HealthConfig;
use crate::mesh::inventory::Inventory;
use crate::mesh::split::verdict::Limits;
use crate::mesh::traffic::Traffic;
use crate::mesh::{Kind, KindState, MeshSnapshot, Objects, Scope, SourceState, Trouble};

mod drawn;
mod events;
mod finding_rows;
mod gateway_rows;
mod history;
mod marks;
mod matrix;
mod overview;
mod pods;
mod services;
mod splits;
mod tree;

pub use drawn::{Drawn, DrawnAs};
pub use history::{History, Sample};
pub use marks::Marks;
pub use matrix::{Matrix, MatrixBox};

/// What is wanted of a picture besides the snapshot itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Wanted {
    pub graph: GraphOptions,
    pub drawn: DrawnAs,
}

/// What the user set in the configuration.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub health: HealthConfig,
    /// What "agrees" means for splits.
    pub limits: Limits,
}

/// Everything derived from one snapshot.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The snapshot's.
    pub generation: u64,
    pub wanted: Wanted,
    /// The snapshot's context and scope.
    about: (String, Scope),
    /// What it was worked out from.
    objects: Objects,
    pub inventory: Arc<Inventory>,
    pub graph: Graph,
    pub drawn: Drawn,
    pub matrix: Matrix,
    /// What the graph was at the last refreshes.
    pub history: History,
    pub gateways: Vec<GatewayView>,
    /// What is wrong with the configuration, and what that concerns.
    pub report: Report,
    pub marks: Marks,
    /// Remembers what single objects say until they change.
    analyzer: Analyzer,
    tables: BTreeMap<Screen, Table>,
}

impl Picture {
    /// Works everything out. Pure, and total: a part that is missing is empty and says so.
    /// In the drawn graph, what was in the picture before keeps its place.
    pub fn of(
        snapshot: &MeshSnapshot,
        wanted: &Wanted,
        settings: &Settings,
        before: Option<&Self>,
    ) -> Self {
        let objects = &snapshot.objects;
        let known = before.filter(|b| !objects.changed(&b.objects).meets(Inventory::READS));
        let inventory = known
            .map_or_else(|| Arc::new(Inventory::of(objects)), |known| Arc::clone(&known.inventory));
        let graph = graph(snapshot, &inventory, &wanted.graph, settings);
        let gateways = gateways::views(objects, &snapshot.scope);
        let traffic = Traffic::of(snapshot, &inventory);
        let splits = splits::views(snapshot, &inventory, settings.limits);
        let mut analyzer = before.map(|before| before.analyzer.clone()).unwrap_or_default();
        let report = finding_rows::report(snapshot, splits.as_deref(), &mut analyzer);
        let marks = Marks::of(&report, objects, &inventory);
        let view = View { snapshot, inventory: &inventory, traffic: &traffic, report: &report };
        let mut tables = [
            (Screen::Overview, overview::table(&view)),
            (Screen::Graph, tree::table(&view, &graph)),
            (Screen::Services, services::table(&view)),
            (Screen::Pods, pods::table(&view)),
            (Screen::Gateways, gateway_rows::table(&view, &gateways)),
            (Screen::Splits, splits::table(&view, splits.as_deref())),
            (Screen::Findings, finding_rows::table(&view)),
            (Screen::Events, events::table(&view)),
        ];
        for (_, table) in tables.iter_mut().filter(|(screen, _)| *screen != Screen::Findings) {
            marks.put(table, &graph);
        }
        // Another context, scope or kind of graph is another drawing.
        let about = (snapshot.context.clone(), snapshot.scope.clone());
        let before =
            before.filter(|before| before.about == about && before.wanted.graph == wanted.graph);
        let tidied = |before: &&Self| before.wanted.drawn.tidied == wanted.drawn.tidied;
        let ordered = before.filter(tidied).map(|before| &before.matrix);
        Self {
            generation: snapshot.generation,
            wanted: wanted.clone(),
            matrix: Matrix::of(&graph, ordered),
            history: History::with(before.map(|b| &b.history), &snapshot.context, &graph),
            drawn: Drawn::of(&graph, &marks, &wanted.drawn, before.map(|before| &before.drawn)),
            about,
            objects: objects.clone(),
            graph,
            gateways,
            tables: tables.into(),
            inventory,
            report,
            marks,
            analyzer,
        }
    }

    /// Whether services were heard of, or why they cannot be.
    pub fn has_services(&self) -> bool {
        self.table(Screen::Services).is_some_and(|table| table.data != Data::Waiting)
    }

    /// The finding that a row of its screen stands for.
    pub fn finding(&self, id: &RowId) -> Option<&Finding> {
        let rows = &self.table(Screen::Findings)?.rows;
        self.report.findings.get(rows.iter().position(|row| row.id == *id)?)
    }

    /// The nodes that a key of the drawn graph or the matrix stands for: a node, all versions of
    /// a box, all of a namespace.
    pub fn members(&self, key: &str) -> Vec<&Node> {
        if let Some(node) = self.graph.node(key) {
            return vec![node];
        }
        if let Some(place) = key.strip_prefix("namespace:") {
            let namespace = place.rsplit_once('/').map_or(place, |(_, name)| name);
            let within = |node: &&Node| node.namespace.as_deref() == Some(namespace);
            return self.graph.nodes.iter().filter(within).collect();
        }
        let found = self.matrix.position(key).and_then(|at| self.matrix.boxes.get(at));
        let members = found.map(|item| item.members.as_slice()).unwrap_or_default();
        members.iter().filter_map(|id| self.graph.node(id)).collect()
    }

    /// The calls from what one key stands for to what another does.
    pub fn calls(&self, call: &Call) -> Vec<&Edge> {
        let ids = |key: &str| -> BTreeSet<&NodeId> {
            self.members(key).into_iter().map(|node| &node.id).collect()
        };
        let (from, to) = (ids(&call.from), ids(&call.to));
        let meant = |edge: &&Edge| {
            from.contains(&edge.source)
                && to.contains(&edge.target)
                && call.protocol.is_none_or(|protocol| protocol == edge.protocol)
        };
        self.graph.edges.iter().filter(meant).collect()
    }

    /// The rows of a screen that is a list.
    pub fn table(&self, screen: Screen) -> Option<&Table> {
        self.tables.get(&screen)
    }
}

fn graph(
    snapshot: &MeshSnapshot,
    inventory: &Inventory,
    options: &GraphOptions,
    settings: &Settings,
) -> Graph {
    let Some(telemetry) = &snapshot.telemetry else { return Graph::default() };
    graph::build(&GraphInput {
        objects: &snapshot.objects,
        inventory,
        telemetry,
        scope: &snapshot.scope,
        options,
        health: &settings.health,
    })
}

/// What the tables are made from.
struct View<'a> {
    snapshot: &'a MeshSnapshot,
    inventory: &'a Inventory,
    traffic: &'a Traffic,
    report: &'a Report,
}

impl View<'_> {
    /// Whether a namespace is asked about. Before the scope is known, everything is.
    fn in_scope(&self, namespace: &str) -> bool {
        self.snapshot.scope == Scope::Unset || self.snapshot.scope.contains(namespace)
    }

    /// The state of data that needs a kind.
    fn data(&self, kind: Kind) -> Data {
        data(self.snapshot, kind)
    }

    /// The same for rows whose numbers come from Prometheus: where the objects are all there, what is
    /// missing of the numbers is told.
    fn data_with_numbers(&self, kind: Kind) -> Data {
        match self.data(kind) {
            Data::Loaded(None) => Data::Loaded(self.numbers_trouble()),
            other => other,
        }
    }

    /// What is missing of the telemetry, else what Prometheus said beside its answers.
    fn numbers_trouble(&self) -> Option<Trouble> {
        let telemetry = self.snapshot.telemetry.as_ref();
        let warning = || {
            let words = telemetry?.warnings.first()?;
            Some(Trouble::new("Prometheus warns", words.as_str(), ""))
        };
        self.snapshot.prometheus.trouble.clone().or_else(warning)
    }

    /// Where nothing was found: `in namespace default`, `in 3 namespaces`, `in any namespace`.
    fn place(&self) -> String {
        match &self.snapshot.scope {
            Scope::Namespaces(names) => match names.as_slice() {
                [one] => format!("in namespace {one}"),
                many => format!("in {} namespaces", many.len()),
            },
            Scope::All | Scope::Unset => "in any namespace".to_owned(),
        }
    }
}

/// The state of data that comes from a kind of object.
pub fn data(snapshot: &MeshSnapshot, kind: Kind) -> Data {
    let kubernetes = &snapshot.kubernetes;
    match snapshot.kinds.get(&kind) {
        Some(KindState::Listed) => Data::Loaded(kubernetes.trouble.clone()),
        // What was known stays, also when the right to it was lost a moment ago.
        Some(KindState::Failed(trouble) | KindState::Forbidden(trouble)) if has(snapshot, kind) => {
            Data::Loaded(Some(trouble.clone()))
        }
        Some(KindState::Forbidden(trouble) | KindState::Failed(trouble)) => {
            Data::Failed(trouble.clone())
        }
        Some(KindState::NotServed) => {
            let info = kind.info();
            Data::Failed(Trouble::new(
                format!("list {}", info.plural),
                format!("the cluster does not serve {}.{}", info.plural, info.group),
                "install the CRDs if this mesh should have them",
            ))
        }
        Some(KindState::Pending) | None => match (&kubernetes.trouble, kubernetes.state) {
            (Some(trouble), _) => Data::Failed(trouble.clone()),
            (None, SourceState::Disabled) => Data::Failed(Trouble::new(
                "read the cluster",
                "it was turned off (--no-cluster)",
                "start without --no-cluster to see objects",
            )),
            (None, _) => Data::Waiting,
        },
    }
}

fn has(snapshot: &MeshSnapshot, kind: Kind) -> bool {
    !snapshot.objects.of_kind(kind).is_empty()
}
