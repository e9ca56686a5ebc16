//! `xunjie account`: who may come in. Whoever can open the data folder is trusted. No password passes through here: a
//! person sets the own one with a link that works once.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk},
    words,
};
use crate::{
    domain::{Account, AccountId, Area, Areas, Role, Secret, WallTime},
    service::{AccountChange, NewAccount, Service},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出全部账号
    List,
    /// 新增账号，给出一次性邀请链接
    Add(AddArgs),
    /// 重设密码：原密码立即失效，给出新的一次性邀请链接
    Invite(Named),
    /// 要求换密码：下次使用前必须设新密码
    Renew(Named),
    /// 停用账号：立即退出，不能再登录，记录保留
    Disable(Named),
    /// 启用账号
    Enable(Named),
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// 账号名
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(clap::Args)]
pub(super) struct AddArgs {
    /// 账号名，登录用：字母、数字和 -_.@
    #[arg(value_name = "NAME")]
    name: String,
    /// 姓名；不写时同账号名
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[command(flatten)]
    rights: Rights,
}

/// What an account or a token may.
#[derive(clap::Args)]
pub(super) struct Rights {
    /// 角色，可重复
    #[arg(long = "role", value_enum, required = true)]
    roles: Vec<RoleWord>,
    /// 只看这个区域，可重复；不写时看全市
    #[arg(long = "area", value_name = "AREA")]
    areas: Vec<String>,
    /// 可看未脱敏的原图和录像，每次查看都有审计
    #[arg(long)]
    may_unmask: bool,
}

impl Rights {
    /// Roles, areas (`None`: all), and whether what is not masked may be seen.
    pub(super) fn parts(self) -> (Vec<Role>, Option<Vec<String>>, bool) {
        let areas = (!self.areas.is_empty()).then_some(self.areas);
        (self.roles.into_iter().map(Role::from).collect(), areas, self.may_unmask)
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleWord {
    Operator,
    Reviewer,
    Supervisor,
    Platform,
    Administrator,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Operator => Self::Operator,
            RoleWord::Reviewer => Self::Reviewer,
            RoleWord::Supervisor => Self::Supervisor,
            RoleWord::Platform => Self::Platform,
            RoleWord::Administrator => Self::Administrator,
        }
    }
}

/// An account as it is printed.
#[derive(Serialize)]
struct Shown {
    id: AccountId,
    name: String,
    display_name: String,
    roles: Vec<Role>,
    areas: Option<Vec<Area>>,
    may_unmask: bool,
    disabled: bool,
    must_change_password: bool,
    created_at: WallTime,
    last_seen_at: Option<WallTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<String>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    match command {
        Command::List => {
            let accounts: Vec<Shown> =
                service.accounts.accounts()?.into_iter().map(|account| shown(account, None)).collect();
            let head = ["账号", "姓名", "角色", "区域", "原图", "状态"];
            desk.print.list(&accounts, &head, "还没有账号；用 xunjie account add 新增", |account| {
                vec![
                    account.name.clone(),
                    account.display_name.clone(),
                    words::roles(&account.roles),
                    words::areas(account.areas.as_deref()),
                    words::yes_no(account.may_unmask).to_owned(),
                    if account.disabled { "停用" } else { "启用" }.to_owned(),
                ]
            });
        }
        Command::Add(args) => {
            let (roles, areas, may_unmask) = args.rights.parts();
            let display_name = args.display_name.unwrap_or_else(|| args.name.clone());
            let new = NewAccount { name: args.name, display_name, roles, areas, may_unmask };
            let (account, secret) = service.add_account(&new, ACTOR)?;
            invited(desk, &service, account, &secret, "已新增账号");
        }
        Command::Invite(named) => {
            let account = service.account_named(&named.name)?;
            let secret = service.invite(account.id, ACTOR)?;
            invited(desk, &service, account, &secret, "已重设账号");
        }
        Command::Renew(named) => {
            let id = service.account_named(&named.name)?.id;
            let change = AccountChange { must_change_password: Some(true), ..AccountChange::default() };
            let account = service.change_account(id, &change, ACTOR)?;
            let told = format!("账号 {} 须先换密码才能继续使用", account.name.as_str());
            desk.print.one(&shown(account, None), || told);
        }
        Command::Disable(named) => enable(desk, &service, &named, false)?,
        Command::Enable(named) => enable(desk, &service, &named, true)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn invited(desk: &Desk, service: &Service, account: Account, secret: &Secret, done: &str) {
    let path = format!("/invitation#{}", secret.reveal());
    let settings = &service.config.settings;
    let (scheme, listen) = (if settings.tls.is_some() { "https" } else { "http" }, settings.listen);
    let told = format!(
        "{done} {}。请本人在 7 天内打开一次（只能用一次，不再显示）：\n{scheme}://{listen}{path}",
        account.name.as_str()
    );
    desk.print.one(&shown(account, Some(path)), || told);
}

fn enable(desk: &Desk, service: &Service, named: &Named, enabled: bool) -> anyhow::Result<()> {
    let id = service.account_named(&named.name)?.id;
    let change = AccountChange { disabled: Some(!enabled), ..AccountChange::default() };
    let account = service.change_account(id, &change, ACTOR)?;
    let told = format!("账号 {} 已{}", account.name.as_str(), if enabled { "启用" } else { "停用" });
    desk.print.one(&shown(account, None), || told);
    Ok(())
}

fn shown(account: Account, invitation: Option<String>) -> Shown {
    let Account { id, name, display_name, rights, disabled, must_change_password, created_at, last_seen_at } = account;
    Shown {
        id,
        name: name.into(),
        display_name,
        roles: rights.roles.into_iter().collect(),
        areas: areas_of(rights.areas),
        may_unmask: rights.may_unmask,
        disabled,
        must_change_password,
        created_at,
        last_seen_at,
        invitation,
    }
}

/// `None` for all of them.
pub(super) fn areas_of(areas: Areas) -> Option<Vec<Area>> {
    match areas {
        Areas::All => None,
        Areas::Only(areas) => Some(areas.into_iter().collect()),
    }
}
