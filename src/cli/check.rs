//! `xunjie check`: reads everything that people wrote down and prints all that is wrong with it, at once.
//! Needs no data folder, no camera and no model.

use std::process::ExitCode;

use serde::Serialize;

use super::{Done, desk::Desk, words};
use crate::domain::Grounds;

#[derive(clap::Args)]
pub(super) struct Args {}

/// A fault as it is printed.
#[derive(Serialize)]
struct Shown {
    file: String,
    key: String,
    got: String,
    want: String,
}

/// A matter as it is printed.
#[derive(Serialize)]
struct ListedMatter {
    key: String,
    name: String,
    code_2026: String,
    code_2013: Option<String>,
    model: String,
    level: Grounds,
    dwell_s: u64,
    revisit_s: u64,
}

pub(super) fn run(_args: &Args, desk: &Desk) -> Done {
    match desk.config() {
        Ok(config) => {
            let matters: Vec<ListedMatter> = config
                .matters
                .values()
                .map(|matter| ListedMatter {
                    key: matter.key.to_string(),
                    name: matter.name.clone(),
                    code_2026: matter.codes.code_2026.clone(),
                    code_2013: matter.codes.code_2013.clone(),
                    model: matter.model.clone(),
                    level: matter.grounds,
                    dwell_s: matter.dwell.time.as_secs(),
                    revisit_s: matter.revisit.as_secs(),
                })
                .collect();
            if !desk.print.json {
                desk.print.say(&format!(
                    "配置无误：{} 个事项，数据目录 {}",
                    matters.len(),
                    config.settings.folders.data.display()
                ));
            }
            desk.print.list(
                &matters,
                &["事项", "名称", "代码", "停留（秒）", "轮巡（秒）", "模型", "依据"],
                "没有事项",
                |matter| {
                    vec![
                        matter.key.clone(),
                        matter.name.clone(),
                        matter.code_2026.clone(),
                        matter.dwell_s.to_string(),
                        matter.revisit_s.to_string(),
                        matter.model.clone(),
                        words::grounds(matter.level).to_owned(),
                    ]
                },
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            let faults: Vec<Shown> = faults
                .0
                .into_iter()
                .map(|fault| Shown { file: fault.file, key: fault.key, got: fault.got, want: fault.want })
                .collect();
            if desk.print.json {
                desk.print.list(&faults, &[], "", |_| Vec::new());
            } else {
                desk.print.say(&format!("配置有 {} 处错误", faults.len()));
                for Shown { file, key, got, want } in &faults {
                    desk.print.say(&format!("{file}  {key}\n  现在是 {got}\n  应当是 {want}"));
                }
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
