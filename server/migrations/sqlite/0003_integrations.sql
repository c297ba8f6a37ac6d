-- An app's settings for a third party. Secrets are not among them: they are sealed apart, as an object of paths and
-- texts.
CREATE TABLE integrations (
    app_id BLOB NOT NULL REFERENCES apps,
    slug TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    settings TEXT NOT NULL,
    sealed_secrets BLOB NOT NULL,
    PRIMARY KEY (app_id, slug)
) STRICT, WITHOUT ROWID;
