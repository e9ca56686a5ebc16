//! Fills the data folder of a service that does not run with what a desk holds after some weeks: cameras, incidents
//! that wait, verdicts, cases and how the platform handled them. Everything goes through the service and the store as
//! a look, a reviewer and a callback would send it, on a simulated clock. For measuring, tests of the browser
//! application and pictures of it. Not for production: nothing of it ever happened.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use fastrand::Rng;
use xunjie::{
    clock::{Clock, SimulatedClock, SystemClock},
    config::Config,
    domain::{
        Appearance, BBox, Callback, Crs, EvidenceKind, FileRole, FrameSpace, Incident, IncidentChange, IncidentId,
        Location, Look, LookReport, MatterKey, ModelRef, Phase, Place, PlaceId, Presence, Pts, Purpose, RejectReason,
        Review, RuleRef, Ruling, Score, Secret, Stage, Transport, Verdict, Verification, View, ViewState, WallSource,
        WallTime, Weights, ZoneId, ZoneKind,
    },
    infer::Catalogue,
    service::{NewStream, NewZone, Service},
    store::{
        LookOutcome,
        evidence::{BundleDraft, DraftFile},
        evidence_id,
    },
};

/// Incidents that one look records at once; a look of a real view finds one or two.
const LOOK_INCIDENTS: usize = 20;
/// The latest decided incidents that get pictures too, as those do that wait.
const DECIDED_SHOWN: usize = 40;
const MATTERS: [&str; 3] = ["motor_vehicle_parking", "non_motor_vehicle_parking", "stall"];
const REVIEWERS: [&str; 3] = ["王敏", "李强", "张静"];
const ROADS: [&str; 6] = ["天府大道", "锦城街", "中和路", "学府巷", "滨河路", "市场西街"];

/// Fills a data folder.
#[derive(Parser)]
struct Options {
    /// Root folder, with models, pipelines and city.
    #[arg(long, default_value = env!("CARGO_MANIFEST_DIR"))]
    root: PathBuf,
    /// The settings file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// Cameras.
    #[arg(long, default_value_t = 24)]
    cameras: usize,
    /// Codes of grid cells of the city's table, which the cameras get in turn.
    #[arg(long = "grid-cell")]
    grid_cells: Vec<String>,
    /// Incidents that were decided, spread over the days.
    #[arg(long, default_value_t = 0)]
    decided: usize,
    /// Days over which they are spread, up to now.
    #[arg(long, default_value_t = 35)]
    days: u64,
    /// Incidents that wait for a verdict.
    #[arg(long, default_value_t = 0)]
    waiting: usize,
    /// Minutes up to now over which those are spread.
    #[arg(long, default_value_t = 60)]
    waiting_minutes: u32,
    /// A folder of pictures as a bundle of evidence holds them: first, middle, latest, annotated and plain_first to
    /// plain_latest (masked, without a box), each .jpg.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Where the parked vehicle of those pictures is: `x0,y0,x1,y1` as fractions. Incidents with pictures then lie there and
    /// are parked vehicles.
    #[arg(long = "box", value_name = "BOX", value_parser = box_of)]
    at: Option<[f32; 4]>,
    /// How many of the waiting incidents get pictures, the latest first.
    #[arg(long, default_value_t = 300)]
    with_pictures: usize,
    /// Seed of all chance.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut config =
        Config::load(&options.root, options.config.as_deref()).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    config.settings.folders.data = options.data.clone();
    let now = SystemClock.now();
    let clock = Arc::new(SimulatedClock::starting_at(now.minus(Duration::from_secs(options.days * 86_400))));
    let service = Service::open(Arc::new(config), clock.clone())?;
    let pictures = options.pictures.as_deref().map(pictures).transpose()?.unwrap_or_default();
    let mut desk = Desk {
        service,
        clock,
        dice: Rng::with_seed(options.seed),
        pictures,
        at: options.at,
        views: Vec::new(),
        stays: 0,
    };
    for n in 0..options.cameras {
        desk.camera(n, &options.grid_cells)?;
    }
    desk.past(options.decided, options.days, now)?;
    let plain = options.waiting.saturating_sub(options.with_pictures);
    let span = Duration::from_secs(60) * options.waiting_minutes;
    let each = options.waiting.div_ceil(60).clamp(1, LOOK_INCIDENTS);
    let pace = span / u32::try_from(options.waiting.div_ceil(each) + 2)?;
    desk.clock.advance_to(now.minus(span));
    desk.wait((plain, false), each, pace)?;
    desk.wait((options.waiting - plain, true), each, pace)?;
    println!("{} cameras, {} decided, {} waiting", options.cameras, options.decided, options.waiting);
    Ok(())
}

