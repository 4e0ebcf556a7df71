//! Columns of text as kubectl prints them: three spaces between, headers in capitals.

use unicode_width::UnicodeWidthStr;

/// A table under construction.
#[derive(Debug, Clone, Default)]
pub struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(headers: &[&'static str]) -> Self {
        Self { headers: headers.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with as many cells as there are headers.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, header first, each ended by a newline and without trailing space.
    pub fn print(&self) -> String {
        let header: Vec<String> = self.headers.iter().map(|&h| h.to_owned()).collect();
        let mut widths: Vec<usize> = header.iter().map(|cell| cell.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width - cell.width() + 3));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A cell for a value that may be missing.
pub fn maybe<T>(value: Option<T>, print: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| crate::mesh::words::MISSING.to_owned(), print)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_width_not_by_bytes() {
        let mut table = Table::new(&["NAME", "AGE"]);
        table.row(vec!["日本".into(), "1d".into()]);
        table.row(vec!["x".into(), String::new()]);
        assert_eq!(table.print(), "NAME   AGE\n日本   1d\nx\n");
    }
}
