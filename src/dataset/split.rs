//! Where the rows of a file begin and end, told from its bytes as they come.
//!
//! A [`Splitter`] is fed a file block by block. However the file is cut into blocks, the rows are
//! the same; a property holds it to that. It looks only for what separates rows; what stands in
//! them is the parsers' matter.

use memchr::{memchr, memchr_iter, memchr2};

use crate::units::count;

/// Most bytes of a row. A prompt of a million tokens takes about 4 MB; a longer row is most
/// likely a file in another format.
pub const MAX_ROW_BYTES: u64 = 16 * 1024 * 1024;

/// What some editors put in front of UTF-8.
pub(super) const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

/// How the rows of a file are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A row is a line; blank lines are none.
    Lines,
    /// A row is a record of CSV: a line, or several where a quoted field has line breaks.
    Csv,
    /// A row is an element of the one JSON array that is the file.
    JsonArray,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first byte.
    pub(super) start: u64,
    /// The byte after its last; line ends do not belong to it.
    pub(super) end: u64,
    /// The line it begins in, from 1.
    pub(super) line: u64,
}

/// A row that is longer than [`MAX_ROW_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong {
    /// The line it begins in.
    pub(super) line: u64,
}

/// Finds the rows of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Splitter {
    state: State,
    /// Bytes fed so far.
    offset: u64,
    /// The line that the next byte is in.
    line: u64,
    /// First byte of the row, and the line of it.
    start: u64,
    start_line: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Line { blank: bool },
    Csv { blank: bool, at: CsvAt },
    Json(JsonAt),
}

/// Where in a record of CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvAt {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field: its end, or the first half of a doubled one.
    QuoteInQuoted,
}

/// Where in a JSON array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonAt {
    /// In front of the array.
    Before,
    /// Between two elements.
    Between,
    /// In an element.
    Element { depth: u32 },
    /// In a text of an element.
    Text { depth: u32 },
    /// Behind a backslash in a text.
    Escape { depth: u32 },
    /// Behind the array.
    After,
}

impl Splitter {
    /// A splitter for a file from its first byte.
    pub(super) const fn new(framing: Framing) -> Self {
        Self::at(framing, Span { start: 0, end: 0, line: 1 })
    }

    /// A splitter that goes on at the row that begins at `row.start`.
    pub(super) const fn at(framing: Framing, row: Span) -> Self {
        let state = match framing {
            Framing::Lines => State::Line { blank: true },
            Framing::Csv => State::Csv { blank: true, at: CsvAt::FieldStart },
            Framing::JsonArray if row.start == 0 => State::Json(JsonAt::Before),
            Framing::JsonArray => State::Json(JsonAt::Between),
        };
        let Span { start, line, .. } = row;
        Self { state, offset: start, line, start, start_line: line }
    }

    /// Takes the next bytes and adds the rows that end in them to `rows`.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if a row exceeds [`MAX_ROW_BYTES`].
    pub(super) fn feed(&mut self, block: &[u8], rows: &mut Vec<Span>) -> Result<(), TooLong> {
        let mut rest = block;
        while !rest.is_empty() {
            let used = match self.state {
                State::Line { blank } => self.line(rest, blank, rows),
                State::Csv { blank, at } => self.csv(rest, blank, at, rows),
                State::Json(at) => self.json(rest, at, rows),
            };
            self.offset += count(used);
            rest = rest.get(used..).unwrap_or_default();
            if self.in_row() && self.offset.saturating_sub(self.start) > MAX_ROW_BYTES {
                return Err(TooLong { line: self.start_line });
            }
        }
        Ok(())
    }

