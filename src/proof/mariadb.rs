//! MariaDB from the machine's own binaries: a server in a temporary folder, on a socket in it.

use super::choose::program;
use super::limits::Limits;
use super::postgres::within;
use super::scratch::{Described, Failed, Scratch};
use super::server::{Folder, Server, command, finish};
use super::template;
use crate::model::change::EngineError;
use crate::model::proof::EngineColumn;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Executor, SqlSafeStr, Statement, TypeInfo};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const FOLDERS: &[&str] = &["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/opt/mariadb/bin", "/usr/local/opt/mariadb/bin"];

/// What the role that untrusted SQL runs as may do in a scratch database.
const RIGHTS: &str = "ALL PRIVILEGES";

/// A scratch server with a session of a role without rights beyond its database.
pub struct MariaDb {
    session: MySqlConnection,
    admin: MySqlConnection,
    as_role: MySqlConnectOptions,
    runtime: Runtime,
    server: Server,
    version: String,
    disk: u64,
    /// The session has state of its own, and goes with [`Scratch::leave`].
    used: bool,
}

impl MariaDb {
    /// Starts a server.
    pub fn open(limits: &Limits, cache: Option<&Path>) -> Result<Self, String> {
        let missing = "no MariaDB server is installed on this machine; with the package mariadb-server, findings are proved";
        let mariadbd = program("mariadbd", FOLDERS, None).ok_or(missing)?;
        let install = program("mariadb-install-db", FOLDERS, None).ok_or("mariadb-install-db is missing")?;
        let folder = Folder::new().map_err(|e| format!("no folder for a scratch server: {e}"))?;
        let version = std::fs::metadata(&mariadbd).map(|m| format!("{}{:?}", m.len(), m.modified().ok())).unwrap_or_default();
        let key =
            format!("mariadb-{}", blake3::hash(format!("{}{version}", mariadbd.display()).as_bytes()).to_hex().get(..12).unwrap_or(""));
        let small = ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=24M"];
        template::data(&folder, cache, &key, |data| {
            let mut made = command(&install, folder.path());
            made.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]).args(small);
            made.arg(format!("--datadir={}", data.display())).stdin(Stdio::null());
            finish(&mut made, Duration::from_secs(120))
        })?;
        let at = folder.path().to_string_lossy().into_owned();
        let empty = folder.path().join("files");
        std::fs::create_dir(&empty).map_err(|e| e.to_string())?;
        let mut arguments: Vec<String> = [
            "--no-defaults".to_string(),
            format!("--datadir={at}/data"),
            format!("--socket={at}/server.sock"),
            format!("--pid-file={at}/server.pid"),
            format!("--tmpdir={at}"),
            format!("--secure-file-priv={}", empty.display()),
        ]
        .to_vec();
        let settings = [
            "--skip-networking",
            "--local-infile=0",
            "--skip-symbolic-links", // tables in other folders
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--default-time-zone=+00:00",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--innodb-fast-shutdown=2",
            "--innodb-use-native-aio=0",
            "--skip-log-bin",
            "--performance-schema=off",
            "--max-connections=8",
            "--key-buffer-size=1M",
            "--aria-pagecache-buffer-size=8M",
            "--max-session-mem-used=268435456",
        ];
        arguments.extend(settings.iter().chain(&small).map(ToString::to_string));
        let mut server = Server::start(&mariadbd, &arguments, "KILL", folder, limits)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let options = |user: &str| {
            let options = MySqlConnectOptions::new().socket(server.folder.path().join("server.sock")).username(user);
            let options = options.ssl_mode(MySqlSslMode::Disabled).statement_cache_capacity(0).charset("utf8mb4");
            // The session is as a client without wishes gets it.
            options.pipes_as_concat(false).no_engine_substitution(false).timezone(None).disable_statement_logging()
        };
        let (as_admin, as_role) = (options("root"), options("impact").database("impact"));
        let mut admin = runtime.block_on(connect(&as_admin, limits.total, || server.ended()))?;
        let setup = format!("CREATE DATABASE impact; CREATE USER impact@localhost; GRANT {RIGHTS} ON impact.* TO impact@localhost");
        let set_up = |error: sqlx::Error| format!("the scratch server can't be set up: {error}");
        runtime.block_on(sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut admin)).map_err(set_up)?;
        let session = runtime.block_on(connect(&as_role, limits.total, || server.ended()))?;
        let shown = runtime.block_on(sqlx::raw_sql("SELECT VERSION()").fetch_one(&mut admin));
        let version: String = shown.ok().and_then(|row| sqlx::Row::try_get_unchecked(&row, 0).ok()).unwrap_or_default();
        Ok(MariaDb { session, admin, as_role, runtime, server, version, disk: limits.disk, used: false })
    }

    fn send(&mut self, sql: &str, limit: Duration) -> Result<u64, Failed> {
        let (session, folder) = (&mut self.session, &self.server.folder);
        self.runtime.block_on(within(limit, folder, self.disk, async {
            use futures_util::TryStreamExt;
            let mut count = 0;
            let mut steps = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(session);
            while let Some(step) = steps.try_next().await? {
                count += step.either(|done| done.rows_affected(), |_| 1);
            }
            Ok(count)
        }))
    }

    fn administer(&mut self, sql: &str) -> Result<(), Failed> {
        let (admin, folder) = (&mut self.admin, &self.server.folder);
        self.runtime.block_on(within(Duration::from_secs(10), folder, self.disk, async {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.map(|_| ())
        }))
    }
}

