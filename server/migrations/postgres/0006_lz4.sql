-- Payloads are long enough to be compressed, at every insert. LZ4 takes a fraction of the time that PostgreSQL's own
-- method takes, which stays before PostgreSQL 14 and where the server was built without LZ4.
DO $$ BEGIN
    EXECUTE 'ALTER TABLE events ALTER COLUMN payload SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN
    NULL;
END $$;
