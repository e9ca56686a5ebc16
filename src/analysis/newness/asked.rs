//! What is new for a matter: its head's classes, or what the cosine says, from its threshold on.

use std::sync::Arc;

use super::{NewnessMap, holds, passes, said::COSINE};
use crate::domain::{BBox, Detection, FrameSpace, NEW_THING, Newness, Score, new_class};

/// What hangs together must be, to be a thing.
struct Shape {
    /// So many patches.
    patches_min: usize,
    /// Two of them or more each way, and apart from who passes.
    is_hem_refused: bool,
    /// So much of the outer patches is beside it.
    rim_share: f32,
}

/// By the cosine a stripe is light or somebody's side, and the outer patches of a thing show half of it in the mean.
const BY_COSINE: Shape = Shape { patches_min: 4, is_hem_refused: true, rim_share: 0.5 };
/// A head tells people and light from things, and names a patch from a third of it on: a cloth with goods or a spill is flat.
const BY_HEAD: Shape = Shape { patches_min: 2, is_hem_refused: false, rim_share: 0.0 };
/// Of a thing of which at least this share of the patches lies in or right beside who passes, nothing else is known.
const BESIDE_SHARE_MIN: f32 = 0.4;
/// How far beside, in patches: newness wears off around people, too.
const BESIDE_PATCHES: f32 = 0.5;
/// A thing that overlaps what the comparing model names by more than this (IoU) is that,
const KNOWN_IOU_MIN: f32 = 0.3;
/// and so is one of which more than this lies in it.
const KNOWN_COVERED_MIN: f32 = 0.6;
/// What is new over more than this share of the view is no thing: the light, the snow, another view.
const THING_SHARE_MAX: f32 = 0.4;
/// By the cosine patches this much as new as the newest tenth of those they hang together with are the thing, the others its
/// surroundings; a head's patches are the thing, all of them.
/// Of .5, .65 and .8 with `from` .2 to .35 the middle one gave the best boxes in six composed clips (training/compose_stalls.py).
const STRONG_SHARE: f32 = 0.65;
/// Who passes where one stood in the reference picture, by this overlap (IoU), stood there before.
const STOOD_IOU: f32 = 0.5;
/// A named thing that is this much less new than a patch has to be was there before.
const NAMED_SHARE: f32 = 0.5;

/// A comparison as a matter asks for it.
pub struct Asked<'a> {
    map: &'a NewnessMap,
    /// Least newness of a patch.
    from: f32,
    by: By,
}

/// Layers of a comparison.
#[derive(PartialEq)]
struct By {
    /// What the matter is about, each with the class of such a thing.
    about: Vec<(usize, Arc<str>)>,
    /// All that a thing with a name can be new by.
    any: Vec<usize>,
    /// Who and what passes.
    passes: Vec<usize>,
    /// Whether a head says it.
    is_head: bool,
}

impl By {
    fn new(map: &NewnessMap, asked: &Newness) -> Self {
        let Some(head) = &asked.head else {
            return Self {
                about: vec![(COSINE, NEW_THING.into())],
                any: vec![COSINE],
                passes: Vec::new(),
                is_head: false,
            };
        };
        let layer = |class: &Arc<str>| Some(map.classes.iter().position(|known| known == class)? + COSINE + 1);
        let about = head.classes.iter().filter_map(|class| Some((layer(class)?, new_class(class).into()))).collect();
        let any = map.classes.iter().filter(|class| !head.passes.contains(class)).filter_map(layer).collect();
        Self { about, any, passes: head.passes.iter().filter_map(layer).collect(), is_head: true }
    }
}

impl<'a> Asked<'a> {
    pub(super) fn new(map: &'a NewnessMap, asked: &Newness) -> Self {
        Self { map, from: asked.from, by: By::new(map, asked) }
    }

