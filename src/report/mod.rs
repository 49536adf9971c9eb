//! Output formats of `check`: each renders one [`crate::model::report::Report`] and nothing else.

pub mod json;
pub mod text;
