//! PostgreSQL from the machine's own binaries: a cluster in a temporary folder, on a socket in it.

use super::choose::program;
use super::limits::Limits;
use super::scratch::{Described, Failed, Scratch};
use super::server::{Folder, Server, command, finish, give};
use super::template;
use crate::model::change::EngineError;
use crate::model::dialect::Dialect;
use crate::model::proof::EngineColumn;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Executor, SqlSafeStr, Statement, TypeInfo};
use std::future::Future;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Where distributions put the programs of a version.
const FOLDERS: &[&str] =
    &["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", "/usr/bin"];

/// The role that untrusted SQL runs as.
const ROLE: &str = "impact";

/// The database that everything happens in.
const DATABASE: &str = "template1";

/// What a new cluster is made into.
const SETUP: &str = "\
CREATE ROLE impact LOGIN BYPASSRLS;
ALTER DATABASE template1 OWNER TO impact;
ALTER SCHEMA public OWNER TO impact;
UPDATE pg_database SET datistemplate = false WHERE datname = 'template0';
DROP DATABASE template0;
DROP DATABASE postgres;
";

/// Extensions that an administrator would install for a service; they give no way to files, programs or the network.
const EXTENSIONS: &[&str] = &[
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "hypopg",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pg_stat_statements",
    "pg_trgm",
    "pgcrypto",
    "postgis",
    "postgis_raster",
    "postgis_topology",
    "seg",
    "tablefunc",
    "tcn",
    "timescaledb",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
];

/// Most roles that are made because something names them.
const MAX_ROLES: usize = 64;

/// A scratch cluster with a session of the role without rights.
pub struct Postgres {
    // Before the server: its socket is the server's.
    session: PgConnection,
    admin: PgConnection,
    runtime: Runtime,
    server: Server,
    version: String,
    roles: usize,
    disk: u64,
}

impl Postgres {
    /// Starts a cluster.
    pub fn open(dialect: Dialect, limits: &Limits, cache: Option<&Path>) -> Result<Self, String> {
        let wanted = dialect.version.map(|v| v.0);
        let missing = "no PostgreSQL server is installed on this machine; with the package postgresql, findings are proved";
        let initdb = program("initdb", FOLDERS, wanted).ok_or(missing)?;
        let initdb = initdb.canonicalize().unwrap_or(initdb);
        let postgres = initdb.with_file_name("postgres");
        if !postgres.is_file() {
            return Err(format!("{} is missing", postgres.display()));
        }
        let folder = Folder::new().map_err(|e| format!("no folder for a scratch server: {e}"))?;
        let made_of = format!("{}\n{SETUP}", initdb.display());
        let key = format!("postgres-{}", blake3::hash(made_of.as_bytes()).to_hex().get(..12).unwrap_or(""));
        template::data(&folder, cache, &key, |data| {
            let mut made = command(&initdb, folder.path());
            made.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "--wal-segsize=1", "-D"]).arg(data);
            finish(made.stdin(Stdio::null()), Duration::from_secs(60))?;
            // One database is enough, and a third of the files are quicker to copy. Without a server each line is a command.
            let setup = folder.path().join("setup.sql");
            std::fs::write(&setup, SETUP).and_then(|()| give(&setup)).map_err(|e| e.to_string())?;
            let lines = std::fs::File::open(&setup).map_err(|e| e.to_string())?;
            let mut set_up = command(&postgres, folder.path());
            set_up.arg("--single").arg("-D").arg(data).args(["-c", "fsync=off", DATABASE]).stdin(lines);
            finish(&mut set_up, Duration::from_secs(60))
        })?;
        let at = folder.path().to_string_lossy().into_owned();
        let mut arguments = vec!["-D".to_string(), format!("{at}/data"), "-k".into(), at.clone()];
        for setting in [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=16MB",
            "max_connections=8",
            "autovacuum=off",
            "wal_level=minimal",
            "max_wal_senders=0",
            "max_worker_processes=0",
            "dynamic_shared_memory_type=mmap",
            "jit=off",
            "timezone=UTC",
            "temp_file_limit=64MB",
            "max_locks_per_transaction=512",
        ] {
            arguments.extend(["-c".to_string(), setting.to_string()]);
        }
        let mut server = Server::start(&postgres, &arguments, "QUIT", folder, limits)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let options = |role: &str| {
            let options = PgConnectOptions::new_without_pgpass().socket(server.folder.path()).port(5432).username(role);
            options
                .database(DATABASE)
                .ssl_mode(PgSslMode::Disable)
                .statement_cache_capacity(0)
                .extra_float_digits(None)
                .disable_statement_logging()
        };
        let (as_admin, as_role) = (options("postgres"), options(ROLE));
        let admin = runtime.block_on(connect(&as_admin, limits.total, || server.ended()))?;
        let session = runtime.block_on(connect(&as_role, limits.total, || server.ended()))?;
        let mut this = Postgres { session, admin, runtime, server, version: String::new(), roles: 0, disk: limits.disk };
        // Version 15 and later; without it more stays undecided.
        let _ = this.administer(&format!("GRANT SET ON PARAMETER session_replication_role TO {ROLE}"));
        let shown = this.runtime.block_on(sqlx::raw_sql("SHOW server_version").fetch_one(&mut this.admin));
        this.version = shown.ok().and_then(|row| sqlx::Row::try_get_unchecked::<String, _>(&row, 0).ok()).unwrap_or_default();
        Ok(this)
    }

    fn administer(&mut self, sql: &str) -> Result<(), Failed> {
        let limit = Duration::from_secs(10);
        let (admin, folder) = (&mut self.admin, &self.server.folder);
        self.runtime
            .block_on(within(limit, folder, self.disk, async { sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.map(|_| ()) }))
    }

    /// Sends SQL in the session; roles and extensions that only an administrator can make are made on the way.
    fn send(&mut self, sql: &str, limit: Duration) -> Result<u64, Failed> {
        for _ in 0..=MAX_ROLES {
            let (session, folder) = (&mut self.session, &self.server.folder);
            let sent = self.runtime.block_on(within(limit, folder, self.disk, async {
                use futures_util::TryStreamExt;
                let mut count = 0;
                let mut steps = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(session);
                while let Some(step) = steps.try_next().await? {
                    count += step.either(|done| done.rows_affected(), |_| 0);
                }
                Ok(count)
            }));
            match &sent {
                Err(Failed::Refused(error)) if self.make_role(error)? => {}
                _ => return sent,
            }
        }
        Err(Failed::refused("", "too many roles are named"))
    }

    /// Makes the role that an error misses: roles that nothing creates exist and own nothing.
    fn make_role(&mut self, error: &EngineError) -> Result<bool, Failed> {
        let name = error.message.strip_prefix("role \"").and_then(|m| m.strip_suffix("\" does not exist"));
        let Some(name) = name.filter(|_| error.code == "42704" && self.roles < MAX_ROLES) else { return Ok(false) };
        // In a failed transaction nothing else can be done: whoever began it begins anew.
        let name = name.to_string();
        self.role(&name)?;
        let (session, folder) = (&mut self.session, &self.server.folder);
        let state = self.runtime.block_on(within(Duration::from_secs(2), folder, self.disk, async {
            sqlx::raw_sql("SELECT 1").execute(session).await.map(|_| ())
        }));
        Ok(state.is_ok())
    }
}

