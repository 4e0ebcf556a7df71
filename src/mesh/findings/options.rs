//! What a user may say about findings: which to leave out, and from which level on to fail.

use super::{Level, Subject};
use crate::mesh::Trouble;

/// A code that is not to be shown, for all objects or for those that fit a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    code: String,
    /// A glob over `Kind namespace/name`, over `Kind name.namespace`, and for cluster-scoped
    /// objects over `Kind name`; `None` fits all.
    pattern: Option<String>,
}

impl Suppression {
    /// Whether a finding of this code on this object is left out.
    pub fn covers(&self, code: &str, object: &Subject) -> bool {
        if !self.code.eq_ignore_ascii_case(code) {
            return false;
        }
        let Some(pattern) = &self.pattern else { return true };
        let Subject { kind, namespace, name, .. } = object;
        if namespace.is_empty() {
            return glob(pattern, &format!("{kind} {name}"));
        }
        glob(pattern, &format!("{kind} {namespace}/{name}"))
            || glob(pattern, &format!("{kind} {name}.{namespace}"))
    }
}

/// Reads `CODE` or `CODE=PATTERN`, where the pattern is `KIND NAMESPACE/NAME` as istioctl
/// compares it or `KIND NAME.NAMESPACE` as its help says; `*` stands for any text.
///
/// # Errors
/// When the code is not one that Vigla knows.
pub fn parse_suppression(text: &str) -> Result<Suppression, Trouble> {
    let (code, pattern) = match text.split_once('=') {
        Some((code, pattern)) => (code.trim(), Some(pattern.trim().to_owned())),
        None => (text.trim(), None),
    };
    if !super::rules::RULES.iter().any(|rule| rule.code.eq_ignore_ascii_case(code)) {
        return Err(Trouble::new(
            format!("read --suppress {text}"),
            format!("there is no code {code}"),
            "vigla analyze --list prints every code",
        ));
    }
    Ok(Suppression { code: code.to_owned(), pattern })
}

/// Reads `error`, `warning` or `info`, in any case.
///
/// # Errors
/// For any other word.
pub fn parse_threshold(text: &str) -> Result<Level, Trouble> {
    match text.to_ascii_lowercase().as_str() {
        "error" => Ok(Level::Error),
        "warning" => Ok(Level::Warning),
        "info" => Ok(Level::Info),
        _ => Err(Trouble::new(
            format!("read --failure-threshold {text}"),
            format!("there is no level {text}"),
            "use error, warning or info",
        )),
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(found) => left = left.get(found + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn service(namespace: &str, name: &str) -> Subject {
        Subject {
            kind: "VirtualService",
            group: "",
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    #[rstest]
    #[case("IST0101", true)]
    #[case("ist0101=VirtualService a/one", true)]
    #[case("IST0101=VirtualService one.a", true)]
    #[case("IST0101=VirtualService *", true)]
    #[case("IST0101=* a/*", true)]
    #[case("IST0101=*Service*on*", true)]
    #[case("IST0101=VirtualService a/on", false)]
    #[case("IST0102", false)]
    fn suppression(#[case] text: &str, #[case] covered: bool) {
        let suppression = parse_suppression(text).unwrap();
        assert_eq!(suppression.covers("IST0101", &service("a", "one")), covered);
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(parse_suppression("IST9999").unwrap_err().why.contains("IST9999"));
        assert!(parse_threshold("fatal").unwrap_err().hint.contains("warning"));
        assert_eq!(parse_threshold("Warning").unwrap(), Level::Warning);
    }
}
