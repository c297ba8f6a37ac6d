-- What happened to subscriptions and access. Rows are added at the end and never changed; a deleted profile's go.
CREATE TABLE events (
    event_seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id UUID NOT NULL,
    app_id UUID NOT NULL,
    profile_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    event_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    payload TEXT NOT NULL
);
-- An id is a hash of what it is the id of, app included: what happened once is stored once. It begins with a hash of
-- the profile, so one index also finds a profile's events, and each insert writes to one place only.
CREATE UNIQUE INDEX events_by_id ON events (event_id);
