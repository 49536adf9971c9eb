//! What a scratch engine may use.

use std::time::{Duration, Instant};

/// Limits of one proof.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one statement, and for one migration ten times as long.
    pub statement: Duration,
    /// For everything.
    pub total: Duration,
    /// Memory of a server's process, in bytes.
    pub memory: u64,
    /// The folder of a scratch server, in bytes.
    pub disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { statement: Duration::from_secs(5), total: Duration::from_secs(30), memory: 1 << 30, disk: 512 << 20 }
    }
}

/// A point in time after which nothing more is asked.
#[derive(Copy, Clone, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// From now on.
    pub fn after(total: Duration) -> Self {
        Deadline(Instant::now() + total)
    }

    /// What is left of it, at most `limit`.
    pub fn left(&self, limit: Duration) -> Duration {
        self.0.saturating_duration_since(Instant::now()).min(limit)
    }

    /// Whether it is over.
    pub fn over(&self) -> bool {
        self.left(Duration::MAX).is_zero()
    }
}
