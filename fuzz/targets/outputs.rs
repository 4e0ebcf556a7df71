//! Hostile names, labels, messages and metric labels in a mesh that works, through every output
//! and a screen of the explorer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vigla::app::screen::Screen;
use vigla::mesh::Objects;

#[path = "../support/choices.rs"]
#[expect(dead_code, reason = "other targets choose objects")]
mod choices;
#[path = "../../tests/support/outputs.rs"]
#[expect(dead_code, reason = "the tests want all outputs at once")]
mod outputs;

use choices::Choices;

fuzz_target!(|data: &[u8]| {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let texts = Choices::new(rest).texts();
    let objects = Objects::from_values(outputs::mesh(&texts));
    let telemetry = outputs::telemetry(&texts);
    // Each input through one command's outputs; a screen costs most, and differs least.
    let which = usize::from(*first);
    let all = if which % 16 == 0 {
        let screen = Screen::ALL[which / 16 % Screen::ALL.len()];
        outputs::screens(objects, telemetry, &[screen])
    } else {
        outputs::some_outputs(objects, telemetry, which)
    };
    outputs::harmless(&all).unwrap();
});
