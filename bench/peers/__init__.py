"""Other token servers, each started as its own documentation says and asked for what Ostiary is asked for."""
