//! Lines of toned text, folded to the width there is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::app::doc;
use crate::app::list::Tone;
use crate::ui::View;

/// Draws as many lines as there is room for; how many rows of them there would be.
pub(in crate::ui) fn draw<'a>(
    frame: &mut Frame<'_>,
    area: Rect,
    lines: impl Iterator<Item = &'a doc::Line>,
    view: &View,
) -> usize {
    let width = usize::from(area.width).max(1);
    let mut rows = 0;
    for line in lines.flat_map(|line| fold(line, width)) {
        let y = usize::from(area.y) + rows;
        rows += 1;
        let Some(y) = u16::try_from(y).ok().filter(|y| *y < area.bottom()) else { continue };
        let spans = line.into_iter().map(|(tone, text)| Span::styled(text, view.theme.style(tone)));
        let place = Rect { y, height: 1, ..area };
        frame.render_widget(Line::from(spans.collect::<Vec<_>>()), place);
    }
    rows
}

/// A line in pieces no wider than the window, broken between words; what follows is indented
/// like the first.
fn fold(line: &doc::Line, width: usize) -> Vec<doc::Line> {
    let text: String = line.iter().map(|(_, text)| text.as_str()).collect();
    if text.trim_end().width() <= width {
        return vec![line.clone()];
    }
    let indent = text.chars().take_while(|c| *c == ' ').count().min(width / 2);
    let mut folded = Folded { lines: Vec::new(), now: doc::Line::new(), cells: 0, indent };
    for (tone, text) in line {
        for word in text.split_inclusive(' ') {
            if folded.cells + word.trim_end().width() > width && folded.begun() {
                folded.end();
            }
            for letter in word.chars() {
                let cells = letter.width().unwrap_or_default();
                if folded.cells + cells > width && letter != ' ' {
                    folded.end();
                }
                folded.push(*tone, letter, cells);
            }
        }
    }
    folded.lines.push(folded.now);
    folded.lines
}

/// A line being folded.
struct Folded {
    lines: Vec<doc::Line>,
    now: doc::Line,
    cells: usize,
    indent: usize,
}

impl Folded {
    fn begun(&self) -> bool {
        self.now.iter().any(|(_, text)| !text.trim().is_empty())
    }

    fn end(&mut self) {
        let next = vec![(Tone::Text, " ".repeat(self.indent))];
        self.lines.push(std::mem::replace(&mut self.now, next));
        self.cells = self.indent;
    }

    fn push(&mut self, tone: Tone, letter: char, cells: usize) {
        self.cells += cells;
        match self.now.last_mut() {
            Some((last, text)) if *last == tone => text.push(letter),
            _ => self.now.push((tone, letter.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(line: &doc::Line, width: usize) -> Vec<String> {
        let text = |line: doc::Line| line.into_iter().map(|(_, text)| text).collect::<String>();
        fold(line, width).into_iter().map(text).collect()
    }

    #[test]
    fn lines_are_folded_between_words_and_long_words_inside() {
        let plain = |text: &str| vec![(Tone::Text, text.to_owned())];
        assert_eq!(folded(&plain("  one two three"), 9), ["  one two ", "  three"]);
        assert!(folded(&plain(&"x".repeat(30)), 8).iter().all(|line| line.width() <= 8));
    }

    #[test]
    fn pieces_keep_their_tones() {
        let line = vec![(Tone::Dim, "key ".to_owned()), (Tone::Bad, "all is lost".to_owned())];
        let lines = fold(&line, 8);
        assert_eq!(folded(&line, 8), ["key all ", "is lost"]);
        assert!(lines.iter().flatten().any(|(tone, text)| *tone == Tone::Bad && text == "is lost"));
        assert_eq!(lines[0][0], (Tone::Dim, "key ".to_owned()));
    }
}
