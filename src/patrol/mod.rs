//! L3, the spine: plan, look, record, deliver. Read `spine.rs` first: it is one look on one page.

mod bundles;
mod circuit;
mod courier;
pub mod keep;
mod models;
mod newness;
mod place_newness;
pub mod planner;
mod plates;
pub mod prove;
pub mod queue;
#[cfg(test)]
mod rehearsal;
pub mod relief;
pub mod replay;
pub mod scenes;
pub mod second_look;
pub mod seen;
pub mod shadow;
mod signs;
pub mod spine;
mod status;
pub mod supervisor;
mod trails;
pub mod watch;
mod witness;

pub use bundles::bundle_reader;
pub use courier::{Courier, CourierHandle, CourierReport, Pace};
