//! What the floor plan and the style ask of one source file.

use super::floors::{FLOORS, Floor};
use super::source::{SourceFile, Token, item_length};

/// Most lines of a file, tests included.
const FILE_LINES: usize = 600;
/// Most lines of a function in a `mod.rs`, which holds documentation and re-exports.
const MOD_FUNCTION_LINES: usize = 5;
/// Most lines of `main.rs`.
const MAIN_LINES: usize = 20;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "misc", "types", "errors", "manager"];

/// Words that betray waiting, a clock, the network or the platform's randomness.
const WORLDLY_WORDS: &[&str] = &[
    "async",
    "await",
    "tokio",
    "hyper",
    "hyper_util",
    "reqwest",
    "axum",
    "rustls",
    "tokio_rustls",
    "rustix",
    "indicatif",
    "Instant",
    "SystemTime",
    "OsRng",
    "SysRng",
    "thread_rng",
];

/// Macros that write to the terminal.
const WORLDLY_MACROS: &[&str] = &["println", "eprintln", "print", "eprint", "dbg"];

/// Functions that read a clock or open the terminal.
const WORLDLY_CALLS: &[&str] = &["now", "stdin", "stdout", "stderr", "sleep"];

/// Parts of the standard library that touch the world.
const WORLDLY_STD: &[&str] = &["fs", "env", "net", "thread", "process", "os"];

const NUMBERS: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64",
];

/// What is wrong with a file: a line of text for each place.
pub(super) fn broken_rules(file: &SourceFile) -> Vec<String> {
    let mut wrongs = shape(file);
    let modules = file.modules();
    if let Some(&module) = modules.first() {
        match FLOORS.iter().find(|floor| floor.module == module) {
            Some(floor) => wrongs.extend(floor_rules(file, floor)),
            None => wrongs.push((1, format!("`{module}` has no row in the floor plan"))),
        }
    } else if file.path == "src/main.rs" {
        let uses = heads(&file.tokens, "pacemark").into_iter().filter(|(_, used)| *used != "cli");
        wrongs.extend(uses.map(|(line, used)| (line, format!("`main` may not use `{used}`"))));
    }
    wrongs.into_iter().map(|(line, wrong)| format!("{}:{line}: {wrong}", file.path)).collect()
}

type Wrong = (usize, String);

/// What the module's row asks.
fn floor_rules(file: &SourceFile, floor: &Floor) -> Vec<Wrong> {
    let mut wrongs = forbidden_uses(file, floor);
    if !floor.worldly {
        let worldly = worldly_words(&file.tokens).into_iter();
        wrongs.extend(worldly.map(|(line, word)| {
            (line, format!("`{}` is pure and may not say `{word}`", floor.module))
        }));
    }
    if floor.module != "units" {
        let casts = pairs(&file.tokens, |a, b| a == "as" && NUMBERS.contains(&b));
        wrongs.extend(casts.map(|token| (token.line, "casts belong to `units`".to_owned())));
    }
    wrongs
}

/// Modules that are used and not in the row, by `crate::` or by climbing out with `super::`.
fn forbidden_uses(file: &SourceFile, floor: &Floor) -> Vec<Wrong> {
    let uses = heads(&file.tokens, "crate")
        .into_iter()
        .filter(|(_, used)| *used != floor.module && !floor.uses.contains(used))
        .map(|(line, used)| (line, format!("`{}` may not use `{used}`", floor.module)));
    let mut wrongs: Vec<_> = uses.collect();
    let mut climbed = 0;
    for window in file.tokens.windows(2) {
        match [window[0].text.as_str(), window[1].text.as_str()] {
            ["super", "::"] => climbed += 1,
            ["::", "super"] => {}
            _ => climbed = 0,
        }
        if climbed > 0 && climbed == file.modules().len() {
            wrongs
                .push((window[0].line, "write `crate::`, not `super::`, to leave a module".into()));
            climbed = 0;
        }
    }
    wrongs
}

