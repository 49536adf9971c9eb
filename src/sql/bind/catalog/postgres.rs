//! PostgreSQL's built-in types, casts, operators and functions, and those of its bundled extensions.
//!
//! The text files beside this one are taken from the system catalogue of a PostgreSQL 15 server; what later
//! versions add stands at the end of the function list. Operators and functions are read name by name, when they
//! are first asked for: a statement needs a handful of two thousand.

use super::entries::Entries;
use crate::model::types::DataType;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// A type for operator and function resolution: an index into the catalogue, or one of the kinds of
/// user-defined types. Arrays have [`ARRAY`] set.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(pub u16);

/// Bit of a [`TypeId`] that makes it an array.
pub const ARRAY: u16 = 0x8000;
/// A literal or parameter whose type is not decided yet.
pub const UNKNOWN: TypeId = TypeId(0);
/// Any enum; which one is kept beside.
pub const ENUM: TypeId = TypeId(1);
/// Any composite type or table row.
pub const COMPOSITE: TypeId = TypeId(2);
/// A user-defined range, base type or one that is not known.
pub const OTHER: TypeId = TypeId(3);
const RESERVED: usize = 4;

impl TypeId {
    /// The array over this type.
    pub fn array(self) -> TypeId {
        TypeId(self.0 | ARRAY)
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.0 & ARRAY != 0
    }

    /// The element type of an array; itself otherwise.
    pub fn element(self) -> TypeId {
        TypeId(self.0 & !ARRAY)
    }
}

/// A built-in type.
pub struct TypeInfo {
    /// Canonical name.
    pub name: &'static str,
    /// `pg_type.typcategory`.
    pub category: char,
    /// Preferred within its category.
    pub preferred: bool,
    /// The extension that brings it; empty: built in.
    pub extension: &'static str,
    plain: DataType,
    array: DataType,
}

/// An operator; `left` is `None` for a prefix operator.
pub struct Operator {
    /// Left operand.
    pub left: Option<TypeId>,
    /// Right operand.
    pub right: TypeId,
    /// Result.
    pub result: TypeId,
    /// The extension that brings it; empty: built in.
    pub extension: &'static str,
}

/// A function, aggregate or window function.
pub struct FunctionInfo {
    /// Argument types.
    pub args: Vec<TypeId>,
    /// Result.
    pub result: TypeId,
    /// `f`, `a`, `w` or `p`.
    pub kind: char,
    /// Number of trailing arguments with a default.
    pub defaults: usize,
    /// The last argument is variadic.
    pub variadic: bool,
    /// Result columns, where it returns rows.
    pub columns: Vec<(&'static str, TypeId)>,
    /// NULL for a NULL argument.
    pub strict: bool,
    /// The extension that brings it; empty: built in.
    pub extension: &'static str,
}

/// When a cast is applied.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Wherever it helps.
    Implicit,
    /// On assignment to a column.
    Assignment,
    /// Only where it is written.
    Explicit,
}

/// The whole catalogue.
pub struct Catalog {
    types: Vec<TypeInfo>,
    by_name: FxHashMap<&'static str, TypeId>,
    casts: FxHashMap<(TypeId, TypeId), Context>,
    operators: Entries<Operator>,
    functions: Entries<FunctionInfo>,
    relations: FxHashMap<&'static str, &'static str>,
}

/// The catalogue, read on first use.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(Catalog::read)
}

/// The built-in (or bundled extension's) type of that canonical name.
pub fn type_named(name: &str) -> Option<&'static TypeInfo> {
    let catalog = catalog();
    catalog.by_name.get(name).and_then(|id| catalog.info(*id))
}

impl Catalog {
    fn read() -> Catalog {
        let mut catalog = Catalog {
            types: Vec::new(),
            by_name: FxHashMap::default(),
            casts: FxHashMap::default(),
            operators: Entries::default(),
            functions: Entries::default(),
            relations: FxHashMap::default(),
        };
        let extensions = include_str!("postgres_extensions.txt");
        for line in lines(include_str!("postgres_types.txt")) {
            catalog.add_type(line, "");
        }
        let mut of_extensions = Vec::new();
        for line in lines(extensions) {
            let mut parts = line.splitn(3, '\t');
            if let (Some(kind), Some(extension), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                of_extensions.push((kind, extension, rest));
            }
        }
        for (_, extension, rest) in of_extensions.iter().filter(|e| e.0 == "type") {
            catalog.add_type(rest, extension);
        }
        for line in lines(include_str!("postgres_casts.txt")) {
            catalog.add_cast(line);
        }
        let mut operators: Vec<_> = lines(include_str!("postgres_operators.txt")).map(|line| (line, "")).collect();
        let mut functions: Vec<_> = lines(include_str!("postgres_functions.txt")).map(|line| (line, "")).collect();
        for (kind, extension, rest) in of_extensions {
            match kind {
                "cast" => catalog.add_cast(rest),
                "op" => operators.push((rest, extension)),
                "func" => functions.push((rest, extension)),
                "rel" => {
                    catalog.relations.insert(rest, extension);
                }
                _ => {}
            }
        }
        catalog.operators = Entries::new(operators);
        catalog.functions = Entries::new(functions);
        catalog
    }

