//! The files of `grammars/`, compiled into the binary.

include!(concat!(env!("OUT_DIR"), "/grammars.rs"));
