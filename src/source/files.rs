//! Objects from files (`-f`): YAML or JSON, several documents, Lists, dumps, folders, stdin.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Failure;
use crate::mesh::object::{Origin, RawObject};
use crate::mesh::{Objects, Trouble, harmless};

/// A file larger than this is no set of manifests.
const FILE_LIMIT: u64 = 512 << 20;

/// What files hold.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    pub objects: Objects,
    /// The text of each file by its name, for who wants to point at a line.
    pub texts: BTreeMap<Arc<str>, String>,
}

/// Reads every object of every file; a folder stands for the manifests in it, sorted by name.
///
/// # Errors
/// When a file cannot be read, or holds something that is no object.
pub fn read(paths: &[PathBuf]) -> Result<Manifests, Failure> {
    let mut objects = Objects::default();
    let mut texts = BTreeMap::new();
    for path in paths {
        for file in expand(path)? {
            let (name, text) = contents(&file)?;
            manifests(&mut objects, &name, &text).map_err(Failure::input)?;
            texts.insert(name, text);
        }
    }
    objects.load_mesh_config();
    Ok(Manifests { objects, texts })
}

/// The files' names, for the frame: what stands where a context stands.
pub fn describe(paths: &[PathBuf]) -> String {
    let shown = |path: &PathBuf| match path.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => harmless::line(&path.to_string_lossy()).into_owned(),
    };
    paths.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let what = format!("read {}", harmless::line(&path.to_string_lossy()));
    Failure::input(Trouble::new(what, error.to_string(), "give a file, a folder, or - for stdin"))
}

/// The manifests of a folder, one level deep as kubectl has it; a file stands for itself.
fn expand(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.as_os_str() == "-" || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let is_manifest = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("yaml" | "yml" | "json")) && path.is_file()
    };
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(is_manifest).collect();
    files.sort();
    if files.is_empty() {
        let what = format!("read {}", harmless::line(&path.to_string_lossy()));
        let why = "there is no .yaml, .yml or .json file in it";
        return Err(Failure::input(Trouble::new(what, why, "give another folder, or files")));
    }
    Ok(files)
}

fn contents(path: &Path) -> Result<(Arc<str>, String), Failure> {
    let mut bytes = Vec::new();
    let (name, read) = if path.as_os_str() == "-" {
        ("stdin".into(), std::io::stdin().take(FILE_LIMIT).read_to_end(&mut bytes))
    } else {
        let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
        let name = harmless::line(&path.to_string_lossy()).into_owned();
        (name, file.take(FILE_LIMIT).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok((name.into(), text.trim_start_matches('\u{feff}').to_owned()))
}

/// Reads the documents of one text into `objects`.
fn manifests(objects: &mut Objects, file: &Arc<str>, text: &str) -> Result<(), Trouble> {
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return insert(objects, value, &Origin { file: Arc::clone(file), line: first_line(text) });
    }
    for (start, document) in documents(text) {
        let value: Value = serde_saphyr::from_str(document).map_err(|error| {
            let line = error.location().map_or(1, |at| u32::try_from(at.line()).unwrap_or(1));
            let words = error.to_string();
            // Below its first line the parser shows the source, which the reader has.
            let why = words.lines().next().unwrap_or_default();
            broken(file, start + line.saturating_sub(1), why)
        })?;
        let line = start + first_line(document) - 1;
        insert(objects, value, &Origin { file: Arc::clone(file), line })?;
    }
    Ok(())
}

fn broken(file: &str, line: u32, why: &str) -> Trouble {
    let what = format!("read {file}, line {line}");
    Trouble::new(what, harmless::line(why), "repair the file, or leave it out")
}

/// The documents of a YAML text, each with the number of its first line.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 1_u32, 0);
    for (number, line) in (1_u32..).zip(text.split_inclusive('\n')) {
        let marker = line.trim_end();
        if marker == "---" || marker.starts_with("--- ") || marker == "..." {
            documents.push((start_line, text.get(start..at).unwrap_or_default()));
            // What follows the marker on its line belongs to the document.
            (start, start_line) = (at + 3, number);
        }
        at += line.len();
    }
    documents.push((start_line, text.get(start..).unwrap_or_default()));
    documents.retain(|(_, document)| first_key(document).is_some());
    documents
}

/// The index of the first line that is neither blank nor a comment.
fn first_key(document: &str) -> Option<usize> {
    document.lines().position(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with('%')
    })
}

/// The line of the first key, from 1.
fn first_line(document: &str) -> u32 {
    first_key(document).and_then(|index| u32::try_from(index + 1).ok()).unwrap_or(1)
}

fn insert(objects: &mut Objects, mut value: Value, origin: &Origin) -> Result<(), Trouble> {
    if value.is_null() {
        return Ok(());
    }
    let complaint = |why: &str| Err(broken(&origin.file, origin.line, why));
    let Some(kind) = value.get("kind").and_then(Value::as_str) else {
        return complaint("it is no Kubernetes object: `kind` is missing");
    };
    if kind.ends_with("List") && value.get("items").is_some_and(Value::is_array) {
        return insert_items(objects, &mut value, origin);
    }
    if value.get("apiVersion").and_then(Value::as_str).is_none() {
        return complaint("it is no Kubernetes object: `apiVersion` is missing");
    }
    place(&mut value);
    if let Some(mut raw) = RawObject::from_value(value) {
        raw.origin = Some(origin.clone());
        objects.insert(raw);
    }
    Ok(())
}

/// Opens a List; items of a typed one (`PodList`) need not say what they are.
fn insert_items(objects: &mut Objects, list: &mut Value, origin: &Origin) -> Result<(), Trouble> {
    let kind = list.get("kind").and_then(Value::as_str).unwrap_or_default();
    let kind = kind.strip_suffix("List").unwrap_or_default().to_owned();
    let api_version = list.get("apiVersion").cloned();
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else { return Ok(()) };
    for mut item in items {
        if let (Some(fields), false) = (item.as_object_mut(), kind.is_empty()) {
            fields.entry("kind").or_insert_with(|| kind.clone().into());
            if let Some(version) = &api_version {
                fields.entry("apiVersion").or_insert_with(|| version.clone());
            }
        }
        insert(objects, item, origin)?;
    }
    Ok(())
}

/// Gives an object of a namespaced kind the namespace `default` when it names none, as kubectl
/// does without `-n`.
fn place(value: &mut Value) {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = crate::mesh::Kind::of(text("apiVersion"), text("kind"));
    if !kind.is_some_and(|kind| kind.info().namespaced) {
        return;
    }
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut)
        && meta.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        meta.insert("namespace".into(), "default".into());
    }
}

#[cfg(test)]
mod tests;
