//! Creating, replacing, patching and deleting objects.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{self, Form};
use super::list::object;
use super::route::Address;
use super::selector::Selector;
use super::{Call, apply, patch};
use crate::demo::world::admission;
use crate::demo::world::deletion::{self, Deleted, Options, Propagation};
use crate::demo::world::fields::{set, text};
use crate::demo::world::refusal::Refusal;
use crate::demo::world::state::{Item, Part, State};

impl Call<'_> {
    /// Whether the request only asks what would happen.
    fn is_dry_run(&self) -> bool {
        self.params.text("dryRun") == "All"
    }

    /// Changes the state, or for a dry run a copy of it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let store = self.api.world.store();
        if self.is_dry_run() {
            let mut copy = store.read(State::clone);
            return change(&mut copy);
        }
        store.write(change)
    }
}

/// Which part of an object an address names.
fn part(address: &Address) -> Part {
    if address.part == "status" { Part::Status } else { Part::Main }
}

/// The object in a request's body, as JSON or YAML.
fn read_body(call: &Call<'_>) -> Result<Value, Refusal> {
    let media = call.header("content-type").split(';').next().unwrap_or_default().trim();
    let value: Result<Value, String> = match media {
        "" | "application/json" => {
            serde_json::from_slice(&call.body).map_err(|error| error.to_string())
        }
        "application/yaml" => {
            serde_saphyr::from_slice(&call.body).map_err(|error| error.to_string())
        }
        _ => return Err(patch::unsupported(media)),
    };
    let value = value.map_err(|error| {
        Refusal::bad_request(format!("the object provided is unrecognized: {error}"))
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Refusal::bad_request("the object provided is unrecognized: it is not an object"))
    }
}

/// Checks that an object is of the kind and at the place of the address, and fills in both.
pub(super) fn fit(address: &Address, value: &mut Value, name: Option<&str>) -> Result<(), Refusal> {
    let resource = address.resource;
    let wanted = (resource.api_version(&address.version), resource.info().name);
    let has = (text(value, "/apiVersion"), text(value, "/kind"));
    let other_version = !has.0.is_empty() && has.0 != wanted.0;
    if other_version || (!has.1.is_empty() && has.1 != wanted.1) {
        let (version, kind) = wanted;
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: the API version in the data \
             ({}) does not match the expected API version ({version})",
            has.1, has.0
        )));
    }
    if let Some(name) = name {
        let has = text(value, "/metadata/name");
        if !has.is_empty() && has != name {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({has}) does not match the name on the URL ({name})"
            )));
        }
        set(value, &["metadata", "name"], json!(name));
    }
    if let Some(namespace) = &address.namespace {
        let has = text(value, "/metadata/namespace");
        if !has.is_empty() && has != namespace {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        set(value, &["metadata", "namespace"], json!(namespace));
    }
    Ok(())
}

/// POST of a new object.
pub(super) fn create(call: &Call<'_>, address: &Address, form: Form) -> Result<Response, Refusal> {
    if address.resource.info().namespaced && address.namespace.is_none() {
        return Err(Refusal::method_not_allowed());
    }
    let mut value = read_body(call)?;
    fit(address, &mut value, None)?;
    for field in ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"] {
        crate::demo::world::fields::unset(&mut value, &["metadata", field]);
    }
    let item = call.change(|state| admission::create(state, address.resource, value))?;
    Ok(answer::json(StatusCode::CREATED, &object(address, &item, form)))
}

/// PUT of a whole object.
pub(super) fn replace(
    call: &Call<'_>,
    address: &Address,
    name: &str,
    form: Form,
) -> Result<Response, Refusal> {
    let mut value = read_body(call)?;
    fit(address, &mut value, Some(name))?;
    let key = address.key(name);
    let item = call
        .change(|state| admission::update(state, address.resource, &key, value, part(address)))?;
    Ok(super::ok(&object(address, &item, form)))
}

/// PATCH in any of its forms.
pub(super) fn patch(
    call: &Call<'_>,
    address: &Address,
    name: &str,
    form: Form,
) -> Result<Response, Refusal> {
    let media = call.header("content-type").split(';').next().unwrap_or_default().trim();
    if matches!(media, "application/apply-patch+yaml" | "application/apply-patch+cbor") {
        return applied(call, address, name, form);
    }
    let patch = patch::Patch::read(media, &call.body, address.resource)?;
    let key = address.key(name);
    let item = call.change(|state| {
        let missing = || Refusal::not_found(address.resource, name);
        let old = Item::clone(state.get(address.resource.kind, &key).ok_or_else(missing)?);
        let mut value = answer::present(address.resource, &address.version, &old.value);
        patch
            .apply(&mut value)
            .map_err(|why| patch::unprocessable(address.resource, name, &why))?;
        fit(address, &mut value, Some(name))?;
        admission::update(state, address.resource, &key, value, part(address))
    })?;
    Ok(super::ok(&object(address, &item, form)))
}

