//! Weighing exemplars: whether a thing that is about to be reported looks like what a person said yes or no to. Pure.
//! Appearances of other weights are never compared.

use crate::domain::{Appearance, BBox, Exemplar, Likened, Likeness, Polarity, ReferenceSpace, Score, ViewId};

/// What is compared with exemplars.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// How it looks.
    pub look: &'a Appearance,
    /// SHA-256 of the weights that say so.
    pub weights: &'a str,
    /// The view.
    pub view: ViewId,
    /// Where on its reference picture; `None` is nowhere near an exemplar.
    pub bbox: Option<BBox<ReferenceSpace>>,
}

/// What exemplars say about a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighed {
    /// None is a look-alike.
    Silent,
    /// The nearest look-alike was confirmed; how far above the least likeness it lies, 0 to 1.
    Raised(Likened, f32),
    /// The nearest look-alike was rejected.
    Suppressed(Likened),
}

/// Log odds that an identical raising exemplar adds; at the least likeness it adds none.
const LIFT: f32 = 2.0;

/// Compares a look with `exemplars`, which are all in scope and count. What lies where an exemplar's thing lay needs less likeness. Of
/// two equally near ones the raising one wins: a doubt goes to the reviewer.
pub fn weigh<'e>(seen: Compared<'_>, exemplars: impl IntoIterator<Item = &'e Exemplar>, likeness: Likeness) -> Weighed {
    let (mut raising, mut suppressing) = (None::<(Likened, f32)>, None::<(Likened, f32)>);
    for exemplar in exemplars.into_iter().filter(|exemplar| exemplar.weights == seen.weights) {
        let is_here = seen.bbox.is_some_and(|bbox| exemplar.is_here(seen.view, &bbox));
        let least = if is_here { likeness.here_min } else { likeness.min };
        let Some(alike) = seen.look.likeness(&exemplar.look).filter(|alike| *alike >= least) else {
            continue;
        };
        let nearest = match exemplar.polarity {
            Polarity::Raise => &mut raising,
            Polarity::Suppress => &mut suppressing,
        };
        if nearest.is_none_or(|(known, _)| alike > known.likeness) {
            *nearest = Some((Likened { exemplar: exemplar.id, likeness: alike }, least));
        }
    }
    match (raising, suppressing) {
        (raising, Some((near, _))) if raising.is_none_or(|(other, _)| near.likeness > other.likeness) => {
            Weighed::Suppressed(near)
        }
        (Some((near, least)), _) => {
            let share = (near.likeness - least) / (1.0 - least).max(1e-3);
            Weighed::Raised(near, share.clamp(0.0, 1.0))
        }
        _ => Weighed::Silent,
    }
}

impl Weighed {
    /// The exemplar that weighed in.
    pub fn likened(self) -> Option<Likened> {
        match self {
            Self::Silent => None,
            Self::Raised(likened, _) | Self::Suppressed(likened) => Some(likened),
        }
    }

    /// The fused score, lifted by a raising look-alike the more the nearer it is.
    pub fn lifted(self, fused: Score) -> Score {
        match self {
            Self::Raised(_, share) => Score::of_logit(fused.logit() + LIFT * share),
            Self::Silent | Self::Suppressed(_) => fused,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::{ExemplarId, IncidentId, Origin, Scope, ViewId, WallTime, ZoneId};

    const ANYWHERE: Likeness = Likeness { min: 0.9, here_min: 0.9 };

    fn here() -> BBox<ReferenceSpace> {
        BBox::new(0.1, 0.1, 0.3, 0.3)
    }

    /// Something that looks so, elsewhere in the view of the exemplars.
    fn weighed(degrees: f32, weights: &str, exemplars: &[Exemplar]) -> Weighed {
        weigh(
            Compared { look: &looking(degrees), weights, view: ViewId::derived(&[b"v"]), bbox: None },
            exemplars,
            ANYWHERE,
        )
    }

    fn looking(degrees: f32) -> Appearance {
        Appearance::new(vec![degrees.to_radians().cos(), degrees.to_radians().sin()])
    }

    fn exemplar(name: &str, polarity: Polarity, degrees: f32) -> Exemplar {
        let view = ViewId::derived(&[b"v"]);
        Exemplar {
            id: ExemplarId::derived(&[name.as_bytes()]),
            matter: "parking".parse().unwrap(),
            polarity,
            scope: Scope::View { view },
            view,
            zone: ZoneId::derived(&[b"z"]),
            bbox: here(),
            look: looking(degrees),
            weights: "w".into(),
            origin: Origin::Verdict(IncidentId::derived(&[b"i"])),
            by: "张三".into(),
            at: WallTime::from_millis(0),
            expires: WallTime::from_millis(1),
            undone: None,
        }
    }

    #[test]
    fn the_nearest_look_alike_speaks() {
        let (yes, no) = (exemplar("yes", Polarity::Raise, 0.0), exemplar("no", Polarity::Suppress, 40.0));
        let both = [yes.clone(), no.clone()];
        let at = |degrees: f32| weighed(degrees, "w", &both);
        assert!(matches!(at(5.0), Weighed::Raised(near, _) if near.exemplar == yes.id));
        assert!(matches!(at(38.0), Weighed::Suppressed(near) if near.exemplar == no.id));
        let same = [yes.clone(), Exemplar { polarity: Polarity::Suppress, ..yes.clone() }];
        let tied = weighed(5.0, "w", &same);
        assert!(matches!(tied, Weighed::Raised(..)), "a tie goes to the reviewer");
        assert_eq!((at(90.0), at(90.0).likened()), (Weighed::Silent, None));
        assert_eq!(weighed(40.0, "other", &both), Weighed::Silent, "of other weights");
        let blind = Compared { look: &Appearance::new(vec![]), weights: "w", view: yes.view, bbox: None };
        assert_eq!(weigh(blind, &both, ANYWHERE), Weighed::Silent);
    }

    #[test]
    fn where_the_exemplar_lay_less_likeness_is_enough_and_in_another_view_it_is_not() {
        let no = [exemplar("no", Polarity::Suppress, 0.0)];
        let likeness = Likeness { min: 0.99, here_min: 0.9 };
        let (view, other) = (ViewId::derived(&[b"v"]), ViewId::derived(&[b"w"]));
        let aside = BBox::new(0.2, 0.12, 0.4, 0.32);
        let far = BBox::new(0.6, 0.1, 0.8, 0.3);
        for (degrees, view, bbox, is_held) in [
            (20.0, view, Some(aside), true),
            (20.0, view, Some(far), false),
            (20.0, view, None, false),
            (20.0, other, Some(aside), false),
            (30.0, view, Some(here()), false),
            (5.0, view, Some(far), true),
            (5.0, other, Some(far), true),
        ] {
            let weighed = weigh(Compared { look: &looking(degrees), weights: "w", view, bbox }, &no, likeness);
            assert_eq!(matches!(weighed, Weighed::Suppressed(_)), is_held, "{degrees} {bbox:?}");
        }
    }

    #[test]
    fn a_confirmed_look_alike_lifts_the_score_the_more_the_nearer_it_is() {
        let yes = [exemplar("yes", Polarity::Raise, 0.0)];
        let fused = Score::new(0.4).unwrap();
        let lifted = |degrees: f32| weighed(degrees, "w", &yes).lifted(fused).value();
        assert!(lifted(0.0) > 0.8 && lifted(15.0) > 0.4 && lifted(15.0) < lifted(5.0));
        assert_eq!(lifted(60.0), 0.4);
    }
}