fn box_of(text: &str) -> Result<[f32; 4], String> {
    let sides: Vec<f32> =
        text.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|error| format!("{error}"))?;
    <[f32; 4]>::try_from(sides).map_err(|_| "four numbers".to_owned())
}

fn pictures(folder: &Path) -> anyhow::Result<Vec<(FileRole, &'static str, Vec<u8>)>> {
    [
        (FileRole::First, "first.jpg"),
        (FileRole::Middle, "middle.jpg"),
        (FileRole::Latest, "latest.jpg"),
        (FileRole::Annotated, "annotated.jpg"),
        (FileRole::MaskedPlain, "plain_first.jpg"),
        (FileRole::MaskedPlain, "plain_middle.jpg"),
        (FileRole::MaskedPlain, "plain_latest.jpg"),
        (FileRole::Masked, "masked_latest.jpg"),
    ]
    .into_iter()
    .map(|(role, name)| {
        // The picture that a case shows has no frame of its own here.
        let file = folder.join(if role == FileRole::Masked { "plain_latest.jpg" } else { name });
        Ok((role, name, std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?))
    })
    .collect()
}

struct Seen {
    view: View,
    zone: ZoneId,
    location: Option<Location>,
    code: String,
}

struct Desk {
    service: Service,
    clock: Arc<SimulatedClock>,
    dice: Rng,
    pictures: Vec<(FileRole, &'static str, Vec<u8>)>,
    at: Option<[f32; 4]>,
    views: Vec<Seen>,
    stays: u32,
}

impl Desk {
    fn camera(&mut self, n: usize, cells: &[String]) -> anyhow::Result<()> {
        let road = ROADS[n % ROADS.len()];
        let (column, row) = ((n % 8) as f64, (n / 8) as f64);
        let location = Location {
            longitude: 104.06 + 0.004 * column,
            latitude: 30.55 + 0.004 * row,
            crs: Crs::Cgcs2000,
            address: format!("{road} {} 号", 8 + 2 * n),
            grid_cell: (!cells.is_empty()).then(|| cells[n % 8 * cells.len() / 8].clone()),
        };
        let code = format!("5101060100132{:07}", n + 100);
        let made = self.service.register_stream(
            &NewStream {
                code: code.clone(),
                name: format!("{road}{} 号杆", 8 + 2 * n),
                // Nothing listens there, and nobody looks: these cameras are switched off.
                url: Secret::new("rtsp://127.0.0.1:9/none"),
                username: None,
                password: None,
                transport: Transport::Auto,
                location: Some(location.clone()),
                area: None,
                matters: MATTERS.map(str::to_owned).to_vec(),
                revisit_s: None,
                enabled: false,
            },
            "busy_desk",
        )?;
        let zone = self.service.add_zone(
            made.view.id,
            &NewZone {
                name: "禁停区".to_owned(),
                kind: ZoneKind::Strict,
                matters: MATTERS.map(str::to_owned).to_vec(),
                polygon: vec![[0.02, 0.04], [0.98, 0.04], [0.98, 0.98], [0.02, 0.98]],
                hours: None,
                valid_from: None,
                valid_until: None,
            },
            "busy_desk",
        )?;
        self.views.push(Seen { view: made.view, zone: zone.id, location: Some(location), code });
        Ok(())
    }

    /// Verdicts and cases of the past days: more by day than by night, a tenth of the spots again and again.
    fn past(&mut self, incidents: usize, days: u64, now: WallTime) -> anyhow::Result<()> {
        let mut at: Vec<u64> = (0..incidents).map(|_| self.moment(days)).collect();
        at.sort_unstable();
        let began = now.minus(Duration::from_secs(days * 86_400));
        for (n, seconds) in at.into_iter().enumerate() {
            self.clock.advance_to(began.plus(Duration::from_secs(seconds)));
            let found = self.find(1, n + DECIDED_SHOWN >= incidents)?;
            self.decide(found[0])?;
        }
        Ok(())
    }

    /// Seconds after the beginning; three of four lie between 7:00 and 21:00, and none within the last three hours.
    fn moment(&mut self, days: u64) -> u64 {
        let day = self.dice.u64(0..days) * 86_400;
        let hour = if self.dice.u8(0..4) > 0 { self.dice.u64(7..21) } else { self.dice.u64(0..24) };
        let seconds = day + hour * 3600 + self.dice.u64(0..3600);
        seconds.min((days * 86_400).saturating_sub(3 * 3600))
    }

