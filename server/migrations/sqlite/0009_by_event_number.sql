-- Deliveries and tries are found by the number of their event, not by its id: ids are hashes, so each row was written to
-- a page of its own, while rows of events that were made one after the other now lie side by side.
DROP VIEW open_deliveries;

-- So are the lanes of single events. Those that are made in one millisecond, such as when many subscriptions end, lie side
-- by side then.
UPDATE lanes SET lane_id = moved.new_id
FROM (SELECT q.target_id, q.lane_id, unhex(printf('%032x', e.event_seq)) AS new_id
      FROM queue AS q
      JOIN event_lanes AS v ON v.event_id = q.event_id AND v.lane_id = q.lane_id
      JOIN events AS e ON e.event_id = q.event_id) AS moved
WHERE lanes.target_id = moved.target_id AND lanes.lane_id = moved.lane_id;
UPDATE queue SET lane_id = moved.new_id
FROM (SELECT v.event_id, v.lane_id, unhex(printf('%032x', e.event_seq)) AS new_id
      FROM event_lanes AS v JOIN events AS e ON e.event_id = v.event_id) AS moved
WHERE queue.event_id = moved.event_id AND queue.lane_id = moved.lane_id;
DROP VIEW event_lanes;
CREATE VIEW event_lanes AS
SELECT event_id, unhex(printf('%032x', event_seq)) AS lane_id FROM events;

ALTER TABLE deliveries RENAME TO deliveries_by_id;
-- What each event came to at each target: deliveries that are closed, by whatever end.
CREATE TABLE deliveries (
    event_seq INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Which replay it was last sent by.
    replay_id BLOB,
    PRIMARY KEY (event_seq, target_id)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries
SELECT e.event_seq, d.target_id, d.state, d.reason, d.tries, d.created_at, d.updated_at, d.replay_id
FROM events AS e CROSS JOIN deliveries_by_id AS d ON d.event_id = e.event_id
ORDER BY e.event_seq, d.target_id;
DROP TABLE deliveries_by_id;

ALTER TABLE queue RENAME TO queue_by_id;
-- Open deliveries (pending or waiting), lane by lane, in the order in which they go out. `lane_id` is the profile, or
-- one of the event's own where order does not matter. A delivery that is closed moves to `deliveries`; one that is tried
-- again after that comes back with `made_at`, when it was first made. In a replay it also knows how it was closed before.
CREATE TABLE queue (
    target_id INTEGER NOT NULL,
    lane_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
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
INSERT INTO queue
SELECT q.target_id, q.lane_id, q.created_at, q.place, e.event_seq, q.profile_id, q.state, q.reason, q.tries,
       q.first_tried_at, q.updated_at, q.record, q.made_at, q.replay_id, q.was_state, q.was_reason
FROM queue_by_id AS q CROSS JOIN events AS e ON e.event_id = q.event_id
ORDER BY q.target_id, q.lane_id, q.created_at, q.place;
DROP TABLE queue_by_id;

ALTER TABLE attempts RENAME TO attempts_by_id;
DROP INDEX attempts_by_delivery;
-- Each try of a delivery. The texts are long: with a number of its own each row is written behind the last one.
CREATE TABLE attempts (
    attempt_seq INTEGER PRIMARY KEY,
    event_seq INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL
) STRICT;
INSERT INTO attempts
SELECT a.attempt_seq, e.event_seq, a.target_id, a.number, a.started_at, a.duration_us, a.request, a.status, a.answer,
       a.verdict
FROM attempts_by_id AS a CROSS JOIN events AS e ON e.event_id = a.event_id
ORDER BY a.attempt_seq;
DROP TABLE attempts_by_id;
CREATE UNIQUE INDEX attempts_by_delivery ON attempts (event_seq, target_id, number);

-- Open deliveries as the administration shows them. Whose turn it is in a lane: the first one's, or the last one's where
-- only the latest counts.
CREATE VIEW open_deliveries AS
SELECT t.app_id, t.slug, t.part, q.target_id, q.lane_id, q.event_seq, e.event_id, e.event_type, q.profile_id, q.state,
       q.reason, q.tries, q.first_tried_at, q.updated_at, coalesce(q.made_at, q.created_at) AS made_at, q.replay_id,
       l.due_at, l.lease,
       CASE WHEN i.enabled = 0 OR i.blocked IS NOT NULL THEN 1 ELSE 0 END AS is_stopped,
       (SELECT event_id FROM events WHERE event_seq = (
            SELECT f.event_seq FROM queue AS f WHERE f.target_id = q.target_id AND f.lane_id = q.lane_id
            ORDER BY f.created_at, f.place LIMIT 1)) AS first_event,
       (SELECT event_id FROM events WHERE event_seq = (
            SELECT f.event_seq FROM queue AS f WHERE f.target_id = q.target_id AND f.lane_id = q.lane_id
            ORDER BY f.created_at DESC, f.place DESC LIMIT 1)) AS last_event
FROM queue AS q
JOIN events AS e ON e.event_seq = q.event_seq
JOIN targets AS t ON t.target_id = q.target_id
JOIN integrations AS i ON i.app_id = t.app_id AND i.slug = t.slug
JOIN lanes AS l ON l.target_id = q.target_id AND l.lane_id = q.lane_id;
