"""The report as one page of HTML that needs nothing beside itself."""

import io
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape

from PIL import Image

from parasol.charts import svg
from parasol.comparison.comparison_page import table_of
from parasol.editions import titled
from parasol.images import sheet, to_uint8
from parasol.report.curves import Curve, curves
from parasol.report.sections import Section
from parasol.report.shots import MEASURES, Kept
from parasol.types import Picture, Record

QUALITY = 88  # of WebP
CELL = 128  # px
FIELD = (230, 130)  # px of a chart
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c2530;max-width:1500px;margin:2rem auto;padding:0 1rem}
h1,h2{line-height:1.2}h2{margin-top:3rem;border-top:1px solid #dde;padding-top:1.2rem}
p{max-width:75ch}figure{margin:1rem 0;overflow-x:auto}figure img{max-width:100%;height:auto;display:block}
.charts{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem}svg{font:11px system-ui,sans-serif;fill:#1c2530}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:.8rem 0}
td,th{padding:.2rem .7rem;border-bottom:1px solid #dde;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}nav a{margin-right:1rem}code{font-size:.9em}
"""


def page(kept: Kept, sections: Sequence[Section], comparison: Record | None) -> str:
    """The whole page: what it is about, a part for each section, and the comparison where there is one."""
    manifest = kept.subject.model.bundle.manifest
    dials = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in manifest.dials.model_dump().items())
    measures = "".join(f"<li><b>{escape(name)}</b>: {escape(what)}</li>" for name, what in MEASURES.items())
    links = "".join(f'<a href="#{section.name}">{escape(section.title.partition(":")[0])}</a>' for section in sections)
    parts = [
        f"<h1>Controllability of the model {escape(manifest.name)}</h1>",
        f"<p>Bundle <code>{kept.subject.model.bundle.identity[:12]}</code>, {len(kept.subject.pairs)} held-out pairs "
        f"from the fixed list, {kept.steps} steps; other dials as the model has them ({escape(dials)}), seed 0. "
        "Nothing is chosen by hand.</p>",
        f"<nav>{links}</nav>",
        "<p>Below each sheet each measure is drawn over the dial: a thin line for each row, their mean bold.</p>",
        f"<ul>{measures}</ul>",
        "<p><b>Spearman</b> is the rank correlation of dial and mean line, and the mean of those of the single lines. "
        "<b>Calibration error</b> is the mean of |share of the dial's range - share of the mean line's range|, the "
        "latter from its lowest to its highest value, turned round where the line falls: 0 is a dial that leads "
        "evenly. The two encoders are the model's own and judge it leniently.</p>",
        *(_section(kept, section) for section in sections),
        *([] if comparison is None else [comparison_section(comparison)]),
    ]  # fmt: skip
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(manifest.name)}'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}: controllability</title><style>{STYLE}</style></head>\n<body>'
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _section(kept: Kept, section: Section) -> str:
    lines = curves(kept, section)
    charts = "".join(svg([curve.chart()], FIELD) for curve in lines)
    return (
        f'<h2 id="{section.name}">{escape(section.title)}</h2><p>{escape(section.text)}</p>'
        f'<figure><img alt="{escape(section.title)}" src="{_webp(_sheet(kept, section))}"></figure>'
        f'<div class="charts">{charts}</div>{_figures(lines)}'
    )


def _sheet(kept: Kept, section: Section) -> Picture:
    """The section's pictures in rows and columns, with those that went in at the left."""
    blank = kept.subject.fitted(section.rows[0].inputs[0]) * 0.0 + 1.0
    rows = []
    for row in section.rows:
        inputs = [*map(kept.subject.fitted, row.inputs)] or [blank] * len(section.input_labels)
        rows.append([*inputs, *map(kept.picture, row.shots)])
    name = section.across.name.replace("_", " ")
    values = [f"{name if len(name) < 16 else 'share'} {value:.2g}" for value in section.across.values]
    return sheet(
        rows, cell=CELL, row_labels=[row.label for row in section.rows],
        column_labels=[*section.input_labels, *values],
    )  # fmt: skip


def _figures(lines: Sequence[Curve]) -> str:
    if not any(curve.dial.ordered for curve in lines):
        spread = "".join(f"<li>{curve.measure}: {curve.mean.mean():.3f} on the average</li>" for curve in lines)
        return f"<ul>{spread}</ul>"
    head = ["measure", "dial", *lines[0].figures()]
    rows = [
        [curve.measure, curve.dial.name.replace("_", " "), *map(_number, curve.figures().values())] for curve in lines
    ]
    return _table(head, rows)


def comparison_section(record: Record) -> str:
    """The section with the table of a comparison, and which models painted for it."""
    head, rows = table_of(record)
    settings = [method["settings"] for method in record["methods"].values()]
    models = sorted({titled(run["model"], run["model_hash"]) for run in settings if "model_hash" in run})
    caption = (
        f"{record['pairs']['count']} pairs, by {', '.join(models) or 'no model'}; intervals: {record['interval']}. "
        "* marks values of a method that was optimised against the metric, ~ of one that shares a part with it; bold "
        "is the best of the others."
    )
    return f'<h2 id="comparison">Comparison with other methods</h2><p>{escape(caption)}</p>{_table(head, rows)}'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _cell(markdown: str) -> str:
    """A cell of a Markdown table: bold and escaped tildes are all that these hold."""
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(markdown).replace("\\~", "~"))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _webp(picture: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(to_uint8(picture)).save(file, "WEBP", quality=QUALITY, method=6)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"
