//! Shadow: rows of what two models saw differently, one a spot, with what people say of them, and counts by day. Bounded by
//! age and, while unjudged, by view; what was not seen for longest goes first.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{
    SqliteStore,
    columns::{Json, Word},
    journal,
    registry::one_view,
};
use crate::{
    domain::{
        Areas, BBox, Comparison, DISAGREEMENTS_A_VIEW, Disagreement, DisagreementId, Judgement, Judgements,
        KeptDisagreement, ReferenceSpace, SAME_SPOT_IOU, SeenBy, Shadowed, Thing, Truth, WallTime,
    },
    store::{Conflict, Noted, ShadowFilter, ShadowStore, SpotsFirst, StoreError},
};

const DAY_MS: i64 = 86_400_000;

impl ShadowStore for SqliteStore {
    fn note_shadowed(&self, shadowed: &Shadowed, kept_max: usize) -> Result<Noted, StoreError> {
        self.connections.write(|tx| note(tx, shadowed, kept_max))
    }
    fn forget_shadowed(&self, before: WallTime) -> Result<Vec<DisagreementId>, StoreError> {
        self.connections.write(|tx| {
            // A day counts until its end.
            tx.execute("DELETE FROM shadow_counts WHERE day < ?1", [before.millis() - DAY_MS])?;
            let mut query = tx.prepare_cached("DELETE FROM shadow_disagreements WHERE latest < ?1 RETURNING id")?;
            Ok(query.query_map([before], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
    fn comparisons(&self, filter: &ShadowFilter) -> Result<Vec<Comparison>, StoreError> {
        self.connections.read(|tx| comparisons(tx, filter))
    }
    fn disagreements(
        &self,
        filter: &ShadowFilter,
        first: SpotsFirst,
        limit: u32,
    ) -> Result<Vec<KeptDisagreement>, StoreError> {
        self.connections.read(|tx| disagreements(tx, filter, first, limit))
    }
    fn disagreement(&self, id: DisagreementId) -> Result<KeptDisagreement, StoreError> {
        self.connections.read(|tx| one(tx, id))
    }
    fn judge_disagreement(
        &self,
        id: DisagreementId,
        truth: Option<Truth>,
        at: WallTime,
        actor: &str,
    ) -> Result<KeptDisagreement, StoreError> {
        self.connections
            .write(|tx| judge(tx, id, truth.map(|truth| Judgement { truth, by: actor.to_owned(), at }), (at, actor)))
    }
    fn disagreement_ids(&self) -> Result<BTreeSet<DisagreementId>, StoreError> {
        self.connections.read(|tx| {
            let mut query = tx.prepare_cached("SELECT id FROM shadow_disagreements")?;
            Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}

fn note(tx: &Transaction<'_>, shadowed: &Shadowed, kept_max: usize) -> Result<Noted, StoreError> {
    let Shadowed { view, matter, at, rivals, both, disagreements } = shadowed;
    // The view may have been removed while the frame was judged.
    if one_view(tx, *view)?.is_none() {
        return Ok(Noted::default());
    }
    let day = at.millis() - at.millis().rem_euclid(DAY_MS);
    tx.prepare_cached(
        "INSERT INTO shadow_counts (view, matter, rivals, day, looks, both, only_own, only_shadow)
         VALUES (:view, :matter, :rivals, :day, 1, :both, :only_own, :only_shadow)
         ON CONFLICT (view, matter, rivals, day) DO UPDATE SET looks = looks + 1, both = both + excluded.both,
             only_own = only_own + excluded.only_own, only_shadow = only_shadow + excluded.only_shadow",
    )?
    .execute(named_params! {
        ":view": view, ":matter": matter, ":rivals": Json(rivals), ":day": day, ":both": both,
        ":only_own": shadowed.alone(SeenBy::Own), ":only_shadow": shadowed.alone(SeenBy::Shadow),
    })?;
    let mut noted = Noted::default();
    for (index, disagreement) in disagreements.iter().take(kept_max).enumerate() {
        if !seen_again(tx, shadowed, disagreement)? {
            noted.fresh.push((index, add(tx, shadowed, disagreement)?));
        }
    }
    noted.forgotten = forget(tx, shadowed)?;
    Ok(noted)
}

/// Counts the disagreement up at its spot; `false` where there is none. The box, class and scores are those of the surest.
fn seen_again(tx: &Transaction<'_>, shadowed: &Shadowed, disagreement: &Disagreement) -> Result<bool, StoreError> {
    let Shadowed { view, matter, at, rivals, .. } = shadowed;
    let known = tx
        .prepare_cached(
            "SELECT * FROM shadow_disagreements WHERE view = ?1 AND matter = ?2 AND rivals = ?3 AND seen_by = ?4",
        )?
        .query_map(params![view, matter, Json(rivals), Word(disagreement.seen_by)], kept_of)?
        .collect::<Result<Vec<_>, _>>()?;
    let overlap = |one: &KeptDisagreement| one.what.bbox.iou(&disagreement.bbox);
    let nearest = known.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    let Some(nearest) = nearest.filter(|one| overlap(one) >= SAME_SPOT_IOU) else { return Ok(false) };
    let surest = if disagreement.score > nearest.what.score { disagreement } else { &nearest.what };
    tx.prepare_cached(
        "UPDATE shadow_disagreements SET class = :class, zone = :zone, bbox = :bbox, score = :score, other = :other,
             latest = max(latest, :at), looks = looks + 1 WHERE id = :id",
    )?
    .execute(named_params! {
        ":class": &*surest.class, ":zone": surest.zone, ":bbox": Json(surest.bbox), ":score": surest.score,
        ":other": surest.other, ":at": at, ":id": nearest.id,
    })?;
    Ok(true)
}

fn add(tx: &Transaction<'_>, shadowed: &Shadowed, disagreement: &Disagreement) -> Result<DisagreementId, StoreError> {
    let Shadowed { view, matter, at, rivals, .. } = shadowed;
    let Disagreement { seen_by, class, zone, bbox, score, other } = disagreement;
    let sides: Vec<u8> = bbox.to_array().iter().flat_map(|side| side.to_le_bytes()).collect();
    let id = DisagreementId::derived(&[
        view.as_bytes(),
        matter.as_str().as_bytes(),
        rivals.shadow.sha256.as_bytes(),
        &at.millis().to_be_bytes(),
        &sides,
    ]);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO shadow_disagreements (id, view, matter, rivals, seen_by, class, zone, bbox, score, other,
             first, latest, looks)
         VALUES (:id, :view, :matter, :rivals, :seen_by, :class, :zone, :bbox, :score, :other, :at, :at, 1)",
    )?
    .execute(named_params! {
        ":id": id, ":view": view, ":matter": matter, ":rivals": Json(rivals), ":seen_by": Word(*seen_by),
        ":class": &**class, ":zone": zone, ":bbox": Json(bbox), ":score": score, ":other": other, ":at": at,
    })?;
    Ok(id)
}

fn one(tx: &Transaction<'_>, id: DisagreementId) -> Result<KeptDisagreement, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM shadow_disagreements WHERE id = ?1")?;
    let found = query.query_row([id], kept_of).optional()?;
    found.ok_or_else(|| StoreError::Missing { what: Thing::Disagreement, id: id.to_string() })
}

/// The audit log has every judgement, and every one that was taken back or put in its place.
fn judge(
    tx: &Transaction<'_>,
    id: DisagreementId,
    judgement: Option<Judgement>,
    (at, actor): (WallTime, &str),
) -> Result<KeptDisagreement, StoreError> {
    let kept = one(tx, id)?;
    let (before, now) = (kept.judgement.as_ref(), judgement.as_ref());
    if before.map(|said| said.truth) == now.map(|said| said.truth) {
        return Ok(kept);
    }
    if now.is_some() && before.is_some_and(|said| said.by != actor) {
        return Err(Conflict::JudgedAlready(id).into());
    }
    tx.prepare_cached("UPDATE shadow_disagreements SET truth = ?2, judged_by = ?3, judged_at = ?4 WHERE id = ?1")?
        .execute(params![id, now.map(|said| Word(said.truth)), now.map(|said| &said.by), now.map(|said| said.at)])?;
    let action = if now.is_some() { "shadow.judged" } else { "shadow.judgement_withdrawn" };
    let detail = json!({
        "truth": now.map(|said| said.truth), "before": before.map(|said| json!({ "truth": said.truth, "by": said.by })),
        "view": kept.view, "matter": kept.matter, "seen_by": kept.what.seen_by,
    });
    journal::audit(tx, at, actor, action, &id.to_string(), &detail)?;
    Ok(KeptDisagreement { judgement, ..kept })
}

/// Takes away what the view has too much of. What a person judged stays, and its count with it.
fn forget(tx: &Transaction<'_>, shadowed: &Shadowed) -> Result<Vec<DisagreementId>, StoreError> {
    let mut query = tx.prepare_cached(
        "DELETE FROM shadow_disagreements WHERE id IN
             (SELECT id FROM shadow_disagreements WHERE view = ?1 AND truth IS NULL
              ORDER BY latest DESC, id DESC LIMIT -1 OFFSET ?2)
         RETURNING id",
    )?;
    Ok(query.query_map(params![shadowed.view, DISAGREEMENTS_A_VIEW], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The condition of both lists: which views are seen and asked for, and which matter.
const WANTED: &str = "(:view IS NULL OR view = :view) AND (:matter IS NULL OR matter = :matter)
    AND (:sees_all OR view IN (SELECT views.id FROM views JOIN streams ON streams.id = views.stream
        WHERE streams.area IN (SELECT value FROM json_each(:areas))))";

/// How many of a group people found whom to be right about, and how many nobody judged. See `Truth::right`.
const JUDGED: &str =
    "sum(seen_by = 'own' AND truth = 'something' OR seen_by = 'shadow' AND truth = 'nothing') AS own_right,
    sum(seen_by = 'shadow' AND truth = 'something' OR seen_by = 'own' AND truth = 'nothing') AS shadow_right,
    sum(truth = 'unclear') AS unclear, sum(truth IS NULL) AS waiting";

/// Whether all areas are seen, and which where not.
fn seen(areas: &Areas) -> (bool, Json<Vec<String>>) {
    match areas {
        Areas::All => (true, Json(Vec::new())),
        Areas::Only(areas) => (false, Json(areas.iter().map(ToString::to_string).collect())),
    }
}

fn comparisons(tx: &Transaction<'_>, filter: &ShadowFilter) -> Result<Vec<Comparison>, StoreError> {
    let ShadowFilter { areas, view, matter } = filter;
    let (sees_all, areas) = seen(areas);
    let sql = format!(
        "WITH counted AS (
             SELECT view, matter, rivals, min(day) AS since, max(day) AS until, sum(looks) AS looks, sum(both) AS both,
                 sum(only_own) AS only_own, sum(only_shadow) AS only_shadow
             FROM shadow_counts WHERE {WANTED} GROUP BY view, matter, rivals
         ), judged AS (
             SELECT view, matter, rivals, {JUDGED} FROM shadow_disagreements WHERE {WANTED} GROUP BY view, matter, rivals
         )
         SELECT counted.*, coalesce(own_right, 0) AS own_right, coalesce(shadow_right, 0) AS shadow_right,
             coalesce(unclear, 0) AS unclear, coalesce(waiting, 0) AS waiting
         FROM counted LEFT JOIN judged USING (view, matter, rivals)
         ORDER BY until DESC, matter, view, rivals"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let values = named_params! { ":view": view, ":matter": matter, ":sees_all": sees_all, ":areas": areas };
    let rows = query.query_map(values, |row| {
        let count = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
        Ok(Comparison {
            view: row.get("view")?,
            matter: row.get("matter")?,
            rivals: row.get::<_, Json<_>>("rivals")?.0,
            since: row.get("since")?,
            looks: count("looks")?,
            both: count("both")?,
            only_own: count("only_own")?,
            only_shadow: count("only_shadow")?,
            judged: Judgements {
                own_right: count("own_right")?,
                shadow_right: count("shadow_right")?,
                unclear: count("unclear")?,
                waiting: count("waiting")?,
            },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn disagreements(
    tx: &Transaction<'_>,
    filter: &ShadowFilter,
    first: SpotsFirst,
    limit: u32,
) -> Result<Vec<KeptDisagreement>, StoreError> {
    let ShadowFilter { areas, view, matter } = filter;
    let (sees_all, areas) = seen(areas);
    let order = match first {
        SpotsFirst::Often => "looks DESC, latest DESC",
        SpotsFirst::Latest => "latest DESC, looks DESC",
    };
    let sql = format!(
        "SELECT * FROM shadow_disagreements WHERE {WANTED} ORDER BY truth IS NOT NULL, {order}, id LIMIT :limit"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let values =
        named_params! { ":view": view, ":matter": matter, ":sees_all": sees_all, ":areas": areas, ":limit": limit };
    Ok(query.query_map(values, kept_of)?.collect::<Result<_, _>>()?)
}

fn kept_of(row: &Row<'_>) -> rusqlite::Result<KeptDisagreement> {
    let truth: Option<Word<Truth>> = row.get("truth")?;
    let judgement = match truth {
        Some(Word(truth)) => Some(Judgement { truth, by: row.get("judged_by")?, at: row.get("judged_at")? }),
        None => None,
    };
    Ok(KeptDisagreement {
        id: row.get("id")?,
        view: row.get("view")?,
        matter: row.get("matter")?,
        rivals: row.get::<_, Json<_>>("rivals")?.0,
        what: Disagreement {
            seen_by: row.get::<_, Word<_>>("seen_by")?.0,
            class: row.get::<_, String>("class")?.into(),
            zone: row.get("zone")?,
            bbox: row.get::<_, Json<BBox<ReferenceSpace>>>("bbox")?.0,
            score: row.get("score")?,
            other: row.get("other")?,
        },
        first: row.get("first")?,
        latest: row.get("latest")?,
        looks: row.get("looks")?,
        judgement,
    })
}
