"""Both wheels have one version, from its one place, and this one wants just that of the other."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class OfOneVersion(MetadataHookInterface):
    """Version and dependencies of the second wheel."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Write them into the metadata."""
        place = Path(self.root).parent / "src" / "parasol" / "version.py"
        version = runpy.run_path(str(place))["__version__"]
        metadata |= {"version": version, "dependencies": [f"parasol-style[train]=={version}"]}
