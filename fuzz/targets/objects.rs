//! Kubernetes objects of any shape, through what is made of a mesh: each input through one command's
//! outputs, so that there is time for many.
//!
//! Bytes that are JSON are taken as they are, one object or an array of them; all others choose
//! objects from the words of Kubernetes, so that most inputs get past the reader.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vigla::mesh::Objects;
use vigla::mesh::telemetry::Telemetry;

#[path = "../support/choices.rs"]
#[expect(dead_code, reason = "another target chooses texts alone")]
mod choices;
#[path = "../../tests/support/outputs.rs"]
#[expect(dead_code, reason = "other targets and the tests use the rest")]
mod outputs;

use choices::Choices;

fuzz_target!(|data: &[u8]| {
    let objects = match serde_json::from_slice(data) {
        Ok(Value::Array(objects)) => objects,
        Ok(object) => vec![object],
        Err(_) => Choices::new(data).objects(),
    };
    let objects = Objects::from_values(objects);
    let all = outputs::some_outputs(objects, Telemetry::default(), data.len());
    outputs::harmless(&all).unwrap();
});
