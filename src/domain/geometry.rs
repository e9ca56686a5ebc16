//! Geometry in three coordinate spaces that the compiler keeps apart: a model's input tensor, a
//! frame (both in pixels) and a view's reference picture (fractions of its width and height, 0..=1).

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// Marker: pixels of a model's input tensor.
#[derive(Debug)]
pub enum TensorSpace {}
/// Marker: pixels of a frame.
#[derive(Debug)]
pub enum FrameSpace {}
/// Marker: fractions of the reference picture's width and height.
#[derive(Debug)]
pub enum ReferenceSpace {}

/// A point in a space.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct Point<S> {
    /// Rightwards.
    pub x: f32,
    /// Downwards.
    pub y: f32,
    #[doc(hidden)]
    space: PhantomData<fn() -> S>,
}

impl<S> Point<S> {
    /// A point from its coordinates.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y, space: PhantomData }
    }
}
impl<S> Clone for Point<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Point<S> {}
impl<S> PartialEq for Point<S> {
    fn eq(&self, other: &Self) -> bool {
        self.x == other.x && self.y == other.y
    }
}
impl<S> From<[f32; 2]> for Point<S> {
    fn from([x, y]: [f32; 2]) -> Self {
        Self::new(x, y)
    }
}
impl<S> From<Point<S>> for [f32; 2] {
    fn from(point: Point<S>) -> Self {
        [point.x, point.y]
    }
}

/// An axis-aligned box `[x0, y0, x1, y1]` in a space, with `x0 <= x1` and `y0 <= y1`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct BBox<S> {
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
    space: PhantomData<fn() -> S>,
}

impl<S> BBox<S> {
    /// A box from two opposite corners in any order. Values that are not finite become zero.
    pub fn new(xa: f32, ya: f32, xb: f32, yb: f32) -> Self {
        let sane = |v: f32| if v.is_finite() { v } else { 0.0 };
        let (xa, ya, xb, yb) = (sane(xa), sane(ya), sane(xb), sane(yb));
        Self { x0: xa.min(xb), y0: ya.min(yb), x1: xa.max(xb), y1: ya.max(yb), space: PhantomData }
    }
    /// Left edge.
    pub fn x0(&self) -> f32 {
        self.x0
    }
    /// Top edge.
    pub fn y0(&self) -> f32 {
        self.y0
    }
    /// Right edge.
    pub fn x1(&self) -> f32 {
        self.x1
    }
    /// Bottom edge.
    pub fn y1(&self) -> f32 {
        self.y1
    }
    /// Width, not negative.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }
    /// Height, not negative.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }
    /// Area, not negative.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }
    /// Centre.
    pub fn centre(&self) -> Point<S> {
        Point::new((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }
    /// Middle of the bottom edge: where a standing thing touches the ground.
    pub fn bottom_centre(&self) -> Point<S> {
        Point::new((self.x0 + self.x1) / 2.0, self.y1)
    }
    /// Area of the overlap with `other`.
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        if w > 0.0 && h > 0.0 { w * h } else { 0.0 }
    }
    /// Intersection over union, 0..=1. Two boxes without area give 0.
    pub fn iou(&self, other: &Self) -> f32 {
        let inter = self.intersection(other);
        let union = self.area() + other.area() - inter;
        if union > 0.0 { (inter / union).clamp(0.0, 1.0) } else { 0.0 }
    }
    /// Share of this box that `other` covers, 0..=1.
    pub fn covered_by(&self, other: &Self) -> f32 {
        let area = self.area();
        if area > 0.0 { (self.intersection(other) / area).clamp(0.0, 1.0) } else { 0.0 }
    }
    /// The smallest box around both.
    pub fn union(&self, other: &Self) -> Self {
        Self::new(self.x0.min(other.x0), self.y0.min(other.y0), self.x1.max(other.x1), self.y1.max(other.y1))
    }
    /// The box cut to `0..=width` by `0..=height`.
    pub fn clipped(&self, width: f32, height: f32) -> Self {
        Self::new(
            self.x0.clamp(0.0, width),
            self.y0.clamp(0.0, height),
            self.x1.clamp(0.0, width),
            self.y1.clamp(0.0, height),
        )
    }
    /// The box grown on each side by `share` of its width and height.
    pub fn grown(&self, share: f32) -> Self {
        let (dx, dy) = (self.width() * share, self.height() * share);
        Self::new(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)
    }
    /// The four corners, clockwise from the top left.
    pub fn corners(&self) -> [Point<S>; 4] {
        [
            Point::new(self.x0, self.y0),
            Point::new(self.x1, self.y0),
            Point::new(self.x1, self.y1),
            Point::new(self.x0, self.y1),
        ]
    }
    /// As an array `[x0, y0, x1, y1]`.
    pub fn to_array(&self) -> [f32; 4] {
        [self.x0, self.y0, self.x1, self.y1]
    }
}
impl<S> Clone for BBox<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for BBox<S> {}
impl<S> PartialEq for BBox<S> {
    fn eq(&self, other: &Self) -> bool {
        self.to_array() == other.to_array()
    }
}
impl<S> From<[f32; 4]> for BBox<S> {
    fn from([x0, y0, x1, y1]: [f32; 4]) -> Self {
        Self::new(x0, y0, x1, y1)
    }
}
impl<S> From<BBox<S>> for [f32; 4] {
    fn from(bbox: BBox<S>) -> Self {
        bbox.to_array()
    }
}

/// A simple closed polygon on the reference picture, 3 to 200 points, corners in fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<[f32; 2]>", into = "Vec<[f32; 2]>")]
pub struct Polygon(Vec<Point<ReferenceSpace>>);

/// Why a list of points is no polygon.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum BadPolygon {
    /// Fewer than 3 or more than 200 points.
    #[error("a polygon needs 3 to 200 points, got {0}")]
    Points(usize),
    /// A coordinate that is not a number in 0..=1.
    #[error("point {0} is outside the picture; coordinates are fractions of width and height, 0 to 1")]
    Outside(usize),
    /// Edges that cross or touch.
    #[error(
        "the edge after point {0} crosses or touches the edge after point {1}; draw the outline in order, each corner once"
    )]
    Crosses(usize, usize),
    /// No area.
    #[error("the polygon has no area")]
    Flat,
}

