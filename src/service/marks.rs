//! Teaching by hand: a person draws a box on a view's reference picture and says what it is. How it looks is told by the
//! matter's own verifier, so that it can be compared with what the verifier will see; who lends its eyes is the caller.

use std::{fs, path::Component, path::Path};

use super::{Faults, Service, ServiceError, Want};
use crate::{
    analysis::lawful::{Civil, Ruling, ruling},
    domain::{
        Appearance, BBox, EXEMPLAR_KEPT, Exemplar, ExemplarId, Mark, Matter, Origin, Polarity, Reference,
        ReferenceSpace, Scope, Thing, Verify, View, ViewId, Zone, ZoneId,
    },
};

/// Least side of a box that is drawn by hand, as a fraction of the picture: anything smaller is a slip of the mouse.
const SIDE_MIN: f32 = 0.005;

/// A box that a person draws on a view's reference picture.
#[derive(Clone, Debug)]
pub struct NewMark {
    /// What it is said about.
    pub matter: String,
    /// Whether look-alikes are that matter, or never are.
    pub polarity: Polarity,
    /// `[x0, y0, x1, y1]`, fractions of the picture.
    pub bbox: [f32; 4],
}

/// How a verifier sees a box of a picture: the appearance and the SHA-256 of its weights, or why it could not look.
pub type Describe<'a> = &'a dyn Fn(&Verify, &[u8], BBox<ReferenceSpace>) -> Result<(Appearance, String), String>;

impl Service {
    /// Keeps what a person drew. It counts in the view from the next look on.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is no such view or it has no
    /// reference picture; [`ServiceError::Folder`] where the picture is gone; [`ServiceError::Unseen`] where the verifier
    /// cannot look now.
    pub fn mark_by_hand(
        &self,
        view: ViewId,
        new: &NewMark,
        actor: &str,
        describe: Describe<'_>,
    ) -> Result<Exemplar, ServiceError> {
        let (view, _, zones) = self.view(view)?;
        let reference = view.reference.clone().ok_or_else(|| ServiceError::missing(Thing::Reference, view.id))?;
        let mut faults = Faults::default();
        let bbox = check_box(&mut faults, new.bbox);
        let judged = self.check_matter(&mut faults, &new.matter, &view);
        let zone = judged.zip(bbox).and_then(|((matter, _), bbox)| self.zone_of(&mut faults, &zones, matter, &bbox));
        faults.none()?;
        let ((matter, verify), bbox, zone) =
            judged.zip(bbox).zip(zone).map(|((judged, bbox), zone)| (judged, bbox, zone)).expect("there is no fault");

        let picture = self.picture_below_data(&reference.file)?;
        let (look, weights) = describe(verify, &picture, bbox).map_err(ServiceError::Unseen)?;
        if look.as_slice().is_empty() {
            let want = Want::MatterDescribed { model: verify.model.clone() };
            return Err(ServiceError::Invalid(Faults::one("matter", &new.matter, want)));
        }
        let Reference { version, file, .. } = reference;
        let mark = Mark { bbox, version, file };
        let now = self.now();
        let exemplar = Exemplar {
            id: Exemplar::of_mark(view.id, &matter.key, &mark),
            matter: matter.key.clone(),
            polarity: new.polarity,
            scope: Scope::View { view: view.id },
            view: view.id,
            zone,
            bbox: mark.bbox,
            look,
            weights,
            origin: Origin::Mark(mark),
            by: actor.to_owned(),
            at: now,
            expires: now.plus(EXEMPLAR_KEPT),
            undone: None,
        };
        self.store.put_exemplar(&exemplar)?;
        Ok(exemplar)
    }

    /// The masked picture that shows what an exemplar is of, and where on it.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such exemplar, or no picture of it is left.
    pub fn exemplar_picture(&self, id: ExemplarId) -> Result<(Vec<u8>, [f32; 4]), ServiceError> {
        let exemplar = self.exemplar(id)?;
        let gone = || ServiceError::missing(Thing::ExemplarPicture, id);
        match exemplar.origin {
            Origin::Verdict(incident) => {
                let (picture, bbox) = self.latest_masked_with_box(incident)?.ok_or_else(gone)?;
                let bytes = self.evidence_file(picture.evidence, &picture.name, super::Circle::Outside)?.bytes;
                Ok((bytes, bbox))
            }
            Origin::Mark(Mark { bbox, file, .. }) => {
                let bytes = self.picture_below_data(&Reference::masked(&file)).map_err(|_| gone())?;
                Ok((bytes, bbox.to_array()))
            }
        }
    }

