-- Since when an integration asks for synthetic events as it does now, in microseconds: what lay before is not told.
ALTER TABLE integrations ADD COLUMN timers_since INTEGER NOT NULL DEFAULT 0;

-- Apps whose profiles have to be looked through for when something of them is due next: from when on, and behind which
-- profile.
CREATE TABLE rechecks (
    app_id BLOB PRIMARY KEY NOT NULL REFERENCES apps,
    due_at INTEGER NOT NULL,
    after_profile BLOB NOT NULL
) STRICT, WITHOUT ROWID;
