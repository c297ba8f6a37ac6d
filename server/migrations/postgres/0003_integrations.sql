-- An app's settings for a third party. Secrets are not among them: they are sealed apart, as an object of paths and
-- texts.
CREATE TABLE integrations (
    app_id UUID NOT NULL REFERENCES apps,
    slug TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL,
    settings TEXT NOT NULL,
    sealed_secrets BYTEA NOT NULL,
    PRIMARY KEY (app_id, slug)
);
