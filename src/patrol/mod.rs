//! patrol

mod bundles;
mod courier;

pub use bundles::bundle_reader;
pub use courier::{Courier, CourierHandle, CourierReport, Pace};
