"""From measured shots to curves over a dial, and how well the dial leads along them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.charts import Chart, Line
from parasol.metrics.statistics import calibration_error, spearman
from parasol.report.sections import Dial, Section
from parasol.report.shots import MEASURES, Kept, table


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """One measure over one dial."""

    measure: str
    dial: Dial
    lines: Float[np.ndarray, "L V"]
    """One line for each row of the sheet (of a dial that goes down: each column), a number at each value."""

    @property
    def mean(self) -> Float[np.ndarray, " V"]:
        """Over the lines."""
        return self.lines.mean(0)

    def figures(self) -> dict[str, float | None]:
        """`spearman` and `calibration error` of the mean line, and `spearman of a line`, averaged over the lines.

        None where the dial has no order (seeds), and where a line does not change at all.
        """
        values = np.array(self.dial.values)
        if not self.dial.ordered:
            return dict.fromkeys(("spearman", "spearman of a line", "calibration error"))
        return {
            "spearman": spearman(values, self.mean),
            "spearman of a line": float(np.mean([spearman(values, line) for line in self.lines])),
            "calibration error": calibration_error(values, self.mean),
        }

    def chart(self) -> Chart:
        """The measure over the dial: a thin line each, their mean bold."""
        values, dial = self.dial.values, self.dial.name.replace("_", " ")
        lines = [Line(points=[*zip(values, line, strict=True)], faint=True) for line in self.lines.tolist()]
        mean = Line(points=[*zip(values, self.mean.tolist(), strict=True)])
        return Chart(
            title=self.measure, axis=dial, lines=[*lines, mean], marks={value: f"{value:.2g}" for value in values}
        )


def curves(kept: Kept, section: Section) -> list[Curve]:
    """Every measure over the dial across, then over the dial down where there is one."""
    result = []
    for dial in (section.across, section.down):
        for measure in MEASURES if dial else ():
            values = table(kept, [row.shots for row in section.rows], measure)
            assert dial
            result.append(Curve(measure=measure, dial=dial, lines=values if dial is section.across else values.T))
    return result
