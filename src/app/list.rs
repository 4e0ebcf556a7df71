//! Lists: rows of typed values, with sorting, filtering and a selection that survives refreshes.
//!
//! Cells keep values, not text: they sort as what they are, and only the rows on the screen are
//! ever formatted.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::mesh::findings::{Counts, Level};
use crate::mesh::graph::Health;
use crate::mesh::object::Key;
use crate::mesh::{Kind, ObjectRef, Ready, Trouble};

mod state;

pub use state::{ListState, Sort};

/// What a cell's colour says; the theme decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    #[default]
    Text,
    Dim,
    Strong,
    Accent,
    Good,
    Warn,
    Bad,
}

impl From<Health> for Tone {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Good,
            Health::NotReady | Health::Degraded => Self::Warn,
            Health::Failure => Self::Bad,
            Health::Unknown => Self::Dim,
        }
    }
}

impl From<Level> for Tone {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Bad,
            Level::Warning => Self::Warn,
            Level::Info => Self::Dim,
        }
    }
}

/// A typed value. What is missing is missing, never zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    #[default]
    Missing,
    Text(Arc<str>),
    Count(u64),
    /// Per second.
    Rate(f64),
    /// Bytes per second.
    Bytes(f64),
    Percent(f64),
    /// Milliseconds.
    Millis(f64),
    Ready(Ready),
    /// Shown as an age, sorted youngest first.
    When(Timestamp),
    Health(Health),
    /// Findings about the configuration; the worst level is what is shown.
    Findings(Counts),
}

impl Value {
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(text.into()) }
    }

    pub fn rate(rate: Option<f64>) -> Self {
        rate.map_or(Self::Missing, Self::Rate)
    }

    pub fn percent(percent: Option<f64>) -> Self {
        percent.map_or(Self::Missing, Self::Percent)
    }

    pub fn millis(millis: Option<f64>) -> Self {
        millis.map_or(Self::Missing, Self::Millis)
    }

    pub fn when(when: Option<Timestamp>) -> Self {
        when.map_or(Self::Missing, Self::When)
    }

    /// The order of ascending sorting; what is missing comes first.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Rate(a), Self::Rate(b))
            | (Self::Bytes(a), Self::Bytes(b))
            | (Self::Percent(a), Self::Percent(b))
            | (Self::Millis(a), Self::Millis(b)) => a.total_cmp(b),
            (Self::Ready(a), Self::Ready(b)) => {
                fraction(*a).total_cmp(&fraction(*b)).then(a.total.cmp(&b.total))
            }
            (Self::When(a), Self::When(b)) => b.cmp(a),
            (Self::Health(a), Self::Health(b)) => a.cmp(b),
            (Self::Findings(a), Self::Findings(b)) => a.cmp(b),
            (Self::Missing, Self::Missing) => Ordering::Equal,
            (Self::Missing, _) => Ordering::Less,
            (_, Self::Missing) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

fn fraction(ready: Ready) -> f64 {
    if ready.total == 0 { 1.0 } else { f64::from(ready.ready) / f64::from(ready.total) }
}

/// A value and what its colour says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    pub value: Value,
    pub tone: Tone,
}

impl Cell {
    pub fn new(value: Value, tone: Tone) -> Self {
        Self { value, tone }
    }

    pub fn text(text: &str) -> Self {
        Self::new(Value::text(text), Tone::Text)
    }

    pub fn shared(text: &Arc<str>) -> Self {
        let value = if text.is_empty() { Value::Missing } else { Value::Text(Arc::clone(text)) };
        Self::new(value, Tone::Text)
    }

    #[must_use]
    pub fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub fn health(health: Health) -> Self {
        Self::new(Value::Health(health), health.into())
    }

    /// Ready pods; fewer than wanted is a warning, none at all is bad.
    pub fn ready(ready: Ready) -> Self {
        let tone = match ready {
            Ready { total: 0, .. } => Tone::Dim,
            Ready { ready: 0, .. } => Tone::Bad,
            Ready { ready, total } if ready < total => Tone::Warn,
            Ready { .. } => Tone::Text,
        };
        Self::new(Value::Ready(ready), tone)
    }

    /// Findings about the configuration, coloured by the worst.
    pub fn findings(counts: Counts) -> Self {
        match counts.worst() {
            Some((level, _)) => Self::new(Value::Findings(counts), level.into()),
            None => Self::default(),
        }
    }

    /// A share of errors in percent.
    pub fn errors(percent: Option<f64>) -> Self {
        let tone = match percent {
            Some(percent) if percent >= 10.0 => Tone::Bad,
            Some(percent) if percent >= 0.1 => Tone::Warn,
            _ => Tone::Text,
        };
        Self::new(Value::percent(percent), tone)
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::new(value, Tone::Text)
    }
}

