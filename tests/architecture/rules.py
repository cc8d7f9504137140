"""The rules of the source tree: who may import whom, what the domain must not touch, sizes.

Each rule is a function that yields what breaks it, so that `test_planted_faults.py` can plant
violations. The file of a package itself is named `....__init__`.
"""

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {
    ".".join(path.relative_to(root).with_suffix("").parts): path.read_text(encoding="utf-8")
    for root in [ROOT]
    for path in sorted((root / "tracker").rglob("*.py"))
}

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "tracker": (
        ("__main__",),
        ("cli",),
        ("bootstrap", "demo"),
        ("wiring",),
        ("start_checks",),
        ("container",),
        ("adapters",),
        ("application.queries",),
        ("application", "projections"),
        ("serialization", "translations"),
        ("domain", "settings", "supervisor", "verifier"),
    ),
    "tracker.domain": (
        ("notifications",),
        ("dossier",),
        ("network",),
        ("deadlines", "transparency_log"),
        ("errors",),
    ),
    "tracker.application": (
        ("queries",),
        ("forms", "notifications", "problems"),
        ("commands",),
        ("recovery",),
        ("audit",),
        ("service", "ports"),
    ),
    "tracker.projections": (
        ("figures",),
        ("dossier", "notifications", "transparency_log"),
        ("model",),
    ),
    "tracker.adapters": (
        (
            "exports",
            "files",
            "http",
            "imports",
            "kafka",
            "notary",
            "notifications",
            "paper",
            "sql",
            "vault",
        ),
    ),
    "tracker.adapters.http": (
        ("app",),
        ("server",),
        ("desk",),
        ("pages",),
        ("api",),
        ("metrics",),
        ("auth", "concurrency"),
        ("dependencies",),
        ("schema",),
        ("rate_limits",),
        ("framing", "proxies"),
    ),
    "tracker.adapters.sql": (
        ("read_models",),
        ("service_tables", "event_store"),
        ("migrate", "migrations", "upsert", "engine", "sqlite_check"),
        ("columns", "binary_arrays"),
    ),
    "tracker.adapters.kafka": (
        ("metrics", "inbox"),
        ("audit",),
        ("relay",),
        ("reader",),
        ("relay_position",),
        ("transactions", "topics", "tails", "partitions"),
        ("records", "connection"),
    ),
}
"""The rooms inside each package, floor by floor from the top.

An import goes to a lower floor or stays in its room. A room is a folder, a file, or a folder
inside a folder where it is named here with a dot: then it counts as a room of its own.
"""

INPUT_AND_OUTPUT = frozenset(
    {
        "asyncio",
        "concurrent",
        "ctypes",
        "glob",
        "http",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "select",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "urllib",
    }
)
CLOCK_AND_CHANCE = frozenset({"random", "secrets", "time"})
READINGS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "eventsourcing.domain.create_utc_datetime_now",
        "eventsourcing.domain.datetime_now_with_tzinfo",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
ASKING_A_CLOCK = frozenset({"now", "today", "utcnow"})
BUILTINS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
NAMES_THAT_SAY_NOTHING = frozenset({"base", "common", "helpers", "utils"})
MOST_LINES = 300
MOST_LINES_OF_A_TEST = 500
MOST_FILES = 16
MIGRATIONS = "tracker.adapters.sql.migrations.versions"
HANDED_OUT_ALONE = "tracker.verifier.verify_proof"
"""One file, because an auditor gets it alone: it may have up to 400 lines."""

