"""What every peer is told: where to listen, which clients there are, and what to sign with."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from bench.exchange import HOST, Pair
from bench.scenarios import SCOPE
from bench.servers import free_port

AUDIENCE = "https://api.example.com"
# As long as Ostiary's in production.
TOKEN_SECONDS = 1800
KEY_ID = "bench"


@dataclass(frozen=True)
class Setup:
    folder: Path
    port: int
    pairs: list[Pair]
    key: dict[str, str]

    @classmethod
    def new(cls, folder: Path, clients: int) -> "Setup":
        key = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        named = {**key, "kid": KEY_ID, "use": "sig", "alg": "ES256"}
        # One secret for all, of Ostiary's length, because some hashes take half a second to make.
        secret = secrets.token_hex(30)
        pairs = [Pair(f"client-{secrets.token_hex(16)}", secret) for _ in range(clients)]
        return cls(folder, free_port(), pairs, named)

    @property
    def issuer(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def path(self) -> Path:
        return self.folder / "setup.json"

    def members(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "port": self.port,
            "audience": AUDIENCE,
            "scope": SCOPE,
            "seconds": TOKEN_SECONDS,
            "jwk": self.key,
            "clients": [(pair.client_id, pair.client_secret) for pair in self.pairs],
        }

    def write(self) -> None:
        self.path.write_text(json.dumps(self.members()))
