//! `xunjie token`: programs that may come in. The secret goes to standard output once, and nowhere else.

use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::{
    Done,
    account::{Rights, areas_of},
    desk::{ACTOR, Desk},
    words,
};
use crate::{
    domain::{AccountId, Area, Role, Token, WallTime},
    service::NewToken,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 新增令牌；密文只显示这一次
    Add(AddArgs),
    /// 列出全部令牌
    List,
    /// 吊销令牌，立即失效
    Revoke(Named),
}

#[derive(clap::Args)]
pub(super) struct AddArgs {
    /// 令牌名，说明用途：字母、数字和 -_.@
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    rights: Rights,
    /// 到期时间，如 2027-01-01T00:00:00+08:00；不写时不到期
    #[arg(long, value_name = "TIME")]
    expires_at: Option<WallTime>,
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// 令牌名
    #[arg(value_name = "NAME")]
    name: String,
}

/// A token as it is printed.
#[derive(Serialize)]
struct Shown {
    id: AccountId,
    name: String,
    roles: Vec<Role>,
    areas: Option<Vec<Area>>,
    may_unmask: bool,
    created_by: String,
    created_at: WallTime,
    expires_at: Option<WallTime>,
    last_used_at: Option<WallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let offset = service.config.city.utc_offset();
    match command {
        Command::Add(args) => {
            let (roles, areas, may_unmask) = args.rights.parts();
            let new = NewToken { name: args.name, roles, areas, may_unmask, expires_at: args.expires_at };
            let (token, secret) = service.add_token(&new, ACTOR)?;
            desk.print.one(&shown(token, Some(secret.reveal().to_owned())), || secret.reveal().to_owned());
        }
        Command::List => {
            let tokens: Vec<Shown> = service.accounts.tokens()?.into_iter().map(|token| shown(token, None)).collect();
            let head = ["令牌", "角色", "区域", "原图", "由谁新增", "到期", "最近使用"];
            let time = |at: Option<WallTime>| at.map_or_else(|| "—".to_owned(), |at| words::time(at, offset));
            desk.print.list(&tokens, &head, "还没有令牌；用 xunjie token add 新增", |token| {
                vec![
                    token.name.clone(),
                    words::roles(&token.roles),
                    words::areas(token.areas.as_deref()),
                    words::yes_no(token.may_unmask).to_owned(),
                    token.created_by.clone(),
                    time(token.expires_at),
                    time(token.last_used_at),
                ]
            });
        }
        Command::Revoke(named) => {
            let found = service.accounts.tokens()?.into_iter().find(|token| token.name.as_str() == named.name);
            let token = found.with_context(|| format!("there is no token {:?}; `xunjie token list`", named.name))?;
            service.revoke_token(token.id, ACTOR)?;
            desk.print.one(&shown(token, None), || format!("令牌 {} 已吊销", named.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(token: Token, secret: Option<String>) -> Shown {
    let Token { id, name, rights, created_by, created_at, expires_at, last_used_at } = token;
    Shown {
        id,
        name: name.into(),
        roles: rights.roles.into_iter().collect(),
        areas: areas_of(rights.areas),
        may_unmask: rights.may_unmask,
        created_by,
        created_at,
        expires_at,
        last_used_at,
        secret,
    }
}
