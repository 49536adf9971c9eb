//! What no text may do to the parser: panic, take long, overflow the stack, or give a span outside the text.

use super::*;
use crate::sql::ast::{SetExpr, SyntaxError};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const ENGINES: [Engine; 4] = [Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite];

/// Reads, renders (which walks the whole tree) and drops it.
fn read(text: &str) {
    for engine in ENGINES {
        let dialect = Dialect::of(engine);
        let script = parse_script(text, dialect);
        let mut last = 0;
        for statement in &script.statements {
            assert!(statement.span.start >= last, "{text:?}");
            last = statement.span.end;
            assert!(text.get(statement.span.start as usize..statement.span.end as usize).is_some(), "{text:?}");
            for SyntaxError { span, .. } in &statement.errors {
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?}");
            }
            spans(statement, text);
        }
        recognise(text, dialect);
        parse_expr(text, dialect);
    }
}

/// All spans that the tree prints lie inside the text, on character boundaries.
fn spans(statement: &Statement, text: &str) {
    let printed = format!("{statement:?}");
    for piece in printed.split("Span { start: ").skip(1) {
        let numbers: Vec<u32> = piece.split(['}', ',', ' ', ':']).filter_map(|n| n.parse().ok()).take(2).collect();
        let [start, end] = numbers[..] else { panic!("{piece}") };
        assert!(text.get(start as usize..end as usize).is_some(), "{start}..{end} of {text:?}");
    }
}

const SAMPLES: &[&str] = &[
    "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT DISTINCT a.b, count(*) FILTER (WHERE c > 0) OVER (PARTITION BY d) \
     FROM s.t AS a LEFT JOIN LATERAL (SELECT 1) x ON true WHERE a.id = ANY($1) AND b NOT BETWEEN 1 AND 2 GROUP BY ROLLUP (c) ORDER BY 1 DESC LIMIT ?",
    "INSERT INTO t (a, b) VALUES ($1, 'x'), (DEFAULT, E'\\'y') ON CONFLICT (a) WHERE b DO UPDATE SET a = EXCLUDED.a RETURNING *",
    "UPDATE a JOIN b USING (id) SET a.x = CASE WHEN b.y IS NULL THEN 1 ELSE 2 END, z = INTERVAL 1 DAY WHERE q LIKE '%s' LIMIT 5",
    "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
    "DELETE FROM t USING u WHERE (t.a).b[1]::int[] = (SELECT max(c) FROM \u{e000}) \u{e000} AND d ->> 'e' ? 'f'; SET x = 1",
    "SELECT * FROM JSON_TABLE(j, '$' COLUMNS (a INT PATH '$.a')) AS jt, f() WITH ORDINALITY AS g(a int) WHERE MATCH (a) AGAINST ('x')",
    "AND x = \u{e000} JOIN y ON z ORDER BY \u{e000}",
    "COPY t (a) FROM STDIN;\n1\t2\n\\.\nBEGIN NOT ATOMIC IF a THEN SELECT 1; END IF; END",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text(text in "\\PC{0,120}") {
        read(&text);
    }

    #[test]
    fn arbitrary_sql_words(words in prop::collection::vec(prop::sample::select(vec![
        "select", "from", "where", "(", ")", ",", "a", "t.b", "*", "=", "'x'", "?", "$1", "\u{e000}", "join", "on", "using", "and", "not", "in",
        "is", "null", "case", "when", "then", "end", "insert", "into", "values", "set", "update", "delete", "with", "as", "union", "order", "by",
        "group", "limit", "::", "[", "]", ".", ";", "between", "like", "over", "interval", "array", "row", "1", "-", "|| b", "any", "merge", "copy",
        "do", "begin", "lateral", "natural", "left", "for", "on conflict", "returning", "default", "exists", "{", "}", ":", "\"q\"", "@v", "table",
    ]), 0..40)) {
        read(&words.join(" "));
    }

    #[test]
    fn mutated_sql(sample in 0..SAMPLES.len(), cut in 0usize..300, len in 0usize..20, insert in "\\PC{0,4}") {
        let mut text: Vec<char> = SAMPLES[sample].chars().collect();
        let start = cut.min(text.len());
        let end = (start + len).min(text.len());
        text.splice(start..end, insert.chars());
        read(&text.into_iter().collect::<String>());
    }
}