/// The names right behind `root::`, those of a group (`root::{a, b}`) too.
fn heads<'a>(tokens: &'a [Token], root: &str) -> Vec<(usize, &'a str)> {
    let mut heads = Vec::new();
    for (index, window) in tokens.windows(3).enumerate() {
        if window[0].text != root || window[1].text != "::" {
            continue;
        }
        if window[2].text != "{" {
            heads.push((window[2].line, window[2].text.as_str()));
            continue;
        }
        let group = &tokens[index + 2..];
        let group = &group[..item_length(group)];
        let mut depth = 0;
        for pair in group.windows(2) {
            match pair[0].text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 1 && matches!(pair[0].text.as_str(), "{" | ",") && pair[1].text != "}" {
                heads.push((pair[1].line, pair[1].text.as_str()));
            }
        }
    }
    heads
}

/// Words by which code touches the world.
fn worldly_words(tokens: &[Token]) -> Vec<(usize, String)> {
    let words = tokens
        .iter()
        .filter(|token| WORLDLY_WORDS.contains(&token.text.as_str()))
        .map(|token| (token.line, token.text.clone()));
    let calls = pairs(tokens, |a, b| WORLDLY_CALLS.contains(&a) && b == "(")
        .map(|token| (token.line, format!("{}()", token.text)));
    let macros = pairs(tokens, |a, b| WORLDLY_MACROS.contains(&a) && b == "!")
        .map(|token| (token.line, format!("{}!", token.text)));
    let parts = heads(tokens, "std")
        .into_iter()
        .filter(|(_, part)| WORLDLY_STD.contains(part))
        .map(|(line, part)| (line, format!("std::{part}")));
    words.chain(calls).chain(macros).chain(parts).collect()
}

/// The first tokens of neighbours that fit.
fn pairs(tokens: &[Token], fit: impl Fn(&str, &str) -> bool) -> impl Iterator<Item = &Token> {
    tokens.windows(2).filter(move |pair| fit(&pair[0].text, &pair[1].text)).map(|pair| &pair[0])
}

/// What the style asks of every file.
fn shape(file: &SourceFile) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    if !file.text.starts_with("//!") {
        wrongs.push((1, "begins without documentation (`//!`)".to_owned()));
    }
    let limit = if file.path == "src/main.rs" { MAIN_LINES } else { FILE_LINES };
    let lines = file.text.lines().count();
    if lines > limit {
        wrongs.push((lines, format!("has {lines} lines, {limit} are the limit")));
    }
    let declared = file.tokens.windows(2).filter(|pair| pair[0].text == "mod");
    let declared = declared.map(|pair| (pair[1].line, pair[1].text.as_str()));
    let names = file.modules().into_iter().map(|name| (1, name)).chain(declared);
    let empty = names.filter(|(_, name)| EMPTY_NAMES.contains(name));
    wrongs.extend(empty.map(|(line, name)| (line, format!("`{name}` says nothing as a name"))));
    if file.path.ends_with("/mod.rs") {
        wrongs.extend(long_functions(&file.tokens));
    }
    wrongs
}

/// Functions of a `mod.rs` that hold logic.
fn long_functions(tokens: &[Token]) -> impl Iterator<Item = Wrong> {
    let starts = tokens.iter().enumerate().filter(|(_, token)| token.text == "fn");
    starts.filter_map(|(index, start)| {
        let function = &tokens[index..index + item_length(&tokens[index..])];
        let lines = function.last()?.line - start.line + 1;
        (lines > MOD_FUNCTION_LINES).then(|| {
            let name = function.get(1).map_or("", |token| token.text.as_str());
            (start.line, format!("`{name}` is logic in a mod.rs: {lines} lines"))
        })
    })
}

mod tests {
    use super::{SourceFile, broken_rules};

    fn wrongs(path: &str, code: &str) -> Vec<String> {
        broken_rules(&SourceFile::new(path, &format!("//! Sample.\n{code}")))
    }

    #[test]
    fn a_use_outside_the_row_is_seen() {
        assert_eq!(
            wrongs("src/load/schedule.rs", "use crate::report::Row;\nuse crate::units::Rate;"),
            ["src/load/schedule.rs:2: `load` may not use `report`"]
        );
        assert_eq!(
            wrongs("src/load/schedule.rs", "fn f() -> crate::run::Event { g() }"),
            ["src/load/schedule.rs:2: `load` may not use `run`"]
        );
    }

