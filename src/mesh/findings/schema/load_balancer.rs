//! Load balancers of DestinationRules: consistent hashing, locality, warm-up.

use std::collections::HashSet;

use super::vocabulary::duration;
use super::{Issues, Node};

pub(super) fn check(balancer: &Node<'_>, has_outlier_detection: bool, issues: &mut Issues) {
    if let Some(hash) = balancer.get("consistentHash") {
        consistent_hash(&hash, issues);
    }
    if balancer.has("localityLbSetting") && balancer.has("zoneAwareLbSetting") {
        let text = "only one of localityLbSetting and zoneAwareLbSetting can be set";
        issues.error(balancer, text);
    }
    if let Some(setting) = balancer.get("localityLbSetting") {
        locality(&setting, has_outlier_detection, issues);
    }
    if let Some(warmup) = balancer.get("warmup") {
        check_warmup(&warmup, issues);
    }
}

fn consistent_hash(hash: &Node<'_>, issues: &mut Issues) {
    if let Some(cookie) = hash.get("httpCookie") {
        if !cookie.says("name") {
            issues.error(&cookie, "name required for HttpCookie");
        }
        let mut names = HashSet::new();
        for attribute in cookie.items("attributes") {
            let name = attribute.text("name");
            if name.is_empty() {
                issues.error(&attribute, "cookie attribute name cannot be empty");
            } else if !names.insert(name) {
                issues.error(&attribute, format!("duplicate cookie attribute name: {name}"));
            }
        }
    }
    if hash.says("minimumRingSize") {
        let node = hash.at("minimumRingSize");
        issues.warn(
            &node,
            "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash \
             configuration instead",
        );
        if hash.has("maglev") || hash.has("ringHash") {
            let text = "only one of MinimumRingSize or Maglev/Ringhash can be specified";
            issues.error(&node, text);
        }
    }
    if let Some(maglev) = hash.get("maglev") {
        let size = maglev.integer("tableSize");
        if size == 0 {
            issues.error(&maglev, "tableSize must be set for maglev");
        }
        if size >= 5_000_011 {
            issues.error(&maglev, "tableSize must be less than 5000011 for maglev");
        }
        if !is_prime(size) {
            issues.error(&maglev, "tableSize must be a prime number for maglev");
        }
    }
}

/// Only sizes below the limit are told apart; larger ones are refused anyway.
fn is_prime(number: i64) -> bool {
    number > 1 && (2..=2_237).take_while(|d| d * d <= number).all(|d| number % d != 0)
}

fn check_warmup(warmup: &Node<'_>, issues: &mut Issues) {
    if warmup.has("duration") {
        issues.check(&warmup.at("duration"), duration(warmup.text("duration")));
    } else {
        issues.error(warmup, "duration is required");
    }
    let double = |field: &str| {
        let value = &warmup.at(field);
        value.value.as_f64().or_else(|| value.value.get("value")?.as_f64())
    };
    if double("minimumPercent").is_some_and(|percent| percent > 100.0) {
        issues.error(warmup, "minimumPercent value should be less than or equal to 100");
    }
    if double("aggression").is_some_and(|aggression| aggression <= 0.0) {
        issues.error(warmup, "aggression should be greater than 0");
    }
}

fn locality(setting: &Node<'_>, has_outlier_detection: bool, issues: &mut Issues) {
    let (distribute, failover) = (setting.items("distribute"), setting.items("failover"));
    if !distribute.is_empty() && !failover.is_empty() {
        issues.error(setting, "can not simultaneously specify 'distribute' and 'failover'");
    }
    let priorities = setting.items("failoverPriority");
    for priority in &priorities {
        let label = priority.str().split('=').next().unwrap_or_default();
        let topology = matches!(
            label,
            "topology.kubernetes.io/region"
                | "topology.kubernetes.io/zone"
                | "topology.istio.io/subzone"
        );
        if !failover.is_empty() && topology {
            let text = format!(
                "can not simultaneously set 'failover' and topology label '{label}' in \
                 'failover_priority'"
            );
            issues.error(priority, text);
        }
    }
    let mut origins: Vec<&str> = Vec::new();
    for one in &distribute {
        let origin = one.text("from");
        localities(&one.at("from"), &[origin], &origins, issues);
        origins.push(origin);
        let to = one.entries("to");
        weights(one, &to, issues);
        let mut before: Vec<&str> = Vec::new();
        for (target, node) in to {
            localities(&node, &[target], &before, issues);
            before.push(target);
        }
    }
    let fails_over = !failover.is_empty() || !priorities.is_empty();
    if fails_over && !has_outlier_detection {
        issues.warn(setting, "outlier detection policy must be provided for failover");
    }
    for one in &failover {
        let (from, to) = (one.text("from"), one.text("to"));
        if from == to {
            issues.error(one, "locality lb failover settings must specify different regions");
        }
        if to.contains('/') || from.contains('/') {
            issues.error(one, "locality lb failover only specify region");
        }
        if to.contains('*') || from.contains('*') {
            issues.error(one, "locality lb failover region should not contain '*' wildcard");
        }
    }
}

fn weights(one: &Node<'_>, to: &[(&str, Node<'_>)], issues: &mut Issues) {
    let mut total = 0;
    for (_, node) in to {
        let weight = node.value.as_i64().unwrap_or_default();
        if !(1..=100).contains(&weight) {
            issues.error(node, "locality weight must be in range [1, 100]");
        }
        total += weight;
    }
    if total != 100 {
        issues.error(&one.at("to"), format!("total locality weight {total} != 100"));
    }
}

fn localities(at: &Node<'_>, texts: &[&str], before: &[&str], issues: &mut Issues) {
    for text in texts {
        let stars = text.matches('*').count();
        if stars > 1 || (stars == 1 && !text.ends_with('*')) {
            let problem = format!(
                "locality {text} wildcard '*' number can not exceed 1 and must be in the end"
            );
            issues.error(at, problem);
            continue;
        }
        if text.split('/').any(str::is_empty) {
            let problem =
                format!("locality {text} must not contain empty region/zone/subzone info");
            issues.error(at, problem);
        }
        if before.iter().any(|known| overlaps(known, text)) {
            issues.error(at, format!("locality {text} overlap with previous specified ones"));
        }
    }
}

fn overlaps(a: &str, b: &str) -> bool {
    let within = |wide: &str, narrow: &str| {
        let wide = wide.strip_suffix('*').map_or(wide, |wide| wide.trim_end_matches('/'));
        narrow == wide || wide.is_empty() || narrow.starts_with(&format!("{wide}/"))
    };
    within(a, b) || within(b, a)
}
