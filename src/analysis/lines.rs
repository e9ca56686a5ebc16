//! Lines of text that a finder cut into pieces, put together: a number with wide gaps, a banner with a fold. Pure.

use std::sync::Arc;

use crate::domain::{FrameSpace, Point, Quad, TextLine};

/// Pieces of one line are at most this far apart, in heights of the larger one.
const GAP_MAX_HEIGHTS: f32 = 0.5;
/// They overlap by at most this, in heights: more is another reading of the same text.
const OVERLAP_MAX_HEIGHTS: f32 = 0.6;
/// Their middles lie at most this far off each other's line, in heights.
const OFF_LINE_MAX_HEIGHTS: f32 = 0.35;
/// The smaller one is at least this high, as a share of the larger one.
const HEIGHT_SHARE_MIN: f32 = 0.65;
/// Their directions differ at most by this angle's sine.
const TURN_SINE_MAX: f32 = 0.17;

/// Joins pieces that stand on one line, side by side, in reading order. Order of what is left: as the first pieces came.
///
/// A joined line scores what its worst piece scores, so that a sure piece does not vouch for a doubtful one.
pub fn joined(lines: Vec<TextLine>) -> Vec<TextLine> {
    let mut whole: Vec<TextLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let mut line = line;
        // A line may close the gap between two that are there already.
        while let Some(at) = whole.iter().position(|other| is_continued(other, &line) || is_continued(&line, other)) {
            let other = whole.remove(at);
            line = if is_continued(&other, &line) { together(&other, &line) } else { together(&line, &other) };
        }
        whole.push(line);
    }
    whole
}

/// Whether `next` goes on where `line` ends.
fn is_continued(line: &TextLine, next: &TextLine) -> bool {
    let (a, b) = (&line.quad, &next.quad);
    let (ha, hb) = (a.height(), b.height());
    let height = ha.max(hb);
    if height <= 0.0 || ha.min(hb) < HEIGHT_SHARE_MIN * height {
        return false;
    }
    let (Some(along), Some(other)) = (direction(a), direction(b)) else { return false };
    let turn = along.0 * other.1 - along.1 * other.0;
    if turn.abs() > TURN_SINE_MAX || along.0 * other.0 + along.1 * other.1 <= 0.0 {
        return false;
    }
    let (end, begin) = (middle(a.0[1], a.0[2]), middle(b.0[0], b.0[3]));
    let (dx, dy) = (begin.x - end.x, begin.y - end.y);
    let gap = dx * along.0 + dy * along.1;
    let off = (dy * along.0 - dx * along.1).abs();
    gap <= GAP_MAX_HEIGHTS * height && gap >= -OVERLAP_MAX_HEIGHTS * height && off <= OFF_LINE_MAX_HEIGHTS * height
}

fn together(first: &TextLine, then: &TextLine) -> TextLine {
    let ([a, _, _, d], [_, b, c, _]) = (first.quad.0, then.quad.0);
    let text: Arc<str> = format!("{} {}", first.text, then.text).into();
    TextLine { quad: Quad([a, b, c, d]), text, score: if then.score < first.score { then.score } else { first.score } }
}

fn direction(quad: &Quad<FrameSpace>) -> Option<(f32, f32)> {
    let (from, to) = (middle(quad.0[0], quad.0[3]), middle(quad.0[1], quad.0[2]));
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.hypot(dy);
    (length > 0.0).then(|| (dx / length, dy / length))
}

fn middle(a: Point<FrameSpace>, b: Point<FrameSpace>) -> Point<FrameSpace> {
    Point::new(f32::midpoint(a.x, b.x), f32::midpoint(a.y, b.y))
}

/// Of lines that cover each other, the one whose outline is larger: a finder may mark a word inside of its line again.
pub fn without_twins(mut lines: Vec<TextLine>) -> Vec<TextLine> {
    /// More of the smaller one inside of the larger one: it is the same text.
    const COVERED_MAX: f32 = 0.7;
    lines.sort_by(|a, b| b.quad.bbox().area().total_cmp(&a.quad.bbox().area()));
    let mut kept: Vec<TextLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let is_twin = |other: &TextLine| {
            line.quad.bbox().covered_by(&other.quad.bbox()) > COVERED_MAX
                && line.quad.height() > 0.6 * other.quad.height()
        };
        if !kept.iter().any(is_twin) {
            kept.push(line);
        }
    }
    kept.sort_by_key(|line| std::cmp::Reverse(line.score));
    kept
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::Score;

    pub(crate) fn text(text: &str, score: f32, bbox: [f32; 4]) -> TextLine {
        let [x0, y0, x1, y1] = bbox;
        let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(Point::from);
        TextLine { quad: Quad(corners), text: text.into(), score: Score::new(score).unwrap() }
    }

    fn texts(lines: &[TextLine]) -> Vec<&str> {
        lines.iter().map(|line| &*line.text).collect()
    }

    #[test]
    fn a_number_in_three_pieces_is_one_line_in_reading_order() {
        let pieces = vec![
            text("1234", 0.9, [48.0, 10.0, 100.0, 30.0]),
            text("138", 0.95, [10.0, 11.0, 40.0, 31.0]),
            text("5678", 0.8, [109.0, 10.0, 160.0, 30.0]),
        ];
        let lines = joined(pieces);
        assert_eq!(texts(&lines), ["138 1234 5678"]);
        assert_eq!((lines[0].score.value(), lines[0].quad.bbox().to_array()), (0.8, [10.0, 10.0, 160.0, 31.0]));
    }

    #[test]
    fn another_line_another_size_another_direction_and_far_text_stay_apart() {
        let first = text("开锁", 0.9, [10.0, 10.0, 50.0, 30.0]);
        for other in [
            text("下一行", 0.9, [10.0, 34.0, 50.0, 54.0]),
            text("大", 0.9, [52.0, 0.0, 100.0, 48.0]),
            text("远", 0.9, [90.0, 10.0, 130.0, 30.0]),
            TextLine { quad: text("", 0.9, [55.0, 10.0, 75.0, 90.0]).quad.turned(1), ..text("竖", 0.9, [0.0; 4]) },
        ] {
            assert_eq!(joined(vec![first.clone(), other.clone()]).len(), 2, "{other:?}");
        }
    }

    #[test]
    fn a_word_inside_of_its_line_is_left_out() {
        let lines = without_twins(vec![
            text("锁", 0.99, [30.0, 10.0, 50.0, 30.0]),
            text("开锁", 0.9, [10.0, 9.0, 52.0, 31.0]),
            text("小字", 0.7, [12.0, 12.0, 30.0, 18.0]),
        ]);
        assert_eq!(texts(&lines), ["开锁", "小字"]);
    }
}
