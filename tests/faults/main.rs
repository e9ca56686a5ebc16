//! What goes wrong in a city, done to the real thing: cameras, disk and store, the process itself, the platform, too much
//! work, and people who mean harm. Every test prints how long recovery took; other cameras must not notice.

mod camera;
mod overload;
mod platform;
mod process;
mod security;
mod store;

#[expect(clippy::allow_attributes, reason = "an expectation would fail in the targets that use all of it")]
#[allow(dead_code, reason = "each target that shares the street uses its part of it")]
#[path = "../street/mod.rs"]
mod street;

#[expect(clippy::allow_attributes, reason = "an expectation would fail in the targets that use all of it")]
#[allow(dead_code, clippy::unwrap_used, reason = "each target that shares the house uses its part of it")]
#[path = "../delivery/world.rs"]
mod world;

#[expect(clippy::allow_attributes, reason = "an expectation would fail in the targets that use all of it")]
#[allow(dead_code, clippy::unwrap_used, reason = "each target that shares the simulator uses its part of it")]
#[path = "../delivery/platform.rs"]
mod simulator;

/// A port of loopback that is free now.
fn street_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