    #[test]
    fn a_use_inside_a_group_is_seen() {
        assert_eq!(
            wrongs(
                "src/load/mod.rs",
                "use crate::{\n  units::{Rate, Share},\n  store::{self, a},\n};"
            ),
            ["src/load/mod.rs:4: `load` may not use `store`"]
        );
    }

    #[test]
    fn climbing_to_the_crate_root_is_seen() {
        let wrong = "src/load/schedule.rs:2: write `crate::`, not `super::`, to leave a module";
        assert_eq!(wrongs("src/load/schedule.rs", "use super::super::run::Event;"), [wrong]);
        assert_eq!(wrongs("src/load/mod.rs", "use super::run::Event;").len(), 1);
        assert!(wrongs("src/load/schedule.rs", "use super::Arrival;\nuse super::x;").is_empty());
    }

    #[test]
    fn a_pure_module_that_touches_the_world_is_seen() {
        let code = "use std::{fmt, fs};\nasync fn f() { Instant::now(); std::env::var(x) }";
        assert_eq!(
            wrongs("src/plan/cell.rs", code),
            [
                "src/plan/cell.rs:3: `plan` is pure and may not say `async`",
                "src/plan/cell.rs:3: `plan` is pure and may not say `Instant`",
                "src/plan/cell.rs:3: `plan` is pure and may not say `now()`",
                "src/plan/cell.rs:2: `plan` is pure and may not say `std::fs`",
                "src/plan/cell.rs:3: `plan` is pure and may not say `std::env`",
            ]
        );
        assert!(wrongs("src/store/folder.rs", code).is_empty());
    }

    #[test]
    fn tests_and_comments_may_say_anything() {
        let code = "// crate::run\n#[cfg(test)]\nmod tests { use crate::run::Event; use std::fs; }";
        assert!(wrongs("src/plan/cell.rs", code).is_empty());
    }

    #[test]
    fn a_cast_outside_units_is_seen() {
        let code = "fn f(a: u32) -> f64 { a as f64 }\nuse a as b;";
        assert_eq!(
            wrongs("src/run/pacer.rs", code),
            ["src/run/pacer.rs:2: casts belong to `units`"]
        );
        assert!(wrongs("src/units/convert.rs", code).is_empty());
    }

    #[test]
    fn logic_in_a_mod_file_is_seen() {
        let long = "fn f() {\n a();\n b();\n c();\n d();\n}\ntrait T { fn g(); }";
        assert_eq!(
            wrongs("src/run/mod.rs", long),
            ["src/run/mod.rs:2: `f` is logic in a mod.rs: 6 lines"]
        );
        assert!(wrongs("src/run/pacer.rs", long).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_seen() {
        assert_eq!(
            wrongs("src/run/utils.rs", "mod helpers { }"),
            [
                "src/run/utils.rs:1: `utils` says nothing as a name",
                "src/run/utils.rs:2: `helpers` says nothing as a name",
            ]
        );
    }

    #[test]
    fn long_and_undocumented_files_are_seen() {
        let file = SourceFile::new("src/run/pacer.rs", &"\n".repeat(601));
        assert_eq!(
            broken_rules(&file),
            [
                "src/run/pacer.rs:1: begins without documentation (`//!`)",
                "src/run/pacer.rs:601: has 601 lines, 600 are the limit",
            ]
        );
    }

    #[test]
    fn a_module_without_a_row_is_seen() {
        assert_eq!(
            wrongs("src/cloud.rs", ""),
            ["src/cloud.rs:1: `cloud` has no row in the floor plan"]
        );
    }

    #[test]
    fn the_program_uses_the_command_line_alone() {
        assert_eq!(
            wrongs("src/main.rs", "use pacemark::run::Run;\nfn main() { pacemark::cli::main() }"),
            ["src/main.rs:2: `main` may not use `run`"]
        );
    }
}
