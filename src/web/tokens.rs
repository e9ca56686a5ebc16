//! `/api/v1/tokens`: programs that may come in. The secret of a token is in one answer, never again.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageOf},
    problem::Problem,
    sessions::areas_out,
};
use crate::{
    domain::{AccountId, Area, Caller, Role, Token, WallTime},
    service::NewToken,
};

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenIn {
    /// What it is for: letters, digits and `-_.@`; unique.
    #[serde(default)]
    name: String,
    /// What it may do.
    #[serde(default)]
    roles: Vec<Role>,
    /// What it may see; `null`: everything.
    areas: Option<Vec<String>>,
    /// Whether it may see what is not masked.
    #[serde(default)]
    may_unmask: bool,
    /// From when on it opens nothing more; `null`: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<WallTime>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: AccountId,
    /// What it is for.
    name: String,
    /// What it may do.
    roles: Vec<Role>,
    /// What it may see; `null`: everything.
    #[schema(value_type = Option<Vec<String>>)]
    areas: Option<Vec<Area>>,
    /// Whether it may see what is not masked.
    may_unmask: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: WallTime,
    /// From when on it opens nothing more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<WallTime>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<WallTime>,
}

impl TokenOut {
    fn of(token: Token) -> Self {
        let Token { id, name, rights, created_by, created_at, expires_at, last_used_at } = token;
        Self {
            id,
            name: name.into(),
            roles: rights.roles.into_iter().collect(),
            areas: areas_out(rights.areas),
            may_unmask: rights.may_unmask,
            created_by,
            created_at,
            expires_at,
            last_used_at,
        }
    }
}

/// A new token and its secret.
#[derive(Serialize, ToSchema)]
pub struct TokenMadeOut {
    /// The token.
    token: TokenOut,
    /// To be sent as `Authorization: Bearer ...`; it is not shown again.
    secret: String,
}

/// All tokens, by name.
#[utoipa::path(get, operation_id = "tokens_list", path = "/api/v1/tokens", tag = "accounts", responses((status = OK, body = PageOf<TokenOut>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<TokenOut>>, Problem> {
    let tokens = app.run(&caller, |service| Ok(service.accounts.tokens()?)).await?;
    Ok(PageOf::whole(tokens.into_iter().map(TokenOut::of).collect()))
}

/// Makes a token.
#[utoipa::path(post, operation_id = "tokens_add", path = "/api/v1/tokens", tag = "accounts", request_body = TokenIn,
    responses((status = CREATED, body = TokenMadeOut), (status = CONFLICT, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(token): Body<TokenIn>,
) -> Result<(StatusCode, Json<TokenMadeOut>), Problem> {
    let TokenIn { name, roles, areas, may_unmask, expires_at } = token;
    let new = NewToken { name, roles, areas, may_unmask, expires_at };
    let by = caller.name.clone();
    let (token, secret) = app.run(&caller, move |service| service.add_token(&new, &by)).await?;
    let made = TokenMadeOut { token: TokenOut::of(token), secret: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends a token at once.
#[utoipa::path(delete, operation_id = "tokens_revoke", path = "/api/v1/tokens/{id}", tag = "accounts", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
) -> Result<StatusCode, Problem> {
    let by = caller.name.clone();
    app.run(&caller, move |service| service.revoke_token(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}