impl Scratch for Postgres {
    fn name(&self) -> String {
        let version = self.version.split_whitespace().next().unwrap_or("");
        format!("PostgreSQL {version}")
    }

    fn run(&mut self, sql: &str, limit: Duration) -> Result<(), Failed> {
        self.send(sql, limit).map(|_| ())
    }

    fn copy(&mut self, head: &str, lines: &str, limit: Duration) -> Result<(), Failed> {
        let (session, folder) = (&mut self.session, &self.server.folder);
        self.runtime.block_on(within(limit, folder, self.disk, async {
            let mut copy = session.copy_in_raw(head).await?;
            copy.send(lines.as_bytes()).await?;
            copy.finish().await.map(|_| ())
        }))
    }

    fn role(&mut self, name: &str) -> Result<(), Failed> {
        self.roles += 1;
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        match self.administer(&format!("CREATE ROLE {quoted}; GRANT {quoted} TO {ROLE} WITH ADMIN OPTION")) {
            Err(Failed::Refused(error)) if error.code == "42710" => Ok(()),
            other => other,
        }
    }

    fn extension(&mut self, name: &str) -> Result<(), Failed> {
        // Whoever may install it owns it, and may drop it later.
        let quoted = name.replace('"', "\"\"");
        match self.run(&format!("CREATE EXTENSION IF NOT EXISTS \"{quoted}\" CASCADE"), Duration::from_secs(10)) {
            Err(Failed::Refused(error)) if error.code == "42501" => {}
            other => return other,
        }
        if !EXTENSIONS.contains(&name) {
            return Err(Failed::refused("", format!("the extension {name} is not among those that a scratch database may have")));
        }
        self.administer(&format!("CREATE EXTENSION IF NOT EXISTS \"{name}\" CASCADE"))
    }

    fn enter(&mut self, setup: &[String], limit: Duration) -> Result<(), Failed> {
        for _ in 0..=MAX_ROLES {
            self.run("BEGIN", limit)?;
            let mut failed = None;
            for statement in setup {
                if let Err(error) = self.run(statement, limit) {
                    failed = Some(error);
                    break;
                }
            }
            let Some(error) = failed else { return Ok(()) };
            self.leave(limit)?;
            match &error {
                Failed::Refused(e) if self.make_role(e)? => {}
                _ => return Err(error),
            }
        }
        Err(Failed::refused("", "too many roles are named"))
    }

