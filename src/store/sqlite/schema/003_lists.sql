-- Lists of incidents: every combination of filters is answered from one range of an index for each state that it
-- admits, so that no list walks over rows that it does not show.
DROP INDEX incidents_by_review;
DROP INDEX incidents_by_presence;
DROP INDEX incidents_by_view;
DROP INDEX incidents_by_matter;
CREATE INDEX incidents_by_state ON incidents (review, presence, opened_at DESC, id DESC);
CREATE INDEX incidents_by_view ON incidents (view, review, presence, opened_at DESC, id DESC);
CREATE INDEX incidents_by_matter ON incidents (matter, review, presence, opened_at DESC, id DESC);
CREATE INDEX incidents_by_view_and_matter ON incidents (view, matter, review, presence, opened_at DESC, id DESC);

-- When a delivery's next try was set. A clock that is set back leaves this in the future, and the try is due at once.
ALTER TABLE deliveries ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET set_at = created_at WHERE state = 'pending';
CREATE INDEX deliveries_set ON deliveries (set_at) WHERE state = 'pending';
