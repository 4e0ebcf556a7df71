//! The same mesh without a screen: table, json, yaml, dot, mermaid, svg.
//!
//! Every function is pure and answers with text; who prints it decides where it goes.

use serde::Serialize;

pub mod check;
pub mod drawing;
pub mod expectation;
pub mod findings;
pub mod gateways;
pub mod graph;
pub mod overview;
pub mod pods;
pub mod route;
pub mod services;
pub mod split;
pub mod svg;
pub mod table;
pub mod tree;
pub mod xml;

/// A document of the JSON contract: `schema` first, then the fields of `body`.
#[derive(Debug, Serialize)]
pub struct Document<T: Serialize> {
    /// `vigla.<name>/v1`.
    pub schema: &'static str,
    #[serde(flatten)]
    pub body: T,
}

/// Indented JSON with a final newline.
pub fn json<T: Serialize>(schema: &'static str, body: &T) -> String {
    plain_json(&Document { schema, body })
}

/// A document that carries its schema itself.
pub fn plain_json<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_else(|_| "{}".into());
    text.push('\n');
    text
}

/// The same document as YAML.
pub fn yaml<T: Serialize>(schema: &'static str, body: &T) -> String {
    serde_saphyr::to_string(&Document { schema, body }).unwrap_or_default()
}
