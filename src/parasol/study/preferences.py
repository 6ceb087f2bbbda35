"""Statistics of paired comparisons: rates, side bias, strengths, sample sizes. Functions of numbers alone."""

from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError

HALF_ANSWER = 0.5
"""Added to each side of every comparison where the answers set no finite strengths."""

STEPS = 100
LARGEST_STEP = 2.0  # of Newton's method, in log-strength
CLOSE = 1e-10
LARGEST = 12.0  # log-strength; beyond, answers push a method without end


def z_of(confidence: float) -> float:
    """Half width, in standard deviations, of the middle of a normal distribution that holds the share `confidence`."""
    if not 0 < confidence < 1:
        raise ParasolError(f"the confidence is {confidence}; it must lie between 0 and 1: 0.95 is usual")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(successes: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a rate (Wilson 1927); (0, 1) where nothing was counted."""
    if not 0 <= successes <= of:
        raise ParasolError(f"{successes} successes of {of} are no rate: the first must be 0 to the second")
    if not of:
        return 0.0, 1.0
    z, rate = z_of(confidence), successes / of
    middle = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def fair_coin(heads: int, of: int) -> float:
    """How probable a fair coin is to come out at least as far from even, to either side (exact)."""
    if not 0 <= heads <= of:
        raise ParasolError(f"{heads} heads of {of} cannot be: the first must be 0 to the second")
    tail = sum(comb(of, count) for count in range(max(heads, of - heads), of + 1))
    return min(1.0, 2 * tail / 2**of)


def answers_needed(rate: float, power: float = 0.8, confidence: float = 0.95) -> float:
    """Answers to a comparison, ties aside, after which a true `rate` is told from 1/2 with probability `power`.

    The normal approximation of the two-sided test (Fleiss, Statistical Methods for Rates and Proportions, ch. 2);
    infinite for a rate of 1/2.
    """
    if not (0 <= rate <= 1 and 0 < power < 1):
        raise ParasolError(
            f"rate {rate} and power {power} must lie in 0..1, the power inside: 0.6 and 0.8, for example"
        )
    if rate == 0.5:
        return float("inf")
    z = z_of(confidence) / 2 + NormalDist().inv_cdf(power) * sqrt(rate * (1 - rate))
    return (z / (rate - 0.5)) ** 2


def detectable_rate(answers: float, power: float = 0.8, confidence: float = 0.95) -> float:
    """Smallest rate above 1/2 that so many answers tell from 1/2: `answers_needed` turned round; 1 at most."""
    low, high = 0.5, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if answers_needed(middle, power, confidence) <= answers else (middle, high)
    return high


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """Bradley-Terry with Davidson's ties, fitted to one table of counts or to many at once (leading axes)."""

    log: Float[np.ndarray, "*batch M"]
    """Log-strength of each method, their sum 0: i beats j with odds exp(log_i - log_j), ties aside."""

    log_tie: Float[np.ndarray, "*batch"]
    """Log of Davidson's nu: the odds of a tie against either of two equals; -inf where nobody could tie, or did."""

    covariance: Float[np.ndarray, "*batch M M"]
    """Of `log`: the block of the pseudo-inverse of the information matrix."""

    finite: Bool[np.ndarray, "*batch"]
    """False where the answers alone set no finite strengths, and half an answer a side was added."""


def fit(wins: Float[np.ndarray, "*batch M M"], ties: Float[np.ndarray, "*batch M M"]) -> Strengths:
    """Maximum-likelihood strengths (Davidson 1970; Bradley and Terry 1952 where nobody tied), by Newton's method.

    wins[i, j] counts answers for i against j; ties[i, j] = ties[j, i] those for neither. Finite strengths exist where
    everybody can be reached from everybody along wins and ties (Ford 1957), and where not all is tied.

    Raises:
        ValueError: the tables do not fit together, or some methods were never compared, directly or through others.
    """
    _check(wins, ties)
    methods = wins.shape[-1]
    first, second = np.triu_indices(methods, 1)
    with_ties = np.asarray(ties.any(axis=(-1, -2)))
    decided = wins.any(axis=(-1, -2))
    if not np.all(compared(wins, ties)):
        raise ParasolError("some methods were never compared, directly or through others: collect more answers first")
    finite = np.asarray(_reachable(wins + ties > 0).all(axis=(-1, -2)) & (decided | ~with_ties))
    wins = wins + HALF_ANSWER * (_met(wins, ties) & ~finite[..., None, None])
    outcomes = np.stack([wins[..., first, second], wins[..., second, first], ties[..., first, second]], axis=-1)
    log, log_tie, information = _newton(outcomes, first, second, methods, with_ties)
    largest = np.maximum(np.abs(log).max(axis=-1), np.where(with_ties, np.abs(log_tie), 0.0))
    endless = np.asarray(finite & ~(largest < LARGEST))  # ties alone join what wins do not order; nan counts
    if endless.any():
        finite = np.asarray(finite & ~endless)
        outcomes = outcomes + HALF_ANSWER * ((outcomes.sum(-1, keepdims=True) > 0) & endless[..., None, None])
        outcomes[..., 2] *= with_ties[..., None]
        log, log_tie, information = _newton(outcomes, first, second, methods, with_ties)
    return Strengths(
        log=log,
        log_tie=np.where(with_ties, log_tie, -np.inf),
        covariance=_pseudo_inverse(information, methods)[..., :methods, :methods],
        finite=finite,
    )


def compared(
    wins: Float[np.ndarray, "*batch M M"], ties: Float[np.ndarray, "*batch M M"]
) -> Bool[np.ndarray, "*batch"]:
    """Whether all methods were compared, directly or through others."""
    return np.asarray(_reachable(_met(wins, ties)).all(axis=(-1, -2)))


def _met(wins: np.ndarray, ties: np.ndarray) -> np.ndarray:
    return wins + np.swapaxes(wins, -1, -2) + ties > 0


def _check(wins: np.ndarray, ties: np.ndarray) -> None:
    diagonals = np.diagonal(wins, axis1=-2, axis2=-1), np.diagonal(ties, axis1=-2, axis2=-1)
    if min(wins.min(), ties.min()) < 0 or any(diagonal.any() for diagonal in diagonals):
        raise ParasolError("counts must be 0 or more, and 0 for a method against itself: check the tables")
    if not np.array_equal(ties, np.swapaxes(ties, -1, -2)):
        raise ParasolError("ties must be the same both ways: add the table of ties to its transpose")


def _reachable(steps: Bool[np.ndarray, "*batch M M"]) -> Bool[np.ndarray, "*batch M M"]:
    """Which methods lead to which along any number of steps."""
    paths = steps | np.eye(steps.shape[-1], dtype=bool)
    for _ in range(max(1, (steps.shape[-1] - 1).bit_length())):
        paths = np.matmul(paths.astype(np.int64), paths.astype(np.int64)) > 0
    return paths


def _newton(
    outcomes: Float[np.ndarray, "*batch P 3"],
    first: Int[np.ndarray, " P"],
    second: Int[np.ndarray, " P"],
    methods: int,
    with_ties: Bool[np.ndarray, "*batch"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-strengths, log tie parameter, information matrix.

    An outcome's probability is proportional to exp(features . parameters): a multinomial logit, whose likelihood is
    concave. Where nobody tied, the parameter of ties is held at 0 and the outcome left out.
    """
    pairs = np.arange(len(first))
    features = np.zeros((len(first), 3, methods + 1))
    features[pairs, 0, first] = features[pairs, 1, second] = 1
    features[pairs, 2, first] = features[pairs, 2, second] = 0.5
    features[pairs, 2, methods] = 1
    possible = np.ones((*with_ties.shape, 1, 3))
    possible[..., 0, 2] = with_ties
    total = outcomes.sum(-1)
    parameters = np.zeros((*with_ties.shape, methods + 1))
    for _ in range(STEPS):
        scores = np.einsum("pof,...f->...po", features, parameters)
        shares = possible * np.exp(scores - scores.max(-1, keepdims=True))
        shares = shares / shares.sum(-1, keepdims=True)
        gradient = np.einsum("...po,pof->...f", outcomes - total[..., None] * shares, features)
        mean = np.einsum("...po,pof->...pf", shares, features)
        information = np.einsum("...p,...po,pof,pog->...fg", total, shares, features, features, optimize=True)
        information = information - np.einsum("...p,...pf,...pg->...fg", total, mean, mean, optimize=True)
        step = np.einsum("...fg,...g->...f", _pseudo_inverse(information, methods), gradient)
        size = np.abs(step).max(axis=-1, keepdims=True)
        if size.max() < CLOSE:
            break
        parameters = parameters + step * np.minimum(1, LARGEST_STEP / np.maximum(size, CLOSE))
    return parameters[..., :methods], parameters[..., methods], information


def _pseudo_inverse(information: Float[np.ndarray, "*batch F F"], methods: int) -> Float[np.ndarray, "*batch F F"]:
    """Exact: the known null directions are filled before the inversion, and taken out of the result again.

    Adding a constant to all strengths changes nothing; where nobody tied, neither does the parameter of ties.
    """
    level = np.zeros(methods + 1)
    level[:methods] = methods**-0.5
    null = np.multiply.outer(level, level) + np.zeros_like(information)
    null[..., methods, methods] = information[..., methods, methods] == 0
    try:
        return np.linalg.inv(information + null) - null
    except np.linalg.LinAlgError:  # a table whose strengths have no end; `fit` sees them grow
        return np.linalg.pinv(information + null, hermitian=True) - null