impl Polygon {
    /// Checks and takes the corners, in order, either way around.
    ///
    /// # Errors
    /// [`BadPolygon`] says what is wrong with them.
    pub fn new(points: Vec<Point<ReferenceSpace>>) -> Result<Self, BadPolygon> {
        let n = points.len();
        if !(3..=200).contains(&n) {
            return Err(BadPolygon::Points(n));
        }
        if let Some(i) = points.iter().position(|p| !(0.0..=1.0).contains(&p.x) || !(0.0..=1.0).contains(&p.y)) {
            return Err(BadPolygon::Outside(i));
        }
        // A corner that was put twice at once makes an edge without length, which meets nothing.
        let edges = (0..n).map(|i| (i, points[i], points[(i + 1) % n])).filter(|(_, from, to)| from != to);
        let edges: Vec<_> = edges.collect();
        for (at, &(i, a, b)) in edges.iter().enumerate() {
            for (beyond, &(j, c, d)) in edges.iter().enumerate().skip(at + 2) {
                let adjacent = at == 0 && beyond == edges.len() - 1;
                if !adjacent && segments_meet(a, b, c, d) {
                    return Err(BadPolygon::Crosses(i, j));
                }
            }
        }
        let polygon = Self(points);
        if polygon.area() < 1e-6 { Err(BadPolygon::Flat) } else { Ok(polygon) }
    }
    /// The corners.
    pub fn points(&self) -> &[Point<ReferenceSpace>] {
        &self.0
    }
    /// Area as a fraction of the picture (shoelace formula).
    pub fn area(&self) -> f32 {
        shoelace(&self.0).abs()
    }
    /// Whether the point lies inside (even-odd rule).
    pub fn contains(&self, point: Point<ReferenceSpace>) -> bool {
        let mut inside = false;
        let mut previous = self.0[self.0.len() - 1];
        for &corner in &self.0 {
            let straddles = (corner.y > point.y) != (previous.y > point.y);
            if straddles
                && point.x < (previous.x - corner.x) * (point.y - corner.y) / (previous.y - corner.y) + corner.x
            {
                inside = !inside;
            }
            previous = corner;
        }
        inside
    }
    /// Share of the box that lies inside, 0..=1 (Sutherland-Hodgman: the polygon cut to the box).
    pub fn share_of(&self, bbox: &BBox<ReferenceSpace>) -> f32 {
        if bbox.area() <= 0.0 {
            return 0.0;
        }
        let mut points = self.0.clone();
        points = cut(&points, |p| p.x - bbox.x0());
        points = cut(&points, |p| bbox.x1() - p.x);
        points = cut(&points, |p| p.y - bbox.y0());
        points = cut(&points, |p| bbox.y1() - p.y);
        (shoelace(&points).abs() / bbox.area()).clamp(0.0, 1.0)
    }
}