    /// The end of the file: adds the row that ends with it, if one does. An array that is not
    /// closed ends with an empty row or a broken one, for the parser to refuse.
    pub(super) fn finish(self, rows: &mut Vec<Span>) {
        let open = match self.state {
            State::Line { blank } | State::Csv { blank, .. } => !blank,
            State::Json(JsonAt::After) => false,
            State::Json(JsonAt::Before | JsonAt::Between) => {
                rows.push(Span { start: self.offset, end: self.offset, line: self.line });
                false
            }
            State::Json(_) => true,
        };
        if open {
            rows.push(Span { start: self.start, end: self.offset, line: self.start_line });
        }
    }

    const fn in_row(&self) -> bool {
        match self.state {
            State::Line { .. } | State::Csv { .. } => true,
            State::Json(at) => !matches!(at, JsonAt::Before | JsonAt::Between | JsonAt::After),
        }
    }

    /// Notes the row that ends before the line break `length` bytes on.
    fn end_line(&mut self, length: usize, blank: bool, rows: &mut Vec<Span>) -> usize {
        if !blank {
            let end = self.offset + count(length);
            rows.push(Span { start: self.start, end, line: self.start_line });
        }
        self.line += 1;
        self.start = self.offset + count(length) + 1;
        self.start_line = self.line;
        length + 1
    }

    fn line(&mut self, bytes: &[u8], blank: bool, rows: &mut Vec<Span>) -> usize {
        let length = memchr(b'\n', bytes);
        let text = &bytes[..length.unwrap_or(bytes.len())];
        let blank = blank && self.is_blank(text);
        if let Some(length) = length {
            self.state = State::Line { blank: true };
            self.end_line(length, blank, rows)
        } else {
            self.state = State::Line { blank };
            bytes.len()
        }
    }

    /// Whether `text`, which stands at the offset, is white space alone; a byte order mark counts
    /// as such.
    fn is_blank(&self, text: &[u8]) -> bool {
        let mark = |at: u64| BOM.get(crate::units::index(at)).copied();
        (self.offset..).zip(text).all(|(at, byte)| {
            byte.is_ascii_whitespace() || mark(at).is_some_and(|mark| mark == *byte)
        })
    }

    fn csv(&mut self, bytes: &[u8], blank: bool, at: CsvAt, rows: &mut Vec<Span>) -> usize {
        let go = |splitter: &mut Self, blank, at, used| {
            splitter.state = State::Csv { blank, at };
            used
        };
        match at {
            CsvAt::Quoted => {
                let quote = memchr(b'"', bytes);
                let text = &bytes[..quote.unwrap_or(bytes.len())];
                self.line += count(memchr_iter(b'\n', text).count());
                match quote {
                    Some(quote) => go(self, false, CsvAt::QuoteInQuoted, quote + 1),
                    None => go(self, false, at, bytes.len()),
                }
            }
            CsvAt::FieldStart | CsvAt::QuoteInQuoted if bytes[0] == b'"' => {
                go(self, false, CsvAt::Quoted, 1)
            }
            CsvAt::FieldStart if is_mark(self.offset, bytes[0]) => go(self, blank, at, 1),
            CsvAt::FieldStart | CsvAt::Plain | CsvAt::QuoteInQuoted => {
                let stop = memchr2(b',', b'\n', bytes);
                let text = &bytes[..stop.unwrap_or(bytes.len())];
                let blank = blank && text.iter().all(u8::is_ascii_whitespace);
                match stop {
                    Some(stop) if bytes[stop] == b',' => {
                        go(self, false, CsvAt::FieldStart, stop + 1)
                    }
                    Some(stop) => {
                        go(self, true, CsvAt::FieldStart, 0);
                        self.end_line(stop, blank, rows)
                    }
                    None => go(self, blank, CsvAt::Plain, bytes.len()),
                }
            }
        }
    }

