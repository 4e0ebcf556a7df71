//! Prometheus, or what speaks its API: a thin client over three ways to reach it, the few wide
//! queries of a refresh, and their answers as rows.
//!
//! Reading order: [`options`] (what the user says), [`transport`] (how a request gets there),
//! [`client`] (one question, one answer, bounded), [`promql`] (the text of the questions),
//! [`answer`] and [`decode`] (what came back), [`refresh`] (all questions of a moment at once),
//! [`find`] (where it is, when the user does not say).

pub mod answer;
pub mod client;
pub mod decode;
pub mod find;
pub mod options;
pub mod promql;
pub mod refresh;
mod replica;
pub mod transport;

pub use client::{BuildInfo, Client, Range, Series};
pub use find::{Found, discover};
pub use options::{Credentials, PrometheusOptions, Secret};
pub use promql::{LatencyBy, TelemetryRequest};
pub use transport::Transport;
