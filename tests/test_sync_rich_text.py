"""Rich text: what a reader sees, when two texts say the same, and that nothing sent can break the reader."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.rich_text import FOOTER, inert, plain, safe_link, same
from landbridge.sync.rich_tokens import DEEPEST, is_html, tidy
from rich_texts import HOSTILE, PIECES

HTML = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Call Jane\r\nabout  the offer ", "Call Jane\nabout the offer"),
        ("<p>Call&nbsp;<b>Jane</b></p><p>today &amp; tomorrow</p>", "Call Jane\ntoday & tomorrow"),
        ("<p>a</p><p><br></p><p>b</p>", "a\n\nb"),
        ("<p>a<br></p><p>b</p>", "a\nb"),
        ("<div>a</div>\n<div>b<div>c</div></div>", "a\nb\nc"),
        ("Bring:<ul><li>keys</li><li><b>plans</b></li></ul>then go", "Bring:\n- keys\n- plans\nthen go"),
        ("<ul><li></li></ul><p>after</p>", "after"),
        ("<table><tr><td>Mon</td><td>9 am</td></tr><tr><td>Tue</td></tr></table>", "Mon 9 am\nTue"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<style>p {color: red}</style><script>alert('<b>x</b>')</script>text", "text"),
        ("<!-- not seen -->seen", "seen"),
        ("I <3 you, 1 < 2 and 3>2", "I <3 you, 1 < 2 and 3>2"),
        ("From Jane <jane@example.com>", "From Jane <jane@example.com>"),
        ("<p>See <https://example.com/x></p>", "See <https://example.com/x>"),
        ("<p>never <b closed", "never <b closed"),
        ("<p>never <!-- closed", "never <!-- closed"),
        ("AT&amp;T", "AT&T"),
        ("a &notaname; b", "a &notaname; b"),
        ("<p>&#" + "1" * 5000 + ";</p>", "\ufffd"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(text: str, seen: str) -> None:
    assert plain(text) == seen


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a\nb", "<p>a</p><p>b</p>"),
        ("a\n\nb\n\n", "<div>a</div><div><br></div><div>b</div><p> </p><br>"),
        ("<strong>a</strong> <em>b</em>", "<b>a</b> <i>b</i>"),
        ("<b>a </b>c", "<b>a</b> c"),
        ("<b>a</b><b>b</b>", "<b>ab</b>"),
        ("<i><b>a</i></b>", "<b><i>a</i></b>"),
        ("AT&T", "<p>AT&amp;T</p>"),
        ("1 < 2", "1 &lt; 2"),
        ("<span style='color:red'>a</span>", "a"),
        ("<a href='HTTPS://example.com'>x</a>", '<a class="y" href="https://example.com">x</a>'),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("caf\u00e9", "cafe\u0301"),
        ("Hi {{contact.name}}", "Hi { {contact.name} }"),
        ("a\n\n— Jane Doe in HighLevel, 25 Nov 2026 09:00", "a"),
        ("<p>a</p><p>— Rezora, 5 Nov 2026 09:00</p><p>b</p>", "a\nb"),
    ],
)
def test_texts_that_say_the_same(one: str, two: str) -> None:
    assert same(one) == same(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a", "b"),
        ("a\nb", "a b"),
        ("a\n\nb", "a\nb"),
        ("<b>a</b>", "a"),
        ("<a href='https://a.example'>x</a>", "<a href='https://b.example'>x</a>"),
        ("<u>a</u>", "<i>a</i>"),
        ("A", "a"),
        ("— Jane, 25 Nov 2026 09:00", ""),
        ("see — Jane in HighLevel, 25 Nov 2026 09:00", "see"),
    ],
)
def test_texts_that_do_not(one: str, two: str) -> None:
    assert same(one) != same(two)


@given(HTML)
def test_the_canonical_form_is_its_own(text: str) -> None:
    assert same(same(text)) == same(text)


@given(HTML)
def test_both_forms_show_the_same_words(text: str) -> None:
    seen = [line for line in plain(text).split("\n") if not FOOTER.fullmatch(line)]
    composed = unicodedata.normalize("NFC", "".join("".join(seen).split()))
    assert unicodedata.normalize("NFC", "".join(plain(same(text)).split())) == composed


@given(HTML)
def test_blocks_come_out_balanced(text: str) -> None:
    depth = 0
    for token in tidy("<p></p>" + text):
        if token.kind != "text" and token.value in {"p", "div", "li", "ul", "pre", "h1", "blockquote"}:
            depth += 1 if token.kind == "open" else -1
            assert 0 <= depth <= DEEPEST + 1
    assert depth == 0


@given(st.text(max_size=80))
def test_text_without_markup_stays_as_typed(text: str) -> None:
    if not is_html(text):
        typed = [
            " ".join(line.split()) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        ]
        seen = plain(text).split("\n")
        kept = "".join(c for c in "".join(typed) if c.isprintable()).replace(" ", "")
        assert "".join(c for c in "".join(seen) if c.isprintable()).replace(" ", "") == kept


@given(HTML)
def test_no_merge_tag_survives(text: str) -> None:
    quiet = inert(text)
    assert inert(quiet) == quiet
    assert "{{" not in quiet
    assert "}}" not in quiet
    assert "%7b%7b" not in quiet.lower()


def test_braces_of_a_link_are_put_apart_too() -> None:
    assert safe_link("https://example.com/?q={{contact.email}}") == (
        "https://example.com/?q={%20{contact.email}%20}"
    )
    assert safe_link("https://example.com/%257B%257B") == "https://example.com/%257B%20%257B"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVa\nScript:x",
        "data:text/html,x",
        "//example.com",
        "/a",
        "https:",
        "",
        "vbscript:x",
    ],
)
def test_other_links_are_none(link: str) -> None:
    assert safe_link(link) == ""


@pytest.mark.parametrize("piece", [*HOSTILE, *PIECES], ids=repr)
def test_the_reader_takes_linear_time(piece: str) -> None:
    long = piece * (100_000 // len(piece))
    start = time.process_time()
    same(long)
    plain(long + "</b>")
    assert time.process_time() - start < 5  # a quadratic reader needs minutes
