"""How often something may be asked: what is counted, by whom, and where the counts are kept."""
