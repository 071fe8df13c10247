"""The protocol: one file per endpoint, each naming its standard."""
