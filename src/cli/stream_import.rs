//! `xunjie stream import`: registers and changes many streams from a sheet, all or none. Prints no password.

use std::{fs::File, io::Read as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk},
};
use crate::service::{Fault, ImportTerms, ImportedRow, RowAction, SHEET_BYTES_MAX, SheetEncoding};

#[derive(clap::Args)]
pub(super) struct Args {
    /// CSV 文件，UTF-8 或 GBK；首行为列名：code,name,url,username,password,transport,longitude,latitude,crs,address,grid_cell,area,matters,revisit_s
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 只检查，不登记
    #[arg(long)]
    dry_run: bool,
}

/// A row as it is printed.
#[derive(Serialize)]
struct Shown {
    line: u64,
    code: String,
    name: String,
    action: &'static str,
    faults: Vec<Fault>,
}

impl Shown {
    fn of(row: ImportedRow) -> Self {
        let ImportedRow { line, code, name, action, faults } = row;
        Self { line, code, name, action: word(action), faults: faults.0 }
    }
}

fn word(action: RowAction) -> &'static str {
    match action {
        RowAction::Add => "add",
        RowAction::Change => "change",
        RowAction::Same => "same",
        RowAction::Refused => "refused",
    }
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let mut bytes = Vec::new();
    let read = File::open(&args.file).and_then(|file| file.take(SHEET_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{} cannot be read", args.file.display()))?;
    let terms = ImportTerms { dry_run: args.dry_run, files_allowed: true, actor: ACTOR };
    let imported = desk.service()?.import_streams(&bytes, terms)?;
    let count = |action| imported.count(action);
    let encoding = match imported.encoding {
        SheetEncoding::Utf8 => "UTF-8",
        SheetEncoding::Gbk => "GBK",
    };
    let outcome = match (imported.applied, count(RowAction::Refused)) {
        (true, _) => "已登记",
        (false, 0) => "检查通过，未登记",
        (false, _) => "有错误，一行也未登记",
    };
    let (add, change, same, refused) =
        (count(RowAction::Add), count(RowAction::Change), count(RowAction::Same), count(RowAction::Refused));
    let summary = format!("{outcome}：新增 {add}，修改 {change}，不变 {same}，错误 {refused}（{encoding}）");
    let rows: Vec<Shown> = imported.rows.into_iter().map(Shown::of).collect();
    // A person reads the faulty rows; a program gets all of them.
    let listed: Vec<Shown> = rows.into_iter().filter(|row| desk.print.json || !row.faults.is_empty()).collect();
    let head = ["行", "编码", "名称", "错误"];
    desk.print.list(&listed, &head, &summary, |row| {
        let faults: Vec<String> = row.faults.iter().map(|fault| format!("{}: {}", fault.field, fault.want)).collect();
        vec![row.line.to_string(), row.code.clone(), row.name.clone(), faults.join("; ")]
    });
    if !listed.is_empty() && !desk.print.json {
        desk.print.say(&summary);
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
