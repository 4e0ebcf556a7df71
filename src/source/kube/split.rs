//! Cuts the JSON of a list into its items while it streams in, so that memory holds one item and
//! not the list, and so that a strange item is a strange item and not a failed list.

use memchr::memchr2;

/// An object larger than this is passed over; etcd holds none above 1.5 MB.
const ITEM_LIMIT: usize = 8 << 20;
/// What surrounds the items is a few hundred bytes.
const HEAD_LIMIT: usize = 1 << 20;

/// Why a body is not a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAList {
    #[error("it is not JSON")]
    Json,
    #[error("it is longer than a list's head can be")]
    TooLong,
}

/// The state between two pieces of a body.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The list without its items.
    head: Vec<u8>,
    item: Vec<u8>,
    depth: usize,
    in_items: bool,
    in_string: bool,
    escaped: bool,
    /// Where the latest string at depth 1 begins in the head, and whether it ended as `items`.
    string_from: usize,
    key_is_items: bool,
    /// Items that were too long.
    pub(super) passed_over: usize,
}

/// Depth inside the array of items; objects there begin at the next.
const ITEMS: usize = 2;

impl Splitter {
    /// Takes a piece and hands out each item that it completes.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        mut item: impl FnMut(&[u8]),
    ) -> Result<(), NotAList> {
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            if self.in_string {
                rest = self.within_string(rest);
            } else {
                rest = after;
                self.between_strings(byte, &mut item)?;
            }
            if self.head.len() > HEAD_LIMIT {
                return Err(NotAList::TooLong);
            }
        }
        Ok(())
    }

    fn between_strings(&mut self, byte: u8, item: &mut impl FnMut(&[u8])) -> Result<(), NotAList> {
        match byte {
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(byte, item)?,
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.string_from = self.head.len();
                }
                self.keep(&[byte]);
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => {
                if byte != b':' {
                    self.key_is_items = false;
                }
                self.keep(&[byte]);
            }
        }
        Ok(())
    }

    /// The list without its items, once the whole body has come.
    pub(super) fn finish(self) -> Result<Vec<u8>, NotAList> {
        if self.depth == 0 && !self.in_string { Ok(self.head) } else { Err(NotAList::Json) }
    }

    /// Takes a string on to its end or its next escape; what is left of the piece.
    fn within_string<'p>(&mut self, piece: &'p [u8]) -> &'p [u8] {
        let special =
            if self.escaped { 0 } else { memchr2(b'"', b'\\', piece).unwrap_or(piece.len()) };
        let (text, rest) = piece.split_at(special);
        self.keep(text);
        let Some((byte, rest)) = rest.split_first() else { return rest };
        self.keep(&[*byte]);
        if self.escaped {
            self.escaped = false;
        } else if *byte == b'\\' {
            self.escaped = true;
        } else {
            self.in_string = false;
            if self.depth == 1 {
                self.key_is_items = self.head.get(self.string_from..) == Some(b"\"items\"");
            }
        }
        rest
    }

    fn open(&mut self, byte: u8) {
        if self.depth == 1 && byte == b'[' && self.key_is_items && !self.in_items {
            self.head.push(byte);
            self.in_items = true;
            self.depth = ITEMS;
            return;
        }
        self.key_is_items = false;
        self.depth += 1;
        self.keep(&[byte]);
    }

    fn close(&mut self, byte: u8, item: &mut impl FnMut(&[u8])) -> Result<(), NotAList> {
        self.depth = self.depth.checked_sub(1).ok_or(NotAList::Json)?;
        if self.in_items && self.depth < ITEMS {
            self.in_items = false;
        }
        self.keep(&[byte]);
        if self.in_items && self.depth == ITEMS {
            if self.item.len() < ITEM_LIMIT {
                item(&self.item);
            } else {
                self.passed_over += 1;
            }
            self.item = Vec::new();
        }
        Ok(())
    }

    /// Keeps bytes where they belong; between items there is nothing worth keeping.
    fn keep(&mut self, bytes: &[u8]) {
        if !self.in_items {
            self.head.extend_from_slice(bytes);
            return;
        }
        // At the depth of the items only the brace that ends one belongs to it.
        let within = self.depth > ITEMS || (bytes == b"}" && !self.item.is_empty());
        if within && self.item.len() < ITEM_LIMIT {
            self.item.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn split(text: &str, size: usize) -> Result<(Value, Vec<Value>), NotAList> {
        let mut splitter = Splitter::default();
        let mut items = Vec::new();
        for piece in text.as_bytes().chunks(size.max(1)) {
            splitter.push(piece, |item| items.push(serde_json::from_slice(item).unwrap()))?;
        }
        let head = splitter.finish()?;
        Ok((serde_json::from_slice(&head).map_err(|_| NotAList::Json)?, items))
    }

    #[test]
    fn items_come_out_and_the_rest_stays() {
        let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7", "items": [1]},
            "note": "items", "items": [{"a": "]}\"\\"}, null, "x]", 3, {"b": [{"items": [{}]}]}],
            "after": [{"items": []}]});
        for size in 1..40 {
            let (head, items) = split(&list.to_string(), size).unwrap();
            assert_eq!(items, [json!({"a": "]}\"\\"}), json!({"b": [{"items": [{}]}]})]);
            assert_eq!(head["metadata"], list["metadata"]);
            assert_eq!((&head["items"], &head["after"]), (&json!([]), &list["after"]));
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert_eq!(split("]", 1), Err(NotAList::Json));
        assert_eq!(split("{\"items\":[{}", 1), Err(NotAList::Json));
        assert_eq!(split("<html>", 1), Err(NotAList::Json));
        assert_eq!(split(&"x".repeat(HEAD_LIMIT + 1), 4096), Err(NotAList::TooLong));
    }

    proptest! {
        #[test]
        fn agrees_with_a_whole_parser(
            texts in prop::collection::vec(".{0,20}", 0..6), size in 1_usize..64, pretty: bool,
        ) {
            let items: Vec<Value> =
                texts.iter().map(|text| json!({"t": text, text: [text, {"x": text}]})).collect();
            let list = json!({"a": texts, "items": items, "b": {"items": texts}});
            let text = if pretty { format!("{list:#}") } else { list.to_string() };
            let (head, found) = split(&text, size).unwrap();
            prop_assert_eq!(found, items);
            prop_assert_eq!(&head["b"], &list["b"]);
        }

        #[test]
        fn garbage_ends_in_an_answer(bytes: Vec<u8>) {
            let mut splitter = Splitter::default();
            let mut lengths = 0;
            let _ = splitter.push(&bytes, |item| lengths += item.len());
            prop_assert!(lengths <= bytes.len());
        }
    }
}
