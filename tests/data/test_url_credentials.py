"""URLs as they are shown: nothing secret in them, and everything else."""

import pytest

from data.url_credentials import text_without_credentials, without_credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://me:secret@bucket/lib", "s3://bucket/lib"),
        ("s3://me:sec/ret@bucket/lib", "s3://bucket/lib"),
        ("s3://me:9000/ret@bucket/lib", "s3://bucket/lib"),
        ("http://me:sec@ret@host:5000/api", "http://host:5000/api"),
        ("http://token@host", "http://host"),
        ("http://me:secret@[::1]:5000", "http://[::1]:5000"),
        ("az://box/lib?sig=secret", "az://box/lib"),
        ("https://host/photographs#secret", "https://host/photographs"),
        ("s3://me:sec?ret@bucket", "s3://..."),
        ("https://host/x?mail=a@secret", "https://..."),
        ("s3://me:secret", "s3://..."),
        ("zip://a.zip::https://me:secret@host/a.zip", "zip://a.zip::https://host/a.zip"),
        ("postgresql://me:secret@base/mlflow", "postgresql://base/mlflow"),
    ],
)
def test_user_password_query_and_fragment_are_left_out(url, shown):
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/lib",
        "http://host:5000/api",
        "http://[::1]:5000",
        "https://host/packages@1.0",
        "file:///srv/a@b/what? #1",
        "sqlite:////srv/a@b:c/mlflow.db",
        "memory://name",
        "/srv/a:b@c",
        "tfds:mnist",
        "",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(url):
    assert without_credentials(url) == url


def test_every_url_of_a_sentence_is_shown_without_them():
    said = "cannot read 's3://me:sec/ret@bucket/lib', nor http://host/x?sig=secret: no answer"
    shown = "cannot read 's3://bucket/lib', nor http://host/x: no answer"
    assert text_without_credentials(said) == shown
