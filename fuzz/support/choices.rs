//! Bytes as choices: objects and texts that look like those of a cluster, hostile where they can
//! be. The fuzzer learns which bytes choose what.

use serde_json::{Map, Value, json};
use vigla::mesh::Objects;

/// Objects in one input, at most.
const OBJECTS: usize = 8;
/// Values within values, at most.
const DEEPEST: u8 = 6;

const KEYS: [&str; 32] = [
    "spec",
    "http",
    "tcp",
    "tls",
    "match",
    "route",
    "destination",
    "host",
    "hosts",
    "subset",
    "weight",
    "ports",
    "port",
    "number",
    "labels",
    "selector",
    "containers",
    "name",
    "status",
    "conditions",
    "type",
    "servers",
    "subsets",
    "exact",
    "regex",
    "prefix",
    "uri",
    "headers",
    "parentRefs",
    "rules",
    "backendRefs",
    "matchLabels",
];

const TEXTS: [&str; 32] = [
    "",
    "reviews",
    "default",
    "v1",
    "*",
    "*.example.com",
    "reviews.default.svc.cluster.local",
    "mesh",
    "HTTP",
    "(",
    "[a-z]+",
    "0",
    "99999999999",
    "-1",
    "10s",
    "1h30m",
    "True",
    "Ready",
    "\u{1b}[2J",
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{9b}31m",
    "\u{202e}",
    "\u{200b}",
    "\r",
    "\n",
    "\t",
    "\u{0}",
    "e\u{301}\u{301}",
    "日本",
    "\"'<>&`|{}[]#;\\",
    "/",
    "\u{e0041}",
];

pub(crate) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next byte; without any left, always the same choice.
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    fn one<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[usize::from(self.byte()) % of.len()]
    }

    /// A known text, or the next few bytes as they are.
    pub(crate) fn text(&mut self) -> String {
        let choice = self.byte();
        if choice < 192 {
            return TEXTS[usize::from(choice) % TEXTS.len()].to_owned();
        }
        if choice == 255 {
            return "x".repeat(2_000);
        }
        let (taken, rest) = self.rest.split_at(self.rest.len().min(usize::from(choice - 191)));
        self.rest = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    pub(crate) fn texts(&mut self) -> Vec<String> {
        let mut texts = vec![self.text()];
        while !self.rest.is_empty() && texts.len() < 25 {
            texts.push(self.text());
        }
        texts
    }

    pub(crate) fn objects(&mut self) -> Vec<Value> {
        let mut objects = vec![self.object()];
        while !self.rest.is_empty() && objects.len() < OBJECTS {
            objects.push(self.object());
        }
        objects
    }

    fn object(&mut self) -> Value {
        let kind = self.one(Objects::KINDS).info();
        let version = kind.versions.first().copied().unwrap_or("v1");
        let api = match kind.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        };
        let labels = self.value(DEEPEST - 2);
        json!({
            "apiVersion": api, "kind": kind.name,
            "metadata": {"namespace": self.text(), "name": self.text(), "labels": labels,
                "annotations": self.value(DEEPEST - 2)},
            "spec": self.value(0), "status": self.value(0), "data": self.value(DEEPEST - 1),
        })
    }

    fn value(&mut self, depth: u8) -> Value {
        let many = usize::from(self.byte() % 4);
        match self.byte() % 8 {
            0 => Value::Null,
            1 => json!(many % 2 == 0),
            2 => json!(i64::from(self.byte()) - 8),
            3 => json!([i64::MIN, i64::MAX, 65_536, 80][many]),
            4 => json!(self.text()),
            _ if depth >= DEEPEST => json!(self.text()),
            5 => (0..=many).map(|_| self.value(depth + 1)).collect(),
            _ => {
                let mut fields = Map::new();
                for _ in 0..=many {
                    let key = match self.byte() {
                        250.. => self.text(),
                        known => KEYS[usize::from(known) % KEYS.len()].to_owned(),
                    };
                    let value = self.value(depth + 1);
                    fields.insert(key, value);
                }
                Value::Object(fields)
            }
        }
    }
}
