"""Measures what guessing phone digits yields, while honest people are served.

The attacker knows every code, calls from twelve IPv4 networks and from all over an IPv6 /48,
writes made-up hops before the real one, and solves proofs of work with the time it is given.

    python -m loadtests.guessing --tries 100000 --citizens 1000
"""

import argparse
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from altcha import Challenge, Payload, solve_challenge

from tests.serving import serving, tracker

NETWORKS = 12
_AT_ONCE = 16
_A_BATCH = 200
_TYPO_EVERY = 10
_PATIENCE_S = 60.0
_SETTINGS = {"TRACKER_TRUSTED_PROXIES": "127.0.0.1", "TRACKER_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True)
class Citizen:
    """Somebody with a dossier, and where they call from."""

    code: str
    phone: str
    address: str


@dataclass
class Told:
    """What the attacker and the citizens were answered."""

    tries: Counter[str] = field(default_factory=Counter)
    served: int = 0
    worked: int = 0
    longest_s: float = 0.0
    refused: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many tries the attacker sent."""
        return self.tries.total()

    @property
    def compared(self) -> int:
        """How many of them were compared with a phone."""
        return self.tries["wrong"] + self.tries["opened"]

    @property
    def expected(self) -> float:
        """How many codes 100,000 such tries open: each compared one has 1 chance in 10,000."""
        return self.compared / 10_000 / self.sent * 100_000 if self.sent else 0.0


def measure(tries: int, citizens: int, *, solve_s: float, seed: int = 0) -> Told:
    """Let the attacker and the citizens come at the same time, to a service of its own."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "var"
        made = tracker(data, "keys", "make", "--role", "staff", "--actor", "a", "--office", "CN01")
        with serving(data, **_SETTINGS) as service:
            people = _taken_in(service.address, made.stdout.strip(), citizens, chance)
            return _attacked(service.address, people, tries, solve_s, chance)


def _taken_in(address: str, key: str, citizens: int, chance: random.Random) -> list[Citizen]:
    people: list[Citizen] = []
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=address, headers=headers, timeout=_PATIENCE_S) as client:
        while len(people) < citizens:
            phones = [
                f"09{chance.randrange(10**8):08d}"
                for _ in range(min(_A_BATCH, citizens - len(people)))
            ]
            batch = [
                {
                    "event_id": f"citizen-{len(people) + number}",
                    "occurred_at": datetime.now(UTC).isoformat(),
                    "procedure": "2.001610",
                    "applicant": {"name": "An", "phone": phone},
                }
                for number, phone in enumerate(phones)
            ]
            told = client.post("/v1/dossiers:batch", json=batch).json()
            for phone, item in zip(phones, told["items"], strict=True):
                people.append(Citizen(item["stored"]["code"], phone, _home(len(people))))
    return people


def _home(number: int) -> str:
    if number % 2:
        return f"2001:db8:{number:x}:1::5"
    return f"198.{18 + number // 65_536}.{number // 256 % 256}.{number % 256}"


def _attacked(
    address: str, people: Sequence[Citizen], tries: int, solve_s: float, chance: random.Random
) -> Told:
    siege = _Siege(address, people, tries, time.monotonic() + solve_s)
    seeds = [chance.random() for _ in range(NETWORKS + 2)]
    with siege.client, ThreadPoolExecutor(len(seeds) + _AT_ONCE) as pool:
        coming = [pool.submit(siege.attack, *one) for one in enumerate(seeds)]
        coming += [pool.submit(siege.visit, one) for one in people]
        for one in coming:
            one.result()
    return siege.told


