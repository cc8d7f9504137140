"""The network and the catalogue read together, each checked against the other."""

from dataclasses import dataclass
from pathlib import Path

from tracker.adapters.files.catalogue import CatalogueTables
from tracker.adapters.files.network import NetworkTables
from tracker.adapters.files.tables import Problems
from tracker.domain.network.network import Network, OfficeKind
from tracker.domain.network.procedures import Catalogue


@dataclass(frozen=True)
class ServiceData:
    """What one directory of data files says of the service."""

    network: Network
    catalogue: Catalogue


def load_service_data(directory: Path) -> ServiceData:
    """Read all data files, or raise one DataFilesError with every fault in and between them."""
    problems = Problems()
    network_tables = NetworkTables.read(directory, problems)
    catalogue_tables = CatalogueTables.read(directory, problems)
    network = network_tables.network()
    catalogue = catalogue_tables.catalogue()
    for row in catalogue_tables.procedures.rows:
        decided_by = row.cells["decided_by"]
        if decided_by:
            network_tables.check_kind(row, "decided_by", decided_by, OfficeKind.DEPARTMENT)
    problems.raise_if_any()
    return ServiceData(network, catalogue)
