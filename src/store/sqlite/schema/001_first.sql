-- Times are milliseconds since 1970 in UTC, ids are UUIDs as text, enums are the words of the API.
-- Columns hold what is asked for; JSON holds nested values that are only ever read whole.

CREATE TABLE registry_revision (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO registry_revision VALUES (1, 0);

CREATE TABLE streams (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    transport TEXT NOT NULL,
    longitude REAL,
    latitude REAL,
    crs TEXT,
    address TEXT,
    grid_cell TEXT,
    enabled INTEGER NOT NULL,
    registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Apart from streams, so that no list of streams can carry one by accident.
CREATE TABLE credentials (
    stream TEXT PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    username TEXT NOT NULL,
    password TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE views (
    id TEXT PRIMARY KEY,
    stream TEXT NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    matters TEXT NOT NULL,
    revisit_s INTEGER,
    weight REAL NOT NULL,
    reference TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX views_by_stream ON views (stream);

-- Looks and callbacks may still arrive for a view that was removed; this tells them apart from unknown ones.
CREATE TABLE removed_views (
    view TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE zones (
    id TEXT PRIMARY KEY,
    view TEXT NOT NULL REFERENCES views (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    matters TEXT NOT NULL,
    polygon TEXT NOT NULL,
    hours TEXT,
    valid_from INTEGER,
    valid_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX zones_by_view ON zones (view);

-- Incidents name a zone and its version: every version stays, also of zones that were removed.
CREATE TABLE zone_versions (
    zone TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (zone, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE places (
    id TEXT PRIMARY KEY,
    view TEXT NOT NULL,
    matter TEXT NOT NULL,
    class TEXT NOT NULL,
    bbox TEXT NOT NULL,
    appearance BLOB NOT NULL,
    zone TEXT NOT NULL,
    zone_version INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    looks_seen INTEGER NOT NULL,
    looks_visible INTEGER NOT NULL,
    looks_accompanied INTEGER NOT NULL,
    clean_looks INTEGER NOT NULL,
    clean_since INTEGER,
    score REAL NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('candidate', 'reported', 'cleared')),
    incident TEXT,
    cleared_at INTEGER,
    returned INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_view ON places (view);

CREATE TABLE looks (
    id TEXT PRIMARY KEY,
    view TEXT NOT NULL,
    purpose TEXT NOT NULL,
    due INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    skew_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_by_view ON looks (view, ended DESC, id DESC);

CREATE TABLE latest_looks (
    view TEXT PRIMARY KEY,
    look TEXT NOT NULL,
    ended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    place TEXT NOT NULL,
    view TEXT NOT NULL,
    matter TEXT NOT NULL,
    bbox TEXT NOT NULL,
    score REAL NOT NULL,
    zone TEXT NOT NULL,
    zone_version INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    presence TEXT NOT NULL CHECK (presence IN ('open', 'closed')),
    presence_at INTEGER NOT NULL,
    close_cause TEXT,
    review TEXT NOT NULL CHECK (review IN ('waiting', 'confirmed', 'rejected', 'duplicate')),
    reviewed_by TEXT,
    reviewed_at INTEGER,
    reject_reason TEXT,
    duplicate_of TEXT REFERENCES incidents (id),
    recurrences INTEGER NOT NULL,
    CHECK ((presence = 'closed') = (close_cause IS NOT NULL)),
    CHECK ((review = 'waiting') = (reviewed_by IS NULL)),
    CHECK ((review = 'rejected') = (reject_reason IS NOT NULL)),
    CHECK ((review = 'duplicate') = (duplicate_of IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_newest ON incidents (opened_at DESC, id DESC);
CREATE INDEX incidents_by_review ON incidents (review, opened_at DESC, id DESC);
CREATE INDEX incidents_by_presence ON incidents (presence, opened_at DESC, id DESC);
CREATE INDEX incidents_by_view ON incidents (view, opened_at DESC, id DESC);
CREATE INDEX incidents_by_matter ON incidents (matter, opened_at DESC, id DESC);

CREATE TABLE evidence (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    incident TEXT NOT NULL REFERENCES incidents (id),
    kind TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    folder TEXT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    previous TEXT,
    legal_hold INTEGER NOT NULL,
    purged_at INTEGER
) STRICT;
CREATE INDEX evidence_by_incident ON evidence (incident, seq);

-- One incident, one case: the last door behind the type `Confirmation`.
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    incident TEXT NOT NULL UNIQUE REFERENCES incidents (id),
    matter_name TEXT NOT NULL,
    code_2026 TEXT NOT NULL,
    code_2013 TEXT,
    longitude REAL,
    latitude REAL,
    crs TEXT,
    address TEXT,
    grid_cell TEXT,
    confirmed_by TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    limit_text TEXT,
    limit_due_at INTEGER,
    stage TEXT NOT NULL,
    platform_number TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_newest ON cases (opened_at DESC, id DESC);
CREATE INDEX cases_by_stage ON cases (stage, opened_at DESC, id DESC);

CREATE TABLE callbacks (
    callback_id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    stage TEXT NOT NULL,
    platform_number TEXT,
    at INTEGER NOT NULL,
    note TEXT NOT NULL,
    heard_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rechecks (
    case_id TEXT PRIMARY KEY REFERENCES cases (id),
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    ordinal INTEGER NOT NULL,
    message TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL,
    next_at INTEGER,
    last_error TEXT,
    receipt_at INTEGER,
    receipt_number TEXT,
    receipt_repeated INTEGER,
    dead_at INTEGER,
    dead_reason TEXT,
    UNIQUE (case_id, ordinal),
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK ((state = 'delivered') = (receipt_at IS NOT NULL)),
    CHECK ((state = 'dead') = (dead_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (state, next_at, created_at, id);
CREATE INDEX deliveries_newest ON deliveries (created_at DESC, id DESC);
CREATE INDEX deliveries_by_state ON deliveries (state, created_at DESC, id DESC);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, seq);
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE feed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
