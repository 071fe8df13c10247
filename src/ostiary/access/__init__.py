"""Who is asking, what they may do, and from where."""
