//! What a token's claims mean here: roles, areas and the right to see what is not masked. A pure function of the claims.

use std::collections::BTreeSet;

use serde_json::Value;

use super::IdentityError;
use crate::{
    config::Oidc,
    domain::{AREAS_MAX, Area, Areas, Rights, Role},
};

/// What somebody with these claims may.
pub(super) fn rights(oidc: &Oidc, claims: &Value) -> Result<Rights, IdentityError> {
    let values = texts(claims, &oidc.role_claim);
    let roles: BTreeSet<Role> = values.iter().filter_map(|value| oidc.roles.get(*value)).copied().collect();
    if roles.is_empty() {
        return Err(IdentityError::NoRole);
    }
    let areas = match &oidc.area_claim {
        None => Areas::All,
        Some(claim) => {
            let areas: BTreeSet<Area> =
                texts(claims, claim).into_iter().filter_map(|name| name.parse().ok()).take(AREAS_MAX).collect();
            // A claim that is missing must not open all areas.
            if areas.is_empty() {
                return Err(IdentityError::NoRole);
            }
            Areas::Only(areas)
        }
    };
    let may_unmask = oidc.unmask.as_deref().is_some_and(|value| values.contains(&value));
    Ok(Rights { roles, areas, may_unmask })
}

/// The texts of a claim: one, or a list. The whole name first, as some are addresses; then dots lead into objects.
fn texts<'a>(claims: &'a Value, path: &str) -> Vec<&'a str> {
    let found = claims.get(path).or_else(|| path.split('.').try_fold(claims, |at, key| at.get(key)));
    match found {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn oidc(role_claim: &str, area_claim: Option<&str>) -> Oidc {
        Oidc {
            issuer: "https://id.example".into(),
            client_id: "xunjie".into(),
            secret_file: None,
            ca_file: None,
            name: "x".into(),
            redirect: "https://x.example/".parse().unwrap(),
            scopes: vec![],
            role_claim: role_claim.into(),
            roles: [("review".into(), Role::Reviewer), ("boss".into(), Role::Supervisor)].into(),
            unmask: Some("see-all".into()),
            area_claim: area_claim.map(str::to_owned),
        }
    }

    #[test]
    fn only_what_is_listed_gives_a_right() {
        let east = || Areas::Only(["东城区".parse().unwrap()].into());
        let cases = [
            ("roles", None, json!({"roles": ["review", "other"]}), Some((vec![Role::Reviewer], Areas::All, false))),
            ("roles", None, json!({"roles": "boss"}), Some((vec![Role::Supervisor], Areas::All, false))),
            (
                "realm.roles",
                None,
                json!({"realm": {"roles": ["review", "see-all"]}}),
                Some((vec![Role::Reviewer], Areas::All, true)),
            ),
            (
                "https://x/roles",
                None,
                json!({"https://x/roles": ["review"]}),
                Some((vec![Role::Reviewer], Areas::All, false)),
            ),
            (
                "roles",
                Some("area"),
                json!({"roles": ["review"], "area": ["东城区", ""]}),
                Some((vec![Role::Reviewer], east(), false)),
            ),
            ("roles", Some("area"), json!({"roles": ["review"]}), None),
            ("roles", None, json!({"roles": ["administrator", "see-all"]}), None),
            ("roles", None, json!({"roles": {"review": true}}), None),
            ("roles", None, json!([]), None),
        ];
        for (role_claim, area_claim, claims, wanted) in cases {
            let got = rights(&oidc(role_claim, area_claim), &claims).ok();
            let wanted = wanted.map(|(roles, areas, may_unmask)| Rights {
                roles: roles.into_iter().collect(),
                areas,
                may_unmask,
            });
            assert_eq!(got, wanted, "{claims}");
        }
    }
}
