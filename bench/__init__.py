"""What a token costs: Ostiary beside a bare uvicorn, on one core, in one run."""
