//! The rules of ARCHITECTURE.md that a test can check: who may know whom, and how long a file is.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// A part of the tree, and the crates and modules that its code may not name.
#[rustfmt::skip]
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("mesh", &["tokio", "kube", "reqwest", "ratatui", "crossterm", "crate::source", "crate::app",
        "crate::ui", "crate::layout", "crate::report", "crate::demo", "crate::terminal"]),
    ("layout", &["tokio", "kube", "reqwest", "ratatui", "crossterm", "crate::source", "crate::app",
        "crate::ui", "crate::report", "crate::demo"]),
    ("source", &["ratatui", "crossterm", "crate::app", "crate::ui", "crate::report"]),
    ("ui", &["tokio", "kube", "reqwest", "crate::source", "crate::demo"]),
    ("report", &["tokio", "kube", "reqwest", "ratatui", "crossterm", "crate::source", "crate::app",
        "crate::ui", "crate::demo"]),
    ("demo", &["ratatui", "crossterm", "crate::app", "crate::ui", "crate::report"]),
];

/// Production code of one file ends here; tests beside it do not count.
const LIMIT: usize = 500;

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![under.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a part: `src/part.rs` and everything under `src/part/`, without test files.
fn part(name: &str) -> Vec<PathBuf> {
    let folder = src().join(name);
    let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
    files.push(src().join(format!("{name}.rs")));
    files.retain(|file| !file.ends_with("tests.rs"));
    files
}

/// Code without comments and without the tests at the end of the file.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}

/// Whether a line names a crate or module by this path, and not a longer word or a module of the
/// same name somewhere below (`super::kube`).
fn names(line: &str, path: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(path).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + path.len()..]);
        let starts = before.strip_suffix("::").map_or_else(
            || !before.ends_with(part_of_word),
            |outer| !outer.ends_with(part_of_word),
        );
        starts && (after.starts_with("::") || after.starts_with(';'))
    })
}

#[test]
fn each_part_knows_only_what_it_may() {
    let mut broken = Vec::new();
    for (name, forbidden) in FORBIDDEN {
        for file in part(name) {
            let text = fs::read_to_string(&file).unwrap();
            for line in code(&text) {
                for word in forbidden.iter().filter(|word| names(line, word)) {
                    let line = line.trim();
                    broken.push(format!("{}: {line} ({name} may not know {word})", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_check_sees_what_it_should() {
    assert!(names("use tokio::sync::watch;", "tokio"));
    assert!(names("    let x = crate::ui::draw();", "crate::ui"));
    assert!(names("use ::kube::Client;", "kube"));
    assert!(!names("use super::kube::catalog;", "kube"));
    assert!(!names("use crate::mesh::kube_like::X;", "kube"));
    assert!(!names("let tokio_like = 1;", "tokio"));
}

#[test]
fn files_stay_readable() {
    let mut long = Vec::new();
    for file in sources(&src()).into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if lines > LIMIT {
            long.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert!(long.is_empty(), "over {LIMIT} lines:\n{}", long.join("\n"));
}

#[test]
fn no_file_is_a_drawer_for_everything() {
    let drawers = ["mod", "utils", "util", "common", "helper", "helpers", "manager", "misc"];
    for file in sources(&src()) {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!drawers.contains(&stem.as_str()), "{}", file.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for file in sources(&src()).into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} has no opening line", file.display());
    }
}
