-- Where on the reference picture an exemplar's thing lay, and where the verifier looked: at the same spot less likeness is enough.
ALTER TABLE exemplars ADD COLUMN bbox TEXT;
UPDATE exemplars SET bbox = coalesce(
    json_extract(mark, '$.bbox'), (SELECT incidents.bbox FROM incidents WHERE incidents.id = exemplars.incident));
ALTER TABLE verifications ADD COLUMN bbox TEXT;
UPDATE verifications SET bbox = (SELECT places.bbox FROM places WHERE places.id = verifications.place);
