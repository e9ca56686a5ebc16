//! The city's data files: calendar, catalogue of matters, limits, grid cells. All of it is data that a city
//! replaces; nothing here is the text of a standard.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDate, NaiveTime};
use serde::Deserialize;

use super::{
    TextFile,
    calendar::{Calendar, LimitUnit, SpecialDay},
    fault::{Checker, Fault},
    table,
};
use crate::domain::{Limit, MatterCodes, WallTime};

/// The files of a city's folder, read but not judged. A file that is `None` was not there.
#[derive(Clone, Debug, Default)]
pub struct CityFiles {
    /// `city.toml`
    pub city: Option<TextFile>,
    /// `holidays.tsv`
    pub holidays: Option<TextFile>,
    /// `matters.tsv`
    pub matters: Option<TextFile>,
    /// `limits.tsv`
    pub limits: Option<TextFile>,
    /// `grid_cells.tsv`, optional.
    pub grid_cells: Option<TextFile>,
    /// `ads.toml`, needed only by matters that read text.
    pub ads: Option<TextFile>,
    /// `vehicles.tsv`, optional.
    pub vehicles: Option<TextFile>,
}

/// One row of the catalogue of matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRow {
    /// 5 digits.
    pub code_2026: String,
    /// Name in the standard.
    pub name: String,
    /// `04-09`, where the matter existed.
    pub code_2013: Option<String>,
}

/// One row of the city's table of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Which matter, by its 2026 code.
    pub code_2026: Option<String>,
    /// Which matter, by its 2013 code.
    pub code_2013: Option<String>,
    /// How many units.
    pub n: u32,
    /// Of which kind.
    pub unit: LimitUnit,
    /// 立案条件, short.
    pub filing_condition: String,
    /// 结案条件, short.
    pub closing_condition: String,
}

/// Who a grid cell belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridCell {
    /// 街道
    pub street: String,
    /// 社区
    pub community: String,
}

/// A city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct City {
    name: String,
    division_code: String,
    calendar: Calendar,
    catalogue: Vec<CatalogueRow>,
    limits: Vec<LimitRow>,
    cells: BTreeMap<String, GridCell>,
}

impl City {
    /// Name for people.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// 行政区划 code, 6 digits.
    pub fn division_code(&self) -> &str {
        &self.division_code
    }
    /// Civil time against UTC.
    pub fn utc_offset(&self) -> FixedOffset {
        self.calendar.offset
    }
    /// Working time.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
    /// The catalogue of matters.
    pub fn catalogue(&self) -> &[CatalogueRow] {
        &self.catalogue
    }
    /// Whether the date is a holiday by the city's table; plain weekends are not.
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        self.calendar.is_holiday(date)
    }
    /// The 11-digit 事项代码: division code and 2026 code.
    pub fn full_code(&self, codes: &MatterCodes) -> String {
        format!("{}{}", self.division_code, codes.code_2026)
    }
    /// The row of the table of limits for a matter: by its 2026 code, else by its 2013 code; the first that fits.
    pub fn limit_row(&self, codes: &MatterCodes) -> Option<&LimitRow> {
        let by_2026 = self.limits.iter().find(|row| row.code_2026.as_ref() == Some(&codes.code_2026));
        by_2026.or_else(|| self.limits.iter().find(|row| row.code_2013.is_some() && row.code_2013 == codes.code_2013))
    }
    /// By when a case of the matter that opens at `at` should be handled; `None` where the table does not say.
    pub fn limit(&self, codes: &MatterCodes, at: WallTime) -> Option<Limit> {
        let row = self.limit_row(codes)?;
        let due_at = self.calendar.due(at, row.n, row.unit)?;
        Some(Limit { text: format!("{} {}", row.n, row.unit), due_at })
    }
    /// Who a 单元网格 belongs to, if the city's table of cells says.
    pub fn grid_cell(&self, code: &str) -> Option<&GridCell> {
        self.cells.get(code)
    }
}

/// `city.toml` as written. Every key is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCity {
    /// Name for people.
    name: Option<String>,
    /// 行政区划 code, 6 digits.
    division_code: Option<String>,
    /// `+08:00`
    utc_offset: Option<String>,
    /// `["08:00-12:00", "14:00-18:00"]`
    working_spans: Vec<String>,
}

/// Checks a city's files. `folder` names it in faults about files that are missing.
pub(super) fn check(folder: &str, files: &CityFiles, faults: &mut Vec<Fault>) -> City {
    let CityFiles { city, holidays, matters, limits, grid_cells, ads: _, vehicles: _ } = files;
    for (name, file) in
        [("city.toml", city), ("holidays.tsv", holidays), ("matters.tsv", matters), ("limits.tsv", limits)]
    {
        if file.is_none() {
            let name = format!("{folder}/{name}");
            Checker::new(name, faults).fault("", "no such file", "a file; city/example shows the form");
        }
    }
    let (name, division_code, offset, spans) = city.as_ref().map_or_else(unknown_city, |file| head(file, faults));
    let special = holidays.as_ref().map(|file| special_days(file, faults)).unwrap_or_default();
    City {
        name,
        division_code,
        calendar: Calendar { offset, spans, special },
        catalogue: matters.as_ref().map(|file| catalogue(file, faults)).unwrap_or_default(),
        limits: limits.as_ref().map(|file| limit_rows(file, faults)).unwrap_or_default(),
        cells: grid_cells.as_ref().map(|file| cells(file, faults)).unwrap_or_default(),
    }
}

type Head = (String, String, FixedOffset, Vec<(NaiveTime, NaiveTime)>);

fn utc() -> FixedOffset {
    FixedOffset::east_opt(0).expect("zero is an offset")
}

