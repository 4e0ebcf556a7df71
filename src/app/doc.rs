//! Text with meaning: what the YAML and detail views show.

use super::list::Tone;

/// A text in lines of toned pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doc {
    pub lines: Vec<Line>,
    /// The line that one came for, counted from 0.
    pub marked: Option<usize>,
}

/// One line.
pub type Line = Vec<(Tone, String)>;

/// Longest text that is shown; objects that are longer are cut with a word about it.
pub const MOST_LINES: usize = 20_000;

impl Doc {
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::new());
    }

    pub fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.blank();
        }
        self.lines.push(vec![(Tone::Accent, text.to_owned())]);
    }

    /// A name and its value, the values standing under each other; nothing where it is empty.
    pub fn field(&mut self, name: &str, tone: Tone, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.lines.push(vec![(Tone::Dim, format!("  {name:<16} ")), (tone, value)]);
        }
    }

    pub fn text(&self) -> String {
        let line = |line: &Line| line.iter().map(|(_, text)| text.as_str()).collect::<String>();
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Lines that contain a text, whatever the case.
    pub fn find(&self, text: &str) -> Vec<usize> {
        let text = text.to_lowercase();
        if text.is_empty() {
            return Vec::new();
        }
        let has = |line: &Line| {
            line.iter()
                .map(|(_, part)| part.as_str())
                .collect::<String>()
                .to_lowercase()
                .contains(&text)
        };
        self.lines.iter().enumerate().filter(|(_, line)| has(line)).map(|(at, _)| at).collect()
    }
}

/// A text as it is, its first line standing out.
pub fn plain(text: &str) -> Doc {
    let tone = |at| if at == 0 { Tone::Accent } else { Tone::Text };
    let lines = text.lines().enumerate().map(|(at, line)| vec![(tone(at), line.to_owned())]);
    Doc { lines: lines.collect(), ..Doc::default() }
}

/// A text as YAML, coloured: keys, values, comments.
pub fn yaml(text: &str) -> Doc {
    let mut doc = Doc::default();
    for line in text.lines().take(MOST_LINES) {
        doc.push(yaml_line(line));
    }
    if text.lines().nth(MOST_LINES).is_some() {
        doc.push(vec![(Tone::Warn, format!("… cut after {MOST_LINES} lines"))]);
    }
    doc
}

fn yaml_line(line: &str) -> Line {
    let start = line.len() - line.trim_start_matches([' ', '-']).len();
    let (indent, rest) = line.split_at(start);
    let colon = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1));
    match colon {
        Some(colon) if !rest.starts_with(['"', '\'']) => {
            let (key, value) = rest.split_at(colon + 1);
            vec![
                (Tone::Dim, indent.to_owned()),
                (Tone::Accent, key.to_owned()),
                (Tone::Text, value.to_owned()),
            ]
        }
        _ => vec![(Tone::Dim, indent.to_owned()), (Tone::Text, rest.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_keeps_every_letter() {
        let text = "spec:\n  - name: \"a: b\"\n    url: http://x:80/\n  - 'odd: key'\n";
        assert_eq!(yaml(text).text(), text.trim_end());
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let doc = yaml(&"a: 1\n".repeat(MOST_LINES + 5));
        assert_eq!(doc.lines.len(), MOST_LINES + 1);
        assert!(doc.text().ends_with("lines"));
    }

    #[test]
    fn find_ignores_case() {
        assert_eq!(yaml("Name: x\nother: name\nz: 1").find("NAME"), [0, 1]);
        assert!(yaml("a: 1").find("").is_empty());
    }
}
