//! What Istio does with delegates and with HTTPRoutes, done by hand on the objects: a second way
//! to the same answer, which shares no code with the engine.

use serde_json::{Map, Value, json};

use super::mesh::{DOMAIN, text};

/// A name without a dot is one of its namespace.
pub fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || name == "*" {
        return name.to_owned();
    }
    format!("{name}.{namespace}.{DOMAIN}")
}

/// Writes every destination and mirror of a rule in full.
pub fn full_destinations(rule: &mut Value, namespace: &str) {
    let parts = rule.get_mut("route").and_then(Value::as_array_mut);
    let places = parts.into_iter().flatten().map(|part| &mut part["destination"]);
    for place in places {
        place["host"] = full_name(place["host"].as_str().unwrap(), namespace).into();
    }
    if let Some(mirror) = rule.get_mut("mirror") {
        mirror["host"] = full_name(mirror["host"].as_str().unwrap(), namespace).into();
    }
}

/// Fields that a delegate takes over from its root where it has none of its own.
const TAKEN_OVER: [&str; 8] =
    ["rewrite", "timeout", "retries", "fault", "mirror", "corsPolicy", "headers", "directResponse"];

/// A rule written into the root in place of a delegate: the index of the root's rule, and of the
/// delegate's.
pub type Position = (usize, Option<usize>);

/// The rules of a VirtualService with its delegates written out, and where each comes from.
pub fn inlined(root: &Value, all: &[Value]) -> (Vec<Value>, Vec<Position>) {
    let own = text(root, "namespace");
    let (mut rules, mut positions) = (Vec::new(), Vec::new());
    for (index, rule) in root["spec"]["http"].as_array().unwrap().iter().enumerate() {
        let Some(named) = rule.get("delegate") else {
            rules.push(rule.clone());
            positions.push((index, None));
            continue;
        };
        let namespace = named["namespace"].as_str().unwrap();
        let Some(delegate) = all.iter().find(|object| {
            object["kind"] == "VirtualService"
                && text(object, "name") == named["name"].as_str().unwrap()
                && text(object, "namespace") == namespace
                && exported(object, &own)
        }) else {
            continue;
        };
        for (at, inner) in delegate["spec"]["http"].as_array().unwrap().iter().enumerate() {
            if let Some(joined) = joined(rule, inner, namespace) {
                rules.push(joined);
                positions.push((index, Some(at)));
            }
        }
    }
    (rules, positions)
}

fn exported(object: &Value, to: &str) -> bool {
    let list = object["spec"]["exportTo"].as_array().unwrap();
    let own = text(object, "namespace");
    list.is_empty()
        || list.iter().any(|name| name == "*" || name == to || (name == "." && own == to))
}

fn joined(root: &Value, inner: &Value, namespace: &str) -> Option<Value> {
    let mut out = inner.clone();
    full_destinations(&mut out, namespace);
    for field in TAKEN_OVER {
        if out.get(field).is_none()
            && let Some(value) = root.get(field)
        {
            out[field] = value.clone();
        }
    }
    let blocks = |rule: &Value| rule.get("match").and_then(Value::as_array).cloned();
    out["match"] = match (blocks(root), blocks(inner)) {
        (None, None) => return Some(out),
        (Some(one), None) | (None, Some(one)) => one.into(),
        (Some(root), Some(inner)) => {
            let mut pairs = Vec::new();
            for inner in &inner {
                let fitting: Vec<Value> =
                    root.iter().filter_map(|root| joined_block(root, inner)).collect();
                if fitting.is_empty() {
                    return None;
                }
                pairs.extend(fitting);
            }
            pairs.into()
        }
    };
    Some(out)
}

/// `None` where the two contradict each other.
fn joined_block(root: &Value, inner: &Value) -> Option<Value> {
    let (root, inner) = (root.as_object()?, inner.as_object()?);
    let mut out = inner.clone();
    for (field, theirs) in root {
        let Some(own) = inner.get(field) else {
            if field == "sourceNamespace" {
                return None;
            }
            out.insert(field.clone(), theirs.clone());
            continue;
        };
        match field.as_str() {
            "uri" | "method" | "scheme" | "authority" => fits(theirs, own).then_some(())?,
            "headers" | "withoutHeaders" | "queryParams" | "sourceLabels" => {
                let (theirs, own) = (theirs.as_object()?, own.as_object()?);
                let together = |key: &String| {
                    own.get(key).is_none_or(|own| {
                        if field == "sourceLabels" {
                            *own == theirs[key]
                        } else {
                            fits(&theirs[key], own)
                        }
                    })
                };
                theirs.keys().all(together).then_some(())?;
                let mut united: Map<String, Value> = theirs.clone();
                united.extend(own.clone());
                out.insert(field.clone(), united.into());
            }
            "gateways" => {
                let among = |name: &Value| theirs.as_array().unwrap().contains(name);
                own.as_array()?.iter().all(among).then_some(())?;
            }
            _ => (theirs == own).then_some(())?,
        }
    }
    // A delegate may name gateways only among those that the root's match names.
    if inner.contains_key("gateways") && !root.contains_key("gateways") {
        return None;
    }
    Some(out.into())
}

