"""No password in a log line, whoever wrote it.

Libraries put the address of a server into their errors, and the password that stands in it. Records
are made discreet where they begin, so every handler gets them so: terminal, file, Prefect's server.
"""

import logging
import traceback
from typing import Any

from data.url_credentials import text_without_credentials


def keep_credentials_out_of_logs() -> None:
    """Leave users, passwords and queries of URLs out of every log record of this process.

    Side effects: wraps the process's factory of log records, once.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "is_discreet", False):
        return

    def make_discreet(*arguments: Any, **named: Any) -> logging.LogRecord:
        return _discreet(make(*arguments, **named))

    make_discreet.is_discreet = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_discreet)


def traceback_without_credentials(error: BaseException) -> str:
    """Return the whole traceback of an error, for a log."""
    return text_without_credentials("".join(traceback.format_exception(error)))


def _discreet(record: logging.LogRecord) -> logging.LogRecord:
    try:
        text = record.getMessage()
    except Exception:
        return record  # arguments that do not fit: logging itself reports them, and where
    shown = text_without_credentials(text)
    if shown != text:
        record.msg, record.args = shown, ()
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = traceback_without_credentials(record.exc_info[1])  # formatters reuse it
    return record
