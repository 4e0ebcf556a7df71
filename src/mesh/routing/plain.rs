//! A client without a proxy of the mesh: kube-proxy, or ztunnel, balances over every pod of the
//! service, unless an ambient service has a waypoint, which then decides.

use std::sync::Arc;

use super::answer::{Answer, Decider, NotMatched, Outcome};
use super::bystander;
use super::destination::{Place, settle};
use super::name;
use super::reason::Reason;
use super::registry::{Backing, Entry};
use super::request::{Request, Source, SourceKind};
use super::scope::Scope;
use super::selection::Log;
use super::waypoint;
use super::{Proxy, Router};
use crate::mesh::Key;
use crate::mesh::object::in_namespace;

pub fn answer(router: &Router, request: &Request, proxy: &Proxy, scope: &Scope<'_>) -> Answer {
    let own = &proxy.source.namespace;
    let Some(entry) = waypoint::service(router, scope, request, own) else {
        let answer = Answer::new(request, Outcome::Passthrough, None);
        return Answer { not_matched: bystanders(router, None), ..answer };
    };
    if let Some(source) = is_ambient(router, proxy).then(|| waypoint_of(router, entry)).flatten() {
        let inner = Request { from: source.clone(), ..request.clone() };
        let decided_by = Decider {
            kind: source.kind,
            namespace: Arc::clone(&source.namespace),
            name: Arc::clone(&source.name),
        };
        return Answer { request: request.clone(), decided_by, ..router.answer(&inner) };
    }
    let mut answer = Answer::new(request, Outcome::Routed, None);
    let place = Place {
        router,
        proxy,
        scope,
        port: request.port,
        address: request.address,
        only_port: true,
        from_route: false,
    };
    if entry.port(request.port).is_none() {
        let answer = Answer::new(request, Outcome::NotFound, None);
        return Answer { not_matched: bystanders(router, Some(entry)), ..answer };
    }
    settle(&mut answer, vec![place.whole(entry, request.port)]);
    answer.status = None;
    answer.caveats.push(
        "No proxy that applies routing rules is in the path: connections are balanced over all \
         pods of the service, whatever rules and weights say."
            .to_owned(),
    );
    answer.not_matched = bystanders(router, Some(entry));
    answer
}

/// No rule has a part in this, whatever host it is for.
fn bystanders(router: &Router, called: Option<&Entry>) -> Vec<NotMatched> {
    let mut log = Log::default();
    for set in router.all_rules() {
        let concerned = |entry: &Entry| set.hosts.iter().any(|h| name::covers(h, &entry.host));
        if called.is_some_and(concerned) {
            log.add_set(set, Reason::ProxyNotInPath, "the client has no proxy that applies it");
        } else {
            bystander::elsewhere(set, &mut log);
        }
    }
    log.into_entries()
}

fn is_ambient(router: &Router, proxy: &Proxy) -> bool {
    let key = Key {
        namespace: Arc::clone(&proxy.source.namespace),
        name: Arc::clone(&proxy.source.name),
    };
    let pod = router.objects.pods.get(&key);
    pod.is_some_and(|pod| pod.meta.annotation("ambient.istio.io/redirection") == Some("enabled"))
}

/// The waypoint a service is told to use, by its label or its namespace's, and a pod of it.
fn waypoint_of(router: &Router, entry: &Entry) -> Option<Source> {
    let Backing::Service(service) = &entry.backing else { return None };
    let namespace = router.objects.namespaces.get(&Key::new("", &entry.namespace));
    let label = |key: &str| {
        let of_namespace = || namespace.and_then(|namespace| namespace.meta.label(key));
        service.meta.label(key).or_else(of_namespace)
    };
    let name = label("istio.io/use-waypoint").filter(|name| *name != "none")?;
    let home = label("istio.io/use-waypoint-namespace").unwrap_or(&entry.namespace);
    let gateway = router.objects.k8s_gateways.get(&Key::new(home, name))?;
    let serves = gateway.meta.label("istio.io/waypoint-for").unwrap_or("service");
    if !matches!(serves, "service" | "all") {
        return None;
    }
    let pod = in_namespace(&router.objects.pods, home)
        .find(|pod| pod.meta.label("gateway.networking.k8s.io/gateway-name") == Some(name));
    let pod = pod.map_or_else(|| name.into(), |pod| Arc::clone(&pod.meta.name));
    Some(Source { kind: SourceKind::Waypoint, namespace: home.into(), name: pod })
}
