//! Matters from `pipelines/<key>.toml`: raw, checked, as values of the domain. Reads no file itself and
//! knows no model: whether the classes exist is checked where the model's manifest is loaded.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{
    City, MatterOverride, TextFile,
    fault::{Checker, Fault},
    second_look::{self, RawExemplars, RawNewness, RawPlate, RawScan, RawShadow, RawVerify},
};
use crate::domain::{
    Clearing, Companion, Composition, DecodeMode, Dwell, Matching, Matter, MatterCodes, MatterKey, Part, PlatePolicy,
    Score, Trail, ZoneTest,
};

/// A pipeline file as written. Every key is needed unless it says otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMatter {
    /// Name in the standard, Chinese.
    name: Option<String>,
    /// Name for people who read English.
    name_en: Option<String>,
    /// GB/T 47678.5-2026, 5 digits.
    code_2026: Option<String>,
    /// GB/T 30428.2-2013, `04-09`; left out where the matter did not exist.
    code_2013: Option<String>,
    /// Folder below `models/`.
    model: Option<String>,
    /// Folder below `models/` of the model that finds who must be hidden; may be left out where `model` finds people itself.
    hide_by: Option<String>,
    /// What finding it rests on: `trained`, `few_shot` or `composed`.
    level: Option<String>,
    /// The second look before it is reported; may be left out.
    verify: Option<RawVerify>,
    /// The slow look at the whole view; may be left out.
    scan: Option<RawScan>,
    /// Only what the reference picture does not show; may be left out.
    newness: Option<RawNewness>,
    /// Only where somebody drove shortly before; may be left out.
    trail: Option<RawTrail>,
    /// A new model that is tried beside `model`; may be left out.
    shadow: Option<RawShadow>,
    /// The plates of its vehicles; may be left out.
    plate: Option<RawPlate>,
    /// How alike exemplars must be; may be left out.
    exemplars: Option<RawExemplars>,
    /// `mask_all` or `show_anchor`.
    plates: Option<String>,
    /// What stays.
    anchor: RawAnchor,
    /// What must stand near; may be left out.
    companion: Option<RawCompanion>,
    /// How the box is tested against zones.
    zone_test: RawZoneTest,
    /// When it counts.
    dwell: RawDwell,
    /// When it is gone.
    clearing: RawClearing,
    /// Until when it is the same incident again.
    recurrence: RawRecurrence,
    /// How sightings find their place.
    matching: RawMatching,
    /// What a look for it costs.
    look: RawLook,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawAnchor {
    /// Class names of the model.
    classes: Vec<String>,
    /// Least score, 0..=1.
    score_min: Option<f32>,
    /// Anchors with at most this gap, in heights of the higher one, are one thing; each is by itself where it is left out.
    gather_max_heights: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCompanion {
    /// Class names of the model.
    classes: Vec<String>,
    /// Least score, 0..=1.
    score_min: Option<f32>,
    /// Largest gap between the boxes, in heights of the companion.
    distance_max_heights: Option<f32>,
    /// Share of the looks that saw the anchor, 0..=1.
    share_min: Option<f32>,
    /// So many anchors of the model's classes, gathered, do without it; none do where it is left out.
    or_anchors: Option<u32>,
    /// Whether it must have been there in the look before, too; not where it is left out. Only for matters with `[newness]`.
    stays: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTrail {
    /// Class names of the model: who leaves something behind.
    classes: Vec<String>,
    /// Least score, 0..=1.
    score_min: Option<f32>,
    /// Seconds since they drove there, and from when the ground was last found clear to that, at most.
    within_s: Option<u64>,
    /// Least share of what is new that lies where they drove, 0..=1.
    share_min: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawZoneTest {
    /// `bottom_centre` or `overlap`.
    kind: Option<String>,
    /// For `overlap`: share of the box inside the zone.
    share_min: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDwell {
    /// Seconds from first to latest sighting.
    time_s: Option<u64>,
    /// Least number of looks that saw it.
    sightings_min: Option<u32>,
    /// Least share of the looks in which its spot was visible.
    seen_share_min: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawClearing {
    /// Clean looks in a row.
    looks: Option<u32>,
    /// Seconds over which they must stretch.
    over_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRecurrence {
    /// Seconds after clearing within which the same incident reopens.
    reopen_within_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMatching {
    /// Least overlap (IoU), 0..=1.
    iou_min: Option<f32>,
    /// Least cosine of appearances, -1..=1.
    likeness_min: Option<f32>,
    /// Seconds unseen after which likeness is asked for.
    gap_max_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLook {
    /// Seconds between looks.
    revisit_s: Option<u64>,
    /// `key_frames`, `rate` or `all`.
    decode: Option<String>,
    /// For `rate`: frames a second.
    fps: Option<f32>,
    /// Frames judged in a look.
    frames: Option<u32>,
    /// Share of a short budget; 1 where it is left out.
    weight: Option<f32>,
    /// Seconds within which it is judged at most once, however often the view is looked at; in every look where it is left out.
    every_s: Option<u64>,
}

/// Longest time that a pipeline may name: 30 days in seconds.
pub(super) const TIME_S_MAX: u64 = 30 * 86_400;

/// Checks all pipeline files against each other and the city's catalogue, and applies the deployment's overrides.
pub(super) fn check_all(
    files: &[TextFile],
    overrides: &BTreeMap<MatterKey, MatterOverride>,
    settings_file: &str,
    city: &City,
    faults: &mut Vec<Fault>,
) -> BTreeMap<MatterKey, Matter> {
    let mut matters = BTreeMap::new();
    for file in files {
        let mut check = Checker::new(&file.name, faults);
        let stem = file.name.rsplit(['/', '\\']).next().unwrap_or("").trim_end_matches(".toml");
        let Some(key) = check.parsed("", stem, "a file name of a-z, 0-9 and _, ending .toml", str::parse::<MatterKey>)
        else {
            continue;
        };
        let matter = check_one(&key, &file.text, &mut check);
        check_codes(&matter, city, &mut check);
        matters.insert(key, matter);
    }
    let mut check = Checker::new(settings_file, faults);
    for (key, change) in overrides {
        match matters.get_mut(key) {
            Some(matter) => change.apply(matter),
            None => check.fault(&format!("matters.{key}"), "a matter without a pipeline", known(matters.keys())),
        }
    }
    matters
}

fn known<'a>(keys: impl Iterator<Item = &'a MatterKey>) -> String {
    format!("one of {}", keys.map(MatterKey::as_str).collect::<Vec<_>>().join(", "))
}

fn check_one(key: &MatterKey, text: &str, check: &mut Checker<'_>) -> Matter {
    let raw: RawMatter = check.toml(text);
    if let Some(trail) = &raw.trail {
        refuse_beside_trail(&raw, trail, check);
    }
    let code_2026 = check.text("code_2026", raw.code_2026, "5 digits, like \"09009\"");
    if code_2026.len() != 5 || !code_2026.bytes().all(|b| b.is_ascii_digit()) {
        check.fault("code_2026", format!("{code_2026:?}"), "5 digits, like \"09009\"");
    }
    if raw.shadow.is_some() && raw.newness.is_some() {
        check.fault(
            "shadow",
            "a section",
            "nothing beside [newness]: a new model is not compared with the reference picture",
        );
    }
    if raw.newness.is_none() && raw.companion.as_ref().is_some_and(|companion| companion.stays == Some(true)) {
        check.fault("companion.stays", "true", "a section [newness] beside it: only what is compared is remembered");
    }
    let seconds = Duration::from_secs;
    let (model, verifier) = (raw.model.clone(), raw.verify.as_ref().and_then(|verify| verify.model.clone()));
    let (reads_plates, follows) = (raw.plate.is_some(), raw.trail.is_some());
    let own = second_look::Own { model: model.as_deref(), verifier: verifier.as_deref(), reads_plates };
    Matter {
        key: key.clone(),
        name: check.text("name", raw.name, "the matter's name in the standard"),
        name_en: raw.name_en.filter(|name| !name.trim().is_empty()),
        codes: MatterCodes { code_2026, code_2013: raw.code_2013 },
        model: check.text("model", raw.model, "the name of a folder below models/"),
        hide_by: raw.hide_by.filter(|name| !name.trim().is_empty()),
        grounds: second_look::grounds(raw.level, check),
        verify: second_look::verify(raw.verify, raw.exemplars, check),
        scan: second_look::scan(raw.scan, check),
        newness: second_look::newness(raw.newness, raw.look.every_s.is_some(), check),
        trail: raw.trail.map(|raw| trail(raw, check)),
        shadow: second_look::shadow(raw.shadow, &own, check),
        plate: second_look::plate(raw.plate, raw.look.decode.as_deref() == Some("key_frames"), check),
        composition: Composition {
            anchor: part("anchor", raw.anchor.classes, raw.anchor.score_min, check),
            companion: raw.companion.map(|raw| companion(raw, check)),
            gather_max: (raw.anchor.gather_max_heights)
                .map(|gap| check.number("anchor.gather_max_heights", Some(gap), 0.0..=5.0, "heights")),
        },
        zone_test: zone_test(&raw.zone_test, check),
        dwell: Dwell {
            time: seconds(check.number("dwell.time_s", raw.dwell.time_s, 1..=TIME_S_MAX, "seconds")),
            sightings_min: check.number("dwell.sightings_min", raw.dwell.sightings_min, 1..=10_000, "looks"),
            seen_share_min: check.number("dwell.seen_share_min", raw.dwell.seen_share_min, 0.0..=1.0, "a share"),
        },
        clearing: Clearing {
            looks: check.number("clearing.looks", raw.clearing.looks, 1..=1000, "looks"),
            over: seconds(check.number("clearing.over_s", raw.clearing.over_s, 1..=TIME_S_MAX, "seconds")),
        },
        reopen_within: seconds(check.number(
            "recurrence.reopen_within_s",
            raw.recurrence.reopen_within_s,
            0..=TIME_S_MAX,
            "seconds",
        )),
        matching: Matching {
            iou_min: check.number("matching.iou_min", raw.matching.iou_min, 0.01..=1.0, "an overlap"),
            likeness_min: check.number("matching.likeness_min", raw.matching.likeness_min, -1.0..=1.0, "a likeness"),
            gap_max: seconds(check.number("matching.gap_max_s", raw.matching.gap_max_s, 1..=TIME_S_MAX, "seconds")),
        },
        revisit: seconds(check.number("look.revisit_s", raw.look.revisit_s, 1..=86_400, "seconds")),
        decode: decode(&raw.look, follows, check),
        frames: check.number("look.frames", raw.look.frames, 1..=100, "frames"),
        every: (raw.look.every_s)
            .map(|every| seconds(check.number("look.every_s", Some(every), 1..=86_400, "seconds"))),
        weight: check.number("look.weight", raw.look.weight.or(Some(1.0)), 0.01..=100.0, "a weight"),
        plates: match check.text("plates", raw.plates, PLATES).as_str() {
            "show_anchor" => PlatePolicy::ShowAnchor,
            "mask_all" => PlatePolicy::MaskAll,
            other => {
                check.fault("plates", format!("{other:?}"), PLATES);
                PlatePolicy::MaskAll
            }
        },
        sha256: super::sha256_of(text.as_bytes()),
    }
}

const PLATES: &str = "\"mask_all\" or \"show_anchor\"";

fn part(at: &str, classes: Vec<String>, score_min: Option<f32>, check: &mut Checker<'_>) -> Part {
    if classes.is_empty() || classes.iter().any(|class| class.trim().is_empty()) {
        check.fault(&format!("{at}.classes"), format!("{classes:?}"), "at least one class name of the model");
    }
    let least = check.number(&format!("{at}.score_min"), score_min, 0.01..=1.0, "a score");
    Part { classes, score_min: Score::new(least).unwrap_or(Score::ONE) }
}

fn companion(raw: RawCompanion, check: &mut Checker<'_>) -> Companion {
    let distance = raw.distance_max_heights;
    Companion {
        part: part("companion", raw.classes, raw.score_min, check),
        distance_max: check.number("companion.distance_max_heights", distance, 0.0..=20.0, "heights"),
        share_min: check.number("companion.share_min", raw.share_min, 0.0..=1.0, "a share"),
        or_anchors: (raw.or_anchors).map(|count| check.number("companion.or_anchors", Some(count), 1..=100, "things")),
        stays: raw.stays.unwrap_or(false),
    }
}

fn trail(raw: RawTrail, check: &mut Checker<'_>) -> Trail {
    let within_s = check.number("trail.within_s", raw.within_s, 1..=TRAIL_S_MAX, "seconds");
    Trail {
        part: part("trail", raw.classes, raw.score_min, check),
        within: Duration::from_secs(within_s),
        share_min: check.number("trail.share_min", raw.share_min, 0.01..=1.0, "a share"),
    }
}

/// Longest time after which something on the road is still taken for somebody's who drove there: two hours in seconds.
const TRAIL_S_MAX: u64 = 7200;

fn refuse_beside_trail(raw: &RawMatter, trail: &RawTrail, check: &mut Checker<'_>) {
    if raw.newness.is_none() {
        check.fault("trail", "a section", "a section [newness] beside it: what was there before is nobody's");
    }
    if raw.companion.is_some() {
        check.fault("companion", "a section", "nothing beside [trail]: who left it has gone");
    }
    if raw.plate.is_some() {
        check.fault(
            "plate",
            "a section",
            "nothing beside [trail]: it is about vehicles, and this about what they leave",
        );
    }
    if let (Some(within), Some(dwell)) = (trail.within_s, raw.dwell.time_s)
        && within <= dwell
    {
        check.fault("trail.within_s", within, "more than dwell.time_s: it has to last until something is reported");
    }
}

fn zone_test(raw: &RawZoneTest, check: &mut Checker<'_>) -> ZoneTest {
    match raw.kind.as_deref() {
        Some("bottom_centre") => {
            if let Some(share) = raw.share_min {
                check.fault("zone_test.share_min", share, "nothing: bottom_centre has no share");
            }
            ZoneTest::BottomCentre
        }
        Some("overlap") => ZoneTest::Overlap(check.number("zone_test.share_min", raw.share_min, 0.01..=1.0, "a share")),
        other => {
            check.fault("zone_test.kind", format!("{:?}", other.unwrap_or("")), "\"bottom_centre\" or \"overlap\"");
            ZoneTest::BottomCentre
        }
    }
}

/// `follows`: what moves are those who leave trails, and the matter itself is judged seldom.
fn decode(raw: &RawLook, follows: bool, check: &mut Checker<'_>) -> DecodeMode {
    if let (Some(every), Some("rate" | "all"), false) = (raw.every_s, raw.decode.as_deref(), follows) {
        check.fault("look.every_s", every, "nothing: a matter that asks for motion is judged all the time");
    }
    if let (Some(fps), false) = (raw.fps, raw.decode.as_deref() == Some("rate")) {
        check.fault("look.fps", fps, "nothing: only decode = \"rate\" has frames a second");
    }
    match raw.decode.as_deref() {
        Some("key_frames") => DecodeMode::KeyFrames,
        Some("all") => DecodeMode::All,
        Some("rate") => DecodeMode::Rate { fps: check.number("look.fps", raw.fps, 0.01..=60.0, "frames a second") },
        other => {
            let got = format!("{:?}", other.unwrap_or(""));
            check.fault("look.decode", got, "\"key_frames\", \"rate\" or \"all\"");
            DecodeMode::KeyFrames
        }
    }
}

/// The codes must be the catalogue's: a typing error here would file every case under another matter.
fn check_codes(matter: &Matter, city: &City, check: &mut Checker<'_>) {
    let codes = &matter.codes;
    let Some(row) = city.catalogue().iter().find(|row| row.code_2026 == codes.code_2026) else {
        check.fault("code_2026", &codes.code_2026, "a code of the city's matters.tsv; add a row for a local extension");
        return;
    };
    if codes.code_2013.is_some() && row.code_2013.is_some() && codes.code_2013 != row.code_2013 {
        let want = row.code_2013.as_deref().unwrap_or("");
        check.fault("code_2013", codes.code_2013.as_deref().unwrap_or(""), format!("{want}, as matters.tsv says"));
    }
    if matter.name != row.name {
        check.fault("name", &matter.name, format!("{}, as matters.tsv says", row.name));
    }
}
