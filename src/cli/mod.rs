//! cli
pub mod judge;
pub mod model;
