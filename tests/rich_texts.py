"""Texts to try a reader of HTML with: pieces that hypothesis puts together, and hostile ones."""

from __future__ import annotations

PIECES = (
    "<b>", "</b>", "<i>", "</i>", "<u>", "</u>", "<strong>", "<p>", "</p>", "<br>", "<div>", "</div>", "<ul>",
    "</ul>", "<li>", "</li>", "<h1>", "</h1>", "<h2>", "<blockquote>", "</blockquote>", "<pre>", "</pre>",
    "<table>", "<tr>", "<td>", "</td>", "<a href='https://x'>", '<A HREF="https://y/{{%7b%7B">', "</a>",
    "<a href='javascript:x'>", "<img src=x onerror=y>", "<svg/onload=x>", "<math>", "<template>", "<title>",
    "</title>", "<textarea>", "<plaintext>", "<noscript>", "<script>", "</script>", "<!--", "-->", "<b ", "<",
    ">", "</", "=", '"', "'", "&lt;", "&amp;", "&", "&#123;", "&lbrace;", "&#0;", "&#x110000;", "{", "{{",
    "}", "}}", "%7B", "%257b", " ", "\n", "\u00a0", "a", "b", "- ", "\u00e9", "e\u0301", "\u0338",
    "— Jo in HighLevel, 5 Nov 2026 09:00",
)  # fmt: skip

HOSTILE = (
    '<a x=">" ', "<a x='", "<a x=\"", "&#1", "&#0", "<style></", "<a@", "<http:", " \n", "<p></p>", "{ ",
    "%25", '<a href="', "= ", "<b =", "<j@x>", "<a href='%25%25", "<p><b>", "<ul><li>", "<!", "<?", "&#x",
    "<b><p>",
)  # fmt: skip
