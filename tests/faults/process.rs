//! The process killed at any moment, stopped in order, or told twice to stop.
