"""An export as a ZIP archive, sent while it is made: first the events, then the manifest.

The unpacked archive is the same directory that `tracker export` writes.
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
_PRIVATE_FILE = 0o100600


class Archives:
    """Makes archives of the dossiers of one store."""

    def __init__(
        self,
        export: DossierExport,
        scan: DossierScan,
        checkpoints: Checkpoints,
        *,
        zone: tzinfo,
        program: str,
        folder: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Write times in `zone`; keep data that does not fit into memory in `folder`."""
        self._export = export
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
        """Yield the archive piece by piece. Open personal data if there is a `reason`.

        `progress` is called with the number of events read since its last call. Raise
        `NoParquetError` and the errors of `DossierExport.take` before the first piece.
        """
        began_at, last, head = self._now(), self._checkpoints.last(), self._scan.head()
        dossiers = self._export.take(actor, selection, up_to=head, progress=progress, reason=reason)
        with ExitStack() as resources:
            out = resources.enter_context(closing(_Outgoing(self._folder)))
            archive = resources.enter_context(ZipFile(out, "w", ZIP_DEFLATED))
            count = Count()
            with ExitStack() as writer_resources:
                entry = writer_resources.enter_context(
                    archive.open(self._entry_info(form.file_name, began_at), "w", force_zip64=True)
                )
                file = _Entry(entry)
                events = writer(form, file, self._zone, self._folder, writer_resources)
                for dossier in dossiers:
                    count.add(dossier)
                    events.add(dossier)
                    yield from out.pieces(at_least=_PIECE_BYTES)
                events.finish()
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
            archive.writestr(self._entry_info(MANIFEST, began_at), bytes(manifest))
            archive.close()
            yield from out.pieces()

    def _entry_info(self, name: str, at: datetime) -> ZipInfo:
        info = ZipInfo(name, at.astimezone(self._zone).timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        info.external_attr = _PRIVATE_FILE << 16
        return info


class _Entry:
    """A file of the archive that counts and hashes the bytes written to it."""

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
        """Do nothing: nothing is buffered here."""

    def tell(self) -> int:
        return self._bytes

    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Outgoing:
    """The bytes that were written and not yet sent; a file holds them if there are many."""

    def __init__(self, folder: Path) -> None:
        self._buffer = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115  `close` closes it

    def write(self, data: bytes) -> int:
        return self._buffer.write(data)

    def flush(self) -> None:
        """Do nothing: `pieces` reads all bytes."""

    def pieces(self, *, at_least: int = 1) -> Iterator[bytes]:
        """Yield all waiting bytes, but nothing while there are fewer than `at_least`."""
        if self._buffer.tell() < at_least:
            return
        self._buffer.seek(0)
        while piece := self._buffer.read(_PIECE_BYTES):
            yield piece
        self._buffer.seek(0)
        self._buffer.truncate()

    def close(self) -> None:
        self._buffer.close()
