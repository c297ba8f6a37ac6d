-- Parts of integrations whose waiting lanes are looked at anew, because settings were saved that may ask for less: from
-- when on, and behind which lane.
CREATE TABLE releases (
    target_id INTEGER PRIMARY KEY NOT NULL REFERENCES targets,
    due_at INTEGER NOT NULL,
    after_lane BLOB NOT NULL
) STRICT, WITHOUT ROWID;
