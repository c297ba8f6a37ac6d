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
    -- Which replay it was last sent by.
    replay_id BLOB,
    PRIMARY KEY (event_id, target_id)
) STRICT, WITHOUT ROWID;

-- Open deliveries (pending or waiting), lane by lane, in the order in which they go out. `lane_id` is the profile, or
-- the event where order does not matter. A delivery that is closed moves to `deliveries`; one that is tried again after
-- that comes back with `made_at`, when it was first made. In a replay it also knows how it was closed before.
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
    made_at INTEGER,
    replay_id BLOB,
    was_state TEXT,
    was_reason TEXT,
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

-- Each try of a delivery. The texts are long: with a number of its own each row is written behind the last one.
CREATE TABLE attempts (
    attempt_seq INTEGER PRIMARY KEY,
    event_id BLOB NOT NULL,
    target_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX attempts_by_delivery ON attempts (event_id, target_id, number);

-- Orders to send past events to an integration once more, or for the first time.
CREATE TABLE replays (
    app_id BLOB NOT NULL REFERENCES apps,
    replay_id BLOB NOT NULL,
    slug TEXT NOT NULL,
    filter TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enqueuing', 'enqueued', 'cancelled')),
    count INTEGER NOT NULL,
    enqueued INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, replay_id)
) STRICT, WITHOUT ROWID;

-- Open deliveries as the administration shows them. Whose turn it is in a lane: the first one's, or the last one's where
-- only the latest counts.
CREATE VIEW open_deliveries AS
SELECT t.app_id, t.slug, t.part, q.target_id, q.lane_id, q.event_id, q.profile_id, q.state, q.reason, q.tries,
       q.first_tried_at, q.updated_at, coalesce(q.made_at, q.created_at) AS made_at, q.replay_id, l.due_at, l.lease,
       CASE WHEN i.enabled = 0 OR i.blocked IS NOT NULL THEN 1 ELSE 0 END AS is_stopped,
       (SELECT f.event_id FROM queue AS f WHERE f.target_id = q.target_id AND f.lane_id = q.lane_id
        ORDER BY f.created_at, f.place LIMIT 1) AS first_event,
       (SELECT f.event_id FROM queue AS f WHERE f.target_id = q.target_id AND f.lane_id = q.lane_id
        ORDER BY f.created_at DESC, f.place DESC LIMIT 1) AS last_event
FROM queue AS q
JOIN targets AS t ON t.target_id = q.target_id
JOIN integrations AS i ON i.app_id = t.app_id AND i.slug = t.slug
JOIN lanes AS l ON l.target_id = q.target_id AND l.lane_id = q.lane_id;
