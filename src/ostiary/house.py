"""What the server and the command line stand on: a database, and the keys derived from the master key."""

from ostiary import migrations
from ostiary.applications.credentials import Digester
from ostiary.crypto import master_key
from ostiary.crypto.master_key import MasterKey
from ostiary.crypto.sealing import Seal
from ostiary.db.store import Store
from ostiary.events.journal import Journal
from ostiary.oauth import key_rotation
from ostiary.settings import Settings
from ostiary.users import set_up

JOURNAL_PURPOSE = "revocations.journal"
SIGNING_KEY_PURPOSE = "signing_keys.private_key"


class House:
    """One installation, opened."""

    def __init__(self, settings: Settings, key: MasterKey | None = None, *, has_journal: bool = True) -> None:
        self.settings = settings
        self.master_key = key or master_key.load(settings)
        self.digester = Digester(self.master_key)
        self.personal_data_seal = Seal(self.master_key, "customers.personal_data")
        self.signing_key_seal = Seal(self.master_key, SIGNING_KEY_PURPOSE)
        self.limit_name_key = self.master_key.derive("limits.names")
        self.store = Store(settings)
        path = settings.journal_path if has_journal else None
        self.journal = Journal(path, self.master_key.derive(JOURNAL_PURPOSE)) if path else None
        if self.journal:
            self.store.before_commit = self.journal.write

    def offer_set_up(self) -> str | None:
        """The address that lets the first person in, as long as nobody is."""
        return set_up.offer(self.store, self.settings)

    def prepare(self) -> None:
        """Bring the schema up to date and make the first signing key; safe to run from many processes at once."""
        if self.journal:
            self.journal.begin()
        migrations.upgrade(self.store)
        key_rotation.ensure(self.store, self.signing_key_seal)
