//! A camera that misbehaves is told apart from others, costs its neighbours nothing, and is back when it is well again.
