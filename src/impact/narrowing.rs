//! What values a column took before that it does not take after a change of its type.

use crate::model::dialect::{Dialect, Engine};
use crate::model::types::DataType;

/// How the values of the new type relate to those of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Every old value can be stored as it is.
    All,
    /// Some values are refused; why, in words.
    Refuses(String),
    /// Values are stored, some of them changed; how, in words.
    Alters(String),
}

/// What kind of values a type holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// Whole numbers.
    Integer,
    /// Numbers with a fixed number of decimals.
    Decimal,
    /// Floating point.
    Float,
    /// Text of any length or up to a length.
    Text,
    /// Blank-padded text.
    PaddedText,
    /// Text compared without case.
    FoldedText,
    /// Bytes.
    Binary,
    /// TRUE and FALSE.
    Boolean,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A moment without zone.
    Timestamp,
    /// A moment with zone.
    TimestampTz,
    /// A duration.
    Interval,
    /// UUID.
    Uuid,
    /// JSON.
    Json,
    /// An enum.
    Enum,
    /// Anything else.
    Other,
}

/// The class of a type. `MySQL`'s enum and set, and PostgreSQL's user types, are told apart by `is_enum`.
pub fn class(ty: &DataType, dialect: Dialect, is_enum: bool) -> Class {
    if ty.array > 0 {
        return Class::Other;
    }
    if is_enum || !ty.values.is_empty() {
        return Class::Enum;
    }
    match ty.name.as_str() {
        "smallint" | "integer" | "bigint" | "int" | "tinyint" | "mediumint" | "year" | "bit" => Class::Integer,
        "numeric" | "decimal" | "money" => Class::Decimal,
        "real" | "double precision" | "double" | "float" => Class::Float,
        "text" | "character varying" | "varchar" | "tinytext" | "mediumtext" | "longtext" | "name" => Class::Text,
        "character" | "char" | "bpchar" => match dialect.engine {
            // The MySQL family removes the padding when it reads; SQLite has none.
            Engine::Postgres => Class::PaddedText,
            _ => Class::Text,
        },
        "citext" => Class::FoldedText,
        "bytea" | "blob" | "binary" | "varbinary" | "tinyblob" | "mediumblob" | "longblob" => Class::Binary,
        "boolean" => Class::Boolean,
        "date" => Class::Date,
        "time" | "time without time zone" | "time with time zone" => Class::Time,
        "timestamp without time zone" | "datetime" => Class::Timestamp,
        "timestamp with time zone" => Class::TimestampTz,
        "timestamp" => Class::Timestamp,
        "interval" => Class::Interval,
        "uuid" => Class::Uuid,
        "json" | "jsonb" => Class::Json,
        _ => Class::Other,
    }
}

