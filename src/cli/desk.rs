//! What every subcommand works at: the global options, the configuration, the data folder and the printer.
//! Opening is lazy, so that `check` and `doctor` work where nothing else does.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};

use super::print::Printer;
use crate::{
    clock::SystemClock,
    config::{Config, Faults},
    domain::{Secret, Stream, View},
    service::{Service, ServiceError},
    store::{Page, Rows},
};

/// Who the audit log names for what is done here.
pub(super) const ACTOR: &str = "cli";

/// The most rows that the store hands out at once.
const ROWS_A_PAGE: u32 = 500;

/// The longest password that is read, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "通用选项")]
pub(crate) struct Globals {
    /// 根目录：models、pipelines、city 等相对路径由此算起
    #[arg(long, global = true, env = "XUNJIE_ROOT", value_name = "DIR", default_value = ".")]
    pub(super) root: PathBuf,
    /// 设置文件（默认：根目录下的 xunjie.toml，可以没有）
    #[arg(long, global = true, env = "XUNJIE_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 数据目录，代替设置文件里的 folders.data
    #[arg(long, global = true, env = "XUNJIE_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// 每行输出一个 JSON 值
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// How many rows a list shows.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Limit {
    /// 最多列多少行，0 表示全部
    #[arg(long, default_value_t = 50, value_name = "ROWS")]
    limit: usize,
}

impl Limit {
    pub(super) const ALL: Self = Self { limit: 0 };

    /// Asks for page after page until the limit or the end is reached.
    pub(super) fn rows<T>(
        self,
        mut page: impl FnMut(&Page) -> Result<Rows<T>, ServiceError>,
    ) -> Result<Vec<T>, ServiceError> {
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let mut rows = Vec::new();
        let mut after = None;
        while rows.len() < limit {
            let wanted = u32::try_from(limit - rows.len()).unwrap_or(u32::MAX).min(ROWS_A_PAGE);
            let found = page(&Page { after, limit: wanted })?;
            rows.extend(found.rows);
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        Ok(rows)
    }
}

pub(crate) struct Desk {
    pub(super) globals: Globals,
    pub(super) print: Printer,
}

impl Desk {
    pub(super) fn new(globals: Globals) -> Self {
        let print = Printer { json: globals.json };
        Self { globals, print }
    }

    /// Reads and checks everything that people wrote down.
    pub(super) fn config(&self) -> Result<Config, Faults> {
        let mut config = Config::load(&self.globals.root, self.globals.config.as_deref())?;
        if let Some(data) = &self.globals.data {
            config.settings.folders.data.clone_from(data);
        }
        Ok(config)
    }

    /// The configuration, for whoever cannot work with a faulty one.
    pub(super) fn checked_config(&self) -> anyhow::Result<Config> {
        self.config().context("the configuration has faults; `xunjie check` lists them")
    }

    /// Opens the data folder. A service that runs beside it goes on: the store is shared.
    pub(super) fn service(&self) -> anyhow::Result<Service> {
        Ok(Service::open(Arc::new(self.checked_config()?), Arc::new(SystemClock))?)
    }
}

/// Reads a password from a file, or from standard input where the path is `-`. One line end at its end is dropped.
pub(super) fn password_from(path: &Path) -> anyhow::Result<Secret> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(PASSWORD_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(PASSWORD_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("password file {} cannot be read", path.display()))?;
    if bytes.len() as u64 > PASSWORD_BYTES_MAX {
        bail!("password file {} is longer than {PASSWORD_BYTES_MAX} bytes; name the right file", path.display());
    }
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{} is not UTF-8 text", path.display()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("password file {} is empty", path.display());
    }
    Ok(Secret::new(line))
}

/// The view that a person means: by its id, or by code or id of a stream that has only one.
pub(super) fn view_named(service: &Service, name: &str) -> anyhow::Result<(View, Stream)> {
    if let Ok(id) = name.parse()
        && let Ok((view, stream, _)) = service.view(id)
    {
        return Ok((view, stream));
    }
    let detail = service.stream_by_code(name).with_context(|| format!("{name:?} names neither a view nor a stream"))?;
    match <[View; 1]>::try_from(detail.views) {
        Ok([view]) => Ok((view, detail.stream)),
        Err(views) => {
            let ids: Vec<String> = views.iter().map(|view| format!("{} {}", view.id, view.name)).collect();
            bail!("stream {name} has {} views; name one: {}", views.len(), ids.join(", "))
        }
    }
}
