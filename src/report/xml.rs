//! XML text, for JUnit and SVG.

/// Text fit for XML content and attribute values.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            // Not allowed in XML at all, escaped or not.
            '\u{0}'..='\u{8}'
            | '\u{B}'
            | '\u{C}'
            | '\u{E}'..='\u{1F}'
            | '\u{FFFE}'
            | '\u{FFFF}' => {
                safe.push('\u{FFFD}');
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_and_forbidden_characters_are_harmless() {
        assert_eq!(super::escape("<a b='c'>&\u{1}"), "&lt;a b=&apos;c&apos;&gt;&amp;\u{FFFD}");
    }
}
