"""The four wire formats: JSON, XML, pipe-separated CSV and plain text, in and out (rezora.md 1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import msgspec

from landbridge.sandbox.rezora.call import Outcome, Refusal, Resource
from landbridge.sandbox.wire import Request

Format = Literal["json", "xml", "csv", "txt"]

CONTENT_TYPES: dict[Format, str] = {
    "json": "application/json; charset=UTF-8",
    "xml": "application/xml; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8",
    "txt": "text/plain; charset=UTF-8",
}
SUFFIXES: dict[str, Format] = {"json": "json", "xml": "xml", "csv": "csv", "txt": "txt"}
MEDIA_TYPES: dict[str, Format] = {
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/csv": "csv",
    "text/plain": "txt",
}
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters XML 1.0 cannot carry; they are left out."""


def split_path(path: str) -> tuple[tuple[str, ...], Format | None]:
    """``/v1/lists/901.json`` -> ``("v1", "lists", "901"), "json"``.

    Empty parts vanish, so ``contacts/.json`` is the collection: what a careless router would do
    with a missing id, and so the trap a client must not step into (rezora.md 5, trap 1; assumption).
    """
    parts = path.split("/")
    stem, dot, suffix = parts[-1].rpartition(".")
    chosen = SUFFIXES.get(suffix.lower()) if dot else None
    if chosen is not None:
        parts[-1] = stem
    return tuple(part for part in parts if part), chosen


def accepted(accept: str) -> Format:
    """The format an Accept header asks for first (by q, then by order); plain text when it names none."""
    best: tuple[float, Format] = (0.0, "txt")
    for choice in accept.split(","):
        media, *parameters = (part.strip().lower() for part in choice.split(";"))
        named = MEDIA_TYPES.get(media)
        weight = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if named is not None and weight > best[0]:
            best = (weight, named)
    return best[1]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def read_fields(request: Request, trim: bool) -> dict[str, str]:
    """The fields of a request body by its Content-Type, plain text when absent.

    Raises ``Refusal`` 400 for a body that cannot be read and 415 for another Content-Type.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower() or "text/plain"
    if media == "application/json":
        fields = _read_json(request.body)
    elif media in ("application/xml", "text/xml"):
        fields = _read_xml(request.body)
    elif media in ("text/plain", "application/x-www-form-urlencoded"):
        fields = _read_text(request.body)
    else:
        raise Refusal(415, "The Content-Type is none of application/json, application/xml and text/plain.")
    return {name: value.strip() for name, value in fields.items()} if trim else fields


def _read_json(body: bytes) -> dict[str, str]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"The JSON body cannot be read: {error}.") from None
    fields = document.get("data") if isinstance(document, dict) else None
    if not isinstance(fields, dict):
        raise Refusal(400, 'The JSON body is not {"data": {...}}.')
    return {
        name: value if isinstance(value, str) else _as_text(name, value) for name, value in fields.items()
    }


def _as_text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    raise Refusal(400, f"The field {name[:60]} is not a text.")


class _Builder(ElementTree.TreeBuilder):
    """Builds no document that could declare entities."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Refusal(400, "The XML body has a document type, which is not accepted.")


def _read_xml(body: bytes) -> dict[str, str]:
    parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314  # loopback only, no document types
    try:
        root = ElementTree.fromstring(body, parser)  # noqa: S314  # the same
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refusal(400, f"The XML body cannot be read: {error}.") from None
    if root.tag != "data":
        raise Refusal(400, "The root element of the XML body is not <data>.")
    nested = next((child.tag for child in root if len(child)), None)
    if nested is not None:
        raise Refusal(400, f"The field {nested[:60]} is not a text.")
    return {child.tag: child.text or "" for child in root}


def _read_text(body: bytes) -> dict[str, str]:
    if body and b"=" not in body:
        raise Refusal(400, "The text body has no name=value pair; a JSON or XML body needs its Content-Type.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refusal(400, "The text body is not UTF-8.") from None
    return dict(pairs)


def write(form: Format, resource: Resource, outcome: Outcome, *, two_declarations: bool = False) -> bytes:
    """The body of an answer."""
    if form == "json":
        encoded = outcome.encoded
        return b"[" + b",".join(map(msgspec.json.encode, outcome.rows) if encoded is None else encoded) + b"]"
    if form == "xml":
        text = _write_xml(resource.plural, resource.singular, outcome.rows)
        return ((DECLARATION + "\n") * (2 if two_declarations else 1) + text).encode()
    return _write_pipes(outcome.columns, outcome.rows).encode()


def _write_xml(plural: str, singular: str, rows: Iterable[Mapping[str, str]]) -> str:
    parts = [f'<{plural} version="1.0">']
    for row in rows:
        inner = "".join(f"<{name}>{_xml_text(value)}</{name}>" for name, value in row.items())
        parts.append(f"<{singular}>{inner}</{singular}>")
    parts.append(f"</{plural}>")
    return "".join(parts)


def _xml_text(value: str) -> str:
    return escape(NOT_IN_XML.sub("", value)) if value else ""


def _write_pipes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Header and rows, every value in double quotes; a quote inside is doubled (assumption)."""
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return "".join("|".join('"' + value.replace('"', '""') + '"' for value in line) + "\n" for line in lines)
