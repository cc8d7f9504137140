"""Read the network and the catalogue together, and check them against each other."""

from dataclasses import dataclass
from pathlib import Path

from tracker.adapters.files.catalogue import CatalogueTables
from tracker.adapters.files.network import NetworkTables
from tracker.adapters.files.tables import Problems
from tracker.domain.network.network import Network, OfficeKind
from tracker.domain.network.procedures import Catalogue


@dataclass(frozen=True)
class ServiceData:
    """The network and catalogue of one directory of data files."""

    network: Network
    catalogue: Catalogue


def load_service_data(directory: Path) -> ServiceData:
    """Return the data of all files. Raise one `DataFilesError` with every fault."""
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
