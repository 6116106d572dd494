"""Passwords of servers in what libraries log."""

import logging
from collections.abc import Iterator

import pytest

from tasks.discreet_logs import keep_credentials_out_of_logs, traceback_without_credentials

ADDRESS = "http://me:s3cret@host:5000/api?token=s3cret"


@pytest.fixture(autouse=True)
def discreet() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    keep_credentials_out_of_logs()
    yield
    logging.setLogRecordFactory(before)


def failure() -> ConnectionError:
    try:
        try:
            raise OSError(f"nobody at {ADDRESS}")
        except OSError as error:
            raise ConnectionError(f"API request to {ADDRESS} failed") from error
    except ConnectionError as error:
        return error


def test_messages_and_arguments_lose_what_is_secret(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("library").warning("asked %s, twice: %d", ADDRESS, 2)
    assert caplog.messages == ["asked http://host:5000/api, twice: 2"]


def test_what_holds_no_secret_is_left_to_its_arguments(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("library").warning("step %d of %s", 2, "mill")
    assert caplog.messages == ["step 2 of mill"]
    assert caplog.records[0].args == (2, "mill")


def test_tracebacks_lose_it_in_every_error_of_the_chain(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("library").error("stopped", exc_info=failure())
    assert "s3cret" not in caplog.text
    assert caplog.text.count("http://host:5000/api") == 2
    assert "s3cret" not in traceback_without_credentials(failure())


def test_a_message_whose_arguments_do_not_fit_is_no_error_of_ours() -> None:
    record = logging.getLogRecordFactory()("library", 30, "f.py", 1, "%d %d", (1,), None)
    assert record.msg == "%d %d"


def test_it_is_wrapped_once() -> None:
    once = logging.getLogRecordFactory()
    keep_credentials_out_of_logs()
    assert logging.getLogRecordFactory() is once
