-- Shadow: what a new model and a matter's own saw differently, and how often they agreed.

CREATE TABLE shadow_counts (
    view TEXT NOT NULL REFERENCES views (id) ON DELETE CASCADE,
    matter TEXT NOT NULL,
    -- The two models with their hashes, JSON.
    rivals TEXT NOT NULL,
    -- Begin of the day, UTC.
    day INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    both INTEGER NOT NULL,
    only_own INTEGER NOT NULL,
    only_shadow INTEGER NOT NULL,
    PRIMARY KEY (view, matter, rivals, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE shadow_disagreements (
    id TEXT PRIMARY KEY,
    view TEXT NOT NULL REFERENCES views (id) ON DELETE CASCADE,
    matter TEXT NOT NULL,
    rivals TEXT NOT NULL,
    seen_by TEXT NOT NULL,
    class TEXT NOT NULL,
    zone TEXT NOT NULL,
    bbox TEXT NOT NULL,
    score REAL NOT NULL,
    other REAL,
    first INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    looks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shadow_disagreements_by_view ON shadow_disagreements (view, latest, id);
