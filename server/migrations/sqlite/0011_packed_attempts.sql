-- The requests of tries are most of what deliveries write. New ones are stored packed, as events are; those that are there
-- stay as they are. What reads them finds both in the column request, which takes no room.
ALTER TABLE attempts RENAME COLUMN request TO plain;
ALTER TABLE attempts ADD COLUMN packed BLOB;
ALTER TABLE attempts ADD COLUMN request ANY AS (coalesce(packed, plain)) VIRTUAL;
