//! One binary for all tests that go through the library or the command.

mod catalogue;
mod engines;
mod migrations;
mod readme;
mod resolve;
