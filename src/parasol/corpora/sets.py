"""The thirteen pictogram sets: where each is fetched, how its package is laid out, whose hand drew it."""

from dataclasses import dataclass
from typing import Literal

from parasol.corpora.packages import Package

Layout = Literal["icons", "webp", "svg"]


@dataclass(frozen=True, kw_only=True)
class IconSet:
    """One style. `layout` says how the package stores it: an Iconify JSON, a folder of WebP, a folder of SVG."""

    name: str
    family: str
    layout: Layout
    package: Package


def _iconify(name: str, version: str, integrity: str, family: str = "") -> IconSet:
    package = Package(name=f"@iconify-json/{name}", version=version, integrity=f"sha512-{integrity}")
    return IconSet(name=name, family=family or name, layout="icons", package=package)


SETS = (
    _iconify(
        "twemoji",
        "1.2.5",
        "uKpuIEV0v6K5BW3Mjdyl+XKFVAbbcPxAgifKvEMtZoUZB5+YiY5zaMm2uNNCxyXzAWU9yNLlj41WU6/mvgALsw==",
    ),
    _iconify(
        "noto",
        "1.2.9",
        "DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
    ),
    _iconify(
        "noto-v1",
        "1.2.5",
        "/DsVMius69Q0fRS53z7QK1TROSuar606jiIx+laXtdsYGMXpf6LtHBx6CGfoo3UHHb/XpBsw+1L1x3eyPqMuVA==",
    ),
    _iconify(
        "fluent-emoji-flat",
        "1.2.6",
        "RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
        family="fluent",
    ),
    _iconify(
        "fluent-emoji-high-contrast",
        "1.2.6",
        "esqhZPpkrF7sNX3NsLoh8KW64okEr/bzko7WNnFP+qTJGAqDPDYjp0925yxuivXy3HtVQB8xhIKu3+Nq1byX5w==",
        family="fluent",
    ),
    IconSet(
        name="fluent-3d",
        family="fluent",
        layout="webp",
        package=Package(
            name="@lobehub/fluent-emoji-3d",
            version="1.1.0",
            integrity="sha512-Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
        ),
    ),
    _iconify(
        "emojione",
        "1.2.3",
        "T9+T3HIbJNLKKsmxYKlaYhvnHYkz/HNYTV7SHCXVZPfeUi4FqskY70YeN8yYAZT8cCv7w5vJxS4Q1m8zb9CMMg==",
    ),
    _iconify(
        "emojione-monotone",
        "1.2.1",
        "cZSNcPsuiAD6HCzCh/2dYKGh3pNI0jJlxBxQWfC33cQsPtqYZqulGBvlkThXYNvDl8VxgVHT9u+izyX/yeEIkA==",
        family="emojione",
    ),
    _iconify(
        "emojione-v1",
        "1.2.3",
        "UjI2VQEXVtGlPBvQuxEizro7QCgBcJDOYwKUupquvvZ8UV4xOlvm45IU82JYWegiAWLerY79gFLMZ26U6Ms+ww==",
    ),
    _iconify(
        "fxemoji",
        "1.2.2",
        "UAasRaxzFUKfIGSmLwnoarsssA4LX0VLLuEmplIqM6ZNQqIQRtav8tZ4H1neTlBreXuMQyAifr5jP4kn78DpiQ==",
    ),
    _iconify(
        "openmoji",
        "1.2.29",
        "vXdhkqcXVSO6suy+m9LbcUM3OdVyuNOtpV8/als/WqfkQIRxevL5Geb/g+6GH/Qwnq1OqksEmaDGTCmZ5nFKJQ==",
    ),
    IconSet(
        name="openmoji-black",
        family="openmoji",
        layout="svg",
        package=Package(
            name="openmoji",
            version="17.0.0",
            integrity="sha512-EBnYrNGdcdw+OSXmENeNE1yBNRu6tOraTmoOyUbJkTmvT/+XETp8RZLSJFzD3lrPc5N9CzsyPnRTk0Vp4UaI9w==",
        ),
    ),
    _iconify(
        "streamline-emojis",
        "1.2.4",
        "iNr9T9XuZVTyQPJO8ZlLxBzPkpi7qMl+z1l0C31vpEMqhPMelth3n7CeWQYtixdetDPdI81yeG4ROqjWpYJE6A==",
    ),
)
