"""What the commands do on the local database, as the operator."""
