CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Goes up with every change of what servers keep in memory: apps, keys, tokens.
CREATE TABLE directory_version (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO directory_version (id, version) VALUES (1, 1);

CREATE TABLE apps (
    app_id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    key_id BLOB PRIMARY KEY,
    app_id BLOB NOT NULL REFERENCES apps,
    kind TEXT NOT NULL CHECK (kind IN ('secret', 'public')),
    prefix TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    label TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_of_app ON api_keys (app_id, created_at);

CREATE TABLE admin_tokens (
    token_id BLOB PRIMARY KEY,
    prefix TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    label TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE access_levels (
    app_id BLOB NOT NULL REFERENCES apps,
    access_level_id TEXT NOT NULL,
    description TEXT,
    PRIMARY KEY (app_id, access_level_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    app_id BLOB NOT NULL REFERENCES apps,
    store TEXT NOT NULL,
    store_product_id TEXT NOT NULL,
    access_level_id TEXT,
    consumable INTEGER NOT NULL,
    title TEXT,
    price_value TEXT,
    price_currency TEXT,
    PRIMARY KEY (app_id, store, store_product_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rates (
    currency TEXT NOT NULL,
    from_date TEXT NOT NULL,
    usd TEXT NOT NULL,
    PRIMARY KEY (currency, from_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    audit_id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    app_id BLOB,
    before TEXT,
    after TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
    app_id BLOB NOT NULL,
    profile_id BLOB NOT NULL,
    customer_user_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    identifiers TEXT NOT NULL,
    attributes TEXT,
    email TEXT,
    details TEXT
) STRICT;
CREATE UNIQUE INDEX profiles_by_id ON profiles (app_id, profile_id);
CREATE UNIQUE INDEX profiles_by_customer ON profiles (app_id, customer_user_id) WHERE customer_user_id IS NOT NULL;
CREATE INDEX profiles_by_email ON profiles (app_id, email) WHERE email IS NOT NULL;

-- What a POST with an Idempotency-Key answered, sealed. Kept for at least 24 hours.
CREATE TABLE replies (
    scope BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    sealed_body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replies_by_time ON replies (created_at);
