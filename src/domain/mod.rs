//! L0, pure: the words of the house as types. Nothing here awaits, reads a clock, touches a file or
//! knows an adapter; everything else may use it and it uses nothing of ours.

mod account;
mod ads;
mod case;
mod detection;
mod evidence;
mod exemplar;
mod facts;
mod geometry;
mod ids;
mod incident;
mod look;
mod matter;
mod picture;
mod place;
mod plan;
mod plate;
mod review;
mod stream;
mod text;
mod time;
mod verification;
mod zone;

pub use account::*;
pub use ads::*;
pub use case::*;
pub use detection::*;
pub use evidence::*;
pub use exemplar::*;
pub use facts::*;
pub use geometry::*;
pub use ids::*;
pub use incident::*;
pub use look::*;
pub use matter::*;
pub use picture::*;
pub use place::*;
pub use plan::*;
pub use plate::*;
pub use review::*;
pub use stream::*;
pub use text::*;
pub use time::*;
pub use verification::*;
pub use zone::*;
