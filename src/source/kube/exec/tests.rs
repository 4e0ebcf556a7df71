use std::os::unix::fs::PermissionsExt;

use rstest::rstest;
use tempfile::TempDir;

use super::*;

fn plugin(directory: &TempDir, script: &str) -> ExecConfig {
    let path = directory.path().join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    ExecConfig { command: path.to_str().map(str::to_owned), ..ExecConfig::default() }
}

const GOOD: &str = r#"echo '{"kind":"ExecCredential","status":{"token":"hunter2","expirationTimestamp":"2030-01-01T00:00:00Z"}}'"#;

#[tokio::test]
async fn a_plugin_gets_no_terminal_and_gives_a_token() {
    let directory = TempDir::new().unwrap();
    // `read` ends at once: nothing is there to be read. What is said beside goes nowhere.
    let script = format!(
        "read answer; echo asking >&2; case $KUBERNETES_EXEC_INFO in *'\"interactive\":false'*) {GOOD};; esac"
    );
    let credential = run(&plugin(&directory, &script)).await.ok().unwrap();
    assert_eq!(credential.token.as_deref(), Some("hunter2"));
    assert_eq!(credential.expires, Some("2030-01-01T00:00:00Z".parse().unwrap()));
}

#[rstest]
#[case("printf 'login \\033[31mexpired' >&2; exit 3", "login \u{FFFD}[31mexpired")]
#[case("echo hunter2", "not an ExecCredential")]
#[case("echo '{\"status\":{}}'", "not an ExecCredential")]
#[case("head -c 3000000 /dev/zero", "not an ExecCredential")]
#[tokio::test]
async fn faults_are_told_without_secrets(#[case] script: &str, #[case] why: &str) {
    let directory = TempDir::new().unwrap();
    let trouble = run(&plugin(&directory, script)).await.err().unwrap();
    assert!(trouble.why.contains(why), "{trouble:?}");
    assert_eq!(trouble.what, "run the exec plugin plugin");
    assert!(!format!("{trouble:?}").contains("hunter2"), "{trouble:?}");
}

#[tokio::test]
async fn what_cannot_be_run_says_so() {
    let hint = Some("get it from \u{1b}example".to_owned());
    let missing = ExecConfig {
        command: Some("/nowhere/plugin".into()),
        install_hint: hint,
        ..ExecConfig::default()
    };
    let trouble = run(&missing).await.err().unwrap();
    assert_eq!(trouble.hint, "get it from \u{FFFD}example");
    let asking =
        ExecConfig { interactive_mode: Some(ExecInteractiveMode::Always), ..ExecConfig::default() };
    assert!(run(&asking).await.err().unwrap().why.contains("asking at the terminal"));
}
