"""What a drawing may be made of: marks, and nothing that has something fetched or run by who looks at it."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
ELEMENTS = frozenset({
    "svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath", "linearGradient",
    "radialGradient", "stop", "pattern", "image", "a",
})  # fmt: skip
WORDS = frozenset({"aria-label", "aria-roledescription", "aria-description", "aria-hidden", "role", "class"})
"""Attributes that are only read."""
LOOKS = frozenset({
    "clip-path", "cursor", "cx", "cy", "d", "direction", "display", "dx", "dy", "fill", "fill-opacity", "font-family",
    "font-size", "font-style", "font-variant", "font-weight", "fr", "fx", "fy", "gradientTransform", "gradientUnits",
    "height", "id", "letter-spacing", "offset", "opacity", "pointer-events", "preserveAspectRatio", "r", "stop-color",
    "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor", "text-decoration", "transform", "version",
    "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
})  # fmt: skip
"""Attributes that a reader's program takes for CSS, or for places."""
FUNCTIONS = re.compile(r"[^\s,;()]*\(")
HARMLESS = frozenset({
    "translate(", "rotate(", "scale(", "skewX(", "skewY(", "matrix(", "rgb(", "rgba(", "hsl(", "hsla(", "lab(", "lch(",
})  # fmt: skip
OWN = re.compile(r"url\(#[\w-]+\)")
"""A part of the drawing itself."""
STYLE = re.compile(r"((mix-blend-mode|pointer-events|cursor|display|isolation|overflow): ?[a-z-]+;? ?)*")
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")


def faults_of(drawn: str) -> Iterator[str]:
    """What a drawing holds that it may not.

    Vega-Lite lets a specification give colours, links and styles in dozens of places, as figures and as expressions. So
    it is not looked for there, but in what comes out.
    """
    # A text has them escaped: these are a document type, an entity, a style sheet.
    if "<!" in drawn or "<?" in drawn:
        yield "a declaration"
        return
    try:
        root = ElementTree.fromstring(drawn)  # noqa: S314 no declaration is left in it
    except ElementTree.ParseError as error:
        yield f"what is no SVG ({error})"
        return
    for element in root.iter():
        name = str(element.tag).removeprefix(SVG)
        if name not in ELEMENTS or not str(element.tag).startswith(SVG):
            yield f"an element {name}"
        for attribute, value in element.attrib.items():
            if not _is_harmless(name, attribute, value):
                yield f"{attribute.rpartition('}')[2]}={value!r}"


def _is_harmless(element: str, attribute: str, value: str) -> bool:
    if attribute in WORDS:
        return True
    if attribute in ("href", LINK):
        return bool(re.fullmatch(r"#[\w-]+", value) or (element == "image" and IMAGE.fullmatch(value)))
    if attribute == "style":
        return STYLE.fullmatch(value) is not None
    # By a backslash or a comment, CSS lets a function go by a name that does not look like its own.
    rest = OWN.sub("", value)
    return (
        attribute in LOOKS
        and not any(part in rest for part in ("\\", "/*", "@"))
        and all(name in HARMLESS for name in FUNCTIONS.findall(rest))
    )
