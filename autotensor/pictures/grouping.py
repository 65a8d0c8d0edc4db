"""Which boxes share the frame of a module, so that the frames themselves can be laid out: no two wait for each other.

A module that is called twice with something in between cannot be one frame: an arrow would leave it and come back. Such a module
gets a frame for each run of its operations.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

Edge: TypeAlias = tuple[int, int]
Path: TypeAlias = tuple[str, ...]


class Cluster(NamedTuple):
    """A frame: the module's path, the frame around it, and which of the module's frames it is."""

    path: Path
    parent: int | None
    call: int  # 1, 2, ... where a module has several frames; 0 where it has one

    @property
    def label(self) -> str:
        """The module's dotted path."""
        return ".".join(self.path) + (f" (call {self.call})" if self.call else "")


def in_order(count: int, edges: Iterable[Edge]) -> list[int]:
    """Nodes 0 ... count - 1, each after those that lead to it; what lies on or behind a circle is left out.

    >>> in_order(3, [(2, 0), (0, 1)])
    [2, 0, 1]
    """
    heads: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in edges:
        heads[tail].append(head)
        waiting[head] += 1
    order = [i for i in range(count) if not waiting[i]]
    for i in order:  # grows while it is read
        for head in heads[i]:
            waiting[head] -= 1
            if not waiting[head]:
                order.append(head)
    return order


def split(members: Sequence[int], edges: Sequence[Edge], key: dict[int, Hashable]) -> list[list[int]]:
    """The members by key, a key several times where one group would be part of a circle of groups.

    `members` are in order of computation. A key of None is no group: each such member stands alone.
    """
    group: dict[Hashable, int] = {}
    of = {i: group.setdefault((i,) if key[i] is None else (None, key[i]), len(group)) for i in members}
    between = [(of[a], of[b]) for a, b in edges if of[a] != of[b]]
    free = {*in_order(len(group), between), *in_order(len(group), [(b, a) for a, b in between])}
    if len(free) < len(group):
        circular = [i for i in members if of[i] not in free]
        runs = _runs(circular, edges, {i: of[i] for i in circular}, {i for i in circular if key[i] is None})
        of.update((i, len(group) + run) for i, run in runs.items())
    parts: dict[int, list[int]] = {}
    for i in members:
        parts.setdefault(of[i], []).append(i)
    return list(parts.values())


def _runs(members: Sequence[int], edges: Sequence[Edge], of: dict[int, int], alone: set[int]) -> dict[int, int]:
    """Numbers for the members, such that one number is a stretch of one possible order of computation.

    Stretches of one order never wait for each other. The order stays in a group for as long as it can.
    """
    heads: dict[int, list[int]] = {i: [] for i in members}
    waiting = dict.fromkeys(members, 0)
    for a, b in edges:
        if a in waiting and b in waiting:
            heads[a].append(b)
            waiting[b] += 1
    ready: dict[int, deque[int]] = {}
    turns: deque[int] = deque()  # groups with something ready, those without a frame first
    run: dict[int, int] = {}

    def offer(i: int) -> None:
        ready.setdefault(of[i], deque()).append(i)
        if i in alone:
            turns.appendleft(of[i])
        else:
            turns.append(of[i])

    for i in members:
        if not waiting[i]:
            offer(i)
    number = -1
    while turns:
        group = turns.popleft()
        number += bool(ready[group])
        while ready[group]:
            i = ready[group].popleft()
            run[i] = number
            for head in heads[i]:
                waiting[head] -= 1
                if not waiting[head]:
                    offer(head)
    return run


def grouped(
    order: Sequence[int], edges: Sequence[Edge], paths: Sequence[Path]
) -> tuple[tuple[Cluster, ...], tuple[int | None, ...]]:
    """The clusters, outer ones first, and for each node its innermost cluster.

    A node that nothing leads to (a parameter, a constant) lies in the innermost cluster that has all its consumers, but no
    deeper than its own path.

    >>> clusters, homes = grouped([0, 1, 2], [(0, 1), (1, 2)], [(), ("block", "0"), ("block", "1")])
    >>> [(cluster.label, cluster.parent) for cluster in clusters], homes
    ([('block', None), ('block.0', 0), ('block.1', 0)], (None, 1, 2))
    """
    entered = {head for _, head in edges}
    homes: list[int | None] = [None] * len(paths)
    found: list[tuple[Path, int | None]] = []
    inner = [i for i in order if i in entered]
    within = [(a, b) for a, b in edges if a in entered]
    todo: deque[tuple[list[int], list[Edge], int, int | None]] = deque([(inner, within, 0, None)])
    while todo:
        members, own, level, parent = todo.popleft()
        key: dict[int, Hashable] = {i: paths[i][level] if len(paths[i]) > level else None for i in members}
        part_of: dict[int, int] = {}
        parts = [part for part in split(members, own, key) if key[part[0]] is not None]
        for number, part in enumerate(parts):
            part_of.update(dict.fromkeys(part, number))
        edges_of: list[list[Edge]] = [[] for _ in parts]
        for a, b in own:
            if a in part_of and part_of[a] == part_of.get(b):
                edges_of[part_of[a]].append((a, b))
        for part, inside in zip(parts, edges_of, strict=True):
            depth = _common(paths[i] for i in part)  # a module with nothing but one module in it needs no frame of its own
            homes_here = len(found)
            found.append((paths[part[0]][:depth], parent))
            for i in part:
                homes[i] = homes_here
            if any(len(paths[i]) > depth for i in part):
                todo.append((part, inside, depth, homes_here))
    _house_sources(edges, paths, entered, found, homes)
    total: dict[Path, int] = {}
    for path, _ in found:
        total[path] = total.get(path, 0) + 1
    seen: dict[Path, int] = {}
    clusters = []
    for path, parent in found:
        seen[path] = seen.get(path, 0) + 1
        clusters.append(Cluster(path, parent, seen[path] if total[path] > 1 else 0))
    return tuple(clusters), tuple(homes)


def _common(paths: Iterable[Path]) -> int:
    """How many leading names the paths share."""
    found = list(paths)
    low, high = min(found), max(found)
    return next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))


def _house_sources(
    edges: Sequence[Edge],
    paths: Sequence[Path],
    entered: set[int],
    found: Sequence[tuple[Path, int | None]],
    homes: list[int | None],
) -> None:
    def around(cluster: int | None) -> list[int]:
        chain: list[int] = []
        while cluster is not None:
            chain.append(cluster)
            cluster = found[cluster][1]
        return chain[::-1]

    shared: dict[int, list[int]] = {}
    for tail, head in edges:
        if tail not in entered:
            chain = around(homes[head])
            before = shared.get(tail, chain)
            same = next((n for n, (a, b) in enumerate(zip(before, chain, strict=False)) if a != b), min(len(before), len(chain)))
            shared[tail] = before[:same]
    for i, chain in shared.items():
        fitting = [c for c in chain if found[c][0] == paths[i][: len(found[c][0])]]
        homes[i] = fitting[-1] if fitting else None
