"""Rich text that is sent on: safe, whole, quiet for merge tags; and the footer, which comes off again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from landbridge.sync.model import Side
from landbridge.sync.rich_text import FOOTER, inert, plain, same
from landbridge.systems.clean_html import SCHEMES, TAGS, clean, with_footer, without_footer
from rich_texts import HOSTILE, PIECES

TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=60)
WHEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


class Seen(HTMLParser):
    """What another parser finds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@given(TEXTS)
def test_only_what_is_allowed_comes_out(text: str) -> None:
    seen = Seen(clean(text))
    assert seen.tags <= TAGS
    for name, value in seen.attributes:
        assert name in ("href", "rel")
        if name == "href":
            assert (value or "").partition(":")[0] in SCHEMES
        else:
            assert "noopener" in (value or "")


@given(TEXTS)
def test_cleaning_twice_is_cleaning_once_and_says_the_same(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert same(cleaned) == same(text)


@given(TEXTS)
def test_no_visible_text_is_lost(text: str) -> None:
    assert "".join(plain(clean(text)).split()) == "".join(inert(plain(text)).split())


@given(TEXTS)
def test_no_merge_tag_comes_out_even_between_elements(text: str) -> None:
    cleaned = clean(text)
    for shown in (cleaned, "".join(Seen(cleaned).text)):
        assert "{{" not in shown
        assert "}}" not in shown
        assert "%7b%7b" not in shown.lower()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<p onclick=x>Hi <script>alert(1)</script>Jane</p>", "<p>Hi Jane</p>"),
        ("a & b\n<3", "a &amp; b<br>&lt;3"),
        ("{{contact.first_name}}", "{ {contact.first_name} }"),
        ("{<b>{</b>x}<i>}</i>", "{<b> {</b>x}<i> }</i>"),
        ("&#123;&lbrace;x", "{ {x"),
        (
            "<a href='https://example.com/{{x}}' target=_blank>y</a>",
            '<a href="https://example.com/{%20{x}%20}" rel="noopener noreferrer">y</a>',
        ),
        ("<a href='/local'>y</a><iframe src=https://x>z</iframe>", "yz"),
        ("<svg><style>s</style>kept</svg><template>this too</template>", "keptthis too"),
        ("<section>a</section><section>b</section>", "<div>a</div><div>b</div>"),
    ],
)
def test_what_becomes_of_it(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("piece", [*HOSTILE, *PIECES], ids=repr)
def test_cleaning_takes_linear_time(piece: str) -> None:
    long = piece * (100_000 // len(piece))
    start = time.process_time()
    clean(long)
    without_footer(long)
    assert time.process_time() - start < 5  # a quadratic one needs minutes


def test_the_footer_is_one_visible_line() -> None:
    written = with_footer("<p>Call her</p>", "Jane Doe", WHEN)
    assert written == "<p>Call her</p><p>— Jane Doe in HighLevel, 25 Nov 2026 09:00</p>"
    assert with_footer("Call her", "", WHEN, Side.REZORA) == "Call her\n\n— Rezora, 25 Nov 2026 09:00"
    local = WHEN.astimezone(timezone(timedelta(hours=-7)))
    assert plain(with_footer("<p>x</p>", "J", local)).endswith("25 Nov 2026 02:00")


@given(TEXTS, st.text(max_size=130), st.datetimes(timezones=st.just(UTC)), st.sampled_from(Side))
def test_the_footer_comes_off_exactly_and_never_counts(
    body: str, author: str, made_at: datetime, side: Side
) -> None:
    assume(without_footer(body) == body)
    written = with_footer(body, author, made_at, side)
    assert without_footer(written) == body
    assert with_footer(written, author, made_at, side) == written
    if body == clean(body):
        assert FOOTER.fullmatch(plain(written).split("\n")[-1])
        assert same(written) == same(body)


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("<div>a</div><div>&mdash; Jane Doe in HighLevel,&nbsp;25 Nov 2026 09:00</div>", "<div>a</div>"),
        ("a<br><br>— Jane Doe in HighLevel, 25 Nov 2026 09:00<br>", "a"),
        ("a\n— Jane Doe in HighLevel, 25 Nov 2026 09:00\n", "a"),
        ("<p>a</p><p>— J in Rezora, 5 Nov 2026 09:00</p><p>and b</p>", "<p>a</p><p></p><p>and b</p>"),
        ("<p>a — J in Rezora, 5 Nov 2026 09:00</p>", "<p>a — J in Rezora, 5 Nov 2026 09:00</p>"),
        ("— Jane, yesterday", "— Jane, yesterday"),
    ],
)
def test_a_footer_that_was_written_anew_is_found(written: str, body: str) -> None:
    assert without_footer(written) == body
