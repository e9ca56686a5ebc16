-- Reading: what was read on things, and the signs of a view that may stay.

-- What was read on a thing, whole: telephone numbers and plates are personal data, masked wherever they leave the store.
ALTER TABLE places ADD COLUMN read TEXT;
ALTER TABLE incidents ADD COLUMN read TEXT;

-- What text the reference picture of a view shows. A sign may stay once a person said so.
CREATE TABLE signs (
    id TEXT PRIMARY KEY,
    view TEXT NOT NULL REFERENCES views (id) ON DELETE CASCADE,
    reference INTEGER NOT NULL,
    text TEXT NOT NULL,
    bbox TEXT NOT NULL,
    read_at INTEGER NOT NULL,
    permitted_by TEXT,
    permitted_at INTEGER,
    CHECK ((permitted_by IS NULL) = (permitted_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX signs_by_view ON signs (view, reference, id);
-- The version of the reference picture of a view that was read last, whether it shows text or not.
CREATE TABLE signs_read (
    view TEXT PRIMARY KEY REFERENCES views (id) ON DELETE CASCADE,
    reference INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
