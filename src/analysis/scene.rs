//! The scene: composes detections, the view's standing, zones and hours into sightings, and says how the
//! spots of places looked that were not seen. Pure; dwell and incidents are the place book's.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    appearance::describe,
    compose::candidates,
    lawful::{Civil, forbidding_zone},
    newness::{NewnessMap, passes},
    permit::is_permitted,
    place_book::Spot,
    trail::{Led, Trails},
};
use crate::domain::{
    Detection, Frame, Homography, Matter, MatterKey, OnRecord, Place, PlateNumber, ReadText, ReferenceDetection,
    Sighting, Sign, VehicleRegister, WallTime, Zone,
};

/// What a view is judged by.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The view's zones.
    pub zones: &'a [Zone],
    /// The view's signs; those that a person permitted are lawful wherever they stand.
    pub signs: &'a [Sign],
    /// What was seen when the view was last compared with its reference picture.
    pub before: &'a [ReferenceDetection],
    /// Where vehicles drove lately, by the matters that ask for it.
    pub trails: &'a BTreeMap<MatterKey, Trails>,
    /// The vehicles that the city has on record, for matters that read plates.
    pub register: &'a VehicleRegister,
    /// The matters that the look looks for.
    pub matters: &'a BTreeMap<MatterKey, Matter>,
    /// The city's civil time.
    pub civil: Civil<'a>,
}

/// A frame as it was registered against the view's reference picture.
#[derive(Clone, Copy)]
pub struct Registered<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// Its fractions to reference fractions.
    pub homography: &'a Homography,
    /// What the model saw in it.
    pub detections: &'a [Detection],
    /// What is new in it; matters that are about that are not judged without.
    pub newness: Option<&'a NewnessMap>,
}

impl<'a> Registered<'a> {
    /// All that was seen in it, in the whole and on a closer look at what is new.
    pub fn everything(&self) -> impl Iterator<Item = &'a Detection> + use<'a> {
        self.detections.iter().chain(self.newness.map_or(&[][..], NewnessMap::closer))
    }
}

/// Less of the spot than this inside the picture: the spot is hidden.
const IN_PICTURE_MIN: f32 = 0.6;
/// More of the spot than this behind one detection: the spot is hidden.
const COVERED_MAX: f32 = 0.4;
/// A spot that looks this much like its place has not changed, whatever the model says.
const UNCHANGED_LIKENESS: f32 = 0.85;
/// A trader who steps aside by half a width is still there.
const SAME_SPOT_IOU: f32 = 0.1;
/// A detection below this score hides nothing.
const HIDING_SCORE_MIN: f32 = 0.3;

/// Everything in the frame that may be one of the matters, lawful or not.
pub fn sightings(rules: Rules<'_>, seen: Registered<'_>) -> Vec<Sighting> {
    let (width, height) = (seen.frame.picture.width(), seen.frame.picture.height());
    let mut sightings = Vec::new();
    for matter in rules.matters.values() {
        let detections = match (&matter.newness, seen.newness) {
            (None, _) => Cow::Borrowed(seen.detections),
            (Some(asked), Some(newness)) => {
                let mut judged = newness.asked(asked).judged(seen.detections);
                judged.retain(|one| !only_passes(matter, one, rules.before, seen));
                Cow::Owned(judged)
            }
            (Some(_), None) => continue,
        };
        for candidate in candidates(matter, &detections) {
            let bbox = seen.homography.to_reference(&candidate.bbox, width, height);
            let read = candidate.anchor.text.as_deref().map(ReadText::new);
            let at = seen.frame.meta.judged_at();
            // A vehicle whose plate nobody could read is nobody's.
            if matter.plate.is_some() && read.is_none() {
                continue;
            }
            let is_lawful = read.as_ref().is_some_and(|read| match &matter.plate {
                Some(_) => is_on_record(rules.register, read, at, rules.civil),
                None => is_permitted(rules.signs, read, &bbox),
            });
            let zone = match is_lawful {
                true => None,
                false => forbidding_zone(rules.zones, matter, &bbox, at, rules.civil),
            };
            let led = matter.trail.as_ref().map(|asked| rules.trails.get(&matter.key)?.led(&bbox, at, asked));
            let accompanied = led.as_ref().map_or_else(|| candidate.is_complete(matter), Option::is_some);
            let left_by = led.flatten().and_then(|Led { plate }| plate);
            sightings.push(Sighting {
                matter: matter.key.clone(),
                class: candidate.anchor.class.clone(),
                score: candidate.anchor.score,
                bbox_frame: candidate.bbox,
                bbox,
                appearance: describe(&seen.frame.picture, &candidate.bbox),
                read: read.or(left_by),
                accompanied,
                zone: zone.map(|zone| (zone.id, zone.version)),
                frame: seen.frame.meta,
            });
        }
    }
    sightings
}

