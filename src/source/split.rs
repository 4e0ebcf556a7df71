//! Cuts an array out of JSON and into its items, piece by piece, so that memory holds one item and
//! not all of them, and so that a strange item is a strange item and not a failed answer.

use memchr::memchr2;

/// An item larger than this is passed over; etcd holds no object above 1.5 MB.
const ITEM_LIMIT: usize = 8 << 20;
/// What surrounds the items is a few hundred bytes.
const HEAD_LIMIT: usize = 1 << 20;

/// Room that is kept for the next item.
const ITEM_KEPT: usize = 1 << 16;

/// Why a body is not what holds such an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAList {
    #[error("it is not JSON")]
    Json,
    #[error("it is longer than what surrounds a list can be")]
    TooLong,
}

/// The state between two pieces of a body.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The keys that lead to the array, from the outermost object on.
    path: &'static [&'static str],
    /// How many of them what is read now lies within; the array itself is none of them.
    within: usize,
    /// The JSON without the items.
    head: Vec<u8>,
    item: Vec<u8>,
    depth: usize,
    in_items: bool,
    in_string: bool,
    escaped: bool,
    /// Where the latest string that may be the next key of the path begins in the head, and
    /// whether it is.
    string_from: usize,
    key_leads_on: bool,
    /// Items that were too long.
    pub(super) passed_over: usize,
}

impl Splitter {
    pub(super) fn new(path: &'static [&'static str]) -> Self {
        Self {
            path,
            within: 0,
            head: Vec::new(),
            item: Vec::new(),
            depth: 0,
            in_items: false,
            in_string: false,
            escaped: false,
            string_from: 0,
            key_leads_on: false,
            passed_over: 0,
        }
    }

    /// Depth inside the array of items; objects there begin at the next.
    fn items(&self) -> usize {
        self.path.len() + 1
    }

    /// Whether keys are read in which the path may go on.
    fn at_key(&self) -> bool {
        self.depth == self.within + 1 && !self.in_items
    }

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
                if self.at_key() {
                    self.string_from = self.head.len();
                }
                self.keep(&[byte]);
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => {
                if byte != b':' {
                    self.key_leads_on = false;
                }
                self.keep(&[byte]);
            }
        }
        Ok(())
    }

    /// The JSON without its items, once the whole body has come.
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
            if self.at_key() {
                let key = self.head.get(self.string_from + 1..self.head.len() - 1);
                let wanted = self.path.get(self.within).map(|key| key.as_bytes());
                self.key_leads_on = key.is_some() && key == wanted;
            }
        }
        rest
    }

    fn open(&mut self, byte: u8) {
        let leads_on = std::mem::take(&mut self.key_leads_on) && self.at_key();
        let last = self.within + 1 == self.path.len();
        self.depth += 1;
        match byte {
            b'[' if leads_on && last => {
                self.head.push(byte);
                self.in_items = true;
                return;
            }
            b'{' if leads_on && !last => self.within += 1,
            _ => {}
        }
        self.keep(&[byte]);
    }

    fn close(&mut self, byte: u8, item: &mut impl FnMut(&[u8])) -> Result<(), NotAList> {
        self.depth = self.depth.checked_sub(1).ok_or(NotAList::Json)?;
        if self.in_items && self.depth < self.items() {
            self.in_items = false;
        } else if !self.in_items {
            self.within = self.within.min(self.depth.saturating_sub(1));
        }
        self.keep(&[byte]);
        if self.in_items && self.depth == self.items() {
            if self.item.len() < ITEM_LIMIT {
                item(&self.item);
            } else {
                self.passed_over += 1;
            }
            self.item.clear();
            self.item.shrink_to(ITEM_KEPT);
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
        let within = self.depth > self.items() || (bytes == b"}" && !self.item.is_empty());
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

    const ITEMS: &[&str] = &["items"];
    const RESULT: &[&str] = &["data", "result"];

    fn split(text: &str, size: usize) -> Result<(Value, Vec<Value>), NotAList> {
        split_at(ITEMS, text, size)
    }

    fn split_at(
        path: &'static [&'static str],
        text: &str,
        size: usize,
    ) -> Result<(Value, Vec<Value>), NotAList> {
        let mut splitter = Splitter::new(path);
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
    fn an_array_further_in_is_found_by_its_path_alone() {
        let body = json!({"result": [{"not": 1}], "first": {"data": {"result": [{"nor": 2}]}},
            "data": {"resultType": "vector", "data": {"result": [{"this": 3}]}, "key": "result",
                "result": [{"metric": {"result": "data"}, "value": [1, "2"]}, {"a": [{"b": {}}]}],
                "stats": {"result": [4]}},
            "warnings": ["data", "result"], "result": [{"late": 5}]});
        for size in 1..40 {
            let (head, items) = split_at(RESULT, &body.to_string(), size).unwrap();
            let wanted =
                json!([{"metric": {"result": "data"}, "value": [1, "2"]}, {"a": [{"b": {}}]}]);
            assert_eq!(json!(items), wanted);
            let mut rest = body.clone();
            rest["data"]["result"] = json!([]);
            assert_eq!(head, rest);
        }
        // A string or an array in an object's place leads nowhere.
        for body in ["[\"data\", {\"result\": [{}]}]", "{\"data\": [{\"result\": [{}]}]}"] {
            assert_eq!(split_at(RESULT, body, 3).unwrap().1, Vec::<Value>::new(), "{body}");
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
            prop_assert_eq!(&found, &items);
            prop_assert_eq!(&head["b"], &list["b"]);
            let within = json!({"b": {"result": texts}, "data": {"items": texts, "result": items}});
            let text = if pretty { format!("{within:#}") } else { within.to_string() };
            prop_assert_eq!(split_at(RESULT, &text, size).unwrap().1, items);
        }

        #[test]
        fn garbage_ends_in_an_answer(bytes: Vec<u8>) {
            let mut splitter = Splitter::new(RESULT);
            let mut lengths = 0;
            let _ = splitter.push(&bytes, |item| lengths += item.len());
            prop_assert!(lengths <= bytes.len());
        }
    }
}
