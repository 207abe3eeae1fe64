"""What schemathesis is told beside the document: workbooks, and what a hint may say."""

import io
import re
import zipfile

import schemathesis
from hypothesis import strategies

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def archive(files):
    """A ZIP archive with these files, which no spreadsheet program wrote."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as book:
        for name, text in files.items():
            book.writestr(name, text)
    return held.getvalue()


names = strategies.sampled_from(["xl/workbook.xml", "[Content_Types].xml", "../../x", "xl/worksheets/sheet1.xml"])
texts = strategies.sampled_from(["", "<worksheet/>", "<a>" * 1000, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
workbooks = strategies.binary(max_size=200) | strategies.dictionaries(names, texts).map(archive)
schemathesis.openapi.media_type(XLSX, workbooks)


@schemathesis.deserializer(XLSX, "application/zip")
def of_archive(_, response):
    """A file is an archive, and whole."""
    with zipfile.ZipFile(io.BytesIO(response.content)) as book:
        assert book.testzip() is None
    return response.content.decode("latin-1")


@schemathesis.check
def hints_are_for_http(_, response, case):
    """No problem sends an HTTP client to the command line."""
    if response.status_code >= 400:
        said = response.content.decode()
        assert not re.search(r"`(lethe |--)", said), said
