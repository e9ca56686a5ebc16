//! `xunjie backup`: a whole copy of the store while it is in use. Evidence files are copied by common tools, after it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use serde::Serialize;

use super::{Done, desk::Desk};
use crate::store::sqlite::SqliteStore;

#[derive(clap::Args)]
pub(super) struct Args {
    /// 备份写到哪个目录，最好在另一块盘上
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// What was made, and what is left to copy.
#[derive(Serialize)]
struct Made {
    file: PathBuf,
    size_bytes: u64,
    copy_then: PathBuf,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let data = desk.checked_config()?.settings.folders.data;
    let file = data.join("xunjie.db");
    // Opening would make an empty store where there is none, and nobody wants a copy of that.
    std::fs::metadata(&file).with_context(|| format!("there is no store at {}", file.display()))?;
    let copy = SqliteStore::open(&file)?.backup(&file, &args.folder)?;
    let size_bytes = std::fs::metadata(&copy).map_or(0, |metadata| metadata.len());
    let made = Made { file: copy, size_bytes, copy_then: data.join("evidence") };
    desk.print.one(&made, || {
        format!(
            "已备份 {}（{} 字节）\n证据文件请随后另行复制：rsync -a {}/ 目标目录/",
            made.file.display(),
            made.size_bytes,
            made.copy_then.display()
        )
    });
    Ok(ExitCode::SUCCESS)
}
