//! With the byte prefilter and without it the answer is the same, what it counts included.

use crate::project::Project;
use serde_json::Value;

/// Python: a chain of callers into files without any SQL, and a method with the name of an imported module.
const PYTHON: &[(&str, &str)] = &[
    (
        "app/db.py",
        "import json\nimport psycopg2\n\n\nclass Db:\n    def __init__(self, url):\n        self.conn = psycopg2.connect(url)\n\n    \
         def fetch_rows(self, query):\n        return self.conn.cursor().execute(query)\n\n    def rows_of(self, table):\n        \
         return self.fetch_rows(f'SELECT id FROM {table}')\n\n\ndef dump(x):\n    return json.dumps(x)\n",
    ),
    ("app/names.py", "def load(db, which):\n    return db.rows_of(which)\n"),
    ("app/far.py", "from app.names import load\n\n\ndef far(db):\n    return load(db, 'users')\n"),
    ("app/views.py", "async def view(request):\n    event = await request.json()\n    return event\n"),
];

/// Go: a function of the package that gives a placeholder, a helper whose callers are all out of sight, a driver
/// of the service's own whose `Query` the query of the store may mean too, and a web context with a method of that name.
const GO: &[(&str, &str)] = &[
    ("go.mod", "module example.com/shop\n\ngo 1.22\n"),
    (
        "store/store.go",
        "package store\n\nimport \"database/sql\"\n\ntype Store struct{ db *sql.DB }\n\nfunc (s *Store) Find(name *string) {\n\t\
         where := []string{\"1 = 1\"}\n\tif name != nil {\n\t\twhere = append(where, \"name = \"+mark(1))\n\t}\n\t\
         s.db.Query(\"SELECT id FROM users WHERE \" + strings.Join(where, \" AND \"))\n}\n",
    ),
    ("store/mark.go", "package store\n\nimport \"fmt\"\n\nfunc mark(n int) string {\n\treturn \"$\" + fmt.Sprint(n)\n}\n"),
    (
        "dbtest/dbtest.go",
        "package dbtest\n\nimport (\n\t\"database/sql\"\n\t\"fmt\"\n)\n\nfunc NewDB(suite string) {\n\tdb, _ := sql.Open(\"pgx\", \"\")\n\t\
         name := fmt.Sprintf(\"shop-%s\", suite)\n\tdb.Exec(fmt.Sprintf(\"DROP DATABASE IF EXISTS %q\", name))\n}\n",
    ),
    (
        "store/main_test.go",
        "package store\n\nimport \"example.com/shop/dbtest\"\n\nfunc newTestDB(suite string) {\n\tdbtest.NewDB(suite)\n}\n",
    ),
    ("store/users_test.go", "package store\n\nfunc TestUsers() {\n\tnewTestDB(\"users\")\n}\n"),
    (
        "driver/driver.go",
        "package driver\n\nimport \"database/sql\"\n\ntype Conn struct{ inner *sql.Conn }\n\nfunc (c *Conn) Query(query string) {\n\t\
         c.inner.QueryContext(nil, query)\n}\n",
    ),
    ("web/keys.go", "package web\n\nconst FilterKey = \"filter\"\n"),
    (
        "web/list.go",
        "package web\n\nimport \"github.com/gin-gonic/gin\"\n\nfunc List(c *gin.Context) {\n\tc.Query(FilterKey)\n\tc.Query(\"order\")\n}\n",
    ),
];

/// TypeScript: a helper with a text as default, and a method with the name of another module's default export.
const TYPESCRIPT: &[(&str, &str)] = &[
    ("package.json", "{\"name\": \"shop\", \"dependencies\": {\"pg\": \"8\", \"lodash\": \"4\"}}\n"),
    (
        "src/helper.ts",
        "import { Pool } from 'pg';\nimport groupBy from 'lodash/groupBy';\n\nexport const insertSeen = async (name: string, db: Pool, \
         date: string = '2024-01-01') => {\n    await db.query(`INSERT INTO seen (name, at) VALUES ('x', now()) ON CONFLICT (${name}) \
         DO UPDATE SET at = '${date}'`);\n    return groupBy([]);\n};\n",
    ),
    ("src/router.ts", "export const route = (ctx: any) => ctx.prisma.prompt.groupBy('name', 1);\n"),
    ("src/use.ts", "import { insertSeen } from './helper';\n\nexport const use = (db: any) => insertSeen('name', db);\n"),
];

/// JavaScript: a builder's client, a store of functions that take whole objects, an `index.js` that hands it on, and a
/// caller without a word of the library, who names the column.
const KNEX: &[(&str, &str)] = &[
    ("package.json", "{\"name\": \"shop\", \"dependencies\": {\"knex\": \"3\"}}\n"),
    ("server/knex.js", "const knex = require(\"knex\");\nmodule.exports = knex({ client: \"pg\" });\n"),
    (
        "server/queries/user.js",
        "const knex = require(\"../knex\");\nasync function update(match, values) {\n  return knex(\"users\").where(match).update(values);\n}\n\
         module.exports = { update };\n",
    ),
    ("server/queries/index.js", "const user = require(\"./user\");\nmodule.exports = { user };\n"),
    (
        "server/handlers.js",
        "const query = require(\"./queries\");\nasync function cool(user) {\n  await query.user.update({ id: user.id }, { cooled: 1 });\n}\n\
         module.exports = { cool };\n",
    ),
    ("server/other.js", "const words = require(\"./words\");\nmodule.exports = () => words.cooled;\n"),
    ("server/words.js", "module.exports = { cooled: 1 };\n"),
];

