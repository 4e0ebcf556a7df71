use super::*;

fn cluster(user: &str) -> Cluster {
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'http://ann:pw@127.0.0.1:1/x'}}}}]\n\
         users: [{{name: u, user: {user}}}]\n\
         contexts: [{{name: a, context: {{cluster: c, user: u}}}}]\ncurrent-context: a\n"
    );
    let config = Kubeconfig::from_yaml(&text).unwrap();
    Cluster::new(KubeOptions { in_memory: Some(config), ..KubeOptions::default() })
}

#[tokio::test]
async fn sessions_are_shared_until_they_are_refused() {
    let cluster = cluster("{token: hunter2}");
    let first = cluster.session().await.unwrap();
    assert_eq!(cluster.session().await.unwrap().number, first.number);
    assert_eq!((&*first.context, &*first.namespace), ("a", "default"));
    assert_eq!(&*first.address, "http://127.0.0.1:1");
    cluster.refused(&first).await;
    let second = cluster.session().await.unwrap();
    assert_ne!(second.number, first.number);
    // An old refusal says nothing about the new session.
    cluster.refused(&first).await;
    assert_eq!(cluster.session().await.unwrap().number, second.number);
    // Refused again at once: another login would be refused as well.
    cluster.refused(&second).await;
    assert_eq!(cluster.session().await.unwrap().number, second.number);
}

#[tokio::test]
async fn credentials_that_end_are_fetched_again() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("credential");
    let user = format!("{{exec: {{command: cat, args: ['{}']}}}}", file.display());
    for (end, renewed) in [("2001-01-01T00:00:00Z", true), ("2100-01-01T00:00:00Z", false)] {
        let status = serde_json::json!({"status": {"token": "t", "expirationTimestamp": end}});
        std::fs::write(&file, status.to_string()).unwrap();
        let cluster = cluster(&user);
        let first = cluster.session().await.unwrap().number;
        assert_eq!(cluster.session().await.unwrap().number != first, renewed, "{end}");
    }
}

#[tokio::test]
async fn a_plugin_without_login_is_no_session() {
    let cluster = cluster("{exec: {command: 'false'}}");
    let trouble = cluster.session().await.err().unwrap();
    assert!(trouble.hint.contains("log in again"), "{trouble:?}");
}
