//! cli

pub mod platform_sim;
