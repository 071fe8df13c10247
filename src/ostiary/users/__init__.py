"""People, and what they may do in the organizations they belong to."""
