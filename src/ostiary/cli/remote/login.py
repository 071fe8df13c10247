"""The token of a login, kept fresh, as commands show it to the server where somebody signed in."""

from dataclasses import dataclass, field

from ostiary.cli.login_client import LoginClient


@dataclass
class LoginToken:
    client: LoginClient
    shown: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"the login {self.client.file.name}"

    def token(self) -> str:
        self.shown = self.client.access_token()
        return self.shown

    def renew(self) -> str:
        self.shown = self.client.refreshed(self.shown)
        return self.shown
