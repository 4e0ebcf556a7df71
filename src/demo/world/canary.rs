//! The canary of the scenario `bookinfo`: beside the red stars of a fifth of the users, reviews
//! moves from v1 to v3 step by step, rests there, and starts over.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::text;
use super::state::{Part, State};
use super::store::Store;
use crate::mesh::{Key, Kind};

/// Percent of reviews' traffic that v3 gets, step by step.
const STEPS: [u32; 6] = [10, 20, 35, 50, 65, 80];
/// Percent that v2 gets throughout.
const V2: u32 = 20;
/// How long a step takes: long enough for the window of a minute to hold one step alone.
const STEP: Duration = Duration::from_secs(180);

/// The share of v3, in percent, this long after the world's start. Before the start it is the
/// first step's.
pub fn percent(elapsed: Duration) -> u32 {
    let step = (elapsed.as_secs() / STEP.as_secs()) as usize % STEPS.len();
    STEPS.get(step).copied().unwrap_or(100 - V2)
}

/// The weights of v1, v2 and v3 when v3 has this share.
pub(super) fn weights(v3: u32) -> [u32; 3] {
    [(100 - V2).saturating_sub(v3), V2, v3]
}

/// Sets the weights of the last rule of a VirtualService, destination by destination.
pub(super) fn set_weights(virtual_service: &mut Value, weights: [u32; 3]) {
    let rules = virtual_service.pointer_mut("/spec/http").and_then(Value::as_array_mut);
    let last = rules.and_then(|rules| rules.last_mut());
    let routes = last.and_then(|rule| rule.get_mut("route")).and_then(Value::as_array_mut);
    for (route, weight) in routes.into_iter().flatten().zip(weights) {
        super::fields::set(route, &["weight"], json!(weight));
    }
}

/// Moves the weights as time goes on, until somebody else changes or deletes the
/// VirtualService: then it is theirs.
pub(super) async fn run(store: &Store, started: Timestamp) {
    let key = Key::new("default", "reviews");
    let mut ours = store.read(|state| generation(state, &key));
    while ours.is_some() {
        let elapsed = Timestamp::now().duration_since(started).unsigned_abs();
        let v3 = percent(elapsed);
        let written = store.write(|state| {
            if generation(state, &key) != ours {
                return None;
            }
            state.edit(Kind::VirtualService, &key, Part::Main, |value| {
                set_weights(value, weights(v3));
            })?;
            generation(state, &key)
        });
        ours = written;
        let into_step = Duration::from_nanos((elapsed.as_nanos() % STEP.as_nanos()) as u64);
        tokio::time::sleep(STEP.saturating_sub(into_step)).await;
    }
}

/// Uid and generation of the VirtualService: both stay the same while nobody else writes it.
fn generation(state: &State, key: &Key) -> Option<(String, i64)> {
    let value = &state.get(Kind::VirtualService, key)?.value;
    let generation = value.pointer("/metadata/generation").and_then(Value::as_i64)?;
    Some((text(value, "/metadata/uid").to_owned(), generation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_all_and_starts_over() {
        let at = |step| percent(STEP * step);
        let shares: Vec<u32> = (0..6).map(at).collect();
        assert_eq!(shares, [10, 20, 35, 50, 65, 80]);
        assert!(shares.iter().all(|v3| weights(*v3).iter().sum::<u32>() == 100));
        assert_eq!(at(6), 10);
    }
}
