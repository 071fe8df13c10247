"""Profiles: where somebody is signed in from this machine, in files that nobody else can read."""

import contextlib
import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from ostiary.cli.session import misused
from ostiary.db.syncing import sync
from ostiary.errors import ConfigurationError, OstiaryError

CONFIG_DIR = "OSTIARY_CONFIG_DIR"
PROFILE = "OSTIARY_PROFILE"
USUAL_NAME = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotSignedIn(OstiaryError):  # noqa: N818 - reads as what is the matter
    """There is no profile, or none that can be used."""


@dataclass(frozen=True)
class Profile:
    """A login at a server."""

    server: str
    access_token: str = field(repr=False)
    # Seconds since 1970, by this machine's clock.
    expires_at: float
    refresh_token: str = field(repr=False)


def folder() -> Path:
    """XDG Base Directory Specification: `$XDG_CONFIG_HOME`, or `~/.config`."""
    chosen = os.environ.get(CONFIG_DIR)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ostiary"


@dataclass(frozen=True)
class ProfileFile:
    """One profile by its name. Whoever changes it holds its lock."""

    name: str = USUAL_NAME

    @classmethod
    def named(cls, name: str) -> Self:
        """As somebody chose it; raises typer.Exit for what no profile is called."""
        if not NAME.match(name):
            misused("--profile takes up to 32 small letters, digits and hyphens")
        return cls(name)

    @property
    def path(self) -> Path:
        return folder() / "profiles" / f"{self.name}.json"

    def way_in(self, server: str = "") -> str:
        """The command that signs somebody in with it."""
        options = {"--server": server, "--profile": "" if self.name == USUAL_NAME else self.name}
        return " ".join(["ostiary login", *(f"{option} {value}" for option, value in options.items() if value)])

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Two commands that refresh at once would look like a thief: the second waits, and finds what the first got."""
        with self._told():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Ends with the process, however that ends.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def find(self) -> Profile | None:
        """Raises NotSignedIn for a file that cannot be trusted or read."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & OTHERS:
                    raise NotSignedIn(f"Others can read {self.path}: sign out, and in again with: {self.way_in()}")
                known = json.loads(file.read())
            return Profile(
                str(known["server"]), known["access_token"], float(known["expires_at"]), known["refresh_token"]
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotSignedIn(f"{self.path} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise NotSignedIn(f"{self.path} is damaged: sign in again with: {self.way_in()}") from error

    def get(self) -> Profile:
        found = self.find()
        if found is None:
            more = "" if self.name == USUAL_NAME else f" with the profile {self.name}"
            raise NotSignedIn(f"You are not signed in{more}: begin with: {self.way_in()}")
        return found

    def save(self, profile: Profile) -> None:
        """All of it or nothing, also when the power fails."""
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        with self._told():
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(asdict(profile), file, indent=2)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            sync(self.path.parent)

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(f"{CONFIG_DIR}: {self.path} cannot be written: {error.strerror}") from error