/// Python: a function that writes what it is given, and a caller without a word of the library, who names the column, among
/// files that are never read.
const SQLALCHEMY: &[(&str, &str)] = &[
    ("requirements.txt", "sqlalchemy\n"),
    (
        "shop/models.py",
        "from sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\n\
         class Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    cooled = Column(Integer)\n",
    ),
    (
        "shop/store.py",
        "from sqlalchemy.orm import Session\n\nfrom shop.models import Order\n\n\ndef change(session: Session, key, values):\n    \
         session.query(Order).filter_by(**key).update(values)\n",
    ),
    (
        "shop/handlers.py",
        "from shop import (\n    store,  # what is kept\n)\n\n\ndef cool(s, number):\n    store.change(s, {'id': number}, {'cooled': 1})\n",
    ),
    ("shop/a.py", "def a():\n    return 1\n"),
    ("shop/b.py", "def b():\n    return 1\n"),
    ("shop/c.py", "def c():\n    return 1\n"),
    ("shop/d.py", "def d():\n    return 1\n"),
];

/// Go: the same in a package of its own.
const GORM: &[(&str, &str)] = &[
    ("go.mod", "module example.com/shop\n\ngo 1.22\n\nrequire gorm.io/gorm v1.25.0\n"),
    (
        "store/store.go",
        "package store\n\nimport \"gorm.io/gorm\"\n\ntype Order struct {\n\tID int\n\tCooled int\n}\n\nfunc Change(db *gorm.DB, values \
         map[string]any) {\n\tdb.Model(&Order{}).Where(\"id = ?\", 1).Updates(values)\n}\n",
    ),
    (
        "web/cool.go",
        "package web\n\nimport (\n\t\"example.com/shop/store\"\n)\n\nfunc cool(s *state) {\n\tstore.Change(s.handle, map[string]any{\"cooled\": 1})\n}\n",
    ),
    ("a/a.go", "package a\n\nfunc A() int { return 1 }\n"),
    ("b/b.go", "package b\n\nfunc B() int { return 1 }\n"),
    ("c/c.go", "package c\n\nfunc C() int { return 1 }\n"),
];

/// Python: models of a base class of the application's own, used where neither the library nor a word of it is named.
const DJANGO: &[(&str, &str)] = &[
    ("requirements.txt", "flask\n"),
    (
        "shop/base.py",
        "from django.db import models\n\n\nclass Base(models.Model):\n    name = models.CharField(max_length=10)\n\n    class Meta:\n        abstract = True\n",
    ),
    ("shop/models.py", "from shop.base import Base\n\n\nclass Order(Base):\n    class Meta:\n        db_table = 'orders'\n"),
    ("shop/views.py", "from shop.models import Order\n\n\ndef create():\n    return Order(name='a')\n"),
    ("shop/lists.py", "def names(shop):\n    return shop.filter(name='a')\n"),
    ("shop/urls.py", "def urls():\n    return ['/orders']\n"),
    ("shop/a.py", "def a():\n    return 1\n"),
    ("shop/b.py", "def b():\n    return 1\n"),
    ("shop/c.py", "def c():\n    return 1\n"),
    ("shop/d.py", "def d():\n    return 1\n"),
];

#[test]
fn users_of_models_are_parsed_where_a_file_imports_the_mapper() {
    let project = Project::empty();
    DJANGO.iter().for_each(|(path, text)| project.write(path, text));
    let store = project.cache().join("models.db").display().to_string();
    let parsed = |more: &[&str]| {
        let mut args = vec!["index", "--format", "json", "--store", &store, "--repo", "."];
        args.extend(more);
        project.impact(&args).exits(0).json()["coverage"]["repositories"][0]["parsed"].as_u64()
    };
    // Not those without models and words of the library; the same when only one file is read again.
    assert_eq!(parsed(&[]), Some(4));
    project.write("shop/views.py", "from shop.models import Order\n\n\ndef create():\n    return Order(name='b')\n");
    assert_eq!(parsed(&[]), Some(4));
    assert_eq!(parsed(&["--no-prefilter"]), Some(9));
}

#[test]
fn parsing_everything_counts_the_same() {
    for (name, files, sites) in [
        ("python", PYTHON, 1),
        ("go", GO, 3),
        ("typescript", TYPESCRIPT, 1),
        ("knex", KNEX, 2),
        ("sqlalchemy", SQLALCHEMY, 1),
        ("gorm", GORM, 1),
    ] {
        let project = Project::empty();
        files.iter().for_each(|(path, text)| project.write(path, text));
        let run = |store: &str, more: &[&str]| -> (Value, Value) {
            let store = project.cache().join(store).display().to_string();
            let mut args = vec!["index", "--format", "json", "--store", &store, "--repo", "."];
            args.extend(more);
            let mut coverage = project.impact(&args).exits(0).json()["coverage"].take();
            for repository in coverage["repositories"].as_array_mut().into_iter().flatten() {
                repository["parsed"] = Value::Null;
            }
            let refs = project.impact(&["refs", "--store", &store]).exits(0).json()["references"].take();
            (coverage, refs)
        };
        let (fast, all) = (run("fast.db", &[]), run("all.db", &["--no-prefilter"]));
        assert_eq!(fast, all, "{name}");
        assert_eq!(fast.0["repositories"][0]["sites"], sites, "{name}: {}", fast.0);
        assert_eq!(fast.0["repositories"][0]["resolved"], sites, "{name}: {}", fast.0);
    }
}
