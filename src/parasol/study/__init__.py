"""The human study: which of two pictures people prefer, from the schedule of trials to strengths with intervals."""
