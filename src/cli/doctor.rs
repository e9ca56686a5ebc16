//! `xunjie doctor`: looks at the machine and says what is missing and how to get it. Changes nothing but a file
//! that it writes into the data folder and removes again.

use std::{collections::BTreeSet, fs, io::Write as _, path::Path, process::ExitCode};

use serde::Serialize;

use super::{Done, desk::Desk};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Outlet, Platform, TlsFiles},
    deliver::{self, Trust},
    domain::{Matter, WallTime},
    infer::{InferError, catalogue::Catalogue},
    service::DISK_FREE_BYTES_MIN,
    store::{Store as _, sqlite::SqliteStore},
    web::Tls,
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
            findings.extend(disk(&config.settings.folders.data));
            findings.extend(config.settings.tls.clone().map(encryption));
            findings.extend(models(&config));
            findings.extend(config.settings.platform.as_ref().map(|platform| self::platform(&config, platform)));
        }
        Err(faults) => {
            findings.push(Finding::bad("配置", format!("{} 处错误", faults.0.len()), "用 xunjie check 逐条查看"));
        }
    }
    #[cfg(feature = "gstreamer")]
    findings.extend(gstreamer());
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

/// Room for evidence, on the disk of the nearest folder that exists.
fn disk(folder: &Path) -> Option<Finding> {
    let check = "磁盘";
    let there = std::path::absolute(folder).ok()?.ancestors().find(|ancestor| ancestor.exists())?.to_path_buf();
    let room = rustix::fs::statvfs(&there).ok()?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!("{} 剩余 {:.1} GiB", there.display(), free as f64 / f64::from(1 << 30));
    Some(if free < DISK_FREE_BYTES_MIN {
        Finding::bad(check, found, "至少留 1 GiB；清理磁盘，或用 xunjie evidence retention 清理到期的证据")
    } else {
        Finding::good(check, found)
    })
}

/// Whether the service can prove who it is.
fn encryption(files: TlsFiles) -> Finding {
    let (check, found) = ("加密", format!("{} 和密钥成对", files.certificate.display()));
    match Tls::open(files) {
        Ok(_) => Finding::good(check, found),
        Err(error) => Finding::bad(check, error.to_string(), "检查设置里的 tls.certificate 和 tls.key"),
    }
}

/// Whether we could speak to the platform, and whether it takes what we send.
fn platform(config: &Config, platform: &Platform) -> Finding {
    let check = "平台";
    let ca_file = match &platform.outlet {
        Outlet::Http { ca_file, .. } => ca_file.as_deref(),
        Outlet::Folder { .. } => None,
    };
    if let Err(error) = deliver::signing_key(platform) {
        return Finding::bad(check, error.to_string(), "检查设置里的 platform.secret_file");
    }
    if let Err(error) = ca_file.map(Trust::read).transpose() {
        return Finding::bad(check, error.to_string(), "检查设置里的 platform.ca_file");
    }
    let store = config.settings.folders.data.join("xunjie.db");
    if !store.exists() {
        return Finding::good(check, "密钥可读，还没有上报");
    }
    match SqliteStore::open(&store).and_then(|store| Ok((store.platform_pause()?, store.waiting_deliveries()?))) {
        Ok((None, waiting)) => Finding::good(check, format!("密钥可读，{waiting} 条上报等待")),
        Ok((Some(pause), waiting)) => Finding::bad(
            check,
            format!("自 {} 暂停接收，{waiting} 条上报等待：{}", pause.since, pause.why),
            "改正原因后自动补报；换了密钥要重启服务",
        ),
        Err(error) => Finding::bad(check, error.to_string(), "恢复备份，或检查目录权限"),
    }
}

/// Every model that a matter names: its weights, and a run of it, which needs ONNX Runtime.
fn models(config: &Config) -> Vec<Finding> {
    let folder = &config.settings.folders.models;
    let catalogue = match Catalogue::load(folder) {
        Ok(catalogue) => catalogue,
        Err(error) => return vec![Finding::bad("模型", error.to_string(), "检查设置里的 folders.models")],
    };
    let wanted: BTreeSet<&str> = config.matters.values().flat_map(Matter::models).collect();
    let of = |name: &str| match catalogue.verify(name) {
        Ok(()) => Finding::good("模型", format!("{name} 完好，可运行")),
        Err(error @ InferError::Library(_)) => {
            Finding::bad("ONNX Runtime", error.to_string(), "运行 script/setup，或用 XUNJIE_ORT_LIB 指明库文件")
        }
        Err(error) => Finding::bad("模型", error.to_string(), "恢复 models 目录，或改正事项里的 model"),
    };
    wanted.into_iter().map(of).collect()
}

#[cfg(feature = "gstreamer")]
fn gstreamer() -> Vec<Finding> {
    use crate::media::gst::equipment::equipment;

    let help = "运行 script/setup，或安装 gstreamer1.0-plugins-base/good/bad/ugly、gstreamer1.0-libav";
    let equipment = match equipment() {
        Ok(equipment) => equipment,
        Err(error) => return vec![Finding::bad("GStreamer", error.to_string(), help)],
    };
    let mut findings = vec![if equipment.missing.is_empty() {
        Finding::good("GStreamer", equipment.version)
    } else {
        Finding::bad("GStreamer", format!("{}，缺 {}", equipment.version, equipment.missing.join(", ")), help)
    }];
    for (check, decoder) in [("H.264 解码", equipment.h264), ("H.265 解码", equipment.h265)] {
        findings
            .push(decoder.map_or_else(|| Finding::bad(check, "没有解码器", help), |name| Finding::good(check, name)));
    }
    findings
}

fn clock(now: WallTime) -> Finding {
    let written: WallTime = WRITTEN.parse().expect("the constant is a time");
    if now < written {
        Finding::bad("时钟", format!("{now}"), "系统时间不对，证据时间会错；请启用 NTP 校时")
    } else {
        Finding::good("时钟", format!("{now}"))
    }
}
