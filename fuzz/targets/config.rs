//! Settings, themes, keys, expectations and manifests from files: read, or refused in words that
//! are harmless.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vigla::app::keymap::Keymap;
use vigla::config::Config;
use vigla::mesh::expectation::ExpectationFile;
use vigla::mesh::harmless::is_harmful;
use vigla::terminal::ColorDepth;
use vigla::ui::theme::Theme;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let config = Config::parse(text, "vigla.toml");
    let keys = config.as_ref().ok().and_then(|config| Keymap::with(&config.keys).err());
    let expectations = ExpectationFile::parse(text, "routes.yaml");
    let theme = Theme::load(text, ColorDepth::True).err();
    let refused = [
        config.err().map(|trouble| trouble.to_string()),
        keys.map(|error| error.to_string()),
        expectations.err().map(|trouble| trouble.to_string()),
        theme.map(|error| error.to_string()),
    ];
    for told in refused.into_iter().flatten() {
        assert!(!told.contains(is_harmful), "{told:?}");
    }
});