/// Compares what two types of one column can store. SQLite enforces no lengths and no types outside STRICT
/// tables (SQLite, "Datatypes In SQLite", section 2), so everything fits there.
pub fn fit(old: &DataType, new: &DataType, dialect: Dialect, enums: (bool, bool)) -> Fit {
    if old == new || dialect.engine == Engine::Sqlite {
        return Fit::All;
    }
    let (was, is) = (class(old, dialect, enums.0), class(new, dialect, enums.1));
    match (was, is) {
        (Class::Enum, Class::Enum) => {
            let gone: Vec<&String> = old.values.iter().filter(|v| !new.values.contains(v)).collect();
            match gone.first() {
                Some(first) => Fit::Refuses(format!("a value such as '{first}' that {new} no longer lists")),
                None => Fit::All,
            }
        }
        (_, Class::Enum) => Fit::Refuses("a value that is not one of its labels".into()),
        (Class::Integer, Class::Integer) => match (integer_range(old), integer_range(new)) {
            (Some(o), Some(n)) if n.0 <= o.0 && o.1 <= n.1 => Fit::All,
            _ => Fit::Refuses(format!("a number out of the range of {new}")),
        },
        (Class::Integer, Class::Decimal) => match (integer_range(old), precision(new)) {
            (_, None) => Fit::All,
            (Some((_, max)), Some((digits, scale))) if (max as f64) < 10f64.powi(digits.saturating_sub(scale) as i32) => Fit::All,
            _ => Fit::Refuses(format!("a number with more digits than {new} holds")),
        },
        (Class::Decimal, Class::Decimal) => decimals(old, new, dialect),
        (Class::Decimal | Class::Float, Class::Integer) => Fit::Refuses(format!("a number out of the range of {new}")),
        (Class::Float, Class::Float) => match (old.name.as_str(), new.name.as_str()) {
            ("real" | "float", _) => Fit::All,
            (o, n) if o == n => Fit::All,
            _ => Fit::Refuses(format!("a number out of the range of {new}")),
        },
        (Class::Integer | Class::Decimal, Class::Float) => Fit::All,
        (Class::Float, Class::Decimal) if precision(new).is_none() => Fit::All,
        (Class::Float, Class::Decimal) => Fit::Refuses(format!("a number with more digits than {new} holds")),
        (Class::Text | Class::PaddedText | Class::FoldedText, Class::Text | Class::PaddedText | Class::FoldedText) => {
            match (length(old, dialect), length(new, dialect)) {
                (_, None) => Fit::All,
                (Some(o), Some(n)) if o <= n => Fit::All,
                (_, Some(n)) => Fit::Refuses(format!("a value longer than {n} characters")),
            }
        }
        // A number takes at most as many characters as its range and sign need.
        (Class::Integer, Class::Text) if length(new, dialect).is_none_or(|n| n >= 20) => Fit::All,
        (_, Class::Text | Class::PaddedText | Class::FoldedText) => match length(new, dialect) {
            None => Fit::All,
            Some(n) => Fit::Refuses(format!("a value longer than {n} characters")),
        },
        (Class::Binary, Class::Binary) => match (length(old, dialect), length(new, dialect)) {
            (_, None) => Fit::All,
            (Some(o), Some(n)) if o <= n => Fit::All,
            (_, Some(n)) => Fit::Refuses(format!("a value longer than {n} bytes")),
        },
        (Class::Date, Class::Timestamp | Class::TimestampTz)
        | (Class::Timestamp, Class::TimestampTz)
        | (Class::TimestampTz, Class::Timestamp) => {
            if dialect.engine.is_mysql_family() && new.name == "timestamp" {
                Fit::Refuses("a moment outside 1970 to 2038".into())
            } else {
                Fit::All
            }
        }
        (Class::Timestamp | Class::TimestampTz, Class::Date) => Fit::Alters("the time of day is cut off".into()),
        (Class::Timestamp, Class::Timestamp) if old.name != new.name && new.name == "timestamp" => {
            Fit::Refuses("a moment outside 1970 to 2038".into())
        }
        (a, b) if a == b && a != Class::Other => Fit::All,
        (Class::Other, Class::Other) if old.same_base(new) => match old.user.is_some() || old.args == new.args {
            true => Fit::All,
            false => Fit::Refuses(format!("a value that {new} does not take")),
        },
        _ => Fit::Refuses(format!("a value that {new} does not take")),
    }
}

fn decimals(old: &DataType, new: &DataType, dialect: Dialect) -> Fit {
    match (precision(old), precision(new)) {
        (_, None) => Fit::All,
        (None, Some(_)) => Fit::Refuses(format!("a number with more digits than {new} holds")),
        (Some((op, os)), Some((np, ns))) => {
            if op.saturating_sub(os) > np.saturating_sub(ns) {
                Fit::Refuses(format!("a number with more than {} digits before the decimal point", np.saturating_sub(ns)))
            } else if os > ns {
                let _ = dialect;
                Fit::Alters(format!("values are rounded to {ns} decimals"))
            } else {
                Fit::All
            }
        }
    }
}

/// Precision and scale of a decimal type; `None`: unlimited (PostgreSQL's plain `numeric`).
pub fn precision(ty: &DataType) -> Option<(u32, u32)> {
    let mut args = ty.args.iter().map(|a| a.trim().parse::<u32>().ok());
    match (args.next().flatten(), args.next().flatten()) {
        (Some(p), s) => Some((p, s.unwrap_or(0))),
        // MySQL and MariaDB read plain DECIMAL as DECIMAL(10,0).
        (None, _) if ty.name == "decimal" => Some((10, 0)),
        _ => None,
    }
}

