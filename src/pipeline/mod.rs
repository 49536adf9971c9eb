//! The stages in order. The command line and the daemon are two callers of this.

pub mod check;
pub mod history;
pub mod inputs;
pub mod program;
pub mod references;
pub mod refresh;
pub mod view;
pub mod workspace;
