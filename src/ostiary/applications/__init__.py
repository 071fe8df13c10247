"""Applications: API key pairs, which the wire calls credentials when it tells of them."""
