"""`ostiary backup`, `ostiary restore` and `ostiary move`: the whole database, on the machine it is on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ostiary.cli import show
from ostiary.cli.session import JsonFlag, YesFlag, confirm, misused, plain_refusals, settings, unprepared
from ostiary.recovery import backup as backups
from ostiary.recovery import moving
from ostiary.recovery import restore as restoring
from ostiary.recovery.cut_off import Outcome
from ostiary.recovery.restore import Restore

JournalOption = Annotated[
    list[Path] | None,
    typer.Option(help="A revocation journal, of each node there was; on SQLite the one in the data folder is found."),
]

ENDS = "Every session, login and token ends: programs make new tokens with their pairs, people sign in again."
HOLDS = (
    "There is no revocation journal, so nobody knows what was revoked since: every key will be paused, and every "
    "person disabled, until somebody has looked at them."
)


def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet, or a folder for it.", metavar="FILE")],
    json: JsonFlag = False,
) -> None:
    """Write an encrypted backup of the SQLite database, while it is served, and read it again."""
    with plain_refusals(), unprepared() as opened:
        made = backups.make(opened, file, _told)
    facts = {"file": str(made.path), "made_at": made.header.made_at, "revision": made.header.revision}
    show.facts({**facts, "size_bytes": made.path.stat().st_size}, json_wanted=json)
    _told("Keep it and the master key in two places: together they are everything an intruder needs.")


def restore(
    file: Annotated[Path | None, typer.Argument(help="The backup.", metavar="FILE")] = None,
    journal: JournalOption = None,
    without_journal: Annotated[
        bool, typer.Option("--without-journal", help="Hold every key and person, whatever a journal says.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only look whether it could be put back.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="The database was put back by other tools, such as pg_restore.")
    ] = False,
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Put a backup back, with everything that was revoked since. Servers have to be stopped.

    The database that is there is kept under another name.
    """
    if without_journal and journal:
        misused("Say one of the two: --journal FILE or --without-journal")
    if in_place:
        if file is not None or check:
            misused("--in-place takes no file: the database is where the settings say")
        _restore_in_place(journal or [], yes=yes, json=json)
        return
    if file is None:
        misused("Name the backup to put back, or say --in-place")
    with plain_refusals():
        found = restoring.look(settings(), file, journal or [], without_journal=without_journal)
        if check:
            found.check(_told)
            show.facts({**_facts(found), "status": "sound"}, json_wanted=json)
            return
        confirm(f"{_consequence(found.entries is not None)} {ENDS}", yes=yes)
        done = found.run(_told)
    kept = str(done.kept) if done.kept else None
    show.facts({**_facts(found), **_outcome(done.outcome), "kept": kept}, json_wanted=json)
    _advise(done.outcome)


def move(
    source: Annotated[Path, typer.Option("--from", help="The SQLite database.", metavar="FILE")],
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Move everything from SQLite to the empty PostgreSQL database of OSTIARY_DATABASE_URL, with servers stopped."""
    confirm(f"Everything in {source} goes to PostgreSQL, and the file gets another name.", yes=yes)
    with plain_refusals():
        done = moving.move(settings(), source, _told)
    shown = {"rows": sum(done.rows.values()), "kept": str(done.kept)}
    show.facts({**shown, "tables": dict(done.rows)} if json else shown, json_wanted=json)


def _restore_in_place(journals: Sequence[Path], *, yes: bool, json: bool) -> None:
    confirm(f"{'' if journals else HOLDS} {ENDS}".strip(), yes=yes)
    with plain_refusals():
        outcome = restoring.in_place(settings(), journals)
    show.facts(_outcome(outcome), json_wanted=json)
    _advise(outcome)


def _told(line: str) -> None:
    # Standard output belongs to what the command answers.
    typer.echo(line, err=True)


def _consequence(has_journal: bool) -> str:
    return "What was made since the backup is gone." + ("" if has_journal else f" {HOLDS}")


def _facts(found: Restore) -> dict[str, object]:
    return {"file": str(found.file), "made_at": found.header.made_at, "revision": found.header.revision}


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "taken_away_again": outcome.taken_away,
        "held_keys": outcome.held_keys,
        "held_people": outcome.held_people,
    }


def _advise(outcome: Outcome) -> None:
    if outcome.held_keys or outcome.held_people:
        _told("Look at them: ostiary users enable ADDRESS, and ostiary keys resume ID or keys revoke ID.")