impl TryFrom<Vec<[f32; 2]>> for Polygon {
    type Error = BadPolygon;
    fn try_from(points: Vec<[f32; 2]>) -> Result<Self, BadPolygon> {
        Self::new(points.into_iter().map(Point::from).collect())
    }
}
impl From<Polygon> for Vec<[f32; 2]> {
    fn from(polygon: Polygon) -> Self {
        polygon.0.into_iter().map(<[f32; 2]>::from).collect()
    }
}

fn shoelace<S>(points: &[Point<S>]) -> f32 {
    (0..points.len())
        .map(|i| {
            let (a, b) = (points[i], points[(i + 1) % points.len()]);
            a.x * b.y - b.x * a.y
        })
        .sum::<f32>()
        / 2.0
}

/// Keeps the part of a closed outline on which `inside` is not negative.
fn cut<S>(points: &[Point<S>], inside: impl Fn(Point<S>) -> f32) -> Vec<Point<S>> {
    let mut kept = Vec::with_capacity(points.len() + 2);
    for i in 0..points.len() {
        let (a, b) = (points[i], points[(i + 1) % points.len()]);
        let (da, db) = (inside(a), inside(b));
        if da >= 0.0 {
            kept.push(a);
        }
        if (da >= 0.0) != (db >= 0.0) {
            let t = da / (da - db);
            kept.push(Point::new(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)));
        }
    }
    kept
}

/// Whether two edges cross or touch: an outline that comes back to itself would count what it encloses twice.
fn segments_meet<S>(a: Point<S>, b: Point<S>, c: Point<S>, d: Point<S>) -> bool {
    let side = |p: Point<S>, q: Point<S>, r: Point<S>| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    let (c_side, d_side, a_side, b_side) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    let within = |p: Point<S>, q: Point<S>, r: Point<S>| {
        (p.x.min(q.x)..=p.x.max(q.x)).contains(&r.x) && (p.y.min(q.y)..=p.y.max(q.y)).contains(&r.y)
    };
    (c_side * d_side < 0.0 && a_side * b_side < 0.0)
        || (c_side == 0.0 && within(a, b, c))
        || (d_side == 0.0 && within(a, b, d))
        || (a_side == 0.0 && within(c, d, a))
        || (b_side == 0.0 && within(c, d, b))
}

/// A projective map, row-major 3x3, from frame fractions (pixel over frame width or height) to
/// [`ReferenceSpace`]. The identity when the view stands as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Homography(pub [[f64; 3]; 3]);

impl Homography {
    /// Nothing moved.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// Maps a pair of fractions.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let m = &self.0;
        let w = m[2][0] * x + m[2][1] * y + m[2][2];
        let w = if w.abs() < 1e-9 { 1e-9 } else { w };
        ((m[0][0] * x + m[0][1] * y + m[0][2]) / w, (m[1][0] * x + m[1][1] * y + m[1][2]) / w)
    }
    /// The map back.
    ///
    /// Returns `None` when the matrix cannot be inverted.
    pub fn inverse(&self) -> Option<Self> {
        let m = &self.0;
        let minor = |r0: usize, r1: usize, c0: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
        let det = m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
        if !det.is_finite() || det.abs() < 1e-12 {
            return None;
        }
        let d = 1.0 / det;
        Some(Self([
            [minor(1, 2, 1, 2) * d, -minor(0, 2, 1, 2) * d, minor(0, 1, 1, 2) * d],
            [-minor(1, 2, 0, 2) * d, minor(0, 2, 0, 2) * d, -minor(0, 1, 0, 2) * d],
            [minor(1, 2, 0, 1) * d, -minor(0, 2, 0, 1) * d, minor(0, 1, 0, 1) * d],
        ]))
    }
    /// A frame's box in reference coordinates: the box around its four mapped corners.
    pub fn to_reference(&self, bbox: &BBox<FrameSpace>, width_px: u32, height_px: u32) -> BBox<ReferenceSpace> {
        let (w, h) = (f64::from(width_px.max(1)), f64::from(height_px.max(1)));
        around(bbox.corners().map(|p| self.apply(f64::from(p.x) / w, f64::from(p.y) / h)))
    }
    /// A reference box in a frame's pixels; the identity is used where the map cannot be inverted.
    pub fn to_frame(&self, bbox: &BBox<ReferenceSpace>, width_px: u32, height_px: u32) -> BBox<FrameSpace> {
        let back = self.inverse().unwrap_or(Self::IDENTITY);
        let (w, h) = (f64::from(width_px), f64::from(height_px));
        around(bbox.corners().map(|p| {
            let (x, y) = back.apply(f64::from(p.x), f64::from(p.y));
            (x * w, y * h)
        }))
    }
}

