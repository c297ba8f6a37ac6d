-- What a profile has (chains, one-time purchases, grants, shared access), as one JSON text; and when something of it
-- is due next by time alone.
ALTER TABLE profiles ADD COLUMN holdings TEXT;
ALTER TABLE profiles ADD COLUMN due_at INTEGER;
CREATE INDEX profiles_by_due ON profiles (due_at) WHERE due_at IS NOT NULL;

-- Every transaction as it was last reported.
CREATE TABLE transactions (
    app_id BLOB NOT NULL,
    store TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    original_id TEXT NOT NULL,
    report TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX transactions_by_id ON transactions (app_id, store, transaction_id);

-- Which profiles own or share a chain or one-time purchase.
CREATE TABLE chain_holders (
    app_id BLOB NOT NULL,
    store TEXT NOT NULL,
    original_id TEXT NOT NULL,
    profile_id BLOB NOT NULL,
    is_owner INTEGER NOT NULL,
    PRIMARY KEY (app_id, store, original_id, profile_id)
) STRICT, WITHOUT ROWID;
-- Of two profiles that report a new chain at once, the second finds it taken.
CREATE UNIQUE INDEX chain_owners ON chain_holders (app_id, store, original_id) WHERE is_owner = 1;
CREATE INDEX chain_holders_by_profile ON chain_holders (app_id, profile_id);
