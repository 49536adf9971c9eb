//! The valid word that a wrong one was probably meant to be.

/// The word of `valid` that is nearest to `word`; `None` where none is near.
pub(super) fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 2).max(2);
    valid.into_iter().map(|v| (distance(word, v), v)).filter(|&(d, _)| d <= limit).min_by_key(|&(d, _)| d).map(|(_, v)| v)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cb, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = *cell;
            left = change.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        for (wrong, valid, right) in [
            ("methds", &["methods", "functions"][..], Some("methods")),
            ("call_expresion", &["call", "call_expression"], Some("call_expression")),
            ("zebra", &["methods", "functions"], None),
            ("", &[], None),
        ] {
            assert_eq!(nearest(wrong, valid.iter().copied()), right, "{wrong}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
