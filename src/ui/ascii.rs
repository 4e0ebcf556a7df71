//! For terminals that know ASCII only: every other letter on the screen gets a stand-in.

use ratatui::buffer::Buffer;

/// Puts ASCII in place of every letter that is not, wherever it came from.
pub(super) fn only(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.is_ascii() {
            let stand_in = symbol.chars().next().map_or(' ', stand_in);
            cell.set_char(stand_in);
        }
    }
}

/// What an ASCII terminal shows for a letter.
fn stand_in(letter: char) -> char {
    match letter {
        '─' | '━' | '–' | '═' | '┈' | '┄' | '╌' | '—' | '░' | '▁' | '▂' | '▃' | '┅' | '╎' => {
            '-'
        }
        '│' | '┃' | '║' | '▐' | '▌' | '▏' | '┊' => '|',
        '●' | '◆' | '•' => '*',
        '○' | '◌' => 'o',
        '▲' | '△' | '↑' | '╱' => '^',
        '▼' | '▾' | '↓' => 'v',
        '►' | '▸' | '→' | '›' | '≥' => '>',
        '◄' | '◂' | '←' | '‹' => '<',
        '✕' | '✗' => 'x',
        '·' => '.',
        // Not a dot: what was cut must not read as a name or an address.
        '…' | '⋯' => '~',
        '█' | '▓' | '▉' | '▊' | '▋' | '▆' | '▇' => '#',
        '▒' | '▍' | '▎' | '▄' | '▅' => '=',
        '⤴' | '↺' | '↻' => '@',
        '╲' => '\\',
        // Corners and joints of every weight.
        '✓' | '\u{250C}'..='\u{257F}' => '+',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_but_ascii_remains() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "├─● é短 3…", Style::default());
        only(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("+-* ??") && text.contains("3~"), "{text}");
    }
}
