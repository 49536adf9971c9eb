//! Complete statements and fragments.

use super::*;

#[test]
fn statements_postgres() {
    check(
        PG,
        &[
            ("SELECT", "(select)"),
            (r#"SELECT a, b AS c, d "e", t.* FROM t"#, r#"(select a, b as c, d as "e", t.* from t)"#),
            ("SELECT DISTINCT ON (a, b) a FROM s.t AS x (p, q), u", "(select distinct on a, b a from s.t x[p, q], u)"),
            ("SELECT ALL a FROM ONLY t", "(select a from only t)"),
            ("SELECT a INTO TEMP TABLE n FROM t", "(select a into n from t)"),
            (
                "SELECT a FROM t WHERE b GROUP BY a, GROUPING SETS ((b), (c, d), ()), ROLLUP (e, f) HAVING count(*) > 1 WINDOW w AS (PARTITION BY a), v AS (w ORDER BY b) ORDER BY a DESC NULLS LAST, b USING > LIMIT 5 OFFSET 10",
                "(select a from t where b group a, b, c, d, e, f having (> count(*) 1) window w [ by a], v [ name w order b]) order a desc, b desc limit 5, 10",
            ),
            ("SELECT a FROM t OFFSET 1 ROWS FETCH FIRST 5 ROWS ONLY", "(select a from t) limit 1, 5"),
            ("SELECT a FROM t, u FOR UPDATE OF t, u NOWAIT", "(select a from t, u) lock of t, u"),
            ("SELECT a FROM t FOR NO KEY UPDATE SKIP LOCKED", "(select a from t) lock"),
            (
                "SELECT a FROM t UNION SELECT b FROM u INTERSECT SELECT c FROM v EXCEPT ALL SELECT d FROM w ORDER BY 1",
                "(except all (union (select a from t) (intersect (select b from u) (select c from v))) (select d from w)) order 1",
            ),
            (
                "(SELECT a FROM t LIMIT 1) UNION ALL (SELECT b FROM u) LIMIT 2",
                "(union all ((select a from t) limit 1) ((select b from u))) limit 2",
            ),
            (
                "SELECT sqlc.embed(u), a + sqlc.narg('n') FROM u WHERE id = sqlc.arg(id) AND k IN (sqlc.slice(ids))",
                "(select u.*, (+ a sqlc.narg('n')) from u where (and (= id sqlc.arg(id)) (in k [sqlc.slice(ids)])))",
            ),
            ("((SELECT 1))", "(((select 1)))"),
            ("VALUES (1, 'a'), (2, DEFAULT)", "(values [1, 'a'] [2, default])"),
            ("TABLE t ORDER BY a", "(table t) order a"),
            (
                "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r), x AS MATERIALIZED (DELETE FROM t RETURNING *), y AS NOT MATERIALIZED (TABLE z) SELECT * FROM r",
                "with recursive r[n] (union all (select 1) (select (+ n 1) from r)), x (delete from t returning *), y (table z) (select * from r)",
            ),
            (
                "WITH r AS (SELECT 1) SEARCH DEPTH FIRST BY id SET ord CYCLE id SET c TO true DEFAULT false USING p SELECT * FROM r",
                "with r (select 1) (select * from r)",
            ),
            ("WITH r AS (SELECT 1) INSERT INTO t SELECT * FROM r", "with r (select 1) (insert t - (select * from r))"),
            (
                "WITH r AS (SELECT 1) UPDATE t SET a = r.a FROM r WHERE t.id = r.id",
                "with r (select 1) (update t set a := r.a from r where (= t.id r.id))",
            ),
            (
                "SELECT * FROM a JOIN b ON a.id = b.id LEFT OUTER JOIN c USING (x, y) AS j CROSS JOIN d NATURAL FULL JOIN e",
                "(select * from (natural full (cross (left (inner a b on (= a.id b.id)) c using x y as j) d) e))",
            ),
            (
                "SELECT * FROM a LEFT JOIN b JOIN c ON b.x = c.x ON a.x = b.x",
                "(select * from (left a (inner b c on (= b.x c.x)) on (= a.x b.x)))",
            ),
            (
                "SELECT * FROM (a JOIN b ON true) JOIN (c CROSS JOIN d) ON false",
                "(select * from (inner (inner a b on true) (cross c d) on false))",
            ),
            ("SELECT * FROM (a JOIN b ON true) AS j", "(select * from {(select * from (inner a b on true))} j)"),
            ("SELECT * FROM ((SELECT 1) UNION (SELECT 2)) u", "(select * from {(union ((select 1)) ((select 2)))} u)"),
            (
                "SELECT * FROM (SELECT 1) AS x (a), LATERAL (SELECT x.a) y, (VALUES (1, 2)) v(p, q)",
                "(select * from {(select 1)} x[a], lateral {(select x.a)} y, {(values [1, 2])} v[p, q])",
            ),
            (
                "SELECT * FROM f(1) AS g, unnest(a, b) WITH ORDINALITY AS u(x, y), ROWS FROM (f(1), g(2)) AS r",
                "(select * from f(1) g, unnest(a, b) ordinality u[x, y], (row f(1), g(2)) r)",
            ),
            (
                "SELECT * FROM json_to_record($1) AS x(a int, b text[]), g() AS (c int), LATERAL h(x.a)",
                "(select * from json_to_record($1) x columns a int, b text[], g() columns c int, lateral h(x.a))",
            ),
            (
                "SELECT * FROM JSON_TABLE(j, '$[*]' COLUMNS (id FOR ORDINALITY, a int PATH '$.a', NESTED PATH '$.b' COLUMNS (c text PATH '$'))) AS jt",
                "(select * from json_table(j, '$[*]') jt columns id bigint, a int, c text)",
            ),
            ("SELECT * FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (1) AS s", "(select * from t s)"),
            ("SELECT a b, c AS select FROM t AS x WHERE true", "(select a as b, c as select from t x where true)"),
            ("SELECT FROM t", "(select from t)"),
            ("SELECT count(*) c FROM t LIMIT ALL", "(select count(*) as c from t)"),
            (
                "SELECT a FROM t WHERE b = (SELECT max(c) FROM u WHERE u.id = t.id) AND EXISTS (SELECT FROM v)",
                "(select a from t where (and (= b {(select max(c) from u where (= u.id t.id))}) (exists (select from v))))",
            ),
            ("SELECT * FROM s.f(1), current_date", "(select * from s.f(1), current_date(bare))"),
            ("INSERT INTO t VALUES (1, 2)", "(insert t - values [1, 2])"),
            (
                r#"INSERT INTO s.t AS x (a, b[1], c.d) OVERRIDING SYSTEM VALUE VALUES ($1, DEFAULT), ($2, now()) ON CONFLICT (a, lower(b) COLLATE "C" text_ops) WHERE c DO UPDATE SET a = EXCLUDED.a, (b, c) = (1, 2) WHERE x.d RETURNING *, a AS z"#,
                r#"(insert s.t as x [a, b+, c+] overriding system values [$1, default] [$2, now()] conflict on a, (collate lower(b) "C") where c update a := excluded.a, b c := (row 1, 2) where x.d returning *, a as z)"#,
            ),
            (
                "INSERT INTO t (a) SELECT b FROM u ON CONFLICT ON CONSTRAINT k DO NOTHING",
                "(insert t [a] (select b from u) conflict constraint k nothing)",
            ),
            ("INSERT INTO t DEFAULT VALUES RETURNING id", "(insert t - default returning id)"),
            ("INSERT INTO t (SELECT 1)", "(insert t - ((select 1)))"),
            ("INSERT INTO t (a) WITH x AS (SELECT 1) SELECT * FROM x", "(insert t [a] with x (select 1) (select * from x))"),
            (
                "UPDATE t SET a = 1, b = DEFAULT, (c, d) = (SELECT 1, 2), e[1] = 5 WHERE id = $1 RETURNING a",
                "(update t set a := 1, b := default, c d := {(select 1, 2)}, e := 5 where (= id $1) returning a)",
            ),
            (
                "UPDATE ONLY s.t AS x SET a = u.a FROM u JOIN v ON true WHERE x.id = u.id",
                "(update only s.t x set a := u.a from (inner u v on true) where (= x.id u.id))",
            ),
            ("UPDATE t SET a = 1 WHERE CURRENT OF c", "(update t set a := 1 where <>)"),
            (
                "DELETE FROM ONLY t AS x USING u, v WHERE x.id = u.id RETURNING x.*",
                "(delete from only t x using u, v where (= x.id u.id) returning x.*)",
            ),
            (
                "MERGE INTO t AS x USING (SELECT 1 AS id) s ON x.id = s.id WHEN MATCHED AND s.d THEN DELETE WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED BY TARGET THEN INSERT (a, b) VALUES (1, DEFAULT) WHEN NOT MATCHED BY SOURCE THEN DO NOTHING RETURNING merge_action()",
                "(merge t x {(select 1 as id)} s on (= x.id s.id) [s.d: delete] [update a := s.a] [insert [a, b] values 1, default] [nothing] returning merge_action())",
            ),
            (
                "COPY t (a, b) FROM STDIN; COPY (SELECT a FROM t) TO '/x' WITH (FORMAT csv); COPY t TO STDOUT CSV",
                "(copy t [a, b] from data)",
            ),
            ("TRUNCATE TABLE ONLY a, b RESTART IDENTITY CASCADE", "(truncate a, b cascade)"),
            ("LOCK TABLE a, b IN ACCESS EXCLUSIVE MODE NOWAIT", "(lock a, b)"),
            ("CALL s.p(1, b => $1)", "(call s.p 1, $1)"),
            (
                "EXPLAIN (ANALYZE, FORMAT JSON) SELECT a FROM t; EXPLAIN ANALYZE VERBOSE DELETE FROM t",
                "(explain (select a from t)); (explain (delete from t))",
            ),
            (
                "PREPARE p (int) AS SELECT a FROM t WHERE b = $1; EXECUTE p(1); DEALLOCATE p",
                "(prepare (select a from t where (= b $1))); (unknown execute p); (unknown deallocate p)",
            ),
            ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT a FROM t", "(declare (select a from t))"),
            (
                "DO $$ BEGIN DELETE FROM t; END $$; DO LANGUAGE plpgsql 'x'",
                r#"(block plpgsql " BEGIN DELETE FROM t; END "); (block plpgsql "x")"#,
            ),
            (
                r#"SET search_path TO a, "B", public; SET LOCAL search_path = ''; SET SESSION statement_timeout = '5s'; SET x TO DEFAULT"#,
                r#"SearchPath(["a", "B", "public"]); SearchPath([]); Setting("statement_timeout", "5s"); Setting("x", "DEFAULT")"#,
            ),
            (
                "SET ROLE app; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; SET TIME ZONE 'UTC'; SET app.tenant = '1'; DISCARD ALL",
                r#"Role(Some("app")); Role(None); Role(None); Reset("all"); Setting("timezone", "UTC"); Setting("app.tenant", "1"); Reset("all")"#,
            ),
            (
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET CONSTRAINTS ALL DEFERRED",
                r#"(transaction set transaction); Setting("constraints", "ALL DEFERRED")"#,
            ),
            (
                "BEGIN; START TRANSACTION READ ONLY; COMMIT; ROLLBACK TO SAVEPOINT x; SAVEPOINT x; RELEASE x; END; ABORT",
                "(transaction begin); (transaction start transaction); (transaction commit); (transaction rollback to); (transaction savepoint); (transaction release); (transaction end); (transaction abort)",
            ),
            ("WHERE a = $1 AND b", "(fragment (select where (and (= a $1) b)))"),
            ("AND deleted_at IS NULL", "(fragment (select where (is-null deleted_at)))"),
            ("OR a = 1 ORDER BY b LIMIT 5", "(fragment (select where (= a 1)) order b limit 5)"),
            (
                "JOIN x ON x.id = t.id LEFT JOIN y USING (z) WHERE x.a",
                "(fragment (select from (left (inner hole x on (= x.id t.id)) y using z) where x.a))",
            ),
            ("ORDER BY a DESC", "(fragment (select) order a desc)"),
            ("SET a = $1, b = now() WHERE id = $2", "(fragment (select (= a $1), (= b now()) where (= id $2)))"),
            ("SET count = count + 1", "(fragment (select (= count (+ count 1))))"),
            ("FROM t WHERE a", "(fragment (select from t where a))"),
            ("a = $1", "(fragment (select where (= a $1)))"),
            ("a, b.c, d", "(fragment (select a, b.c, d))"),
            ("RETURNING id, a", "(fragment (select id, a))"),
            ("ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b", "(fragment (select a, (= b excluded.b)))"),
            ("UNION ALL SELECT a FROM t", "(fragment (union all hole (select a from t)))"),
            (", c = $3 WHERE d", "(fragment (select where (and (= c $3) d)))"),
            ("(a, b) VALUES ($1, $2)", "(fragment (select (row a, b), $1, $2))"),
            (") AS x WHERE x.a = 1", "(fragment (select where (= x.a 1)))"),
            ("LIMIT 5", "(fragment (select) limit 5)"),
            ("FOR UPDATE", "(fragment (select) lock)"),
            ("hello world", "(unknown hello world)"),
            ("This is, clearly, not SQL!", "(unknown this is)"),
            ("GROUP BY a HAVING b", "(fragment (select group a having b))"),
        ],
    );
}

#[test]
fn statements_mysql() {
    check(
        MY,
        &[
            (
                "SELECT SQL_CALC_FOUND_ROWS a FROM t USE INDEX (i1, i2) IGNORE INDEX FOR ORDER BY (PRIMARY) WHERE b LIMIT 5, 10",
                "(select a from t hint i1 i2 PRIMARY where b) limit 5, 10",
            ),
            (
                "SELECT a FROM t FORCE INDEX (x) JOIN u STRAIGHT_JOIN v ON u.a = v.a",
                "(select a from (inner (inner t hint x u) v on (= u.a v.a)))",
            ),
            ("SELECT a FROM t PARTITION (p0, p1) AS x LOCK IN SHARE MODE", "(select a from t x partition p0 p1) lock"),
            (
                r#"SELECT a 'label', b AS "other" FROM t GROUP BY a DESC WITH ROLLUP"#,
                r#"(select a as "label", b as "other" from t group a)"#,
            ),
            ("SELECT a INTO @x FROM t; SELECT a FROM t INTO OUTFILE '/tmp/x'", "(select a from t); (select a from t)"),
            ("SELECT * FROM (a, b) LEFT JOIN c ON a.x = c.x", "(select * from (left (cross a b) c on (= a.x c.x)))"),
            (
                "SELECT * FROM a JOIN b JOIN c ON b.x = c.x ON a.x = b.x",
                "(select * from (inner (inner a b) c on (and (= b.x c.x) (= a.x b.x))))",
            ),
            ("SELECT 1 FROM DUAL", "(select 1)"),
            ("SELECT `a` FROM `db`.`t` -- comment", r#"(select "a" from "db"."t")"#),
            ("SELECT a FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01' x", "(select a from t x)"),
            (
                "SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a INT PATH '$.a' DEFAULT '0' ON EMPTY, b VARCHAR(10) PATH '$.b')) AS jt",
                "(select * from json_table('[]', '$[*]') jt columns a int, b varchar[10])",
            ),
            ("DO SLEEP(1), RELEASE_LOCK('x')", "(select sleep(1), release_lock('x'))"),
            ("INSERT INTO t () VALUES ()", "(insert t [] default)"),
            (
                "INSERT IGNORE INTO t (a) VALUES (1) AS new(p) ON DUPLICATE KEY UPDATE a = VALUES(a), b = new.p + 1",
                "(insert ignore t [a] values [1] row new[p] duplicate update a := values(a), b := (+ new.p 1))",
            ),
            ("INSERT LOW_PRIORITY t SET a = 1, b = ?", "(insert t - set a := 1, b := ?)"),
            ("REPLACE INTO t (a) VALUES ROW(1), ROW(2)", "(insert replace t [a] values [1] [2])"),
            ("INSERT INTO t PARTITION (p0) VALUES (1)", "(insert t - values [1])"),
            ("INSERT INTO t VALUE (1)", "(insert t - values [1])"),
            ("INSERT INTO ?? (??) VALUES ?", "(insert ⌂ [⌂] hole)"),
            (
                "UPDATE a JOIN b ON a.x = b.x, c SET a.y = b.y, c.z = 1 WHERE a.q ORDER BY a.x LIMIT 5",
                "(update (inner a b on (= a.x b.x)), c set a.y := b.y, c.z := 1 where a.q order a.x limit 5)",
            ),
            ("UPDATE LOW_PRIORITY IGNORE t SET a = a + 1", "(update t set a := (+ a 1))"),
            ("DELETE a, b FROM a JOIN b ON a.x = b.x WHERE c", "(delete of a, b from (inner a b on (= a.x b.x)) where c)"),
            ("DELETE FROM a, b USING a JOIN b ON a.x = b.x", "(delete of a, b from (inner a b on (= a.x b.x)))"),
            ("DELETE QUICK FROM t WHERE a ORDER BY b LIMIT 1", "(delete from t where a order b limit 1)"),
            (
                "LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE t FIELDS TERMINATED BY ',' IGNORE 1 LINES (a, @b, c) SET d = @b + 1",
                "(copy t [a, c, d] from)",
            ),
            ("LOCK TABLES a READ, b AS x WRITE; UNLOCK TABLES", "(lock a, b); (transaction unlock tables)"),
            ("CALL p", "(call p )"),
            (
                "EXPLAIN FORMAT=JSON SELECT a FROM t; DESCRIBE t; SHOW COLUMNS FROM t; SHOW CREATE TABLE t; SHOW TABLES",
                "(explain (select a from t)); (describe (table t)); (show (table t)); (show (table t)); (unknown show tables)",
            ),
            (
                "SET NAMES utf8mb4; SET @a = 1, foreign_key_checks = 0; SET @@session.sql_mode = 'ANSI'; SET GLOBAL x = ON; USE shop",
                r#"Setting("names", "utf8mb4"); Setting("foreign_key_checks", "0"); Setting("sql_mode", "ANSI"); Setting("x", "ON"); Use("shop")"#,
            ),
            (
                "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;",
                r#"Setting("sql_mode", "NO_AUTO_VALUE_ON_ZERO")"#,
            ),
            ("DELIMITER $$\nSELECT 1; $$\nDELIMITER ;\nSELECT 2", "(select 1); (select 2)"),
        ],
    );
}

#[test]
fn statements_mariadb() {
    check(
        MARIA,
        &[(
            "BEGIN NOT ATOMIC IF a THEN DELETE FROM t; END IF; SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1",
            r#"(block sql "IF a THEN DELETE FROM t; END IF; SELECT CASE WHEN 1 THEN 2 END; "); (select 1)"#,
        )],
    );
}

#[test]
fn statements_sqlite() {
    check(
        LITE,
        &[
            ("SET a = a + 1", "(fragment (select (= a (+ a 1))))"),
            ("SELECT * FROM t INDEXED BY i WHERE a; SELECT * FROM t NOT INDEXED", "(select * from t hint i where a); (select * from t)"),
            (
                "SELECT a FROM t UNION SELECT b FROM u INTERSECT SELECT c FROM v",
                "(intersect (union (select a from t) (select b from u)) (select c from v))",
            ),
            ("SELECT * FROM 'my table', pragma_table_info('t') p", r#"(select * from "my table", pragma_table_info('t') p)"#),
            ("SELECT a FROM t LIMIT 5 OFFSET ?", "(select a from t) limit 5, ?"),
            (r#"SELECT key, offset, "end" FROM t WHERE window = 1"#, r#"(select key, offset, "end" from t where (= window 1))"#),
            (
                "INSERT OR REPLACE INTO t VALUES (1); INSERT OR IGNORE INTO t(a) VALUES (?)",
                "(insert replace t - values [1]); (insert ignore t [a] values [?])",
            ),
            (
                "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING ON CONFLICT (b) DO UPDATE SET a = 1",
                "(insert t - values [1] conflict on b update a := 1)",
            ),
            ("REPLACE INTO t SELECT * FROM u", "(insert replace t - (select * from u))"),
            (
                "UPDATE OR IGNORE t SET a = 1 FROM u WHERE t.id = u.id RETURNING *",
                "(update t set a := 1 from u where (= t.id u.id) returning *)",
            ),
            ("DELETE FROM t WHERE a = ? ORDER BY b LIMIT 5", "(delete from t where (= a ?) order b limit 5)"),
            ("EXPLAIN QUERY PLAN SELECT a FROM t", "(explain (select a from t))"),
            (
                "PRAGMA foreign_keys = ON; PRAGMA main.table_info(t); PRAGMA user_version",
                r#"Setting("foreign_keys", "ON"); Setting("table_info", "t"); Setting("user_version", "")"#,
            ),
            ("BEGIN IMMEDIATE; COMMIT", "(transaction begin); (transaction commit)"),
        ],
    );
}
