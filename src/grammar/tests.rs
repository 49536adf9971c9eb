//! Every grammar file compiles against the real grammars, and mistakes are told well.

use super::PackSet;
use std::collections::BTreeMap;

fn files() -> BTreeMap<String, String> {
    crate::embedded::GRAMMARS.iter().map(|&(n, t)| (n.to_string(), t.to_string())).collect()
}

#[test]
fn all_packs_compile() {
    let set = PackSet::builtin().unwrap_or_else(|e| panic!("{}", e.iter().map(|e| format!("{e}\n")).collect::<String>()));
    for language in set.languages() {
        assert!(!language.packs.is_empty(), "{:?} has no pack", language.language);
        assert!(!language.extensions.is_empty());
    }
}

#[test]
fn mistakes_name_file_line_and_the_nearest_word() {
    let cases = [
        (
            "python/x.toml",
            "id = \"x\"\n\n[[sink]]\nmethds = [\"a\"]\n",
            "python/x.toml:4: unknown field `methds`",
            "did you mean `methods`?",
        ),
        (
            "python/x.toml",
            "id = \"x\"\n[[sink]]\nconsumer = \"by-nam\"\n",
            "python/x.toml:3: unknown variant `by-nam`",
            "did you mean `by-name`?",
        ),
        (
            "python/language.toml",
            "id = \"python\"\nextensions = []\nescapes = \"python\"\n[nodes]\ncal = { role = \"call\" }\n",
            "python/language.toml:5: unknown node kind `cal`",
            "did you mean `call`?",
        ),
        (
            "python/language.toml",
            "id = \"python\"\nextensions = []\nescapes = \"python\"\n[nodes]\ncall = { role = \"cal\" }\n",
            "python/language.toml:5: unknown role `cal`",
            "did you mean `call`?",
        ),
        (
            "python/language.toml",
            "id = \"python\"\nextensions = []\nescapes = \"python\"\n[nodes]\ncall = { role = \"call\", function = \"functio\" }\n",
            "python/language.toml:5: unknown field `functio`",
            "did you mean `function`?",
        ),
        (
            "python/language.toml",
            "id = \"python\"\nextensions = []\nescapes = \"python\"\n[nodes]\ncall = { role = \"call\", functon = \"function\" }\n",
            "python/language.toml:5: unknown slot `functon`",
            "did you mean `function`?",
        ),
    ];
    for (file, text, message, help) in cases {
        let mut all = files();
        all.insert(file.to_string(), text.to_string());
        let errors = match PackSet::from_files(all) {
            Ok(_) => panic!("{file} should not load"),
            Err(errors) => errors,
        };
        let told = errors.iter().map(|e| e.to_string()).find(|e| e.starts_with(message));
        let told = told.unwrap_or_else(|| panic!("{message} not among {errors:?}"));
        assert!(told.contains(help), "{told}");
    }
}
