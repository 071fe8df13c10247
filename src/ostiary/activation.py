"""What a server and whoever started it tell each other, in systemd's words: the door, "ready", "stopping".

sd_listen_fds(3): a socket that listens already comes as file 3. sd_notify(3): states go as datagrams to NOTIFY_SOCKET.
`ostiary serve --workers N` speaks the same to its workers.
"""

import contextlib
import os
import socket

from ostiary.errors import ConfigurationError
from ostiary.settings import Settings

FIRST_FILE = 3
# Names of a socket that our own supervisor hands over; its workers end when it is gone, and the first speaks for all.
FIRST_WORKER, OTHER_WORKER = "ostiary-first-worker", "ostiary-worker"
READY = "READY=1"
STOPPING = "STOPPING=1"


def listening_socket(chosen: Settings) -> socket.socket:
    """The one that was handed over, or one of our own; raises ConfigurationError when its place is taken."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return _inherited()
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    try:
        return socket.create_server((chosen.host, chosen.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"OSTIARY_HOST and OSTIARY_PORT: cannot listen on {chosen.host}:{chosen.port}: {error.strerror}"
        ) from error


def _inherited() -> socket.socket:
    count = os.environ.get("LISTEN_FDS", "")
    if count != "1":
        raise ConfigurationError(f"The service manager hands over {count or 'no'} sockets: Ostiary listens on one")
    return socket.socket(fileno=FIRST_FILE)


def worker_environment(ear: str, supervisor: int, place: int, *, is_first: bool) -> dict[str, str]:
    """What a worker finds in its environment; to be called by the process that becomes the worker."""
    name = f"{FIRST_WORKER if is_first else OTHER_WORKER}.{supervisor}.{place}"
    return {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": name, "NOTIFY_SOCKET": ear}


def is_worker() -> bool:
    return _name_supervisor_place()[0] in {FIRST_WORKER, OTHER_WORKER}


def speaks_to_people() -> bool:
    """Of several workers one says where they serve and how to get in."""
    return _name_supervisor_place()[0] != OTHER_WORKER


def is_orphaned() -> bool:
    """Whether the supervisor that started us has died without a word."""
    return is_worker() and _name_supervisor_place()[1] != str(os.getppid())


def worker_place() -> int:
    """Which of the workers this is, counted from 0; whoever takes another's place has its number."""
    return int(_name_supervisor_place()[2]) if is_worker() else 0


def _name_supervisor_place() -> tuple[str, str, str]:
    name, _, rest = os.environ.get("LISTEN_FDNAMES", "").partition(".")
    supervisor, _, place = rest.partition(".")
    return name, supervisor, place


def notify(state: str) -> None:
    """Tell whoever started us, if they want to know; nothing depends on whether they hear it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # Linux writes an address that is no file with a zero in front.
        place = f"\0{address[1:]}" if address.startswith("@") else address
        sender.sendto(f"{state}\nMAINPID={os.getpid()}".encode(), place)
