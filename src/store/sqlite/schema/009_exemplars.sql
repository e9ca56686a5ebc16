-- What people said about how things look. One row of a verdict; undone ones stay for those who ask why.
CREATE TABLE exemplars (
    id TEXT PRIMARY KEY,
    matter TEXT NOT NULL,
    polarity TEXT NOT NULL CHECK (polarity IN ('raise', 'suppress')),
    scope TEXT NOT NULL CHECK (scope IN ('view', 'zone', 'city')),
    view TEXT NOT NULL,
    zone TEXT NOT NULL,
    look BLOB NOT NULL,
    weights TEXT NOT NULL,
    incident TEXT NOT NULL REFERENCES incidents (id),
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    undone_by TEXT,
    undone_at INTEGER,
    CHECK ((undone_by IS NULL) = (undone_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX exemplars_newest ON exemplars (at DESC, id DESC);
CREATE INDEX exemplars_by_view ON exemplars (view, at DESC, id DESC);
CREATE INDEX exemplars_by_zone ON exemplars (zone, at DESC) WHERE scope = 'zone';
CREATE INDEX exemplars_of_city ON exemplars (matter, at DESC) WHERE scope = 'city';
