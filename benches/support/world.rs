//! The embedded world in a process of its own, so that what is measured is the explorer alone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::process::program;

/// A running `vigla demo serve`.
pub(crate) struct World {
    process: Child,
    pub(crate) kubeconfig: String,
    pub(crate) prometheus: String,
    api: String,
    client: reqwest::Client,
}

impl World {
    pub(crate) fn start(scenario: &str) -> Self {
        // Fails only where it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = Command::new(program())
            .args(["demo", "serve", "--scenario", scenario])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = |name: &str| {
            let (_, rest) = line.split_once(name).unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        };
        let (kubeconfig, prometheus) = (said("KUBECONFIG="), said("VIGLA_PROMETHEUS_URL="));
        let text = std::fs::read_to_string(&kubeconfig).unwrap();
        let (_, server) = text.split_once("server: ").unwrap();
        let api = server.split_whitespace().next().unwrap().to_owned();
        Self { process, kubeconfig, prometheus, api, client: reqwest::Client::new() }
    }

    /// What leads a program to this world.
    pub(crate) fn environment(&self) -> [(&str, &str); 2] {
        [("KUBECONFIG", &self.kubeconfig), ("VIGLA_PROMETHEUS_URL", &self.prometheus)]
    }

    /// Changes a part of an object, as `kubectl patch --type merge` does.
    pub(crate) async fn patch(&self, path: &str, patch: &Value) {
        let sent = self
            .client
            .patch(format!("{}{path}", self.api))
            .header("content-type", "application/merge-patch+json")
            .body(patch.to_string())
            .send();
        assert!(sent.await.unwrap().status().is_success(), "{path}");
    }

    pub(crate) async fn scale(&self, namespace: &str, deployment: &str, replicas: u32) {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}");
        self.patch(&path, &json!({"spec": {"replicas": replicas}})).await;
    }

    pub(crate) async fn delete(&self, path: &str) {
        let sent = self.client.delete(format!("{}{path}", self.api)).send().await.unwrap();
        assert!(sent.status().is_success(), "{path}");
    }

    /// Names of the pods of a namespace.
    pub(crate) async fn pods(&self, namespace: &str) -> Vec<String> {
        let path = format!("{}/api/v1/namespaces/{namespace}/pods", self.api);
        let body = self.client.get(path).send().await.unwrap().text().await.unwrap();
        let list: Value = serde_json::from_str(&body).unwrap();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.to_owned())).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It takes its kubeconfig away as it ends.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
