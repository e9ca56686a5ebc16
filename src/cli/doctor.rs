//! `xunjie doctor`: looks at the machine and says what is missing and how to get it. Changes nothing but a file
//! that it writes into the data folder and removes again.

use std::{fs, io::Write as _, path::Path, process::ExitCode};

use serde::Serialize;

use super::{Done, desk::Desk};
use crate::{
    clock::{Clock, SystemClock},
    domain::WallTime,
};

#[derive(clap::Args)]
pub(super) struct Args {}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    found: String,
    help: String,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, ok: true, found: found.into(), help: String::new() }
    }
    fn bad(check: &'static str, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, ok: false, found: found.into(), help: help.into() }
    }
}

/// The day on which this version was written: a clock before it is wrong.
const WRITTEN: &str = "2026-11-23T00:00:00Z";

pub(super) fn run(_args: &Args, desk: &Desk) -> Done {
    let mut findings = Vec::new();
    match desk.config() {
        Ok(config) => {
            findings.push(Finding::good("配置", format!("{} 个事项", config.matters.len())));
            findings.push(data_folder(&config.settings.folders.data));
        }
        Err(faults) => {
            findings.push(Finding::bad("配置", format!("{} 处错误", faults.0.len()), "用 xunjie check 逐条查看"));
        }
    }
    findings.push(clock(SystemClock.now()));
    desk.print.list(&findings, &["检查", "结果", "现状", "怎么办"], "", |finding| {
        let result = if finding.ok { "正常" } else { "有问题" };
        vec![finding.check.to_owned(), result.to_owned(), finding.found.clone(), finding.help.clone()]
    });
    let well = findings.iter().all(|finding| finding.ok);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn data_folder(folder: &Path) -> Finding {
    let check = "数据目录";
    if !folder.exists() {
        return Finding::good(check, format!("{} 还没有，首次使用时建立", folder.display()));
    }
    let trial = folder.join(".doctor");
    let written = fs::File::create(&trial).and_then(|mut file| file.write_all(b"x").and_then(|()| file.sync_all()));
    let removed = fs::remove_file(&trial);
    match written.and(removed) {
        Ok(()) => Finding::good(check, format!("{} 可写", folder.display())),
        Err(error) => Finding::bad(check, format!("{} 不可写：{error}", folder.display()), "检查目录权限和磁盘"),
    }
}

fn clock(now: WallTime) -> Finding {
    let written: WallTime = WRITTEN.parse().expect("the constant is a time");
    if now < written {
        Finding::bad("时钟", format!("{now}"), "系统时间不对，证据时间会错；请启用 NTP 校时")
    } else {
        Finding::good("时钟", format!("{now}"))
    }
}
