"""Every setting, read once from the environment and handed down; no other module reads one."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ostiary.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_WORKERS = 64
HOUR_SECONDS = 3600
MOST_REQUESTS = 1_000_000
PUBLIC_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?\Z")
LIMIT = re.compile(r"([0-9]{1,7})/([0-9]{1,5})\Z")


class Limit(NamedTuple):
    """So many requests within any stretch of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds}"


def _parse_limit(given: object) -> object:
    """A limit from its one spelling, None for what is switched off."""
    if not isinstance(given, str):
        return given
    if given == "off":
        return None
    found = LIMIT.match(given)
    if found is None:
        raise ValueError("write it as REQUESTS/SECONDS, like 20/300, or off")
    requests, seconds = int(found[1]), int(found[2])
    if not (1 <= requests <= MOST_REQUESTS and 1 <= seconds <= 24 * HOUR_SECONDS):
        raise ValueError(f"a limit is 1 to {MOST_REQUESTS} requests in 1 to {24 * HOUR_SECONDS} seconds")
    return Limit(requests, seconds)


LimitOrOff = Annotated[Limit | None, NoDecode, BeforeValidator(_parse_limit)]


class Settings(BaseSettings):
    """The `OSTIARY_…` variables; docs/configuration.md says the same for people."""

    model_config = SettingsConfigDict(env_prefix="OSTIARY_", frozen=True, extra="forbid", validate_default=True)

    host: str = "127.0.0.1"
    port: int = Field(8400, ge=1, le=65535)
    data_dir: Path = Path("data")
    database_url: SecretStr = SecretStr("")
    database_url_file: Path | None = None
    revocation_journal: Path | None = None
    public_url: str = ""
    allow_insecure_http: bool = False
    master_key: SecretStr | None = None
    master_key_file: Path | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    token_seconds_sandbox: int = Field(8 * HOUR_SECONDS, ge=1, le=24 * HOUR_SECONDS)
    token_seconds_production: int = Field(HOUR_SECONDS // 2, ge=1, le=24 * HOUR_SECONDS)
    token_seconds_organization: int = Field(HOUR_SECONDS // 2, ge=1, le=24 * HOUR_SECONDS)
    token_seconds_user: int = Field(HOUR_SECONDS // 4, ge=1, le=24 * HOUR_SECONDS)
    session_idle_seconds: int = Field(HOUR_SECONDS, ge=60, le=24 * HOUR_SECONDS)
    session_seconds: int = Field(24 * HOUR_SECONDS, ge=60, le=30 * 24 * HOUR_SECONDS)
    login_idle_seconds: int = Field(7 * 24 * HOUR_SECONDS, ge=HOUR_SECONDS, le=90 * 24 * HOUR_SECONDS)
    login_seconds: int = Field(30 * 24 * HOUR_SECONDS, ge=HOUR_SECONDS, le=365 * 24 * HOUR_SECONDS)
    signing_key_seconds: int = Field(90 * 24 * HOUR_SECONDS, ge=60, le=3650 * 24 * HOUR_SECONDS)
    signup: Literal["invite", "open"] = "invite"
    owners_may_promote: bool = False
    limit_token_requests_per_key: LimitOrOff = Limit(1200, 60)
    # Many callers can share an address, and each of their keys has a limit of its own.
    limit_token_requests_per_source: LimitOrOff = None
    limit_failed_token_requests_per_source: LimitOrOff = Limit(20, 300)
    limit_customer_tokens_per_key: LimitOrOff = Limit(6000, 60)
    # Each leaves a row that has to stay for as long as the login may be idle.
    limit_refreshes_per_login: LimitOrOff = Limit(60, 900)
    limit_failed_sign_ins_per_source: LimitOrOff = Limit(10, 900)
    # NIST SP 800-63B §3.2.2: no more than 100 failures for an account.
    limit_failed_sign_ins_per_account: LimitOrOff = Limit(100, 1800)
    # Of the account, not of the source: nobody may keep their colleagues from signing in.
    limit_failed_user_codes_per_account: LimitOrOff = Limit(10, 900)
    # Who tries out addresses learns which of them have an account.
    limit_sign_ups_per_source: LimitOrOff = Limit(20, 900)
    limits_url: SecretStr = SecretStr("")
    limits_url_file: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=1, le=65535)
    traces_url: str = ""
    workers: int = Field(1, ge=1, le=MOST_WORKERS)
    leaving_seconds: int = Field(0, ge=0, le=300)
    development: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(part.strip() for part in given.split(",") if part.strip())
        return given

    @field_validator("traces_url")
    @classmethod
    def _check_traces_url(cls, given: str) -> str:
        if given and (not given.startswith(("http://", "https://")) or "@" in given):
            raise ValueError("must look like http://127.0.0.1:4318, where a collector takes OTLP over HTTP")
        return given.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, given: str) -> str:
        # The URL is compared byte by byte as issuer and audience, so there is one spelling of it; and it stands in
        # headers and JSON as it is.
        if given and not PUBLIC_URL.match(given):
            raise ValueError("must look like https://keys.example.com, without user name, query or fragment")
        return given.rstrip("/")

    @model_validator(mode="after")
    def _check_transport(self) -> Self:
        if self.database_url.get_secret_value() and self.database_url_file:
            raise ValueError("set OSTIARY_DATABASE_URL or OSTIARY_DATABASE_URL_FILE, not both")
        if self.limits_url.get_secret_value() and self.limits_url_file:
            raise ValueError("set OSTIARY_LIMITS_URL or OSTIARY_LIMITS_URL_FILE, not both")
        if self.master_key and self.master_key_file:
            raise ValueError("set OSTIARY_MASTER_KEY or OSTIARY_MASTER_KEY_FILE, not both")
        if not is_loopback(self.host) and not self.is_https and not self.allow_insecure_http:
            raise ValueError(
                f"OSTIARY_HOST={self.host} is reachable from other machines, so secrets would cross the network in "
                "clear: set OSTIARY_PUBLIC_URL to the https address of the proxy in front, or "
                "OSTIARY_ALLOW_INSECURE_HTTP=true if the network itself is private"
            )
        return self

    @property
    def issuer(self) -> str:
        """The public URL, which is issuer and audience of every token (DESIGN §5)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def store_url(self) -> str:
        """The database in SQLAlchemy's spelling: SQLite in the data folder unless told otherwise."""
        given = _secret(self.database_url, self.database_url_file, "OSTIARY_DATABASE_URL_FILE")
        if not given:
            return f"sqlite:///{self.data_dir / 'ostiary.db'}"
        scheme, colon, rest = given.partition(":")
        return f"postgresql+psycopg:{rest}" if colon and scheme in {"postgres", "postgresql"} else given

    @property
    def journal_path(self) -> Path | None:
        """Where revocations are journalled: in the data folder, and on PostgreSQL only where a file is named."""
        if self.revocation_journal is None and self.store_url.startswith("sqlite"):
            return self.data_dir / "revocations.journal"
        return self.revocation_journal

    @property
    def shared_limits_url(self) -> str:
        """The Redis in which processes count together; empty when each counts for itself."""
        given = _secret(self.limits_url, self.limits_url_file, "OSTIARY_LIMITS_URL_FILE")
        if given and not given.startswith(("redis://", "rediss://", "unix://")):
            raise ConfigurationError("OSTIARY_LIMITS_URL: must look like redis://127.0.0.1:6379/0")
        return given


def _secret(given: SecretStr, file: Path | None, name: str) -> str:
    if file is None:
        return given.get_secret_value()
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from error


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(**given: object) -> Settings:
    """Settings from the environment, `given` winning; raises ConfigurationError naming each wrong variable."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what a mapping cannot say
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in fault["loc"][:1]).upper()
            message = fault["msg"].removeprefix("Value error, ")
            lines.append(f"OSTIARY_{name}: {message}" if name else message)
        raise ConfigurationError("\n".join(lines)) from None
