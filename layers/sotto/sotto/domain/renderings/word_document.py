"""A Word document (docx), written as the few files that the format demands.

python-docx would do this too, but it needs lxml: 5 MB of compiled code in the layer of every function, for one
format whose smallest form is a zip of five short XML files. The tests read the result with python-docx.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator

from sotto.domain.renderings.facts import clock, facts_of, heading
from sotto.domain.renderings.speaking import introduced
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Transcript

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f"{_SCHEMAS}/wordprocessingml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_CONTENT_TYPES = (
    f'<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_PACKAGE_RELATIONS = (
    f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_SCHEMAS}/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_SCHEMAS}/package/2006/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/></Relationships>'
)
_DOCUMENT_RELATIONS = (
    f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_SCHEMAS}/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
    "</Relationships>"
)
_STYLES = (
    f'<w:styles xmlns:w="{_MAIN}">'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    '<w:pPr><w:spacing w:after="120"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/>'
    '<w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="32"/></w:rPr></w:style></w:styles>'
)


def docx(transcript: Transcript, view: View) -> bytes:
    """A heading, the facts, a paragraph a segment. The same transcript gives the same bytes."""
    files = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _PACKAGE_RELATIONS,
        "docProps/core.xml": _properties(transcript, view),
        "word/_rels/document.xml.rels": _DOCUMENT_RELATIONS,
        "word/styles.xml": _STYLES,
        "word/document.xml": _document(transcript, view),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # its date is 1980 always
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _DECLARATION + content)
    return target.getvalue()


def _document(transcript: Transcript, view: View) -> str:
    body = "".join(_paragraphs(transcript, view))
    return f'<w:document xmlns:w="{_MAIN}"><w:body>{body}<w:sectPr/></w:body></w:document>'


def _paragraphs(transcript: Transcript, view: View) -> Iterator[str]:
    (_, name), *facts = facts_of(transcript, view)
    yield f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{_run(name)}</w:p>'
    for label, value in facts:
        yield f"<w:p>{_run(f'{label}: ', bold=True)}{_run(value)}</w:p>"
    for segment, name in introduced(transcript.segments):
        bold = (f"{clock(segment.start)} " if view.timestamps else "") + (f"{name}: " if name else "")
        yield f"<w:p>{_run(bold, bold=True) if bold else ''}{_run(segment.text)}</w:p>"


def _run(text: str, *, bold: bool = False) -> str:
    style = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{style}<w:t xml:space="preserve">{_escaped(text)}</w:t></w:r>'


def _properties(transcript: Transcript, view: View) -> str:
    moment = f'xsi:type="dcterms:W3CDTF">{_escaped(transcript.completed_at)}'
    return (
        f'<cp:coreProperties xmlns:cp="{_SCHEMAS}/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{_escaped(heading(transcript, view))}</dc:title><dc:creator>Sotto</dc:creator>"
        f"<dc:language>{_escaped(transcript.language)}</dc:language>"
        f"<dcterms:created {moment}</dcterms:created><dcterms:modified {moment}</dcterms:modified>"
        "</cp:coreProperties>"
    )


def _escaped(text: str) -> str:
    """`text` as XML; characters that XML 1.0 cannot hold in any form are dropped."""
    return html.escape(_NOT_XML.sub("", text))
