"""Mined triplets for training."""

from pathlib import Path

from parasol.triplets.results import Results, load_finished


class TripletDataset:
    """The triplets of a finished run. Rows are those of the table that was mined."""

    def __init__(self, folder: Path) -> None:
        self.results: Results = load_finished(folder)

    def __len__(self) -> int:
        return int(self.results.report["triplets"])