    fn decide(&mut self, incident: IncidentId) -> anyhow::Result<()> {
        let looked_at_s = 20 + self.dice.u64(0..400);
        self.clock.advance_to(self.clock.now().plus(Duration::from_secs(looked_at_s)));
        let reviewer = REVIEWERS[self.dice.usize(0..REVIEWERS.len())];
        let reasons = [
            RejectReason::Passing,
            RejectReason::Passing,
            RejectReason::WrongObject,
            RejectReason::Lawful,
            RejectReason::WrongZone,
            RejectReason::Unclear,
        ];
        let verdict = match self.dice.u8(0..100) {
            0..72 => Verdict::Confirmed,
            _ => Verdict::Rejected { reason: reasons[self.dice.usize(0..reasons.len())] },
        };
        let signed = self.service.sign(incident, verdict, reviewer, "");
        let decided = self.service.decide(&signed)?;
        let Some(case) = decided.case else { return Ok(()) };
        let mut at = self.clock.now();
        let gone = self.dice.u8(0..100);
        for (n, stage) in [Stage::Accepted, Stage::Dispatched, Stage::Handled, Stage::Closed].into_iter().enumerate() {
            // One in six stays with the platform's people for longer than most limits allow.
            let slow = if gone < 16 && stage == Stage::Handled { 9 * 3600 } else { 0 };
            at = at.plus(Duration::from_secs(slow + 200 + self.dice.u64(0..1500)));
            if gone > 92 && n > 1 {
                break;
            }
            self.service.callback(&Callback {
                callback_id: format!("busy-desk-{}-{n}", case.id),
                case_id: case.id,
                stage,
                platform_number: Some(format!("CG{:08}", self.stays)),
                at,
                note: String::new(),
            })?;
        }
        Ok(())
    }

    fn wait(&mut self, (mut left, shown): (usize, bool), each: usize, pace: Duration) -> anyhow::Result<()> {
        while left > 0 {
            let now = left.min(each);
            self.clock.advance_to(self.clock.now().plus(pace));
            self.find(now, shown)?;
            left -= now;
        }
        Ok(())
    }

    /// One look at one view that opens incidents.
    fn find(&mut self, incidents: usize, shown: bool) -> anyhow::Result<Vec<IncidentId>> {
        self.clock.advance_to(self.clock.now().plus(Duration::from_millis(1)));
        // The first cameras see most of it.
        let most = if self.dice.bool() { 1 + self.views.len() / 5 } else { self.views.len() };
        let seen = self.dice.usize(0..most);
        let (view, now) = (self.views[seen].view.id, self.clock.now());
        let due = now.minus(Duration::from_millis(2400));
        let mut outcome = LookOutcome {
            report: LookReport {
                id: Look::id_of(view, &Purpose::Patrol, due),
                view,
                purpose: Purpose::Patrol,
                due,
                started: due.plus(Duration::from_millis(400)),
                ended: due.plus(Duration::from_millis(1900)),
                frames: 1,
                state: ViewState::Same,
                reason: None,
                skew_ms: Some(-120),
            },
            places: Vec::new(),
            forgotten: Vec::new(),
            changes: Vec::new(),
            evidence: Vec::new(),
            recheck: None,
            verifications: vec![],
            observed: None,
        };
        for _ in 0..incidents {
            let (place, incident) = self.stay(seen, shown);
            if shown && !self.pictures.is_empty() {
                let head = match outcome.evidence.last() {
                    Some(row) => Some(row.manifest_sha256.clone()),
                    None => self.service.store.evidence_head()?,
                };
                let draft = self.bundle(seen, &incident)?;
                let (row, _) = self.service.evidence.write(draft, head.as_deref())?;
                outcome.evidence.push(row);
            }
            outcome.verifications.extend(self.second_look(&place, &incident)?);
            outcome.places.push(place);
            outcome.changes.push(IncidentChange::Opened { incident });
        }
        self.service.store.record(&outcome)?;
        Ok(outcome.changes.iter().map(IncidentChange::incident).collect())
    }