Rule = Callable[[str, str], Iterator[str]]


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and full name of all that is imported, however deep; `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(source, module)):
        match node:
            case ast.Import():
                yield from ((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom():
                above = module.split(".")[: -node.level] if node.level else []
                start = ".".join([*above, *filter(None, [node.module])])
                for alias in node.names:
                    yield node.lineno, start if alias.name == "*" else f"{start}.{alias.name}"
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def room_of(name: str, package: str) -> tuple[int, str] | None:
    """The floor inside `package`, counted from the top, and the room there that `name` is in."""
    found = [
        (floor, f"{package}.{room}")
        for floor, rooms in enumerate(FLOORS[package])
        for room in rooms
        if is_within(name, f"{package}.{room}")
    ]
    return max(found, key=lambda place: len(place[1]), default=None)


def imports_point_down(module: str, source: str) -> Iterator[str]:
    for package in FLOORS:
        if is_within(module, package) and module != f"{package}.__init__":
            yield from _point_down_inside(package, module, source)


def _point_down_inside(package: str, module: str, source: str) -> Iterator[str]:
    here = room_of(module, package)
    if here is None:
        yield f"{module} is in no room of {package}"
    for line, name in imports(module, source):
        if not is_within(name, package):
            continue
        there = room_of(name, package)
        if here is None or there is None:
            yield f"{module}:{line} imports {name}: from or to no room"
        elif there[0] < here[0]:
            yield f"{module}:{line} imports {name}: up"
        elif there[0] == here[0] and there != here:
            yield f"{module}:{line} imports {name}: sideways"


def the_domain_imports_little(module: str, source: str) -> Iterator[str]:
    for line, name in imports(module, source):
        root = name.split(".")[0]
        allowed = is_within(name, "tracker.domain") or is_within(name, "eventsourcing.domain")
        if not allowed and root not in sys.stdlib_module_names:
            yield f"{module}:{line} imports {name}: not for the domain"
        if root in INPUT_AND_OUTPUT | CLOCK_AND_CHANCE or name in READINGS:
            yield f"{module}:{line} imports {name}: the world outside"


def aliases(source: str) -> dict[str, str]:
    """What each name bound by an absolute import stands for."""
    known: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    known[alias.asname or root] = alias.name if alias.asname else root
            case ast.ImportFrom(module=str(start), level=0):
                for alias in node.names:
                    known[alias.asname or alias.name] = f"{start}.{alias.name}"
    return known


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    match node:
        case ast.Name():
            return known.get(node.id, node.id)
        case ast.Attribute():
            return f"{dotted(node.value, known)}.{node.attr}"
    return ""


def the_domain_reads_no_clock_and_does_no_io(module: str, source: str) -> Iterator[str]:
    known = aliases(source)
    for node in ast.walk(ast.parse(source, module)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in ASKING_A_CLOCK:
                yield f"{module}:{node.lineno} calls .{name}()"
            case ast.Attribute() | ast.Name() if dotted(node, known) in READINGS | BUILTINS:
                yield f"{module}:{node.lineno} uses {dotted(node, known)}"


def a_name_says_something(module: str, source: str) -> Iterator[str]:
    del source
    if empty := NAMES_THAT_SAY_NOTHING.intersection(module.split(".")):
        yield f"{module} is named {', '.join(sorted(empty))}"


def an_init_imports_nothing(module: str, source: str) -> Iterator[str]:
    if module.endswith(".__init__"):
        for line, name in imports(module, source):
            yield f"{module}:{line} imports {name}: re-exported"


def a_file_is_short(module: str, source: str) -> Iterator[str]:
    most = MOST_LINES_OF_A_TEST if is_within(module, "tests") else MOST_LINES
    if module == HANDED_OUT_ALONE:
        most = 400
    lines = len(source.splitlines())
    if lines > most and not is_within(module, MIGRATIONS):
        yield f"{module} has {lines} lines, more than {most}"


def a_folder_is_small(modules: Iterable[str]) -> Iterator[str]:
    """Count the files of each folder, `__init__.py` aside."""
    files = [module for module in modules if not module.endswith(".__init__")]
    counted = Counter(module.rpartition(".")[0] for module in files)
    for folder, count in sorted(counted.items()):
        if count > MOST_FILES and not is_within(folder, MIGRATIONS):
            yield f"{folder} has {count} files, more than {MOST_FILES}"


def no_circle(sources: Mapping[str, str]) -> Iterator[str]:
    """Find each module that imports itself by way of others."""
    arrows = {
        module: {
            name if name in sources else name.rpartition(".")[0]
            for _, name in imports(module, source)
        }.intersection(sources)
        for module, source in sources.items()
    }
    order = TopologicalSorter(arrows)
    try:
        order.prepare()
    except CycleError as error:
        yield " -> ".join(error.args[1])


EVERYWHERE: tuple[Rule, ...] = (
    imports_point_down,
    a_name_says_something,
    an_init_imports_nothing,
    a_file_is_short,
)
IN_THE_DOMAIN: tuple[Rule, ...] = (
    the_domain_imports_little,
    the_domain_reads_no_clock_and_does_no_io,
)
