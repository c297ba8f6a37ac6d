-- Keys and what is sorted by: COLLATE "C", so that the order is that of SQLite, whatever the database was made with.
CREATE TABLE secrets (
    name TEXT COLLATE "C" PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- Goes up with every change of what servers keep in memory: apps, keys, tokens.
CREATE TABLE directory_version (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 1);

CREATE TABLE apps (
    app_id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    key_id UUID PRIMARY KEY,
    app_id UUID NOT NULL REFERENCES apps,
    kind TEXT NOT NULL CHECK (kind IN ('secret', 'public')),
    prefix TEXT COLLATE "C" NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    label TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_keys_of_app ON api_keys (app_id, created_at);

CREATE TABLE admin_tokens (
    token_id UUID PRIMARY KEY,
    prefix TEXT COLLATE "C" NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    label TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE access_levels (
    app_id UUID NOT NULL REFERENCES apps,
    access_level_id TEXT COLLATE "C" NOT NULL,
    description TEXT,
    PRIMARY KEY (app_id, access_level_id)
);

CREATE TABLE products (
    app_id UUID NOT NULL REFERENCES apps,
    store TEXT COLLATE "C" NOT NULL,
    store_product_id TEXT COLLATE "C" NOT NULL,
    access_level_id TEXT COLLATE "C",
    consumable BIGINT NOT NULL,
    title TEXT,
    price_value TEXT,
    price_currency TEXT,
    PRIMARY KEY (app_id, store, store_product_id)
);

CREATE TABLE rates (
    currency TEXT COLLATE "C" NOT NULL,
    from_date TEXT COLLATE "C" NOT NULL,
    usd TEXT NOT NULL,
    PRIMARY KEY (currency, from_date)
);

CREATE TABLE audit (
    audit_id UUID PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    app_id UUID,
    before TEXT,
    after TEXT
);

CREATE TABLE profiles (
    app_id UUID NOT NULL,
    profile_id UUID NOT NULL,
    customer_user_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    identifiers TEXT NOT NULL,
    attributes TEXT,
    email TEXT COLLATE "C",
    details TEXT
) WITH (fillfactor = 80); -- Room for a new version of a row on its page: then no index is written.
CREATE UNIQUE INDEX profiles_by_id ON profiles (app_id, profile_id);
CREATE UNIQUE INDEX profiles_by_customer ON profiles (app_id, customer_user_id) WHERE customer_user_id IS NOT NULL;
CREATE INDEX profiles_by_email ON profiles (app_id, email) WHERE email IS NOT NULL;

-- What a POST with an Idempotency-Key answered, sealed. Kept for at least 24 hours.
CREATE TABLE replies (
    scope UUID NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    sealed_body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
);
CREATE INDEX replies_by_time ON replies (created_at);
