//! One page that needs nothing else: figures, plots, what was left out, and the worst failures. Says 疑似 nowhere,
//! because it judges a model, not a street.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    LeftOut,
    clip::ClipReport,
    clips::{ClipsReport, Counts},
    labels::LabelledSet,
    plots,
    report::Report,
    run::Measured,
    sheet::{Failure, crop, failures},
};

/// At most so many left-out rows are listed; the JSON has all.
const LISTED_MAX: usize = 50;

const STYLE: &str = "
:root{color-scheme:light;font:15px/1.5 system-ui,'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif}
body{margin:0 auto;max-width:1120px;padding:24px 20px 60px;color:#1b232c;background:#fff}
h1{font-size:24px;margin:0 0 2px}h2{font-size:18px;margin:36px 0 8px;border-bottom:1px solid #d9dfe5;padding-bottom:4px}
p.note{color:#55626f;margin:4px 0 12px}code{font-size:12px;color:#55626f;word-break:break-all}
.warn{background:#fff4dc;border-left:4px solid #d79a00;padding:8px 12px;margin:12px 0}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:16px 0}.tile{border:1px solid #d9dfe5;border-radius:8px;padding:10px 16px;min-width:120px}
.tile b{display:block;font-size:24px;line-height:1.2;font-variant-numeric:tabular-nums}.tile span{color:#55626f;font-size:13px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid #eceff2;white-space:nowrap}
th{font-weight:600;color:#55626f;font-size:13px}th:first-child,td:first-child,td.text{text-align:left}td.text{white-space:normal}
.plots{display:flex;flex-wrap:wrap;gap:28px}.plots figure{margin:0;width:340px;max-width:100%}svg{width:100%;height:auto}
figcaption{font-size:13px;color:#55626f}.grid{stroke:#e6eaee}.tick{font-size:10px;fill:#55626f}.axis{font-size:12px;fill:#1b232c}
.even{stroke:#8b97a3;stroke-dasharray:4 4}.bar{fill:#0b6bcb;opacity:.18}.dot{fill:#0b6bcb}
.key{display:inline-flex;align-items:center;gap:5px;margin-right:12px}
td.hit{background:#dff2e4}td.miss{background:#fbe3dc}td.zero{color:#c3cad1}
.sheet{display:flex;flex-wrap:wrap;gap:12px}.sheet figure{margin:0;width:168px}
.sheet img{width:168px;height:168px;object-fit:contain;background:#eef1f4;border-radius:4px}
.sheet figcaption{line-height:1.3;margin-top:2px;overflow-wrap:anywhere}";

/// A figure with three digits, or a dash.
fn three(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn one(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}

fn around(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

fn tile(value: &str, name: &str) -> Markup {
    html! { div.tile { b { (value) } span { (name) } } }
}

/// The page of a run over pictures. `pictures`: with the contact sheet.
pub fn of_pictures(report: &Report, set: &LabelledSet, measured: &Measured, pictures: bool) -> String {
    let title = format!("{} 的测评", report.model.model.name);
    let body = html! {
        h1 { (title) }
        p.note {
            (report.data.judged) " 张图片，标注形式 " (report.data.labels) "，判定阈值 " (report.settings.threshold)
            "，重叠（IoU）不低于 " (report.settings.iou) " 为正确。"
        }
        @if let Some(teacher) = &report.teacher {
            div.warn {
                "这里没有标注：“应有”的框是模型 " b { (teacher.model.name) } " 的结果（分数不低于 "
                (report.settings.teacher_threshold.unwrap_or(0.0)) "）。以下数字是两个模型的一致程度，不是准确率。"
            }
        }
        @if report.left_out.pictures + report.left_out.labels > 0 {
            div.warn {
                "未计入：" (report.left_out.pictures) " 张图片，" (report.left_out.labels) " 条标注。原因见"
                a href="#left-out" { "下文" } "。"
            }
        }
        div.tiles {
            (tile(&three(report.mean.ap50), "AP50 平均"))
            (tile(&three(report.mean.ap50_95), "AP50-95 平均"))
            (tile(&three(report.mean.ap_image), "整图 AP 平均"))
            (tile(&one(report.clean.alarms_per_100), "每百张干净图误报"))
            (tile(&three(report.calibration.ece), "校准误差 ECE"))
        }
        (second_stage(report))
        (by_class(report))
        (figures(report))
        (table_of_confusion(report))
        (sheet(report, set, measured, pictures))
        (not_counted(report))
        h2 { "来历" }
        p { "模型 " (report.model.model.name) br; code { (report.model.model.sha256) } }
        p { "图片与标注" br; code { (report.data.sha256) } }
        p { "全部输入" br; code { (report.input_sha256) } }
        p.note { (report.settings.matching) br; (report.settings.average_precision) }
    };
    around(&title, &body)
}

/// What the verifier had to do, and alarms on the folder of clean pictures.
fn second_stage(report: &Report) -> Markup {
    html! {
        @if let Some(cascade) = &report.cascade {
            p {
                "两级：候选框由 " b { (cascade.verifier.model.name) } " 截图复核，看了 " (cascade.touched.crops) " 张截图，涉及 "
                (cascade.touched.pictures) " 张图片（占 " (three(cascade.pictures_share)) "）；以融合后的分数计。" br;
                code { (cascade.verifier.model.sha256) }
            }
        }
        @if let Some(set) = &report.clean_set {
            h2 { "另外 " (set.pictures) " 张干净图" }
            p.note { "阈值取能找出 " (set.image_recall * 100.0) "% 问题图片的分数；未计入 " (set.left_out.len()) " 张。" }
            div.wide { table {
                tr { @for head in ["类别", "阈值", "误报的图片", "误报", "每百张误报的图片"] { th { (head) } } }
                @for class in &set.classes {
                    tr {
                        td { (class.name) }
                        td { (three(class.threshold)) }
                        @for count in [class.alarmed_pictures, class.alarms] {
                            td { (count.map_or_else(|| "–".to_owned(), |count| count.to_string())) }
                        }
                        td { (one(class.alarmed_per_100)) }
                    }
                }
            } }
        }
    }
}

fn by_class(report: &Report) -> Markup {
    html! {
        h2 { "各类别" }
        div.wide { table {
            tr { @for head in ["类别", "标注", "检出", "AP50", "AP50-95", "整图 AP", "查准率", "查全率", "ECE"] { th { (head) } } }
            @for class in &report.classes {
                tr {
                    td { (class.name) }
                    td { (class.truths) @if class.ignored > 0 { " +" (class.ignored) " 忽略" } }
                    td { (class.found) }
                    @for value in [class.ap50, class.ap50_95, class.ap_image, class.precision, class.recall, class.ece] {
                        td { (three(value)) }
                    }
                }
            }
        } }
        p.note {
            "查准率、查全率取判定阈值处；检出数从下限 " (report.settings.floor) " 起。"
            @if report.data.repeated > 0 { (report.data.repeated) " 张图片与别的图片完全相同，照样计入。" }
            @if !report.classes_without_any.is_empty() {
                "另有 " (report.classes_without_any.len()) " 类既无标注也无达到阈值的检出。"
            }
        }
    }
}

fn figures(report: &Report) -> Markup {
    html! {
        div.plots {
            figure {
                h2 { "查准率与查全率" }
                (plots::precision_recall(report))
                figcaption {
                    @for (index, class) in report.classes.iter().enumerate().filter(|(_, class)| class.truths > 0) {
                        span.key {
                            svg viewBox="0 0 22 6" style="width:22px;height:6px" {
                                line x1="0" y1="3" x2="22" y2="3" stroke-width="3" stroke-dasharray=(plots::dash(index))
                                    stroke=(plots::COLOURS[index % plots::COLOURS.len()]) {}
                            }
                            (class.name)
                        }
                    }
                }
            }
            figure {
                h2 { "校准" }
                (plots::reliability(&report.calibration.bins))
                figcaption { "点在虚线上：分数说多少，就有多少是对的。点越大，检出越多。ECE " (three(report.calibration.ece)) }
            }
        }
    }
}

fn table_of_confusion(report: &Report) -> Markup {
    let names = &report.confusion_classes;
    let last = names.len();
    html! {
        h2 { "混淆（阈值处）" }
        p.note { "行是标注，列是检出。末行是误报，末列是漏检。" }
        div.wide { table {
            tr { th { "" } @for name in names { th { (name) } } th { "漏检" } }
            @for (row, counts) in report.confusion.0.iter().enumerate() {
                tr {
                    td { (names.get(row).map_or("误报", String::as_str)) }
                    @for (column, count) in counts.iter().enumerate() {
                        @if row == last && column == last { td { "" } }
                        @else if *count == 0 { td.zero { "0" } }
                        @else if row == column { td.hit { (count) } }
                        @else { td.miss { (count) } }
                    }
                }
            }
        } }
    }
}

fn sheet(report: &Report, set: &LabelledSet, measured: &Measured, pictures: bool) -> Markup {
    let (alarms, misses) = failures(measured, report.settings.classes.len(), report.settings.threshold);
    html! {
        h2 { "误报（分数最高的）" }
        (crops(&alarms, report, set, measured, pictures))
        h2 { "漏检（最大的）" }
        (crops(&misses, report, set, measured, pictures))
    }
}

fn crops(failed: &[Failure], report: &Report, set: &LabelledSet, measured: &Measured, pictures: bool) -> Markup {
    if failed.is_empty() {
        return html! { p.note { "没有。" } };
    }
    let label = |failure: &Failure| {
        let score = failure.score.map(|score| format!(" {score:.2}")).unwrap_or_default();
        format!("{}{score}", report.settings.classes[failure.class].label)
    };
    if !pictures {
        return html! {
            p.note { "按要求不附图片（数据的权利不允许转发）。" }
            div.wide { table { @for failure in failed {
                tr { td { (label(failure)) } td.text { (measured.names[failure.picture]) } }
            } } }
        };
    }
    html! {
        div.sheet { @for failure in failed {
            figure {
                @if let Some(address) = crop(failure, set, measured) { img src=(address) alt=(label(failure)); }
                figcaption { b { (label(failure)) } br; (measured.names[failure.picture]) }
            }
        } }
    }
}

fn not_counted(report: &Report) -> Markup {
    let out = &report.left_out;
    html! {
        h2 #left-out { "未计入" }
        p {
            (out.pictures) " 张图片，" (out.labels) " 条有误的标注，" (out.labels_of_unmeasured_classes)
            " 条不测类别的标注；" (out.labels_clipped) " 条标注超出图片，裁到边界后计入；"
            (report.data.unlabelled) " 张图片没有标注，按干净图片计。"
        }
        (rows(&out.picture_list))
        (rows(&out.label_list))
    }
}

fn rows(list: &[LeftOut]) -> Markup {
    html! {
        div.wide { table { @for one in list.iter().take(LISTED_MAX) {
            tr { td { (one.file) @if let Some(line) = one.line { ":" (line) } } td.text { (one.reason) } }
        } } }
        @if list.len() > LISTED_MAX { p.note { "其余 " (list.len() - LISTED_MAX) " 条见 JSON。" } }
    }
}

/// The page of a clip.
pub fn of_clip(report: &ClipReport) -> String {
    let title = format!("{} 的录像测评", report.clip);
    let score = &report.score;
    let seconds = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1} 秒"));
    let body = html! {
        h1 { (title) }
        p.note {
            "录像 " (format!("{:.1}", report.clip_s)) " 秒，" (report.looks) " 次巡看，" (report.frames) " 帧，"
            (report.blind) " 次无法判断。真实事件 " (score.truths) " 个，系统开立 " (score.opened) " 个。"
        }
        div.tiles {
            (tile(&three(score.precision), "查准率"))
            (tile(&three(score.recall), "查全率"))
            (tile(&seconds(score.delay_mean_s), "平均延迟"))
            (tile(&one(score.duplicates_per_found), "每个事件的重复"))
            (tile(&one(score.wrong_per_camera_hour), "每摄像机小时误报"))
            @if report.second.is_some() { (tile(&three(report.second_share), "复核占巡看次数")) }
        }
        h2 { "真实事件" }
        div.wide { table {
            tr { @for head in ["名称", "事项", "出现", "消失", "延迟", "超出停留时限"] { th { (head) } } }
            @for truth in &report.truths {
                tr {
                    td { (truth.name) } td.text { (truth.matter) } td { (seconds(Some(truth.from_s))) }
                    td { (truth.until_s.map_or_else(|| "一直在".to_owned(), |until| format!("{until:.1} 秒"))) }
                    td { @if truth.delay_s.is_none() { "漏检" } @else { (seconds(truth.delay_s)) } }
                    td { (seconds(truth.after_dwell_s)) }
                }
            }
        } }
        p.note { "延迟从出现算起，其中包含事项规定的停留时限。" }
        h2 { "系统开立的事件" }
        div.wide { table {
            tr { @for head in ["时刻", "事项", "判定"] { th { (head) } } }
            @for one in &report.opened {
                tr { td { (seconds(Some(one.at_s))) } td.text { (one.matter) } td.text { (one.verdict) } }
            }
        } }
        h2 { "来历" }
        @for model in &report.models { p { "模型 " (model.model.name) br; code { (model.model.sha256) } } }
        p { "录像" br; code { (report.clip_sha256) } }
        p { "全部输入" br; code { (report.input_sha256) } }
    };
    around(&title, &body)
}

/// The page of many clips together.
pub fn of_clips(report: &ClipsReport) -> String {
    let title = format!("{} 段录像的测评", report.clips.len());
    let heads = ["真实", "找到", "恰为一件", "开立", "重复", "误报"];
    let numbers = |c: &Counts| [c.truths, c.found, c.single, c.opened, c.duplicates, c.wrong];
    let body = html! {
        h1 { (title) }
        p.note {
            (one(Some(report.camera_hours))) " 摄像机小时，" (report.looks) " 次巡看。真实事件 " (report.counts.truths)
            " 个，系统开立 " (report.counts.opened) " 个。"
        }
        div.tiles {
            (tile(&three(report.precision), "查准率"))
            (tile(&three(report.recall), "查全率"))
            (tile(&three(report.single_share), "找到的恰为一件"))
            (tile(&three(report.wrong_per_camera_hour), "每摄像机小时误报"))
            (tile(&one(report.after_dwell_median_s), "超出停留时限的中位秒数"))
        }
        h2 { "按事项" }
        div.wide { table {
            tr { th { "事项" } @for head in heads { th { (head) } } }
            @for (matter, counts) in &report.by_matter {
                tr { td.text { (matter) } @for number in numbers(counts) { td { (number) } } }
            }
        } }
        h2 { "按录像" }
        div.wide { table {
            tr { th { "录像" } @for head in heads { th { (head) } } th { "漏检与误报" } }
            @for clip in &report.clips {
                tr {
                    td.text { (clip.name) } @for number in numbers(&clip.counts) { td { (number) } }
                    td.text { (clip.faults.join("；")) }
                }
            }
        } }
        @if !report.left_out.is_empty() {
            h2 { "未测" }
            @for one in &report.left_out { p { (one.file) "：" (one.reason) } }
        }
        h2 { "来历" }
        @for model in &report.models { p { "模型 " (model.model.name) br; code { (model.model.sha256) } } }
        p { "全部输入" br; code { (report.input_sha256) } }
    };
    around(&title, &body)
}
