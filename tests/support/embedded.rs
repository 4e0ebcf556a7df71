//! The embedded Prometheus over a test's own samples, on a free loopback port.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use vigla::demo::prometheus::{Prometheus, Store, router};

/// Retention in milliseconds that drops nothing a test stores: a hundred years.
pub(crate) const FOREVER: i64 = 100 * 365 * 24 * 3_600_000;

/// Serves a store whose clock stands at `now`, in seconds since 1970, as long as the runtime runs;
/// its URL.
pub(crate) async fn serve(store: Store, now: i64) -> String {
    let clock = Arc::new(move || now * 1000);
    let prometheus = Arc::new(Prometheus::new(store, clock, Duration::from_secs(15)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async { axum::serve(listener, router(prometheus)).await });
    format!("http://{address}")
}
