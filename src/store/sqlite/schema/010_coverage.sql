-- How many views were counted on a day of the city, and how many of them stood covered: sums of all counts of the day.
CREATE TABLE coverage_days (
    day TEXT PRIMARY KEY,
    views INTEGER NOT NULL,
    covered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
