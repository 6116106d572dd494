"""The keys that sign versions of libraries, from a file, the environment or a block of Prefect."""

import os
from pathlib import Path

from data.library.minisign import (
    PublicKey,
    SecretKey,
    new_key,
    read_public_key,
    read_secret_key,
)
from tasks.errors import MillError
from tasks.settings import Settings

_BLOCK = "block:"
_WHERE = (
    "TEXTURE_MILL_SIGNING_KEY is the path of a secret key of minisign, the key itself, or "
    "block:NAME for a Secret block of Prefect"
)


def signing_key(settings: Settings) -> SecretKey:
    """Return the key that signs.

    Raises:
        MillError: none is set, or it cannot be read; nothing of the key is in the words.
        LibraryError: it is no key, or its password is wrong.
    """
    given = settings.signing_key.get_secret_value().strip()
    if not given:
        raise MillError(f"there is no key to sign with; {_WHERE}")
    return read_secret_key(_text_of(given), settings.signing_password.get_secret_value())


def trusted_key(settings: Settings, given: str = "") -> PublicKey | None:
    """Return the key whose signature is asked for, None if none is.

    Args:
        settings: TEXTURE_MILL_PUBLIC_KEY counts where nothing is given.
        given: path of a `.pub` file, or the key itself.

    Raises:
        LibraryError: it is no key.
        MillError: it is no file either.
    """
    text = (given or settings.public_key).strip()
    if not text:
        return None
    path = Path(text)
    if path.is_file():
        return read_public_key(path.read_text())
    if not text.rpartition("\n")[2].startswith("RW"):
        raise MillError(f"{text!r} is neither a file nor a public key, which starts with RW")
    return read_public_key(text)


def make_key(folder: Path) -> tuple[Path, Path]:
    """Make a new pair without a password; return the paths of the secret and the public key.

    Side effects: two files in `folder`; the secret one is readable by its owner alone.

    Raises:
        MillError: there is one already.
    """
    key = new_key()
    secret, public = folder / "texture-mill.key", folder / "texture-mill.pub"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MillError(f"{secret} exists; move it away first, it may have signed things") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(key.as_file())
    public.write_text(key.public.as_file())
    return secret, public


def _text_of(given: str) -> str:
    if given.startswith(_BLOCK):
        from prefect.blocks.system import Secret

        name = given.removeprefix(_BLOCK)
        try:
            return str(Secret.load(name).get())  # type: ignore[union-attr]
        except ValueError:
            raise MillError(f"Prefect has no Secret block {name[:40]!r}; {_WHERE}") from None
    if "\n" in given:
        return given
    try:
        return Path(given).expanduser().read_text()
    except (OSError, ValueError):
        return given  # the key itself, in one line
