//! What the README shows is what the command prints.

use assert_cmd::Command;

/// Every `console` block: the command after `$ impact`, then its output, in which `...` stands for left-out lines.
#[test]
fn examples_print_what_the_readme_shows() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).expect("README.md");
    let store = tempfile::tempdir().expect("a temporary folder");
    let mut blocks = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let (command, expected) = block.split_once('\n').expect("a command and its output");
        let arguments = command.strip_prefix("$ impact ").expect("`$ impact` first").split_whitespace();
        let output = Command::cargo_bin("impact")
            .expect("the binary")
            .args(arguments)
            .args(["--quiet", "--store"])
            .arg(store.path().join(format!("{blocks}.db")))
            .args(if command.contains("--repo") { &[][..] } else { &["--repo", "fixtures/worlds/shop"][..] })
            .env("NO_COLOR", "1")
            .env("IMPACT_PROOF", "off")
            .env("IMPACT_RUNNING", "tree")
            .current_dir(root)
            .output()
            .expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut rest = printed.as_str();
        for part in expected.split("...\n") {
            let at = rest.find(part.trim_end_matches('\n')).unwrap_or_else(|| panic!("`{command}` does not print\n{part}\nbut\n{printed}"));
            rest = &rest[at + part.trim_end_matches('\n').len()..];
        }
        blocks += 1;
    }
    assert!(blocks >= 2, "the README shows {blocks} examples");
}
