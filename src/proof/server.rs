//! A database server of our own: as a user without rights where we are root, under limits, in a folder that goes away
//! with it, and gone when this program is, however it ends.

use super::limits::Limits;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// User and group that nothing belongs to (`nobody`), for servers that refuse to run as root, as they should.
const NOBODY: u32 = 65_534;

/// Runs `"$@"` until standard input is closed or the server ends, and removes its folder: the pipe closes with the
/// program that holds it, also when that is killed.
const GUARD: &str = r#"
ulimit -c 0; ulimit -v "$1"; ulimit -f "$2"; signal=$3; folder=$4; shift 4
exec 3<&0
"$@" >>"$folder/server.log" 2>&1 3<&- </dev/null &
server=$!
( read -r _ <&3; kill -s "$signal" $server 2>/dev/null ) &
guard=$!
wait $server
kill $guard 2>/dev/null
rm -rf "$folder"
"#;

/// A temporary folder that a scratch server may write.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
}

impl Folder {
    /// A new folder. Its path is short: sockets have names of at most 107 bytes.
    pub fn new() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("impact-").tempdir_in(short_root())?;
        give(dir.path())?;
        Ok(Folder { dir })
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Bytes in it.
    pub fn size(&self) -> u64 {
        size(self.dir.path())
    }

    /// The last lines of the server's log.
    pub fn log(&self) -> String {
        let text = std::fs::read(self.dir.path().join("server.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        lines.get(lines.len().saturating_sub(2)..).unwrap_or(&[]).join("; ")
    }
}

fn short_root() -> PathBuf {
    let root = std::env::temp_dir();
    if root.as_os_str().len() > 60 { PathBuf::from("/tmp") } else { root }
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let of = |e: std::fs::DirEntry| match e.metadata() {
        Ok(m) if m.is_dir() => size(&e.path()),
        Ok(m) => m.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

/// Whether this program may do everything on the machine, and so must hand servers to someone who may not.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").map(|m| m.uid() == 0).unwrap_or(false)
}

/// Makes a path the server's own.
pub fn give(path: &Path) -> io::Result<()> {
    if is_root() { std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) }
}

/// A command that runs as the server's user, with nothing of this program's environment.
pub fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C").env("TZ", "UTC").env("HOME", home);
    command.current_dir(home);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Runs a program to its end, with the standard input that it was given; its words where it fails.
pub fn finish(command: &mut Command, limit: Duration) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let mut words = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = io::Read::read_to_string(&mut stderr, &mut words);
                }
                let line = words.lines().find(|l| !l.trim().is_empty()).unwrap_or("").trim().to_string();
                return Err(format!("{program}: {status}{}{line}", if line.is_empty() { "" } else { ": " }));
            }
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program}: not done in {limit:?}"));
            }
            Err(error) => return Err(format!("{program}: {error}")),
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub folder: Folder,
}

impl Server {
    /// Starts a program in a folder; `signal` ends it at once.
    pub fn start(program: &Path, arguments: &[String], signal: &str, folder: Folder, limits: &Limits) -> Result<Self, String> {
        let mut guard = command(Path::new("/bin/sh"), folder.path());
        guard.args(["-c", GUARD, "impact-proof", &(limits.memory >> 10).to_string(), &(limits.disk >> 9).to_string(), signal]);
        // A group of its own: an interrupt from the terminal ends this program, whose pipe then ends the server.
        guard.arg(folder.path()).arg(program).args(arguments).process_group(0);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = guard.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        Ok(Server { child, folder })
    }

    /// Why it is not running any more.
    pub fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            _ => Some(format!("the server ended: {}", self.folder.log())),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
