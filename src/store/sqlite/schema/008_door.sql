-- People whom the city's identity provider vouches for: who issued it and its word for the person lead to the account.
CREATE TABLE account_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- Whether the person must choose a new password before anything else.
ALTER TABLE accounts ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;

-- Refused logins by name and by address; a restart forgives nobody.
CREATE TABLE refused_logins (
    who TEXT PRIMARY KEY,
    refusals INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refused_logins_latest ON refused_logins (latest);