class _Siege:
    """Attackers and citizens at one service."""

    def __init__(
        self, address: str, people: Sequence[Citizen], tries: int, solves_until: float
    ) -> None:
        limits = httpx2.Limits(max_connections=200)
        self.client = httpx2.Client(base_url=address, timeout=_PATIENCE_S, limits=limits)
        self.told = Told()
        self._people = people
        self._left = tries
        self._solves_until = solves_until
        self._lock = threading.Lock()

    def attack(self, network: int, seed: float) -> None:
        """Guess from this network until all tries are sent."""
        chance = random.Random(seed)
        for hops in _hops(network, chance):
            code, digits = chance.choice(self._people).code, f"{chance.randrange(10**4):04d}"
            more = self._guess(code, digits, hops)
            left_s = self._solves_until - time.monotonic()
            proof = _proof(more, left_s) if more and left_s > 0 else ""
            if proof:
                self._guess(code, digits, hops, proof)
            if self._left <= 0:
                return

    def _guess(self, code: str, digits: str, hops: str, proof: str = "") -> Challenge | None:
        with self._lock:
            self._left -= 1
            if self._left < 0:
                return None
        name, more = _tried(self.client, code, digits, hops, proof)
        with self._lock:
            self.told.tries[name] += 1
        return more

    def visit(self, citizen: Citizen) -> None:
        """Look at one's own dossier, one in ten after a slip of the finger."""
        right = citizen.phone[-4:]
        wrong = f"{(int(right) + 1) % 10**4:04d}"
        typed = [wrong, right] if int(citizen.phone) % _TYPO_EVERY == 0 else [right]
        began, worked, name = time.monotonic(), False, ""
        for digits in typed:
            name, more = _tried(self.client, citizen.code, digits, citizen.address)
            while more or name == "store-unavailable":
                worked = worked or more is not None
                proof = _proof(more) if more else ""
                time.sleep(0 if more else 1)  # as `Retry-After` says
                name, more = _tried(self.client, citizen.code, digits, citizen.address, proof)
        with self._lock:
            self.told.worked += worked
            self.told.longest_s = max(self.told.longest_s, time.monotonic() - began)
            if name == "opened":
                self.told.served += 1
            else:
                self.told.refused.append(name)


def _hops(network: int, chance: random.Random) -> Iterator[str]:
    """Return what each request claims: made-up hops, then the real one that the proxy appends."""
    while True:
        made_up = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.9"
        if network < NETWORKS:
            real = f"100.{64 + network}.7.7"
        else:
            real = f"2001:db8:ffff:{chance.randrange(2**16):x}::{chance.randrange(1, 2**16):x}"
        yield f"{made_up}, {real}"


def _tried(
    client: httpx2.Client, code: str, digits: str, hops: str, proof: str = ""
) -> tuple[str, Challenge | None]:
    """Try once; with what to solve where that is asked for."""
    answer = client.post(
        f"/v1/lookup/{code}/receipt-link",
        json={"digits": digits, "proof": proof},
        headers={"X-Forwarded-For": hops},
    )
    if answer.status_code == httpx2.codes.OK:
        return "opened", None
    problem = answer.json()
    challenge = problem.get("challenge")
    name = str(problem["type"]).removeprefix("/problems/")
    return name.replace("not-allowed", "wrong"), challenge and Challenge.from_dict(challenge)


def _proof(challenge: Challenge, within_s: float = 600) -> str:
    """Solve the challenge; empty where the time does not suffice."""
    solution = solve_challenge(challenge, timeout=within_s)
    return Payload(challenge, solution).to_base64() if solution else ""


def main() -> None:
    """Measure as the arguments say, and print it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tries", type=int, default=100_000)
    asked.add_argument("--citizens", type=int, default=1_000)
    asked.add_argument("--solve-s", type=float, default=600)
    chosen = asked.parse_args()
    told = measure(chosen.tries, chosen.citizens, solve_s=chosen.solve_s)
    print(
        json.dumps(
            {
                "tries": told.sent,
                "answers": dict(told.tries),
                "compared": told.compared,
                "opened per 100,000 tries, expected": round(told.expected, 3),
                "citizens served": told.served,
                "citizens who worked": told.worked,
                "longest visit, seconds": round(told.longest_s, 1),
                "citizens refused": told.refused,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
