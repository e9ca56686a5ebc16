//! L3, the spine: plan, look, record, deliver. Read `spine.rs` first: it is one look on one page.

mod bundles;
mod circuit;
mod courier;
pub mod keep;
pub mod planner;
pub mod prove;
pub mod queue;
pub mod relief;
pub mod replay;
pub mod scenes;
pub mod spine;
mod status;
pub mod supervisor;
pub mod watch;
mod witness;

pub use bundles::bundle_reader;
pub use courier::{Courier, CourierHandle, CourierReport, Pace};
