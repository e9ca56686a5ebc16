-- Exemplars of boxes that people drew on a view's reference picture stand beside those of verdicts.
CREATE TABLE exemplars_with_marks (
    id TEXT PRIMARY KEY,
    matter TEXT NOT NULL,
    polarity TEXT NOT NULL CHECK (polarity IN ('raise', 'suppress')),
    scope TEXT NOT NULL CHECK (scope IN ('view', 'zone', 'city')),
    view TEXT NOT NULL,
    zone TEXT NOT NULL,
    look BLOB NOT NULL,
    weights TEXT NOT NULL,
    incident TEXT REFERENCES incidents (id),
    -- Box, version and file of the picture, as JSON.
    mark TEXT,
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    undone_by TEXT,
    undone_at INTEGER,
    CHECK ((incident IS NULL) <> (mark IS NULL)),
    CHECK ((undone_by IS NULL) = (undone_at IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO exemplars_with_marks
    SELECT id, matter, polarity, scope, view, zone, look, weights, incident, NULL, by_name, at, expires, undone_by, undone_at
    FROM exemplars;
DROP TABLE exemplars;
ALTER TABLE exemplars_with_marks RENAME TO exemplars;
CREATE INDEX exemplars_newest ON exemplars (at DESC, id DESC);
CREATE INDEX exemplars_by_view ON exemplars (view, at DESC, id DESC);
CREATE INDEX exemplars_by_zone ON exemplars (zone, at DESC) WHERE scope = 'zone';
CREATE INDEX exemplars_of_city ON exemplars (matter, at DESC) WHERE scope = 'city';
