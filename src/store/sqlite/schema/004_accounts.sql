-- Accounts, sessions, tokens and the areas of streams.

-- What belongs to a stream carries the stream's area, so that a list of one area reads one range of an index. The
-- copies follow the stream when its area changes, and keep their area when it is removed.
ALTER TABLE streams ADD COLUMN area TEXT;
ALTER TABLE removed_views ADD COLUMN area TEXT;
ALTER TABLE incidents ADD COLUMN area TEXT;
ALTER TABLE evidence ADD COLUMN area TEXT;
ALTER TABLE cases ADD COLUMN area TEXT;
ALTER TABLE deliveries ADD COLUMN area TEXT;
ALTER TABLE feed ADD COLUMN area TEXT;

CREATE INDEX incidents_by_area ON incidents (area, review, presence, opened_at DESC, id DESC)
    WHERE area IS NOT NULL;
CREATE INDEX incidents_by_area_and_matter ON incidents (area, matter, review, presence, opened_at DESC, id DESC)
    WHERE area IS NOT NULL;
CREATE INDEX evidence_by_area ON evidence (area, seq) WHERE area IS NOT NULL;
CREATE INDEX cases_by_area ON cases (area, opened_at DESC, id DESC) WHERE area IS NOT NULL;
CREATE INDEX cases_by_area_and_stage ON cases (area, stage, opened_at DESC, id DESC) WHERE area IS NOT NULL;
CREATE INDEX deliveries_by_area ON deliveries (area, created_at DESC, id DESC) WHERE area IS NOT NULL;
CREATE INDEX deliveries_by_area_and_state ON deliveries (area, state, created_at DESC, id DESC)
    WHERE area IS NOT NULL;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    areas TEXT, -- NULL: all
    may_unmask INTEGER NOT NULL,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    password TEXT -- argon2id in PHC form; NULL until the invitation was accepted
) STRICT, WITHOUT ROWID;

-- Links that work once: of an account that sets its password, or (no account) of the first administrator. A key is the
-- SHA-256 of the secret; the secret itself is nowhere.
CREATE TABLE one_time_secrets (
    key TEXT PRIMARY KEY,
    account TEXT UNIQUE REFERENCES accounts (id),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    begun_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account, used_at);
CREATE INDEX sessions_by_use ON sessions (used_at);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    areas TEXT,
    may_unmask INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- The audit log as an administrator reads it: newest first, of somebody, of a kind.
CREATE INDEX audit_newest ON audit (at, seq);
CREATE INDEX audit_by_actor ON audit (actor, at, seq);
CREATE INDEX audit_by_action ON audit (action, at, seq);
CREATE INDEX audit_by_subject_newest ON audit (subject, at, seq);
