//! Bodies of Prometheus: decoded or refused, and what was decoded through one command's outputs.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vigla::mesh::Objects;
use vigla::mesh::harmless::is_harmful;
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::source::prometheus::decode;

#[path = "../../tests/support/outputs.rs"]
#[expect(dead_code, reason = "other targets and the tests use the rest")]
mod outputs;

fuzz_target!(|data: &[u8]| {
    let (latency, raw, rates) = (decode::latency([data]), decode::raw([data]), decode::rates([data]));
    for refused in [latency.err(), raw.err(), rates.as_ref().err().cloned()].into_iter().flatten() {
        assert!(!refused.contains(is_harmful), "{refused:?}");
    }
    let Ok(rates) = rates else { return };
    let telemetry = Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(rates.rows)),
        ..Telemetry::default()
    };
    let all = outputs::some_outputs(Objects::default(), telemetry, data.len());
    outputs::harmless(&all).unwrap();
});
