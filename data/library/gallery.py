"""A library version as one page that opens from a disk: no script, no network, relative links only.

Every texture is tiled by the browser itself, from the very file that is published, beside the
photograph at the same scale. The page is drawn from the manifest alone and holds neither time nor
flow run nor anything else that differs between two runs with the same result.
"""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from data.library.records import (
    DocumentRecord,
    LibraryManifest,
    MaterialRecord,
    PhotographRef,
    Scores,
    SourceRef,
    TextureRecord,
)
from data.library.score_words import SCORE_WORDS, show_score, words_for_score

# Nothing may run or be fetched, whatever a name in the manifest contains.
_POLICY: Final = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'"
# What a card can switch between: every file of few, one size of every map of many. The style sheet
# counts to the number of maps.
_MANY_TABS: Final = 6


def gallery_html(manifest: LibraryManifest) -> str:
    """Return the page for `manifest`; it belongs into the version's folder."""
    style = Path(__file__).with_name("gallery.css").read_text(encoding="utf-8")
    sections = "".join(_section(manifest, record) for record in manifest.materials)
    title = f"{escape(manifest.library)} v{manifest.version}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{_header(manifest)}
{_bar(manifest)}
<main>
{sections}
{_glossary(manifest)}
</main>
</body>
</html>
"""


def _header(manifest: LibraryManifest) -> str:
    made, dataset = manifest.provenance, manifest.provenance.dataset
    first_of_each = {
        document.subject.partition("/")[0]: document.key
        for document in reversed(list(_documents(manifest, "preview")))
    }
    strip = "".join(
        f'<i style="background-image:url({escape(first_of_each[material])})"></i>'
        for material in sorted(first_of_each)
    )
    pictures = len({(texture.material, texture.name) for texture in manifest.textures})
    photographs = len(dataset.photographs)
    facts = (
        ("Model", f"{escape(made.model.name)} <b>v{escape(made.model.version)}</b>"),
        ("Family", escape(made.model.family)),
        ("Training run", _code(made.model.mlflow_run_id)),
        ("Weights", _short(made.model.weights_sha256)),
        ("Photographs", f"{photographs}, {escape(dataset.source)}"),
        ("Their licences", escape(", ".join(dataset.licences) or "none")),
        ("Dataset", _short(dataset.fingerprint)),
        ("Licence of the textures", escape(made.licence)),
        ("Made with", escape(made.code_version)),
    )
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    counts = (
        f"{pictures} {_plural('picture', pictures)} in {len(manifest.textures)} files, "
        f"{len(manifest.materials)} {_plural('material', len(manifest.materials))}"
    )
    return f"""<header>
<div class="strip" aria-hidden="true">{strip}</div>
<div class="head"><h1>{escape(manifest.library)} <span>v{manifest.version}</span></h1>
<p class="lead">{counts}. Seamless along every axis named on a card.</p>
<dl class="facts">{rows}</dl>
<p class="note">{escape(made.ai_disclosure)}</p></div>
</header>"""


def _bar(manifest: LibraryManifest) -> str:
    links = "".join(
        f'<a href="#{escape(record.material)}">{_dot(record.passed)}{_words(record.material)}</a>'
        for record in manifest.materials
    )
    choices = "".join(
        f'<input type="radio" name="tiling" id="tiling-{count}"{" checked" if count == 2 else ""}>'
        f'<label for="tiling-{count}">{count} × {count}</label>'
        for count in (1, 2, 3, 4)
    )
    sheet = "".join(
        f'<a class="quiet" href="{escape(document.key)}">contact sheet</a>'
        for document in _documents(manifest, "contact_sheet")
    )
    return f"""<nav><div class="links">{links}</div>{sheet}
<a class="quiet" href="manifest.json">manifest</a>
<fieldset class="switch"><legend>Tiling</legend>{choices}</fieldset></nav>"""


def _section(manifest: LibraryManifest, record: MaterialRecord) -> str:
    textures = [t for t in manifest.textures if t.material == record.material]
    _, dataset = manifest.provenance.of(record.material)
    photographs = [p for p in dataset.photographs if p.material == record.material]
    crops = [d for d in _documents(manifest, "photograph") if d.subject == record.material]
    native_px = _native_px(manifest, textures)
    photograph = "".join(_photograph_card(crop, native_px) for crop in crops if textures)
    by_picture = groupby(sorted(textures, key=_picture_order), key=lambda t: (t.seed, t.name))
    cards = "".join(_card(manifest, list(files)) for _, files in by_picture)
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in record.reasons)
    return f"""<section id="{escape(record.material)}">
