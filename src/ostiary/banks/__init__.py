"""Banks: what a token is bound to, and where customers live."""