#[test]
fn truncated_sql() {
    for sample in SAMPLES {
        for (end, _) in sample.char_indices() {
            read(&sample[..end]);
        }
    }
}

/// The texts run in a thread with the stack that worker threads have.
#[test]
fn deep_and_long_texts() {
    let many = |piece: &str, count: usize| piece.repeat(count);
    // Nesting is cheap as it is cut off; a long list costs what it holds.
    let (deep, n) = (50_000, 5_000);
    let texts = [
        many("(", deep),
        format!("SELECT {}1{}", many("(", deep), many(")", deep)),
        format!("SELECT {}1{}", many("(", 110), many(")", 110)),
        format!("SELECT * FROM {}t{}", many("(", deep), many(")", deep)),
        format!("SELECT 1 WHERE a{}", many(" AND a", n)),
        format!("SELECT 1 WHERE a = 1{}", many(" AND a = 1 OR b = 2", n)),
        format!("SELECT a{}", many(" || a", n)),
        format!("SELECT a{}", many(" - a * 2", n)),
        format!("SELECT 1{}", many(" UNION SELECT 1", n)),
        format!("SELECT 1{}", many(" UNION ALL (SELECT 1)", n)),
        format!("SELECT {}", many("NOT ", deep)),
        format!("SELECT {}1", many("- ", n)),
        format!("SELECT a{}", many("::int", deep)),
        format!("SELECT a{}", many("[1]", n)),
        format!("SELECT a{}", many(" IS NULL", n)),
        format!("SELECT a{}", many(".b", n)),
        format!("SELECT {}", many("f(", deep)),
        format!("SELECT {}", many("CASE WHEN ", deep)),
        format!("SELECT {}", many("(SELECT ", deep)),
        format!("SELECT * FROM {}", many("(SELECT * FROM ", deep)),
        format!("SELECT * FROM t{}", many(" JOIN u ON a = b", n)),
        format!("SELECT * FROM t{}", many(" LEFT JOIN u", n)),
        format!("SELECT * FROM {}", many("(a JOIN ", n)),
        format!("SELECT * FROM t WHERE a IN ({}1)", many("1, ", n)),
        format!("INSERT INTO t VALUES {}(1)", many("(1, 2), ", n)),
        format!("{}SELECT 1", many("WITH a AS (", n)),
        many("EXPLAIN ", n),
        many("SELECT 1;", n),
        many("\u{e000} ", n),
        format!("SELECT {}", many("\u{e000} a ", n)),
        format!("SELECT {}", many("a b c ", n)),
        many("' ", n),
        format!("SELECT ARRAY{}", many("[", n)),
        format!("SELECT * FROM t WHERE {}", many("x IN (", n)),
        format!("SELECT a FROM t WHERE a = 1{}", many(" \u{e000} b = 2", n)),
        many("BEGIN ", n),
        many("a.", n),
        format!("SELECT {}", many("INTERVAL ", n)),
        format!("SELECT * FROM JSON_TABLE(a, 'b' COLUMNS ({}", many("NESTED PATH 'x' COLUMNS (", n)),
        format!("SELECT 1 GROUP BY {}", many("GROUPING SETS (", n)),
    ];
    let walk = move || {
        for text in &texts {
            for engine in ENGINES {
                let dialect = Dialect::of(engine);
                let start = Instant::now();
                let script = parse_script(text, dialect);
                for statement in &script.statements {
                    if let StatementKind::Query(query) = &statement.kind
                        && let SetExpr::Select(_) | SetExpr::SetOp { .. } = &query.body
                    {
                        render::query(query);
                    }
                }
                drop(script);
                recognise(text, dialect);
                let took = start.elapsed();
                assert!(took < Duration::from_secs(5), "{took:?} for {:?} in {dialect}", text.chars().take(60).collect::<String>());
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(walk);
    thread.expect("a thread").join().expect("no panic");
}
