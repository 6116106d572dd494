"""What a store promises, found out by trying, and what is not guaranteed where it promises less."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from obstore.exceptions import AlreadyExistsError, BaseError
from pydantic import BaseModel, Field

from data.object_store import ObjectStore, anonymous_store
from data.store_errors import KeyConflict, StoreError

WRITERS: Final = 8


class StorePromises(BaseModel, frozen=True, extra="forbid"):
    """What was seen of a store."""

    url: str = Field(description="the store")
    create_only: bool = Field(description="a second write to a key is refused")
    several_won: int = Field(
        description=f"of {WRITERS} writers at one moment, how many were told that they created it"
    )
    public_read: bool = Field(description="whoever knows the address reads without credentials")

    @property
    def not_guaranteed(self) -> tuple[str, ...]:
        """A line for everything that other stores promise and this one does not."""
        lines = []
        if not self.create_only:
            lines.append(
                "it overwrites objects although create-only writes were asked for: two publishers "
                "or two releases at the same time can destroy each other's work. Let one process "
                "at a time write to it, or use a store that honours If-None-Match"
            )
        elif self.several_won > 1:
            lines.append(
                f"{self.several_won} of {WRITERS} writers at one moment believe that they created "
                "an object: of two publishers or releases within milliseconds the later stands, "
                "and the other one notices when it reads again"
            )
        return tuple(lines)


def promises_of(store: ObjectStore) -> StorePromises:
    """Try what the store does; what is written for that is removed, if it lets us.

    Raises:
        StoreError: the store refuses or does not answer.
    """
    key = f"write-probe-{secrets.token_hex(8)}"
    contents = [f"{key} {writer}".encode() for writer in range(WRITERS)]

    def create(content: bytes) -> bool:
        try:
            return store.put_new(key, content)
        except KeyConflict:
            return False

    try:
        with ThreadPoolExecutor(WRITERS) as writers:
            won = sum(writers.map(create, contents))
        create_only = not create(b"once more")
        return StorePromises(
            url=store.url,
            create_only=create_only,
            several_won=won if create_only else 0,
            public_read=_public(store, key),
        )
    finally:
        with suppress(StoreError):
            store.remove(key)


def read_by_strangers(store: ObjectStore) -> bool:
    """Return whether somebody without credentials reads the store; tried with one small object.

    Raises:
        StoreError: the store refuses the object or does not answer.
    """
    if anonymous_store(store) is None:
        return False
    key = f"write-probe-{secrets.token_hex(8)}"
    store.put_new(key, key.encode())
    try:
        return _public(store, key)
    finally:
        with suppress(StoreError):
            store.remove(key)


def _public(store: ObjectStore, key: str) -> bool:
    stranger = anonymous_store(store)
    if stranger is None:
        return False
    try:
        return stranger.exists(key)
    except (StoreError, BaseError, AlreadyExistsError):
        return False
