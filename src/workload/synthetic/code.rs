//! Lines like those of a program.

use rand_chacha::ChaCha8Rng;

use super::pieces::{pick, tosses};

/// One line: an assignment, a call, a condition or a loop.
pub(super) fn sentence(numbers: &mut ChaCha8Rng, pieces: &mut Vec<&'static str>) {
    pieces.push(pick(numbers, &INDENTS));
    match (tosses(numbers), tosses(numbers)) {
        (false, false) => pieces.extend([
            "let",
            pick(numbers, &NAMES),
            " =",
            pick(numbers, &NAMES),
            pick(numbers, &OPERATORS),
            pick(numbers, &NUMBERS),
            ";",
        ]),
        (false, true) => pieces.extend([
            "return",
            pick(numbers, &NAMES),
            ".",
            pick(numbers, &FUNCTIONS),
            "(",
            pick(numbers, &ARGUMENTS),
            ",",
            pick(numbers, &NAMES),
            ");",
        ]),
        (true, false) => pieces.extend([
            "if",
            pick(numbers, &NAMES),
            pick(numbers, &TESTS),
            pick(numbers, &NAMES),
            " {",
        ]),
        (true, true) => pieces.extend([
            "for",
            pick(numbers, &NAMES),
            " in",
            pick(numbers, &NAMES),
            ".",
            pick(numbers, &FUNCTIONS),
            "() {",
        ]),
    }
}

/// Short pieces with which a text is brought to its length.
pub(super) const FILLERS: [&str; 8] = [" x", " 1", " i", ";", ",", " a", ".", " ="];

/// How a line begins.
const INDENTS: [&str; 4] = ["\n", "\n    ", "\n        ", "\n    "];

/// What lines work on; also the digits of a prompt's opening.
pub(super) const NAMES: [&str; 128] = [
    " value",
    " index",
    " count",
    " total",
    " result",
    " buffer",
    " offset",
    " length",
    " width",
    " height",
    " left",
    " right",
    " start",
    " end",
    " first",
    " last",
    " next",
    " previous",
    " current",
    " parent",
    " child",
    " node",
    " edge",
    " graph",
    " tree",
    " list",
    " queue",
    " stack",
    " table",
    " row",
    " column",
    " key",
    " name",
    " path",
    " file",
    " line",
    " word",
    " token",
    " text",
    " byte",
    " block",
    " chunk",
    " page",
    " frame",
    " image",
    " pixel",
    " color",
    " point",
    " vector",
    " matrix",
    " array",
    " set",
    " map",
    " cache",
    " store",
    " record",
    " entry",
    " item",
    " element",
    " field",
    " option",
    " flag",
    " mode",
    " state",
    " status",
    " error",
    " message",
    " event",
    " signal",
    " handler",
    " worker",
    " task",
    " job",
    " thread",
    " process",
    " lock",
    " timer",
    " clock",
    " rate",
    " limit",
    " size",
    " depth",
    " level",
    " weight",
    " score",
    " rank",
    " order",
    " group",
    " batch",
    " step",
    " stage",
    " round",
    " phase",
    " cell",
    " plan",
    " report",
    " metric",
    " sample",
    " window",
    " range",
    " span",
    " scale",
    " factor",
    " base",
    " shift",
    " mask",
    " hash",
    " seed",
    " random",
    " input",
    " output",
    " source",
    " target",
    " client",
    " server",
    " request",
    " response",
    " header",
    " body",
    " query",
    " schema",
    " domain",
    " route",
    " policy",
    " budget",
    " ticket",
    " slot",
    " owner",
];

/// What they do with it.
const FUNCTIONS: [&str; 32] = [
    "load", "save", "read", "write", "open", "close", "find", "sort", "filter", "merge", "split",
    "join", "push", "pop", "insert", "remove", "update", "create", "delete", "parse", "format",
    "encode", "decode", "compress", "hash", "verify", "check", "compare", "compute", "measure",
    "reset", "flush",
];

/// What joins two values.
const OPERATORS: [&str; 4] = [" +", " -", " *", " /"];

/// What compares two values.
const TESTS: [&str; 4] = [" ==", " <", " >", " !="];

/// What a function is given first.
const ARGUMENTS: [&str; 8] = ["self", "key", "other", "0", "1", "2", "8", "16"];

/// Numbers.
const NUMBERS: [&str; 8] = [" 0", " 1", " 2", " 3", " 8", " 16", " 42", " 100"];
