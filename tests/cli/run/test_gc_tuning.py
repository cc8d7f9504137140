"""The garbage collector runs less often for many objects, and normally afterwards."""

import gc

from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.projections.model.projector import BATCH


def test_what_is_there_already_is_left_out_and_afterwards_all_is_as_before() -> None:
    before = gc.get_threshold()
    with less_frequent_gc():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > 10 * BATCH
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
