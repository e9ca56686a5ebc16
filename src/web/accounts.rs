//! `/api/v1/accounts`: who may come in. Passwords are the people's own: an account begins with a link that works once.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageOf, given},
    problem::Problem,
    sessions::areas_out,
};
use crate::{
    domain::{Account, AccountId, Area, Caller, Role, Secret, WallTime},
    service::{AccountChange, Faults, NewAccount, Want},
};

/// An account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountIn {
    /// With which the person comes in: letters, digits and `-_.@`; unique.
    #[serde(default)]
    name: String,
    /// How people call them.
    #[serde(default)]
    display_name: String,
    /// What they may do.
    #[serde(default)]
    roles: Vec<Role>,
    /// What they may see; `null`: everything.
    areas: Option<Vec<String>>,
    /// Whether they may see what is not masked.
    #[serde(default)]
    may_unmask: bool,
}

/// What changes about an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChangeIn {
    /// How people call them.
    display_name: Option<String>,
    /// What they may do.
    roles: Option<Vec<Role>>,
    /// What they may see; `null`: everything.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    areas: Option<Option<Vec<String>>>,
    /// `true`: everything.
    all_areas: Option<bool>,
    /// Whether they may see what is not masked.
    may_unmask: Option<bool>,
    /// Whether they come in no more; sessions end at once.
    disabled: Option<bool>,
    /// Whether they must choose a new password before anything else. A new password ends it.
    must_change_password: Option<bool>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: AccountId,
    /// With which the person comes in.
    name: String,
    /// How people call them.
    display_name: String,
    /// What they may do.
    roles: Vec<Role>,
    /// What they may see; `null`: everything.
    #[schema(value_type = Option<Vec<String>>)]
    areas: Option<Vec<Area>>,
    /// Whether they may see what is not masked.
    may_unmask: bool,
    /// Whether they come in no more.
    disabled: bool,
    /// Whether they must choose a new password before anything else.
    must_change_password: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: WallTime,
    /// When the person last asked for something, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<WallTime>,
}

impl AccountOut {
    fn of(account: Account) -> Self {
        let Account { id, name, display_name, rights, disabled, must_change_password, created_at, last_seen_at } =
            account;
        Self {
            id,
            name: name.into(),
            display_name,
            roles: rights.roles.into_iter().collect(),
            areas: areas_out(rights.areas),
            may_unmask: rights.may_unmask,
            disabled,
            must_change_password,
            created_at,
            last_seen_at,
        }
    }
}

/// A new account and its invitation.
#[derive(Serialize, ToSchema)]
pub struct AccountMadeOut {
    /// The account.
    account: AccountOut,
    /// Path of the link with which the person sets a password; works once, for 7 days, and is not shown again.
    invitation: String,
}

/// A new invitation.
#[derive(Serialize, ToSchema)]
pub struct InvitationOut {
    /// Path of the link with which the person sets a password; works once, for 7 days, and is not shown again.
    invitation: String,
}

fn link(secret: &Secret) -> String {
    format!("/invitation#{}", secret.reveal())
}

/// All accounts, by name.
#[utoipa::path(get, operation_id = "accounts_list", path = "/api/v1/accounts", tag = "accounts", responses((status = OK, body = PageOf<AccountOut>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<AccountOut>>, Problem> {
    let accounts = app.run(&caller, |service| Ok(service.accounts.accounts()?)).await?;
    Ok(PageOf::whole(accounts.into_iter().map(AccountOut::of).collect()))
}

/// Makes an account with an invitation.
#[utoipa::path(post, operation_id = "accounts_add", path = "/api/v1/accounts", tag = "accounts", request_body = AccountIn,
    responses((status = CREATED, body = AccountMadeOut), (status = CONFLICT, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(account): Body<AccountIn>,
) -> Result<(StatusCode, Json<AccountMadeOut>), Problem> {
    let AccountIn { name, display_name, roles, areas, may_unmask } = account;
    let new = NewAccount { name, display_name, roles, areas, may_unmask };
    let by = caller.name.clone();
    let (account, secret) = app.run(&caller, move |service| service.add_account(&new, &by)).await?;
    let made = AccountMadeOut { account: AccountOut::of(account), invitation: link(&secret) };
    Ok((StatusCode::CREATED, Json(made)))
}

/// One account.
#[utoipa::path(get, operation_id = "accounts_show", path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = OK, body = AccountOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
) -> Result<Json<AccountOut>, Problem> {
    Ok(Json(AccountOut::of(app.run(&caller, move |service| Ok(service.accounts.account(id)?)).await?)))
}

/// Changes an account; takes effect with its next request.
#[utoipa::path(patch, operation_id = "accounts_change", path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path)), request_body = AccountChangeIn,
    responses((status = OK, body = AccountOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
    Body(change): Body<AccountChangeIn>,
) -> Result<Json<AccountOut>, Problem> {
    let AccountChangeIn { display_name, roles, areas, all_areas, may_unmask, disabled, must_change_password } = change;
    let areas = match (areas, all_areas) {
        (Some(Some(_)), Some(true)) => {
            return Err(Problem::invalid(Faults::one("all_areas", "true", Want::AllOrSome)));
        }
        (_, Some(true)) => Some(None),
        (areas, _) => areas,
    };
    let change = AccountChange { display_name, roles, areas, may_unmask, disabled, must_change_password };
    let by = caller.name.clone();
    Ok(Json(AccountOut::of(app.run(&caller, move |service| service.change_account(id, &change, &by)).await?)))
}

/// Takes the password away and makes a new invitation.
#[utoipa::path(post, operation_id = "accounts_invite", path = "/api/v1/accounts/{id}/invitation", tag = "accounts", params(("id" = String, Path)),
    responses((status = OK, body = InvitationOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn invite(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
) -> Result<Json<InvitationOut>, Problem> {
    let by = caller.name.clone();
    let secret = app.run(&caller, move |service| service.invite(id, &by)).await?;
    Ok(Json(InvitationOut { invitation: link(&secret) }))
}
