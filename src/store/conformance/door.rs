//! What every store of accounts must do: who comes in, what proves it, what is forgotten and what is not. Sees the store
//! only through its trait.

use std::{net::Ipv4Addr, thread, time::Duration};

use super::{Clause, at};
use crate::{
    domain::*,
    store::{
        Page, StoreError,
        accounts::{AccountStore, AuditFilter, Invitation, Refusals, SecretHash},
    },
};

/// The whole suite of the door.
pub(crate) const DOOR_CLAUSES: &[Clause<dyn AccountStore>] = &[
    ("every_field_of_an_account_comes_back", every_field_of_an_account_comes_back),
    ("an_invitation_works_once_and_in_time", an_invitation_works_once_and_in_time),
    ("the_first_administrator_is_made_once", the_first_administrator_is_made_once),
    ("the_last_administrator_stays", the_last_administrator_stays),
    ("sessions_end_with_time_password_and_account", sessions_end_with_time_password_and_account),
    ("tokens_open_until_they_end_or_are_revoked", tokens_open_until_they_end_or_are_revoked),
    ("the_vouched_are_known_by_subject_alone", the_vouched_are_known_by_subject_alone),
    ("refusals_are_counted_bounded_and_forgiven", refusals_are_counted_bounded_and_forgiven),
    ("many_refusals_at_once_are_all_counted", many_refusals_at_once_are_all_counted),
    ("the_audit_log_tells_what_the_door_did", the_audit_log_tells_what_the_door_did),
];

fn key(text: &str) -> SecretHash {
    SecretHash::of(&Secret::new(text))
}

fn link(text: &str, minutes: i64) -> Invitation {
    Invitation { key: key(text), until: at(minutes) }
}

fn account(name: &str, roles: &[Role]) -> Account {
    Account {
        id: AccountId::derived(&[name.as_bytes()]),
        name: name.parse().unwrap(),
        display_name: format!("姓名 {name}"),
        rights: Rights {
            roles: roles.iter().copied().collect(),
            areas: Areas::Only(["东城区".parse().unwrap(), "西城区".parse().unwrap()].into()),
            may_unmask: true,
        },
        disabled: false,
        must_change_password: false,
        created_at: at(0),
        last_seen_at: None,
    }
}

/// Somebody with a password.
fn made(store: &dyn AccountStore, name: &str, roles: &[Role]) -> Account {
    let account = account(name, roles);
    store.add_account(&account, &link(name, 60), "cli").unwrap();
    store.accept(&key(name), &Secret::new("$argon2id$x"), at(1)).unwrap().unwrap()
}

fn every_field_of_an_account_comes_back(store: &dyn AccountStore) {
    let one = account("wang", &[Role::Reviewer, Role::Supervisor]);
    store.add_account(&one, &link("a", 60), "cli").unwrap();
    assert_eq!(store.account(one.id).unwrap(), one);
    assert_eq!(store.login("wang").unwrap().unwrap().account, one);
    assert!(store.login("wang").unwrap().unwrap().password.is_none() && store.login("li").unwrap().is_none());
    assert!(matches!(store.account(AccountId::fresh()), Err(StoreError::Missing { what: Thing::Account, .. })));
    let twin = Account { id: AccountId::fresh(), ..one.clone() };
    assert!(matches!(store.add_account(&twin, &link("b", 60), "cli"), Err(StoreError::Conflict(_))));
    let wide = Rights { areas: Areas::All, may_unmask: false, ..one.rights.clone() };
    let other = Account { display_name: "王敏".into(), rights: wide, ..one.clone() };
    store.change_account(&other, at(2), "cli").unwrap();
    assert_eq!(store.accounts().unwrap(), std::slice::from_ref(&other));
    // A password that is not there cannot be changed; one that is can be asked for, and a new one answers it.
    let wanted = Account { must_change_password: true, ..other.clone() };
    assert!(matches!(store.change_account(&wanted, at(2), "cli"), Err(StoreError::Conflict(_))));
    store.set_password(one.id, &Secret::new("$1"), None, at(3), "wang").unwrap();
    store.change_account(&wanted, at(4), "cli").unwrap();
    assert!(store.account(one.id).unwrap().must_change_password);
    store.set_password(one.id, &Secret::new("$2"), None, at(5), "wang").unwrap();
    assert_eq!(store.account(one.id).unwrap(), other);
    assert_eq!(store.login("wang").unwrap().unwrap().password.unwrap().reveal(), "$2");
}

