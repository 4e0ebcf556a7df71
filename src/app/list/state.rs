//! Where the user is in a list: the selected row, the filter, the sort, the order that follows.

use std::collections::BTreeSet;

use super::{Row, RowId, Table, Value};

/// By which column, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

/// The user's side of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListState {
    selected: Option<RowId>,
    /// Where the selected row was, for when it goes away.
    at: usize,
    pub filter: String,
    pub sort: Option<Sort>,
    /// Only these rows, and what they are called: the pods of a service, say.
    only: Option<(String, BTreeSet<RowId>)>,
    /// Positions in the table's rows, filtered and sorted.
    order: Vec<usize>,
}

impl ListState {
    /// Rows in the order in which they are shown.
    pub fn rows<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Row> {
        self.order.iter().filter_map(|at| table.rows.get(*at))
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn selected(&self) -> Option<&RowId> {
        self.selected.as_ref()
    }

    /// Position of the selected row among those shown.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What the list is limited to, if it is.
    pub fn limit(&self) -> Option<&str> {
        self.only.as_ref().map(|(name, _)| name.as_str())
    }

    /// Limits the list to some rows, until it is cleared.
    pub fn only(&mut self, name: String, rows: Vec<RowId>, table: &Table) {
        self.only = Some((name, rows.into_iter().collect()));
        self.filter.clear();
        self.renew(table);
    }

    /// Takes filter and limit away; whether there was one.
    pub fn clear(&mut self, table: &Table) -> bool {
        let had = self.only.take().is_some() || !self.filter.is_empty();
        self.filter.clear();
        if had {
            self.renew(table);
        }
        had
    }

    /// Turns the order round; what was in the order of names is then from the end.
    pub fn reverse(&mut self, table: &Table) {
        let sort = self.sort.unwrap_or(Sort { column: 0, descending: false });
        self.sort = Some(Sort { descending: !sort.descending, ..sort });
        self.renew(table);
    }

    fn is_meant(&self, id: &RowId) -> bool {
        self.only.as_ref().is_none_or(|(_, rows)| rows.contains(id))
    }

    /// Filters and sorts anew and finds the selected row again. If it is gone, the row that
    /// took its place is selected.
    pub fn renew(&mut self, table: &Table) {
        let wanted = Filter::new(&self.filter);
        self.order = (0..table.rows.len())
            .filter(|at| {
                let row = table.rows.get(*at);
                row.is_some_and(|row| self.is_meant(&row.id) && wanted.takes(row))
            })
            .collect();
        if let Some(Sort { column, descending }) = self.sort {
            let value = |at: &usize| {
                table.rows.get(*at).and_then(|row| row.cells.get(column)).map(|cell| &cell.value)
            };
            // Stable: equal rows keep the order of their names.
            self.order.sort_by(|a, b| {
                let order =
                    value(a).unwrap_or(&Value::Missing).order(value(b).unwrap_or(&Value::Missing));
                if descending { order.reverse() } else { order }
            });
        }
        let id = |at: usize| self.order.get(at).and_then(|row| table.rows.get(*row)).map(|r| &r.id);
        let found = (0..self.order.len()).find(|at| id(*at) == self.selected.as_ref());
        self.at = found.unwrap_or_else(|| self.at.min(self.order.len().saturating_sub(1)));
        self.selected = id(self.at).cloned();
    }

    /// Selects the row at a position, or the last one before it.
    pub fn select_at(&mut self, table: &Table, at: usize) {
        self.at = at.min(self.order.len().saturating_sub(1));
        let row = self.order.get(self.at).and_then(|row| table.rows.get(*row));
        self.selected = row.map(|row| row.id.clone());
    }

    /// Selects a row by what it stands for; it need not be there yet.
    pub fn select(&mut self, id: RowId, table: &Table) {
        self.selected = Some(id);
        self.renew(table);
    }

    /// Moves the selection down (or, negative, up), without going round.
    pub fn step(&mut self, table: &Table, by: isize) {
        self.select_at(table, self.at.saturating_add_signed(by));
    }

    /// Goes to the next row in trouble, or the previous one, going round; whether there is one.
    pub fn problem(&mut self, table: &Table, forward: bool) -> bool {
        let count = self.order.len();
        let found = (1..=count)
            .map(|by| if forward { self.at + by } else { self.at + count - by } % count)
            .find(|at| {
                let row = self.order.get(*at).and_then(|row| table.rows.get(*row));
                row.is_some_and(|row| row.problem)
            });
        if let Some(at) = found {
            self.select_at(table, at);
        }
        found.is_some()
    }

    /// Sorts by the last column that groups, then by the one before, then not at all; the title
    /// of the column it is.
    pub fn group(&mut self, table: &Table) -> Option<String> {
        let now = self.sort.map_or(table.columns.len(), |sort| sort.column);
        let next = (0..now).rev().find(|at| table.columns.get(*at).is_some_and(|c| c.groups));
        self.sort = next.map(|column| Sort { column, descending: false });
        self.renew(table);
        Some(table.columns.get(next?)?.title.to_lowercase())
    }

    /// Sorts by the column with this letter; a second time the other way round. Whether there
    /// is such a column.
    pub fn sort_by(&mut self, table: &Table, letter: char) -> bool {
        let Some(column) = table.columns.iter().position(|c| c.letter == Some(letter)) else {
            return false;
        };
        let first = table.columns.get(column).is_some_and(|column| column.descending);
        let descending = match self.sort {
            Some(sort) if sort.column == column => !sort.descending,
            _ => first,
        };
        self.sort = Some(Sort { column, descending });
        self.renew(table);
        true
    }
}

/// Words that must all be in a row, or with `!` before them, must not.
struct Filter(Vec<(bool, String)>);

impl Filter {
    fn new(text: &str) -> Self {
        let word = |word: &str| match word.strip_prefix('!') {
            Some(without) => (false, without.to_lowercase()),
            None => (true, word.to_lowercase()),
        };
        Self(text.split_whitespace().map(word).filter(|(_, word)| !word.is_empty()).collect())
    }

