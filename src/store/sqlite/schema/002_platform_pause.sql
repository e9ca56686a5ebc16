-- The platform takes nothing from us at present: at most one row.
CREATE TABLE platform_pause (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL,
    why TEXT NOT NULL,
    probe_at INTEGER NOT NULL
) STRICT;
