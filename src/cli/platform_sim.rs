//! `xunjie platform-sim`: the platform simulator on a socket. Prints the address once it listens, then serves until
//! it is interrupted.

use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use tokio::{net::TcpListener, signal};
use url::Url;

use crate::{
    clock::SystemClock,
    deliver::{
        SigningKey,
        sim::{self, Behaviour, SimSettings},
    },
};

/// 城市平台模拟器，供测试和演示；没有任何访问保护，只应监听本机
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 监听地址，端口 0 表示任选
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// 双方约定的密钥名
    #[arg(long, default_value = "demo")]
    key_id: String,
    /// 保存 HMAC 密钥的文件，至少 16 字节
    #[arg(long)]
    secret_file: PathBuf,
    /// 阶段回调发往的地址
    #[arg(long)]
    callback_url: Option<Url>,
    /// 把收到的内容保存到这个 JSON 文件，重启后继续
    #[arg(long)]
    state: Option<PathBuf>,
    /// 前 N 条消息回答 503
    #[arg(long, default_value_t = 0)]
    refuse: u32,
    /// 前 N 条消息回答 422
    #[arg(long, default_value_t = 0)]
    reject: u32,
    /// 前 N 条消息收下后不回答
    #[arg(long, default_value_t = 0)]
    accept_then_hang: u32,
    /// 不回答多少毫秒；0 为一分钟
    #[arg(long, default_value_t = 0)]
    hang_ms: u64,
    /// 前 N 条消息收下后回答无法识别的内容
    #[arg(long, default_value_t = 0)]
    wrong_json: u32,
    /// 每次回答推迟多少毫秒
    #[arg(long, default_value_t = 0)]
    late_ms: u64,
}

/// Serves until interrupted.
///
/// # Errors
/// The secret file, the state file or the address cannot be used.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        listen,
        key_id,
        secret_file,
        callback_url,
        state,
        refuse,
        reject,
        accept_then_hang,
        hang_ms,
        wrong_json,
        late_ms,
    } = args;
    let settings = SimSettings {
        key: SigningKey::read(&key_id, &secret_file)?,
        callback_url,
        state_file: state,
        behaviour: Behaviour { refuse, reject, accept_then_hang, hang_ms, wrong_json, late_ms },
        clock: Arc::new(SystemClock),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen} cannot be listened on"))?;
        writeln!(std::io::stdout(), "platform-sim http://{}", listener.local_addr()?)?;
        let stop = async {
            if signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        sim::serve(listener, settings, stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}
