"""An export as a ZIP archive that is sent while it is made: the events, then the manifest.

Unpacked it is the directory that `tracker export` writes, and is checked like it.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tracker.adapters.exports.manifest import MANIFEST, Count, Manifest, WrittenFile
from tracker.adapters.exports.writers import writer
from tracker.application.audit.ports import Checkpoints
from tracker.application.queries.export import DossierExport, DossierScan, Form, Selection
from tracker.domain.dossier.actors import Actor

_PIECE_BYTES = 64 * 1024
_IN_MEMORY_BYTES = 1024 * 1024
_OWN_FILE = 0o100600


class Archives:
    """Makes archives of one store's dossiers."""

    def __init__(
        self,
        taking_away: DossierExport,
        scan: DossierScan,
        checkpoints: Checkpoints,
        *,
        zone: tzinfo,
        program: str,
        folder: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Write times in this zone; what does not fit into memory is put aside in `folder`."""
        self._taking_away = taking_away
        self._scan = scan
        self._checkpoints = checkpoints
        self._zone = zone
        self._program = program
        self._folder = folder
        self._now = now

    def pieces(
        self,
        actor: Actor,
        form: Form,
        selection: Selection,
        *,
        reason: str | None,
        progress: Callable[[int], None],
    ) -> Generator[bytes, None, None]:
        """Return the archive piece by piece; personal data are opened where there is a reason.

        `progress` is told how many more events were looked at. Raise `NoParquetError`, and what
        `DossierExport.take` does, before the first piece.
        """
        began_at, last, head = self._now(), self._checkpoints.last(), self._scan.head()
        taken = self._taking_away.take(
            actor, selection, up_to=head, progress=progress, reason=reason
        )
        with ExitStack() as opened:
            out = opened.enter_context(closing(_Outgoing(self._folder)))
            archive = opened.enter_context(ZipFile(out, "w", ZIP_DEFLATED))
            count = Count()
            with ExitStack() as writing:
                entry = writing.enter_context(
                    archive.open(self._named(form.file_name, began_at), "w", force_zip64=True)
                )
                file = _Entry(entry)
                written = writer(form, file, self._zone, self._folder, writing)
                for one in taken:
                    count.add(one)
                    written.add(one)
                    yield from out.pieces(at_least=_PIECE_BYTES)
                written.finish()
            manifest = Manifest(
                program=self._program,
                began_at=began_at.astimezone(self._zone),
                ended_at=self._now().astimezone(self._zone),
                asked=selection.asked(reason),
                up_to=head,
                checkpoint=str(last) if last else None,
                files=[WrittenFile(form.file_name, file.tell(), file.sha256())],
                **vars(count),
            )
            archive.writestr(self._named(MANIFEST, began_at), bytes(manifest))
            archive.close()
            yield from out.pieces()

    def _named(self, name: str, at: datetime) -> ZipInfo:
        made = ZipInfo(name, at.astimezone(self._zone).timetuple()[:6])
        made.compress_type = ZIP_DEFLATED
        made.external_attr = _OWN_FILE << 16
        return made


class _Entry:
    """A file of the archive: counts and hashes what is written into it."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._bytes = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def tell(self) -> int:
        return self._bytes

    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Outgoing:
    """What was written and not yet given on; much of it waits in a file."""

    def __init__(self, folder: Path) -> None:
        self._held = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115  it is closed below

    def write(self, data: bytes) -> int:
        return self._held.write(data)

    def flush(self) -> None:
        """It is given on as it comes."""

    def pieces(self, *, at_least: int = 1) -> Iterator[bytes]:
        """Return all that waits, once it is so much."""
        if self._held.tell() < at_least:
            return
        self._held.seek(0)
        while piece := self._held.read(_PIECE_BYTES):
            yield piece
        self._held.seek(0)
        self._held.truncate()

    def close(self) -> None:
        self._held.close()
