//! L3: use cases shared by the web and the command line, one file a noun. Nothing here speaks HTTP or prints; every
//! use case is synchronous and callers own their threads. Whatever changes something takes the name of who did it.

mod accounts;
mod alike;
mod areas;
mod cases;
mod coverage;
mod deliveries;
mod desk;
mod entrance;
mod evidence;
mod exemplars;
mod export;
mod faults;
mod health;
mod import;
mod incidents;
mod labels;
mod lockout;
mod marks;
mod passwords;
mod people;
mod pictures;
mod plan;
mod platform;
mod queue;
mod reconciliation;
mod report;
mod review;
mod second_reviews;
mod shadow;
mod signs;
mod statistics;
mod streams;
mod table;
mod timeline;
mod tokens;
mod views;
mod want;
mod what_if;
pub mod words;
mod zones;

use std::{
    collections::HashSet,
    fmt, fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

pub use accounts::{AccountChange, NewAccount};
pub use alike::{Cluster, Similar};
pub use areas::AreaStreams;
pub use cases::CaseDetail;
pub use coverage::{Coverage, ViewCoverage};
pub use desk::OnDesk;
pub use entrance::{Entered, SECRET_CHARS_MAX};
pub use evidence::{Circle, EvidenceBytes};
pub use exemplars::{Changed, EXEMPLARS_LISTED, Preview};
pub use export::{Exported, IncidentExport};
pub use faults::{Fault, Faults};
pub use health::{DISK_FREE_BYTES_MIN, Health};
pub use import::{
    Column, ImportTerms, Imported, ImportedRow, RowAction, SHEET_BYTES_MAX, SHEET_ROWS_MAX, Sheet, SheetEncoding,
    SheetRow,
};
pub use incidents::IncidentDetail;
pub use labels::{LabelAsk, LabelExport};
pub use marks::{Describe, NewMark};
pub use people::People;
pub use pictures::{PictureRef, ShownPicture, ShownPictures};
pub use plan::{backlog_in_words, policy_in_words, unable_in_words};
pub use platform::{PlatformStatus, Reached};
pub use queue::{NextInQueue, QueueAsk, QueueItem, QueuePage};
pub use report::{Month, Report};
pub use second_reviews::{Agreement, PairAgreement, kappa};
pub use shadow::{DISAGREEMENTS_LISTED, SHADOW_FOLDER};
pub use statistics::{
    By, Figures, HotPlace, HotSpots, REASONS, Share, Statistics, StatisticsQuery, StatisticsRow, reason_word,
};
pub use streams::{ChangeStream, NewStream, Registered, StreamDetail};
pub use table::{Cell, TableFormat, TableWriter};
pub use timeline::{Moment, MomentKind};
pub use tokens::NewToken;
pub use views::ChangeView;
pub use want::Want;
pub use what_if::{Difference, Draft, DraftZone, Judged, WhatIf, Why};
pub use zones::NewZone;

use passwords::Passwords;

use crate::{
    clock::Clock,
    config::Config,
    domain::{Area, Areas, IncidentId, MatterKey, StreamId, Thing, ViewId, WallTime},
    store::{
        Page, Registry, Store, StoreError,
        accounts::AccountStore,
        evidence::{EvidenceError, EvidenceFolder},
        sqlite::SqliteStore,
    },
};

/// Why a use case was refused or failed. Named by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// What was asked is faulty; all faults at once.
    #[error("{0}")]
    Invalid(Faults),
    /// The cursor is none of this list.
    #[error("{0:?} is no cursor of this list; use the `next` of the page before, or begin without one")]
    Cursor(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of a bundle are gone or damaged.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Retention removed the files; the record of them stays.
    #[error("the files of evidence {0} were removed by retention")]
    Purged(String),
    /// The file shows more than its reader may see.
    #[error("{0} does not leave the review circle; ask for the masked picture")]
    Unmasked(String),
    /// Name and password do not fit, or there is no such account: which of both is told to nobody.
    #[error("name or password is wrong")]
    WrongLogin,
    /// A one-time link that was used, ended, or never was.
    #[error("the link was used already or has ended; ask an administrator for a new one")]
    DeadLink,
    /// More people prove themselves at once than the machine can check.
    #[error("too many logins at once; try again in a few seconds")]
    Crowded,
    /// A verifier could not look at a picture now.
    #[error("the second model could not look: {0}; try again in a minute")]
    Unseen(String),
    /// A file for a spreadsheet cannot be made.
    #[error("the file cannot be made: {0}; ask for a shorter span or another format")]
    Export(String),
    /// The data folder cannot be used.
    #[error("data folder {path} cannot be used: {why}; check that it exists and that this user may write there")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl ServiceError {
    pub(crate) fn bad_cursor(cursor: &str) -> Self {
        Self::Cursor(cursor.chars().take(80).collect())
    }
    /// A list has nothing to collide with: a conflict is about its cursor.
    fn of_list(error: StoreError, page: &Page) -> Self {
        match (error, &page.after) {
            (StoreError::Conflict(_), Some(cursor)) => Self::bad_cursor(cursor),
            (error, _) => Self::Store(error),
        }
    }
    pub(crate) fn missing(what: Thing, id: impl fmt::Display) -> Self {
        Self::Store(StoreError::Missing { what, id: id.to_string() })
    }
}

/// The use cases. Cheap to share behind an `Arc`.
pub struct Service {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Who may come in.
    pub accounts: Arc<dyn AccountStore>,
    /// The files that prove it.
    pub evidence: Arc<EvidenceFolder>,
    /// Matters, city and settings.
    pub config: Arc<Config>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    passwords: Arc<Passwords>,
    /// What whoever asks may see: every use case keeps to it.
    sees: Areas,
}

impl Service {
    /// Opens the data folder (made with rights for its owner alone when it is not there), the store and the evidence.
    ///
    /// # Errors
    /// [`ServiceError::Folder`], [`ServiceError::Store`] and [`ServiceError::Evidence`].
    pub fn open(config: Arc<Config>, clock: Arc<dyn Clock>) -> Result<Self, ServiceError> {
        let data = &config.settings.folders.data;
        make_private(data)?;
        let store = Arc::new(SqliteStore::open(&data.join("xunjie.db"))?);
        let evidence = Arc::new(EvidenceFolder::open(data.join("evidence"))?);
        let (accounts, passwords) = (store.clone(), Arc::default());
        Ok(Self { store, accounts, evidence, config, clock, passwords, sees: Areas::All })
    }

    /// The same use cases for whoever sees these areas alone: what lies elsewhere is missing from lists and is not
    /// found by its id. The store itself (`store`) knows no such border; a use case that names objects goes through
    /// [`Service::registry`], [`Service::seen_incident`] and [`Service::seen_areas`].
    #[must_use]
    pub fn seen_by(&self, areas: &Areas) -> Self {
        let Self { store, accounts, evidence, config, clock, passwords, sees } = self;
        Self {
            store: store.clone(),
            accounts: accounts.clone(),
            evidence: evidence.clone(),
            config: config.clone(),
            clock: clock.clone(),
            passwords: passwords.clone(),
            sees: sees.and(areas),
        }
    }

    /// The areas that whoever asks may see, of those that a list asks for.
    pub fn seen_areas(&self, asked: &Areas) -> Areas {
        self.sees.and(asked)
    }

    /// Whether whoever asks sees what belongs to `area`.
    pub fn sees(&self, area: Option<&Area>) -> bool {
        self.sees.admit(area)
    }

    /// Refuses an incident of an area that whoever asks does not see, as if there were none.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none or it is not seen.
    pub fn seen_incident(&self, id: IncidentId) -> Result<(), ServiceError> {
        self.seen_with(id, Thing::Incident, id)
    }

    /// Refuses what belongs to an incident that is not seen, by its own name.
    fn seen_with(&self, of: IncidentId, what: Thing, id: impl fmt::Display) -> Result<(), ServiceError> {
        let seen = self.sees == Areas::All || self.sees.admit(self.store.area_of(of)?.as_ref());
        if seen { Ok(()) } else { Err(ServiceError::missing(what, id)) }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.config.settings.folders.data
    }

    /// Now.
    pub fn now(&self) -> WallTime {
        self.clock.now()
    }

    /// All that is registered, as far as it is seen.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn registry(&self) -> Result<Registry, ServiceError> {
        let mut registry = self.store.registry()?;
        if self.sees != Areas::All {
            registry.streams.retain(|stream| self.sees.admit(stream.area.as_ref()));
            let streams: HashSet<StreamId> = registry.streams.iter().map(|stream| stream.id).collect();
            registry.views.retain(|view| streams.contains(&view.stream));
            let views: HashSet<ViewId> = registry.views.iter().map(|view| view.id).collect();
            registry.zones.retain(|zone| views.contains(&zone.view));
        }
        Ok(registry)
    }

    /// The matter's name in the standard, or its key where the catalogue does not know it any more.
    pub fn matter_name(&self, key: &MatterKey) -> String {
        self.config.matter(key).map_or_else(|| key.to_string(), |matter| matter.name.clone())
    }
}

fn make_private(folder: &Path) -> Result<(), ServiceError> {
    let failed = |e: std::io::Error| ServiceError::Folder { path: folder.to_owned(), why: e.to_string() };
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        // The mode above is cut by the process's umask; state it.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}
