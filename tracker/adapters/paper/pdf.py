"""Renders a sheet as tagged PDF/A with embedded fonts. Needs the extra `[pdf]`."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from tracker.adapters.paper.sheets import SHEETS
from tracker.application.queries.fill_form import NoPdfError


def set_pdf(sheet: str, at: datetime) -> bytes:
    """Return the PDF of a sheet, dated `at`. Raise `NoPdfError` if the extra is not installed."""
    fonts = find_spec("fontpkg_be_vietnam_pro")
    if find_spec("typst") is None or fonts is None or fonts.origin is None:
        raise NoPdfError
    import typst  # noqa: PLC0415  only if the extra is installed

    return typst.compile(
        SHEETS / "sheet.typ",
        format="pdf",
        root=SHEETS,
        font_paths=[Path(fonts.origin).parent / "files"],
        ignore_system_fonts=True,
        sys_inputs={"sheet": sheet},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=at.replace(microsecond=0),  # Typst rejects fractions of a second
    )