    fn add_type(&mut self, line: &'static str, extension: &'static str) {
        let mut f = line.split('\t');
        let (Some(name), Some(category), Some(preferred)) = (f.next(), f.next(), f.next()) else { return };
        let id = TypeId((RESERVED + self.types.len()) as u16);
        let plain = DataType::named(name);
        let array = DataType { array: 1, ..plain.clone() };
        let category = category.chars().next().unwrap_or('U');
        self.types.push(TypeInfo { name, category, preferred: preferred == "p", extension, plain, array });
        self.by_name.insert(name, id);
    }

    fn read_type(&self, name: &str) -> Option<TypeId> {
        match name.strip_suffix("[]") {
            Some(element) => self.by_name.get(element).map(|id| id.array()),
            None => self.by_name.get(name).copied(),
        }
    }

    fn add_cast(&mut self, line: &'static str) {
        let mut f = line.split('\t');
        let (Some(from), Some(to), Some(context)) = (f.next(), f.next(), f.next()) else { return };
        let context = match context {
            "i" => Context::Implicit,
            "a" => Context::Assignment,
            _ => Context::Explicit,
        };
        if let (Some(from), Some(to)) = (self.read_type(from), self.read_type(to)) {
            self.casts.insert((from, to), context);
        }
    }

    /// The operator of a line, its name left out.
    fn read_operator(&self, line: &'static str, extension: &'static str) -> Option<Operator> {
        let mut f = line.split('\t');
        let (left, right, result) = (f.next()?, f.next()?, f.next()?);
        let left = if left == "-" { None } else { Some(self.read_type(left)?) };
        Some(Operator { left, right: self.read_type(right)?, result: self.read_type(result)?, extension })
    }

    /// The function of a line, its name left out.
    fn read_function(&self, line: &'static str, extension: &'static str) -> Option<FunctionInfo> {
        let f: Vec<&'static str> = line.split('\t').collect();
        let [args, result, kind, defaults, variadic, columns, strict] = f.as_slice() else { return None };
        let args: Option<Vec<TypeId>> = args.split(',').filter(|a| !a.is_empty()).map(|a| self.read_type(a)).collect();
        let result = result.strip_prefix("setof ").unwrap_or(result);
        let columns = columns.split(',').filter_map(|c| c.split_once(' ')).filter_map(|(n, t)| Some((n, self.read_type(t)?))).collect();
        Some(FunctionInfo {
            args: args?,
            result: self.read_type(result)?,
            kind: kind.chars().next().unwrap_or('f'),
            defaults: defaults.parse().unwrap_or(0),
            variadic: *variadic == "v",
            columns,
            strict: *strict == "s",
            extension,
        })
    }

    /// What is known of a built-in type; arrays give that of their element.
    pub fn info(&self, id: TypeId) -> Option<&TypeInfo> {
        (id.element().0 as usize).checked_sub(RESERVED).and_then(|i| self.types.get(i))
    }

    /// The type of that canonical name, without array brackets.
    pub fn id(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type as it stands in a schema.
    pub fn data_type(&'static self, id: TypeId) -> Option<&'static DataType> {
        let info = self.info(id)?;
        Some(if id.is_array() { &info.array } else { &info.plain })
    }

    /// The context in which a cast between two types of the catalogue applies by itself.
    pub fn cast(&self, from: TypeId, to: TypeId) -> Option<Context> {
        self.casts.get(&(from, to)).copied()
    }

    /// All operators of a name.
    pub fn operators(&self, name: &str) -> &[Operator] {
        self.operators.get(name, |line, extension| self.read_operator(line, extension))
    }

    /// All functions of a name.
    pub fn functions(&self, name: &str) -> &[FunctionInfo] {
        self.functions.get(name, |line, extension| self.read_function(line, extension))
    }

    /// The extension that brings a relation (`pg_stat_statements`).
    pub fn relation(&self, name: &str) -> Option<&'static str> {
        self.relations.get(name).copied()
    }

    /// Category of a type (`pg_type.typcategory`).
    pub fn category(&self, id: TypeId) -> char {
        if id.is_array() {
            return 'A';
        }
        match id {
            UNKNOWN => 'X',
            ENUM => 'E',
            COMPOSITE => 'C',
            _ => self.info(id).map_or('U', |t| t.category),
        }
    }

    /// Preferred type of its category.
    pub fn preferred(&self, id: TypeId) -> bool {
        !id.is_array() && self.info(id).is_some_and(|t| t.preferred)
    }
}

/// The lines of a data file; comments start with `# ` (`#` alone is an operator).
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|l| !l.is_empty() && !l.starts_with("# "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_reads() {
        let c = catalog();
        let id = |n: &str| c.id(n).unwrap_or(UNKNOWN);
        assert_eq!(c.cast(id("integer"), id("bigint")), Some(Context::Implicit));
        assert!(c.operators("#").len() > 3);
        assert!(c.operators("=").len() > 40);
        assert!(c.functions("lower").iter().any(|f| f.args == [id("text")] && f.result == id("text")));
        assert_eq!(c.functions("count").len(), 2);
        assert!(c.functions("similarity").iter().all(|f| f.extension == "pg_trgm"));
        assert_eq!(type_named("citext").map(|t| t.extension), Some("citext"));
        assert!(c.functions("json_each")[0].columns.len() == 2);
    }
}
