//! PromQL of any kind: answered or refused by the embedded Prometheus.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vigla::demo::prometheus::{self, Labels, Prometheus, Store};

/// A few counters, gauges and a histogram over ten minutes, with a gap and an end.
static WORLD: LazyLock<Prometheus> = LazyLock::new(|| {
    let mut store = Store::new(3_600_000);
    for (at, name) in ["a_total", "b", "h_bucket"].into_iter().enumerate() {
        for (le, code) in [("1", "200"), ("5", "503"), ("+Inf", "200")] {
            let pairs = [("__name__", name), ("le", le), ("code", code), ("x", "y")];
            let labels = Labels::new(pairs.map(|(key, value)| (Arc::from(key), Arc::from(value))));
            let id = store.series(&labels);
            for step in (0..40_u32).filter(|step| *step != 20) {
                store.append(id, i64::from(step) * 15_000, f64::from(step * (at as u32 + 1)));
            }
            if code == "503" {
                store.end(id, 40 * 15_000);
            }
        }
    }
    Prometheus::new(store, Arc::new(|| 600_000), Duration::from_secs(15))
});

fuzz_target!(|data: &[u8]| {
    let Ok(query) = std::str::from_utf8(data) else { return };
    if let Ok(expr) = prometheus::parse(query) {
        let _ = WORLD.instant(&expr, 600_000);
        let _ = WORLD.range(&expr, (540_000, 600_000), 30_000);
    }
});
