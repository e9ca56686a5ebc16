//! patrol

mod courier;

pub use courier::{Courier, CourierHandle, CourierReport, Pace};
