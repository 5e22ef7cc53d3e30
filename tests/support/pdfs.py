"""PDF files for tests."""

from __future__ import annotations

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def save_pdf(path, pages, title=None, password=None):
    """A PDF with one line of text per line of each page."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject(k): NameObject(v) for k, v in (("/Type", "/Font"), ("/Subtype", "/Type1"))})
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    for lines in pages:
        page, stream = writer.add_blank_page(400, 400), DecodedStreamObject()
        stream.set_data(
            " ".join(["BT /F1 10 Tf 12 TL 20 380 Td", *(f"({line}) Tj T*" for line in lines), "ET"]).encode()
        )
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path