    /// Of those who ask for the same alike one, by the lowest threshold.
    pub(super) fn all(map: &'a NewnessMap, asked: &[&Newness]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for one in asked {
            let by = By::new(map, one);
            match all.iter_mut().find(|other| other.by == by) {
                Some(other) => other.from = other.from.min(one.from),
                None => all.push(Self { map, from: one.from, by }),
            }
        }
        all
    }

    /// How new a patch is for the matter; `None` where nothing can be said.
    fn newness(&self, at: usize) -> Option<f32> {
        self.highest(self.by.about.iter().map(|(layer, _)| *layer), at)
    }

    fn highest(&self, layers: impl Iterator<Item = usize>, at: usize) -> Option<f32> {
        layers.filter_map(|layer| self.map.middle(layer, &self.by.passes, at)).reduce(f32::max)
    }

    /// The mean in a box of the frame of what is said of its patches; `None` where nothing can be said about any of them.
    fn mean(&self, bbox: &BBox<FrameSpace>, newness: impl Fn(usize) -> Option<f32>) -> Option<f32> {
        let raster = &self.map.raster;
        let inside = raster.touching(bbox).filter(|at| holds(bbox, &raster.patch(*at)));
        let found: Vec<f32> = inside.filter_map(newness).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f32>() / found.len() as f32)
    }

    /// The mean newness in a box of the frame; `None` where nothing can be said about any patch of it.
    pub fn in_box(&self, bbox: &BBox<FrameSpace>) -> Option<f32> {
        self.mean(bbox, |at| self.newness(at))
    }

    /// The highest that any one of the latest comparisons says of a patch that reaches into a box of the frame; `None` where none
    /// says anything.
    pub fn highest_in_box(&self, bbox: &BBox<FrameSpace>) -> Option<f32> {
        let raster = &self.map.raster;
        let inside = raster.touching(bbox).filter(|at| raster.patch(*at).covered_by(bbox) > 0.0);
        let said = |at| self.by.about.iter().flat_map(move |(layer, _)| self.map.said(*layer, &self.by.passes, at));
        inside.flat_map(said).reduce(f32::max)
    }

    /// The mean newness of a thing with a name: whatever the head calls it.
    fn named_in_box(&self, bbox: &BBox<FrameSpace>) -> Option<f32> {
        self.mean(bbox, |at| self.highest(self.by.any.iter().copied(), at))
    }

    /// What the matter judges of what was seen, in the whole frame and closely: named things that were not there before, new
    /// things without a name, and who passes and did not stand there before.
    pub fn judged(&self, seen: &[Detection]) -> Vec<Detection> {
        let is_new = |one: &&Detection| match passes(one) {
            true => !self.map.stood.iter().any(|bbox| bbox.iou(&one.bbox) >= STOOD_IOU),
            false => self.named_in_box(&one.bbox).is_none_or(|newness| newness >= self.from * NAMED_SHARE),
        };
        seen.iter().chain(&self.map.closer).filter(is_new).cloned().chain(self.things()).collect()
    }

    /// New patches that hang together, as things of the class [`NEW_THING`], or of that of the head's classes that is highest
    /// in them. The cosine's newness wears off around a thing over two patches and joins it with its neighbours: a thing
    /// is where it is strong. The score orders things and is no likelihood: one half at the threshold.
    pub(super) fn things(&self) -> Vec<Detection> {
        let raster = &self.map.raster;
        let patches: Vec<Option<f32>> = (0..raster.len()).map(|at| self.newness(at)).collect();
        let is_new = |at: &usize| patches[*at].is_some_and(|newness| newness >= self.from);
        let new: Vec<usize> = (0..patches.len()).filter(is_new).collect();
        let mut things = Vec::new();
        for whole in raster.hanging_together(&new) {
            if whole.len() as f32 > THING_SHARE_MAX * patches.len() as f32 {
                continue;
            }
            if self.by.is_head {
                things.extend(self.thing(&whole, &patches));
                continue;
            }
            let mut newness: Vec<f32> = whole.iter().filter_map(|at| patches[*at]).collect();
            newness.sort_by(f32::total_cmp);
            let least = (STRONG_SHARE * newness[(newness.len() - 1) * 9 / 10]).max(self.from);
            let is_strong = |at: &usize| patches[*at].is_some_and(|newness| newness >= least);
            let strong: Vec<usize> = whole.into_iter().filter(is_strong).collect();
            things.extend(raster.hanging_together(&strong).iter().filter_map(|part| self.thing(part, &patches)));
        }
        things
    }

    /// The patches as one thing, if they are any.
    fn thing(&self, part: &[usize], patches: &[Option<f32>]) -> Option<Detection> {
        let (raster, known) = (&self.map.raster, &self.map.known);
        let newness = part.iter().filter_map(|at| patches[*at]).sum::<f32>() / part.len() as f32;
        let whole = part.iter().map(|at| raster.patch(*at)).reduce(|a, b| a.union(&b))?;
        let shape = if self.by.is_head { BY_HEAD } else { BY_COSINE };
        let is_stripe = whole.width() < raster.patch_px[0] * 1.5 || whole.height() < raster.patch_px[1] * 1.5;
        let [x, y] = raster.patch_px.map(|px| px * shape.rim_share);
        let bbox = BBox::new(whole.x0() + x, whole.y0() + y, whole.x1() - x, whole.y1() - y);
        let is_known =
            known.iter().any(|one| bbox.iou(one) > KNOWN_IOU_MIN || bbox.covered_by(one) > KNOWN_COVERED_MIN);
        let is_hem = shape.is_hem_refused && (is_stripe || self.is_beside_who_passes(&bbox));
        if part.len() < shape.patches_min || is_hem || is_known {
            return None;
        }
        let score = Score::new(newness / (newness + self.from)).unwrap_or(Score::ZERO);
        Some(Detection { class: self.class(part)?, score, bbox, text: None })
    }

    /// The class that is highest in the patches, of equal ones the first that the matter names.
    fn class(&self, part: &[usize]) -> Option<Arc<str>> {
        let sum = |layer: usize| part.iter().filter_map(|at| self.map.middle(layer, &self.by.passes, *at)).sum::<f32>();
        let by_class = self.by.about.iter().map(|(layer, class)| (sum(*layer), class));
        by_class.reduce(|best, one| if one.0 > best.0 { one } else { best }).map(|(_, class)| Arc::clone(class))
    }

    fn is_beside_who_passes(&self, bbox: &BBox<FrameSpace>) -> bool {
        let raster = &self.map.raster;
        let [dx, dy] = raster.patch_px.map(|px| px * BESIDE_PATCHES);
        let grown = |one: &BBox<FrameSpace>| BBox::new(one.x0() - dx, one.y0() - dy, one.x1() + dx, one.y1() + dy);
        let passing: Vec<_> = self.map.passing.iter().map(grown).collect();
        let inside: Vec<_> =
            raster.touching(bbox).map(|at| raster.patch(at)).filter(|patch| holds(bbox, patch)).collect();
        let beside = inside.iter().filter(|patch| passing.iter().any(|one| holds(one, patch))).count();
        beside as f32 >= BESIDE_SHARE_MIN * inside.len() as f32 && beside > 0
    }
}
