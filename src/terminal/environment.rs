//! What the environment says about the terminal: colours, letters, and who sits in between.

use std::ffi::OsString;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorDepth {
    /// None: the user asked for no colour (`NO_COLOR`).
    Mono,
    /// The sixteen of the terminal's own palette.
    #[default]
    Sixteen,
    Palette256,
    True,
}

/// A terminal multiplexer between Vigla and the terminal that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multiplexer {
    #[default]
    None,
    Tmux,
    Screen,
}

/// What was read from the environment, once, at the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    pub depth: ColorDepth,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// The terminal says that its background is light (`COLORFGBG`).
    pub light: bool,
    /// The locale is not UTF-8: only ASCII can be drawn.
    pub ascii: bool,
    /// `TERM=dumb`.
    pub dumb: bool,
    pub multiplexer: Multiplexer,
    /// The terminal is reached through SSH.
    pub remote: bool,
}

impl Environment {
    /// From the process's environment.
    pub fn read() -> Self {
        Self::from_lookup(|name| std::env::var_os(name).map(OsString::into_string)?.ok())
    }

    /// From any environment; a variable that is empty counts as unset, as POSIX has it for the
    /// locale and no-color.org for `NO_COLOR`.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let no_color = get("NO_COLOR").is_some();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get);
        Self {
            depth: if no_color { ColorDepth::Mono } else { depth(&term, get("COLORTERM")) },
            no_color,
            light: get("COLORFGBG").is_some_and(|colours| is_light(&colours)),
            ascii: !locale.is_some_and(|name| is_utf8(&name)),
            dumb: term == "dumb",
            multiplexer: if get("TMUX").is_some() {
                Multiplexer::Tmux
            } else if get("STY").is_some() {
                Multiplexer::Screen
            } else {
                Multiplexer::None
            },
            remote: get("SSH_CONNECTION").is_some(),
        }
    }
}

fn depth(term: &str, colorterm: Option<String>) -> ColorDepth {
    if colorterm.is_some_and(|value| value == "truecolor" || value == "24bit")
        || term.ends_with("-direct")
    {
        ColorDepth::True
    } else if term.contains("256color") {
        ColorDepth::Palette256
    } else {
        ColorDepth::Sixteen
    }
}

/// `COLORFGBG` is the foreground and the background among the sixteen colours, `0;15` or
/// `0;default;15`, as rxvt, Konsole, iTerm2 and others set it; white is 7, bright colours follow
/// bright black, which is 8.
fn is_light(colours: &str) -> bool {
    let background = colours.rsplit(';').next().and_then(|number| number.parse().ok());
    background.is_some_and(|number: u8| matches!(number, 7 | 9..=15))
}

fn is_utf8(locale: &str) -> bool {
    let name = locale.to_ascii_lowercase();
    name.contains("utf-8") || name.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_lookup(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[rstest]
    #[case(&[("TERM", "xterm-256color")], ColorDepth::Palette256)]
    #[case(&[("TERM", "screen")], ColorDepth::Sixteen)]
    #[case(&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")], ColorDepth::True)]
    #[case(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], ColorDepth::Mono)]
    #[case(&[("TERM", "xterm-256color"), ("NO_COLOR", "")], ColorDepth::Palette256)]
    fn colour_depth(#[case] pairs: &[(&str, &str)], #[case] depth: ColorDepth) {
        assert_eq!(of(pairs).depth, depth);
    }

    #[rstest]
    #[case(&[("LANG", "C")], true)]
    #[case(&[], true)]
    #[case(&[("LANG", "el_GR.UTF-8")], false)]
    #[case(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], true)]
    #[case(&[("LANG", "C.utf8"), ("LC_ALL", "")], false)]
    fn letters(#[case] pairs: &[(&str, &str)], #[case] ascii: bool) {
        assert_eq!(of(pairs).ascii, ascii);
    }

    #[rstest]
    #[case("0;15", true)]
    #[case("0;default;15", true)]
    #[case("0;7", true)]
    #[case("15;0", false)]
    #[case("7;8", false)]
    #[case("15;default", false)]
    #[case("", false)]
    #[case("0;\u{1b}[2J", false)]
    fn backgrounds(#[case] colours: &str, #[case] light: bool) {
        assert_eq!(of(&[("COLORFGBG", colours)]).light, light);
    }

    #[test]
    fn who_sits_in_between() {
        assert_eq!(of(&[("TMUX", "/tmp/x,1,0")]).multiplexer, Multiplexer::Tmux);
        assert_eq!(of(&[("STY", "1.pts")]).multiplexer, Multiplexer::Screen);
        assert!(of(&[("TERM", "dumb")]).dumb);
    }
}
