//! The rectangle of least area around a set of points, which need not stand upright. Pure.

use crate::domain::{Point, Quad};

/// Corners of the convex outline of `points`, in one direction. Sorts `points`.
///
/// Andrew's monotone chain. Points that are no numbers are left out.
fn outline<S>(points: &mut Vec<Point<S>>) -> Vec<Point<S>> {
    points.retain(|p| p.x.is_finite() && p.y.is_finite());
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    if points.len() < 3 {
        return points.clone();
    }
    let turn = |a: Point<S>, b: Point<S>, c: Point<S>| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    let chain = |points: &mut dyn Iterator<Item = Point<S>>| {
        let mut chain: Vec<Point<S>> = Vec::new();
        for point in points {
            while chain.len() >= 2 && turn(chain[chain.len() - 2], chain[chain.len() - 1], point) <= 0.0 {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut corners = chain(&mut points.iter().copied());
    corners.append(&mut chain(&mut points.iter().rev().copied()));
    corners
}

/// The rectangle of least area around `points`, grown by `margin` on each side and turned to be read: its first edge is
/// the one that points rightwards most. Sorts `points`.
///
/// One side of the least rectangle lies on an edge of the convex outline, so each edge is tried.
///
/// Returns `None` for no point at all.
pub fn least_rectangle<S>(points: &mut Vec<Point<S>>, margin: f32) -> Option<Quad<S>> {
    let corners = outline(points);
    let first = *corners.first()?;
    let mut best: Option<(f32, Quad<S>)> = None;
    for (i, from) in corners.iter().enumerate() {
        let to = corners[(i + 1) % corners.len()];
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = dx.hypot(dy);
        let (ux, uy) = if length > 0.0 { (dx / length, dy / length) } else { (1.0, 0.0) };
        let span = |along: fn(f32, f32, f32, f32) -> f32| {
            let values = corners.iter().map(|p| along(p.x - first.x, p.y - first.y, ux, uy));
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        };
        let (left, right) = span(|x, y, ux, uy| x * ux + y * uy);
        let (top, bottom) = span(|x, y, ux, uy| y * ux - x * uy);
        let area = (right - left) * (bottom - top);
        if best.as_ref().is_none_or(|(least, _)| area < *least) {
            let corner = |u: f32, v: f32| Point::new(first.x + u * ux - v * uy, first.y + u * uy + v * ux);
            let (left, right, top, bottom) = (left - margin, right + margin, top - margin, bottom + margin);
            best = Some((
                area,
                Quad([corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)]),
            ));
        }
    }
    let (_, quad) = best?;
    let rightwards = |quad: &Quad<S>| quad.0[1].x - quad.0[0].x;
    (0..4).map(|quarters| quad.turned(quarters)).max_by(|a, b| rightwards(a).total_cmp(&rightwards(b)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::FrameSpace;

    fn points(list: &[[f32; 2]]) -> Vec<Point<FrameSpace>> {
        list.iter().copied().map(Point::from).collect()
    }

    #[test]
    fn a_turned_rectangle_is_found_with_its_angle_and_grown() {
        let (sin, cos) = 20_f32.to_radians().sin_cos();
        let turned = |x: f32, y: f32| [50.0 + x * cos - y * sin, 40.0 + x * sin + y * cos];
        let mut all =
            points(&[turned(0.0, 0.0), turned(30.0, 0.0), turned(30.0, 10.0), turned(0.0, 10.0), turned(9.0, 4.0)]);
        let quad = least_rectangle(&mut all, 2.0).unwrap();
        assert!((quad.width() - 34.0).abs() < 1e-3 && (quad.height() - 14.0).abs() < 1e-3, "{quad:?}");
        let [a, b, ..] = quad.0;
        assert!(((b.y - a.y).atan2(b.x - a.x).to_degrees() - 20.0).abs() < 0.01, "{quad:?}");
    }

    #[test]
    fn a_point_and_a_line_have_a_rectangle_and_nothing_has_none() {
        assert_eq!(least_rectangle::<FrameSpace>(&mut Vec::new(), 1.0), None);
        assert_eq!(least_rectangle(&mut points(&[[f32::NAN, 0.0]]), 1.0), None);
        let point = least_rectangle(&mut points(&[[5.0, 5.0]]), 1.0).unwrap();
        assert_eq!((point.width(), point.height()), (2.0, 2.0));
        let line = least_rectangle(&mut points(&[[0.0, 0.0], [4.0, 0.0], [9.0, 0.0]]), 1.0).unwrap();
        assert_eq!((line.width(), line.height()), (11.0, 2.0));
    }

    proptest! {
        #[test]
        fn every_point_lies_inside(list in prop::collection::vec(prop::array::uniform2(-99.0_f32..99.0), 1..40)) {
            let mut all = points(&list);
            let Quad([a, b, c, d]) = least_rectangle(&mut all, 0.01).unwrap();
            for p in all {
                for (from, to) in [(a, b), (b, c), (c, d), (d, a)] {
                    let side = (to.x - from.x) * (p.y - from.y) - (to.y - from.y) * (p.x - from.x);
                    prop_assert!(side >= -0.1 * (to.x - from.x).hypot(to.y - from.y).max(1.0), "{p:?} outside");
                }
            }
        }
    }
}
