//! Themes: roles, not colours, are what screens name; a theme says how each role looks.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::app::list::Tone;
use crate::mesh::graph::Health;
use crate::mesh::harmless;
use crate::terminal::ColorDepth;

mod color;

/// What a piece of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Text,
    Dim,
    Strong,
    Accent,
    Good,
    Warn,
    Bad,
    /// Titles of columns.
    Header,
    /// The selected row.
    Selected,
    /// The screen one is at, in the tab line.
    Tab,
    /// Keys in hints and help.
    Key,
    /// Frames of what lies over a screen, lines that separate.
    Border,
    /// What a search found.
    Found,
    /// Bars of observed shares.
    Bar,
    /// The mark of a configured share on a bar.
    Want,
}

impl Role {
    /// Every role; a theme names each of them.
    pub const ALL: [Self; 15] = [
        Self::Text,
        Self::Dim,
        Self::Strong,
        Self::Accent,
        Self::Good,
        Self::Warn,
        Self::Bad,
        Self::Header,
        Self::Selected,
        Self::Tab,
        Self::Key,
        Self::Border,
        Self::Found,
        Self::Bar,
        Self::Want,
    ];
}

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Text => Self::Text,
            Tone::Dim => Self::Dim,
            Tone::Strong => Self::Strong,
            Tone::Accent => Self::Accent,
            Tone::Good => Self::Good,
            Tone::Warn => Self::Warn,
            Tone::Bad => Self::Bad,
        }
    }
}

/// How every role looks on the terminal at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Role, Style>,
}

/// Why a theme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// With line and column, in the words of the TOML parser.
    #[error("{0}")]
    Toml(String),
    #[error(
        "{role}: {word:?} is neither a colour (red, bright-red, 0 to 255, #rrggbb) nor one of bold, dim, italic, underline, reverse"
    )]
    Word { role: String, word: String },
}

/// The themes that come with Vigla, by name.
const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

impl Theme {
    /// Names of the themes that come with Vigla.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme that comes with Vigla; `None` for an unknown name.
    pub fn named(name: &str, depth: ColorDepth) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::load(text, depth).ok()
    }

    /// The theme for a terminal where none was chosen.
    pub fn fitting(depth: ColorDepth, light: bool) -> Self {
        let name = match (depth, light) {
            (ColorDepth::Mono, _) => "mono",
            (_, true) => "light",
            (_, false) => "dark",
        };
        Self::named(name, depth).unwrap_or(Self { styles: BTreeMap::new() })
    }

    /// From the text of a theme file; roles it does not name are as in `dark`. Colours are
    /// brought down to what the terminal shows; without colours, modifiers stay.
    pub fn load(text: &str, depth: ColorDepth) -> Result<Self, ThemeError> {
        let parse = |text: &str| {
            toml::from_str::<BTreeMap<Role, String>>(text)
                .map_err(|error| ThemeError::Toml(harmless::text(&error.to_string()).into_owned()))
        };
        let mut words = parse(BUILT_IN[0].1)?;
        words.extend(parse(text)?);
        let style = |(role, words): (Role, String)| {
            let style = color::style(&words, depth).map_err(|word| ThemeError::Word {
                role: format!("{role:?}").to_lowercase(),
                word,
            })?;
            Ok((role, style))
        };
        Ok(Self { styles: words.into_iter().map(style).collect::<Result<_, ThemeError>>()? })
    }

    pub fn style(&self, role: impl Into<Role>) -> Style {
        self.styles.get(&role.into()).copied().unwrap_or_default()
    }

    /// The style of a health.
    pub fn health(&self, health: Health) -> Style {
        self.style(Tone::from(health))
    }

    /// A style on the selected row: the row's background, the cell's own meaning kept where
    /// colours allow it.
    pub fn on_selected(&self, style: Style) -> Style {
        let selected = self.style(Role::Selected);
        if selected.add_modifier.contains(Modifier::REVERSED) {
            // A reversed colour would become a background of its own.
            return selected.add_modifier(style.add_modifier - Modifier::DIM);
        }
        style
            .patch(Style { fg: style.fg.or(selected.fg), ..selected })
            .remove_modifier(Modifier::DIM)
    }
}

