//! Trails: over which ground of a view vehicles drove lately, and whether it was clear before. What lies on a road is a
//! vehicle's only where the ground was clear, the vehicle drove over it, and then it is new. Pure; kept in cells of the reference
//! picture, so that a busy road costs no more than an empty one, and forgotten with the process.

use std::{collections::BTreeMap, time::Duration};

use crate::domain::{BBox, LookId, ReadText, ReferenceSpace, TrackId, Trail, WallTime};

/// Cells across and down.
const CELLS: [usize; 2] = [64, 36];
/// A vehicle stands on the ground in this lower share of its box: from the side 2.5 m of ground are so high beside 3 m of lorry where a
/// camera on a pole sees them 15 to 20 m away. Who drives towards it or away passes over the rest by and by.
const WHEELS_SHARE: f32 = 0.25;
/// Steps of a vehicle that are further apart in time are two ways: nobody saw where it drove in between.
const GAP_MAX: Duration = Duration::from_secs(2);
/// Boxes that are put between two steps at most.
const BETWEEN_MAX: usize = 64;
/// Ground that was found clear more often since was left clear.
const CLEAR_SINCE_MAX: u8 = 1;

/// One vehicle: a track of a look that watches, or a box of one that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vehicle {
    /// The look.
    pub look: LookId,
    /// Its number there.
    pub track: TrackId,
}

/// A part of a vehicle's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Whose.
    pub vehicle: Vehicle,
    /// The number on which its frames agree, where somebody asked for it.
    pub plate: Option<ReadText>,
    /// Its boxes, oldest first.
    pub steps: Vec<(WallTime, BBox<ReferenceSpace>)>,
}

/// Whose trail something lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Led {
    /// The plate of the only vehicle that drove there; `None` where it was not read, or several drove.
    pub plate: Option<ReadText>,
}

/// What a comparison found on a piece of ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: a trail can be laid.
    Clear,
    /// Something that may be new, or the edge of what is: it is not known to be clear, and takes no trail.
    Doubtful,
    /// Something new.
    New,
}

/// The trails of a view.
#[derive(Clone, Debug)]
pub struct Trails {
    cells: Vec<Cell>,
    /// Of vehicles that left a trail that is still there.
    plates: BTreeMap<Vehicle, ReadText>,
}

/// What is known of a piece of ground.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    ground: Ground,
    laid: Option<Laid>,
}

/// What the latest comparison that could say something said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Ground {
    #[default]
    Unknown,
    Clear(WallTime),
    Doubtful,
    New,
}

#[derive(Clone, Copy, Debug)]
struct Laid {
    at: WallTime,
    /// `None`: several drove there.
    by: Option<Vehicle>,
    /// So often was the ground found clear since.
    clear_since: u8,
}

impl Default for Trails {
    fn default() -> Self {
        Self { cells: vec![Cell::default(); CELLS[0] * CELLS[1]], plates: BTreeMap::new() }
    }
}

impl Trails {
    /// A vehicle drove. Only ground that was found clear within `within` before takes a trail: what lay there already is not
    /// this vehicle's, and the trail of an earlier one stays.
    pub fn lay(&mut self, way: &Way, within: Duration) {
        if let Some(plate) = &way.plate {
            self.plates.insert(way.vehicle, plate.clone());
        }
        let mut before: Option<(WallTime, BBox<ReferenceSpace>)> = None;
        for &(at, bbox) in &way.steps {
            let from = before.filter(|(earlier, _)| at.since(*earlier) <= GAP_MAX).map_or(bbox, |(_, bbox)| bbox);
            for between in steps(&from, &bbox) {
                self.roll(&wheels(&between), way.vehicle, at, within);
            }
            before = Some((at, bbox));
        }
    }

    fn roll(&mut self, wheels: &BBox<ReferenceSpace>, vehicle: Vehicle, at: WallTime, within: Duration) {
        for index in within_box(wheels) {
            let cell = &mut self.cells[index];
            let Ground::Clear(found) = cell.ground else { continue };
            if found > at || at.since(found) > within {
                continue;
            }
            let is_shared = cell.laid.is_some_and(|laid| laid.by != Some(vehicle) && laid.holds(at, within));
            cell.laid = Some(Laid { at, by: (!is_shared).then_some(vehicle), clear_since: 0 });
        }
    }

