"""Work on a store through faults, and the account of what must be there afterwards."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from data.library.object_pool import ObjectPool
from data.library.records import digest
from data.object_store import ObjectMissing, StoreError, open_store

# Retries as ever, only without long waits: the faults are ours, and there is no server to spare.
IMPATIENT_RETRY: dict[str, Any] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {
        "init_backoff": timedelta(milliseconds=1),
        "max_backoff": timedelta(milliseconds=5),
        "base": 2,
    },
}
IMPATIENT_CLIENT: dict[str, Any] = {
    "allow_http": True,
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=0.6),
    "timeout": timedelta(seconds=20),
}


@dataclass
class Account:
    """What was acknowledged, and everything that should never have happened."""

    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    read: int = 0
    wrong: list[str] = field(default_factory=list)


def hammer(url: str, enough: Callable[[], bool], *, seed: int, workers: int = 6) -> Account:
    """Put and get small objects until `enough`; what is acknowledged must be found and be right."""
    account = Account()
    pool = ObjectPool(open_store(url), "hammered")

    def work(worker: int) -> None:
        draw = random.Random(f"{seed} {worker}")
        count = 0
        while not enough() and not account.wrong:
            count += 1
            content = f"{seed} {worker} {count} ".encode() * draw.randint(1, 40)
            try:
                account.acknowledged.add(pool.put(content))
            except StoreError:
                account.refused += 1
            if account.acknowledged and draw.random() < 0.3:
                _read_one(pool, draw.choice(sorted(account.acknowledged)), account)

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(work, range(workers)))
    return account


def _read_one(pool: ObjectPool, sha256: str, account: Account) -> None:
    try:
        content = pool.get(sha256)
    except ObjectMissing:
        account.wrong.append(f"{sha256} was acknowledged and is missing")
    except StoreError as error:
        if "holds" in str(error):
            account.wrong.append(str(error))
        account.refused += 1
    else:
        account.read += 1
        if digest(content) != sha256:
            account.wrong.append(f"{sha256} came back as other bytes")


def missing_afterwards(url: str, account: Account) -> set[str]:
    """Return what was acknowledged and is missing or wrong, asked of the server itself."""
    pool = ObjectPool(open_store(url), "hammered")

    def lost(sha256: str) -> bool:
        try:
            return digest(pool.get(sha256)) != sha256
        except StoreError:
            return True

    with ThreadPoolExecutor(8) as threads:
        found = zip(account.acknowledged, threads.map(lost, account.acknowledged), strict=True)
        return {sha256 for sha256, is_lost in found if is_lost}