fn an_invitation_works_once_and_in_time(store: &dyn AccountStore) {
    let one = account("wang", &[Role::Reviewer]);
    store.add_account(&one, &link("first", 10), "cli").unwrap();
    let password = Secret::new("$1");
    assert_eq!(store.accept(&key("first"), &password, at(10)).unwrap(), None, "its time is over");
    store.invite(one.id, &link("second", 20), at(11), "cli").unwrap();
    store.invite(one.id, &link("third", 20), at(12), "cli").unwrap();
    assert_eq!(store.accept(&key("second"), &password, at(13)).unwrap(), None, "a later one takes its place");
    assert_eq!(store.accept(&key("third"), &password, at(13)).unwrap().unwrap().id, one.id);
    assert_eq!(store.accept(&key("third"), &password, at(13)).unwrap(), None, "it works once");
    let disabled = Account { disabled: true, ..store.account(one.id).unwrap() };
    store.change_account(&disabled, at(14), "cli").unwrap();
    assert!(matches!(store.invite(one.id, &link("fourth", 20), at(15), "cli"), Err(StoreError::Conflict(_))));
}

fn the_first_administrator_is_made_once(store: &dyn AccountStore) {
    assert!(store.setup_needed().unwrap());
    assert!(store.offer_setup(&link("old", 60)).unwrap() && store.offer_setup(&link("new", 60)).unwrap());
    let (one, password) = (account("zhao", &[Role::Administrator]), Secret::new("$1"));
    assert!(!store.set_up(&key("old"), &one, &password).unwrap(), "a later link takes its place");
    assert!(store.set_up(&key("new"), &one, &password).unwrap());
    let twin = account("qian", &[Role::Administrator]);
    assert!(!store.set_up(&key("new"), &twin, &password).unwrap(), "once");
    assert!(!store.offer_setup(&link("late", 60)).unwrap() && !store.setup_needed().unwrap());
}

fn the_last_administrator_stays(store: &dyn AccountStore) {
    let one = made(store, "zhao", &[Role::Administrator]);
    let plain = Rights { roles: [Role::Reviewer].into(), ..one.rights.clone() };
    for after in [Account { disabled: true, ..one.clone() }, Account { rights: plain.clone(), ..one.clone() }] {
        assert!(matches!(store.change_account(&after, at(2), "cli"), Err(StoreError::Conflict(_))));
        assert_eq!(store.account(one.id).unwrap(), one, "nothing changed");
    }
    made(store, "qian", &[Role::Administrator]);
    store.change_account(&Account { rights: plain, ..one }, at(3), "cli").unwrap();
}

fn sessions_end_with_time_password_and_account(store: &dyn AccountStore) {
    let one = made(store, "wang", &[Role::Reviewer]);
    let begin = |name: &str, minutes| {
        store.begin_session(one.id, &key(name), at(minutes), Ipv4Addr::LOCALHOST.into()).unwrap();
    };
    let lives = |name: &str, minutes| store.session(&key(name), at(minutes)).unwrap().is_some();
    begin("a", 10);
    assert!(lives("a", 10) && !lives("b", 10));
    assert!(lives("a", 10 + 719) && !lives("a", 10 + 719 + 720), "half a day without use");
    begin("c", 3000);
    begin("d", 3000);
    store.end_session(&key("c"), at(3001)).unwrap();
    assert!(!lives("c", 3001) && lives("d", 3001));
    begin("e", 3002);
    store.set_password(one.id, &Secret::new("$2"), Some(&key("e")), at(3003), "wang").unwrap();
    assert!(!lives("d", 3003) && lives("e", 3003), "a new password ends all but the one that set it");
    let disabled = Account { disabled: true, ..store.account(one.id).unwrap() };
    store.change_account(&disabled, at(3004), "cli").unwrap();
    assert!(!lives("e", 3004));
    store.change_account(&Account { disabled: false, ..disabled }, at(3005), "cli").unwrap();
    assert!(!lives("e", 3005), "what ended does not come back");
    for n in 0..25 {
        begin(&format!("many {n}"), 3010 + n);
    }
    let living = (0..25).filter(|n| lives(&format!("many {n}"), 3040)).count();
    assert_eq!(living, 20, "those used least lately made room");
}

fn tokens_open_until_they_end_or_are_revoked(store: &dyn AccountStore) {
    let token = |name: &str, expires_at| Token {
        id: AccountId::derived(&[name.as_bytes()]),
        name: name.parse().unwrap(),
        rights: account("x", &[Role::Supervisor]).rights,
        created_by: "cli".into(),
        created_at: at(0),
        expires_at,
        last_used_at: None,
    };
    let (bi, short) = (token("bi", None), token("short", Some(at(10))));
    store.add_token(&bi, &key("bi"), "cli").unwrap();
    store.add_token(&short, &key("short"), "cli").unwrap();
    assert_eq!(store.tokens().unwrap(), [bi.clone(), short]);
    let again = Token { id: AccountId::fresh(), ..bi.clone() };
    assert!(matches!(store.add_token(&again, &key("z"), "cli"), Err(StoreError::Conflict(_))));
    assert_eq!(store.token(&key("bi"), at(5)).unwrap().unwrap().id, bi.id);
    assert_eq!(store.tokens().unwrap()[0].last_used_at, Some(at(5)));
    assert!(
        store.token(&key("short"), at(9)).unwrap().is_some() && store.token(&key("short"), at(10)).unwrap().is_none()
    );
    store.revoke_token(bi.id, at(6), "cli").unwrap();
    assert!(store.token(&key("bi"), at(6)).unwrap().is_none());
    assert!(matches!(store.revoke_token(bi.id, at(6), "cli"), Err(StoreError::Missing { what: Thing::Token, .. })));
}

