//! Weighing exemplars: whether a thing that is about to be reported looks like what a person said yes or no to. Pure.
//! Appearances of other weights are never compared.

use crate::domain::{Appearance, Exemplar, Likened, Polarity, Score};

/// What exemplars say about a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighed {
    /// None is a look-alike.
    Silent,
    /// The nearest look-alike was confirmed.
    Raised(Likened),
    /// The nearest look-alike was rejected.
    Suppressed(Likened),
}

/// Log odds that an identical raising exemplar adds; at the least likeness it adds none.
const LIFT: f32 = 2.0;

/// Compares `look`, made by `weights`, with `exemplars`, which are all in scope and count. Of two equally near ones the
/// raising one wins: a doubt goes to the reviewer.
pub fn weigh<'e>(
    look: &Appearance,
    weights: &str,
    exemplars: impl IntoIterator<Item = &'e Exemplar>,
    likeness_min: f32,
) -> Weighed {
    let (mut raising, mut suppressing): (Option<Likened>, Option<Likened>) = (None, None);
    for exemplar in exemplars.into_iter().filter(|exemplar| exemplar.weights == weights) {
        let Some(likeness) = look.likeness(&exemplar.look).filter(|likeness| *likeness >= likeness_min) else {
            continue;
        };
        let nearest = match exemplar.polarity {
            Polarity::Raise => &mut raising,
            Polarity::Suppress => &mut suppressing,
        };
        if nearest.is_none_or(|known| likeness > known.likeness) {
            *nearest = Some(Likened { exemplar: exemplar.id, likeness });
        }
    }
    match (raising, suppressing) {
        (raising, Some(near)) if raising.is_none_or(|other| near.likeness > other.likeness) => {
            Weighed::Suppressed(near)
        }
        (Some(near), _) => Weighed::Raised(near),
        _ => Weighed::Silent,
    }
}

impl Weighed {
    /// The exemplar that weighed in.
    pub fn likened(self) -> Option<Likened> {
        match self {
            Self::Silent => None,
            Self::Raised(likened) | Self::Suppressed(likened) => Some(likened),
        }
    }

    /// The fused score, lifted by a raising look-alike the more the nearer it is.
    pub fn lifted(self, fused: Score, likeness_min: f32) -> Score {
        match self {
            Self::Raised(near) => {
                let share = (near.likeness - likeness_min) / (1.0 - likeness_min).max(1e-3);
                Score::of_logit(fused.logit() + LIFT * share.clamp(0.0, 1.0))
            }
            Self::Silent | Self::Suppressed(_) => fused,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::{ExemplarId, IncidentId, Origin, Scope, ViewId, WallTime, ZoneId};

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
        let at = |degrees: f32| weigh(&looking(degrees), "w", &both, 0.9);
        assert!(matches!(at(5.0), Weighed::Raised(near) if near.exemplar == yes.id));
        assert!(matches!(at(38.0), Weighed::Suppressed(near) if near.exemplar == no.id));
        let same = [yes.clone(), Exemplar { polarity: Polarity::Suppress, ..yes.clone() }];
        let tied = weigh(&looking(5.0), "w", &same, 0.9);
        assert!(matches!(tied, Weighed::Raised(_)), "a tie goes to the reviewer");
        assert_eq!((at(90.0), at(90.0).likened()), (Weighed::Silent, None));
        assert_eq!(weigh(&looking(40.0), "other", &both, 0.9), Weighed::Silent, "of other weights");
        assert_eq!(weigh(&Appearance::new(vec![]), "w", &both, 0.9), Weighed::Silent);
    }

    #[test]
    fn a_confirmed_look_alike_lifts_the_score_the_more_the_nearer_it_is() {
        let yes = [exemplar("yes", Polarity::Raise, 0.0)];
        let fused = Score::new(0.4).unwrap();
        let lifted = |degrees: f32| weigh(&looking(degrees), "w", &yes, 0.9).lifted(fused, 0.9).value();
        assert!(lifted(0.0) > 0.8 && lifted(15.0) > 0.4 && lifted(15.0) < lifted(5.0));
        assert_eq!(lifted(60.0), 0.4);
    }
}
