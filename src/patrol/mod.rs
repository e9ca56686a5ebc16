//! L3, the spine: plan, look, record, deliver.

pub mod planner;
pub mod queue;
