//! What must hold for any traffic: what sources sent is what the graph shows, whoever reports it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use vigla::mesh::graph::{Graph, GraphInput, GraphOptions, GraphType, NodeType, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::{Called, End, Flow, Part, RateRow, Reporter, Telemetry};
use vigla::mesh::{Objects, Scope};

/// Calls of one workload to a version of another, or to no version at all.
#[derive(Debug, Clone)]
struct Traffic {
    source: usize,
    service: usize,
    /// `None`: no host was chosen, so no destination ever saw it.
    version: Option<usize>,
    grpc: bool,
    code: &'static str,
    rate: f64,
}

fn traffic() -> impl Strategy<Value = Traffic> {
    let code = prop_oneof![Just("200"), Just("301"), Just("404"), Just("503"), Just("0")];
    (
        0..5_usize,
        0..5_usize,
        prop::option::weighted(0.9, 0..3_usize),
        any::<bool>(),
        code,
        1..10_000_u32,
    )
        .prop_map(|(source, service, version, grpc, code, parts)| Traffic {
            source,
            service,
            version,
            grpc,
            code,
            // A sum of these is exact, in whatever order it is taken.
            rate: f64::from(parts) / 1024.0,
        })
}

fn text(text: impl Into<Arc<str>>) -> Arc<str> {
    text.into()
}

fn row(traffic: &Traffic, reporter: Reporter, code: &str, flags: &str) -> RateRow {
    let (app, from) = (traffic.service, traffic.source);
    let destination = traffic.version.map_or_else(End::default, |version| End {
        cluster: Some(text("Kubernetes")),
        namespace: Some(text("shop")),
        workload: Some(text(format!("app{app}-v{version}"))),
        app: Some(text(format!("app{app}"))),
        version: Some(text(format!("v{version}"))),
    });
    RateRow {
        flow: Flow {
            reporter,
            source: End {
                cluster: Some(text("Kubernetes")),
                namespace: Some(text("shop")),
                workload: Some(text(format!("app{from}-v0"))),
                app: Some(text(format!("app{from}"))),
                version: Some(text("v0")),
            },
            destination,
            service: Called {
                host: Some(text(format!("app{app}.shop.svc.cluster.local"))),
                name: Some(text(format!("app{app}"))),
                namespace: Some(text("shop")),
            },
            protocol: if traffic.grpc { "grpc" } else { "http" }.into(),
        },
        code: code.into(),
        grpc_status: if traffic.grpc { "0" } else { "" }.into(),
        flags: flags.into(),
        mtls: None,
        rate: traffic.rate,
    }
}

/// As sources report it.
fn sent(table: &[Traffic]) -> Vec<RateRow> {
    table
        .iter()
        .map(|t| row(t, Reporter::Source, t.code, if t.version.is_some() { "-" } else { "UH" }))
        .collect()
}

/// As destinations report it: they see only what arrived, and call it by other codes.
fn received(table: &[Traffic]) -> Vec<RateRow> {
    let arrived = table.iter().filter(|traffic| traffic.version.is_some());
    arrived.map(|t| row(t, Reporter::Destination, "500", "DC")).collect()
}

fn graph(rows: Vec<RateRow>, options: &GraphOptions) -> Graph {
    let telemetry = Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(rows)),
        ..Telemetry::default()
    };
    let objects = Objects::default();
    build(&GraphInput {
        objects: &objects,
        inventory: &Inventory::of(&objects),
        telemetry: &telemetry,
        scope: &Scope::All,
        options,
        health: &HealthConfig::default(),
    })
}

/// Rate by calling app, and by called app and protocol: what every graph type can tell.
fn sums(graph: &Graph) -> BTreeMap<(String, String), f64> {
    let mut sums = BTreeMap::new();
    for edge in &graph.edges {
        let (source, target) = (
            graph.node(&edge.source).expect("a source"),
            graph.node(&edge.target).expect("a target"),
        );
        let via_service =
            source.node_type == NodeType::Service && graph.options.graph_type != GraphType::Service;
        if via_service {
            continue;
        }
        let name = |node: &vigla::mesh::graph::Node| {
            let name = [&node.app, &node.service, &node.workload].into_iter().flatten().next();
            name.expect("a name").split('-').next().expect("an app").to_owned()
        };
        *sums.entry((name(source), name(target))).or_default() += edge.rate;
    }
    sums
}

