"""URLs as they may be shown and recorded: without user, password, query and fragment.

A password stands before the `@`, the secret of a signed address in its query. Whatever prints or
keeps a URL that a person gave passes it through here first.
"""

import re

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
# fsspec reads through several file systems at once: `simplecache::s3://bucket/photographs`.
_CHAINED = re.compile(rf"::(?={_SCHEME})")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]*)?")
# Up to the next space, without the punctuation of the sentence around it.
_IN_A_SENTENCE = re.compile(rf"{_SCHEME}\S+?(?=['\"`),;:.\]]*(?:\s|$))")


def without_credentials(url: str) -> str:
    """Return `url` without what may be secret in it; paths and plain names as they are.

    A password may hold what should have been escaped, a slash or a question mark. Where it cannot
    be told from the rest, more is left out: up to the last `@`, or all behind the scheme.
    """
    return "::".join(_shown(part) for part in _CHAINED.split(url))


def text_without_credentials(text: str) -> str:
    """Return a sentence with `without_credentials` done to every URL in it."""
    return _IN_A_SENTENCE.sub(lambda found: without_credentials(found[0]), text)


def refuse_credentials(source: str) -> str:
    """Return `source` if all of it may be shown: it becomes part of records that are published.

    Raises:
        ValueError: it is a URL with a user, a query or a fragment.
    """
    shown = without_credentials(source)
    if shown != source:
        raise ValueError(
            f"{shown} was given with a user, a query or a fragment, and is recorded with what is "
            "made from it; leave them out, and give credentials in the environment (AWS_*, "
            "GOOGLE_*, AZURE_*) or in fsspec's configuration"
        )
    return source


def _shown(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    # Folders may have any name; a file has no query.
    head = rest if scheme == "file" else re.split(r"[?#]", rest, maxsplit=1)[0]
    authority = head.partition("/")[0]
    if "@" in rest[len(head) :]:
        return f"{scheme}://..."
    if "@" in head and ("@" in authority or ":" in authority):
        return f"{scheme}://{head.rpartition('@')[2]}"
    if not _HOST_AND_PORT.fullmatch(authority):
        return f"{scheme}://..."
    return f"{scheme}://{head}"
