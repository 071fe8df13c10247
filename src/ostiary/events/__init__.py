"""What happened: the audit trail, and the durable work that follows from it."""
