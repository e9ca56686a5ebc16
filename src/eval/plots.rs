//! Plots as SVG in the page itself: nothing is loaded from anywhere.

use maud::{Markup, html};

use super::report::Report;
use crate::analysis::score::calibration::Bin;

/// Inner side of a plot, and its margins for the axes.
const SIDE: f64 = 260.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 10.0;

/// Colours of lines; with more classes they repeat with another dash.
pub const COLOURS: [&str; 8] = ["#0b6bcb", "#c8502b", "#2c8a4b", "#8a4bb5", "#b08900", "#00838f", "#b3266b", "#5d6b7a"];

fn x_of(value: f64) -> f64 {
    LEFT + value * SIDE
}
fn y_of(value: f64) -> f64 {
    TOP + (1.0 - value) * SIDE
}

/// The `stroke-dasharray` of the line with this number.
pub fn dash(index: usize) -> &'static str {
    ["none", "6 3", "2 3", "8 3 2 3"][index / COLOURS.len() % 4]
}

fn frame(across: &str, up: &str, inside: &Markup) -> Markup {
    let (w, h) = (LEFT + SIDE + 12.0, TOP + SIDE + 42.0);
    html! {
        svg viewBox={ "0 0 " (w) " " (h) } role="img" aria-label={ (up) " / " (across) } {
            @for tick in 0..=5 {
                @let at = f64::from(tick) / 5.0;
                line class="grid" x1=(x_of(at)) y1=(y_of(0.0)) x2=(x_of(at)) y2=(y_of(1.0)) {}
                line class="grid" x1=(x_of(0.0)) y1=(y_of(at)) x2=(x_of(1.0)) y2=(y_of(at)) {}
                text class="tick" x=(x_of(at)) y=(y_of(0.0) + 14.0) text-anchor="middle" { (format!("{at:.1}")) }
                text class="tick" x=(x_of(0.0) - 5.0) y=(y_of(at) + 3.5) text-anchor="end" { (format!("{at:.1}")) }
            }
            (inside)
            text class="axis" x=(x_of(0.5)) y=(y_of(0.0) + 34.0) text-anchor="middle" { (across) }
            text class="axis" x="10" y=(y_of(0.5)) text-anchor="middle" transform={ "rotate(-90 10 " (y_of(0.5)) ")" } { (up) }
        }
    }
}

/// Precision over recall, a line a class.
pub fn precision_recall(report: &Report) -> Markup {
    let lines = html! {
        @for (index, class) in report.classes.iter().enumerate().filter(|(_, class)| class.truths > 0) {
            @let points: Vec<String> = class.precision_at_recall.iter().enumerate()
                .map(|(step, precision)| format!("{:.1},{:.1}", x_of(step as f64 / 100.0), y_of(*precision))).collect();
            polyline fill="none" stroke=(COLOURS[index % COLOURS.len()]) stroke-width="2" stroke-dasharray=(dash(index))
                points=(points.join(" ")) {
                title { (class.name) }
            }
        }
    };
    frame("查全率 recall", "查准率 precision", &lines)
}

/// Share that was right over score; the width of a dot tells how many detections it stands for.
pub fn reliability(bins: &[Bin]) -> Markup {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1) as f64;
    let inside = html! {
        line class="even" x1=(x_of(0.0)) y1=(y_of(0.0)) x2=(x_of(1.0)) y2=(y_of(1.0)) {}
        @for bin in bins.iter().filter(|bin| bin.count > 0) {
            rect class="bar" x=(x_of(bin.from) + 1.0) y=(y_of(bin.right)) width=(SIDE / 10.0 - 2.0)
                height=(bin.right * SIDE) { title { (bin.count) } }
            circle class="dot" cx=(x_of(bin.confidence)) cy=(y_of(bin.right))
                r=(format!("{:.1}", 2.5 + 6.0 * (bin.count as f64 / most).sqrt())) {
                title { (bin.count) " 个，平均分 " (bin.confidence) "，正确 " (bin.right) }
            }
        }
    };
    frame("分数 score", "正确的比例 share right", &inside)
}