/// The greatest number of characters (bytes for binary types); `None`: unlimited.
pub fn length(ty: &DataType, dialect: Dialect) -> Option<u64> {
    match ty.name.as_str() {
        "tinytext" | "tinyblob" => return Some(255),
        "text" | "blob" if dialect.engine.is_mysql_family() => return Some(65_535),
        "mediumtext" | "mediumblob" => return Some(16_777_215),
        "text" | "longtext" | "longblob" | "bytea" | "blob" | "citext" => return None,
        _ => {}
    }
    match ty.args.first().and_then(|a| a.trim().parse().ok()) {
        Some(n) => Some(n),
        None if matches!(ty.name.as_str(), "character" | "char" | "bpchar") => Some(1),
        None => None,
    }
}

/// Bits of the signed whole numbers that hold every value of a type.
pub(super) fn integer_bits(ty: &DataType) -> Option<u8> {
    let (_, high) = integer_range(ty).filter(|_| ty.name != "year" && ty.array == 0)?;
    Some((128 - high.leading_zeros() + 1) as u8)
}

fn integer_range(ty: &DataType) -> Option<(i128, i128)> {
    let bits = match ty.name.as_str() {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "integer" | "int" => 32,
        "bigint" => 64,
        "year" => return Some((1901, 2155)),
        _ => return None,
    };
    let half = 1i128 << (bits - 1);
    Some(if ty.unsigned { (0, 2 * half - 1) } else { (-half, half - 1) })
}

/// Whether a literal can be stored in a type: `Some(false)` where the engine refuses it whatever the rows are.
pub fn literal_fits(text: &str, string: bool, ty: &DataType, dialect: Dialect, is_enum: bool) -> Option<bool> {
    if dialect.engine == Engine::Sqlite {
        return Some(true);
    }
    match class(ty, dialect, is_enum) {
        Class::Text | Class::PaddedText => {
            let limit = length(ty, dialect);
            let kept = if dialect.engine == Engine::Postgres { text.trim_end_matches(' ') } else { text };
            Some(limit.is_none_or(|n| kept.chars().count() as u64 <= n))
        }
        Class::Integer => {
            let number: i128 = text.trim().parse().ok()?;
            integer_range(ty).map(|(low, high)| low <= number && number <= high)
        }
        Class::Decimal => {
            let number: f64 = text.trim().parse().ok()?;
            precision(ty).map_or(Some(true), |(p, s)| Some(number.abs() < 10f64.powi(p.saturating_sub(s) as i32)))
        }
        Class::Enum if !ty.values.is_empty() => {
            if !string {
                return None;
            }
            Some(ty.values.iter().any(|v| v.eq_ignore_ascii_case(text)))
        }
        Class::FoldedText | Class::Json | Class::Float => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(name: &str, args: &[&str]) -> DataType {
        DataType { args: args.iter().map(|a| a.to_string()).collect(), ..DataType::named(name) }
    }

    #[test]
    fn what_fits() {
        let pg = Dialect::of(Engine::Postgres);
        let cases = [
            (ty("character varying", &["40"]), ty("character varying", &["80"]), true),
            (ty("character varying", &["40"]), ty("character varying", &["5"]), false),
            (ty("character varying", &["40"]), ty("text", &[]), true),
            (ty("text", &[]), ty("character varying", &["40"]), false),
            (ty("integer", &[]), ty("bigint", &[]), true),
            (ty("bigint", &[]), ty("integer", &[]), false),
            (ty("numeric", &["12", "2"]), ty("numeric", &["12", "4"]), false),
            (ty("numeric", &["10", "2"]), ty("numeric", &["12", "4"]), true),
            (ty("numeric", &["10", "2"]), ty("numeric", &[]), true),
            (ty("date", &[]), ty("timestamp without time zone", &[]), true),
            (ty("text", &[]), ty("uuid", &[]), false),
        ];
        for (old, new, all) in cases {
            assert_eq!(fit(&old, &new, pg, (false, false)) == Fit::All, all, "{old} -> {new}");
        }
        let unsigned = DataType { unsigned: true, ..ty("int", &[]) };
        assert!(matches!(fit(&ty("int", &[]), &unsigned, Dialect::of(Engine::MariaDb), (false, false)), Fit::Refuses(_)));
    }

    #[test]
    fn literals() {
        let pg = Dialect::of(Engine::Postgres);
        assert_eq!(literal_fits("Hamburg", true, &ty("character varying", &["5"]), pg, false), Some(false));
        assert_eq!(literal_fits("Ulm  ", true, &ty("character varying", &["3"]), pg, false), Some(true));
        assert_eq!(literal_fits("70000", false, &ty("smallint", &[]), pg, false), Some(false));
    }
}
