"""GET /.well-known/jwks.json: RFC 7517, the public halves of every signing key that still counts."""

from ostiary.oauth.signing_keys import SigningKeys

PATH = "/.well-known/jwks.json"


def document(keys: SigningKeys) -> dict[str, object]:
    return {"keys": keys.published}
