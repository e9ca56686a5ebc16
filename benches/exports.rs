//! What the longest files cost: a million incidents as CSV and as XLSX, page by page as the API pours them, out of the store
//! that `queries` makes. Prints time, bytes and the most memory, and fails where a row is missing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{
    fs,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use xunjie::{
    clock::SystemClock,
    config::Config,
    domain::WallTime,
    service::{Exported, Service, TableFormat},
    store::{IncidentFilter, TimeSpan},
};

const INCIDENTS: u64 = 1_000_000;

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("queries");
    assert!(folder.join("xunjie.db").exists(), "run `cargo bench --bench queries` first: it makes the store");
    let mut config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).expect("the configuration holds");
    config.settings.folders.data = folder;
    let service = Service::open(Arc::new(config), Arc::new(SystemClock)).expect("the store opens");
    println!("| file of {INCIDENTS} incidents | time | bytes | most memory above the start |\n|---|---|---|---|");
    for (name, format) in [("CSV", TableFormat::Csv), ("XLSX", TableFormat::Xlsx)] {
        let before_kb = resident_kb("VmRSS");
        // The high-water mark begins anew.
        fs::write("/proc/self/clear_refs", "5").expect("Linux forgets the high-water mark");
        let began = Instant::now();
        let (bytes, rows) = export(&service, format);
        let took = began.elapsed().as_secs_f64();
        let most_mb = resident_kb("VmHWM").saturating_sub(before_kb) / 1000;
        println!("| {name} | {took:.0} s | {} MB | {most_mb} MB |", bytes / 1_000_000);
        assert_eq!(rows, INCIDENTS + 1, "each incident once, and the head");
    }
}

fn resident_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("it tells of memory");
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

/// Bytes and rows of the file, which is thrown away.
fn export(service: &Service, format: TableFormat) -> (u64, u64) {
    let span = TimeSpan { from: WallTime::from_millis(0), until: WallTime::from_millis(i64::MAX / 2) };
    let mut export = Box::new(
        service.export_incidents(span, &IncidentFilter::default(), format, "bench").expect("the export begins"),
    );
    let mut file = tempfile::tempfile().expect("a nameless file");
    let mut rest = loop {
        match service.export_on(export).expect("a page") {
            Exported::Rest(rest) => break rest,
            Exported::Piece(bytes, onward) => {
                file.write_all(&bytes).expect("the disk takes it");
                export = onward;
            }
        }
    };
    std::io::copy(&mut rest, &mut file).expect("the disk takes it");
    let bytes = file.stream_position().expect("a position");
    file.rewind().expect("it begins again");
    let rows = match format {
        TableFormat::Csv => count(file, b"\r\n"),
        TableFormat::Xlsx => {
            let mut book = zip::ZipArchive::new(file).expect("a sound archive");
            count(book.by_name("xl/worksheets/sheet1.xml").expect("a sheet"), b"<row ")
        }
    };
    (bytes, rows)
}

/// How often the pattern stands in it.
fn count(mut from: impl Read, pattern: &[u8]) -> u64 {
    let (mut found, mut held) = (0, Vec::new());
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut piece).expect("it can be read");
        if read == 0 {
            return found;
        }
        held.extend_from_slice(&piece[..read]);
        found += held.windows(pattern.len()).filter(|window| *window == pattern).count() as u64;
        // A pattern may lie across two pieces.
        held.drain(..held.len().saturating_sub(pattern.len() - 1));
    }
}
