//! What a migration does to the definitions of models, through the command line.

use crate::project::Project;
use serde_json::Value;
use std::path::Path;

/// Verdict, place and rule of each finding of a check of `migration.sql` over a folder with `schema.sql`.
fn checked(project: &Project, schema: &str) -> Vec<String> {
    let dialect = schema.lines().next().and_then(|l| l.strip_prefix("-- dialect: ")).unwrap_or("postgres").trim().to_string();
    let args = ["check", "migration.sql", "--schema", "schema.sql", "--repo", ".", "--dialect", &dialect, "--format", "json", "--no-llm"];
    let ran = project.impact(&args);
    let answer = ran.json();
    let all = answer["findings"].as_array().cloned().unwrap_or_default();
    let word = |f: &Value, key: &str| f[key].as_str().unwrap_or("").to_string();
    let line = |f: &Value| format!("{} {}:{} {} {}", word(f, "verdict"), word(f, "path"), f["line"], word(f, "kind"), word(f, "rule"));
    all.iter().map(line).collect()
}

#[test]
fn every_rule_about_definitions_explains_its_fixture_and_leaves_the_safe_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/definitions");
    let mut wrong = Vec::new();
    for rule in impact::impact::definitions::all() {
        for (kind, example) in [("breaks", &rule.meta.bad), ("safe", &rule.meta.good)] {
            let project = Project::empty();
            let folder = root.join(rule.meta.id).join(kind);
            for file in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).flatten() {
                project.write(&file.file_name().to_string_lossy(), std::fs::read(file.path()).unwrap_or_default());
            }
            let found = checked(&project, example.schema);
            let named = found.iter().any(|f| f.ends_with(&format!("definition {}", rule.meta.id)));
            if named != (kind == "breaks") || (kind == "safe" && !found.is_empty()) {
                wrong.push(format!("{} {kind}: {found:#?}", rule.meta.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows read into fields: what the fields take is no finding.
#[test]
fn fields_decide_what_a_changed_column_means() {
    let django = concat!(
        "from django.db import models\n\n\n",
        "class Parcel(models.Model):\n",
        "    label = models.TextField(null=True)\n",
        "    note = models.TextField()\n",
        "    weight = models.IntegerField()\n\n",
        "    class Meta:\n        db_table = \"parcels\"\n\n\n",
        "def heavy():\n    return list(Parcel.objects.filter(weight__gt=3))\n",
    );
    let gorm = concat!(
        "package store\n\nimport \"gorm.io/gorm\"\n\n",
        "type Parcel struct {\n\tID int64\n\tLabel *string\n\tNote string\n\tWeight int32\n}\n\n",
        "func Heavy(db *gorm.DB) ([]Parcel, error) {\n\tvar all []Parcel\n\terr := db.Where(\"weight > ?\", 3).Find(&all).Error\n\treturn all, err\n}\n",
    );
    let schema = "CREATE TABLE parcels (id bigint PRIMARY KEY, label text NOT NULL, note text NOT NULL, weight integer NOT NULL);\n";
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("models.py", django, "ALTER TABLE parcels ALTER COLUMN weight TYPE bigint;", &[]),
        ("models.py", django, "ALTER TABLE parcels ALTER COLUMN label DROP NOT NULL;", &[]),
        ("models.py", django, "ALTER TABLE parcels ALTER COLUMN note DROP NOT NULL;", &["risk models.py:6 definition result-now-nullable"]),
        ("store.go", gorm, "ALTER TABLE parcels ALTER COLUMN weight TYPE bigint;", &["risk store.go:9 definition field-too-narrow"]),
        ("store.go", gorm, "ALTER TABLE parcels ALTER COLUMN label DROP NOT NULL;", &[]),
        (
            "store.go",
            gorm,
            "ALTER TABLE parcels ADD COLUMN owner_id bigint NOT NULL;",
            &["risk store.go:5 definition model-lacks-required-column"],
        ),
    ];
    let mut wrong = Vec::new();
    for (path, source, migration, expected) in cases {
        let project = Project::empty();
        project.write(path, source);
        project.write("go.mod", "module example.com/store\n\nrequire gorm.io/gorm v1.25.0\n");
        project.write("schema.sql", schema);
        project.write("migration.sql", migration);
        let found = checked(&project, schema);
        if found != *expected {
            wrong.push(format!("{path} {migration}\n  {found:#?} instead of {expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Attributes, keywords and lists of names that hold no statement are uses; what a statement names is none.
#[test]
fn uses_are_told_from_statements() {
    let project = Project::empty();
    project.write("requirements.txt", "django\n");
    project.write("schema.sql", "CREATE TABLE parcels (id bigint PRIMARY KEY, seal_number text, note text);\n");
    project.write("migration.sql", "ALTER TABLE parcels DROP COLUMN seal_number;\n");
    project.write(
        "models.py",
        "from django.db import models\n\n\nclass Parcel(models.Model):\n    seal_number = models.TextField()\n    note = models.TextField()\n\n    class Meta:\n        db_table = \"parcels\"\n",
    );
    project.write(
        "views.py",
        concat!(
            "from .models import Parcel\n\n\n",
            "class Stamp:\n    note = 1\n\n\n",
            "def show(thing):\n    return thing.seal_number, thing.note\n\n\n",
            "def draft():\n    return Parcel(seal_number=\"1\")\n\n\n",
            "def keep():\n    Parcel(seal_number=\"1\").save()\n\n\n",
            "def number(parcel: Parcel):\n    return parcel.seal_number\n",
        ),
    );
    let found = checked(&project, "");
    let expected = [
        "breaks models.py:5 definition dropped-column-still-read",
        "breaks views.py:17 query dropped-column-still-read",
        "risk views.py:9 use dropped-column-still-read",
        "risk views.py:13 use dropped-column-still-read",
        "risk views.py:21 use dropped-column-still-read",
    ];
    assert_eq!(found, expected);
}
