//! Path normalization, as Envoy does it before it looks at routes.

/// Istio's options in `pathNormalization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Normalization {
    None,
    /// Dot segments, backslashes and needlessly encoded characters.
    #[default]
    Base,
    /// And runs of slashes become one.
    MergeSlashes,
    /// And encoded slashes are decoded before.
    DecodeAndMergeSlashes,
}

impl Normalization {
    pub fn parse(text: &str) -> Self {
        match text {
            "NONE" => Self::None,
            "MERGE_SLASHES" => Self::MergeSlashes,
            "DECODE_AND_MERGE_SLASHES" => Self::DecodeAndMergeSlashes,
            _ => Self::Base,
        }
    }

    /// Applies to a path without its query.
    pub fn apply(self, path: &str) -> String {
        match self {
            Self::None => path.to_owned(),
            Self::Base => resolve_dots(&decode_unreserved(path)),
            Self::MergeSlashes => merge(&resolve_dots(&decode_unreserved(path))),
            Self::DecodeAndMergeSlashes => {
                let decoded = path
                    .replace("%2F", "/")
                    .replace("%2f", "/")
                    .replace("%5C", "\\")
                    .replace("%5c", "\\");
                merge(&resolve_dots(&decode_unreserved(&decoded)))
            }
        }
    }
}

/// Decodes what RFC 3986 calls unreserved; turns backslashes into slashes.
fn decode_unreserved(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(h, l)| h * 16 + l),
            _ => None,
        };
        let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if let Some(byte) = decoded.filter(unreserved) {
            out.push(byte);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            out.push(if first == b'\\' { b'/' } else { first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `/a/./b` and `/a/x/../b` are `/a/b`; empty segments count as segments.
fn resolve_dots(path: &str) -> String {
    let Some(body) = path.strip_prefix('/') else { return path.to_owned() };
    let mut kept: Vec<&str> = Vec::new();
    let last = body.split('/').count().saturating_sub(1);
    for (position, segment) in body.split('/').enumerate() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if position == last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

fn merge(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("/pub/../secret", "/secret")]
    #[case("//secret", "//secret")]
    #[case("/pub//../secret", "/pub/secret")]
    #[case("/%73ecret", "/secret")]
    #[case("/pub/%2e%2e/secret", "/secret")]
    #[case("/pub\\..\\secret", "/secret")]
    #[case("/pub%2f..%2fsecret", "/pub%2f..%2fsecret")]
    #[case("/%2573ecret", "/%2573ecret")]
    #[case("/a/..", "/")]
    #[case("/../..", "/")]
    #[case("/a/.", "/a/")]
    fn base(#[case] path: &str, #[case] normal: &str) {
        assert_eq!(Normalization::Base.apply(path), normal);
    }

    #[rstest]
    #[case("/pub%2F%5csecret", "/pub/secret")]
    #[case("/x/..//pub", "/pub")]
    fn decode_and_merge(#[case] path: &str, #[case] normal: &str) {
        assert_eq!(Normalization::DecodeAndMergeSlashes.apply(path), normal);
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing_more(path in "/[a-z./\\\\%]{0,20}") {
            for how in [Normalization::Base, Normalization::MergeSlashes] {
                let once = how.apply(&path);
                prop_assert!(once.starts_with('/'));
                prop_assert_eq!(resolve_dots(&once), once);
            }
        }
    }
}