    /// The matter of a mark, where it is looked for in the view and a verifier would use what is taught.
    fn check_matter(&self, faults: &mut Faults, key: &str, view: &View) -> Option<(&Matter, &Verify)> {
        let wanted = [key.to_owned()];
        let known = faults.matters("matter", &wanted, |key| self.config.matters.contains_key(key));
        let matter = self.config.matter(known.first()?)?;
        if !view.matters.contains(&matter.key) {
            faults.add("matter", key, Want::MatterOfView);
        }
        let Some(verify) = &matter.verify else {
            faults.add("matter", key, Want::MatterTaught);
            return None;
        };
        Some((matter, verify))
    }

    /// The zone in which a thing there would be judged, in its hours or out of them.
    fn zone_of(
        &self,
        faults: &mut Faults,
        zones: &[Zone],
        matter: &Matter,
        bbox: &BBox<ReferenceSpace>,
    ) -> Option<ZoneId> {
        let is_holiday = |day| self.config.city.is_holiday(day);
        let civil = Civil { offset: self.config.city.utc_offset(), is_holiday: &is_holiday };
        match ruling(zones, matter, bbox, self.now(), civil) {
            Ruling::Forbidden(zone) | Ruling::LawfulHours(zone) => Some(zone.id),
            Ruling::Exempt(_) | Ruling::NoZone => {
                faults.add("bbox", "", Want::BoxInZone);
                None
            }
        }
    }

    /// A picture's bytes. Rows are ours, yet a row must not lead out of the data folder.
    pub(super) fn picture_below_data(&self, file: &str) -> Result<Vec<u8>, ServiceError> {
        let file = Path::new(file);
        if !file.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(ServiceError::missing(Thing::Picture, file.display()));
        }
        let path = self.data().join(file);
        fs::read(&path).map_err(|e| ServiceError::Folder { path, why: e.to_string() })
    }
}

