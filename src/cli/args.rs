//! The command line, as typed values.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Which services and which queries, on which lines, does a database migration break?
#[derive(Debug, Parser)]
#[command(name = "impact", version, about, propagate_version = true, max_term_width = 110)]
#[command(after_help = "Exit code of `check`: 0 nothing breaks, 1 blocked, 2 usage, configuration or input error.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find repositories, services, owners and migrations, and write impact.toml
    Init(InitArgs),
    /// Index or refresh repositories
    Index(IndexArgs),
    /// Say what migrations break: the main job
    Check(CheckArgs),
    /// Who reads, writes, filters on a table or column
    Who(WhoArgs),
    /// The references of a repository
    Refs(RefsArgs),
    /// Schemas: `show` prints the one that a history or dump gives
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// What a rule means, or what was extracted at PATH:LINE
    Explain(ExplainArgs),
    /// The SQL that migrations send: what `check` reads of those that are code
    Sql(SqlArgs),
}

/// Arguments of `sql`.
#[derive(Args, Clone, Debug)]
pub struct SqlArgs {
    /// Migrations
    #[arg(value_name = "MIGRATION", required = true)]
    pub migrations: Vec<PathBuf>,
    /// Repository that they belong to, where they lie outside; may be repeated
    #[arg(long = "repo", value_name = "DIR")]
    pub repos: Vec<PathBuf>,
    /// Configuration file. Default: impact.toml here or in a folder above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Engine: postgres, mysql, mariadb or sqlite
    #[arg(long, value_name = "ENGINE", default_value = "postgres")]
    pub dialect: String,
    /// Say the line of the code before each statement
    #[arg(long)]
    pub lines: bool,
}

/// Options that say what is indexed and where the index is.
#[derive(Args, Clone, Debug, Default)]
pub struct SourceArgs {
    /// Repository to look at; may be repeated. A folder whose children are repositories stands for them
    #[arg(long = "repo", value_name = "DIR")]
    pub repos: Vec<PathBuf>,
    /// The index: one SQLite file. Default: under the user's cache folder, by workspace
    #[arg(long, value_name = "PATH", env = "IMPACT_STORE")]
    pub store: Option<PathBuf>,
    /// Look at this revision, straight from git, in place of the working tree
    #[arg(long, value_name = "REF")]
    pub at: Option<String>,
    /// Configuration file. Default: impact.toml here or in a folder above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Refresh the index first, also where a store is named
    #[arg(long, overrides_with = "no_refresh")]
    pub refresh: bool,
    /// Answer from the index as it stands
    #[arg(long)]
    pub no_refresh: bool,
    /// No progress, notes or hints on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options that say which schema statements are bound against.
#[derive(Args, Clone, Debug, Default)]
pub struct SchemaArgs {
    /// A dump (pg_dump, mysqldump, .schema) that is the schema before the migration
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// History to replay for the schema before the migration
    #[arg(long, value_name = "DIR")]
    pub migrations: Option<PathBuf>,
    /// Format of the history, where it is ambiguous
    #[arg(long, value_name = "NAME")]
    pub migration_format: Option<String>,
    /// The database that is migrated, by name
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Engine: postgres, mysql, mariadb or sqlite, with an optional :VERSION
    #[arg(long, value_name = "ENGINE[:VERSION]")]
    pub dialect: Option<String>,
}

/// `impact init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Folders to look at
    #[arg(value_name = "DIR", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Write over an impact.toml that is there
    #[arg(long)]
    pub force: bool,
    /// Print what would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// `impact index`.
#[derive(Args, Debug)]
pub struct IndexArgs {
    /// Repositories, or folders of repositories
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Parse every source file; finds the same, slower
    #[arg(long)]
    pub no_prefilter: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = DataFormat::Text)]
    pub format: DataFormat,
}

/// Text or JSON.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Formats of `check`.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// For programs; a stable contract
    Json,
}

/// When `check` exits with 1.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// When something breaks
    #[default]
    Breaks,
    /// Also when something may break or change
    Risk,
    /// Never
    Never,
}

/// Which code runs while the migration does.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Running {
    /// On a branch, the merge base with the default branch; else the working tree
    #[default]
    MergeBase,
    /// The working tree
    Tree,
}

/// `impact check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Migrations in order of application: files, folders, or - for standard input
    #[arg(value_name = "MIGRATION", id = "migration")]
    pub migrations: Vec<PathBuf>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub schema: SchemaArgs,
    /// Check the migrations that were added between two revisions
    #[arg(long, value_name = "BASE..HEAD", conflicts_with = "since")]
    pub diff: Option<String>,
    /// Check the migrations that were added since a revision
    #[arg(long, value_name = "REF")]
    pub since: Option<String>,
    /// Leave out findings recorded in this file
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings of this run to the baseline file
    #[arg(long, requires = "baseline")]
    pub update_baseline: bool,
    /// Judge the statements of this file
    #[arg(long, value_name = "FILE")]
    pub sql: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// When to exit with 1
    #[arg(long, value_enum, default_value_t = FailOn::Breaks)]
    pub fail_on: FailOn,
    /// Which code runs while the migration does
    #[arg(long, value_enum, default_value_t = Running::MergeBase, env = "IMPACT_RUNNING")]
    pub running: Running,
    /// Ask no language model (none is asked unless one is configured)
    #[arg(long)]
    pub no_llm: bool,
    /// Run nothing on a database engine
    #[arg(long)]
    pub no_proof: bool,
    /// Where to prove findings: on engines at hand (the default), on one that is part of this build, or nowhere
    #[arg(long, value_name = "auto|embedded|off", env = "IMPACT_PROOF")]
    pub proof: Option<String>,
    /// List safe statements and all sites too
    #[arg(long)]
    pub all: bool,
    /// Show how each name was bound before and after
    #[arg(long)]
    pub explain: bool,
    /// Only findings of this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only findings of this owner
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
}

/// `impact who`.
#[derive(Args, Debug)]
pub struct WhoArgs {
    /// A table or one of its columns
    #[arg(value_name = "TABLE[.COLUMN]")]
    pub object: String,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = DataFormat::Text)]
    pub format: DataFormat,
}

/// `impact refs`.
#[derive(Args, Debug)]
pub struct RefsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub schema: SchemaArgs,
    /// Also attributes of loaded entities
    #[arg(long)]
    pub uses: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = DataFormat::Json)]
    pub format: DataFormat,
}

/// `impact schema`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Print the schema that a history or dump gives
    Show(SchemaShowArgs),
}

/// `impact schema show`.
#[derive(Args, Debug)]
pub struct SchemaShowArgs {
    /// Only this table
    #[arg(value_name = "TABLE")]
    pub table: Option<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub schema: SchemaArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = DataFormat::Text)]
    pub format: DataFormat,
}

/// `impact explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A rule id, or PATH:LINE
    #[arg(value_name = "RULE|PATH:LINE")]
    pub what: Option<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub schema: SchemaArgs,
}
