use std::fs;

use rstest::rstest;

use super::*;
use crate::mesh::{Key, Kind, ObjectRef};

fn parse(text: &str) -> Result<Objects, Trouble> {
    let mut objects = Objects::default();
    manifests(&mut objects, &"m.yaml".into(), text)?;
    Ok(objects)
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n";

#[test]
fn documents_lists_and_unknown_kinds() {
    let text = format!(
        "# a comment\n\n{POD}---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n\
         - apiVersion: networking.istio.io/v1\n  kind: VirtualService\n  metadata: {{name: v}}\n\
         ---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: t}}\n"
    );
    let objects = parse(&text).unwrap();
    assert_eq!((objects.pods.len(), objects.virtual_services.len()), (1, 1));
    let line =
        |kind, key| objects.raw(&ObjectRef { kind, key }).unwrap().origin.clone().unwrap().line;
    assert_eq!(line(Kind::Pod, Key::new("shop", "p")), 3);
    assert_eq!(line(Kind::VirtualService, Key::new("default", "v")), 9);
}

#[test]
fn typed_lists_and_json() {
    let text = r#"{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "p"}}]}"#;
    assert_eq!(parse(text).unwrap().pods.len(), 1);
}

#[rstest]
#[case(&format!("{POD}---\nkind: Pod\n  bad: [\n"), 5)]
#[case(&format!("{POD}---\n\nname: x\n"), 6)]
#[case("kind: Pod\nmetadata: {}\n", 1)]
#[case("just text", 1)]
fn faults_name_file_and_line(#[case] text: &str, #[case] line: u32) {
    let trouble = parse(text).unwrap_err();
    let (place, found) = trouble.what.rsplit_once(' ').unwrap();
    assert_eq!(place, "read m.yaml, line");
    assert!(found.parse::<u32>().unwrap().abs_diff(line) <= 1, "{trouble:?}");
}

#[test]
fn folders_stand_for_the_manifests_in_them() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path();
    assert!(read(&[path.to_owned()]).is_err());
    fs::write(path.join("a.yaml"), POD).unwrap();
    fs::write(path.join("notes.txt"), "no manifest").unwrap();
    let manifests = read(&[path.to_owned()]).unwrap();
    assert_eq!(manifests.texts.len(), 1);
    assert_eq!(manifests.objects.pods.len(), 1);
    let failure = read(&[path.join("missing.yaml")]).unwrap_err();
    assert_eq!(failure.fault, crate::source::Fault::Input);
}
