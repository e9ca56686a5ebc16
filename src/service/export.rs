//! Exports for spreadsheets: statistics, and lists of incidents of any length, page by page. Each one is audited before
//! its first byte is handed out: who took what out of the house.

use std::{collections::HashMap, io::Read};

use serde_json::json;

use super::{
    By, Cell, Faults, Service, ServiceError, Share, StatisticsQuery, StatisticsRow, TableFormat, TableWriter, Want,
    incidents::check_review_word, statistics::check_span, words,
};
use crate::{
    domain::{Grounds, Incident, IncidentId, MatterKey, Presence, Review, Stream, ViewId, WallTime},
    store::{CaseFacts, IncidentFilter, TimeSpan},
};

/// Incidents that are read at once.
const PAGE: u32 = 1_000;

const STATISTICS_HEAD: [&str; 23] = [
    "键",
    "名称",
    "依据",
    "发现",
    "待复核",
    "确认",
    "驳回",
    "驳回：识别错误",
    "驳回：合法",
    "驳回：临时停留",
    "驳回：区域有误",
    "驳回：画面不清",
    "驳回：其他",
    "重复",
    "准确率",
    "准确率下限",
    "准确率上限",
    "复核用时中位（秒）",
    "复核用时九成（秒）",
    "按时处置",
    "超时",
    "处置中",
    "反复",
];

const INCIDENTS_HEAD: [&str; 22] = [
    "事件编号",
    "发现时间",
    "最近看到",
    "事项",
    "事项代码",
    "依据",
    "视频源编码",
    "视频源名称",
    "区域",
    "单元网格",
    "地址",
    "现状",
    "复核",
    "复核人",
    "复核时间",
    "驳回原因",
    "反复次数",
    "案件编号",
    "案件阶段",
    "平台编号",
    "应处置时间",
    "处置时间",
];

/// A file of incidents that is being written, newest first.
pub struct IncidentExport {
    span: TimeSpan,
    filter: IncidentFilter,
    of_view: HashMap<ViewId, Stream>,
    table: TableWriter,
    /// The last one written.
    last: Option<(WallTime, IncidentId)>,
}

/// What a file that is being written comes to.
pub enum Exported {
    /// Bytes of its middle, and how it goes on.
    Piece(Vec<u8>, Box<IncidentExport>),
    /// All that is left of it.
    Rest(Box<dyn Read + Send>),
}

impl Service {
    /// Statistics as a file.
    ///
    /// # Errors
    /// As [`Service::statistics`]; [`ServiceError::Export`].
    pub fn export_statistics(
        &self,
        by: By,
        query: &StatisticsQuery,
        format: TableFormat,
        actor: &str,
    ) -> Result<Vec<u8>, ServiceError> {
        let statistics = self.statistics(by, query)?;
        let total = std::iter::once(&statistics.total).filter(|_| statistics.rows.len() != 1);
        let rows: Vec<Vec<Cell>> =
            statistics.rows.iter().chain(total).map(|row| statistics_row(row, self.grounds_of(by, row))).collect();
        let write = || -> Result<Vec<u8>, String> {
            let mut table = TableWriter::begin("统计", &STATISTICS_HEAD, format)?;
            let mut bytes = table.push(&rows)?;
            table.finish()?.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            Ok(bytes)
        };
        let bytes = write().map_err(ServiceError::Export)?;
        let detail = json!({"from": query.span.from, "until": query.span.until, "rows": rows.len()});
        let subject = format!("{by:?}").to_lowercase();
        self.store.audit(self.now(), actor, "statistics.exported", &subject, &detail)?;
        Ok(bytes)
    }

    /// Begins a file of the incidents of a span; nothing of it is read before it is audited.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a span that ends before it begins, holds more than the format does, or a word that
    /// is none; [`ServiceError::Store`]; [`ServiceError::Export`].
    pub fn export_incidents(
        &self,
        span: TimeSpan,
        filter: &IncidentFilter,
        format: TableFormat,
        actor: &str,
    ) -> Result<IncidentExport, ServiceError> {
        check_span(span)?;
        check_review_word(filter)?;
        let filter = IncidentFilter { areas: self.seen_areas(&filter.areas), ..filter.clone() };
        let rows = self.store.incidents_counted(span, &filter)?;
        check_length(rows, format)?;
        let registry = self.registry()?;
        let streams: HashMap<_, Stream> = registry.streams.into_iter().map(|stream| (stream.id, stream)).collect();
        let of_view = registry.views.iter().filter_map(|view| Some((view.id, streams.get(&view.stream)?.clone())));
        let of_view = of_view.collect();
        let table = TableWriter::begin("事件", &INCIDENTS_HEAD, format).map_err(ServiceError::Export)?;
        let detail = json!({
            "from": span.from, "until": span.until, "matter": filter.matter, "review": filter.review, "rows": rows,
        });
        self.store.audit(self.now(), actor, "incidents.exported", "incidents", &detail)?;
        Ok(IncidentExport { span, filter, of_view, table, last: None })
    }

    /// Writes the next page of a file of incidents.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Export`].
    pub fn export_on(&self, mut export: Box<IncidentExport>) -> Result<Exported, ServiceError> {
        let found = self.store.incidents_found(export.span, &export.filter, export.last, PAGE)?;
        let Some((last, _)) = found.last() else {
            return export.table.finish().map(Exported::Rest).map_err(ServiceError::Export);
        };
        export.last = Some((last.opened_at, last.id));
        let row = |(incident, case): &(Incident, Option<CaseFacts>)| {
            self.incident_row(incident, case.as_ref(), export.of_view.get(&incident.view))
        };
        let rows: Vec<Vec<Cell>> = found.iter().map(row).collect();
        let bytes = export.table.push(&rows).map_err(ServiceError::Export)?;
        Ok(Exported::Piece(bytes, export))
    }

