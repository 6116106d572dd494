"""The licence ledger: a CSV beside the pictures -> who made each and what may be done with it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.records import DatasetError

LEDGER_NAMES = ("licences.csv", "LICENCES.csv", "licenses.csv", "LICENSES.csv")
UNKNOWN = "unknown"

# Spellings seen in the wild -> SPDX identifiers, https://spdx.org/licenses/
_SPDX = {
    "cc0": "CC0-1.0",
    "cc0 1.0": "CC0-1.0",
    "cc0-1.0": "CC0-1.0",
    "cc by 4.0": "CC-BY-4.0",
    "cc-by 4.0": "CC-BY-4.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc by 3.0": "CC-BY-3.0",
    "cc-by-3.0": "CC-BY-3.0",
    "cc by-sa 4.0": "CC-BY-SA-4.0",
    "cc-by-sa 4.0": "CC-BY-SA-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
}
_DELIMITERS = ",;\t"
_NAMED_DELIMITER = re.compile(r'"?sep=([^"\n])"?[ ,;\t]*\n', re.IGNORECASE)  # a line of Excel's own
_NOT_SAID = {"", "?", "-", "n/a", "na", "none", "null", "unknown"}


@dataclass(frozen=True)
class Licence:
    """What the ledger says about one picture."""

    spdx: str = UNKNOWN
    origin: str = ""


def spdx_identifier(text: str) -> str:
    """Free text -> an SPDX identifier, `LicenseRef-...` for other wording, `unknown` for none.

    Example:
        >>> spdx_identifier("CC0"), spdx_identifier("ask Anna first"), spdx_identifier("n/a")
        ('CC0-1.0', 'LicenseRef-ask-Anna-first', 'unknown')
    """
    text = " ".join(text.split())
    if text.lower() in _NOT_SAID:
        return UNKNOWN
    if text.lower() in _SPDX:
        return _SPDX[text.lower()]
    if re.fullmatch(r"[A-Za-z0-9.+-]{1,64}", text):
        return text
    reference = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")[:64]
    return f"LicenseRef-{reference}" if reference else UNKNOWN


@dataclass(frozen=True)
class LicenceLedger:
    """Relative path -> licence."""

    by_path: Mapping[str, Licence]

    def licence_of(self, path: str) -> Licence:
        """The licence of a picture, by its path relative to the ledger."""
        return self.by_path.get(_plain_path(path), Licence())

    @classmethod
    def parse(cls, content: bytes, name: str) -> "LicenceLedger":
        """Read a CSV with the columns `file`, `licence` (or `license`) and `origin` (or `author`).

        Separated by commas, semicolons, tabs or what a first line `sep=` names; quoted or not; any
        capitals in the header; other columns are ignored. Two rows that disagree about one picture
        leave it unknown: a doubt is not a permission.

        Raises:
            DatasetError: a needed column is missing, or the content is no CSV.
        """
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")  # what spreadsheets on Windows save
        try:
            columns, table = _read_table(text)
        except csv.Error as error:
            raise DatasetError(f"{name} is not a readable CSV: {error}") from error
        if "file" not in columns or not {"licence", "license"} & set(columns):
            raise DatasetError(
                f"{name} needs the columns file, licence and origin; it has "
                f"{', '.join(sorted(filter(None, columns))) or 'none'}"
            )
        by_path: dict[str, Licence] = {}
        for row in table:
            path, licence = _parse_row(row)
            known = by_path.setdefault(path, licence)
            if known.spdx != licence.spdx:
                by_path[path] = Licence(UNKNOWN, known.origin)
        return cls(by_path)


def _read_table(text: str) -> tuple[Sequence[str], list[dict[str, str | None]]]:
    """Names of the columns, in small letters, and the rows below them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    named = _NAMED_DELIMITER.match(text)
    if named:
        text = text[named.end() :]
    tables = {
        one: csv.DictReader(
            io.StringIO(text), delimiter=one, restkey="extra", skipinitialspace=True
        )
        for one in (named[1] if named else _DELIMITERS)
    }
    columns = {
        one: [cell.strip().lower() for cell in table.fieldnames or ()]
        for one, table in tables.items()
    }
    best = max(columns, key=lambda one: ("file" in columns[one], len(columns[one])))
    tables[best].fieldnames = columns[best]
    return columns[best], list(tables[best])


def _parse_row(cells: Mapping[str, str | None]) -> tuple[str, Licence]:
    licence = cells.get("licence") or cells.get("license") or ""
    origin = cells.get("origin") or cells.get("author") or ""
    return _plain_path(cells.get("file") or ""), Licence(
        spdx_identifier(licence), _one_line(origin)
    )


def _one_line(text: str) -> str:
    """Printable, on one line and short: the text ends up in manifests and pages."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _plain_path(path: str) -> str:
    # Ledgers are typed by hand, on systems that write paths differently and ignore capitals.
    return path.strip().replace("\\", "/").removeprefix("./").lower()