/// Whether it would keep a thing of the matter company, has to stay for that, and was not there in the look before.
fn only_passes(matter: &Matter, one: &Detection, before: &[ReferenceDetection], seen: Registered<'_>) -> bool {
    let asked = matter.composition.companion.as_ref().filter(|companion| companion.stays);
    let is_companion = |class: &str| asked.is_some_and(|asked| asked.part.classes.iter().any(|known| known == class));
    let bbox = || seen.homography.to_reference(&one.bbox, seen.frame.picture.width(), seen.frame.picture.height());
    is_companion(&one.class)
        && !before.iter().any(|other| other.class == one.class && other.bbox.iou(&bbox()) >= SAME_SPOT_IOU)
}

/// Whether the vehicle of this plate is on record on the day of `at`; what is no plate's number is not.
fn is_on_record(register: &VehicleRegister, plate: &ReadText, at: WallTime, civil: Civil<'_>) -> bool {
    let day = at.civil(civil.offset).date_naive();
    let number = plate.reveal().parse::<PlateNumber>();
    number.is_ok_and(|number| matches!(register.on_record(&number, day), OnRecord::Valid(_)))
}

/// Adds the sightings of a further frame of the same look: of two at one spot the surer stays.
pub fn merge(sightings: &mut Vec<Sighting>, further: Vec<Sighting>) {
    for new in further {
        match sightings.iter_mut().find(|old| old.matter == new.matter && old.bbox.iou(&new.bbox) >= 0.5) {
            Some(old) => {
                let accompanied = old.accompanied || new.accompanied;
                if new.score > old.score {
                    *old = new;
                }
                old.accompanied = accompanied;
            }
            None => sightings.push(new),
        }
    }
}

