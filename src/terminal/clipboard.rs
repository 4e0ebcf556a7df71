//! The clipboard over SSH: OSC 52, wrapped for tmux and screen, which pass only what is wrapped.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

use super::environment::Multiplexer;
use crate::mesh::harmless;

/// Longest sequence that terminals in use accept (xterm's and tmux's limit is about 75 kB of
/// base64); longer text is refused rather than cut.
pub const LONGEST: usize = 74_994;

/// How long one piece may be that `screen` passes through.
const SCREEN_PIECE: usize = 512;

/// The sequence that copies a text; `None` if it is too long for the terminals in use.
///
/// The text is made harmless first: what is copied is meant to be pasted into a shell.
pub fn sequence(text: &str, multiplexer: Multiplexer) -> Option<String> {
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(harmless::text(text).as_bytes())
        .write_ansi(&mut plain)
        .ok()?;
    if plain.len() > LONGEST {
        return None;
    }
    Some(match multiplexer {
        Multiplexer::None => plain,
        // Both forms: the bare one for tmux with `set-clipboard on`, the wrapped one for
        // `allow-passthrough`. Whichever is off is ignored.
        Multiplexer::Tmux => {
            format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
        }
        Multiplexer::Screen => in_pieces(&plain),
    })
}

/// `screen` passes device control strings of limited length; base64 and OSC are ASCII.
fn in_pieces(plain: &str) -> String {
    let mut wrapped = String::new();
    let mut rest = plain;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(SCREEN_PIECE));
        wrapped.push_str("\x1bP");
        wrapped.push_str(piece);
        wrapped.push_str("\x1b\\");
        rest = after;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_tmux() {
        let plain = sequence("vigla", Multiplexer::None).unwrap();
        assert!(plain.starts_with("\x1b]52;c;dmlnbGE="), "{plain:?}");
        let tmux = sequence("vigla", Multiplexer::Tmux).unwrap();
        assert!(tmux.contains("\x1bPtmux;\x1b\x1b]52;c;"), "{tmux:?}");
    }

    #[test]
    fn screen_gets_pieces_and_long_text_is_refused() {
        let text = "x".repeat(3000);
        assert!(sequence(&text, Multiplexer::Screen).unwrap().matches("\x1bP").count() > 5);
        assert_eq!(sequence(&"x".repeat(100_000), Multiplexer::None), None);
    }

    #[test]
    fn escapes_do_not_reach_the_clipboard() {
        let clean = sequence("a\u{FFFD}b", Multiplexer::None);
        assert_eq!(sequence("a\x1bb", Multiplexer::None), clean);
    }
}
