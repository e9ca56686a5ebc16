//! Reads the sources and fails on an arrow between rooms that is not in the table below, on a library that
//! shows up outside of its room, on a clock or I/O in the pure rooms, and on files that break the house's form.
//! It judges text, not types: comments and string literals are taken out first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Which rooms a room may name. Every room but the last five may also name [`SHARED`].
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &["web", "service", "patrol", "eval", "identity", "config", "infer", "media", "store", "deliver", "analysis"],
    ),
    ("web", &["service", "store", "deliver", "identity", "config"]),
    ("service", &["analysis", "store", "config", "deliver"]),
    ("patrol", &["analysis", "media", "infer", "store", "deliver", "config"]),
    ("eval", &["analysis", "infer", "media"]),
    ("infer", &["analysis", "config"]),
    ("identity", &["deliver", "config"]),
    ("media", &["analysis", "config"]),
    ("store", &["config"]),
    ("deliver", &["config"]),
    ("config", &[]),
    ("telemetry", &[]),
    ("clock", &[]),
    ("analysis", &[]),
    ("domain", &[]),
];

/// What everybody may name, as far as [`shared_by`] says.
const SHARED: &[&str] = &["domain", "clock", "telemetry"];

fn shared_by(room: &str) -> &'static [&'static str] {
    match room {
        "domain" => &[],
        "analysis" | "clock" => &["domain"],
        "telemetry" => &["domain", "clock"],
        _ => SHARED,
    }
}

/// Libraries that one room alone may name.
const OWNED: &[(&str, &[&str])] = &[
    ("media", &["gstreamer", "gstreamer_app", "gstreamer_video", "opencv"]),
    ("infer", &["ort"]),
    ("store", &["rusqlite"]),
    ("service", &["argon2"]),
    ("identity", &["openidconnect"]),
    ("web", &["governor"]),
];

/// What the pure rooms must not contain: they never wait, never read a clock, never touch the machine.
const IMPURE: &[&str] = &[
    "async",
    "await",
    "SystemTime",
    "Instant :: now",
    "Utc :: now",
    "Local :: now",
    "std :: fs",
    "std :: net",
    "std :: env",
    "std :: thread",
    "File :: open",
    "tokio",
];
const PURE_ROOMS: &[&str] = &["domain", "analysis"];

/// Drawers that everything is thrown into.
const DRAWERS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];

/// Style: files aim for 150 to 300 lines and stop here.
const LINES_MAX: usize = 500;

// --- reading ------------------------------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources_below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("the clone can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The room of a file below `src/`: `store` for `src/store/rows.rs`, `main` for `src/main.rs`.
fn room_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("only files of src are asked for");
    let first = below.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Identifiers and punctuation of a source, without comments and the insides of literals.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            i = after_block_comment(&chars, i);
        } else if c == '"' {
            i = after_string(&chars, i);
        } else if let Some(next) = after_raw_string(&chars, i) {
            i = next;
        } else if c == '\'' {
            // A character literal closes after one (escaped) character; anything else is a lifetime.
            let close = if at(i + 1) == '\\' { (i + 3..i + 12).find(|&j| at(j) == '\'') } else { Some(i + 2) };
            i = close.filter(|&j| at(j) == '\'').map_or(i + 1, |j| j + 1);
        } else if c.is_alphanumeric() || c == '_' {
            let begin = i;
            while i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
                i += 1;
            }
            found.push(chars[begin..i].iter().collect());
        } else if c == ':' && at(i + 1) == ':' {
            found.push("::".to_owned());
            i += 2;
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            i += 1;
        }
    }
    found
}