fn expected(table: &[Traffic], rate: impl Fn(&Traffic) -> f64) -> BTreeMap<(String, String), f64> {
    let mut sums = BTreeMap::new();
    for traffic in table.iter().filter(|traffic| rate(traffic) > 0.0) {
        let key = (format!("app{}", traffic.source), format!("app{}", traffic.service));
        *sums.entry(key).or_default() += rate(traffic);
    }
    sums
}

fn assert_same(
    ours: &BTreeMap<(String, String), f64>,
    expected: &BTreeMap<(String, String), f64>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, rate) in expected {
        prop_assert!((ours[key] - rate).abs() < 1e-4, "{:?}: {} for {}", key, ours[key], rate);
    }
    Ok(())
}

fn options() -> impl Strategy<Value = GraphOptions> {
    let graph_type = prop_oneof![
        Just(GraphType::VersionedApp),
        Just(GraphType::App),
        Just(GraphType::Workload),
        Just(GraphType::Service),
    ];
    (graph_type, any::<bool>()).prop_map(|(graph_type, service_nodes)| GraphOptions {
        graph_type,
        service_nodes,
        ..GraphOptions::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_sources_sent_is_shown_whoever_else_reports(
        table in prop::collection::vec(traffic(), 1..60),
        options in options(),
        swapped in any::<bool>(),
    ) {
        let all = expected(&table, |traffic| traffic.rate);
        let (mut rows, mut more) = (sent(&table), received(&table));
        if swapped {
            std::mem::swap(&mut rows, &mut more);
        }
        rows.extend(more);
        assert_same(&sums(&graph(rows, &options)), &all)?;
        assert_same(&sums(&graph(sent(&table), &options)), &all)?;
    }

    #[test]
    fn without_the_sources_word_what_arrived_is_shown_once(
        table in prop::collection::vec(traffic(), 1..60),
        options in options(),
    ) {
        let arrived = expected(&table, |t| if t.version.is_some() { t.rate } else { 0.0 });
        assert_same(&sums(&graph(received(&table), &options)), &arrived)?;
        // A waypoint between them reports the same requests a third time.
        let mut rows = received(&table);
        rows.extend(received(&table).into_iter().map(|mut row| {
            row.flow.reporter = Reporter::Waypoint;
            row
        }));
        assert_same(&sums(&graph(rows, &options)), &arrived)?;
    }

    #[test]
    fn shares_of_a_source_within_a_service_add_up(
        table in prop::collection::vec(traffic(), 1..60),
        grouped in prop_oneof![Just(GraphType::VersionedApp), Just(GraphType::Workload)],
    ) {
        let options = GraphOptions { graph_type: grouped, ..GraphOptions::default() };
        let graph = graph(sent(&table), &options);
        let mut shares = BTreeMap::<(String, String, u8), f64>::new();
        for edge in &graph.edges {
            let target = graph.node(&edge.target).expect("a target");
            let app = [&target.service, &target.app].into_iter().flatten().next().expect("an app");
            let key = (edge.source.to_string(), app.to_string(), edge.protocol as u8);
            *shares.entry(key).or_default() += edge.share_percent.expect("a share");
        }
        for (edges, share) in shares {
            prop_assert!((share - 100.0).abs() < 1e-3, "{:?} {}", edges, share);
        }
    }

    #[test]
    fn the_order_of_rows_changes_nothing(
        table in prop::collection::vec(traffic(), 1..40),
        options in options(),
        seed in any::<u64>(),
    ) {
        let rows: Vec<RateRow> = sent(&table).into_iter().chain(received(&table)).collect();
        let mut mixed = rows.clone();
        let length = mixed.len();
        for at in 0..length {
            mixed.swap(at, (seed as usize).wrapping_mul(at + 7) % length);
        }
        prop_assert_eq!(graph(rows, &options), graph(mixed, &options));
    }
}
