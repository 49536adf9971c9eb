//! From tokens to statements.

pub mod cursor;