<div class="title"><h2>{_words(record.material)}</h2>{_badge(record.passed)}</div>
{f'<ul class="reasons">{reasons}</ul>' if reasons else ""}
<div class="body"><aside>
{_score_table(record.scores)}
{_sources(photographs)}
</aside><div class="cards">{photograph}{cards}</div></div>
</section>
"""


def _native_px(manifest: LibraryManifest, textures: list[TextureRecord]) -> int:
    """Pixels of the rendering across the picture that a card shows first.

    Sizes of a library that was built from a recipe are reductions of one master; otherwise every
    size is a rendering of its own, and the smallest is shown first.
    """
    widths = [texture.width_px for texture in textures]
    masters = list(_documents(manifest, "master"))
    if not masters:
        return min(widths, default=1)
    return max([document.width_px or 0 for document in masters]) or max(widths, default=1)


def _photograph_card(crop: DocumentRecord, native_px: int) -> str:
    """The photograph as the first card, at the scale at which the results beside it are shown."""
    scale = 100 * (crop.width_px or 1) / native_px
    style = f"background-image:url({crop.key});background-size:calc({scale:g}% / var(--tiles))"
    return f"""<article class="card photograph"><div class="views">
<a class="view" href="{escape(crop.key)}" title="open the file" style="{escape(style)}"></a></div>
<div class="about"><h3>Photograph</h3><p class="tags"><span>same scale as the results</span>
<span>crop, {crop.width_px} × {crop.height_px} px</span></p></div></article>
"""


def _sources(photographs: list[PhotographRef]) -> str:
    lines = "".join(_photograph_line(photograph) for photograph in photographs)
    return f'<div class="sources"><h3>Trained on</h3><ul>{lines}</ul></div>' if lines else ""


def _photograph_line(photograph: PhotographRef) -> str:
    name = escape(photograph.source_name or photograph.photo_id)
    origin = photograph.origin
    if origin.startswith(("https://", "http://")):
        origin = f'<a href="{escape(origin)}" rel="noreferrer noopener">{escape(origin)}</a>'
    else:
        origin = escape(origin)
    unknown = ' class="unknown"' if photograph.licence == "unknown" else ""
    return (
        f"<li>{name} <span{unknown}>{escape(photograph.licence)}</span><small>{origin}</small></li>"
    )


def _score_table(scores: Scores) -> str:
    if not scores:
        return ""
    ordered = sorted(scores, key=_score_order)
    rows = "".join(
        f'<tr title="{escape(words_for_score(name).meaning)}"><th scope="row">'
        f"{escape(words_for_score(name).label)}</th>"
        f"<td>{escape(show_score(scores[name]))} {escape(words_for_score(name).unit)}</td></tr>"
        for name in ordered
    )
    return f'<table class="scores"><caption>Scores</caption>{rows}</table>'


def _card(manifest: LibraryManifest, files: list[TextureRecord]) -> str:
    """One picture with everything it was published as; the first file is shown at first."""
    first, colour = files[0], files[0].average_color_srgb
    group = f"{first.material}-{first.name}"
    shown = files if len(files) <= _MANY_TABS else _one_of_each_map(files)
    tabs = "".join(
        f'<input type="radio" name="{escape(group)}" id="{escape(group)}-{index}"'
        f"{' checked' if index == 0 else ''}>"
        f'<label for="{escape(group)}-{index}">{_tab_label(file, files)}</label>'
        for index, file in enumerate(shown)
    )
    views = "".join(
        f'<a class="view" href="{escape(file.key)}" title="open the file" '
        f'style="background-image:url({escape(file.key)});'
        f'aspect-ratio:{file.width_px}/{file.height_px}"></a>'
        for file in shown
    )
    links = "".join(
        f'<a href="{escape(file.key)}" download>{_tab_label(file, files)} px '
        f"<small>{_kilobytes(file.size_bytes)}</small></a>"
        for file in files
    )
    made_from = "translated" if first.source else f"seed {first.seed}"
    return f"""<article class="card">{tabs}<div class="views">{views}</div>
