//! `xunjie stream probe`: tries a camera, registered or not, and says in plain words whether it can be used.
//! Registers nothing and keeps no picture.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;

use super::{
    Done,
    desk::{Desk, password_from},
    stream::{TransportWord, secret},
    words,
};
use crate::{
    clock::{Clock, SystemClock},
    domain::{Credential, Secret, SourceUrl, Stream, StreamId},
    media::{
        SourceSpec,
        gst::{GstConfig, GstSource},
        probe::{ProbeReport, probe},
    },
};

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("camera").required(true).args(["stream", "url"]))]
pub(super) struct Args {
    /// 已登记的视频源：编码或编号
    #[arg(value_name = "STREAM")]
    stream: Option<String>,
    /// 尚未登记的地址；可带 用户名:口令@
    #[arg(long, value_parser = secret)]
    url: Option<Secret>,
    /// 用户名（地址里没有时）
    #[arg(long, requires_all = ["url", "password_file"])]
    username: Option<String>,
    /// 存放口令的文件；- 表示从标准输入读
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<PathBuf>,
    /// RTP 传输方式；auto 先试 TCP 再试 UDP
    #[arg(long, value_enum)]
    transport: Option<TransportWord>,
    /// 最多试多少秒
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=300))]
    time_max_s: u64,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let spec = spec(args, desk)?;
    let config = GstConfig { networks: desk.checked_config()?.settings.networks, ..GstConfig::default() };
    let source = GstSource::new(config, Arc::new(SystemClock))?;
    let report = probe(&spec, &source, Duration::from_secs(args.time_max_s));
    desk.print.one(&report, || in_words(&report));
    Ok(if report.usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn spec(args: &Args, desk: &Desk) -> anyhow::Result<SourceSpec> {
    let mut spec = match (&args.stream, &args.url) {
        (Some(name), _) => {
            let service = desk.service()?;
            let stream = service.stream_by_code(name)?.stream;
            let credential = service.store.credential(stream.id)?;
            SourceSpec { stream, credential }
        }
        (None, Some(url)) => unregistered(url, args)?,
        (None, None) => anyhow::bail!("name a registered stream or give --url"),
    };
    if let Some(transport) = args.transport {
        spec.stream.transport = transport.into();
    }
    Ok(spec)
}

fn unregistered(url: &Secret, args: &Args) -> anyhow::Result<SourceSpec> {
    let (source, inside) = SourceUrl::split(url.reveal()).context("--url")?;
    let beside = match (&args.username, &args.password_file) {
        (Some(username), Some(file)) => Some(Credential { username: username.clone(), password: password_from(file)? }),
        _ => None,
    };
    let stream = Stream {
        id: StreamId::fresh(),
        code: "probe".to_owned(),
        name: "probe".to_owned(),
        source,
        transport: TransportWord::Auto.into(),
        location: None,
        area: None,
        enabled: true,
        registered_at: SystemClock.now(),
    };
    Ok(SourceSpec { stream, credential: beside.or(inside) })
}

fn in_words(report: &ProbeReport) -> String {
    let mut lines = vec![format!("结论    {}", report.explanation.zh)];
    let mut fact = |label: &str, text: Option<String>| {
        if let Some(text) = text {
            lines.push(format!("{label}{text}"));
        }
    };
    fact("传输    ", report.transport.map(|transport| words::transport(transport).to_owned()));
    fact("编码    ", report.codec.clone());
    fact("尺寸    ", report.width.zip(report.height).map(|(width, height)| format!("{width}x{height}")));
    fact("帧率    ", report.fps.map(|fps| format!("{fps:.1} 帧/秒")));
    fact("关键帧  ", report.key_interval_ms.map(|ms| format!("每 {ms} 毫秒")));
    fact("首帧    ", report.first_frame_ms.map(|ms| format!("{ms} 毫秒")));
    fact("时钟差  ", report.skew_ms.map(|ms| format!("{ms} 毫秒")));
    fact("鉴权    ", report.auth_needed.map(|needed| if needed { "需要" } else { "不需要" }.to_owned()));
    for attempt in &report.attempts {
        let outcome = attempt.failure.as_deref().unwrap_or("成功");
        lines.push(format!("试过    {}：{outcome}", words::transport(attempt.transport)));
    }
    lines.join("\n")
}
