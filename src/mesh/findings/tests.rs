//! The engine, and every rule's own examples.

use proptest::prelude::*;
use serde_json::Value;

use super::rules::RULES;
use super::*;
use crate::mesh::object::RawObject;

/// The objects of a YAML text of several documents.
fn objects(yaml: &str) -> Objects {
    let values: Vec<Value> =
        serde_saphyr::from_multiple(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"));
    Objects::from_values(values)
}

fn codes(yaml: &str) -> Vec<&'static str> {
    let objects = objects(yaml);
    let evidence = contradiction();
    let input = FindingInput { now: now(), evidence: &evidence, ..FindingInput::files(&objects) };
    analyze(&input).findings.iter().map(|finding| finding.code).collect()
}

fn now() -> Option<Timestamp> {
    "2026-06-01T00:00:00Z".parse().ok()
}

/// What the example of VGL0002 speaks of, and a rate for that of VGL0001.
fn contradiction() -> Evidence {
    let rated = ("reviews.shop.svc.cluster.local".to_owned(), "v2".to_owned());
    Evidence {
        contradicted: vec![evidence::ContradictedSplit {
            virtual_service: Key::new("shop", "canary"),
            host: "reviews".into(),
            explanation: "50 % configured, 80 % seen".into(),
        }],
        subset_rates: [(rated, 2.5)].into(),
    }
}

#[test]
fn examples_trigger_their_rules_and_only_the_bad_ones() {
    let wrong: Vec<&str> = RULES
        .iter()
        .filter(|rule| {
            !codes(rule.example.bad).contains(&rule.code)
                || codes(rule.example.good).contains(&rule.code)
        })
        .map(|rule| rule.code)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn codes_are_unique_sorted_and_documented() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    for rule in RULES {
        assert!(!rule.kinds.is_empty() && rule.why.ends_with('.'), "{}", rule.code);
        assert!(rule.remedy.ends_with('.') && rule.docs.starts_with("https://"), "{}", rule.code);
    }
}

/// One step in the life of a mesh.
#[derive(Debug, Clone)]
enum Step {
    /// An object of the rules' examples comes, or takes the place of its namesake.
    Put(usize),
    Remove(usize),
    Traffic(bool),
    Source(Source),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<usize>().prop_map(Step::Put),
        6 => any::<usize>().prop_map(Step::Remove),
        1 => any::<bool>().prop_map(Step::Traffic),
        1 => prop_oneof![Just(Source::Files), Just(Source::Cluster)].prop_map(Step::Source),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is remembered is what would be found anew, whatever comes and goes.
    #[test]
    fn nothing_remembered_is_out_of_date(steps in steps()) {
        let pool: Vec<Value> = RULES
            .iter()
            .flat_map(|rule| [rule.example.bad, rule.example.good])
            .flat_map(|yaml| serde_saphyr::from_multiple::<Value>(yaml).unwrap())
            .collect();
        let mut objects = Objects::from_values(pool.iter().step_by(3).cloned());
        let mut analyzer = Analyzer::default();
        let (evidence, mut source) = (contradiction(), Source::Files);
        let mut traffic = &evidence;
        for step in steps {
            let at = |number: usize| pool[number % pool.len()].clone();
            match step {
                Step::Put(number) => {
                    RawObject::from_value(at(number)).into_iter().for_each(|raw| objects.insert(raw));
                }
                Step::Remove(number) => {
                    Objects::from_values([at(number)]).each(|meta, raw| {
                        let key = Key::new(&meta.namespace, &meta.name);
                        objects.remove(&ObjectRef { kind: raw.kind, key });
                    });
                }
                Step::Traffic(flows) => traffic = if flows { &evidence } else { Evidence::NONE },
                Step::Source(other) => source = other,
            }
            let input = FindingInput {
                now: now(),
                evidence: traffic,
                source,
                ..FindingInput::files(&objects)
            };
            prop_assert_eq!(analyzer.analyze(&input), analyze(&input));
        }
    }
}

/// At the start kinds come one after the other: what is not read yet is not missing.
#[test]
fn gateways_that_are_not_read_yet_are_not_missing() {
    let objects = objects(
        "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec: {hosts: ['*'], gateways: [front], http: [{directResponse: {status: 200}}]}
",
    );
    let kinds = [(Kind::Gateway, KindState::Pending)].into();
    let codes = |kinds: &BTreeMap<Kind, KindState>| -> Vec<&str> {
        let report = analyze(&FindingInput { kinds, ..FindingInput::new(&objects) });
        report.findings.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(&kinds), [""; 0]);
    assert_eq!(codes(&BTreeMap::new()), ["IST0101", "IST0132"]);
}
