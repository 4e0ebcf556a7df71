//! The world's objects as the mesh reads them, kept up to date change by change.

use crate::mesh::{Kind, ObjectRef, Objects, object::RawObject};

use super::catalog::RESOURCES;
use super::state::{Change, State};

/// The mesh's view of a [`State`] and the revision it has come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    pub objects: Objects,
    seen: u64,
}

impl Feed {
    /// Takes in what changed since the last call; whether anything did.
    pub(super) fn follow(&mut self, state: &State) -> bool {
        if state.revision() == self.seen {
            return false;
        }
        let mut configured = false;
        if let Ok(changes) = state.changes(self.seen) {
            changes.for_each(|change| {
                configured |= change.new.kind == Kind::ConfigMap;
                self.apply(change);
            });
        } else {
            // The history does not reach back that far: read everything.
            configured = true;
            self.objects = Objects::default();
            for item in RESOURCES.iter().flat_map(|r| state.list(r.kind, None)) {
                self.objects.insert(RawObject::with_kind(item.kind, item.value.clone()));
            }
        }
        if configured {
            self.objects.load_mesh_config();
        }
        self.seen = state.revision();
        true
    }

    fn apply(&mut self, change: &Change) {
        let item = &change.new;
        if change.deleted {
            self.objects.remove(&ObjectRef { kind: item.kind, key: item.key.clone() });
        } else {
            self.objects.insert(RawObject::with_kind(item.kind, item.value.clone()));
        }
    }
}
