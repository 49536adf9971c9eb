//! Deployment files: what is built and started where, and which engines stand beside it. Of settings only
//! the engine's name is taken, never a value.

use crate::index::discover::drivers::Drivers;
use crate::model::dialect::Dialect;
use serde_json::Value;

/// What a compose file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::index::discover) struct Compose {
    /// Folders that images are built from, as written, relative to the file's.
    pub builds: Vec<String>,
    /// Engines of its images, with their versions.
    pub engines: Vec<Dialect>,
}

/// Reads a compose file.
pub(in crate::index::discover) fn compose(text: &str, drivers: &Drivers) -> Result<Compose, String> {
    let file: Value = serde_saphyr::from_str(text).map_err(|e| e.to_string())?;
    let mut compose = Compose::default();
    for service in file.get("services").and_then(Value::as_object).into_iter().flat_map(|s| s.values()) {
        let build = service.get("build");
        let folder = build.and_then(Value::as_str).or_else(|| build?.get("context")?.as_str());
        compose.builds.extend(folder.map(str::to_string));
        let image = service.get("image").and_then(Value::as_str);
        compose.engines.extend(image.and_then(|image| drivers.image(image)));
    }
    Ok(compose)
}

/// The engines that connection URLs in an example of an environment file name.
pub(in crate::index::discover) fn environment(text: &str, drivers: &Drivers) -> Vec<Dialect> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let urls = lines.filter_map(|line| line.split_once('=').map(|(_, value)| value.trim().trim_matches(['"', '\''])));
    urls.filter_map(|url| url.split_once("://")).filter_map(|(scheme, _)| drivers.scheme(scheme)).collect()
}

/// The engine that a Prisma schema's `datasource` or sqlc's settings name.
pub(in crate::index::discover) fn tool_settings(text: &str, drivers: &Drivers) -> Vec<Dialect> {
    let mut in_datasource = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.ends_with('{') {
            in_datasource = line.starts_with("datasource");
        }
        let value = line.trim_start_matches("- ").split_once(['=', ':']).and_then(|(key, value)| match key.trim().trim_matches('"') {
            "provider" if in_datasource => Some(value),
            "engine" => Some(value),
            _ => None,
        });
        found.extend(value.and_then(|v| drivers.scheme(v.trim().trim_matches(['"', '\'', ',', ' ']))));
    }
    found
}

/// Folders of Go programs that a Dockerfile builds (`./cmd/api` in `go build ... ./cmd/api`).
pub(in crate::index::discover) fn built_programs(dockerfile: &str) -> Vec<String> {
    let words = dockerfile.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | ';'));
    let folders = words.filter_map(|word| {
        let at = word.strip_prefix("./").filter(|p| p.contains("cmd/")).or_else(|| word.strip_prefix("cmd/").map(|_| word))?;
        let path = at.trim_end_matches('/').trim_end_matches("/main.go").trim_end_matches("/...");
        (!path.contains(['$', '*']) && !path.is_empty()).then(|| path.to_string())
    });
    let mut found: Vec<String> = folders.collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dialect::Engine;

    #[test]
    fn engines_and_builds() {
        let drivers = Drivers::embedded();
        let file = "services:\n  db:\n    image: docker.io/library/postgres:15.4-alpine\n  my: {image: mariadb}\n  web:\n    build: ./web\n  api:\n    build: {context: services/api, dockerfile: x}\n  cache: {image: \"redis:7\"}\n";
        let compose = compose(file, drivers).unwrap();
        assert_eq!(compose.builds, ["./web", "services/api"]);
        assert_eq!(compose.engines, [Dialect { engine: Engine::Postgres, version: Some((15, 4)) }, Dialect::of(Engine::MariaDb)]);
        assert!(super::compose("services: [", drivers).is_err());
        assert_eq!(super::compose("services: 3\n", drivers).unwrap(), Compose::default());
        assert_eq!(environment("# A=mysql://x\nDB=\"postgres://u:p@h/d\"\nB=https://x\n", drivers), [Dialect::of(Engine::Postgres)]);
        let prisma = "generator client {\n  provider = \"prisma-client-js\"\n}\ndatasource db {\n  provider = \"mysql\"\n}\n";
        assert_eq!(tool_settings(prisma, drivers), [Dialect::of(Engine::MySql)]);
        assert_eq!(tool_settings("sql:\n  - engine: \"postgresql\"\n    queries: q.sql\n", drivers), [Dialect::of(Engine::Postgres)]);
    }

    #[test]
    fn programs_of_dockerfiles() {
        assert_eq!(
            built_programs("RUN go build -o /bin/api ./cmd/api\nCOPY cmd/api/x y\nRUN go build ./cmd/${NAME}"),
            ["cmd/api", "cmd/api/x"]
        );
        assert_eq!(built_programs("RUN go build -o /a ./services/x/cmd/worker/main.go"), ["services/x/cmd/worker"]);
    }
}
