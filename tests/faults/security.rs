//! Addresses, names, bodies and secrets: what a hostile or careless person can reach.