    fn takes(&self, row: &Row) -> bool {
        self.0.iter().all(|(with, word)| {
            let found = row.cells.iter().any(|cell| match &cell.value {
                Value::Text(text) => contains(text, word),
                _ => false,
            });
            found == *with
        })
    }
}

/// Whether `text` contains `word`, which is in lower case, whatever the case.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Column};
    use super::*;
    use rstest::rstest;

    const COLUMNS: &[Column] =
        &[Column::words("NAME", (4, 20)).sorted_by('N'), Column::numbers("RATE", 6).sorted_by('R')];

    fn table(rows: &[(&str, Option<f64>)]) -> Table {
        let row = |(name, rate): &(&str, Option<f64>)| Row {
            id: RowId::Namespace((*name).into()),
            cells: vec![Cell::text(name), Value::rate(*rate).into()],
            problem: rate.is_none(),
            note: None,
        };
        Table { columns: COLUMNS, rows: rows.iter().map(row).collect(), ..Table::default() }
    }

    fn names(state: &ListState, table: &Table) -> String {
        let name = |row: &Row| match &row.id {
            RowId::Namespace(name) => name.to_string(),
            other => format!("{other:?}"),
        };
        state.rows(table).map(name).collect::<Vec<_>>().join(" ")
    }

    const ROWS: &[(&str, Option<f64>)] =
        &[("alpha", Some(2.0)), ("beta", None), ("gamma", Some(10.0)), ("delta", Some(2.0))];

    #[rstest]
    #[case("", "alpha beta gamma delta")]
    #[case("ET", "beta")]
    #[case("!et a", "alpha gamma delta")]
    #[case("!", "alpha beta gamma delta")]
    fn filters(#[case] filter: &str, #[case] expected: &str) {
        let table = table(ROWS);
        let mut state = ListState { filter: filter.into(), ..ListState::default() };
        state.renew(&table);
        assert_eq!(names(&state, &table), expected);
    }

    #[test]
    fn numbers_sort_most_first_and_missing_last_then_the_other_way() {
        let table = table(ROWS);
        let mut state = ListState::default();
        assert!(state.sort_by(&table, 'R'));
        assert_eq!(names(&state, &table), "gamma alpha delta beta");
        assert!(state.sort_by(&table, 'R'));
        assert_eq!(names(&state, &table), "beta alpha delta gamma");
        assert!(!state.sort_by(&table, 'X'));
    }

    #[test]
    fn selection_is_the_row_not_its_place() {
        let before = table(ROWS);
        let mut state = ListState::default();
        state.renew(&before);
        state.select_at(&before, 2);
        let after = table(&[("aardvark", None), ("gamma", None), ("omega", None)]);
        state.renew(&after);
        assert_eq!(state.selected(), Some(&RowId::Namespace("gamma".into())));
        assert_eq!(state.position(), 1);
        // When it goes, what took its place is selected; when all go, nothing is.
        let without = table(&[("aardvark", None), ("omega", None)]);
        state.renew(&without);
        assert_eq!(state.selected(), Some(&RowId::Namespace("omega".into())));
        state.renew(&table(&[]));
        assert_eq!(state.selected(), None);
        state.step(&table(&[]), 1);
        assert!(!state.problem(&table(&[]), true));
    }

    #[test]
    fn steps_stop_at_the_ends_and_problems_go_round() {
        let table = table(ROWS);
        let mut state = ListState::default();
        state.renew(&table);
        state.step(&table, -5);
        assert_eq!(state.position(), 0);
        state.step(&table, isize::MAX);
        assert_eq!(state.position(), 3);
        assert!(state.problem(&table, true));
        assert_eq!(state.position(), 1);
        assert!(state.problem(&table, false));
        assert_eq!(state.position(), 1);
    }
}
