//! Plural and singular of English words as Rails' tables have it, which GORM (`jinzhu/inflection`) and Sequelize
//! (`inflection`) took over.

/// Words without a plural of their own.
const UNCOUNTABLE: [&str; 12] =
    ["equipment", "information", "rice", "money", "species", "series", "fish", "sheep", "jeans", "police", "news", "milk"];

/// Words whose plural follows no rule: singular, plural.
const IRREGULAR: [(&str, &str); 11] = [
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("mombie", "mombies"),
    ("zombie", "zombies"),
    ("criterion", "criteria"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("goose", "geese"),
];

/// Endings of singulars with those of their plurals; the first that fits holds.
const PLURALS: [(&str, &str); 25] = [
    ("quiz", "quizzes"),
    ("oxen", "oxen"),
    ("mice", "mice"),
    ("lice", "lice"),
    ("mouse", "mice"),
    ("louse", "lice"),
    ("matrix", "matrices"),
    ("vertex", "vertices"),
    ("index", "indices"),
    ("ss", "sses"),
    ("sh", "shes"),
    ("ch", "ches"),
    ("x", "xes"),
    ("hive", "hives"),
    ("lf", "lves"),
    ("rf", "rves"),
    ("sis", "ses"),
    ("datum", "data"),
    ("medium", "media"),
    ("buffalo", "buffaloes"),
    ("tomato", "tomatoes"),
    ("bus", "buses"),
    ("alias", "aliases"),
    ("status", "statuses"),
    ("virus", "viri"),
];

/// Endings of plurals with those of their singulars; the first that fits holds.
const SINGULARS: [(&str, &str); 27] = [
    ("quizzes", "quiz"),
    ("matrices", "matrix"),
    ("vertices", "vertex"),
    ("indices", "index"),
    ("aliases", "alias"),
    ("statuses", "status"),
    ("viri", "virus"),
    ("crises", "crisis"),
    ("analyses", "analysis"),
    ("theses", "thesis"),
    ("shoes", "shoe"),
    ("buses", "bus"),
    ("mice", "mouse"),
    ("lice", "louse"),
    ("data", "datum"),
    ("media", "medium"),
    ("movies", "movie"),
    ("series", "series"),
    ("hives", "hive"),
    ("lves", "lf"),
    ("rves", "rf"),
    ("xes", "x"),
    ("ches", "ch"),
    ("sses", "ss"),
    ("shes", "sh"),
    ("oes", "o"),
    ("ss", "ss"),
];

/// The plural of a word; only its last part counts in `order_line` and `OrderLine`.
pub(in crate::index) fn plural(word: &str) -> String {
    let (head, last) = last_part(word);
    let lower = last.to_lowercase();
    if lower.is_empty() || UNCOUNTABLE.contains(&lower.as_str()) {
        return word.to_string();
    }
    if let Some((_, many)) = IRREGULAR.iter().find(|(one, many)| lower == *one || lower == *many) {
        return format!("{head}{}", like(last, many));
    }
    if let Some((one, many)) = PLURALS.iter().find(|(one, _)| lower.ends_with(one)) {
        return format!("{head}{}{many}", cut(last, one.len()));
    }
    let before = lower.chars().rev().nth(1);
    match lower.chars().last() {
        Some('y') if before.is_some_and(|c| !"aeiou".contains(c)) || lower.ends_with("quy") => format!("{head}{}ies", cut(last, 1)),
        Some('s') => word.to_string(),
        Some('e') if lower.ends_with("fe") && !lower.ends_with("ffe") => format!("{head}{}ves", cut(last, 2)),
        _ => format!("{word}s"),
    }
}

/// The singular of a word.
pub(super) fn singular(word: &str) -> String {
    let (head, last) = last_part(word);
    let lower = last.to_lowercase();
    if lower.is_empty() || UNCOUNTABLE.contains(&lower.as_str()) {
        return word.to_string();
    }
    if let Some((one, _)) = IRREGULAR.iter().find(|(one, many)| lower == *many || lower == *one) {
        return format!("{head}{}", like(last, one));
    }
    if let Some((many, one)) = SINGULARS.iter().find(|(many, _)| lower.ends_with(many)) {
        return format!("{head}{}{one}", cut(last, many.len()));
    }
    if lower.ends_with("ies") {
        return format!("{head}{}y", cut(last, 3));
    }
    match lower.ends_with('s') && !lower.ends_with("us") && !lower.ends_with("is") {
        true => format!("{head}{}", cut(last, 1)),
        false => word.to_string(),
    }
}

/// `order_line` -> (`order_`, `line`), `OrderLine` -> (`Order`, `Line`).
fn last_part(word: &str) -> (&str, &str) {
    let mut at = word.rfind('_').map_or(0, |i| i + 1);
    let mut before = ' ';
    for (i, c) in word.char_indices() {
        if i > at && c.is_uppercase() && before.is_lowercase() {
            at = i;
        }
        before = c;
    }
    word.split_at(at)
}

fn cut(word: &str, bytes: usize) -> &str {
    word.get(..word.len().saturating_sub(bytes)).unwrap_or(word)
}

/// `to`, with a capital where `from` has one.
fn like(from: &str, to: &str) -> String {
    match from.chars().next().is_some_and(char::is_uppercase) {
        true => to.get(..1).map(str::to_uppercase).unwrap_or_default() + to.get(1..).unwrap_or(""),
        false => to.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_plurals_that_libraries_give_them() {
        for (one, many) in [
            ("user", "users"),
            ("company", "companies"),
            ("address", "addresses"),
            ("person", "people"),
            ("order_line", "order_lines"),
            ("OrderLine", "OrderLines"),
            ("SalesPerson", "SalesPeople"),
            ("category", "categories"),
            ("day", "days"),
            ("status", "statuses"),
            ("box", "boxes"),
            ("branch", "branches"),
            ("analysis", "analyses"),
            ("news", "news"),
            ("equipment", "equipment"),
            ("photo", "photos"),
            ("index", "indices"),
            ("life", "lives"),
            ("shelf", "shelves"),
        ] {
            assert_eq!(plural(one), many);
            if one != "life" {
                assert_eq!(singular(many), one);
            }
        }
        assert_eq!(plural("users"), "users");
    }
}
