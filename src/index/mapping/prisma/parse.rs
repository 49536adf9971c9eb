//! Reads the text of a `schema.prisma` file.
//!
//! The language is that of <https://www.prisma.io/docs/orm/reference/prisma-schema-reference>: blocks of settings,
//! models, views, composite types and enums. What can't be read is passed over; a broken line costs no more than
//! itself.

use crate::model::span::Span;

/// Values in values that are read.
const MAX_DEPTH: usize = 16;

/// A name or text with its place; of a text the place of what stands between the quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub span: Span,
}

/// What a block is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// `model`.
    Model,
    /// `view`.
    View,
    /// `type`: an embedded document.
    Composite,
    /// `enum`.
    Enum,
    /// `datasource`.
    Source,
    /// `generator`.
    Generator,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub kind: BlockKind,
    pub name: Word,
    pub fields: Vec<Field>,
    /// `key = value`.
    pub settings: Vec<(Word, Value)>,
    /// `@@name(...)`.
    pub attributes: Vec<Attribute>,
    pub span: Span,
}

/// A field; of an enum only the name is there.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: Word,
    /// Type without `[]` and `?`.
    pub ty: Word,
    pub list: bool,
    pub optional: bool,
    pub attributes: Vec<Attribute>,
    pub span: Span,
}

/// `@name(...)`, `@@name(...)`.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    /// Name with its dots: `db.VarChar`.
    pub name: String,
    pub args: Vec<(Option<Word>, Value)>,
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(Word),
    /// A name, number or path.
    Name(Word),
    List(Vec<Value>),
    /// `now()`, `env("X")`, `name(sort: Desc)`.
    Call(Word),
    None,
}

impl Attribute {
    /// The argument of this name, else the first one without a name.
    pub fn argument(&self, name: &str) -> Option<&Value> {
        let named = self.args.iter().find(|(n, _)| n.as_ref().is_some_and(|n| n.text == name));
        named.or_else(|| self.args.iter().find(|(n, _)| n.is_none())).map(|(_, v)| v)
    }

    /// The argument of this name.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.args.iter().find(|(n, _)| n.as_ref().is_some_and(|n| n.text == name)).map(|(_, v)| v)
    }
}

impl Value {
    /// A text.
    pub fn text(&self) -> Option<&Word> {
        match self {
            Value::Text(word) => Some(word),
            _ => None,
        }
    }

    /// Names of a list; `name(sort: Desc)` counts, too.
    pub fn names(&self) -> Vec<&Word> {
        match self {
            Value::Name(word) | Value::Call(word) => vec![word],
            Value::List(all) => all.iter().flat_map(Value::names).collect(),
            Value::Text(_) | Value::None => Vec::new(),
        }
    }
}

impl Block {
    /// An attribute of the block.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The text of a setting.
    pub fn setting(&self, name: &str) -> Option<&Word> {
        self.settings.iter().find(|(n, _)| n.text == name).and_then(|(_, v)| v.text())
    }
}

