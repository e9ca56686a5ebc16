//! Exports for spreadsheets: statistics, and lists of incidents. Each one is audited: who took what out of the house.

use std::collections::HashMap;

use serde_json::json;

use super::{
    By, Cell, Faults, Service, ServiceError, Share, StatisticsQuery, StatisticsRow, Table, TableFormat,
    incidents::check_review_word, statistics::check_span, words,
};
use crate::{
    domain::{Incident, Presence, Review, Stream, ViewId, WallTime},
    store::{CaseFacts, IncidentFilter, TimeSpan},
};

/// Incidents of one file at most.
const INCIDENTS_MAX: u32 = 100_000;

const STATISTICS_HEAD: [&str; 22] = [
    "键",
    "名称",
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

const INCIDENTS_HEAD: [&str; 21] = [
    "事件编号",
    "发现时间",
    "最近看到",
    "事项",
    "事项代码",
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
        let rows: Vec<Vec<Cell>> = statistics.rows.iter().chain(total).map(statistics_row).collect();
        let detail = json!({"from": query.span.from, "until": query.span.until, "rows": rows.len()});
        let table = Table { name: "统计".to_owned(), head: STATISTICS_HEAD.to_vec(), rows };
        self.export(&table, format, "statistics.exported", &format!("{by:?}").to_lowercase(), &detail, actor)
    }

    /// Incidents of a span as a file, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a span that ends before it begins, holds too many, or a word that is none;
    /// [`ServiceError::Store`]; [`ServiceError::Export`].
    pub fn export_incidents(
        &self,
        span: TimeSpan,
        filter: &IncidentFilter,
        format: TableFormat,
        actor: &str,
    ) -> Result<Vec<u8>, ServiceError> {
        check_span(span)?;
        check_review_word(filter)?;
        let filter = IncidentFilter { areas: self.seen_areas(&filter.areas), ..filter.clone() };
        let found = self.store.incidents_found(span, &filter, INCIDENTS_MAX + 1)?;
        if found.len() > INCIDENTS_MAX as usize {
            Faults::one("from", "", format!("a shorter span: more than {INCIDENTS_MAX} incidents were found in it"))
                .none()?;
        }
        let registry = self.registry()?;
        let streams: HashMap<_, Stream> = registry.streams.into_iter().map(|stream| (stream.id, stream)).collect();
        let of_view = registry.views.iter().filter_map(|view| Some((view.id, streams.get(&view.stream)?)));
        let of_view: HashMap<ViewId, &Stream> = of_view.collect();
        let row = |(incident, case): &(Incident, Option<CaseFacts>)| {
            self.incident_row(incident, case.as_ref(), of_view.get(&incident.view).copied())
        };
        let rows: Vec<Vec<Cell>> = found.iter().map(row).collect();
        let detail = json!({
            "from": span.from, "until": span.until, "matter": filter.matter, "review": filter.review, "rows": rows.len(),
        });
        let table = Table { name: "事件".to_owned(), head: INCIDENTS_HEAD.to_vec(), rows };
        self.export(&table, format, "incidents.exported", "incidents", &detail, actor)
    }

    /// Writes the file, and before it is handed out, that it was.
    fn export(
        &self,
        table: &Table,
        format: TableFormat,
        action: &str,
        subject: &str,
        detail: &serde_json::Value,
        actor: &str,
    ) -> Result<Vec<u8>, ServiceError> {
        let bytes = table.write(format).map_err(ServiceError::Export)?;
        self.store.audit(self.now(), actor, action, subject, detail)?;
        Ok(bytes)
    }

    fn incident_row(&self, incident: &Incident, case: Option<&CaseFacts>, stream: Option<&Stream>) -> Vec<Cell> {
        let local = |at: WallTime| at.civil(self.config.city.utc_offset()).format("%Y-%m-%d %H:%M:%S").to_string();
        let location = stream.and_then(|stream| stream.location.as_ref());
        let codes = self.config.matter(&incident.matter).map(|matter| matter.codes.code_2026.clone());
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

fn statistics_row(row: &StatisticsRow) -> Vec<Cell> {
    let figures = &row.figures;
    let share = |part: fn(Share) -> f64| figures.precision.map_or(Cell::Nothing, |share| Cell::Number(part(share)));
    let seconds = |ms: Option<u64>| ms.map_or(Cell::Nothing, |ms| Cell::Number(ms as f64 / 1000.0));
    let mut cells: Vec<Cell> = vec![
        row.key.clone().into(),
        row.name.clone().into(),
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
    fn a_row_has_a_cell_for_each_column_and_reasons_stand_in_their_order() {
        let figures = super::super::Figures { rejected_by: [1, 2, 3, 4, 5, 6], ..Default::default() };
        let cells = statistics_row(&StatisticsRow { key: "k".into(), name: "n".into(), figures });
        assert_eq!(cells.len(), STATISTICS_HEAD.len());
        for (i, reason) in REASONS.iter().enumerate() {
            assert_eq!(STATISTICS_HEAD[6 + i], format!("驳回：{}", words::reject_reason(*reason)));
            assert_eq!(cells[6 + i], Cell::Whole(i as u64 + 1));
        }
    }
}
