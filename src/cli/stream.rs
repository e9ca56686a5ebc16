//! `xunjie stream`: registers, probes, shows, enables and removes streams. A credential is split off the address
//! at once and is never printed, not even one that a camera wants in the path.

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk, password_from},
    words,
};
use crate::{
    domain::{Area, Crs, Location, Secret, StreamId, Transport, View, WallTime},
    service::{ChangeStream, NewStream, StreamDetail},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 登记一路视频源，同时建立一个默认画面
    Add(Box<AddArgs>),
    /// 修改一路视频源；不写的不变
    Set(Box<SetArgs>),
    /// 试连一路视频源，说明能不能用、为什么
    #[cfg(feature = "gstreamer")]
    Probe(super::probe::Args),
    /// 从 CSV 批量登记和修改；有一行错误就一行也不登记
    Import(super::stream_import::Args),
    /// 列出全部视频源
    List,
    /// 查看一路视频源
    Show(Named),
    /// 启用：恢复轮巡
    Enable(Named),
    /// 停用：不再轮巡，记录保留
    Disable(Named),
    /// 删除视频源及其画面和区域；事件和案件保留
    Remove(Named),
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// 编码或编号
    #[arg(value_name = "STREAM")]
    stream: String,
}

#[derive(clap::Args)]
pub(super) struct AddArgs {
    /// 编码，全市唯一（国标 28181 为 20 位数字）
    #[arg(long)]
    code: String,
    /// 名称
    #[arg(long)]
    name: String,
    /// 地址：rtsp://、rtsps://、http://、https:// 或 file:///；可带 用户名:口令@，会立即拆开保存
    #[arg(long, value_parser = secret)]
    url: Secret,
    #[command(flatten)]
    login: Login,
    /// RTP 传输方式
    #[arg(long, value_enum, default_value_t = TransportWord::Auto)]
    transport: TransportWord,
    #[command(flatten)]
    place: Place,
    /// 区域：谁能看到这一路；不写时取单元网格所在的街道
    #[arg(long, value_name = "AREA")]
    area: Option<String>,
    /// 要找的事项，可重复；`xunjie check` 列出全部事项
    #[arg(long = "matter", value_name = "KEY")]
    matters: Vec<String>,
    /// 多少秒看一次，代替事项自己的目标
    #[arg(long, value_name = "SECONDS")]
    revisit_s: Option<u32>,
    /// 只登记，暂不轮巡
    #[arg(long)]
    disabled: bool,
}

#[derive(clap::Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    named: Named,
    /// 新编码
    #[arg(long)]
    code: Option<String>,
    /// 新名称
    #[arg(long)]
    name: Option<String>,
    /// 新地址
    #[arg(long, value_parser = secret)]
    url: Option<Secret>,
    #[command(flatten)]
    login: Login,
    /// RTP 传输方式
    #[arg(long, value_enum)]
    transport: Option<TransportWord>,
    #[command(flatten)]
    place: Place,
    /// 新区域
    #[arg(long, value_name = "AREA")]
    area: Option<String>,
    /// 不属于任何区域：只有看全市的人能看到
    #[arg(long, conflicts_with = "area")]
    no_area: bool,
}

