"""Backup, restore, and the way from one database to another."""