fn check_box(faults: &mut Faults, sides: [f32; 4]) -> Option<BBox<ReferenceSpace>> {
    let [x0, y0, x1, y1] = sides;
    let is_inside = sides.iter().all(|side| (0.0..=1.0).contains(side));
    if is_inside && x1 - x0 >= SIDE_MIN && y1 - y0 >= SIDE_MIN {
        return Some(BBox::new(x0, y0, x1, y1));
    }
    faults.add("bbox", &format!("{sides:?}"), Want::Box { least: SIDE_MIN.to_string() });
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::SimulatedClock,
        config::Config,
        domain::{Areas, Score, ZoneKind},
        service::NewZone,
        store::{
            ExemplarFilter, StoreError,
            conformance::{at, matter, registered},
        },
    };

    fn verify() -> Verify {
        Verify {
            model: "dear".into(),
            classes: vec!["waste".into()],
            accept_min: Score::new(0.6).unwrap(),
            again_after: std::time::Duration::from_secs(60),
            newness_min: None,
            newness: None,
            likeness: crate::domain::Likeness { min: 0.9, here_min: 0.9 },
        }
    }

    /// A service whose view looks for stalls, with a zone over its right half and the reference picture `bytes`.
    fn service(folder: &Path, bytes: &[u8]) -> (Service, View) {
        let mut config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        config.settings.folders.data = folder.join("data");
        config.matters.get_mut(&matter("stall")).unwrap().verify = Some(verify());
        config.matters.get_mut(&matter("exposed_garbage")).unwrap().verify = None;
        let service = Service::open(Arc::new(config), Arc::new(SimulatedClock::starting_at(at(200)))).unwrap();
        let view = registered(&*service.store);
        let kept = ["stall", "exposed_garbage"].map(str::to_owned).to_vec();
        let change = crate::service::ChangeView { matters: Some(kept), ..Default::default() };
        service.change_view(view.id, &change, "op").unwrap();
        for zone in service.zones(Some(view.id)).unwrap() {
            service.remove_zone(zone.id, "op").unwrap();
        }
        let zone = NewZone {
            name: "占道".into(),
            kind: ZoneKind::Strict,
            matters: vec!["stall".into(), "exposed_garbage".into()],
            polygon: vec![[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]],
            hours: None,
            valid_from: None,
            valid_until: None,
        };
        service.add_zone(view.id, &zone, "op").unwrap();
        fs::create_dir_all(service.data().join("references")).unwrap();
        for file in ["references/3.jpg", "references/3.masked.jpg"] {
            fs::write(service.data().join(file), bytes).unwrap();
        }
        let reference = Reference {
            version: 3,
            file: "references/3.jpg".into(),
            sha256: "00".repeat(32),
            width: 640,
            height: 480,
            taken_at: at(1),
        };
        service.store.put_reference(view.id, &reference, "op").unwrap();
        let view = service.view(view.id).unwrap().0;
        (service, view)
    }

    fn drawn(polarity: Polarity, bbox: [f32; 4]) -> NewMark {
        NewMark { matter: "stall".into(), polarity, bbox }
    }

    const THERE: [f32; 4] = [0.6, 0.2, 0.8, 0.4];

    #[test]
    fn a_box_drawn_by_hand_is_kept_as_the_verifier_saw_it() {
        let folder = tempfile::tempdir().unwrap();
        let (service, view) = service(folder.path(), b"pixels");
        let looked = |verify: &Verify, picture: &[u8], bbox: BBox<ReferenceSpace>| {
            assert_eq!((verify.model.as_str(), picture, bbox.to_array()), ("dear", b"pixels".as_slice(), THERE));
            Ok((Appearance::new(vec![0.6, 0.8]), "ab".repeat(32)))
        };
        let made = service.mark_by_hand(view.id, &drawn(Polarity::Suppress, THERE), "李雷", &looked).unwrap();
        let zone = service.zones(Some(view.id)).unwrap()[0].id;
        assert_eq!(service.exemplar(made.id).unwrap(), made, "every field comes back");
        assert_eq!((made.zone, made.by.as_str(), made.at), (zone, "李雷", at(200)));
        let counting = service.store.teaching(view.id, zone, &matter("stall"), at(201)).unwrap();
        assert_eq!(counting, std::slice::from_ref(&made));
        assert_eq!(service.exemplar_picture(made.id).unwrap(), (b"pixels".to_vec(), THERE));

        // The same box again says the latest thing alone, also after it was taken back.
        service.undo_exemplar(made.id, "op").unwrap();
        let again = service.mark_by_hand(view.id, &drawn(Polarity::Raise, THERE), "韩梅梅", &looked).unwrap();
        assert_eq!((again.id, again.polarity, again.undone.clone()), (made.id, Polarity::Raise, None));
        assert_eq!(service.exemplars(&ExemplarFilter::default()).unwrap(), [again]);
        let far = service.seen_by(&Areas::from(Some("别处".parse().unwrap())));
        let missing =
            |result: Result<(), ServiceError>| matches!(result, Err(ServiceError::Store(StoreError::Missing { .. })));
        assert!(missing(far.exemplar_picture(made.id).map(drop)) && missing(far.undo_exemplar(made.id, "op")));
        assert!(missing(far.mark_by_hand(view.id, &drawn(Polarity::Raise, THERE), "op", &looked).map(drop)));
    }

    #[test]
    fn what_can_teach_nothing_is_refused_with_every_fault() {
        let folder = tempfile::tempdir().unwrap();
        let (service, view) = service(folder.path(), b"pixels");
        let unasked = |_: &Verify, _: &[u8], _: BBox<ReferenceSpace>| panic!("a faulty box is not looked at");
        let faults = |mark: NewMark| match service.mark_by_hand(view.id, &mark, "op", &unasked) {
            Err(ServiceError::Invalid(faults)) => faults.0.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let raise = |matter: &str, bbox| NewMark { matter: matter.into(), ..drawn(Polarity::Raise, bbox) };
        assert_eq!(faults(raise("stall", [0.1, 0.2, 0.3, 0.4])), ["bbox"], "no zone there");
        assert_eq!(faults(raise("exposed_garbage", THERE)), ["matter"], "nobody looks again at it");
        assert_eq!(
            faults(raise("motor_vehicle_parking", THERE)),
            ["matter", "matter"],
            "nor does the view look for it"
        );
        for bbox in [[0.6, 0.2, 0.602, 0.4], [0.8, 0.2, 0.6, 0.4], [0.6, 0.2, 1.2, 0.4], [f32::NAN, 0.2, 0.8, 0.4]] {
            assert_eq!(faults(raise("no such matter", bbox)), ["bbox", "matter[0]"], "{bbox:?}");
        }
        let busy = |_: &Verify, _: &[u8], _: BBox<ReferenceSpace>| Err("overloaded".to_owned());
        let told = service.mark_by_hand(view.id, &drawn(Polarity::Raise, THERE), "op", &busy);
        assert!(matches!(told, Err(ServiceError::Unseen(_))), "{told:?}");
        let silent = |_: &Verify, _: &[u8], _: BBox<ReferenceSpace>| Ok((Appearance::new(vec![]), String::new()));
        let told = service.mark_by_hand(view.id, &drawn(Polarity::Raise, THERE), "op", &silent);
        assert!(matches!(told, Err(ServiceError::Invalid(_))), "a model without an appearance: {told:?}");
        assert_eq!(service.exemplars(&ExemplarFilter::default()).unwrap(), []);
    }
}
