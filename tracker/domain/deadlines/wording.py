"""Describe the calculation of a date in one short sentence, in Vietnamese or English."""

from collections.abc import Sequence
from typing import Literal

from tracker.domain.deadlines import wording_en, wording_vi
from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind, StepWhy
from tracker.domain.errors import InvalidInputError

Language = Literal["vi", "en"]


def why_sentence(deadline_steps: Sequence[CalculationStep], language: Language) -> str:
    """Return one sentence, without a full stop, that explains how the steps lead to the date.

    Repeated steps are combined: weekends into one phrase, pauses of one kind into one sum. The
    recorded reasons of pauses may be private, so they are left out. Without steps the sentence is
    empty. Raise InvalidInputError for an unsupported language.
    """
    if not deadline_steps:
        return ""
    groups: dict[tuple[object, ...], list[CalculationStep]] = {}
    for index, step in enumerate(deadline_steps):
        groups.setdefault(_group_key(step, index), []).append(step)
    match language:
        case "en":
            year = next((step.at.year for step in deadline_steps if step.at), 0)
            return ", ".join(wording_en.phrase(group, year) for group in groups.values())
        case "vi":
            return ", ".join(wording_vi.phrase(group) for group in groups.values())
        case _:
            msg = f"The language {language!r} is not supported."
            raise InvalidInputError(msg)


def _group_key(step: CalculationStep, index: int) -> tuple[object, ...]:
    """Return the key under which steps are combined into one phrase."""
    if step.kind is StepKind.PAUSE:
        return step.kind, step.pause_kind
    if step.kind in {StepKind.PAUSE_IGNORED, StepKind.LOCKED} or step.why is StepWhy.WEEKEND:
        return step.kind, step.why
    return step.kind, index
