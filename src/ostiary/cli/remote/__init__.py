"""What the commands do through the API of a server."""
