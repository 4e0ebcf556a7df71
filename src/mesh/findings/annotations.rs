//! Istio's annotations: what each is for, and what it may say.

use serde_json::Value;

use super::About;
use super::schema::{proxy_config, vocabulary};
use crate::mesh::object::Labels;

mod table;

use table::{Known, TABLE, Values};

/// What is wrong with an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Unknown,
    Deprecated,
    /// It belongs to these kinds.
    Misplaced(&'static [&'static str]),
    /// Its value cannot be read: why.
    Invalid(String),
}

/// Everything that is wrong with the annotations of an object.
pub fn judge<'a>(about: &About<'a>) -> Vec<(&'a str, Verdict)> {
    let kind = about.kind.info().name;
    let annotations: &'a Labels = &about.meta.annotations;
    annotations.iter().flat_map(|(name, value)| judge_one(kind, name, value)).collect()
}

/// The place of an annotation in its object.
pub fn path(name: &str) -> String {
    format!("metadata.annotations[\"{name}\"]")
}

fn judge_one<'a>(kind: &str, name: &'a str, value: &str) -> Vec<(&'a str, Verdict)> {
    const NEVER: &[&str] =
        &["sidecar.istio.io/status", "gateway.istio.io/controller-version", "istio.io/rev"];
    if NEVER.contains(&name) {
        return Vec::new();
    }
    let Some(known) = TABLE.iter().find(|known| known.name == name) else {
        let prefix = name.split_once('/').map_or(name, |(prefix, _)| prefix);
        let ours = prefix.ends_with("istio.io");
        return ours.then_some((name, Verdict::Unknown)).into_iter().collect();
    };
    let mut found = Vec::new();
    if known.deprecated {
        found.push((name, Verdict::Deprecated));
    }
    found.extend(placed(known, kind, value).map(|verdict| (name, verdict)));
    found
}

fn placed(known: &Known, kind: &str, value: &str) -> Option<Verdict> {
    if known.kinds.is_empty() {
        return None;
    }
    if !known.kinds.contains(&kind) {
        return Some(Verdict::Misplaced(known.kinds));
    }
    invalid(known.values, known.name, value).map(Verdict::Invalid)
}

/// Why a value cannot be read, in Go's words where istioctl shows Go's.
fn invalid(values: Values, name: &str, value: &str) -> Option<String> {
    match values {
        Values::Any => None,
        Values::Bool => {
            const BOOLS: &[&str] =
                &["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];
            (!BOOLS.contains(&value))
                .then(|| format!("strconv.ParseBool: parsing {value:?}: invalid syntax"))
        }
        Values::Uint32 => unsigned(value, u64::from(u32::MAX)).err(),
        Values::Mode => (!matches!(value, "REDIRECT" | "TPROXY" | "NONE"))
            .then(|| format!("interceptionMode invalid, use REDIRECT,TPROXY,NONE: {value}")),
        Values::Ranges => ranges(name, value),
        Values::Ports => ports(name, value),
        Values::Port => unsigned(value.trim(), 65535).err().map(|error| {
            format!("excludeInboundPorts invalid: failed parsing port '{value}': {error}")
        }),
        Values::Quantity => quantity(value),
        Values::Interfaces => interfaces(value),
        Values::ProxyConfig => proxy(value),
    }
}

fn unsigned(text: &str, max: u64) -> Result<u64, String> {
    let error = |why| format!("strconv.ParseUint: parsing {text:?}: {why}");
    if text.is_empty() || !text.bytes().all(|c| c.is_ascii_digit()) {
        return Err(error("invalid syntax"));
    }
    text.parse().ok().filter(|n| *n <= max).ok_or_else(|| error("value out of range"))
}

fn ranges(name: &str, value: &str) -> Option<String> {
    let word = if name.ends_with("includeOutboundIPRanges") {
        "includeIPRanges"
    } else {
        "excludeIPRanges"
    };
    if value.is_empty() || (value == "*" && word == "includeIPRanges") {
        return None;
    }
    value.split(',').find_map(|range| {
        vocabulary::cidr_problem(range)
            .map(|why| format!("{word} invalid: failed parsing cidr '{range}': {why}"))
    })
}

fn ports(name: &str, value: &str) -> Option<String> {
    let word = name.rsplit('/').next().unwrap_or(name);
    let value = value.trim();
    if value.is_empty() || (value == "*" && word == "includeInboundPorts") {
        return None;
    }
    value.split(',').map(str::trim).find_map(|port| {
        unsigned(port, 65535).err().map(|error| {
            format!(
                "{word} invalid: failed parsing port '{port}': failed parsing port '{port}': {error}"
            )
        })
    })
}

/// Kubernetes' resource quantities: sign, digits with at most one dot, suffix.
fn quantity(value: &str) -> Option<String> {
    const SUFFIXES: &[&str] =
        &["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|e| e.parse::<i32>().is_ok());
    let fits =
        digits > 0 && number.matches('.').count() <= 1 && (SUFFIXES.contains(&suffix) || exponent);
    (!fits).then(|| {
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            .into()
    })
}

fn interfaces(value: &str) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    value.split(',').map(str::trim).find_map(|name| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:@".contains(c);
        if name.is_empty() {
            Some("empty interface name".into())
        } else if name.len() > 15 {
            Some(format!("interface name {name:?} too long (max 15 chars)"))
        } else if !name.chars().all(fits) {
            Some(format!("interface name {name:?} contains invalid characters"))
        } else {
            None
        }
    })
}

fn proxy(value: &str) -> Option<String> {
    let config: Value = match serde_saphyr::from_str(value) {
        Ok(config @ (Value::Object(_) | Value::Null)) => config,
        Ok(_) => return Some("failed to convert to apply proxy config: not a map".into()),
        Err(error) => return Some(format!("failed to convert to apply proxy config: {error}")),
    };
    vocabulary::multi_error(&proxy_config::problems(&config))
}
