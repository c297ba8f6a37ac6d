-- Deliveries and tries are found by the number of their event, not by its id: ids are hashes, so each row was written to
-- a page of its own, while rows of events that were made one after the other now lie side by side.
DROP VIEW open_deliveries;

-- So are the lanes of single events. Those that are made in one millisecond, such as when many subscriptions end, lie side
-- by side then.
UPDATE lanes SET lane_id = lpad(to_hex(e.event_seq), 32, '0')::uuid
FROM queue AS q
JOIN event_lanes AS v ON v.event_id = q.event_id AND v.lane_id = q.lane_id
JOIN events AS e ON e.event_id = q.event_id
WHERE lanes.target_id = q.target_id AND lanes.lane_id = q.lane_id;
UPDATE queue SET lane_id = lpad(to_hex(e.event_seq), 32, '0')::uuid
FROM event_lanes AS v JOIN events AS e ON e.event_id = v.event_id
WHERE queue.event_id = v.event_id AND queue.lane_id = v.lane_id;
DROP VIEW event_lanes;
CREATE VIEW event_lanes AS
SELECT event_id, lpad(to_hex(event_seq), 32, '0')::uuid AS lane_id FROM events;

ALTER TABLE deliveries RENAME TO deliveries_by_id;
ALTER INDEX deliveries_pkey RENAME TO deliveries_by_id_pkey;
-- What each event came to at each target: deliveries that are closed, by whatever end.
CREATE TABLE deliveries (
    event_seq BIGINT NOT NULL,
    target_id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Which replay it was last sent by.
    replay_id UUID,
    PRIMARY KEY (event_seq, target_id)
);
INSERT INTO deliveries
SELECT e.event_seq, d.target_id, d.state, d.reason, d.tries, d.created_at, d.updated_at, d.replay_id
FROM events AS e JOIN deliveries_by_id AS d ON d.event_id = e.event_id
ORDER BY e.event_seq, d.target_id;
DROP TABLE deliveries_by_id;

-- Open deliveries.
ALTER TABLE queue ADD COLUMN event_seq BIGINT;
UPDATE queue SET event_seq = e.event_seq FROM events AS e WHERE e.event_id = queue.event_id;
DELETE FROM queue WHERE event_seq IS NULL;
ALTER TABLE queue ALTER COLUMN event_seq SET NOT NULL, DROP COLUMN event_id;

ALTER TABLE attempts RENAME TO attempts_by_id;
ALTER INDEX attempts_pkey RENAME TO attempts_by_id_pkey;
-- Each try of a delivery.
CREATE TABLE attempts (
    event_seq BIGINT NOT NULL,
    target_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    request TEXT NOT NULL,
    status BIGINT,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (event_seq, target_id, number)
);
INSERT INTO attempts
SELECT e.event_seq, a.target_id, a.number, a.started_at, a.duration_us, a.request, a.status, a.answer, a.verdict
FROM events AS e JOIN attempts_by_id AS a ON a.event_id = e.event_id
ORDER BY e.event_seq, a.target_id, a.number;
DROP TABLE attempts_by_id;

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