/// Server-side apply.
fn applied(
    call: &Call<'_>,
    address: &Address,
    name: &str,
    form: Form,
) -> Result<Response, Refusal> {
    let manager = call.params.text("fieldManager");
    if manager.is_empty() {
        return Err(Refusal::bad_request("fieldManager is required for apply patch"));
    }
    let mut config: Value = serde_saphyr::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
    fit(address, &mut config, Some(name))?;
    let intent =
        apply::Intent { manager, force: call.params.is_true("force"), part: part(address) };
    let key = address.key(name);
    let (item, made) = call.change(|state| apply::apply(state, address, &key, &config, &intent))?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answer::json(status, &object(address, &item, form)))
}

/// The options of a delete, from the URL and the body.
fn options(call: &Call<'_>) -> Result<Options, Refusal> {
    let body: Value = if call.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&call.body)
            .map_err(|error| Refusal::bad_request(format!("delete options: {error}")))?
    };
    let policy = match text(&body, "/propagationPolicy") {
        "" => call.params.text("propagationPolicy"),
        policy => policy,
    };
    let propagation = match policy {
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        _ if body.get("orphanDependents") == Some(&json!(true)) => Propagation::Orphan,
        _ => Propagation::Background,
    };
    let grace = call.params.text("gracePeriodSeconds").parse().ok();
    let precondition = |at: &str| Some(text(&body, at).to_owned()).filter(|text| !text.is_empty());
    Ok(Options {
        grace: body.get("gracePeriodSeconds").and_then(Value::as_i64).or(grace),
        propagation,
        uid: precondition("/preconditions/uid"),
        resource_version: precondition("/preconditions/resourceVersion"),
        dry_run: call.is_dry_run() || body.get("dryRun").is_some_and(|d| *d == json!(["All"])),
    })
}

/// DELETE of one object.
pub(super) fn delete(call: &Call<'_>, address: &Address, name: &str) -> Result<Response, Refusal> {
    let options = options(call)?;
    let key = address.key(name);
    let kind = address.resource.kind;
    match call.change(|state| deletion::delete(state, kind, &key, &options))? {
        Deleted::Leaving(item) => Ok(super::ok(&object(address, &item, Form::Whole))),
        // A pod that is gone at once is still answered as the object it was.
        Deleted::Gone(item) if kind == crate::mesh::Kind::Pod => {
            Ok(super::ok(&object(address, &item, Form::Whole)))
        }
        Deleted::Gone(item) => {
            let mut details = json!({"name": name});
            if !address.resource.info().group.is_empty() {
                set(&mut details, &["group"], json!(address.resource.info().group));
            }
            set(&mut details, &["kind"], json!(address.resource.info().plural));
            set(&mut details, &["uid"], json!(text(&item.value, "/metadata/uid")));
            Ok(super::ok(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
                                 "status": "Success", "details": details})))
        }
    }
}

/// DELETE of a collection: everything that the selectors choose.
pub(super) fn delete_collection(call: &Call<'_>, address: &Address) -> Result<Response, Refusal> {
    let kind = address.resource.kind;
    let namespaced = address.resource.info().namespaced;
    if kind == crate::mesh::Kind::Namespace || (namespaced && address.namespace.is_none()) {
        return Err(Refusal::method_not_allowed());
    }
    let options = options(call)?;
    let selector =
        Selector::new(kind, call.params.text("labelSelector"), call.params.text("fieldSelector"))?;
    let items = call.change(|state| {
        let chosen: Vec<Item> = state
            .list(kind, address.namespace.as_deref())
            .filter(|item| selector.matches(&item.value))
            .cloned()
            .collect();
        for item in &chosen {
            deletion::delete(state, kind, &item.key, &options)?;
        }
        Ok(chosen)
    })?;
    let items: Vec<Value> = items.iter().map(|item| object(address, item, Form::Whole)).collect();
    Ok(super::ok(&json!({
        "kind": format!("{}List", address.resource.info().name),
        "apiVersion": address.resource.api_version(&address.version),
        "metadata": {}, "items": items,
    })))
}