    fn stay(&mut self, seen: usize, shown: bool) -> (Place, Incident) {
        let (view, zone, now) = (self.views[seen].view.id, self.views[seen].zone, self.clock.now());
        self.stays += 1;
        let at = self.at.filter(|_| shown);
        let dice = [0, 0, 0, 1, 2][self.dice.usize(0..5)];
        let matter: MatterKey = MATTERS[if at.is_some() { 0 } else { dice }].parse().expect("a key");
        let (x, y) = (0.05 + 0.6 * self.dice.f32(), 0.32 + 0.4 * self.dice.f32());
        let [x0, y0, x1, y1] = at.unwrap_or([x, y, x + 0.12, y + 0.16]);
        let bbox = BBox::new(x0, y0, x1, y1);
        let first_seen = now.minus(Duration::from_secs(300 + self.dice.u64(0..900)));
        let score = Score::new(0.45 + 0.5 * self.dice.f32()).expect("a score");
        let place = Place {
            id: PlaceId::derived(&[view.as_bytes(), &self.stays.to_be_bytes(), &now.millis().to_be_bytes()]),
            view,
            matter: matter.clone(),
            class: "car".to_owned(),
            bbox,
            appearance: Appearance::new((0..8).map(|_| self.dice.f32()).collect()),
            zone: (zone, 1),
            first_seen,
            last_seen: now,
            looks_seen: 12,
            looks_visible: 13,
            looks_accompanied: 0,
            clean_looks: 0,
            clean_since: None,
            score,
            read: None,
            refused: None,
            phase: Phase::Candidate,
        };
        let incident = Incident {
            id: Incident::id_of(place.id),
            place: place.id,
            view,
            matter,
            bbox,
            score,
            zone: place.zone,
            first_seen,
            last_seen: now,
            opened_at: now,
            presence: Presence::Open { since: now },
            review: Review::Waiting,
            recurrences: 0,
            read: None,
            weights: None,
        };
        (Place { phase: Phase::Reported { incident: incident.id }, ..place }, incident)
    }

    /// What the matter's verifier would have said, where it has one: it agrees, and sees three kinds of things.
    fn second_look(&mut self, place: &Place, incident: &Incident) -> anyhow::Result<Option<Verification>> {
        let config = self.service.config.clone();
        let matter = config.matter(&place.matter).context("a matter that is configured")?;
        let Some(verify) = &matter.verify else { return Ok(None) };
        let verifier = Catalogue::load(&config.settings.folders.models)?.manifest(&verify.model)?.model();
        let kind = self.dice.usize(0..3);
        let look = (0..3).map(|n| if n == kind { 1.0 } else { 0.1 * self.dice.f32() }).collect();
        let fused = incident.score.value();
        let at = incident.opened_at;
        Ok(Some(Verification {
            id: Verification::id_of(place.id, at),
            place: place.id,
            incident: incident.id,
            view: place.view,
            zone: place.zone.0,
            matter: place.matter.clone(),
            bbox: Some(place.bbox),
            at,
            ruling: Ruling::Passed,
            proposed: Score::new((fused - 0.1).max(0.3))?,
            verified: Score::new((fused + 0.08).min(0.97))?,
            fused: incident.score,
            newness: None,
            likened: None,
            look: Appearance::new(look),
            weights: Weights {
                detector: ModelRef { name: matter.model.clone(), sha256: "00".repeat(32) },
                scan: None,
                head: None,
                verifier: Some(verifier),
            },
        }))
    }

    fn bundle(&self, seen: usize, incident: &Incident) -> anyhow::Result<BundleDraft> {
        let (seen, now) = (&self.views[seen], self.clock.now());
        let matter = self.service.config.matter(&incident.matter).context("a matter of the pipelines")?;
        let kind = EvidenceKind::Opening;
        let files = self.pictures.iter().map(|(role, name, bytes)| DraftFile {
            name: (*name).to_owned(),
            role: *role,
            bytes: bytes.clone(),
            wall: Some(if *role == FileRole::First { incident.first_seen } else { now }),
            wall_source: Some(WallSource::SenderReport),
            arrived: Some(now),
            skew_ms: Some(-120),
            pts: Some(Pts(1_000_000)),
            bbox: drawn_on(bytes, incident),
        });
        Ok(BundleDraft {
            id: evidence_id(incident.id, kind, now),
            incident: incident.id,
            kind,
            made_at: now,
            stream_code: seen.code.clone(),
            location: seen.location.clone(),
            view_name: seen.view.name.clone(),
            model: ModelRef { name: matter.model.clone(), sha256: "00".repeat(32) },
            verifier: None,
            compared: Vec::new(),
            read: None,
            rule: RuleRef {
                matter: incident.matter.clone(),
                pipeline_sha256: matter.sha256.clone(),
                score_min: Score::new(0.4).expect("a score"),
                dwell_s: 300,
                zone: incident.zone.0,
                zone_version: incident.zone.1,
                zone_polygon: None,
            },
            files: files.collect(),
        })
    }
}

/// The incident's box in pixels of a picture; a clip has none.
fn drawn_on(bytes: &[u8], incident: &Incident) -> Option<BBox<FrameSpace>> {
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    let [x0, y0, x1, y1] = incident.bbox.to_array();
    let (width, height) = (width as f32, height as f32);
    Some(BBox::new(x0 * width, y0 * height, x1 * width, y1 * height))
}
