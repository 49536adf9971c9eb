//! Fixtures under `fixtures/mapping/<language>/<library>/`: the source files of one service, and `expected.snap`.

use super::{models, render};
use crate::index::fixtures::{Sources, expect, library_folders, packs};
use std::path::PathBuf;

#[test]
fn fixtures_give_the_expected_models() {
    let rendered = |folder: PathBuf| {
        let sources = Sources::of_folder(&folder);
        let program = sources.program();
        (folder, render::render(&models(&program, packs()), &program))
    };
    expect(library_folders("mapping").into_iter().map(rendered));
}
