"""Runs tasks in threads of one process, none of which may die unseen."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Signal
from threading import Thread


@dataclass(frozen=True)
class Task:
    """Something that runs until it is told to stop, and looks up when it is woken."""

    name: str
    run: Callable[[Callable[[], bool]], None]
    wake: Callable[[], None] = lambda: None


@contextmanager
def supervise(tasks: Sequence[Task], died: Callable[[str, Exception], None]) -> Iterator[None]:
    """Run the tasks meanwhile, each in its thread; afterwards let each finish what it has in hand.

    `died` is called with its name and the cause when one cannot go on.
    """
    stopping = Signal()

    def body(task: Task) -> None:
        try:
            task.run(stopping.is_set)
        except Exception as error:  # noqa: BLE001  whatever it was, it is handed on
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
