//! L4: the command line, one file a subcommand. A subcommand reads its arguments, asks the service, prints.
//! Text is short and Chinese first; `--json` prints the same facts as one JSON value a line. A password never
//! comes in as an argument of its own and never goes out. Exit codes: 0 done, 1 failed or refused, 2 not understood.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talking to a terminal is what this room is for")]

mod account;
mod backup;
mod case;
mod check;
#[cfg(feature = "gstreamer")]
mod daily;
mod delivery;
mod desk;
mod doctor;
#[cfg(feature = "gstreamer")]
mod engine;
mod eval;
#[cfg(feature = "gstreamer")]
mod eval_clip;
#[cfg(feature = "gstreamer")]
mod eval_clips;
#[cfg(feature = "onnx")]
mod eval_plates;
#[cfg(feature = "gstreamer")]
mod eval_teach;
#[cfg(feature = "onnx")]
mod eval_text;
mod evidence;
mod exemplar;
mod judge;
mod model;
mod model_teach;
mod platform_sim;
mod print;
#[cfg(feature = "gstreamer")]
mod probe;
#[cfg(feature = "gstreamer")]
mod replay;
mod review;
#[cfg(feature = "gstreamer")]
mod serve;
mod shadow;
mod sign;
mod status;
mod stream;
mod stream_import;
mod token;
mod view;
mod words;
mod zone;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use desk::{Desk, Globals};

/// What a subcommand ends with: the exit code, or an error that is printed and means 1.
type Done = anyhow::Result<ExitCode>;

#[derive(Parser)]
#[command(
    name = "xunjie",
    version,
    about = "巡街：从街面摄像头发现违规，留证、送审、立案、上报平台",
    after_help = "退出码：0 成功，1 失败或被拒绝，2 参数无法理解。口令只从文件或标准输入读取。",
    disable_help_subcommand = true,
    propagate_version = true
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 视频源：登记、探测、查看、删除
    #[command(subcommand)]
    Stream(stream::Command),
    /// 画面：查看、修改、基准图
    #[command(subcommand)]
    View(view::Command),
    /// 区域：绘制、查看、删除
    #[command(subcommand)]
    Zone(zone::Command),
    /// 事件复核：待复核列表、确认、驳回、重复、改判
    #[command(subcommand, alias = "incident")]
    Review(review::Command),
    /// 案件：查看
    #[command(subcommand)]
    Case(case::Command),
    /// 上报：查看、重投
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// 样例：从复核结论学到的外观，试算、撤销
    #[command(subcommand)]
    Exemplar(exemplar::Command),
    /// 准许的文字：查看基准图上的文字，准许、撤回
    #[command(subcommand)]
    Sign(sign::Command),
    /// 试用新模型：与现用模型哪里不一致
    #[command(subcommand)]
    Shadow(shadow::Command),
    /// 证据：核验、查看、保全、对账、到期清理
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// 账号：查看、新增、邀请、停用、启用
    #[command(subcommand)]
    Account(account::Command),
    /// 接口令牌：查看、新增、吊销
    #[command(subcommand)]
    Token(token::Command),
    /// 判图：逐张图片输出检出的目标和事项
    Judge(judge::JudgeArgs),
    #[cfg(feature = "gstreamer")]
    /// 在录像上按模拟时钟重放整条流程，输出每个事件变化
    Replay(replay::Args),
    #[cfg(feature = "gstreamer")]
    /// 运行：巡看、判定、留证、复核页面、上报
    Serve(serve::Args),
    /// 测评：在标注图片上测模型，在录像上按时间表测事件
    #[command(subcommand)]
    Eval(eval::Command),
    /// 运行情况：是否跟得上、什么迟了、按什么规则略过、什么因上限被拒绝
    Status(status::Args),
    /// 模型：查看、核验
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// 备份：把数据库当前的完整副本写到一个目录，运行中也可以
    Backup(backup::Args),
    /// 检查全部配置，一次列出所有错误
    Check(check::Args),
    /// 检查运行环境，说明缺什么、怎么补
    Doctor(doctor::Args),
    /// 城市平台模拟器，供测试和演示；没有任何访问保护，只应监听本机
    PlatformSim(platform_sim::Args),
}

/// Understands `args` (the program's name first), does what they say and returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are no mistakes; clap prints them to standard output.
            let code = if told.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            let _ = told.print();
            return code;
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xunjie: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Done {
    let desk = Desk::new(cli.globals);
    match cli.command {
        Command::Stream(command) => stream::run(command, &desk),
        Command::View(command) => view::run(command, &desk),
        Command::Zone(command) => zone::run(command, &desk),
        Command::Review(command) => review::run(command, &desk),
        Command::Case(command) => case::run(&command, &desk),
        Command::Delivery(command) => delivery::run(&command, &desk),
        Command::Exemplar(command) => exemplar::run(&command, &desk),
        Command::Sign(command) => sign::run(&command, &desk),
        Command::Shadow(command) => shadow::run(&command, &desk),
        Command::Evidence(command) => evidence::run(command, &desk),
        Command::Account(command) => account::run(command, &desk),
        Command::Token(command) => token::run(command, &desk),
        Command::Judge(args) => judge::run(&args, &desk.checked_config()?, desk.print.json),
        Command::Eval(command) => eval::run(&command, &desk),
        Command::Model(command) => {
            model::run(&command, &desk.checked_config()?.settings.folders.models, desk.print.json)
        }
        Command::Backup(args) => backup::run(&args, &desk),
        Command::Check(args) => check::run(&args, &desk),
        Command::Doctor(args) => doctor::run(&args, &desk),
        #[cfg(feature = "gstreamer")]
        Command::Replay(args) => replay::run(&args, &desk),
        #[cfg(feature = "gstreamer")]
        Command::Serve(args) => serve::run(&args, &desk),
        Command::Status(args) => status::run(&args, &desk),
        Command::PlatformSim(args) => platform_sim::run(args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent_and_none_is_a_password() {
        fn visit(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(!id.contains("password") || id == "password_file", "{}: {id}", command.get_name());
            }
            command.get_subcommands().for_each(visit);
        }
        Cli::command().debug_assert();
        visit(&Cli::command());
    }
}
