use proptest::prelude::*;

use super::*;

fn told(query: &str) -> String {
    let told: Vec<String> = effects(query)
        .iter()
        .map(|one| format!("{} {:?}", one.rule.id.trim_start_matches("sql."), one.severity))
        .collect();
    told.join(",")
}

#[test]
fn what_destroys_is_told() {
    for (query, expected) in [
        ("DROP TABLE users", "destroys High"),
        ("drop\n\ttable if exists a.b cascade", "destroys High"),
        ("DROP INDEX i", "destroys Medium"),
        ("DROP VIEW v", "destroys Medium"),
        ("ALTER TABLE t DROP COLUMN c", "destroys Medium"),
        ("TRUNCATE orders", "destroys High"),
        ("TRUNCATE TABLE orders", "destroys High"),
        ("DELETE FROM users", "destroys High"),
        ("DELETE FROM users WHERE 1=1", "destroys High"),
        ("DELETE FROM users WHERE (1 = 1)", "destroys High"),
        ("DELETE FROM users WHERE 'a'='a'", "destroys High"),
        ("delete from users where true", "destroys High"),
        ("DELETE FROM users WHERE id = id", "destroys High"),
        ("DELETE FROM users WHERE id=3 OR 1=1", "tautology Medium"),
        ("DELETE FROM users WHERE 2 > 1", "destroys High"),
        ("UPDATE users SET admin = true", "destroys High"),
        ("UPDATE users SET a = (SELECT b FROM c WHERE d = 1)", "destroys High"),
        ("WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d", "destroys High"),
        ("SELECT 1; DROP TABLE users", "destroys High,stacked Medium"),
        ("SELECT 1; INSERT INTO t VALUES (1)", "stacked Medium"),
        ("SELECT '\\'; DROP TABLE x; --'", "destroys High,stacked Medium"),
        ("SELECT 1 /*!50000; DROP TABLE x */", "hides Medium,destroys High"),
        ("DROP/**/TABLE users", "hides Medium,destroys High"),
        ("DO $$ BEGIN DROP TABLE x; END $$", "destroys High"),
        ("DO $x$ BEGIN EXECUTE 'DROP TABLE y'; END $x$", "destroys High"),
        ("EXEC('DROP TABLE x')", "destroys High"),
        ("EXEC sp_executesql N'TRUNCATE TABLE x'", "destroys High"),
        ("BEGIN; DELETE FROM a; COMMIT", "destroys High"),
        ("GRANT ALL ON t TO public", "rights High"),
        ("ALTER USER bob SUPERUSER", "rights High"),
        ("CREATE USER x IDENTIFIED BY 'y'", "rights High"),
        ("COPY t FROM PROGRAM 'id'", "host High"),
        ("COPY t TO '/tmp/x'", "host Medium"),
        ("SELECT a INTO OUTFILE '/var/www/x.php' FROM t", "host High"),
        ("SELECT LOAD_FILE('/etc/passwd')", "host High"),
        ("EXEC xp_cmdshell 'dir'", "host High"),
        ("ATTACH DATABASE '/x' AS y", "host Medium"),
        ("SELECT pg_read_file('/etc/passwd')", "host High"),
        ("CREATE FUNCTION f() RETURNS int AS 'x', 'y' LANGUAGE C", "host High"),
    ] {
        assert_eq!(told(query), expected, "{query}");
    }
    let query = "SELECT 1; DROP TABLE users";
    assert_eq!(query.get(effects(query)[0].span.clone()), Some("DROP TABLE users"));
    assert_eq!(effects("DELETE FROM a.b")[0].what, "All rows of a.b are deleted.");
}

#[test]
fn honest_queries_stay_quiet() {
    for query in [
        "SELECT * FROM users WHERE name = 'DROP TABLE users'",
        "INSERT INTO notes (text) VALUES ('please drop table x; delete from y')",
        "INSERT INTO notes VALUES ('it''s; DROP TABLE x')",
        "SELECT 1 -- DROP TABLE x",
        "SELECT 1 /* DELETE FROM x */ FROM t",
        "SELECT \"drop table\" FROM t",
        "SELECT [delete from] FROM t",
        "DELETE FROM users WHERE id = 7",
        "DELETE FROM users WHERE id IN (SELECT user_id FROM banned)",
        "UPDATE users SET name = 'x' WHERE id = 7 AND 1 = 1",
        "UPDATE users SET name = 'x' WHERE id = $1",
        "SELECT a FROM t WHERE x OR y = 1",
        "SELECT * FROM t FOR UPDATE",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
        "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2",
        "CREATE TABLE t (id int REFERENCES u ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT truncate(1.5, 1), replace(a, 'x', 'y') FROM t",
        "SELECT count(*) FROM t; SELECT 2",
        "PRAGMA table_info(users)",
        "SELECT 'a' || $$it's; DROP TABLE x$$",
        "BEGIN; INSERT INTO t VALUES (1); COMMIT;",
        "",
    ] {
        assert_eq!(told(query), "", "{query}");
    }
}

#[test]
fn only_fields_with_queries_are_read() {
    let of = |tool: &str, arguments: &str| in_arguments(tool, arguments).len();
    assert_eq!(of("run", r#"{"sql":"DROP TABLE x"}"#), 1);
    assert_eq!(of("db_query", r#"{"text":"DROP TABLE x"}"#), 1);
    assert_eq!(of("x", r#"{"query":"  -- hi\n delete from x"}"#), 1);
    assert_eq!(of("create_issue", r#"{"body":"DROP TABLE x"}"#), 0);
    assert_eq!(of("search", r#"{"query":"how to drop table x"}"#), 0);
    assert_eq!(of("search", r#"{"query":"delete the file"}"#), 0);
    assert_eq!(of("search", r#"{"query":"update my row; drop table"}"#), 0);
    assert!(!begins_as_query("drop me a line") && begins_as_query("(SELECT 1)"));
}

proptest! {
    #[test]
    fn spans_are_of_the_query(query in r"(?i)(select|drop table|delete from|update|exec|[ ;'\x22`$*/!\\\[\]()-]|\PC|a|1=1){0,30}") {
        for effect in effects(&query) {
            prop_assert!(query.get(effect.span.clone()).is_some(), "{:?}", effect);
        }
        prop_assert!(effects(&query).len() <= EFFECTS_MAX);
    }
}
