-- The reviewers' desk: order of the queue, verdicts that may be undone, locks, second reviews.

-- The queue is ordered by the minute in which an incident is due, which is a fixed time after its opening. Rows are
-- read in this order and filtered inside of the index; level and score order the few of one minute.
-- A column of its own: an index over an expression does not cover a query.
ALTER TABLE incidents ADD COLUMN opened_minute INTEGER NOT NULL DEFAULT 0;
UPDATE incidents SET opened_minute = opened_at / 60000;
CREATE INDEX incidents_waiting ON incidents (review, opened_minute, matter, view, area, score, id)
    WHERE review = 'waiting';

-- Set before the first byte of a delivery leaves. A case whose delivery has begun can not be taken back any more.
ALTER TABLE deliveries ADD COLUMN begun_at INTEGER;
UPDATE deliveries SET begun_at = created_at;

-- Verdicts that may still be undone. Rows whose time is over are swept when the next verdict comes.
CREATE TABLE undoable_verdicts (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    reviewer TEXT NOT NULL,
    matter_before TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who has which incident open. A row whose time is over says nothing any more.
CREATE TABLE incident_locks (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    holder TEXT NOT NULL,
    name TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The second opinion about a decided incident; changes nothing but statistics.
CREATE TABLE second_reviews (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    first_by TEXT NOT NULL,
    first TEXT NOT NULL CHECK (first IN ('confirmed', 'rejected')),
    second_by TEXT NOT NULL,
    second TEXT NOT NULL CHECK (second IN ('confirmed', 'rejected')),
    reason TEXT,
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    CHECK ((second = 'rejected') = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX second_reviews_newest ON second_reviews (at DESC, incident DESC);
-- From which second reviews are drawn, the latest verdict first.
CREATE INDEX incidents_judged ON incidents (reviewed_at DESC, reviewed_by, area, review, id)
    WHERE review IN ('confirmed', 'rejected');