fn the_vouched_are_known_by_subject_alone(store: &dyn AccountStore) {
    let local = made(store, "wang", &[Role::Administrator]);
    let fresh = |id: &str| Account { id: AccountId::derived(&[id.as_bytes()]), ..account("wang", &[Role::Reviewer]) };
    let vouched = |issuer: &str, subject: &str, roles: &[Role]| Vouched {
        issuer: issuer.into(),
        subject: subject.into(),
        name: Some("wang".into()),
        display_name: Some("王敏".into()),
        rights: account("x", roles).rights,
    };
    let first = store.vouched(&vouched("a", "1", &[Role::Reviewer]), &fresh("n1"), at(2)).unwrap();
    assert_eq!((first.name.as_str(), first.id == local.id), ("wang-2", false), "a name gives nobody an account");
    let again = store.vouched(&vouched("a", "1", &[Role::Administrator]), &fresh("n2"), at(3)).unwrap();
    assert_eq!((again.id, &again.display_name), (first.id, &"王敏".to_owned()));
    assert!(again.rights.roles.contains(&Role::Administrator), "what is vouched for counts anew");
    for (issuer, subject) in [("b", "1"), ("a", "2")] {
        let other = store.vouched(&vouched(issuer, subject, &[Role::Reviewer]), &fresh(subject), at(4));
        assert!(!store.accounts().unwrap().is_empty() && other.unwrap().id != first.id, "{issuer} {subject}");
    }
    assert_eq!(store.account(local.id).unwrap(), local);
    // The last administrator stays one, whatever the provider says; a disabled account stays disabled.
    let disabled = Account { disabled: true, ..local };
    store.change_account(&disabled, at(5), "cli").unwrap();
    let kept = store.vouched(&vouched("a", "1", &[Role::Reviewer]), &fresh("n3"), at(6)).unwrap();
    assert!(kept.rights.roles.contains(&Role::Administrator));
}

fn refusals_are_counted_bounded_and_forgiven(store: &dyn AccountStore) {
    let (name, address) = (key("name"), key("address"));
    assert_eq!(store.refusals(&[name.clone(), address.clone()]).unwrap(), []);
    for _ in 0..6 {
        store.refuse(&[(name.clone(), 5), (address.clone(), 30)], at(1)).unwrap();
    }
    let counted = store.refusals(&[name.clone(), address.clone()]).unwrap();
    assert_eq!(counted.iter().map(|one| one.count).collect::<Vec<_>>(), [6, 6]);
    assert_eq!(counted[0].wait(at(1)), Some(Refusals::WAIT_FIRST * 2));
    assert_eq!(counted[1].wait(at(1)), None);
    store.forgive(&name).unwrap();
    store.forgive(&name).unwrap();
    assert_eq!(store.refusals(&[name.clone(), address.clone()]).unwrap().len(), 1);
    let flood: Vec<_> = (0..Refusals::COUNTED_MAX).map(|n| (key(&n.to_string()), 5)).collect();
    for some in flood.chunks(500) {
        store.refuse(some, at(2)).unwrap();
    }
    assert_eq!(store.refusals(&[address]).unwrap(), [], "the one heard of least lately made room");
    assert_eq!(store.refusals(&[key("0"), key("9999")]).unwrap().len(), 2);
}

fn many_refusals_at_once_are_all_counted(store: &dyn AccountStore) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| store.refuse(&[(key("x"), 5)], at(1)).unwrap()));
        }
    });
    assert_eq!(store.refusals(&[key("x")]).unwrap()[0].count, 80);
    assert_eq!(store.refusals(&[key("x")]).unwrap()[0].wait(at(1)), Some(Duration::from_secs(15 * 60)));
}

fn the_audit_log_tells_what_the_door_did(store: &dyn AccountStore) {
    let one = made(store, "wang", &[Role::Reviewer]);
    store.begin_session(one.id, &key("a"), at(2), Ipv4Addr::LOCALHOST.into()).unwrap();
    store.end_session(&key("a"), at(3)).unwrap();
    let page = Page { after: None, limit: 9 };
    let rows = store.audit_page(&AuditFilter { subject: Some(one.id.to_string()), ..AuditFilter::default() }, &page);
    let told: Vec<String> = rows.unwrap().rows.into_iter().map(|row| row.action).collect();
    assert_eq!(told, ["session.ended", "session.begun", "account.password_set", "account.added"]);
}
