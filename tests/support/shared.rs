//! Where facts shared by all of the project's tests lie.

use std::path::{Path, PathBuf};

/// A folder or file of the shared facts: under `$VIGLA_SHARED`, else beside the project. None,
/// with the reason printed, where it is missing.
pub fn shared(sub: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VIGLA_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(sub);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}
