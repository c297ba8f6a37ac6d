-- Why nothing goes out to a third party until the app's owner mends the settings.
ALTER TABLE integrations ADD COLUMN blocked TEXT;

-- The parts of apps' integrations: what deliveries name by a number.
CREATE TABLE targets (
    target_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_id UUID NOT NULL REFERENCES apps,
    slug TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    UNIQUE (app_id, slug, part)
);

-- What each event came to at each target: deliveries that are closed, by whatever end. Rows of one event are neighbours,
-- and so are those of a profile, because the ids of its events begin alike.
CREATE TABLE deliveries (
    event_id UUID NOT NULL,
    target_id BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (event_id, target_id)
);

-- Open deliveries (pending or waiting), lane by lane, in the order in which they go out. `lane_id` is the profile, or
-- the event where order does not matter. A delivery that is closed moves to `deliveries`.
CREATE TABLE queue (
    target_id BIGINT NOT NULL,
    lane_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    place BIGINT NOT NULL,
    event_id UUID NOT NULL,
    profile_id UUID NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT,
    tries BIGINT NOT NULL,
    first_tried_at BIGINT,
    updated_at BIGINT NOT NULL,
    record TEXT,
    PRIMARY KEY (target_id, lane_id, created_at, place)
);

-- Lanes with open deliveries: how many, when to look at the first one, and who is at it. A claimed lane is due when its
-- lease ends. Replays go in lanes that are `slow`.
CREATE TABLE lanes (
    target_id BIGINT NOT NULL,
    lane_id UUID NOT NULL,
    profile_id UUID NOT NULL,
    slow BIGINT NOT NULL,
    open BIGINT NOT NULL,
    waits BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease BIGINT,
    PRIMARY KEY (target_id, lane_id)
);
CREATE INDEX lanes_by_due ON lanes (target_id, slow, due_at);
-- Those that wait for an identifier of the profile.
CREATE INDEX lanes_that_wait ON lanes (profile_id) WHERE waits = 1;

-- Each try of a delivery.
CREATE TABLE attempts (
    event_id UUID NOT NULL,
    target_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    request TEXT NOT NULL,
    status BIGINT,
    answer TEXT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (event_id, target_id, number)
);
