"""Whether the tests see a wrong formula: a copy of the package with one line changed at a time, and its tests run."""
