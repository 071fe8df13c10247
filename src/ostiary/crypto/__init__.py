"""Keys, digests, signatures and sealed columns: the only rooms that touch raw cryptography."""
