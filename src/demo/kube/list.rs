//! Single objects and collections: selectors, pages, and which moment they show.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::answer::{self, Form, present};
use super::route::{Address, Params};
use super::selector::Selector;
use super::{Api, table};
use crate::demo::world::fields::unset;
use crate::demo::world::refusal::Refusal;
use crate::demo::world::state::{Item, State};

/// One object.
pub(super) fn single(
    api: &Arc<Api>,
    address: &Address,
    name: &str,
    form: Form,
) -> Result<Response, Refusal> {
    let key = address.key(name);
    let found = api.world.store().read(|state| state.get(address.resource.kind, &key).cloned());
    let item = found.ok_or_else(|| Refusal::not_found(address.resource, name))?;
    Ok(super::ok(&object(address, &item, form)))
}

/// An object in the form that is wanted.
pub(super) fn object(address: &Address, item: &Item, form: Form) -> Value {
    match form {
        Form::Whole => present(address.resource, &address.version, &item.value),
        Form::Metadata => answer::metadata_only(&item.value),
        Form::Table(include) => {
            let rows = [Item::clone(item)];
            let revision = item.revision.to_string();
            table::table(address.resource, &rows, json!({"resourceVersion": revision}), include)
        }
    }
}

/// A page of a collection: what is on it, and the list's metadata.
struct Page {
    items: Vec<Item>,
    metadata: Map<String, Value>,
}

/// A collection, or a page of it.
pub(super) fn collection(
    api: &Arc<Api>,
    address: &Address,
    params: &Params,
    form: Form,
) -> Result<Response, Refusal> {
    let selector = Selector::new(
        address.resource.kind,
        params.text("labelSelector"),
        params.text("fieldSelector"),
    )?;
    let page = api.world.store().read(|state| page(state, address, params, &selector))?;
    let metadata = Value::Object(page.metadata);
    let answer = match form {
        Form::Table(include) => table::table(address.resource, &page.items, metadata, include),
        Form::Metadata => {
            let items: Vec<Value> =
                page.items.iter().map(|item| answer::metadata_only(&item.value)).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                   "metadata": metadata, "items": items})
        }
        Form::Whole => {
            let items: Vec<Value> = page.items.iter().map(|item| in_list(address, item)).collect();
            let kind = format!("{}List", address.resource.info().name);
            let api_version = address.resource.api_version(&address.version);
            json!({"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items})
        }
    };
    Ok(super::ok(&answer))
}

/// An object as an item of a list.
fn in_list(address: &Address, item: &Item) -> Value {
    let mut value = present(address.resource, &address.version, &item.value);
    if address.resource.native {
        unset(&mut value, &["apiVersion"]);
        unset(&mut value, &["kind"]);
    }
    value
}

fn page(
    state: &State,
    address: &Address,
    params: &Params,
    selector: &Selector,
) -> Result<Page, Refusal> {
    let from = Continue::read(params.text("continue"))?;
    let kind = address.resource.kind;
    let namespace = address.namespace.as_deref();
    let (revision, all) = match (&from, moment(state, params)?) {
        (Some(from), _) => {
            let expired = |refusal: Refusal| {
                if refusal.code == 410 { Refusal::continue_expired() } else { refusal }
            };
            (from.revision, state.list_at(kind, namespace, from.revision).map_err(expired)?)
        }
        (None, Some(exact)) => (exact, state.list_at(kind, namespace, exact)?),
        (None, None) => (state.revision(), state.list(kind, namespace).cloned().collect()),
    };
    let after = |item: &Item| {
        from.as_ref().is_none_or(|from| {
            (&*item.key.namespace, &*item.key.name) > (from.namespace.as_str(), from.name.as_str())
        })
    };
    let mut items: Vec<Item> =
        all.into_iter().filter(|item| after(item) && selector.matches(&item.value)).collect();
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), json!(revision.to_string()));
    let limit = params.number("limit").unwrap_or(0) as usize;
    if limit > 0 && items.len() > limit {
        let left = items.len() - limit;
        items.truncate(limit);
        if let Some(last) = items.last() {
            let next = Continue {
                revision,
                namespace: last.key.namespace.to_string(),
                name: last.key.name.to_string(),
            };
            metadata.insert("continue".to_owned(), json!(next.token()));
        }
        if selector.is_empty() {
            metadata.insert("remainingItemCount".to_owned(), json!(left));
        }
    }
    Ok(Page { items, metadata })
}

/// The exact revision that is wanted, none for the present one (Kubernetes documentation,
/// "Semantics for get and list").
fn moment(state: &State, params: &Params) -> Result<Option<u64>, Refusal> {
    let text = params.text("resourceVersion");
    if text.is_empty() || text == "0" {
        return Ok(None);
    }
    let wanted = revision(text)?;
    if wanted > state.revision() {
        return Err(Refusal::too_new(wanted, state.revision()));
    }
    Ok((params.text("resourceVersionMatch") == "Exact").then_some(wanted))
}

/// A resourceVersion as the number it is here.
pub(super) fn revision(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| {
        let message = format!("resourceVersion: Invalid value: \"{text}\": must be a number");
        Refusal::bad_request(message)
    })
}

/// Where the next page begins: opaque to clients, a revision and the last key before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Continue {
    revision: u64,
    namespace: String,
    name: String,
}

impl Continue {
    fn token(&self) -> String {
        // Names hold no slash, so that this reads back; hexadecimal keeps it opaque and safe in URLs.
        let plain = format!("{}/{}/{}", self.revision, self.namespace, self.name);
        plain.bytes().fold(String::new(), |mut token, byte| {
            // Writing to a String cannot fail.
            let _ = write!(token, "{byte:02x}");
            token
        })
    }

    /// None for an empty token.
    fn read(token: &str) -> Result<Option<Self>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let read = || {
            let digits: Vec<u8> = token.bytes().collect();
            let bytes: Option<Vec<u8>> = digits
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            let plain = String::from_utf8(bytes?).ok()?;
            let mut parts = plain.splitn(3, '/');
            let revision = parts.next()?.parse().ok()?;
            let (namespace, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(Self { revision, namespace, name })
        };
        let invalid = || Refusal::bad_request("continue key is not valid");
        read().map(Some).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continue_tokens_read_back() {
        let token = Continue { revision: 7, namespace: "a".into(), name: "b.c".into() };
        assert_eq!(Continue::read(&token.token()).unwrap(), Some(token));
        assert_eq!(Continue::read("").unwrap(), None);
        for bad in ["x", "zz", "ff", "3132"] {
            assert_eq!(Continue::read(bad).unwrap_err().code, 400, "{bad}");
        }
    }
}
