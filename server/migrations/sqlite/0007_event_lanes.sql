-- The lane of one event alone: when it was made, in milliseconds, and the end of its id. New lanes lie side by side then.
-- They were the events' ids, which lie anywhere, so that each wrote pages of its own.
CREATE VIEW event_lanes AS
SELECT event_id,
       unhex(printf('%012x', max(created_at, 0) / 1000) || substr(hex(event_id), 13)) AS lane_id
FROM events;

-- The lanes that there are get their new ids.
UPDATE lanes SET lane_id = (SELECT e.lane_id FROM event_lanes AS e WHERE e.event_id = lanes.lane_id)
WHERE lane_id IN (SELECT event_id FROM queue WHERE queue.lane_id = queue.event_id);
UPDATE queue SET lane_id = (SELECT e.lane_id FROM event_lanes AS e WHERE e.event_id = queue.event_id)
WHERE lane_id = event_id;
