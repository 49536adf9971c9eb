//! Naming conventions: from the name of a class or field to that of a table or column.

use super::plural::{plural, singular};
use crate::grammar::mapper::Naming;

/// Words that Go's conventions write in capitals, as GORM lists them, the longer ones first where one starts
/// another.
const INITIALISMS: [&str; 38] = [
    "HTTPS", "ASCII", "XMPP", "HTTP", "HTML", "JSON", "UUID", "UTF8", "XSRF", "SMTP", "GUID", "TLS", "XSS", "XML", "VM", "URI", "URL",
    "UID", "UI", "UDP", "TTL", "TCP", "SSH", "SQL", "SLA", "RPC", "RHS", "RAM", "QPS", "LHS", "IP", "ID", "EOF", "DNS", "CSS", "CPU",
    "API", "ACL",
];

/// The name under a convention; `app` is the application's name for those that use it.
pub(super) fn under(naming: Naming, name: &str, app: &str) -> String {
    match naming {
        Naming::Same => name.to_string(),
        Naming::Snake => snake(name),
        Naming::SnakePlural => plural(&snake(name)),
        Naming::Lower => name.to_lowercase(),
        Naming::Plural => plural(name),
        Naming::Camel => camel(name),
        Naming::AppLower if app.is_empty() => name.to_lowercase(),
        Naming::AppLower => format!("{app}_{}", name.to_lowercase()),
        Naming::GoSnake => go_snake(name),
        Naming::GoSnakePlural => plural(&go_snake(name)),
        Naming::LetterSnake => letter_snake(name),
        Naming::Pascal => pascal(name),
    }
}

/// A function of a template's word: `snake`, `lower`, `plural` and so on.
pub(super) fn function(name: &str, text: &str) -> Option<String> {
    Some(match name {
        "snake" => snake(text),
        "lower" => text.to_lowercase(),
        "plural" => plural(text),
        "singular" => singular(text),
        "camel" => camel(text),
        "go-snake" => go_snake(text),
        "pascal" => pascal(text),
        "title" => title(text),
        "letter-snake" => letter_snake(text),
        "id" => {
            if text.ends_with("_id") {
                text.to_string()
            } else {
                format!("{text}_id")
            }
        }
        _ => return None,
    })
}

/// `OrderLine` -> `order_line`, `APIKey` -> `api_key`.
pub(in crate::index) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| chars.get(b));
        let after = chars.get(i + 1);
        if c.is_uppercase()
            && before
                .is_some_and(|b| b.is_lowercase() || b.is_ascii_digit() || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase())))
        {
            out.push('_');
        }
        match c {
            '-' | ' ' | '.' => out.push('_'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// `order_line` -> `orderLine`, `OrderLine` -> `orderLine`.
pub(super) fn camel(name: &str) -> String {
    let joined = pascal(name);
    let mut chars = joined.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// `order_line` -> `OrderLine`.
pub(super) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = true;
    for c in name.chars() {
        match (c, up) {
            ('_' | '-' | ' ' | '.', _) => up = true,
            (c, true) => {
                out.extend(c.to_uppercase());
                up = false;
            }
            (c, false) => out.push(c),
        }
    }
    out
}

/// The first letter large, the others small, as TypeORM has it for columns of embedded classes.
fn title(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()).unwrap_or_default()
}

/// `UserID` -> `user_i_d`: each capital begins a word (xorm's `SnakeMapper`).
fn letter_snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// GORM's snake case: initialisms are words of their own (`LastSeenIP` -> `last_seen_ip`, `HTMLURL` -> `html_url`).
pub(super) fn go_snake(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    let mut rest = name;
    // each initialism becomes a word with a capital first letter, as `strings.Replacer` does
    while let Some(c) = rest.chars().next() {
        match INITIALISMS.iter().find(|i| rest.starts_with(**i)) {
            Some(found) => {
                words.push_str(&title(found));
                rest = rest.get(found.len()..).unwrap_or("");
            }
            None => {
                words.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or("");
            }
        }
    }
    let chars: Vec<char> = words.chars().collect();
    let mut out = String::with_capacity(words.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| chars.get(b)).copied();
        let after = chars.get(i + 1).copied();
        if c.is_ascii_uppercase() && before.is_some_and(|b| b != '_') {
            let joined =
                before.is_some_and(|b| b.is_ascii_uppercase()) && after.is_none_or(|a| a.is_ascii_uppercase() || a.is_ascii_digit());
            let digit = before.is_some_and(|b| b.is_ascii_digit()) && after.is_none_or(|a| a.is_ascii_uppercase() || a.is_ascii_digit());
            if !joined && !digit {
                out.push('_');
            }
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions() {
        for (name, expected) in [
            ("UserID", "user_id"),
            ("APIKey", "api_key"),
            ("LastSeenIP", "last_seen_ip"),
            ("HTMLURL", "html_url"),
            ("VATNumber", "vat_number"),
            ("ID", "id"),
            ("OAuthToken", "o_auth_token"),
        ] {
            assert_eq!(go_snake(name), expected);
        }
        assert_eq!(snake("OrderLine"), "order_line");
        assert_eq!(snake("fullName"), "full_name");
        assert_eq!(snake("APIKey"), "api_key");
        assert_eq!(camel("user_id"), "userId");
        assert_eq!(under(Naming::LetterSnake, "UserID", ""), "user_i_d");
        assert_eq!(under(Naming::AppLower, "OrderLine", "shop"), "shop_orderline");
        assert_eq!(under(Naming::GoSnakePlural, "Company", ""), "companies");
    }
}
