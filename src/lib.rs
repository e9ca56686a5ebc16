//! Xunjie (巡街): looks at municipal cameras, remembers places, proves incidents, asks a reviewer and
//! delivers cases. ARCHITECTURE.md tells the whole story; this is the map.
//!
//! | room | layer | what lives there |
//! |---|---|---|
//! | [`domain`] | L0 pure | the words of the house as types |
//! | [`analysis`] | L1 pure | letterbox, output decoders, NMS, appearance, tracker, rules, place book, scene |
//! | [`config`] | L1 | matters, cities, service settings: raw, checked, all faults at once |
//! | [`clock`], [`telemetry`] | L1 | time as a seam; logs and metrics |
//! | [`media`] | L2 | frame sources, clips, view match, drawing and masking |
//! | [`infer`] | L2 | model manifests, ONNX Runtime sessions, the pool of inference threads |
//! | [`store`] | L2 | rows (SQLite) and evidence files |
//! | [`deliver`] | L2 | outlets to the platform |
//! | [`patrol`] | L3 | **the spine**: plan, look, record, courier; read `patrol/spine.rs` first |
//! | [`eval`] | L3 | measures models and clips against labels and timelines |
//! | [`service`] | L3 | use cases shared by the web and the command line |
//! | [`web`] | L4 | HTTP API and the desk, the browser application in the binary |
//! | [`cli`] | L4 | one file a subcommand |

pub mod analysis;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deliver;
pub mod domain;
pub mod eval;
pub mod identity;
pub mod infer;
pub mod media;
pub mod patrol;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod web;