    /// What finding the matter of a row rests on; nothing where the row is about something else.
    fn grounds_of(&self, by: By, row: &StatisticsRow) -> Option<Grounds> {
        let key = (by == By::Matter).then(|| row.key.parse::<MatterKey>().ok()).flatten()?;
        self.config.matter(&key).map(|matter| matter.grounds)
    }

    fn incident_row(&self, incident: &Incident, case: Option<&CaseFacts>, stream: Option<&Stream>) -> Vec<Cell> {
        let local = |at: WallTime| at.civil(self.config.city.utc_offset()).format("%Y-%m-%d %H:%M:%S").to_string();
        let location = stream.and_then(|stream| stream.location.as_ref());
        let matter = self.config.matter(&incident.matter);
        let codes = matter.map(|matter| matter.codes.code_2026.clone());
        let (review, by, at, reason) = match &incident.review {
            Review::Waiting => ("待复核", None, None, None),
            Review::Confirmed { by, at } => ("确认", Some(by), Some(*at), None),
            Review::Rejected { by, at, reason } => ("驳回", Some(by), Some(*at), Some(*reason)),
            Review::Duplicate { by, at, .. } => ("重复", Some(by), Some(*at), None),
        };
        let presence = match incident.presence {
            Presence::Open { .. } => "仍在",
            Presence::Closed { .. } => "已消失",
        };
        vec![
            incident.id.to_string().into(),
            local(incident.opened_at).into(),
            local(incident.last_seen).into(),
            self.matter_name(&incident.matter).into(),
            codes.into(),
            matter.map(|matter| words::grounds(matter.grounds)).into(),
            stream.map(|stream| stream.code.clone()).into(),
            stream.map(|stream| stream.name.clone()).into(),
            stream.and_then(|stream| stream.area.as_ref()).map(ToString::to_string).into(),
            location.and_then(|at| at.grid_cell.clone()).into(),
            location.map(|at| at.address.clone()).into(),
            presence.into(),
            review.into(),
            by.cloned().into(),
            at.map(local).into(),
            reason.map(words::reject_reason).into(),
            u64::from(incident.recurrences).into(),
            case.map(|case| case.id.to_string()).into(),
            case.map(|case| words::stage(case.stage)).into(),
            case.and_then(|case| case.platform_number.clone()).into(),
            case.and_then(|case| case.limit_due_at).map(local).into(),
            case.and_then(|case| case.handled_at).map(local).into(),
        ]
    }
}

/// Refuses what no file of that format can hold.
fn check_length(rows: u64, format: TableFormat) -> Result<(), ServiceError> {
    match format.rows_max() {
        Some(most) if rows > most => Faults::one("format", "xlsx", Want::SpanShorter { rows }).none(),
        _ => Ok(()),
    }
}

fn statistics_row(row: &StatisticsRow, grounds: Option<Grounds>) -> Vec<Cell> {
    let figures = &row.figures;
    let share = |part: fn(Share) -> f64| figures.precision.map_or(Cell::Nothing, |share| Cell::Number(part(share)));
    let seconds = |ms: Option<u64>| ms.map_or(Cell::Nothing, |ms| Cell::Number(ms as f64 / 1000.0));
    let mut cells: Vec<Cell> = vec![
        row.key.clone().into(),
        row.name.clone().into(),
        grounds.map(words::grounds).into(),
        figures.found.into(),
        figures.waiting.into(),
        figures.confirmed.into(),
        figures.rejected.into(),
    ];
    cells.extend(figures.rejected_by.map(Cell::Whole));
    cells.extend([
        figures.duplicate.into(),
        share(|share| share.value),
        share(|share| share.low),
        share(|share| share.high),
        seconds(figures.review_ms_p50),
        seconds(figures.review_ms_p90),
        figures.limit_kept.into(),
        figures.limit_missed.into(),
        figures.limit_running.into(),
        figures.recurrences.into(),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::{super::REASONS, *};

    #[test]
    fn a_sheet_ends_where_its_format_does() {
        assert!(
            check_length(1_048_575, TableFormat::Xlsx).is_ok() && check_length(9_000_000, TableFormat::Csv).is_ok()
        );
        let told = check_length(1_048_576, TableFormat::Xlsx).unwrap_err().to_string();
        assert!(told.contains("1,048,576 rows and 1048576 incidents"), "{told}");
    }

    #[test]
    fn a_row_has_a_cell_for_each_column_and_reasons_stand_in_their_order() {
        let figures = super::super::Figures { rejected_by: [1, 2, 3, 4, 5, 6], ..Default::default() };
        let cells =
            statistics_row(&StatisticsRow { key: "k".into(), name: "n".into(), figures }, Some(Grounds::Trained));
        assert_eq!(cells.len(), STATISTICS_HEAD.len());
        assert_eq!((STATISTICS_HEAD[2], &cells[2]), ("依据", &Cell::from("专门训练")));
        for (i, reason) in REASONS.iter().enumerate() {
            assert_eq!(STATISTICS_HEAD[7 + i], format!("驳回：{}", words::reject_reason(*reason)));
            assert_eq!(cells[7 + i], Cell::Whole(i as u64 + 1));
        }
    }
}