    fn json(&mut self, bytes: &[u8], at: JsonAt, rows: &mut Vec<Span>) -> usize {
        let (next, used) = if let JsonAt::Text { depth } = at {
            let stop = memchr2(b'"', b'\\', bytes);
            let text = &bytes[..stop.unwrap_or(bytes.len())];
            // A line break in a text is not JSON, but lines are counted all the same.
            self.line += count(memchr_iter(b'\n', text).count());
            match stop {
                None => (at, bytes.len()),
                Some(stop) if bytes[stop] == b'\\' => (JsonAt::Escape { depth }, stop + 1),
                Some(stop) => (self.close(depth, stop + 1, rows), stop + 1),
            }
        } else {
            let byte = bytes[0];
            self.line += u64::from(byte == b'\n');
            (self.json_byte(byte, at, rows), 1)
        };
        self.state = State::Json(next);
        used
    }

    /// What follows one byte outside of a text, or behind a backslash in one.
    fn json_byte(&mut self, byte: u8, at: JsonAt, rows: &mut Vec<Span>) -> JsonAt {
        match at {
            JsonAt::Escape { depth } | JsonAt::Text { depth } => JsonAt::Text { depth },
            JsonAt::Before | JsonAt::After if byte == b'[' => JsonAt::Between,
            JsonAt::Before | JsonAt::Between | JsonAt::After
                if byte.is_ascii_whitespace() || is_mark(self.offset, byte) =>
            {
                at
            }
            JsonAt::Before | JsonAt::Between | JsonAt::After if byte == b',' => at,
            JsonAt::Before | JsonAt::Between | JsonAt::After if byte == b']' => JsonAt::After,
            JsonAt::Before | JsonAt::Between | JsonAt::After => {
                self.start = self.offset;
                self.start_line = self.line;
                match byte {
                    b'{' | b'[' => JsonAt::Element { depth: 1 },
                    b'"' => JsonAt::Text { depth: 0 },
                    _ => JsonAt::Element { depth: 0 },
                }
            }
            JsonAt::Element { depth } => match byte {
                b'"' => JsonAt::Text { depth },
                b'{' | b'[' => JsonAt::Element { depth: depth.saturating_add(1) },
                b'}' | b']' if depth > 0 => self.close(depth - 1, 1, rows),
                // A bare value ends where the array goes on.
                b',' | b']' if depth == 0 => {
                    let end = self.offset;
                    rows.push(Span { start: self.start, end, line: self.start_line });
                    if byte == b']' { JsonAt::After } else { JsonAt::Between }
                }
                _ => at,
            },
        }
    }

    /// Behind a closing bracket or quote `used` bytes on, which leaves `depth` open.
    fn close(&mut self, depth: u32, used: usize, rows: &mut Vec<Span>) -> JsonAt {
        if depth > 0 {
            return JsonAt::Element { depth };
        }
        let end = self.offset + count(used);
        rows.push(Span { start: self.start, end, line: self.start_line });
        JsonAt::Between
    }
}

