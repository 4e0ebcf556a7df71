use super::*;
use clap::CommandFactory;

#[test]
fn definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn kubectl_fingers() {
    let cli =
        Cli::try_parse_from(["vigla", "pods", "-n", "a,b", "-n", "c", "-o", "wide", "-w"]).unwrap();
    assert_eq!(cli.global.namespace, ["a", "b", "c"]);
    assert!(matches!(cli.command, Some(Command::Pods(ListArgs { watch: true, .. }))));
    let cli = Cli::try_parse_from(["vigla", "--demo", "graph", "-A"]).unwrap();
    assert_eq!(cli.global.demo.as_deref(), Some("bookinfo"));
    assert!(cli.global.all_namespaces);
    let cli = Cli::try_parse_from(["vigla", "graph", "--demo=large:20", "-o", "dot"]).unwrap();
    assert_eq!(cli.global.demo.as_deref(), Some("large:20"));
}

#[test]
fn times() {
    assert_eq!(instant("2026-01-01T00:00:00Z"), instant("1767225600"));
    assert!(instant("yesterday").unwrap_err().contains("not a time"));
    assert!(instant("NaN").is_err());
}

#[test]
fn route_and_its_test() {
    let cli = Cli::try_parse_from([
        "vigla",
        "route",
        "--from",
        "productpage-v1",
        "--to",
        "reviews:9080",
        "-H",
        "a: b",
    ]);
    assert!(cli.is_ok());
    assert!(Cli::try_parse_from(["vigla", "route", "--from", "a"]).is_err());
    let cli = Cli::try_parse_from(["vigla", "route", "test", "x.yaml", "-o", "junit"]).unwrap();
    assert!(matches!(
        cli.command,
        Some(Command::Route(RouteArgs { command: Some(RouteCommand::Test { .. }), .. }))
    ));
}
