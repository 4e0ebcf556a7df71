//! The loop of the explorer: message, update, effects; draw when dirty and due.

pub mod action;
pub mod describe;
pub mod doc;
pub mod drawing;
pub mod effect;
pub mod keymap;
pub mod list;
pub mod message;
pub mod model;
pub mod navigation;
pub mod overlay;
mod perform;
pub mod picture;
pub mod route;
mod run;
pub mod screen;
pub mod update;

pub use effect::Effect;
pub use message::Msg;
pub use model::Model;
pub use perform::Contexts;
pub use run::{AppOptions, run};
pub use update::update;
