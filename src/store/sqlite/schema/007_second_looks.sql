-- Second looks: what verifiers said, and how it looked to them.

-- The latest refusal of a place in its present stay, as JSON.
ALTER TABLE places ADD COLUMN refused TEXT;
-- The weights that took part when an incident opened, as JSON; NULL where that was before they were noted.
ALTER TABLE incidents ADD COLUMN weights TEXT;

-- One row a look of a verifier at a place. Kept for a while, by view: verdicts learn from them, and what an exemplar
-- would have changed is seen on them.
CREATE TABLE verifications (
    id TEXT PRIMARY KEY,
    place TEXT NOT NULL,
    incident TEXT NOT NULL,
    view TEXT NOT NULL,
    zone TEXT NOT NULL,
    matter TEXT NOT NULL,
    at INTEGER NOT NULL,
    refused TEXT CHECK (refused IN ('score', 'not_new', 'exemplar')),
    proposed REAL NOT NULL,
    verified REAL NOT NULL,
    fused REAL NOT NULL,
    newness REAL,
    exemplar TEXT,
    likeness REAL,
    look BLOB NOT NULL,
    weights TEXT NOT NULL,
    CHECK ((exemplar IS NULL) = (likeness IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX verifications_by_view ON verifications (view, at DESC, id DESC);
CREATE INDEX verifications_by_time ON verifications (at DESC, id DESC);
CREATE INDEX verifications_of_incident ON verifications (incident, at DESC);
