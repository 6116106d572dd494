"""What a store's refusal means, in one line that a person can act on.

obstore reports failures as long texts that quote the server's answer. Servers quote request headers
and access keys in theirs, so nothing of an answer travels on except its error code.
"""

import errno
import os
import re
from typing import Final

from data.url_credentials import text_without_credentials

_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_S3_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_HOST = re.compile(r"https?://([^/\s]+)")

_OS_WORDS: Final = {
    errno.ENOSPC: "the disk is full; free some space or move the store to another disk",
    errno.EDQUOT: "the disk quota is used up; free some space or move the store to another disk",
    errno.EFBIG: "the file is larger than this disk or process may write; raise the limit "
    "(ulimit -f) or move the store",
    errno.EROFS: "the file system is read-only; choose a folder that can be written",
    errno.EACCES: "no permission; choose a folder that can be written",
    errno.EPERM: "not permitted here (protected folder, or a file system without hard links); "
    "choose another folder",
    errno.ENOENT: "the folder does not exist and cannot be made here; choose another folder",
    errno.ENOTDIR: "part of the path is a file, not a folder; choose another folder",
    errno.ENAMETOOLONG: "the path is too long for this file system; choose a shorter folder",
    errno.EIO: "the disk reports an input/output error; check it before trusting it with a library",
}
_S3_WORDS: Final = {
    "SignatureDoesNotMatch": "the server rejects the secret key; check AWS_SECRET_ACCESS_KEY",
    "InvalidAccessKeyId": "the server does not know the access key; check AWS_ACCESS_KEY_ID",
    "InvalidToken": "the session token is not valid; check AWS_SESSION_TOKEN",
    "ExpiredToken": "the session token has expired; get new credentials",
    "AccessDenied": "these credentials have no permission; ask for read and write permission, "
    "or choose another store URL",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it",
    "NoSuchBucket": "the bucket does not exist; create it first or correct the store URL",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region; set AWS_REGION",
    "SlowDown": "the server asks to slow down, even after retries; try again later",
    "BadDigest": "the bytes were damaged on the way, even after retries; check the network",
    "QuotaExceeded": "the store's quota is used up; free some space or ask for more",
}


_CREDENTIALS: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
# What the words say of Amazon's store, as it is called elsewhere.
_NAMES: Final = {
    scheme: {
        _CREDENTIALS["s3"]: _CREDENTIALS[scheme],
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_ACCESS_KEY_ID": _CREDENTIALS[scheme],
        "AWS_REGION": "the bucket's region",
    }
    for scheme, endpoint, secret in (
        ("gs", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az", "AZURE_STORAGE_ENDPOINT", "AZURE_STORAGE_ACCOUNT_KEY"),
    )
}


class StoreError(RuntimeError):
    """The store did not do what was asked. One line: what, where, why, way out."""


class KeyConflict(StoreError):  # noqa: N818 - the name says what happened, as FileNotFound would
    """A create-only key already holds other bytes."""


class ObjectMissing(StoreError):  # noqa: N818
    """There is no object under this key."""


def is_missing_object(error: BaseException) -> bool:
    """Return whether `error` says that the object (not its bucket) is missing."""
    return isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error)


def credentials_of(scheme: str) -> str:
    """Return the variables that credentials for a kind of store are read from."""
    return _CREDENTIALS.get(scheme, _CREDENTIALS["s3"])


def words_for(error: BaseException, scheme: str = "s3") -> str:
    """Return why the store refused and the way out, in one line without anything secret."""
    words = _words(error)
    for amazons, others in _NAMES.get(scheme, {}).items():
        words = words.replace(amazons, others)
    return words


def _words(error: BaseException) -> str:
    text = str(error)
    if "InvalidUri" in text or "BadScheme" in text:
        return "the endpoint is not a URL; check AWS_ENDPOINT_URL"
    if isinstance(error, FileNotFoundError) and "(os error 2)" in text and "not found" in text:
        return "there is no such object"
    if found := _OS_ERROR.search(text):
        number = int(found[1])
        return _OS_WORDS.get(
            number, f"{os.strerror(number)} (os error {number}); check the store URL"
        )
    if isinstance(error, OSError) and error.errno in _OS_WORDS:
        return _OS_WORDS[error.errno]
    # Where obstore asks for a machine's role when no key is set.
    if "169.254.169.254" in text or "metadata.google.internal" in text:
        return "no credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if "Account must be specified" in text:
        return "no account named; set AZURE_STORAGE_ACCOUNT_NAME"
    if found := _S3_CODE.search(text):
        code = found[1]
        words = _S3_WORDS.get(code, "see the server's documentation of this code")
        return f"{words} ({code})"
    if found := _STATUS.search(text):
        return _words_for_status(int(found[1]))
    if isinstance(error, FileNotFoundError):
        return "there is no such object"
    if "HTTP error" in text or "error sending request" in text:
        return (
            f"{_host(text)} does not answer; check that it runs, AWS_ENDPOINT_URL and the network"
        )
    first_line = re.sub(r"<[^>]*>|\?\S*", "", text.partition("\n")[0])
    return f"{text_without_credentials(first_line)[:200].rstrip()}; check the store URL"


def _words_for_status(status: int) -> str:
    if status in (401, 403):
        return f"the server refuses these credentials (HTTP {status}); check their permissions"
    if status == 404:
        return (
            "there is no such object or bucket (HTTP 404); check the store URL and AWS_ENDPOINT_URL"
        )
    if status >= 500:
        return f"the server answers HTTP {status}, even after retries; try again later"
    return f"the server answers HTTP {status}; check the store URL and AWS_ENDPOINT_URL"


def _host(text: str) -> str:
    found = _HOST.search(text_without_credentials(text))
    return f"the server {found[1]}" if found else "the server"
