"""HTTP habits every route shares: bodies, pages, refusals, units of work, headers."""
