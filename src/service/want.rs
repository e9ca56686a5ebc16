//! What is wanted in the place of something faulty: a closed list. The desk has words for each in both languages
//! (`web/src/i18n/refusals`); the English text here is for programs and the command line. Never a secret.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{BadArea, BadMatterKey, BadName, BadPolygon, BadSource};

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[serde(tag = "code", content = "params", rename_all = "snake_case")]
pub enum Want {
    // --- texts ---
    /// A name for people.
    #[error("1 to {most} characters without control characters")]
    Name {
        /// Characters.
        most: usize,
    },
    /// Words for people.
    #[error("at most {most} characters without control characters")]
    Words {
        /// Characters.
        most: usize,
    },
    /// Serde's words about a body that does not fit; no value is quoted.
    #[error("{told}")]
    Body {
        /// In English.
        told: String,
    },

    // --- who may what ---
    /// A name to come in by.
    #[error("{}", BadName)]
    AccountName,
    /// A name of an area.
    #[error("{}", BadArea)]
    AreaName,
    /// An area of the caller's own.
    #[error("an area that you see")]
    AreaSeen,
    /// Which of the caller's own areas.
    #[error("name one of the areas that you see")]
    AreaNamed,
    /// All areas or a list.
    #[error("either all areas or some of them")]
    AllOrSome,
    /// Areas of an account.
    #[error("1 to {most} areas, or null for all of them")]
    Areas {
        /// Areas.
        most: usize,
    },
    /// Roles of an account.
    #[error("at least one of operator, reviewer, supervisor, platform, administrator")]
    Roles,
    /// A password of that length.
    #[error("{least} to {most} characters")]
    PasswordLength {
        /// Characters.
        least: usize,
        /// Characters.
        most: usize,
    },
    /// A password that is not guessed at once.
    #[error("not the same few characters again and again, and not your name")]
    PasswordStrong,
    /// The password that is right now.
    #[error("the present password is another one")]
    PasswordPresent,

    // --- cameras ---
    /// A stream's code.
    #[error("1 to 64 of letters, digits, `-`, `_` and `.`")]
    Code,
    /// A code that no stream has that the caller cannot see.
    #[error("another code: this one is taken by a stream that you do not see")]
    CodeFree,
    /// An address.
    #[error("{}", BadSource::Unreadable)]
    Address,
    /// An address of at most so many bytes.
    #[error("at most {most} bytes")]
    AddressLength {
        /// Bytes.
        most: usize,
    },
    /// A scheme that a source speaks.
    #[error("scheme {scheme:?} is not supported; use rtsp, rtsps, http, https or file")]
    Scheme {
        /// What came.
        scheme: String,
    },
    /// A credential beside the address.
    #[error("{}", BadSource::CredentialInside)]
    CredentialBeside,
    /// The credential once more, for another host.
    #[error("another host needs the user name and the password again")]
    CredentialAgain,
    /// A user's name beside the password.
    #[error("a password needs a user name beside it")]
    UserBeside,
    /// A host.
    #[error("{}", BadSource::NoHost)]
    Host,
    /// A host where cameras may live.
    #[error("an address in a network of cameras; see [networks] cameras in xunjie.toml")]
    CameraNetwork,
    /// No file.
    #[error("an address of a camera; files are registered on the machine that has them")]
    CameraAddress,
    /// How a source is received.
    #[error("auto, tcp or udp")]
    Transport,
    /// How often a view is looked at.
    #[error("1 to 86400 seconds")]
    RevisitS,
    /// A view's weight.
    #[error("0.01 to 100, 1 is normal")]
    Weight,
    /// Degrees.
    #[error("-180 to 180 degrees")]
    Longitude,
    /// Degrees.
    #[error("-90 to 90 degrees")]
    Latitude,
    /// A grid cell.
    #[error("15 digits (GB/T 47678.3)")]
    GridCell,
    /// A system of coordinates.
    #[error("cgcs2000, wgs84, gcj02 or bd09")]
    Crs,
    /// A place as a whole.
    #[error("longitude, latitude, crs and address together")]
    LocationWhole,

    // --- sheets ---
    /// A sheet of that size.
    #[error("at most {most} MiB; split the sheet")]
    SheetSize {
        /// MiB.
        most: usize,
    },
    /// So many rows.
    #[error("at most {most} rows; split the sheet")]
    SheetRows {
        /// Rows.
        most: usize,
    },
    /// A row.
    #[error("at least one row below the header")]
    SheetRow,
    /// CSV.
    #[error("comma-separated text (CSV)")]
    SheetText,
    /// A readable encoding.
    #[error("text in UTF-8 or GBK; in Excel save as `CSV UTF-8`")]
    SheetEncoding,
    /// A header.
    #[error("a first line with the names of the columns")]
    Header,
    /// Each column once.
    #[error("each column once")]
    ColumnOnce,
    /// Columns that are known.
    #[error("names separated by commas, of these: {names}")]
    ColumnNames {
        /// All of them.
        names: String,
    },
    /// The column that says what a row is about.
    #[error("a column `code`: it says which stream a row is about")]
    ColumnCode,
    /// As many cells as columns.
    #[error("{cells} cells, as many as the header names")]
    Cells {
        /// Cells.
        cells: usize,
    },
    /// A cell of that length.
    #[error("at most {most} characters; is a quote left open?")]
    CellLength {
        /// Characters.
        most: usize,
    },
    /// A cell of one line.
    #[error("no line break; is a quote left open?")]
    CellLine,
    /// Each code once.
    #[error("each code once; line {line} has it too")]
    CodeOnce {
        /// The first line.
        line: u64,
    },
    /// A code that Excel left alone.
    #[error("the code itself; Excel made a number of it, format the column as text")]
    CodeText,
    /// Nothing about what belongs to several views.
    #[error("nothing: this stream has several views, change them one by one")]
    OneView,

