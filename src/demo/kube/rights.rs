//! Who may do what: everyone everything, except who is impersonated (`--as`) without being in
//! `system:masters`: nobody granted them anything, as on a cluster without bindings.

use super::Call;
use super::route::Address;
use crate::demo::world::refusal::Refusal;

/// The user that a request is made for, and whether it has rights.
pub(super) struct User {
    pub(super) name: String,
    pub(super) groups: Vec<String>,
    pub(super) is_allowed: bool,
}

impl User {
    pub(super) fn of(call: &Call<'_>) -> Self {
        let name = call.header("impersonate-user");
        if name.is_empty() {
            let groups = vec!["system:masters".to_owned(), "system:authenticated".to_owned()];
            return Self { name: "demo".to_owned(), groups, is_allowed: true };
        }
        let groups = call.headers.get_all("impersonate-group").iter();
        let mut groups: Vec<String> =
            groups.filter_map(|group| Some(group.to_str().ok()?.to_owned())).collect();
        let is_allowed = groups.iter().any(|group| group == "system:masters");
        groups.push("system:authenticated".to_owned());
        Self { name: name.to_owned(), groups, is_allowed }
    }
}

/// Refuses a request that its user may not make.
pub(super) fn check(call: &Call<'_>, address: &Address) -> Result<(), Refusal> {
    let user = User::of(call);
    if user.is_allowed {
        return Ok(());
    }
    let verb = match (call.method.as_str(), &address.name) {
        ("GET" | "HEAD", None) if call.params.is_true("watch") => "watch",
        ("GET" | "HEAD", None) => "list",
        ("GET" | "HEAD", Some(_)) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", None) => "deletecollection",
        _ => "delete",
    };
    let info = address.resource.info();
    let part = match address.part.as_str() {
        "" => String::new(),
        part => format!("/{part}"),
    };
    let place = match &address.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let why = format!(
        "User \"{}\" cannot {verb} resource \"{}{part}\" in API group \"{}\" {place}",
        user.name, info.plural, info.group
    );
    Err(Refusal::forbidden(address.resource, address.name.as_deref().unwrap_or_default(), &why))
}
