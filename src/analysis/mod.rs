//! L1, pure: from a model's numbers to judged facts. Nothing here awaits, reads a clock, touches a file or
//! names an adapter; everything is a function of its arguments, so every judgement can be replayed.

pub mod appearance;
pub mod tracker;
