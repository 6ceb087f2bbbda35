"""What has been tried so far, a line each: the same command goes on, and tries again what failed."""

import json
from pathlib import Path
from typing import Any


class Journal:
    """Records by key, in a file that is only added to."""

    def __init__(self, file: Path) -> None:
        self._file, self.records = file, dict[str, dict[str, Any]]()
        if file.exists():
            for line in file.read_text("utf-8").splitlines():
                record = json.loads(line)
                self.records[record["key"]] = record

    def passed(self, key: str) -> bool:
        """Whether it was tried and nothing was wrong."""
        return key in self.records and not self.records[key]["faults"]

    def add(self, key: str, faults: list[str], **facts: Any) -> None:
        """Keep what came of one trial."""
        self.records[key] = {"key": key, "faults": faults, **facts}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(self.records[key])}\n")