/// Whether a style would show a colour.
pub fn is_coloured(style: Style) -> bool {
    [style.fg, style.bg, style.underline_color].into_iter().flatten().any(|c| c != Color::Reset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const DEPTHS: [ColorDepth; 4] =
        [ColorDepth::Mono, ColorDepth::Sixteen, ColorDepth::Palette256, ColorDepth::True];

    #[test]
    fn every_theme_names_every_role_at_every_depth() {
        for (name, text) in BUILT_IN {
            let named: BTreeMap<Role, String> = toml::from_str(text).unwrap();
            assert_eq!(named.len(), Role::ALL.len(), "{name}");
            for depth in DEPTHS {
                Theme::load(text, depth).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    #[test]
    fn without_colour_the_selection_is_still_seen() {
        for (name, text) in BUILT_IN {
            let theme = Theme::load(text, ColorDepth::Mono).unwrap();
            assert!(Role::ALL.iter().all(|role| !is_coloured(theme.style(*role))), "{name}");
            let selected = theme.on_selected(theme.style(Role::Dim));
            assert!(selected.add_modifier.contains(Modifier::REVERSED), "{name}");
        }
    }

    #[test]
    fn sixteen_colours_mean_sixteen_colours() {
        for (name, text) in BUILT_IN {
            let theme = Theme::load(text, ColorDepth::Sixteen).unwrap();
            for style in theme.styles.values() {
                for color in [style.fg, style.bg].into_iter().flatten() {
                    assert!(!matches!(color, Color::Rgb(..) | Color::Indexed(_)), "{name} {color}");
                }
            }
        }
    }

    /// The colour in red, green and blue, where that is not left to the terminal.
    fn rgb(color: Color) -> Option<[u8; 3]> {
        const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        match color {
            Color::Rgb(r, g, b) => Some([r, g, b]),
            Color::Indexed(number @ 232..) => Some([8 + 10 * (number - 232); 3]),
            Color::Indexed(number @ 16..) => {
                Some([36, 6, 1].map(|step| LEVELS[usize::from((number - 16) / step % 6)]))
            }
            _ => None,
        }
    }

    /// How well one is told from the other, 1 to 21: the contrast ratio of WCAG 2.2.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let luminance = |color: [u8; 3]| {
            let linear = color.map(|part| match f64::from(part) / 255.0 {
                part if part <= 0.04045 => part / 12.92,
                part => ((part + 0.055) / 1.055).powf(2.4),
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    #[rstest]
    #[case("light", [[255, 255, 255], [250, 245, 230]])]
    #[case("dark", [[0, 0, 0], [30, 30, 30]])]
    fn everything_can_be_read_on_the_background_it_is_for(
        #[case] name: &str,
        #[case] grounds: [[u8; 3]; 2],
        #[values(ColorDepth::True, ColorDepth::Palette256)] depth: ColorDepth,
    ) {
        let theme = Theme::named(name, depth).unwrap();
        let readable = |role: Role, style: Style, ground: [u8; 3], least: f64| {
            let ground = style.bg.and_then(rgb).unwrap_or(ground);
            if let Some(letters) = style.fg.and_then(rgb) {
                let found = contrast(letters, ground);
                assert!(found >= least, "{role:?} on {ground:?}: {found:.2}");
            }
        };
        for role in Role::ALL {
            let style = theme.style(role);
            for ground in grounds {
                // Borders are seen, not read.
                readable(role, style, ground, if role == Role::Border { 2.0 } else { 4.0 });
                if style.bg.is_none() && role != Role::Border {
                    readable(role, theme.on_selected(style), ground, 3.0);
                }
            }
        }
    }

    #[rstest]
    #[case(ColorDepth::True, false, "dark")]
    #[case(ColorDepth::Sixteen, true, "light")]
    #[case(ColorDepth::Mono, true, "mono")]
    fn where_none_was_chosen_the_terminal_decides(
        #[case] depth: ColorDepth,
        #[case] light: bool,
        #[case] name: &str,
    ) {
        assert_eq!(Theme::fitting(depth, light), Theme::named(name, depth).unwrap());
    }

    /// The parser's words quote the line.
    #[test]
    fn what_is_quoted_is_harmless() {
        let error = Theme::load("text = \"red\"\u{1b}]52;c;\u{7}", ColorDepth::True).unwrap_err();
        assert!(!error.to_string().contains(harmless::is_harmful), "{error:?}");
    }

    #[rstest]
    #[case("text = \"reddish\"", "reddish")]
    #[case("txt = \"red\"", "txt")]
    #[case("text = 5", "string")]
    fn mistakes_are_named(#[case] text: &str, #[case] named: &str) {
        let error = Theme::load(text, ColorDepth::True).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}
