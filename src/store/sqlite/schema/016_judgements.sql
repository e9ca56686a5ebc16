-- What a person says is at the spot of a disagreement between two models: a word, a name and a time, or none of them.
ALTER TABLE shadow_disagreements ADD COLUMN truth TEXT;
ALTER TABLE shadow_disagreements ADD COLUMN judged_by TEXT;
ALTER TABLE shadow_disagreements ADD COLUMN judged_at INTEGER;