<div class="about"><h3>{_words(first.name)}</h3>
<p class="tags"><span>{made_from}</span><span>{_wrap_words(first)}</span>
<span><i class="colour" style="background:{colour}"></i>{colour}</span></p>
<p class="files">{links}</p>
{_how(manifest, files)}</div></article>
"""


def _one_of_each_map(files: list[TextureRecord]) -> list[TextureRecord]:
    first: dict[str, TextureRecord] = {}
    for file in files:
        first.setdefault(file.role, file)
    return list(first.values())


def _how(manifest: LibraryManifest, files: list[TextureRecord]) -> str:
    first, made = files[0], manifest.provenance
    scale = "unknown"
    if first.physical_size_mm is not None:
        width_mm, height_mm = first.physical_size_mm
        scale = f"{width_mm:g} × {height_mm:g} mm ({first.scale_source})"
    hashes = "".join(
        f"<dt>{_tab_label(file, files)} px</dt><dd>file {_short(file.sha256)}, "
        f"pixels {_short(file.pixel_sha256)}</dd>"
        for file in files
    )
    own = "".join(
        f"<dt>{escape(words_for_score(name).label)}</dt><dd>{escape(show_score(first.scores[name]))}</dd>"
        for name in sorted(first.scores, key=_score_order)
    )
    by = (
        f"by {escape(made.model.name)} v{escape(made.model.version)} "
        f"({escape(made.model.family)}, weights {_short(made.model.weights_sha256)})"
    )
    return f"""<details><summary>How was this made?</summary>
{_from_its_source(first.source, by) if first.source else _from_its_seed(manifest, files, by)}
<dl><dt>Real size</dt><dd>{escape(scale)}</dd>{own}{hashes}</dl></details>"""


def _from_its_seed(manifest: LibraryManifest, files: list[TextureRecord], by: str) -> str:
    first = files[0]
    height_px, width_px, reduced = first.height_px, first.width_px, ""
    if list(_documents(manifest, "master")):
        height_px = width_px = _native_px(manifest, files)
        reduced = " of the master, from which all files here are made"
    wrap = ("y" in first.wrap, "x" in first.wrap)
    call = (
        f"Renderer.load(model_dir).render(seed={first.seed}, height_px={height_px}, "
        f"width_px={width_px}, material={first.material!r}, wrap={wrap})"
    )
    return f"""<p>Rendered {by} from seed {first.seed}.
The same model, seed and size give the same pixels{reduced}:</p><pre>{escape(call)}</pre>"""


def _from_its_source(source: SourceRef, by: str) -> str:
    where = f"{source.library} v{source.version:04d} " if source.version else ""
    name = escape(f"{where}{source.key}".strip() or "a picture without a published name")
    origin = f", {escape(source.origin)}" if source.origin else ""
    return f"""<p>Translated {by} from {name}, file {_short(source.sha256)},
licence {escape(source.licence)}{origin}.</p>"""


def _glossary(manifest: LibraryManifest) -> str:
    used = {name for record in manifest.materials for name in record.scores}
    used |= {name for texture in manifest.textures for name in texture.scores}
    rows = "".join(
        f"<dt>{escape(SCORE_WORDS[name].label)} <code>{escape(name)}</code></dt>"
        f"<dd>{escape(SCORE_WORDS[name].meaning)}</dd>"
        for name in SCORE_WORDS
        if name in used
    )
    return (
        f'<section class="glossary"><h2>What the scores mean</h2><dl>{rows}</dl></section>'
        if rows
        else ""
    )


def _documents(manifest: LibraryManifest, kind: str) -> Iterable[DocumentRecord]:
    return (document for document in manifest.documents if document.type == kind)


def _picture_order(texture: TextureRecord) -> tuple[int, str, bool, str, int]:
    base = texture.role != "basecolor"
    return (texture.seed, texture.name, base, texture.role, texture.width_px)


def _score_order(name: str) -> tuple[int, str]:
    known = list(SCORE_WORDS)
    return (known.index(name) if name in SCORE_WORDS else len(known), name)


def _tab_label(file: TextureRecord, files: list[TextureRecord]) -> str:
    one_role = len({other.role for other in files}) == 1
    return str(file.width_px) if one_role else f"{_words(file.role)} {file.width_px}"


def _wrap_words(texture: TextureRecord) -> str:
    return f"wraps {' and '.join(texture.wrap)}" if texture.wrap else "does not wrap"


def _badge(passed: bool | None) -> str:
    match passed:
        case True:
            return '<span class="badge good">passed</span>'
        case False:
            return '<span class="badge bad">not passed</span>'
    return '<span class="badge">not judged</span>'


def _dot(passed: bool | None) -> str:
    kind = {True: " good", False: " bad", None: ""}[passed]
    return f'<i class="dot{kind}"></i>'


def _words(slug: str) -> str:
    return escape(slug.replace("_", " "))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else "none"


def _short(sha256: str) -> str:
    return f'<code title="sha256 {sha256}">{sha256[:12]}</code>'


def _kilobytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:.0f} kB"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
