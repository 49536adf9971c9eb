//! The words of a mapper that TOML alone does not check: kinds, what calls give, how many arguments they have.

use super::error::GrammarError;
use super::mapper::{KindRule, Mapper};

/// Adds an error for each word of a pack's mapper that means nothing. `others` are the packs that it may extend, by id.
pub(super) fn check(file: &str, text: &str, mapper: &Mapper, others: &[(&str, &Mapper)], errors: &mut Vec<GrammarError>) {
    let extended = others.iter().filter(|(id, _)| mapper.extends.iter().any(|e| e == id)).map(|(_, m)| *m);
    let own: Vec<&str> = mapper.kind.iter().chain(extended.flat_map(|m| &m.kind)).map(|k| k.name.as_str()).collect();
    let kinds: Vec<&str> = own.iter().copied().chain(KindRule::BUILT_IN).collect();
    let gives: Vec<&str> = kinds.iter().copied().chain(KindRule::GIVES).collect();
    let mut fail = |word: &str, message: String, valid: &[&str]| {
        errors.push(GrammarError::at_word(file, text, word, message).nearest_of(word, valid.iter().copied()));
    };
    for id in mapper.extends.iter().filter(|e| !others.iter().any(|(id, _)| id == e)) {
        let ids: Vec<&str> = others.iter().map(|o| o.0).collect();
        fail(id, format!("no pack `{id}` that could be extended"), &ids);
    }
    let on = mapper.member.iter().flat_map(|m| &m.on).chain(mapper.call.iter().flat_map(|c| &c.on));
    let first = mapper.kind.iter().map(|k| &k.model_first).filter(|k| !k.is_empty());
    let with = mapper.call.iter().flat_map(|c| &c.steps).map(|s| &s.with).chain([&mapper.callbacks]).filter(|w| !w.is_empty());
    for kind in on.chain(with).chain(first).filter(|k| !kinds.contains(&k.as_str())) {
        fail(kind, format!("unknown kind `{kind}`"), &kinds);
    }
    let of_calls = mapper.call.iter().flat_map(|c| c.gives.split(',').map(str::trim)).filter(|g| !g.is_empty());
    let of_members = mapper.member.iter().map(|m| m.gives.as_str()).filter(|g| !g.starts_with("module:"));
    for word in of_calls.chain(of_members).filter(|g| !gives.contains(g) && !is_of_argument(g)) {
        fail(word, format!("nothing that could be given is called `{word}`"), &gives);
    }
    for arity in mapper.call.iter().map(|c| c.arity.as_str()).filter(|a| !is_arity(a)) {
        fail(arity, format!("`{arity}` is no number of arguments: `2`, `1..` or `..3`"), &[]);
    }
    for call in mapper.call.iter().filter(|c| c.names.is_empty() != c.itself) {
        let word = call.names.first().map_or("itself", String::as_str);
        fail(word, "a call has either `names` or `itself = true`".to_string(), &[]);
    }
}

/// `argument:0`, `new:0`.
fn is_of_argument(word: &str) -> bool {
    word.split_once(':').is_some_and(|(what, at)| KindRule::GIVES_OF.contains(&what) && at.parse::<usize>().is_ok())
}

fn is_arity(word: &str) -> bool {
    let number = |w: &str| w.is_empty() || w.parse::<usize>().is_ok();
    match word.split_once("..") {
        Some((from, to)) => number(from) && number(to),
        None => number(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_words_are_named_with_the_right_ones() {
        let text = "[[kind]]\nname = \"session\"\n[[call]]\non = [\"sesion\"]\nnames = [\"x\"]\ngives = \"querry\"\narity = \"a\"\n";
        let mapper: Mapper = toml::from_str(text).unwrap_or_default();
        let mut errors = Vec::new();
        check("python/x.toml", text, &mapper, &[], &mut errors);
        let said: Vec<(usize, &str)> = errors.iter().map(|e| (e.line, e.help.as_deref().unwrap_or_default())).collect();
        assert_eq!(said, [(4, "did you mean `session`?"), (6, "did you mean `query`?"), (7, "")]);
    }
}
