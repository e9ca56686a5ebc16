-- The operators' and supervisors' desk: what looks saw, limits, statistics, reconciliations.

-- What the model saw in a look that could be judged, packed by observed.rs; goes with its look's row.
ALTER TABLE looks ADD COLUMN observed BLOB;

-- When the platform said that a case was handled, on its clock, but not later than we heard it.
ALTER TABLE cases ADD COLUMN handled_at INTEGER;
CREATE INDEX callbacks_by_case ON callbacks (case_id, heard_at);
CREATE INDEX callbacks_heard ON callbacks (heard_at);
UPDATE cases SET handled_at = coalesce(
    (SELECT max(min(at, heard_at)) FROM callbacks WHERE case_id = cases.id AND stage = 'handled'),
    (SELECT min(min(at, heard_at)) FROM callbacks WHERE case_id = cases.id AND stage = 'closed'));

-- Statistics read one index over incidents; what they need of the case is copied there whoever changes the case.
ALTER TABLE incidents ADD COLUMN limit_due_at INTEGER;
ALTER TABLE incidents ADD COLUMN handled_at INTEGER;
UPDATE incidents SET handled_at = cases.handled_at,
    limit_due_at = CASE WHEN cases.stage NOT IN ('rejected', 'cancelled') THEN cases.limit_due_at END
    FROM cases WHERE cases.incident = incidents.id;
CREATE TRIGGER facts_of_a_new_case AFTER INSERT ON cases BEGIN
    UPDATE incidents SET handled_at = NEW.handled_at,
        limit_due_at = CASE WHEN NEW.stage NOT IN ('rejected', 'cancelled') THEN NEW.limit_due_at END
        WHERE id = NEW.incident;
END;
CREATE TRIGGER facts_of_a_moved_case AFTER UPDATE OF stage, handled_at, limit_due_at ON cases BEGIN
    UPDATE incidents SET handled_at = NEW.handled_at,
        limit_due_at = CASE WHEN NEW.stage NOT IN ('rejected', 'cancelled') THEN NEW.limit_due_at END
        WHERE id = NEW.incident;
END;
CREATE TRIGGER facts_of_a_withdrawn_case AFTER DELETE ON cases BEGIN
    UPDATE incidents SET handled_at = NULL, limit_due_at = NULL WHERE id = OLD.incident;
END;
CREATE INDEX incidents_facts ON incidents
    (opened_at, view, matter, area, review, reviewed_at, reject_reason, recurrences, limit_due_at, handled_at);

CREATE INDEX deliveries_received ON deliveries (receipt_at) WHERE receipt_at IS NOT NULL;

-- 对账: one row a day, in the city's civil time.
CREATE TABLE reconciliations (
    day TEXT PRIMARY KEY,
    ran_at INTEGER NOT NULL,
    error TEXT,
    ours INTEGER NOT NULL,
    on_the_way INTEGER NOT NULL,
    theirs INTEGER,
    differences TEXT NOT NULL,
    CHECK ((theirs IS NULL) = (error IS NOT NULL))
) STRICT, WITHOUT ROWID;
