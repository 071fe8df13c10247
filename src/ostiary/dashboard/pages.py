"""The way in: where somebody lands, and the door between the guided start and everything else."""

from ostiary.dashboard import progress
from ostiary.web.pages import Go, Pages, Visit, Who

pages = Pages()


@pages.get("/", who=Who.PERSON)
def home(visit: Visit) -> Go:
    """To the step that was left, or to the overview when all three are done."""
    return Go("/overview" if progress.of(visit) is progress.Step.DONE else "/start", done=visit.parameter("done"))