fn unknown_city() -> Head {
    (String::new(), String::new(), utc(), Vec::new())
}

fn head(file: &TextFile, faults: &mut Vec<Fault>) -> Head {
    let mut check = Checker::new(&file.name, faults);
    let raw: RawCity = check.toml(&file.text);
    let name = check.text("name", raw.name, "the city's name");
    let code = check.text("division_code", raw.division_code, "6 digits");
    if !digits(&code, 6) {
        check.fault("division_code", format!("{code:?}"), "6 digits");
    }
    let offset = check.text("utc_offset", raw.utc_offset, "an offset like \"+08:00\"");
    let offset = check.parsed("utc_offset", &offset, "an offset like \"+08:00\"", str::parse).unwrap_or_else(utc);
    let mut spans = Vec::new();
    let want = "spans like \"08:00-12:00\", in order and apart";
    for (i, text) in raw.working_spans.iter().enumerate() {
        match span(text) {
            Some(span) if spans.last().is_none_or(|&(_, end): &(NaiveTime, NaiveTime)| end <= span.0) => {
                spans.push(span);
            }
            _ => check.fault(&format!("working_spans[{i}]"), format!("{text:?}"), want),
        }
    }
    if raw.working_spans.is_empty() {
        check.fault("working_spans", "nothing", want);
    }
    (name, code, offset, spans)
}

fn span(text: &str) -> Option<(NaiveTime, NaiveTime)> {
    let (from, to) = text.split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (from, to) = (time(from)?, time(to)?);
    (from < to).then_some((from, to))
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn code_2013(text: &str) -> bool {
    text.split_once('-').is_some_and(|(big, small)| digits(big, 2) && digits(small, 2))
}

fn special_days(file: &TextFile, faults: &mut Vec<Fault>) -> BTreeMap<NaiveDate, SpecialDay> {
    let mut check = Checker::new(&file.name, faults);
    let mut days = BTreeMap::new();
    for row in table::rows(file, &["date", "kind"], &mut check) {
        let date = check.parsed(&row.at("date"), row.cells[0], "a date like 2026-10-01", str::parse::<NaiveDate>);
        let kind = check.parsed(&row.at("kind"), row.cells[1], "holiday or workday", |word| match word {
            "holiday" => Ok(SpecialDay::Holiday),
            "workday" => Ok(SpecialDay::Workday),
            _ => Err(()),
        });
        if let Some((date, kind)) = date.zip(kind)
            && days.insert(date, kind).is_some()
        {
            check.fault(&row.at("date"), date, "each date once");
        }
    }
    days
}

fn catalogue(file: &TextFile, faults: &mut Vec<Fault>) -> Vec<CatalogueRow> {
    let mut check = Checker::new(&file.name, faults);
    let mut rows: Vec<CatalogueRow> = Vec::new();
    for row in table::rows(file, &["code_2026", "name", "code_2013"], &mut check) {
        let code = row.cells[0];
        if !digits(code, 5) || rows.iter().any(|known| known.code_2026 == code) {
            check.fault(&row.at("code_2026"), format!("{code:?}"), "5 digits, each code once");
        }
        let old = row.optional(2);
        if old.as_deref().is_some_and(|code| !code_2013(code)) {
            check.fault(&row.at("code_2013"), format!("{:?}", row.cells[2]), "nothing, or a code like 04-09");
        }
        if row.cells[1].is_empty() {
            check.fault(&row.at("name"), "nothing", "the matter's name");
        }
        rows.push(CatalogueRow { code_2026: code.to_owned(), name: row.cells[1].to_owned(), code_2013: old });
    }
    rows
}

fn limit_rows(file: &TextFile, faults: &mut Vec<Fault>) -> Vec<LimitRow> {
    let mut check = Checker::new(&file.name, faults);
    let columns = ["code_2026", "code_2013", "n", "unit", "filing_condition", "closing_condition"];
    let mut limits = Vec::new();
    for row in table::rows(file, &columns, &mut check) {
        let (new, old) = (row.optional(0), row.optional(1));
        let sane = new.as_deref().is_none_or(|code| digits(code, 5)) && old.as_deref().is_none_or(code_2013);
        if !sane || (new.is_none() && old.is_none()) {
            check.fault(&row.at("code_2026"), row.cells[..2].join(" "), "a code like 09009, or 04-09, or both");
        }
        let n = check.parsed(&row.at("n"), row.cells[2], "a whole number from 1 to 1000", |text| {
            text.parse::<u32>().ok().filter(|n| (1..=1000).contains(n)).ok_or(())
        });
        let units = "urgent_hour, work_hour, work_day, urgent_day or natural_day";
        let unit = check.parsed(&row.at("unit"), row.cells[3], units, |word| LimitUnit::parse(word).ok_or(()));
        if let Some((n, unit)) = n.zip(unit) {
            let (filing_condition, closing_condition) = (row.cells[4].to_owned(), row.cells[5].to_owned());
            limits.push(LimitRow { code_2026: new, code_2013: old, n, unit, filing_condition, closing_condition });
        }
    }
    limits
}

fn cells(file: &TextFile, faults: &mut Vec<Fault>) -> BTreeMap<String, GridCell> {
    let mut check = Checker::new(&file.name, faults);
    let mut cells = BTreeMap::new();
    for row in table::rows(file, &["cell", "street", "community"], &mut check) {
        let cell = GridCell { street: row.cells[1].to_owned(), community: row.cells[2].to_owned() };
        if !digits(row.cells[0], 15) || cells.insert(row.cells[0].to_owned(), cell).is_some() {
            check.fault(&row.at("cell"), format!("{:?}", row.cells[0]), "15 digits, each cell once");
        }
    }
    cells
}
