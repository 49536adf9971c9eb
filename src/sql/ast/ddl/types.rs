//! Types and domains.

use super::ColumnAttribute;
use crate::sql::ast::{Ident, Name, TypeName};

/// CREATE TYPE.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeDefinition {
    /// AS ENUM (labels).
    Enum(Vec<String>),
    /// AS (attributes).
    Composite(Vec<(Ident, TypeName)>),
    /// AS RANGE, base and shell types.
    Opaque,
}

/// An action of ALTER TYPE.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterTypeAction {
    /// ADD VALUE.
    AddValue {
        /// Label.
        value: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// BEFORE (`true`) or AFTER a label.
        neighbour: Option<(bool, String)>,
    },
    /// RENAME VALUE.
    RenameValue {
        /// Old label.
        from: String,
        /// New label.
        to: String,
    },
    /// ADD ATTRIBUTE.
    AddAttribute {
        /// Attribute.
        name: Ident,
        /// Type.
        ty: TypeName,
    },
    /// DROP ATTRIBUTE.
    DropAttribute {
        /// Attribute.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// ALTER ATTRIBUTE ... TYPE.
    AlterAttribute {
        /// Attribute.
        name: Ident,
        /// New type.
        ty: TypeName,
    },
    /// RENAME ATTRIBUTE.
    RenameAttribute {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// OWNER TO, options.
    Ignored(String),
}

/// CREATE DOMAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDomain {
    /// Name.
    pub name: Name,
    /// Underlying type.
    pub ty: TypeName,
    /// DEFAULT, NOT NULL, CHECK.
    pub attributes: Vec<ColumnAttribute>,
}

/// An action of ALTER DOMAIN.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterDomainAction {
    /// SET DEFAULT; `None`: DROP DEFAULT.
    Default(Option<String>),
    /// SET (`true`) or DROP NOT NULL.
    NotNull(bool),
    /// ADD CONSTRAINT ... CHECK.
    AddCheck {
        /// Name.
        name: Option<Ident>,
        /// Condition.
        expr: String,
        /// NOT VALID.
        not_valid: bool,
    },
    /// DROP CONSTRAINT.
    DropConstraint {
        /// Name.
        name: Ident,
        /// IF EXISTS.
        if_exists: bool,
    },
    /// RENAME CONSTRAINT.
    RenameConstraint {
        /// Old name.
        from: Ident,
        /// New name.
        to: Ident,
    },
    /// VALIDATE CONSTRAINT, OWNER TO.
    Ignored(String),
}
