"""Published ratings do not identify a person, not even by subtraction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.projections.figures.ratings import FEWEST, Ratings, hidden


def of(**counts: int) -> dict[str, Ratings]:
    return {name: Ratings(count=count, scores=3 * count) for name, count in counts.items()}


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (of(), set()),
        (of(a=5, b=9), set()),
        (of(a=0, b=9), {"a"}),
        (of(a=4, b=9, c=6), {"a", "c"}),
        (of(a=2, b=3, c=6), {"a", "b"}),
        (of(a=4), {"a"}),
    ],
)
def test_small_groups_and_the_groups_that_reveal_them_are_hidden(
    groups: dict[str, Ratings], names: set[str]
) -> None:
    assert hidden(groups) == names


@given(st.dictionaries(st.text("abcdef", max_size=3), st.integers(0, 12)))
def test_the_hidden_ratings_together_are_none_or_enough_unless_no_group_is_left_to_hide(
    counts: dict[str, int],
) -> None:
    groups = of(**counts)
    names = hidden(groups)
    together = sum(counts[name] for name in names)
    assert all(counts[name] >= FEWEST for name in counts.keys() - names)
    assert together == 0 or together >= FEWEST or names == counts.keys()


def test_a_mean_has_one_decimal() -> None:
    published = Ratings(count=6, scores=25).as_json()
    assert published == {"ratings": 6, "satisfaction": 4.2}