fn after_block_comment(chars: &[char], mut i: usize) -> usize {
    let mut depth = 0;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn after_string(chars: &[char], mut i: usize) -> usize {
    i += 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// Where a raw string that begins at `i` ends; `None` when none begins there.
fn after_raw_string(chars: &[char], i: usize) -> Option<usize> {
    let joined = i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_');
    let mut j = i + usize::from(chars[i] == 'b');
    if joined || chars.get(j) != Some(&'r') {
        return None;
    }
    j += 1;
    let hashes = chars[j..].iter().take_while(|&&c| c == '#').count();
    j += hashes;
    if chars.get(j) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let end = (j + 1..chars.len()).find(|&k| chars[k..].starts_with(&close))?;
    Some(end + close.len())
}

/// First segments of all paths that begin with `head ::`, groups in braces opened.
fn named_after(head: &str, tokens: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (i, token) in tokens.iter().enumerate() {
        let path_begins = token == head && (i == 0 || tokens[i - 1] != "::");
        if !path_begins || tokens.get(i + 1).map(String::as_str) != Some("::") {
            continue;
        }
        match tokens.get(i + 2).map(String::as_str) {
            Some("{") => {
                let mut depth = 0;
                for (j, inner) in tokens.iter().enumerate().skip(i + 2) {
                    match inner.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        name if depth == 1 && matches!(tokens[j - 1].as_str(), "{" | ",") => {
                            found.insert(name.to_owned());
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            Some(name) => {
                found.insert(name.to_owned());
            }
            None => {}
        }
    }
    found
}

fn rooms() -> BTreeSet<&'static str> {
    ARROWS.iter().map(|(room, _)| *room).collect()
}

/// Rooms that a source of `room` names, itself left out.
fn arrows_of(room: &str, tokens: &[String]) -> BTreeSet<String> {
    let mut named = named_after("crate", tokens);
    named.extend(named_after("xunjie", tokens));
    // `super::store` from a room's own mod.rs leads out of the room as well.
    named.extend(named_after("super", tokens));
    named.retain(|name| name != room && rooms().contains(name.as_str()));
    named
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

// --- the rules ----------------------------------------------------------------------------------------------

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    for path in sources_below("src") {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            faults.push(format!("{}: room {room} is not in the table of tests/layering.rs", shown(&path)));
            continue;
        };
        let source = fs::read_to_string(&path).expect("sources are UTF-8");
        for to in arrows_of(&room, &tokens(&source)) {
            if !allowed.contains(&to.as_str()) && !shared_by(&room).contains(&to.as_str()) {
                faults.push(format!("{}: {room} must not name {to}", shown(&path)));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_table_of_arrows_has_no_cycle() {
    fn visit<'a>(room: &'a str, path: &mut Vec<&'a str>, done: &mut BTreeSet<&'a str>) {
        assert!(!path.contains(&room), "cycle: {} -> {room}", path.join(" -> "));
        if done.contains(room) {
            return;
        }
        path.push(room);
        let below = ARROWS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, below)| *below);
        for next in below.iter().chain(shared_by(room)).filter(|next| **next != room) {
            visit(next, path, done);
        }
        path.pop();
        done.insert(room);
    }
    let mut done = BTreeSet::new();
    for (room, _) in ARROWS {
        visit(room, &mut Vec::new(), &mut done);
    }
}

#[test]
fn heavy_libraries_stay_in_their_room() {
    let mut faults = Vec::new();
    for path in sources_below("src") {
        let room = room_of(&path);
        let tokens = tokens(&fs::read_to_string(&path).expect("sources are UTF-8"));
        for (owner, libraries) in OWNED {
            for library in
                libraries.iter().filter(|library| *owner != room && !named_after(library, &tokens).is_empty())
            {
                faults.push(format!("{}: only room {owner} may name {library}", shown(&path)));
            }
        }
    }
    report(&faults);
}

#[test]
fn pure_rooms_never_wait_read_a_clock_or_touch_the_machine() {
    let mut faults = Vec::new();
    for path in PURE_ROOMS.iter().flat_map(|room| sources_below(&format!("src/{room}"))) {
        let tokens = tokens(&fs::read_to_string(&path).expect("sources are UTF-8"));
        for wanted in IMPURE {
            let wanted: Vec<&str> = wanted.split(' ').collect();
            if tokens.windows(wanted.len()).any(|window| window == wanted) {
                faults.push(format!("{}: contains {}", shown(&path), wanted.concat()));
            }
        }
    }
    report(&faults);
}

#[test]
fn files_have_the_form_of_the_house() {
    let mut faults = Vec::new();
    for path in ["src", "tests", "examples", "benches"].iter().flat_map(|folder| sources_below(folder)) {
        let source = fs::read_to_string(&path).expect("sources are UTF-8");
        let shown = shown(&path);
        if !source.starts_with("//!") {
            faults.push(format!("{shown}: must open with //! and say what it is for and what it must never do"));
        }
        let lines = source.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{shown}: has {lines} lines; split it by noun, {LINES_MAX} is the end"));
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if DRAWERS.contains(&stem.as_ref()) {
            faults.push(format!("{shown}: {stem} is a drawer; name the file after what is in it"));
        }
        for pair in tokens(&source).windows(2).filter(|pair| pair[0] == "fn" && pair[1].starts_with("get_")) {
            faults.push(format!("{shown}: {} should be called {}", pair[1], pair[1].trim_start_matches("get_")));
        }
        let (todo, fixme) = (concat!("TO", "DO"), concat!("FIX", "ME"));
        if source.contains(todo) || source.contains(fixme) {
            faults.push(format!("{shown}: has a {todo} or {fixme}; do it, or file it"));
        }
    }
    report(&faults);
}

#[test]
fn the_reader_sees_paths_and_skips_comments_and_texts() {
    let source = r####"
        //! crate::web in a comment
        use crate::{domain::Case, store::{self, Store}, clock::Clock};
        /* crate::patrol /* nested */ crate::patrol */
        fn f<'a>(c: char) -> &'a str { let _ = c == '"'; crate::config::load(); r#"crate::infer "quoted""# }
        const T: &str = "crate::media \" crate::media";
        use other::crate_like; use super::deliver::Parcel;
    "####;
    let mut listed = String::new();
    for room in arrows_of("service", &tokens(source)) {
        write!(listed, "{room} ").expect("writing to a string cannot fail");
    }
    assert_eq!(listed, "clock config deliver domain store ");
}