/// How the spot of a place looked in a frame in which the place was not seen.
///
/// Another thing of the matter's classes that stands where the place was (by the matter's least overlap)
/// does not hide it: it took its spot. Text lies on what is there and hides nothing.
pub fn spot(place: &Place, matter: &Matter, seen: Registered<'_>) -> Spot {
    let (width, height) = (seen.frame.picture.width(), seen.frame.picture.height());
    let bbox = seen.homography.to_frame(&place.bbox, width, height);
    let inside = bbox.clipped(width as f32, height as f32);
    if inside.area() < IN_PICTURE_MIN * bbox.area() || inside.area() < 1.0 {
        return Spot::Hidden;
    }
    if let (Some(asked), Some(newness)) = (&matter.newness, seen.newness) {
        // Nothing can be said of a spot before which somebody stands; what is new on it still stands there.
        let hides = |other: &Detection| passes(other) && bbox.covered_by(&other.bbox) > COVERED_MAX;
        return match newness.asked(asked).in_box(&bbox).filter(|_| !seen.everything().any(hides)) {
            None => Spot::Hidden,
            Some(newness) if newness >= asked.from => Spot::Unchanged,
            Some(_) => Spot::Clear,
        };
    }
    let takes_the_spot = |other: &Detection| {
        matter.composition.anchor.classes.iter().any(|class| **class == *other.class)
            && other.bbox.iou(&bbox) >= matter.matching.iou_min
    };
    let mut covering = seen
        .detections
        .iter()
        .filter(|other| other.score.value() >= HIDING_SCORE_MIN && bbox.covered_by(&other.bbox) > COVERED_MAX)
        .filter(|other| !other.is_text() || takes_the_spot(other));
    if covering.clone().any(takes_the_spot) {
        return Spot::Clear;
    }
    if covering.next().is_some() {
        return Spot::Hidden;
    }
    let likeness = describe(&seen.frame.picture, &inside).likeness(&place.appearance);
    let unchanged = likeness.is_some_and(|likeness| likeness >= UNCHANGED_LIKENESS.max(matter.matching.likeness_min));
    if unchanged { Spot::Unchanged } else { Spot::Clear }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::{
        analysis::{
            fixtures::{matter, meta, zone},
            place_book::PlaceBook,
        },
        domain::{BBox, Picture, RegisteredVehicle, Score, ViewId, WallTime, ZoneKind},
    };

    /// A street of grey with a striped thing on it, 200x200.
    fn frame(thing: Option<[u32; 4]>) -> Frame {
        let mut rgb = Vec::new();
        for y in 0..200_u32 {
            for x in 0..200_u32 {
                let on = thing.is_some_and(|[x0, y0, x1, y1]| (x0..x1).contains(&x) && (y0..y1).contains(&y));
                let value =
                    if on { if (x / 6) % 2 == 0 { 230 } else { 20 } } else { 100 + ((x * 7 + y * 13) % 17) as u8 };
                rgb.extend_from_slice(&[value, value, if on { 60 } else { value }]);
            }
        }
        Frame { meta: meta(0), picture: Picture::from_rgb(200, 200, rgb).unwrap() }
    }

    fn detection(class: &str, bbox: [f32; 4]) -> Detection {
        Detection { class: class.into(), score: Score::new(0.8).unwrap(), bbox: BBox::from(bbox), text: None }
    }

    fn seen<'a>(frame: &'a Frame, detections: &'a [Detection]) -> Registered<'a> {
        Registered { frame, homography: &Homography::IDENTITY, detections, newness: None }
    }

    fn with_rules<T>(zones: &[Zone], run: impl FnOnce(Rules<'_>) -> T) -> T {
        let matters = BTreeMap::from([(matter().key, matter())]);
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let (register, trails) = (VehicleRegister::default(), BTreeMap::new());
        run(Rules { zones, signs: &[], before: &[], trails: &trails, register: &register, matters: &matters, civil })
    }

    #[test]
    fn a_car_in_the_zone_is_forbidden_and_one_beside_it_is_not() {
        let frame = frame(None);
        let detections = [detection("car", [80.0, 80.0, 120.0, 120.0]), detection("car", [0.0, 0.0, 20.0, 20.0])];
        let zones = [zone(ZoneKind::Strict)];
        let sightings = with_rules(&zones, |rules| sightings(rules, seen(&frame, &detections)));
        assert_eq!(sightings.iter().map(|s| s.zone.is_some()).collect::<Vec<_>>(), [true, false]);
        assert_eq!(sightings[0].bbox, BBox::from([0.4, 0.4, 0.6, 0.6]));
    }

    #[test]
    fn a_permitted_sign_is_lawful_and_another_text_at_its_place_is_not() {
        let frame = frame(None);
        let matters = BTreeMap::from([(matter().key, matter())]);
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let (view, text, bbox) =
            (ViewId::derived(&[b"v"]), ReadText::new("好又多超市"), BBox::from([0.4_f32, 0.4, 0.6, 0.6]));
        let at = WallTime::from_millis(0);
        let id = Sign::id_of(view, 1, &text, &bbox);
        let sign = Sign { id, view, reference: 1, text, bbox, read_at: at, permitted: Some(("王".into(), at)) };
        let zones = [zone(ZoneKind::Strict)];
        for (said, signs, is_forbidden) in [
            ("好又多 超市", std::slice::from_ref(&sign), false),
            ("隆重开业全场五折", std::slice::from_ref(&sign), true),
            ("好又多 超市", &[], true),
        ] {
            let detections = [Detection { text: Some(said.into()), ..detection("car", [80.0, 80.0, 120.0, 120.0]) }];
            let (register, trails, zones) = (VehicleRegister::default(), BTreeMap::new(), &zones);
            let rules =
                Rules { zones, signs, before: &[], trails: &trails, register: &register, matters: &matters, civil };
            let sightings = sightings(rules, seen(&frame, &detections));
            assert_eq!((sightings.len(), sightings[0].zone.is_some()), (1, is_forbidden), "{said}");
            assert_eq!(sightings[0].read, Some(ReadText::new(said)));
        }
    }

    #[test]
    fn a_vehicle_is_reported_by_its_plate_unless_it_is_on_record_that_day() {
        let frame = frame(None);
        let plate = crate::domain::PlateReading { model: "plates".into(), frames_min: 3, agreement_min: 0.6 };
        let asks = Matter { plate: Some(plate), ..matter() };
        let matters = BTreeMap::from([(asks.key.clone(), asks)]);
        let civil = Civil { offset: FixedOffset::east_opt(8 * 3600).unwrap(), is_holiday: &|_| false };
        let until = |day: &str| RegisteredVehicle { company: "示例".into(), valid_until: day.parse().unwrap() };
        let today = frame.meta.judged_at().civil(civil.offset).date_naive();
        let mut register = VehicleRegister::default();
        register.insert("川A12345".parse().unwrap(), until(&today.to_string()));
        register.insert("川A54321".parse().unwrap(), until(&today.pred_opt().unwrap().to_string()));
        let zones = [zone(ZoneKind::Strict)];
        for (plate, forbidden) in [
            (Some("川A12345"), Some(false)),
            (Some("川A54321"), Some(true)),
            (Some("川A99999"), Some(true)),
            (None, None),
        ] {
            let detections =
                [Detection { text: plate.map(Into::into), ..detection("car", [80.0, 80.0, 120.0, 120.0]) }];
            let (signs, trails, zones) = (&[], BTreeMap::new(), &zones);
            let rules =
                Rules { zones, signs, before: &[], trails: &trails, register: &register, matters: &matters, civil };
            let sightings = sightings(rules, seen(&frame, &detections));
            assert_eq!(sightings.first().map(|one| one.zone.is_some()), forbidden, "{plate:?}");
        }
    }

    #[test]
    fn who_must_stay_was_there_in_the_look_before() {
        let frame = frame(None);
        let mut stall = crate::analysis::compose::tests::matter("stall", &["cart"], Some(&["person"]));
        stall.composition.companion.as_mut().unwrap().stays = true;
        let seen = seen(&frame, &[]);
        let before = |x0: f32| {
            [ReferenceDetection {
                class: "person".into(),
                score: Score::new(0.8).unwrap(),
                bbox: BBox::from([x0, 0.4, x0 + 0.1, 0.7]),
                permitted: false,
            }]
        };
        let person = detection("person", [80.0, 80.0, 100.0, 140.0]);
        assert!(!only_passes(&stall, &person, &before(0.45), seen), "half a width aside");
        assert!(only_passes(&stall, &person, &before(0.55), seen), "another one");
        assert!(only_passes(&stall, &person, &[], seen));
        assert!(!only_passes(&stall, &detection("cart", [80.0, 80.0, 100.0, 140.0]), &[], seen), "a thing");
        stall.composition.companion.as_mut().unwrap().stays = false;
        assert!(!only_passes(&stall, &person, &[], seen));
    }

    #[test]
    fn not_visible_is_not_clear() {
        let here = [80, 80, 120, 120];
        let with_car = frame(Some(here));
        let car = [detection("car", [80.0, 80.0, 120.0, 120.0])];
        let zones = [zone(ZoneKind::Strict)];
        let first = with_rules(&zones, |rules| sightings(rules, seen(&with_car, &car)));
        let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
        let matters = BTreeMap::from([(matter().key, matter())]);
        book.observe(
            &matters,
            WallTime::from_millis(0),
            &first,
            |_| Spot::Clear,
            |place, _| super::super::place_book::Answer::Passed { score: place.score, weights: None },
        );
        let place = book.places().next().unwrap().clone();
        let empty = frame(None);
        let lorry = [detection("truck", [20.0, 20.0, 180.0, 180.0])];
        let other_car = [detection("car", [82.0, 82.0, 122.0, 122.0])];
        let shop_sign = [Detection { text: Some("超市".into()), ..detection("sign", [20.0, 20.0, 180.0, 180.0]) }];
        let away = Homography([[1.0, 0.0, 0.7], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!(spot(&place, &matter(), seen(&empty, &[])), Spot::Clear, "gone");
        assert_eq!(spot(&place, &matter(), seen(&with_car, &[])), Spot::Unchanged, "the model missed it");
        assert_eq!(spot(&place, &matter(), seen(&empty, &lorry)), Spot::Hidden, "behind a lorry");
        assert_eq!(spot(&place, &matter(), seen(&empty, &other_car)), Spot::Clear, "another car took the spot");
        assert_eq!(spot(&place, &matter(), seen(&empty, &shop_sign)), Spot::Clear, "a sign behind hides nothing");
        let turned = Registered { homography: &away, ..seen(&empty, &[]) };
        assert_eq!(spot(&place, &matter(), turned), Spot::Hidden, "out of the picture");
    }

    #[test]
    fn frames_of_one_look_give_one_sighting_a_thing() {
        let frame = frame(None);
        let zones = [zone(ZoneKind::Strict)];
        let see = |bbox| with_rules(&zones, |rules| sightings(rules, seen(&frame, &[detection("car", bbox)])));
        let mut all = see([80.0, 80.0, 120.0, 120.0]);
        merge(&mut all, see([82.0, 80.0, 122.0, 120.0]));
        merge(&mut all, see([130.0, 80.0, 160.0, 120.0]));
        assert_eq!(all.len(), 2);
    }
}
