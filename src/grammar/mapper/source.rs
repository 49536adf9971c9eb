//! Where the source says a name or a truth.

use serde::Deserialize;

/// Where a name or a truth is written. In TOML one word:
///
/// * `argument:0`: positional argument of the field's or model's call or decorator, if it is text;
/// * `keyword:db_column`: keyword argument, or key of an object argument; dotted for nested objects;
/// * `setting:db_table`: attribute of the settings class (`Meta`), or key of the settings object;
/// * `not-setting:legacy_table_names`: that setting says no;
/// * `attribute:__tablename__`: class attribute;
/// * `method:TableName`: what a method of that name returns;
/// * `tag:column`: key of the struct tag; `tag:` alone its name part;
/// * `decorator:JoinColumn.name`: keyword of another decorator of the field; `decorator:PrimaryColumn` its presence;
/// * `chain:primaryKey`: a method called on the field's call (`serial().primaryKey()`); `chain:references.0` an
///   argument of it;
/// * `annotation`: the annotated type; `annotation-null`: whether it admits null;
/// * `{name}_id`: a template; it may use `name`, `model`, `table`, `target`, `target-table`, `app`, `column`, `primary`,
///   `parent`, `prefix`, also several joined by `_` (`{camel:name primary}`), with `snake:`, `go-snake:`, `lower:`,
///   `plural:`, `singular:`, `camel:`, `pascal:`, `title:`, `letter-snake:`, `id:` (with `_id`, unless it ends so)
///   before them;
/// * `receiver:0`: argument of the call that the callee's object was made by (`schema.table()` of `pgSchema('x')`);
/// * `inner:ForeignKey.0`: argument of a call of that name that stands among the arguments, or among those of a call
///   there; without number its presence;
/// * `value`: the field's value, where that is no call that the pack knows;
/// * `text:id`: this text; `naming`: the model's convention; `true`;
/// * `keyword:lazy=joined|selectin`: a truth: the source before `=` finds one of the words behind it, as text or as a
///   constant of the language (`False`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    /// `argument:N`.
    Argument(u16),
    /// `keyword:a.b`.
    Keyword(Vec<String>),
    /// `setting:x`.
    Setting(String),
    /// `not-setting:x`.
    NotSetting(String),
    /// `attribute:x`.
    Attribute(String),
    /// `method:x`.
    Method(String),
    /// `tag:x`.
    Tag(String),
    /// `decorator:Name.key`, `decorator:Name.0`, `decorator:Name`.
    Decorator(String, Option<String>),
    /// `chain:name.0`.
    Chain(String, Option<String>),
    /// `annotation`.
    Annotation,
    /// `annotation-null`.
    AnnotationNull,
    /// `receiver:N`.
    Receiver(u16),
    /// `inner:Name.0`.
    Inner(String, Option<String>),
    /// A template.
    Template(String),
    /// `text:x`.
    Literal(String),
    /// `value`.
    Value,
    /// `naming`.
    Naming,
    /// `true`.
    Always,
    /// `keyword:lazy=joined|selectin`: the source finds one of these words.
    Is(Box<Source>, Vec<String>),
}

impl Source {
    /// First words of sources, for messages.
    pub const WORDS: [&'static str; 17] = [
        "argument:",
        "keyword:",
        "setting:",
        "not-setting:",
        "attribute:",
        "method:",
        "tag:",
        "decorator:",
        "chain:",
        "annotation",
        "annotation-null",
        "receiver:",
        "inner:",
        "text:",
        "value",
        "naming",
        "true",
    ];
    /// Names that a template may use.
    pub const NAMES: [&'static str; 10] =
        ["name", "model", "table", "target", "target-table", "app", "column", "primary", "parent", "prefix"];
    /// Functions that a template may put before names.
    pub const FUNCTIONS: [&'static str; 10] =
        ["snake", "go-snake", "lower", "plural", "singular", "camel", "pascal", "title", "letter-snake", "id"];
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Source, String> {
        if text.contains('{') {
            for inner in text.split('{').skip(1) {
                let Some((inner, _)) = inner.split_once('}') else { return Err(format!("unknown source `{text}`: a brace is open")) };
                let (function, names) = inner.split_once(':').map_or((None, inner), |(f, n)| (Some(f), n));
                if let Some(wrong) = function.filter(|f| !Source::FUNCTIONS.contains(f)) {
                    return Err(format!("unknown function `{wrong}` of a template, expected one of {}", quoted(&Source::FUNCTIONS)));
                }
                if let Some(wrong) = names.split(' ').find(|n| !Source::NAMES.contains(n)) {
                    return Err(format!("unknown name `{wrong}` of a template, expected one of {}", quoted(&Source::NAMES)));
                }
            }
            return Ok(Source::Template(text));
        }
        if let Some((of, words)) = text.split_once('=') {
            let of = Source::try_from(of.to_string())?;
            return Ok(Source::Is(Box::new(of), words.split('|').map(str::to_string).collect()));
        }
        let (word, rest) = text.split_once(':').unwrap_or((&text, ""));
        let pair = || match rest.split_once('.') {
            Some((name, key)) => (name.to_string(), Some(key.to_string())),
            None => (rest.to_string(), None),
        };
        Ok(match word {
            "argument" => Source::Argument(rest.parse().map_err(|_| format!("`{text}`: a number must follow `argument:`"))?),
            "receiver" => Source::Receiver(rest.parse().map_err(|_| format!("`{text}`: a number must follow `receiver:`"))?),
            "keyword" => Source::Keyword(rest.split('.').map(str::to_string).collect()),
            "setting" => Source::Setting(rest.to_string()),
            "not-setting" => Source::NotSetting(rest.to_string()),
            "attribute" => Source::Attribute(rest.to_string()),
            "method" => Source::Method(rest.to_string()),
            "tag" => Source::Tag(rest.to_string()),
            "decorator" => {
                let (name, key) = pair();
                Source::Decorator(name, key)
            }
            "chain" => {
                let (name, key) = pair();
                Source::Chain(name, key)
            }
            "inner" => {
                let (name, key) = pair();
                Source::Inner(name, key)
            }
            "annotation" => Source::Annotation,
            "annotation-null" => Source::AnnotationNull,
            "text" => Source::Literal(rest.to_string()),
            "value" => Source::Value,
            "naming" => Source::Naming,
            "true" => Source::Always,
            _ => return Err(format!("unknown source `{word}`, expected one of {}", quoted(&Source::WORDS))),
        })
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{}`", w.trim_end_matches(':'))).collect::<Vec<_>>().join(", ")
}
