//! `xunjie shadow`: what a new model and a matter's own saw differently, and how often they agreed.

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::{
    Done,
    desk::{Desk, view_named},
    words,
};
use crate::{
    domain::{Comparison, DisagreementId, KeptDisagreement, MatterKey, Score, SeenBy, Truth, ViewId, WallTime},
    store::{ShadowFilter, SpotsFirst},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 汇总：每个画面、事项上，新旧模型各看见什么
    Summary(Which),
    /// 列出只有一方看见的位置，还没判断的、次数多的在前，附图片路径
    List(Which),
}

#[derive(clap::Args)]
pub(super) struct Which {
    /// 只看一个画面；视频源只有一个画面时也可写它的编码
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// 只看一个事项
    #[arg(long, value_name = "KEY")]
    matter: Option<MatterKey>,
}

/// A comparison as it is printed.
#[derive(Serialize)]
struct ShownComparison {
    view: ViewId,
    matter: MatterKey,
    own: String,
    own_sha256: String,
    shadow: String,
    shadow_sha256: String,
    since: WallTime,
    looks: u64,
    both: u64,
    only_own: u64,
    only_shadow: u64,
    own_right: u64,
    shadow_right: u64,
    unclear: u64,
    waiting: u64,
}

impl ShownComparison {
    fn of(comparison: Comparison) -> Self {
        let Comparison { view, matter, rivals, since, looks, both, only_own, only_shadow, judged } = comparison;
        Self {
            view,
            matter,
            own: rivals.own.name,
            own_sha256: rivals.own.sha256,
            shadow: rivals.shadow.name,
            shadow_sha256: rivals.shadow.sha256,
            since,
            looks,
            both,
            only_own,
            only_shadow,
            own_right: judged.own_right,
            shadow_right: judged.shadow_right,
            unclear: judged.unclear,
            waiting: judged.waiting,
        }
    }
}

/// A disagreement as it is printed.
#[derive(Serialize)]
struct ShownDisagreement {
    id: DisagreementId,
    view: ViewId,
    matter: MatterKey,
    own: String,
    shadow: String,
    seen_by: SeenBy,
    class: String,
    score: f32,
    other: Option<f32>,
    bbox: [f32; 4],
    first: WallTime,
    latest: WallTime,
    looks: u32,
    truth: Option<Truth>,
    right: Option<SeenBy>,
    judged_by: Option<String>,
    judged_at: Option<WallTime>,
    picture: Option<PathBuf>,
}

impl ShownDisagreement {
    fn of(kept: KeptDisagreement, picture: PathBuf) -> Self {
        let right = kept.right();
        let (judged_by, judged_at) = kept.judgement.as_ref().map(|said| (said.by.clone(), said.at)).unzip();
        Self {
            id: kept.id,
            view: kept.view,
            matter: kept.matter,
            own: kept.rivals.own.name,
            shadow: kept.rivals.shadow.name,
            seen_by: kept.what.seen_by,
            class: kept.what.class.to_string(),
            score: kept.what.score.value(),
            other: kept.what.other.map(Score::value),
            bbox: kept.what.bbox.to_array(),
            first: kept.first,
            latest: kept.latest,
            looks: kept.looks,
            truth: kept.judgement.map(|said| said.truth),
            right,
            judged_by,
            judged_at,
            picture: picture.is_file().then_some(picture),
        }
    }
}

/// What a person said, as the desk says it.
fn told(truth: Truth) -> &'static str {
    match truth {
        Truth::Something => "确有问题",
        Truth::Nothing => "没有问题",
        Truth::Unclear => "看不清",
    }
}

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let offset = service.config.city.utc_offset();
    let filter = |which: &Which| -> anyhow::Result<ShadowFilter> {
        let view = which.view.as_ref().map(|name| view_named(&service, name)).transpose()?;
        let view = view.map(|(view, _)| view.id);
        Ok(ShadowFilter { view, matter: which.matter.clone(), ..ShadowFilter::default() })
    };
    match command {
        Command::Summary(which) => {
            let shown: Vec<ShownComparison> =
                service.comparisons(&filter(which)?)?.into_iter().map(ShownComparison::of).collect();
            let head = [
                "画面",
                "事项",
                "现用模型",
                "新模型",
                "始于",
                "帧",
                "都看见",
                "只有现用",
                "只有新",
                "现用对",
                "新的对",
                "看不清",
                "待判断",
            ];
            desk.print.list(&shown, &head, "没有试用中的新模型，或还没有巡看过", |one| {
                let named = |name: &str, sha256: &str| format!("{name} {}", sha256.chars().take(8).collect::<String>());
                vec![
                    one.view.to_string(),
                    one.matter.to_string(),
                    named(&one.own, &one.own_sha256),
                    named(&one.shadow, &one.shadow_sha256),
                    words::time(one.since, offset),
                    one.looks.to_string(),
                    one.both.to_string(),
                    one.only_own.to_string(),
                    one.only_shadow.to_string(),
                    one.own_right.to_string(),
                    one.shadow_right.to_string(),
                    one.unclear.to_string(),
                    one.waiting.to_string(),
                ]
            });
        }
        Command::List(which) => {
            let found = service.disagreements(&filter(which)?, SpotsFirst::Often)?.into_iter();
            let shown: Vec<ShownDisagreement> = found
                .map(|kept| (service.disagreement_file(kept.id), kept))
                .map(|(file, kept)| ShownDisagreement::of(kept, file))
                .collect();
            let head = ["画面", "事项", "谁看见", "类别", "分数", "另一方", "次数", "最近", "判断", "谁对", "图片"];
            desk.print.list(&shown, &head, "没有不一致的地方", |one| {
                vec![
                    one.view.to_string(),
                    one.matter.to_string(),
                    match one.seen_by {
                        SeenBy::Own => format!("现用 {}", one.own),
                        SeenBy::Shadow => format!("新 {}", one.shadow),
                    },
                    one.class.clone(),
                    format!("{:.2}", one.score),
                    one.other.map_or_else(|| "没有框".to_owned(), |other| format!("{other:.2}")),
                    one.looks.to_string(),
                    words::time(one.latest, offset),
                    one.truth.map(told).unwrap_or_default().to_owned(),
                    one.right
                        .map(|right| if right == SeenBy::Own { "现用" } else { "新" })
                        .unwrap_or_default()
                        .to_owned(),
                    one.picture.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
                ]
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}
