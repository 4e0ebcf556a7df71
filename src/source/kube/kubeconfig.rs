//! Kubeconfigs: found, merged, and one context chosen, as kubectl does it (Kubernetes
//! documentation, "Organizing Cluster Access Using kubeconfig Files").

use std::path::{Path, PathBuf};

use ::kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};

use super::KubeOptions;
use crate::mesh::{Trouble, harmless};

/// The contexts of a kubeconfig, for pickers; every text is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts {
    pub current: Option<String>,
    /// In the order of the files.
    pub all: Vec<ContextInfo>,
}

/// What a context stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContextInfo {
    pub name: String,
    pub cluster: String,
    pub user: Option<String>,
    pub namespace: Option<String>,
}

/// The contexts that can be chosen.
pub fn contexts(options: &KubeOptions) -> Result<Contexts, Trouble> {
    let config = read(options)?.unwrap_or_default();
    let clean = |text: &String| harmless::line(text).into_owned();
    let all = config.contexts.iter().map(|named| {
        let context = named.context.clone().unwrap_or_default();
        ContextInfo {
            name: clean(&named.name),
            cluster: clean(&context.cluster),
            user: context.user.as_ref().map(clean),
            namespace: context.namespace.as_ref().map(clean),
        }
    });
    let current = options.context.as_ref().or(config.current_context.as_ref()).map(clean);
    Ok(Contexts { current, all: all.collect() })
}

/// A context with what it refers to.
#[derive(Clone)]
pub(super) struct Chosen {
    pub name: String,
    pub namespace: String,
    pub cluster: Cluster,
    pub user: AuthInfo,
}

/// Reads every kubeconfig there is; `None` when there is none at all.
pub(super) fn read(options: &KubeOptions) -> Result<Option<Kubeconfig>, Trouble> {
    if let Some(config) = &options.in_memory {
        return Ok(Some(config.clone()));
    }
    if let Some(path) = &options.kubeconfig {
        return read_file(path).map_err(|error| unreadable(path, &error)).map(Some);
    }
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    if paths.is_empty() {
        paths.extend(std::env::home_dir().map(|home| home.join(".kube/config")));
    }
    merge(&paths)
}

/// Merges files: the first to say something wins; files that are not there are passed over.
fn merge(paths: &[PathBuf]) -> Result<Option<Kubeconfig>, Trouble> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        let next = match read_file(path) {
            Err(KubeconfigError::ReadConfig(error, _))
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                continue;
            }
            other => other.map_err(|error| unreadable(path, &error))?,
        };
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(|error| unreadable(path, &error))?,
        });
    }
    Ok(merged)
}

fn read_file(path: &Path) -> Result<Kubeconfig, KubeconfigError> {
    let mut config = Kubeconfig::read_from(path)?;
    // An empty name says nothing, so that a later file may.
    config.current_context = config.current_context.filter(|name| !name.is_empty());
    Ok(config)
}

fn unreadable(path: &Path, error: &KubeconfigError) -> Trouble {
    let what = format!("read the kubeconfig {}", harmless::line(&path.to_string_lossy()));
    let why = match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        // Only the first line: the parser shows the source below it, where tokens are.
        other => chain(other).lines().next().unwrap_or_default().to_owned(),
    };
    Trouble::new(what, harmless::line(&why), "give another file with --kubeconfig or KUBECONFIG")
}

/// An error with its causes, outermost first.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let next = inner.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = inner.source();
    }
    text
}

/// Chooses the context the options name, or the current one.
pub(super) fn choose(config: &Kubeconfig, options: &KubeOptions) -> Result<Chosen, Trouble> {
    let wanted = options.context.as_ref().or(config.current_context.as_ref());
    let (name, context) = match wanted {
        Some(name) => find_context(config, name)?,
        // As kubectl: --cluster alone is enough to know where to go.
        None if options.cluster.is_some() => (String::new(), Context::default()),
        None => return Err(no_current(config)),
    };
    let cluster_name = options.cluster.as_ref().unwrap_or(&context.cluster);
    let cluster = config.clusters.iter().find(|named| &named.name == cluster_name);
    let cluster = cluster.and_then(|named| named.cluster.clone()).ok_or_else(|| {
        let known = config.clusters.iter().map(|named| named.name.as_str());
        unknown("cluster", cluster_name, known, "--cluster")
    })?;
    let user_name = options.user.as_ref().or(context.user.as_ref());
    let user = user_name.and_then(|name| {
        let named = config.auth_infos.iter().find(|named| &named.name == name);
        named.and_then(|named| named.auth_info.clone())
    });
    if let (None, Some(name)) = (&user, &options.user) {
        let known = config.auth_infos.iter().map(|named| named.name.as_str());
        return Err(unknown("user", name, known, "--user"));
    }
    let namespace = context.namespace.filter(|namespace| !namespace.is_empty());
    Ok(Chosen {
        name: harmless::line(&name).into_owned(),
        namespace: namespace.unwrap_or_else(|| "default".into()),
        cluster,
        user: user.unwrap_or_default(),
    })
}

fn find_context(config: &Kubeconfig, wanted: &str) -> Result<(String, Context), Trouble> {
    // A picker knows only harmless names; they stand for the real ones.
    let named = config
        .contexts
        .iter()
        .find(|named| named.name == wanted)
        .or_else(|| config.contexts.iter().find(|named| harmless::line(&named.name) == wanted));
    named.and_then(|named| Some((named.name.clone(), named.context.clone()?))).ok_or_else(|| {
        let known = config.contexts.iter().map(|named| named.name.as_str());
        unknown("context", wanted, known, "--context")
    })
}

fn no_current(config: &Kubeconfig) -> Trouble {
    let known = names(config.contexts.iter().map(|named| named.name.as_str()));
    Trouble::new(
        "choose a context of the kubeconfig",
        "no current-context is set",
        format!("choose one with --context; known contexts: {known}"),
    )
}

fn unknown<'a>(
    noun: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    flag: &str,
) -> Trouble {
    Trouble::new(
        format!("find the {noun} \"{}\" in the kubeconfig", harmless::line(name)),
        format!("there is no {noun} of that name"),
        format!("choose another with {flag}; known: {}", names(known)),
    )
}

/// Names for a message: the first twenty.
fn names<'a>(known: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<_> = known.map(|name| harmless::line(name).into_owned()).collect();
    if all.is_empty() {
        return "none".into();
    }
    let more = all.len().saturating_sub(20);
    all.truncate(20);
    let text = all.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

#[cfg(test)]
mod tests;