/// What a row stands for, whatever its position: the selection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowId {
    Namespace(Arc<str>),
    Service(Key),
    Pod(Key),
    /// A row about an object, told apart from others about the same one by a word of its own.
    Object(ObjectRef, Arc<str>),
    /// A node of the graph, and the way to it where it is met more than once.
    Node(Arc<str>, Arc<str>),
    /// A version (the second part) of a service.
    Version(Key, Arc<str>),
    /// A row known by its words alone.
    Words(Arc<str>),
}

impl RowId {
    /// A row about this object.
    pub fn of(object: &ObjectRef) -> Self {
        match object.kind {
            Kind::Namespace => Self::Namespace(Arc::clone(&object.key.name)),
            Kind::Service => Self::Service(object.key.clone()),
            Kind::Pod => Self::Pod(object.key.clone()),
            _ => Self::Object(object.clone(), "".into()),
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: RowId,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// Something is wrong here: where `n` goes.
    pub problem: bool,
    /// A sentence about it, shown below the list while the row is selected.
    pub note: Option<Arc<str>>,
}

/// How a column is laid out and sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub title: &'static str,
    /// The capital letter that sorts by it.
    pub letter: Option<char>,
    /// Numbers stand on the right.
    pub right: bool,
    /// Least width at which the column is worth showing, and most that it takes.
    pub width: (u16, u16),
    /// Columns with a higher rank go first when there is no room.
    pub rank: u8,
    /// The first sort is from high to low: for what one looks for the most of.
    pub descending: bool,
    /// Not shown when it says the same in every row, as the namespace of one namespace.
    pub unless_same: bool,
    /// While the list is sorted by it, what is the same as in the row above is not said again.
    pub groups: bool,
}

impl Column {
    /// A column of words.
    pub const fn words(title: &'static str, width: (u16, u16)) -> Self {
        Self {
            title,
            letter: None,
            right: false,
            width,
            rank: 0,
            descending: false,
            unless_same: false,
            groups: false,
        }
    }

    /// A column of numbers, most first.
    pub const fn numbers(title: &'static str, width: u16) -> Self {
        let width = (width, width);
        Self {
            title,
            letter: None,
            right: true,
            width,
            rank: 0,
            descending: true,
            unless_same: false,
            groups: false,
        }
    }

    #[must_use]
    pub const fn sorted_by(self, letter: char) -> Self {
        Self { letter: Some(letter), ..self }
    }

    #[must_use]
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    #[must_use]
    pub const fn unless_same(self) -> Self {
        Self { unless_same: true, ..self }
    }

    #[must_use]
    pub const fn grouping(self) -> Self {
        Self { groups: true, ..self }
    }

    #[must_use]
    pub const fn ascending(self) -> Self {
        Self { descending: false, ..self }
    }
}

/// Whether the data behind a list is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Data {
    /// Asked for, nothing heard yet.
    #[default]
    Waiting,
    /// There, the trouble being what is missing from it.
    Loaded(Option<Trouble>),
    /// Not there, and why.
    Failed(Trouble),
}

/// Everything a list screen shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    pub columns: &'static [Column],
    pub rows: Vec<Row>,
    pub data: Data,
    /// What stands in place of rows when there are none, e.g. `no pods in default`.
    pub none: String,
    /// Rows that findings about the configuration concern, with the worst level.
    pub marks: BTreeMap<RowId, Level>,
    /// Cells that the longest text of each column takes; 0 where a column says nothing: it is
    /// not shown.
    pub widths: Vec<u16>,
}

impl Table {
    pub fn new(columns: &'static [Column], rows: Vec<Row>, data: Data, none: String) -> Self {
        let widths = columns.iter().enumerate().map(|(at, column)| width(column, at, &rows));
        let widths = widths.collect();
        Self { columns, widths, rows, data, none, marks: BTreeMap::new() }
    }

    pub fn row(&self, id: &RowId) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == *id)
    }
}

/// The width a column would like to have.
fn width(column: &Column, at: usize, rows: &[Row]) -> u16 {
    let text = |row: &Row| match row.cells.get(at).map(|cell| &cell.value) {
        Some(Value::Text(text)) => Some(Arc::clone(text)),
        _ => None,
    };
    if column.unless_same {
        let first = rows.first().and_then(text);
        if rows.iter().all(|row| text(row) == first) {
            return 0;
        }
    }
    let widest = rows.iter().filter_map(text).map(|text| text.width()).max().unwrap_or_default();
    let widest = widest.max(column.title.len()).clamp(column.width.0.into(), column.width.1.into());
    widest as u16
}
