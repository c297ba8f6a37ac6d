-- Parts of integrations whose waiting lanes are looked at anew, because settings were saved that may ask for less: from
-- when on, and behind which lane.
CREATE TABLE releases (
    target_id BIGINT PRIMARY KEY NOT NULL REFERENCES targets,
    due_at BIGINT NOT NULL,
    after_lane UUID NOT NULL
);
