"""From method and path to a route; paths count letter by letter and slash by slash (highlevel.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from landbridge.sandbox.highlevel.call import Route


class _Node:
    """One segment of the tree of paths."""

    __slots__ = ("literals", "parameter", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.routes: dict[str, tuple[Route, tuple[str, ...]]] = {}


class Router:
    """All routes; a literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self._lowered = _Node()
        for route in routes:
            _plant(self._root, route, route.path)
            _plant(self._lowered, route, _lower_literals(route.path))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters, or None."""
        values: list[str] = []
        node = _descend(self._root, path.split("/")[1:], 0, values, method)
        if node is None:
            return None
        route, names = node.routes[method]
        return route, {name: _plain(value) for name, value in zip(names, values, strict=True)}

    def knows_in_other_case(self, method: str, path: str) -> bool:
        """Whether only the case of letters keeps the path from a route."""
        return _descend(self._lowered, path.lower().split("/")[1:], 0, [], method) is not None


def _lower_literals(path: str) -> str:
    return "/".join(part if part.startswith("{") else part.lower() for part in path.split("/"))


def _plain(value: str) -> str:
    return unquote(value) if "%" in value else value


def _plant(root: _Node, route: Route, path: str) -> None:
    node, names = root, []
    for segment in path.split("/")[1:]:
        if segment.startswith("{"):
            names.append(segment[1:-1])
            if node.parameter is None:
                node.parameter = _Node()
            node = node.parameter
        else:
            node = node.literals.setdefault(segment, _Node())
    node.routes[route.method] = (route, tuple(names))


def _descend(node: _Node, segments: list[str], at: int, values: list[str], method: str) -> _Node | None:
    if at == len(segments):
        return node if method in node.routes else None
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _descend(literal, segments, at + 1, values, method)
        if found is not None:
            return found
    if node.parameter is None or not segment:
        return None
    values.append(segment)
    found = _descend(node.parameter, segments, at + 1, values, method)
    if found is None:
        values.pop()
    return found
