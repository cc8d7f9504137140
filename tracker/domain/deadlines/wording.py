"""The reckoning of a date as one short sentence, in Vietnamese or English."""

from collections.abc import Sequence
from typing import Literal

from tracker.domain.deadlines import wording_en, wording_vi
from tracker.domain.deadlines.calculation_steps import DateStep, StepKind, StepWhy
from tracker.domain.errors import InvalidInputError

Language = Literal["vi", "en"]


def why_sentence(deadline_steps: Sequence[DateStep], language: Language) -> str:
    """Say in one sentence, without a full stop, how these steps lead to the date.

    What repeats is drawn together: weekends into one phrase, pauses of one kind into one sum. The
    recorded reasons of pauses, which may be private, are left out. No steps, no words. Raises
    InvalidInputError for another language.
    """
    if not deadline_steps:
        return ""
    groups: dict[tuple[object, ...], list[DateStep]] = {}
    for place, step in enumerate(deadline_steps):
        groups.setdefault(_alike(step, place), []).append(step)
    match language:
        case "en":
            year = next((step.at.year for step in deadline_steps if step.at), 0)
            return ", ".join(wording_en.phrase(group, year) for group in groups.values())
        case "vi":
            return ", ".join(wording_vi.phrase(group) for group in groups.values())
        case _:
            msg = f"There are no words in the language {language!r}."
            raise InvalidInputError(msg)


def _alike(step: DateStep, place: int) -> tuple[object, ...]:
    """Return what steps that are said together have in common."""
    if step.kind is StepKind.PAUSE:
        return step.kind, step.pause_kind
    if step.kind in {StepKind.PAUSE_IGNORED, StepKind.LOCKED} or step.why is StepWhy.WEEKEND:
        return step.kind, step.why
    return step.kind, place
