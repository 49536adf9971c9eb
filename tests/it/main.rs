//! One binary for all tests that go through the library or the command.

mod architecture;
mod bad_input;
mod catalogue;
mod cli;
mod code_migrations;
mod definitions;
mod differential;
mod engines;
mod fuzz;
mod migrations;
mod mutations;
mod orm;
mod prefilter;
mod project;
mod proof;
mod readme;
mod resolve;
mod revisions;
mod shop;
