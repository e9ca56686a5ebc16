//! Clauses about what was read: on things, and on reference pictures.

use super::*;
use crate::{
    domain::*,
    store::{Store, StoreError},
};

fn sign(view: ViewId, reference: u32, text: &str, y: f32) -> Sign {
    let (text, bbox) = (ReadText::new(text), BBox::new(0.1, y, 0.300_000_1, y + 0.05));
    let id = Sign::id_of(view, reference, &text, &bbox);
    Sign { id, view, reference, text, bbox, read_at: at(1), permitted: None }
}

pub(super) fn what_was_read_on_a_thing_comes_back_whole(store: &dyn Store) {
    let view = registered(store);
    let read = Some(ReadText::new("专业开锁 / 13812345678"));
    let place = Place { read: read.clone(), ..place(&view, "a") };
    let incident = Incident { read: read.clone(), ..incident(&place, 1) };
    let mut outcome = look(view.id, 1);
    outcome.places = vec![place.clone()];
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    store.record(&outcome).unwrap();
    assert_eq!(store.place(place.id).unwrap().unwrap().read, read);
    assert_eq!(store.incident(incident.id).unwrap(), incident);
}

pub(super) fn a_sign_stays_permitted_until_that_is_taken_back(store: &dyn Store) {
    let view = registered(store);
    assert_eq!((store.signs(view.id).unwrap(), store.signs_read(view.id).unwrap()), (vec![], None));
    let (low, high) = (sign(view.id, 1, "好又多超市", 0.5), sign(view.id, 1, "电话 13812345678", 0.1));
    store.propose_signs(view.id, 1, &[low.clone(), high.clone()]).unwrap();
    assert_eq!(store.signs(view.id).unwrap(), [high.clone(), low.clone()], "every field, from top to bottom");
    assert_eq!(store.signs_read(view.id).unwrap(), Some(1));
    store.permit_signs(view.id, &[low.id], true, at(5), "王").unwrap();
    let permitted = Sign { permitted: Some(("王".to_owned(), at(5))), ..low.clone() };
    assert_eq!(store.signs(view.id).unwrap(), [high.clone(), permitted.clone()]);

    store.propose_signs(view.id, 1, std::slice::from_ref(&low)).unwrap();
    assert_eq!(store.signs(view.id).unwrap()[1], permitted, "read again it is the same one");
    let newer = sign(view.id, 2, "新店开业", 0.8);
    store.propose_signs(view.id, 2, std::slice::from_ref(&newer)).unwrap();
    assert_eq!(store.signs(view.id).unwrap(), [permitted, newer.clone()], "what nobody permitted went");
    store.permit_signs(view.id, &[low.id], false, at(6), "李").unwrap();
    assert_eq!(store.signs(view.id).unwrap(), [low.clone(), newer.clone()]);

    let refused = store.permit_signs(view.id, &[low.id, high.id], true, at(7), "王");
    assert!(matches!(refused, Err(StoreError::Missing { what: Thing::Sign, .. })), "{refused:?}");
    assert_eq!(store.signs(view.id).unwrap(), [low, newer], "all or none");
    let rows = store.audit_rows(Some(&view.id.to_string()), 0, 100).unwrap();
    let said: Vec<(&str, &str)> = rows
        .iter()
        .filter(|row| row.action.starts_with("signs."))
        .map(|row| (row.action.as_str(), row.actor.as_str()))
        .collect();
    assert_eq!(said, [("signs.permitted", "王"), ("signs.withdrawn", "李")]);
}

pub(super) fn signs_go_with_their_stream(store: &dyn Store) {
    let view = registered(store);
    store.propose_signs(view.id, 1, &[sign(view.id, 1, "超市", 0.5)]).unwrap();
    store.remove_stream(view.stream, at(9), "cli").unwrap();
    assert_eq!((store.signs(view.id).unwrap(), store.signs_read(view.id).unwrap()), (vec![], None));
    let late = store.propose_signs(view.id, 2, &[]);
    assert!(matches!(late, Err(StoreError::Missing { what: Thing::View, .. })), "{late:?}");
}
