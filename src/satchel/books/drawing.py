"""Drawings (SVG) of books, made anew of what is known to be only lines and colours.

No list of what is bad: what is not in these lists is left out. Spec: docs/spec/books.md, 9.
"""

import re

from lxml import etree

from satchel.books.markup import local, parse_xml
from satchel.books.unfit import Why, unfit

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
ELEMENTS_MAX = 50_000
_ELEMENTS = {
    one.lower(): one
    for one in (
        # Not `use`, `pattern`, `mask` and `marker`: ten of them in each other make a drawing that never ends.
        *("svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line"),
        *("polyline", "polygon", "text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath"),
    )
}
_ATTRIBUTES = frozenset(
    {
        *("id", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy"),
        *("width", "height"),
        *(
            "viewBox",
            "preserveAspectRatio",
            "points",
            "transform",
            "offset",
            "dx",
            "dy",
            "rotate",
            "textLength",
        ),
        *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap"),
        *(
            "stroke-linejoin",
            "stroke-dasharray",
            "stroke-dashoffset",
            "stroke-miterlimit",
            "opacity",
            "color",
        ),
        *("clip-path", "clip-rule", "display", "visibility"),
        *("font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline"),
        *("letter-spacing", "direction", "gradientUnits", "gradientTransform", "spreadMethod", "stop-color"),
        *("stop-opacity", "clipPathUnits", "version"),
    }
)
# A value: numbers, names, colours; of addresses only one within the drawing.
_CALLS = r"\b(?:rgba?|hsla?|matrix|translate|scale|rotate|skew[XY])\([^()<>&\\:]*\)"
_VALUE = re.compile(rf"(?:[^()<>&\\:]|{_CALLS}|url\(#[\w.-]+\))*")
_OWN = re.compile(r"#[\w.-]+")


def harmless_drawing(content: bytes) -> bytes:
    """Raises UnfitBook: it is none."""
    root = parse_xml(content)
    if local(root) != "svg":
        raise unfit(Why.DAMAGED)
    made = etree.Element(f"{{{_SVG}}}svg", nsmap={"xlink": _XLINK[1:-5]})
    _copy_attributes(root, made)
    waiting = [(root, made)]
    left = ELEMENTS_MAX
    while waiting:
        source, target = waiting.pop()
        if local(source) in ("text", "tspan", "textpath", "title", "desc"):
            target.text = source.text
        for one in source:
            name = _ELEMENTS.get(local(one))
            left -= 1
            if left < 0:
                raise unfit(Why.TOO_MUCH)
            if name is None:
                continue
            copy = etree.SubElement(target, f"{{{_SVG}}}{name}")
            if local(source) in ("text", "tspan"):
                copy.tail = one.tail
            _copy_attributes(one, copy)
            waiting.append((one, copy))
    return etree.tostring(made, encoding="utf-8", xml_declaration=True)


def _copy_attributes(source: etree._Element, target: etree._Element) -> None:
    for name, value in source.items():
        text = str(value)
        if name in _ATTRIBUTES and len(text) < 1 << 20 and _VALUE.fullmatch(text):
            target.set(name, text)
        elif name in ("href", _XLINK) and _OWN.fullmatch(text):
            target.set(_XLINK, text)
