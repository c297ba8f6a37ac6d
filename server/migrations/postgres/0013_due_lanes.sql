-- What is due is asked for by `target_id + 0`. While hardly a delivery is open, PostgreSQL takes one index that begins with the
-- target for as good as another, and keeps to its plan once very many are: for a single lane it walked through all that were due.
-- By an index on an expression it can find nothing else.
DROP INDEX lanes_by_due;
CREATE INDEX lanes_by_due ON lanes ((target_id + 0), slow, due_at);