impl Field {
    /// An attribute of the field.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// The blocks of a file.
pub(super) fn parse(text: &str) -> Vec<Block> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let mut blocks = Vec::new();
    while parser.peek().is_some() {
        match parser.block() {
            Some(block) => blocks.push(block),
            None => parser.at += 1,
        }
    }
    blocks
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Text,
    Mark(u8),
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    word: Word,
    /// Place with quotes.
    whole: Span,
    /// The first of its line.
    first: bool,
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let (mut at, mut first) = (0, true);
    let mut out = Vec::new();
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let start = at;
        match byte {
            b'\n' => {
                first = true;
                at += 1;
                continue;
            }
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'/' if rest.starts_with(b"//") => {
                at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                continue;
            }
            b'/' if rest.starts_with(b"/*") => {
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |i| i + 2);
                continue;
            }
            b'"' => {
                let mut end = at + 1;
                while let Some(&b) = bytes.get(end).filter(|b| **b != b'"' && **b != b'\n') {
                    end += if b == b'\\' { 2 } else { 1 };
                }
                let end = end.min(bytes.len());
                let inner = text.get(start + 1..end).unwrap_or_default();
                let word = Word { text: unescaped(inner), span: span(start + 1, end) };
                at = (end + 1).min(bytes.len());
                out.push(Token { kind: Kind::Text, word, whole: span(start, at), first });
            }
            b if is_name(b) || (b == b'-' && rest.get(1).is_some_and(u8::is_ascii_digit)) => {
                let len = 1 + rest.iter().skip(1).take_while(|b| is_name(**b) || **b == b'.' || **b == b'-').count();
                at += len;
                let word = Word { text: text.get(start..at).unwrap_or_default().to_string(), span: span(start, at) };
                out.push(Token { kind: Kind::Name, word, whole: span(start, at), first });
            }
            _ => {
                at += 1;
                out.push(Token { kind: Kind::Mark(byte), word: Word::default(), whole: span(start, at), first });
            }
        }
        first = false;
    }
    out
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn ahead(&self, by: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + by)
    }

    fn is(&self, mark: u8) -> bool {
        self.peek().is_some_and(|t| t.kind == Kind::Mark(mark))
    }

    fn take(&mut self, mark: u8) -> bool {
        let found = self.is(mark);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<Word> {
        let token = self.peek().filter(|t| t.kind == Kind::Name)?;
        self.at += 1;
        Some(token.word.clone())
    }

    /// Where the last token ends.
    fn end(&self) -> u32 {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.whole.end)
    }

    fn block(&mut self) -> Option<Block> {
        let word = self.peek().filter(|t| t.kind == Kind::Name)?;
        let kind = match word.word.text.as_str() {
            "model" => BlockKind::Model,
            "view" => BlockKind::View,
            "type" => BlockKind::Composite,
            "enum" => BlockKind::Enum,
            "datasource" => BlockKind::Source,
            "generator" => BlockKind::Generator,
            _ => return None,
        };
        let name = self.ahead(1).filter(|t| t.kind == Kind::Name)?.word.clone();
        self.ahead(2).filter(|t| t.kind == Kind::Mark(b'{'))?;
        self.at += 3;
        let mut block = Block {
            kind,
            name,
            fields: Vec::new(),
            settings: Vec::new(),
            attributes: Vec::new(),
            span: Span { start: word.whole.start, end: 0 },
        };
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Mark(b'}') => {
                    self.at += 1;
                    break;
                }
                Kind::Mark(b'@') if self.ahead(1).is_some_and(|t| t.kind == Kind::Mark(b'@')) => {
                    self.at += 1;
                    block.attributes.extend(self.attribute());
                }
                Kind::Name => match kind {
                    BlockKind::Source | BlockKind::Generator => self.setting(&mut block),
                    BlockKind::Enum => self.enum_value(&mut block),
                    _ => self.field(&mut block),
                },
                _ => self.at += 1,
            }
        }
        block.span.end = self.end();
        Some(block)
    }

    fn setting(&mut self, block: &mut Block) {
        let Some(name) = self.name() else { return };
        if self.take(b'=') {
            let value = self.value(0);
            block.settings.push((name, value));
        }
    }

    fn enum_value(&mut self, block: &mut Block) {
        let Some(name) = self.name() else { return };
        let start = name.span.start;
        let attributes = self.attributes();
        let span = Span { start, end: self.end() };
        block.fields.push(Field { name, ty: Word::default(), list: false, optional: false, attributes, span });
    }

    fn field(&mut self, block: &mut Block) {
        let Some(name) = self.name() else { return };
        // A type stands on the line of its field.
        let Some(ty) = self.peek().filter(|t| !t.first).and_then(|_| self.name()) else { return };
        if ty.text == "Unsupported" && self.is(b'(') {
            self.arguments(0);
        }
        let list = self.take(b'[');
        if list {
            self.take(b']');
        }
        let optional = self.take(b'?');
        self.take(b'!');
        let attributes = self.attributes();
        let span = Span { start: name.span.start, end: self.end() };
        block.fields.push(Field { name, ty, list, optional, attributes, span });
    }

    fn attributes(&mut self) -> Vec<Attribute> {
        let mut out = Vec::new();
        while self.is(b'@') && !self.ahead(1).is_some_and(|t| t.kind == Kind::Mark(b'@')) {
            out.extend(self.attribute());
        }
        out
    }

    fn attribute(&mut self) -> Option<Attribute> {
        let start = self.peek()?.whole.start;
        self.take(b'@');
        let name = self.name()?.text;
        let args = if self.is(b'(') { self.arguments(0) } else { Vec::new() };
        Some(Attribute { name, args, span: Span { start, end: self.end() } })
    }

    fn arguments(&mut self, depth: usize) -> Vec<(Option<Word>, Value)> {
        self.take(b'(');
        let mut out = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Mark(b')') => {
                    self.at += 1;
                    break;
                }
                // A bracket that is not closed ends with the block.
                Kind::Mark(b'}' | b'{') => break,
                Kind::Mark(b',') => self.at += 1,
                _ => {
                    let named = token.kind == Kind::Name && self.ahead(1).is_some_and(|t| t.kind == Kind::Mark(b':'));
                    let name = named.then(|| self.name()).flatten();
                    self.take(b':');
                    let before = self.at;
                    let value = self.value(depth + 1);
                    if self.at == before {
                        self.at += 1;
                    }
                    out.push((name, value));
                }
            }
        }
        out
    }

    fn value(&mut self, depth: usize) -> Value {
        let Some(token) = self.peek().filter(|_| depth < MAX_DEPTH) else { return Value::None };
        match token.kind {
            Kind::Text => {
                self.at += 1;
                Value::Text(token.word.clone())
            }
            Kind::Name => {
                self.at += 1;
                if !self.is(b'(') {
                    return Value::Name(token.word.clone());
                }
                self.arguments(depth + 1);
                Value::Call(token.word.clone())
            }
            Kind::Mark(b'[') => {
                self.at += 1;
                let mut all = Vec::new();
                while let Some(token) = self.peek() {
                    match token.kind {
                        Kind::Mark(b']') => {
                            self.at += 1;
                            break;
                        }
                        Kind::Mark(b'}' | b'{') => break,
                        Kind::Mark(b',') => self.at += 1,
                        _ => {
                            let before = self.at;
                            all.push(self.value(depth + 1));
                            if self.at == before {
                                self.at += 1;
                            }
                        }
                    }
                }
                Value::List(all)
            }
            Kind::Mark(_) => Value::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_fields_and_attributes_and_passes_over_what_is_broken() {
        let text = "// a\ngenerator c {\n  provider = \"x\"\n  output = \"../gen\" // b\n}\n/* model No {} */\nmodel User {\n  id Int @id @default(autoincrement())\n  name String? @map(\"full_name\") @db.VarChar(20)\n  ?? broken\n  posts Post[] @relation(\"a\", fields: [x, y], references: [id])\n  point Unsupported(\"geo\")?\n  @@unique([a, b(sort: Desc)], name: \"ab\")\n  @@map(\"users\")\n}\nenum E { A @map(\"a\") B }\nmodel Open { id Int @id(";
        let blocks = parse(text);
        let names: Vec<_> = blocks.iter().map(|b| (b.name.text.as_str(), b.fields.len())).collect();
        assert_eq!(names, [("c", 0), ("User", 4), ("E", 2), ("Open", 1)]);
        assert_eq!(blocks[0].setting("output").map(|w| w.text.as_str()), Some("../gen"));
        let user = &blocks[1];
        let field = |n: &str| user.fields.iter().find(|f| f.name.text == n);
        let name = field("name").and_then(|f| f.attribute("map")).and_then(|a| a.argument("name")).and_then(Value::text);
        let name = name.cloned().unwrap_or_default();
        assert_eq!((name.text.as_str(), text.get(name.span.start as usize..name.span.end as usize)), ("full_name", Some("full_name")));
        assert!(field("name").is_some_and(|f| f.optional && f.attributes.len() == 2));
        let posts = field("posts").and_then(|f| f.attribute("relation")).cloned();
        let names = posts.and_then(|a| a.named("fields").map(|v| v.names().into_iter().map(|w| w.text.clone()).collect::<Vec<_>>()));
        assert_eq!(names, Some(vec!["x".to_string(), "y".to_string()]));
        assert_eq!(user.attribute("unique").and_then(|a| a.argument("fields")).map(|v| v.names().len()), Some(2));
        assert!(text.get(user.span.start as usize..user.span.end as usize).is_some_and(|t| t.ends_with('}')));
        for end in 0..text.len() {
            parse(text.get(..end).unwrap_or_default());
        }
    }
}