fn around<S>(corners: [(f64, f64); 4]) -> BBox<S> {
    let fold = |pick: fn(&(f64, f64)) -> f64, best: fn(f64, f64) -> f64| {
        corners.iter().map(pick).reduce(best).unwrap_or(0.0) as f32
    };
    BBox::new(fold(|c| c.0, f64::min), fold(|c| c.1, f64::min), fold(|c| c.0, f64::max), fold(|c| c.1, f64::max))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square() -> Polygon {
        Polygon::try_from(vec![[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]).unwrap()
    }

    #[test]
    fn polygon_refuses_what_cannot_be_drawn() {
        let bow_tie = vec![[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]];
        assert_eq!(Polygon::try_from(bow_tie), Err(BadPolygon::Crosses(0, 2)));
        let twice_around = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]].repeat(2);
        assert_eq!(Polygon::try_from(twice_around), Err(BadPolygon::Crosses(0, 2)));
        let corner_on_an_edge = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0], [0.0, 1.0]];
        assert_eq!(Polygon::try_from(corner_on_an_edge), Err(BadPolygon::Crosses(0, 2)));
        let a_corner_put_twice = vec![[0.2, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]];
        assert!((Polygon::try_from(a_corner_put_twice).unwrap().area() - 0.36).abs() < 1e-6);
        assert_eq!(Polygon::try_from(vec![[0.0, 0.0], [1.0, 1.0]]), Err(BadPolygon::Points(2)));
        assert_eq!(Polygon::try_from(vec![[0.0, 0.0], [1.0, 1.2], [0.0, 1.0]]), Err(BadPolygon::Outside(1)));
        assert_eq!(Polygon::try_from(vec![[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]), Err(BadPolygon::Flat));
        assert_eq!(Polygon::try_from(vec![[f32::NAN, 0.0], [0.5, 0.5], [1.0, 1.0]]), Err(BadPolygon::Outside(0)));
    }

    #[test]
    fn share_of_a_box_is_the_covered_fraction() {
        assert!((square().share_of(&BBox::new(0.0, 0.2, 0.4, 0.8)) - 0.5).abs() < 1e-5);
        assert_eq!(square().share_of(&BBox::new(0.9, 0.9, 1.0, 1.0)), 0.0);
        assert!(square().contains(Point::new(0.5, 0.5)) && !square().contains(Point::new(0.1, 0.5)));
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in prop::array::uniform4(0.0_f32..100.0), b in prop::array::uniform4(0.0_f32..100.0)) {
            let (a, b) = (BBox::<FrameSpace>::from(a), BBox::from(b));
            prop_assert!((0.0..=1.0).contains(&a.iou(&b)));
            prop_assert!((a.iou(&b) - b.iou(&a)).abs() < 1e-6);
            prop_assert!(a.union(&b).area() + 1e-3 >= a.area().max(b.area()));
        }

        #[test]
        fn a_homography_and_its_inverse_cancel(dx in -0.1_f64..0.1, dy in -0.1_f64..0.1, r in -0.1_f64..0.1, p in -0.05_f64..0.05) {
            let h = Homography([[1.0 + r, -r, dx], [r, 1.0 - r, dy], [p, -p, 1.0]]);
            let (x, y) = h.apply(0.3, 0.7);
            let (bx, by) = h.inverse().unwrap().apply(x, y);
            prop_assert!((bx - 0.3).abs() < 1e-6 && (by - 0.7).abs() < 1e-6);
        }
    }
}
