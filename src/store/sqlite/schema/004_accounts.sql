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
