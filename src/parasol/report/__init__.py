"""The controllability report: the paper's figures of one model, drawn, measured and put on one page."""
