-- The texts of events are most of the database and of what an event writes. New ones are stored packed; those that are
-- there stay as they are. What reads them finds both in the column payload, which takes no room.
ALTER TABLE events RENAME COLUMN payload TO plain;
ALTER TABLE events ADD COLUMN packed BLOB;
ALTER TABLE events ADD COLUMN payload ANY AS (coalesce(packed, plain)) VIRTUAL;
