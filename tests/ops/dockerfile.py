"""A small reader of Dockerfiles: instructions, stages, and the files that they copy."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One `FROM` and what follows it; arguments are strings as written."""

    image: str
    name: str | None
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self, keyword: str) -> list[str]:
        return [rest for word, rest in self.instructions if word == keyword]

    def pairs(self, keyword: str) -> dict[str, str]:
        """Return the `NAME=value` pairs of all instructions with this keyword."""
        words = [word for rest in self.arguments(keyword) for word in shlex.split(rest)]
        return dict(word.split("=", 1) for word in words)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            keyword, _, rest = line.strip().partition(" ")
            yield keyword.upper(), " ".join(rest.split())


def stages(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Return the arguments before the first stage, and the stages.

    Raises:
        ValueError: another instruction is before the first `FROM`.

    """
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for keyword, rest in instructions(text):
        if keyword == "FROM":
            image, _, name = rest.partition(" AS ")
            found.append(Stage(image, name or None))
        elif found:
            found[-1].instructions.append((keyword, rest))
        elif keyword == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        else:
            raise ValueError(keyword)
    return arguments, found


def copied(stage: Stage) -> list[str]:
    """Return the paths that the stage copies from the build context."""
    sources = []
    for rest in stage.arguments("COPY"):
        words = shlex.split(rest)
        if not any(word.startswith("--from=") for word in words):
            sources += [word for word in words[:-1] if not word.startswith("--")]
    return sources
