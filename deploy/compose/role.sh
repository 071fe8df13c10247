#!/bin/sh
# Run by the image of PostgreSQL when its database is made: a role that may do nothing but own its database.
# Not run where it was written; docs/two-nodes.md has the same statements, and a test runs those.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" <<'END'
\set password `cat /run/secrets/ostiary-password`
CREATE ROLE ostiary LOGIN PASSWORD :'password';
ALTER ROLE ostiary SET synchronous_commit = on;
CREATE DATABASE ostiary OWNER ostiary TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE ostiary FROM PUBLIC;
END