/// Whether `byte` at `offset` is part of a byte order mark.
fn is_mark(offset: u64, byte: u8) -> bool {
    BOM.get(crate::units::index(offset)).is_some_and(|mark| *mark == byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Framing, MAX_ROW_BYTES, Span, Splitter, TooLong};

    /// The rows of `bytes`, fed in pieces of the lengths that `cuts` gives over and over.
    fn split(framing: Framing, bytes: &[u8], cuts: &[usize]) -> Vec<Span> {
        let (mut splitter, mut rows, mut rest) = (Splitter::new(framing), Vec::new(), bytes);
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let cut = cuts.next().map_or(rest.len(), |cut| (*cut).clamp(1, rest.len()));
            splitter.feed(&rest[..cut], &mut rows).unwrap();
            rest = &rest[cut..];
        }
        splitter.finish(&mut rows);
        rows
    }

    fn texts(framing: Framing, text: &str) -> Vec<(u64, &str)> {
        let at = |at: u64| usize::try_from(at).unwrap();
        let rows = split(framing, text.as_bytes(), &[]);
        rows.iter().map(|row| (row.line, &text[at(row.start)..at(row.end)])).collect()
    }

    #[test]
    fn lines_are_rows_and_blank_ones_are_not() {
        let rows = texts(Framing::Lines, "\u{feff}\none\r\n\r\n  \ntwo \nthree");
        assert_eq!(rows, [(2, "one\r"), (5, "two "), (6, "three")]);
    }

    #[test]
    fn a_quoted_field_may_hold_commas_quotes_and_line_breaks() {
        let rows = texts(Framing::Csv, "a,b\n\"x\ny, \"\"z\"\"\",1\n\n5\" disk,2\n\"\",\n");
        let expected = [(1, "a,b"), (2, "\"x\ny, \"\"z\"\"\",1"), (5, "5\" disk,2"), (6, "\"\",")];
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_elements_of_an_array_are_rows_however_it_is_written() {
        let text =
            "\u{feff} [\n {\"a\": \"]},{\\\"\"},\n{\"b\": [1, {\"c\": []}]}, 7,\"x\" , null\n]\n";
        let rows = texts(Framing::JsonArray, text);
        let expected = [
            (2, "{\"a\": \"]},{\\\"\"}"),
            (3, "{\"b\": [1, {\"c\": []}]}"),
            (3, "7"),
            (3, "\"x\""),
            (3, "null\n"),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn an_array_that_breaks_off_ends_with_a_row_that_is_none() {
        assert_eq!(
            texts(Framing::JsonArray, "[{\"a\": 1}, {\"b\""),
            [(1, "{\"a\": 1}"), (1, "{\"b\"")]
        );
        assert_eq!(texts(Framing::JsonArray, "[{\"a\": 1},\n"), [(1, "{\"a\": 1}"), (2, "")]);
        assert_eq!(texts(Framing::JsonArray, "nonsense"), [(1, "nonsense")]);
    }

    #[test]
    fn a_row_without_end_is_refused_before_memory_runs_out() {
        let block = vec![b'x'; 1 << 20];
        for framing in [Framing::Lines, Framing::Csv, Framing::JsonArray] {
            let mut splitter = Splitter::new(framing);
            let fed = (0..=MAX_ROW_BYTES >> 20)
                .find_map(|_| splitter.feed(&block, &mut Vec::new()).err());
            assert_eq!(fed, Some(TooLong { line: 1 }), "{framing:?}");
        }
    }

    /// Text of the characters that matter to a splitter.
    fn ragged() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop::sample::select(b"\"\\,\n\r []{}ab1\xef\xbb\xbf".to_vec());
        prop::collection::vec(byte, 0..120)
    }

    fn framing() -> impl Strategy<Value = Framing> {
        prop::sample::select(vec![Framing::Lines, Framing::Csv, Framing::JsonArray])
    }

    proptest! {
        #[test]
        fn rows_do_not_depend_on_how_the_file_is_cut(
            framing in framing(), bytes in ragged(), cuts in prop::collection::vec(1_usize..9, 1..5),
        ) {
            prop_assert_eq!(split(framing, &bytes, &cuts), split(framing, &bytes, &[]));
        }

        /// A reader that jumps to a row finds it and all after it.
        #[test]
        fn a_splitter_goes_on_at_any_row(framing in framing(), bytes in ragged()) {
            let all = split(framing, &bytes, &[]);
            for (position, row) in all.iter().enumerate() {
                let mut splitter = Splitter::at(framing, *row);
                let mut rows = Vec::new();
                splitter.feed(&bytes[usize::try_from(row.start).unwrap()..], &mut rows).unwrap();
                splitter.finish(&mut rows);
                prop_assert_eq!(&rows, &all[position..]);
            }
        }

        #[test]
        fn rows_are_in_order_and_within_the_file(framing in framing(), bytes in ragged()) {
            let rows = split(framing, &bytes, &[]);
            prop_assert!(rows.iter().all(|row| row.start <= row.end));
            prop_assert!(rows.windows(2).all(|two| two[0].end <= two[1].start));
            prop_assert!(rows.last().is_none_or(|row| row.end <= bytes.len() as u64));
        }
    }
}
