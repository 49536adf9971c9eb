//! What the engines bring along: types, casts, operators and functions that no schema creates.

mod entries;
pub mod others;
pub mod postgres;
pub mod system;
