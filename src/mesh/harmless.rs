//! Text from outside, made harmless once, where it comes in (rule 9 of the design).
//!
//! Names, labels, messages and bodies from a cluster can carry escape sequences that would act
//! on the operator's terminal. What remains after [`text`] cannot: no control character but
//! newline and tab, no bidirectional control, no zero-width or other invisible format character.

use std::borrow::Cow;

use memchr::memchr_iter;

/// What stands where a harmful character stood: visible, one cell, in every font.
const REPLACEMENT: char = '\u{FFFD}';

/// Whether `c` could act on a terminal, reorder the text around it, or hide in it.
pub fn is_harmful(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{9F}' // C0 but tab and newline, DEL, C1
        | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// `text` with every harmful character replaced; newlines and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if !is_tainted(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_harmful(c) { REPLACEMENT } else { c }).collect())
}

/// `text` fit for one line: newlines and tabs become spaces, harmful characters are replaced.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\t']) {
        let flat = text.replace(['\n', '\t'], " ");
        return Cow::Owned(self::text(&flat).into_owned());
    }
    self::text(text)
}

/// Whether any character of `text` is harmful. Most text is ASCII without controls, which is told
/// by its bytes.
fn is_tainted(text: &str) -> bool {
    let plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    !plain && text.contains(is_harmful)
}

/// Makes every string and key inside `value` harmless.
pub fn value(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(s) => {
            if let Cow::Owned(clean) = text(s) {
                *s = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(self::value),
        Value::Object(map) => {
            if map.keys().any(|key| is_tainted(key)) {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, inner)| (text(&key).into_owned(), inner))
                    .collect();
            }
            map.values_mut().for_each(self::value);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether JSON text may hold a harmful character, escaped or not; false is certain.
pub fn json_is_suspicious(json: &str) -> bool {
    let escaped = |at| matches!(json.as_bytes().get(at + 1), Some(b'u' | b'b' | b'f' | b'r'));
    is_tainted(json) || memchr_iter(b'\\', json.as_bytes()).any(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_lose_their_power_and_words_stay() {
        assert_eq!(text("a\u{1b}[31mb\u{7}"), "a\u{FFFD}[31mb\u{FFFD}");
        assert_eq!(text("evil\u{202e}txt\u{200b}"), "evil\u{FFFD}txt\u{FFFD}");
        assert_eq!(text("line\nother\tcell"), "line\nother\tcell");
        assert_eq!(line("line\nother\tcell"), "line other cell");
        assert!(matches!(text("βίγλα 日本 é"), Cow::Borrowed(_)));
    }

    #[test]
    fn values_are_cleaned_through_and_through() {
        let mut v: serde_json::Value =
            serde_json::from_str(r#"{"a\u001b":["x\u202e",{"b":"\u009b1m"}]}"#).unwrap();
        value(&mut v);
        assert_eq!(v.to_string(), "{\"a\u{FFFD}\":[\"x\u{FFFD}\",{\"b\":\"\u{FFFD}1m\"}]}");
    }
}
