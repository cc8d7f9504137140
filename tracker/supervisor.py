"""Run tasks in threads of one process, and report each that fails."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Signal
from threading import Thread


@dataclass(frozen=True)
class Task:
    """Work that runs until `run`'s argument returns true. `wake` ends its waiting early."""

    name: str
    run: Callable[[Callable[[], bool]], None]
    wake: Callable[[], None] = lambda: None


@contextmanager
def supervise(tasks: Sequence[Task], died: Callable[[str, Exception], None]) -> Iterator[None]:
    """Run each task in its own thread during the block; afterwards wait until each has stopped.

    If a task raises, `died` is called with its name and the error.
    """
    stopping = Signal()

    def body(task: Task) -> None:
        try:
            task.run(stopping.is_set)
        except Exception as error:  # noqa: BLE001  every error is reported to `died`
            died(task.name, error)

    threads = [Thread(target=body, args=(task,), name=task.name, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for task in tasks:
            task.wake()
        for thread in threads:
            thread.join()
