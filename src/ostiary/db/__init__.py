"""The database: one schema for SQLite and PostgreSQL, units of work, and the fast lane's own reads."""
