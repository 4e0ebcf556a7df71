use std::fs;

use rstest::rstest;
use tempfile::TempDir;

use super::*;

const FIRST: &str = "
apiVersion: v1
kind: Config
clusters:
- {name: east, cluster: {server: 'https://east:6443'}}
contexts:
- {name: east, context: {cluster: east, user: ann, namespace: shop}}
- {name: broken, context: {cluster: nowhere}}
users:
- {name: ann, user: {token: hunter2}}
current-context: ''
";
const SECOND: &str = "
apiVersion: v1
kind: Config
clusters:
- {name: east, cluster: {server: 'https://other:6443'}}
- {name: west, cluster: {server: 'https://west:6443'}}
contexts:
- {name: west, context: {cluster: west, user: bob}}
- {name: \"evil\\e[31m\", context: {cluster: west}}
users:
- {name: bob, user: {tokenFile: token}}
current-context: west
";

fn merged(directory: &TempDir) -> Kubeconfig {
    let paths = ["a", "missing", "b"].map(|name| directory.path().join(name));
    fs::write(&paths[0], FIRST).unwrap();
    fs::write(&paths[2], SECOND).unwrap();
    merge(&paths).unwrap().unwrap()
}

#[rstest]
#[case(&[], Ok(("west", "https://west:6443", "default")))]
#[case(&["context=east"], Ok(("east", "https://east:6443", "shop")))]
#[case(&["context=east", "cluster=west", "user=bob"], Ok(("east", "https://west:6443", "shop")))]
#[case(&["context=evil\u{FFFD}[31m"], Ok(("evil\u{FFFD}[31m", "https://west:6443", "default")))]
#[case(&["context=nope"], Err("east, broken, west, evil\u{FFFD}[31m"))]
#[case(&["context=broken"], Err("east, west"))]
#[case(&["user=nobody"], Err("ann, bob"))]
#[case(&["cluster=none"], Err("east, west"))]
fn files_merge_and_flags_choose(
    #[case] flags: &[&str],
    #[case] expected: Result<(&str, &str, &str), &str>,
) {
    let directory = TempDir::new().unwrap();
    let config = merged(&directory);
    let flag = |name: &str| {
        let mut pairs = flags.iter().filter_map(|flag| flag.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    let options = KubeOptions {
        context: flag("context"),
        cluster: flag("cluster"),
        user: flag("user"),
        ..KubeOptions::default()
    };
    match (choose(&config, &options), expected) {
        (Ok(chosen), Ok((name, server, namespace))) => {
            assert_eq!(chosen.name, name);
            assert_eq!(chosen.cluster.server.as_deref(), Some(server));
            assert_eq!(chosen.namespace, namespace);
        }
        (Err(trouble), Err(known)) => assert!(trouble.hint.contains(known), "{trouble:?}"),
        (chosen, expected) => panic!("{:?} {expected:?}", chosen.map(|chosen| chosen.name)),
    }
}

#[test]
fn paths_are_those_beside_the_file() {
    let directory = TempDir::new().unwrap();
    let config = merged(&directory);
    let bob = config.auth_infos.iter().find(|named| named.name == "bob").unwrap();
    let file = bob.auth_info.as_ref().unwrap().token_file.clone().unwrap();
    assert_eq!(PathBuf::from(file), directory.path().join("token"));
}

#[test]
fn no_current_context_lists_those_there_are() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, FIRST).unwrap();
    let config = merge(&[path]).unwrap().unwrap();
    let trouble = choose(&config, &KubeOptions::default()).err().unwrap();
    assert_eq!(trouble.why, "no current-context is set");
    assert!(trouble.hint.contains("east, broken"), "{trouble:?}");
}

#[test]
fn a_broken_file_is_named_and_its_secrets_are_not() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, "users:\n- name: a\n  user: {token: [hunter2}\n").unwrap();
    let trouble = merge(&[path]).unwrap_err();
    assert!(trouble.what.ends_with("/config"), "{trouble:?}");
    assert!(!format!("{trouble:?}").contains("hunter2"), "{trouble:?}");
}

#[test]
fn a_picker_gets_harmless_names() {
    let directory = TempDir::new().unwrap();
    let options = KubeOptions { in_memory: Some(merged(&directory)), ..KubeOptions::default() };
    let contexts = contexts(&options).unwrap();
    assert_eq!(contexts.current.as_deref(), Some("west"));
    assert_eq!(contexts.all[0].namespace.as_deref(), Some("shop"));
    assert!(contexts.all.iter().all(|context| !context.name.contains('\u{1b}')));
}
