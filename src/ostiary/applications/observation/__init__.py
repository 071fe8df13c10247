"""Learning addresses: keys without a list are observed until it is known which list they need."""