/// Whether a condition of the delegate lies inside the root's on the same field.
fn fits(root: &Value, inner: &Value) -> bool {
    let of = |value: &Value, how: &str| value.get(how).and_then(Value::as_str).map(str::to_owned);
    if of(root, "regex").is_some() || of(inner, "regex").is_some() {
        return false;
    }
    match (of(root, "exact"), of(root, "prefix"), of(inner, "exact"), of(inner, "prefix")) {
        (Some(root), _, Some(inner), _) => root == inner,
        (Some(_), _, _, Some(_)) => false,
        (_, Some(root), Some(inner), _) | (_, Some(root), _, Some(inner)) => {
            inner.starts_with(&root)
        }
        _ => true,
    }
}

/// Name of the route and index of the rule.
pub type Origin = (String, usize);

/// Routes that are pooled for one host, as the rules of a VirtualService in the order of the
/// Gateway API's precedence, and where each comes from.
pub fn sorted(routes: &[&Value]) -> (Vec<Value>, Vec<Origin>) {
    let mut all = Vec::new();
    for route in routes {
        let age = route["metadata"]["creationTimestamp"].as_str().unwrap();
        for (index, rule) in route["spec"]["rules"].as_array().unwrap().iter().enumerate() {
            let everything = vec![json!({})];
            let matches = rule["matches"].as_array().filter(|list| !list.is_empty());
            for (at, one) in matches.unwrap_or(&everything).iter().enumerate() {
                let key = (precedence(one), age.to_owned(), text(route, "name"), index, at);
                all.push((key, as_rule(rule, one)));
            }
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.into_iter().map(|((_, _, name, index, _), rule)| (rule, (name, index))).unzip()
}

fn path_of(one: &Value) -> (&str, &str) {
    let path = one.get("path");
    let field = |name: &str| path.and_then(|path| path[name].as_str());
    (field("type").unwrap_or("PathPrefix"), field("value").unwrap_or("/"))
}

fn count(one: &Value, field: &str) -> i64 {
    one.get(field).and_then(Value::as_array).map_or(0, |list| list.len().try_into().unwrap())
}

/// Smaller goes first. The slash at the end of a prefix does not count.
fn precedence(one: &Value) -> (usize, i64, bool, i64, i64) {
    let (kind, value) = path_of(one);
    let rank = ["Exact", "PathPrefix", "RegularExpression"].iter().position(|k| *k == kind);
    let value = if kind == "PathPrefix" { value.trim_end_matches('/') } else { value };
    let length = i64::try_from(value.len().max(1)).unwrap();
    let method = one.get("method").is_none();
    (rank.unwrap(), -length, method, -count(one, "headers"), -count(one, "queryParams"))
}

/// One match of a route's rule as a rule of a VirtualService.
fn as_rule(rule: &Value, one: &Value) -> Value {
    let mut block = json!({});
    for (from, to) in [("headers", "headers"), ("queryParams", "queryParams")] {
        for condition in one.get(from).and_then(Value::as_array).into_iter().flatten() {
            let how = if condition["type"] == "RegularExpression" { "regex" } else { "exact" };
            block[to][condition["name"].as_str().unwrap()] = json!({how: condition["value"]});
        }
    }
    if let Some(method) = one.get("method") {
        block["method"] = json!({"exact": method});
    }
    let uri = |how: &str, value: &str| {
        let mut out = block.clone();
        out["uri"] = json!({how: value});
        out
    };
    let (kind, value) = path_of(one);
    let blocks = match (kind, value.trim_end_matches('/')) {
        ("Exact", _) => vec![uri("exact", value)],
        ("RegularExpression", _) => vec![uri("regex", value)],
        (_, "") => vec![uri("prefix", "/")],
        (_, prefix) => vec![uri("exact", prefix), uri("prefix", &format!("{prefix}/"))],
    };
    let mut out = json!({"match": blocks});
    if rule.get("filters").is_some() {
        out["redirect"] = json!({"uri": "/new", "redirectCode": 301});
        return out;
    }
    let parts = rule["backendRefs"].as_array().unwrap().iter().map(|backend| {
        json!({"weight": backend["weight"], "destination": {"port": {"number": backend["port"]},
            "host": full_name(backend["name"].as_str().unwrap(), "shop")}})
    });
    out["route"] = parts.collect();
    if let Some(timeouts) = rule.get("timeouts") {
        out["timeout"] = timeouts["request"].clone();
    }
    out
}