    // --- zones ---
    /// A view.
    #[error("the view that it is drawn on")]
    OfView,
    /// So many zones.
    #[error("at most {most} zones")]
    Zones {
        /// Zones.
        most: usize,
    },
    /// So many corners.
    #[error("{}", BadPolygon::Points(*.points))]
    Corners {
        /// How many came.
        points: usize,
    },
    /// Corners inside of the picture.
    #[error("{}", BadPolygon::Outside(*.point))]
    CornersInside {
        /// Which is outside, from 0.
        point: usize,
    },
    /// Edges that do not cross.
    #[error("{}", BadPolygon::Crosses(*.edge, *.other))]
    EdgesApart {
        /// The edge after this corner, from 0.
        edge: usize,
        /// The one that it crosses.
        other: usize,
    },
    /// An area.
    #[error("{}", BadPolygon::Flat)]
    Surface,
    /// Hours of a permitted zone.
    #[error("a permitted zone needs the hours in which the matter is lawful")]
    HoursNeeded,
    /// No hours.
    #[error("none: this kind of zone holds at any time")]
    HoursNone,
    /// Some hours.
    #[error("at least one span of a day")]
    HoursSome,
    /// A time of the day.
    #[error("a time as HH:MM")]
    Time,
    /// Seven days.
    #[error("seven lists, Monday first")]
    Week,

    // --- matters and exemplars ---
    /// A key.
    #[error("a matter's key: 1 to 64 of a-z, 0-9 and _")]
    MatterKey,
    /// A matter of the catalogue.
    #[error("no such matter; `xunjie check` lists them")]
    MatterKnown,
    /// A matter or more.
    #[error("at least one matter")]
    MatterSome,
    /// Another matter.
    #[error("another matter than the incident has")]
    MatterOther,
    /// A matter from which a case can be made.
    #[error("a matter with codes; reclassify the incident first")]
    MatterWithCodes,
    /// A matter of the view.
    #[error("a matter that the view looks for")]
    MatterOfView,
    /// A matter that learns.
    #[error("a matter with a section [verify]: nothing else compares with exemplars")]
    MatterTaught,
    /// A matter whose verifier can compare.
    #[error("a matter whose verifier says how things look; {model} does not")]
    MatterDescribed {
        /// The verifier's model.
        model: String,
    },
    /// A box where something is judged.
    #[error("a box in a zone of the matter: elsewhere nothing is judged")]
    BoxInZone,
    /// A box.
    #[error("[x0, y0, x1, y1] in 0..=1, each side at least {least}")]
    Box {
        /// A fraction of the picture.
        least: String,
    },
    /// A narrower scope.
    #[error("view or zone: the whole city is for those who see all areas")]
    ScopeSeen,

    // --- verdicts ---
    /// Why it is rejected.
    #[error("wrong_object, lawful, passing, wrong_zone, unclear or other")]
    RejectReason,
    /// Of which it is a duplicate.
    #[error("the id of the other incident")]
    Original,
    /// Not of itself.
    #[error("another incident than this one")]
    OriginalOther,
    /// An incident that is there.
    #[error("an incident that is there and that you see")]
    OriginalSeen,
    /// What it is instead.
    #[error("the key of the right matter")]
    MatterRight,
    /// Who says so.
    #[error("a verdict needs a reviewer's name")]
    Reviewer,
    /// So many at once.
    #[error("{least} to {most} incidents")]
    Incidents {
        /// Incidents.
        least: usize,
        /// Incidents.
        most: usize,
    },

    // --- lists, dates, files ---
    /// An end behind its beginning.
    #[error("later than {than}")]
    Later {
        /// The field with the beginning.
        than: &'static str,
    },
    /// In the future.
    #[error("later than now")]
    Future,
    /// A day.
    #[error("a day like 2026-11-23")]
    Day,
    /// A month.
    #[error("a month like 2026-11")]
    Month,
    /// A state of a delivery.
    #[error("pending, delivered or dead")]
    DeliveryState,
    /// A state of review.
    #[error("waiting, confirmed, rejected, duplicate or decided")]
    ReviewState,
    /// A stage that the platform sets.
    #[error("a stage that the platform sets: accepted, dispatched, handled, closed, rejected, cancelled")]
    Stage,
    /// What a sheet of XLSX can hold.
    #[error("csv, or a shorter span: a sheet of XLSX ends at 1,048,576 rows and {rows} incidents were found")]
    SpanShorter {
        /// Rows that were found.
        rows: u64,
    },
    /// A folder to write to.
    #[error("a folder that is not there yet")]
    FolderNew,
}

impl From<BadArea> for Want {
    fn from(_: BadArea) -> Self {
        Self::AreaName
    }
}

impl From<BadName> for Want {
    fn from(_: BadName) -> Self {
        Self::AccountName
    }
}

impl From<BadMatterKey> for Want {
    fn from(_: BadMatterKey) -> Self {
        Self::MatterKey
    }
}

impl From<BadSource> for Want {
    fn from(bad: BadSource) -> Self {
        match bad {
            BadSource::Unreadable => Self::Address,
            BadSource::Scheme(scheme) => Self::Scheme { scheme },
            BadSource::CredentialInside => Self::CredentialBeside,
            BadSource::NoHost => Self::Host,
        }
    }
}

impl From<BadPolygon> for Want {
    fn from(bad: BadPolygon) -> Self {
        match bad {
            BadPolygon::Points(points) => Self::Corners { points },
            BadPolygon::Outside(point) => Self::CornersInside { point },
            BadPolygon::Crosses(edge, other) => Self::EdgesApart { edge, other },
            BadPolygon::Flat => Self::Surface,
        }
    }
}