    fn forget_references(&mut self, limit: Duration) -> Result<bool, Failed> {
        match self.send("SET LOCAL session_replication_role = replica", limit) {
            Ok(_) => Ok(true),
            // Before version 15 only an administrator may.
            Err(Failed::Refused(_)) => Ok(false),
            Err(lost) => Err(lost),
        }
    }

    fn is_of_references(&self, error: &EngineError) -> bool {
        error.code == "23503"
    }

    fn prepare(&mut self, sql: &str, limit: Duration) -> Result<Described, Failed> {
        let (session, folder) = (&mut self.session, &self.server.folder);
        let statement = self.runtime.block_on(within(limit, folder, self.disk, session.prepare(AssertSqlSafe(sql).into_sql_str())))?;
        let column = |c: &sqlx::postgres::PgColumn| EngineColumn { name: c.name().to_string(), ty: c.type_info().name().to_lowercase() };
        let parameters = match statement.parameters() {
            Some(sqlx::Either::Left(types)) => types.iter().map(|t| t.name().to_lowercase()).collect(),
            _ => Vec::new(),
        };
        Ok(Described { columns: statement.columns().iter().map(column).collect(), parameters })
    }

    fn execute(&mut self, sql: &str, values: &[&str], limit: Duration) -> Result<u64, Failed> {
        self.send(&format!("PREPARE impact_asked AS {sql}"), limit)?;
        let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let done = self.send(&format!("EXECUTE impact_asked{values}"), limit);
        // In a failed transaction it can't be done; names of prepared statements outlive transactions.
        if done.is_ok() {
            self.send("DEALLOCATE impact_asked", limit)?;
        }
        done
    }

    fn leave(&mut self, limit: Duration) -> Result<(), Failed> {
        self.run("ROLLBACK", limit)?;
        self.run("DEALLOCATE ALL", limit)
    }

    fn value(&self, ty: &str) -> &'static str {
        match ty {
            "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" | "money" => "1",
            "text" | "varchar" | "bpchar" | "char" | "\"char\"" | "name" | "citext" | "unknown" => "'1'",
            "bool" => "true",
            "date" => "'2024-02-01'",
            "timestamp" | "timestamptz" => "'2024-02-01 10:00:00'",
            "time" | "timetz" => "'10:00:00'",
            "interval" => "'1 day'",
            "uuid" => "'00000000-0000-4000-8000-000000000001'",
            "json" | "jsonb" => "'{}'",
            "bytea" => "'\\x01'",
            "inet" | "cidr" => "'192.0.2.1'",
            array if array.ends_with("[]") => "'{}'",
            _ => "NULL",
        }
    }

    fn is_own_limit(&self, error: &EngineError) -> bool {
        let message = error.message.as_str();
        let rights = error.code == "42501"
            && (message.contains("superuser")
                || message.starts_with("permission denied to")
                || message.starts_with("must be owner of extension")
                || message.contains("must be a member"));
        let not_installed = message.contains("is not available") || message.contains("could not open extension control file");
        rights || not_installed || matches!(error.code.as_str(), "57014" | "53100" | "53200" | "53400" | "54000" | "54001")
    }
}

/// Connects as soon as the server lets us.
async fn connect(options: &PgConnectOptions, limit: Duration, mut ended: impl FnMut() -> Option<String>) -> Result<PgConnection, String> {
    let end = Instant::now() + limit;
    loop {
        match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                if let Some(why) = ended() {
                    return Err(why);
                }
                if Instant::now() > end {
                    return Err(format!("the scratch server does not answer: {error}"));
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The answer of a server, within limits of time and disk.
pub async fn within<T>(
    limit: Duration,
    folder: &Folder,
    disk: u64,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failed> {
    let mut asked = std::pin::pin!(asked);
    let end = tokio::time::Instant::now() + limit;
    loop {
        let step = (tokio::time::Instant::now() + Duration::from_millis(250)).min(end);
        match tokio::time::timeout_at(step, &mut asked).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) if tokio::time::Instant::now() >= end => return Err(Failed::Lost(format!("not done within {limit:.1?}"))),
            Err(_) if folder.size() > disk => return Err(Failed::Lost("the scratch server's folder grew beyond its limit".into())),
            Err(_) => {}
        }
    }
}

fn failed(error: sqlx::Error) -> Failed {
    match error.as_database_error() {
        Some(e) => {
            let code = match e.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
                Some(mysql) => mysql.number().to_string(),
                None => e.code().unwrap_or_default().into_owned(),
            };
            // The server is shutting down, or ended the session.
            if matches!(code.as_str(), "57P01" | "57P02" | "57P03" | "1053" | "1317") {
                return Failed::Lost(e.message().to_string());
            }
            Failed::refused(code, e.message())
        }
        None => Failed::Lost(error.to_string()),
    }
}

pub fn words(failed: &Failed) -> String {
    match failed {
        Failed::Refused(error) => error.message.clone(),
        Failed::Lost(why) => why.clone(),
    }
}
