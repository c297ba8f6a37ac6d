-- Why nothing goes out to a third party until the app's owner mends the settings.
ALTER TABLE integrations ADD COLUMN blocked TEXT;

-- The parts of apps' integrations: what deliveries name by a number.
CREATE TABLE targets (
    target_id INTEGER PRIMARY KEY,
    app_id BLOB NOT NULL REFERENCES apps,
    slug TEXT NOT NULL,
    part TEXT NOT NULL,
    UNIQUE (app_id, slug, part)
) STRICT;

-- What each event came to at each target: deliveries that are closed, by whatever end. Rows of one event are neighbours,
-- and so are those of a profile, because the ids of its events begin alike.
CREATE TABLE deliveries (
    event_id BLOB NOT NULL,
    target_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (event_id, target_id)
) STRICT, WITHOUT ROWID;

-- Open deliveries (pending or waiting), lane by lane, in the order in which they go out. `lane_id` is the profile, or
-- the event where order does not matter. A delivery that is closed moves to `deliveries`.
CREATE TABLE queue (
    target_id INTEGER NOT NULL,
    lane_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    profile_id BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    tries INTEGER NOT NULL,
    first_tried_at INTEGER,
    updated_at INTEGER NOT NULL,
    record TEXT,
    PRIMARY KEY (target_id, lane_id, created_at, place)
) STRICT, WITHOUT ROWID;

-- Lanes with open deliveries: how many, when to look at the first one, and who is at it. A claimed lane is due when its
-- lease ends. Replays go in lanes that are `slow`.
CREATE TABLE lanes (
    target_id INTEGER NOT NULL,
    lane_id BLOB NOT NULL,
    profile_id BLOB NOT NULL,
    slow INTEGER NOT NULL,
    open INTEGER NOT NULL,
    waits INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease INTEGER,
    PRIMARY KEY (target_id, lane_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_by_due ON lanes (target_id, slow, due_at);
-- Those that wait for an identifier of the profile.
CREATE INDEX lanes_that_wait ON lanes (profile_id) WHERE waits = 1;

-- Each try of a delivery.
CREATE TABLE attempts (
    event_id BLOB NOT NULL,
    target_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (event_id, target_id, number)
) STRICT, WITHOUT ROWID;
