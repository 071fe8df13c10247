"""Who looks on while a server endures sees what goes wrong."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench import endure
from bench.endure import LOOKS_AFTER_REVOCATION, Overseer
from bench.processes import Cores
from bench.servers import ostiary, settle
from ostiary.applications import service as applications
from ostiary.oauth import key_rotation

pytestmark = pytest.mark.any_database


@contextmanager
def overseer(folder: Path) -> Iterator[Overseer]:
    home = settle(folder, f"sqlite:///{folder / 'ostiary.db'}")
    with ostiary(home, Cores.of_this_machine().server) as server, closing(Overseer(home, server)) as found:
        yield found


@pytest.mark.only_long
def test_sees_nothing_wrong_and_then_what_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endure, "KEPT_KEYS", 2)
    with overseer(tmp_path) as found:
        for _ in range(4):
            found.turn()
        seen = found.seen
        assert (seen.keys_made, seen.keys_revoked, seen.failures, seen.words) == (4, 2, 0, [])
        assert len(seen.signers) == 1
        # A key whose revocation does nothing, a valid token that is refused, a signing key that nobody was told of.
        monkeypatch.setattr(applications, "revoke", lambda *_: None)
        found.turn()
        assert seen.revoked_accepted == LOOKS_AFTER_REVOCATION
        monkeypatch.undo()
        [current] = found.signing_keys()
        key_rotation.retire(found.house.store, found.house.signing_key_seal, current.kid)
        found.turn()
        assert seen.valid_refused > 0
        assert seen.unverified == 1
        assert len(seen.words) == LOOKS_AFTER_REVOCATION + seen.valid_refused + seen.unverified