impl Scratch for MariaDb {
    fn name(&self) -> String {
        format!("MariaDB {}", self.version.split('-').next().unwrap_or(""))
    }

    fn run(&mut self, sql: &str, limit: Duration) -> Result<(), Failed> {
        let sent = self.send(sql, limit).map(|_| ());
        // Another database is made for whoever names it; the server's own are not to be had.
        if let Err(Failed::Refused(error)) = &sent
            && error.code == "1044"
            && let Some(name) = error.message.rsplit("to database '").next().and_then(|m| m.strip_suffix('\''))
            && !matches!(name, "mysql" | "information_schema" | "performance_schema" | "sys")
        {
            let quoted = format!("`{}`", name.replace('`', "``"));
            self.administer(&format!("GRANT {RIGHTS} ON {quoted}.* TO impact@localhost"))?;
            return self.send(sql, limit).map(|_| ());
        }
        sent
    }

    fn role(&mut self, name: &str) -> Result<(), Failed> {
        let quoted = format!("'{}'", name.replace('\'', "''"));
        self.administer(&format!("CREATE ROLE IF NOT EXISTS {quoted}; GRANT {quoted} TO impact@localhost"))
    }

    fn enter(&mut self, setup: &[String], limit: Duration) -> Result<(), Failed> {
        self.used = !setup.is_empty();
        for statement in setup {
            self.run(statement, limit)?;
        }
        self.run("START TRANSACTION", limit)
    }

    fn forget_references(&mut self, limit: Duration) -> Result<bool, Failed> {
        self.used = true;
        self.send("SET foreign_key_checks = 0", limit).map(|_| true)
    }

    fn is_of_references(&self, error: &EngineError) -> bool {
        matches!(error.code.as_str(), "1216" | "1217" | "1451" | "1452")
    }

    fn prepare(&mut self, sql: &str, limit: Duration) -> Result<Described, Failed> {
        let (session, folder) = (&mut self.session, &self.server.folder);
        let statement = self.runtime.block_on(within(limit, folder, self.disk, session.prepare(AssertSqlSafe(sql).into_sql_str())))?;
        let column = |c: &sqlx::mysql::MySqlColumn| EngineColumn { name: c.name().to_string(), ty: c.type_info().name().to_lowercase() };
        let parameters = match statement.parameters() {
            Some(sqlx::Either::Right(count)) => vec![String::new(); count],
            _ => Vec::new(),
        };
        Ok(Described { columns: statement.columns().iter().map(column).collect(), parameters })
    }

    fn execute(&mut self, sql: &str, values: &[&str], limit: Duration) -> Result<u64, Failed> {
        let text = sql.replace('\\', "\\\\").replace('\'', "''");
        self.send(&format!("PREPARE impact_asked FROM '{text}'"), limit)?;
        let names: Vec<String> = (0..values.len()).map(|i| format!("@impact_{i}")).collect();
        for (name, value) in names.iter().zip(values) {
            self.send(&format!("SET {name} = {value}"), limit)?;
        }
        let using = if names.is_empty() { String::new() } else { format!(" USING {}", names.join(", ")) };
        let done = self.send(&format!("EXECUTE impact_asked{using}"), limit);
        self.send("DEALLOCATE PREPARE impact_asked", limit)?;
        done
    }

    fn leave(&mut self, limit: Duration) -> Result<(), Failed> {
        self.send("ROLLBACK", limit)?;
        if std::mem::take(&mut self.used) {
            let options = self.as_role.clone();
            let server = &mut self.server;
            self.session = self.runtime.block_on(connect(&options, limit, || server.ended())).map_err(Failed::Lost)?;
        }
        Ok(())
    }

    fn value(&self, _ty: &str) -> &'static str {
        // The server takes a number for what the column is, where it can.
        "1"
    }

    fn is_own_limit(&self, error: &EngineError) -> bool {
        matches!(error.code.as_str(), "1044" | "1142" | "1143" | "1227" | "1370" | "1419" | "1041" | "1037" | "1114" | "1969" | "4151")
    }
}

async fn connect(
    options: &MySqlConnectOptions,
    limit: Duration,
    mut ended: impl FnMut() -> Option<String>,
) -> Result<MySqlConnection, String> {
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