#[derive(clap::Args)]
struct Login {
    /// 用户名（地址里没有时）
    #[arg(long, requires = "password_file")]
    username: Option<String>,
    /// 存放口令的文件；- 表示从标准输入读
    #[arg(long, value_name = "FILE", requires = "username")]
    password_file: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Place {
    /// 经度（度）
    #[arg(long, allow_negative_numbers = true, requires_all = ["latitude", "crs", "address"])]
    longitude: Option<f64>,
    /// 纬度（度）
    #[arg(long, allow_negative_numbers = true, requires = "longitude")]
    latitude: Option<f64>,
    /// 坐标系：没有坐标系的坐标不收
    #[arg(long, value_enum, requires = "longitude")]
    crs: Option<CrsWord>,
    /// 地址（文字）
    #[arg(long, requires = "longitude")]
    address: Option<String>,
    /// 单元网格编码，15 位数字
    #[arg(long, requires = "longitude")]
    grid_cell: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum TransportWord {
    Auto,
    Tcp,
    Udp,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum CrsWord {
    Cgcs2000,
    Wgs84,
    Gcj02,
    Bd09,
}

/// A stream as it is printed.
#[derive(Serialize)]
struct Shown {
    id: StreamId,
    code: String,
    name: String,
    url: String,
    transport: Transport,
    location: Option<Location>,
    area: Option<Area>,
    enabled: bool,
    has_credential: bool,
    registered_at: WallTime,
    views: Vec<View>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    #[cfg(feature = "gstreamer")]
    if let Command::Probe(args) = &command {
        return super::probe::run(args, desk);
    }
    if let Command::Import(args) = &command {
        return super::stream_import::run(args, desk);
    }
    let service = desk.service()?;
    match command {
        Command::Import(_) => {}
        #[cfg(feature = "gstreamer")]
        Command::Probe(_) => {}
        Command::Add(args) => {
            let registered = service.register_stream(&args.into_new()?, ACTOR)?;
            let detail = service.stream(registered.stream.id)?;
            desk.print.one(&shown(detail), || {
                format!(
                    "已登记视频源 {}（编号 {}），画面 {}",
                    registered.stream.code, registered.stream.id, registered.view.id
                )
            });
        }
        Command::Set(args) => {
            let id = service.stream_by_code(&args.named.stream)?.stream.id;
            let detail = service.change_stream(id, &args.into_change()?, ACTOR)?;
            let code = detail.stream.code.clone();
            desk.print.one(&shown(detail), || format!("已修改视频源 {code}"));
        }
        Command::List => {
            let streams: Vec<Shown> = service.streams()?.into_iter().map(shown).collect();
            let head = ["编码", "名称", "地址", "口令", "启用", "画面"];
            desk.print.list(&streams, &head, "还没有视频源；用 xunjie stream add 登记", |stream| {
                vec![
                    stream.code.clone(),
                    stream.name.clone(),
                    stream.url.clone(),
                    if stream.has_credential { "已存" } else { "无" }.to_owned(),
                    words::yes_no(stream.enabled).to_owned(),
                    stream.views.len().to_string(),
                ]
            });
        }
        Command::Show(named) => {
            let stream = shown(service.stream_by_code(&named.stream)?);
            desk.print.one(&stream, || in_words(&stream));
        }
        Command::Enable(named) => enable(desk, &service, &named, true)?,
        Command::Disable(named) => enable(desk, &service, &named, false)?,
        Command::Remove(named) => {
            let stream = service.stream_by_code(&named.stream)?.stream;
            service.remove_stream(stream.id, ACTOR)?;
            desk.print.one(&serde_json::json!({ "removed": stream.id }), || {
                format!("已删除视频源 {}；它的事件、证据和案件保留", stream.code)
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn enable(desk: &Desk, service: &crate::service::Service, named: &Named, enabled: bool) -> anyhow::Result<()> {
    let id = service.stream_by_code(&named.stream)?.stream.id;
    let detail = service.enable_stream(id, enabled, ACTOR)?;
    let code = detail.stream.code.clone();
    desk.print.one(&shown(detail), || format!("视频源 {code} 已{}", if enabled { "启用" } else { "停用" }));
    Ok(())
}

fn in_words(stream: &Shown) -> String {
    let mut lines = vec![
        format!("编码    {}", stream.code),
        format!("编号    {}", stream.id),
        format!("名称    {}", stream.name),
        format!("地址    {}", stream.url),
        format!("传输    {}", words::transport(stream.transport)),
        format!("口令    {}", if stream.has_credential { "已存" } else { "无" }),
        format!("启用    {}", words::yes_no(stream.enabled)),
    ];
    lines.push(format!("区域    {}", stream.area.as_ref().map_or("无", Area::as_str)));
    if let Some(location) = &stream.location {
        lines.push(format!("位置    {}（{}, {}）", location.address, location.longitude, location.latitude));
    }
    for view in &stream.views {
        let matters: Vec<&str> = view.matters.iter().map(crate::domain::MatterKey::as_str).collect();
        let matters = if matters.is_empty() { "无事项".to_owned() } else { matters.join(", ") };
        lines.push(format!("画面    {} {}（{matters}）", view.id, view.name));
    }
    lines.join("\n")
}

fn shown(detail: StreamDetail) -> Shown {
    let StreamDetail { stream, has_credential, views } = detail;
    Shown {
        url: stream.source.to_string(),
        id: stream.id,
        code: stream.code,
        name: stream.name,
        transport: stream.transport,
        location: stream.location,
        area: stream.area,
        enabled: stream.enabled,
        registered_at: stream.registered_at,
        has_credential,
        views,
    }
}

impl AddArgs {
    fn into_new(self) -> anyhow::Result<NewStream> {
        Ok(NewStream {
            password: self.login.password()?,
            username: self.login.username,
            location: self.place.location(),
            area: self.area,
            code: self.code,
            name: self.name,
            url: self.url,
            transport: self.transport.into(),
            matters: self.matters,
            revisit_s: self.revisit_s,
            enabled: !self.disabled,
        })
    }
}

impl SetArgs {
    fn into_change(self) -> anyhow::Result<ChangeStream> {
        Ok(ChangeStream {
            password: self.login.password()?,
            username: self.login.username,
            location: self.place.location(),
            area: if self.no_area { Some(None) } else { self.area.map(Some) },
            code: self.code,
            name: self.name,
            url: self.url,
            transport: self.transport.map(Transport::from),
            enabled: None,
        })
    }
}

impl Login {
    fn password(&self) -> anyhow::Result<Option<Secret>> {
        self.password_file.as_deref().map(password_from).transpose()
    }
}

impl Place {
    fn location(self) -> Option<Location> {
        Some(Location {
            longitude: self.longitude?,
            latitude: self.latitude?,
            crs: self.crs?.into(),
            address: self.address?,
            grid_cell: self.grid_cell,
        })
    }
}

impl From<TransportWord> for Transport {
    fn from(word: TransportWord) -> Self {
        match word {
            TransportWord::Auto => Self::Auto,
            TransportWord::Tcp => Self::Tcp,
            TransportWord::Udp => Self::Udp,
        }
    }
}

impl From<CrsWord> for Crs {
    fn from(word: CrsWord) -> Self {
        match word {
            CrsWord::Cgcs2000 => Self::Cgcs2000,
            CrsWord::Wgs84 => Self::Wgs84,
            CrsWord::Gcj02 => Self::Gcj02,
            CrsWord::Bd09 => Self::Bd09,
        }
    }
}

/// An address may carry a password, so it is a secret from the moment it is read.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
pub(super) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}
