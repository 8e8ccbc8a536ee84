"""An SVG made small without a difference that one sees."""

from __future__ import annotations

import re

_COORDINATES = re.compile(rb' (?:d|x|y)="[^"]*"')
_THIRD_PLACE = re.compile(rb"(\.\d\d)\d+")
# A command in a path needs no spaces around it.
_AROUND_COMMAND = re.compile(rb"\s*([A-Za-z])\s*")
_MARK = rb'<use xlink:href="%s" x="([^"]*)" y="([^"]*)" style="%s"/>\s*'
_MARKS = re.compile(
    _MARK % (rb'([^"]*)', rb'([^"]*)') + rb"(?:" + _MARK % (rb"\1", rb"\4") + rb")+"
)
_USE = rb"<use [^>]*/>\s*"
_CLIPPED = re.compile(
    rb'<g clip-path="([^"]*)">\s*' + _USE + rb'</g>(?:\s*<g clip-path="\1">\s*' + _USE + rb"</g>)+"
)
_ONE_USE = re.compile(_USE)
_POSITION = re.compile(rb' x="[^"]*" y="[^"]*"')
_INDENT = re.compile(rb"\n\s+")


def compact_svg(svg: bytes) -> bytes:
    """Return an SVG of matplotlib's with positions to a hundredth of a point.

    Marks of one shape and look, the dots of a scatter, are put into a group that has the look once.
    """
    rounded = _COORDINATES.sub(_shorten, svg)
    clipped = _CLIPPED.sub(_join_clipped, rounded)
    grouped = _MARKS.sub(_group_marks, clipped)
    return _INDENT.sub(b"\n", grouped)


def _shorten(match: re.Match[bytes]) -> bytes:
    """Return an attribute of coordinates with two places and without needless spaces."""
    attribute, equals, coordinates = _THIRD_PLACE.sub(rb"\1", match[0]).partition(b"=")
    return attribute + equals + _AROUND_COMMAND.sub(rb"\1", coordinates)


def _join_clipped(match: re.Match[bytes]) -> bytes:
    """Return one group for marks that stand in groups of their own and are clipped alike."""
    return b'<g clip-path="%s">%s</g>' % (match[1], b"".join(_ONE_USE.findall(match[0])))


def _group_marks(match: re.Match[bytes]) -> bytes:
    shape, style = match[1], match[4]
    marks = []
    for position in _POSITION.findall(match[0]):
        marks.append(b'<use xlink:href="%s"%s/>' % (shape, position))

    return b'<g style="%s">%s</g>\n' % (style, b"".join(marks))