    /// The view was compared with its reference picture at `at`. `found` tells what is on a piece of the ground; `None` where nothing
    /// can be said, and then what was said before stands.
    pub fn compared(&mut self, at: WallTime, found: impl Fn(&BBox<ReferenceSpace>) -> Option<Found>) {
        for index in 0..self.cells.len() {
            let cell = &mut self.cells[index];
            match found(&bbox_of(index)) {
                None => {}
                Some(Found::New) => cell.ground = Ground::New,
                Some(Found::Doubtful) => cell.ground = Ground::Doubtful,
                Some(Found::Clear) => {
                    cell.ground = Ground::Clear(at);
                    if let Some(laid) = &mut cell.laid {
                        laid.clear_since = laid.clear_since.saturating_add(1);
                    }
                    cell.laid = cell.laid.filter(|laid| laid.clear_since <= CLEAR_SINCE_MAX);
                }
            }
        }
        let cells = &self.cells;
        self.plates
            .retain(|vehicle, _| cells.iter().any(|cell| cell.laid.is_some_and(|laid| laid.by == Some(*vehicle))));
    }

    /// Whether enough of what is new in the box lies on trails that are no older than the matter asks for.
    pub fn led(&self, bbox: &BBox<ReferenceSpace>, at: WallTime, asked: &Trail) -> Option<Led> {
        let mut cells: Vec<&Cell> = within_box(bbox).map(|index| &self.cells[index]).collect();
        if cells.iter().any(|cell| cell.ground == Ground::New) {
            cells.retain(|cell| cell.ground == Ground::New);
        }
        let laid: Vec<Laid> =
            cells.iter().filter_map(|cell| cell.laid).filter(|laid| laid.holds(at, asked.within)).collect();
        if laid.is_empty() || (laid.len() as f32) < asked.share_min * cells.len() as f32 {
            return None;
        }
        let first = laid[0].by;
        let only = first.filter(|_| laid.iter().all(|laid| laid.by == first));
        Some(Led { plate: only.and_then(|vehicle| self.plates.get(&vehicle).cloned()) })
    }
}

impl Laid {
    fn holds(&self, at: WallTime, within: Duration) -> bool {
        at.since(self.at) <= within
    }
}

fn wheels(bbox: &BBox<ReferenceSpace>) -> BBox<ReferenceSpace> {
    BBox::new(bbox.x0(), bbox.y1() - WHEELS_SHARE * bbox.height(), bbox.x1(), bbox.y1())
}

/// From behind one box to the next one, so that each overlaps the one before by half.
fn steps(from: &BBox<ReferenceSpace>, to: &BBox<ReferenceSpace>) -> impl Iterator<Item = BBox<ReferenceSpace>> + use<> {
    let (a, b) = (from.to_array(), to.to_array());
    let share = |apart: f32, side: f32| if side > 0.0 { apart.abs() / side } else { 0.0 };
    let wheels = wheels(from);
    let across = share(b[0] - a[0], wheels.width()).max(share(b[2] - a[2], wheels.width()));
    let down = share(b[3] - a[3], wheels.height());
    let count = ((across.max(down) * 2.0).ceil() as usize).clamp(1, BETWEEN_MAX);
    (1..=count).map(move |step| {
        let part = step as f32 / count as f32;
        BBox::from(std::array::from_fn::<f32, 4, _>(|side| a[side] + (b[side] - a[side]) * part))
    })
}

/// The cells whose middle lies in the box; for a small box the one it lies in.
fn within_box(bbox: &BBox<ReferenceSpace>) -> impl Iterator<Item = usize> + use<> {
    let range = |low: f32, high: f32, count: usize| {
        let first = (low * count as f32 - 0.5).ceil().clamp(0.0, count as f32) as usize;
        let end = ((high * count as f32 - 0.5).floor() + 1.0).clamp(0.0, count as f32) as usize;
        if first < end || high <= 0.0 || low >= 1.0 {
            return first..end;
        }
        let middle = (((low + high) / 2.0 * count as f32) as usize).min(count - 1);
        middle..middle + 1
    };
    let columns = range(bbox.x0(), bbox.x1(), CELLS[0]);
    range(bbox.y0(), bbox.y1(), CELLS[1])
        .flat_map(move |row| columns.clone().map(move |column| row * CELLS[0] + column))
}

fn bbox_of(index: usize) -> BBox<ReferenceSpace> {
    let [across, down] = CELLS.map(|count| 1.0 / count as f32);
    let (x, y) = ((index % CELLS[0]) as f32 * across, (index / CELLS[0]) as f32 * down);
    BBox::new(x, y, x + across, y + down)
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
