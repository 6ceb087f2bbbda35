"""The guidance equation: affine in both scales, with the right ends, and no branch evaluated in vain."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parasol.maths.guidance import branch_weights, combine, joint_weights
from parasol.sampling.guided import guided
from parasol.types import Condition
from worlds import FiniteWorld, Recorder, normal

SCALES = st.floats(-10, 10)
WORLD = FiniteWorld.make()
LATENT = normal(7, 1, 3, 4, 4)


def branches():
    """Null, style-only and content-only prediction of the world at one latent, each asked for on its own."""
    m, c = WORLD.styles[[1]], WORLD.contents[[2]]
    pairs = [(0 * m, 0 * c), (m, 0 * c), (0 * m, c)]
    return [WORLD.denoise(LATENT, 500, np.stack(pair, axis=1)) for pair in pairs]


@given(g_s=SCALES, g_y=SCALES)
def test_combination_is_the_equation_of_the_paper(g_s, g_y):
    e_00, e_s0, e_0y = (normal(seed, 1, 3, 4, 4, dtype=np.float64) for seed in range(3))
    expected = e_00 + g_s * (e_s0 - e_00) + g_y * (e_0y - e_00)
    weights = branch_weights(g_s, g_y)
    combined = combine(list(zip(weights[:3], (e_00, e_s0, e_0y), strict=True)))
    np.testing.assert_allclose(combined, expected, atol=1e-12)
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)


@given(g=SCALES)
def test_equal_scales_jointly_are_classifier_free_guidance_in_two_branches(g):
    e_00, e_sy = (normal(seed, 1, 3, 4, 4, dtype=np.float64) for seed in range(2))
    weights = joint_weights(g, g)
    assume(g >= 0.0)
    assert (weights.style, weights.content) == (0.0, 0.0)
    np.testing.assert_allclose(
        combine([(weights.null, e_00), (weights.joint, e_sy)]), e_00 + g * (e_sy - e_00), atol=1e-12
    )
    assert (joint_weights(0.0, 0.0), joint_weights(1.0, 1.0)) == ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


@given(g_s=SCALES, g_y=SCALES)
def test_joint_guidance_is_the_papers_where_modalities_add_up(g_s, g_y):
    """Where e_sy - e_00 is the sum of both differences, sharing changes nothing; nor does it where a scale is 0."""
    e_00, e_s0, e_0y = (normal(seed, 1, 3, 4, 4, dtype=np.float64) for seed in range(3))
    branches = (e_00, e_s0, e_0y, e_s0 + e_0y - e_00)
    found, paper = (
        combine(list(zip(weights(g_s, g_y), branches, strict=True))) for weights in (joint_weights, branch_weights)
    )
    np.testing.assert_allclose(found, paper, atol=1e-10)
    assert sum(joint_weights(g_s, g_y)) == pytest.approx(1.0, abs=1e-12)
    assert joint_weights(g_s, 0.0) == branch_weights(g_s, 0.0)
    assert joint_weights(0.0, g_y) == branch_weights(0.0, g_y)


def test_the_larger_scale_weighs_a_difference_given_the_other_modality():
    """e_00 + g_y (e_0y - e_00) + g_s (e_sy - e_0y), as Brooks et al. 2023, equation 3, where the content is heard."""
    assert joint_weights(4.0, 1.5) == (1.0 - 1.5, 0.0, 1.5 - 4.0, 4.0)
    assert joint_weights(1.5, 4.0) == (1.0 - 1.5, 1.5 - 4.0, 0.0, 4.0)
    assert joint_weights(-1.0, 4.0) == branch_weights(-1.0, 4.0), "a negative scale shares nothing"


def test_nothing_jumps_where_a_modality_is_turned_off():
    for near, at in [((3.0, 1e-6), (3.0, 0.0)), ((1e-6, 3.0), (0.0, 3.0)), ((2.0, 1.0 - 1e-6), (2.0, 1.0))]:
        np.testing.assert_allclose(joint_weights(*near), joint_weights(*at), atol=1e-5)
    assert joint_weights(3.0, 0.5) == (1.0 - 0.5 - 1.25, 1.25, -1.25, 0.5 + 1.25)


def test_joint_guidance_asks_for_no_branch_of_weight_0():
    seen = []

    def recorder(z, t, tokens):
        seen.append(tokens)
        return WORLD.denoise(z, t, tokens)

    condition = WORLD.condition(1, 2)
    found = guided(recorder, condition, g_s=3.0, g_y=3.0, joint=True)(LATENT, 300)
    (tokens,) = seen
    both = np.stack([condition.style, condition.content], axis=1)
    np.testing.assert_array_equal(tokens, np.concatenate([0.0 * both, both]))
    null, joint = WORLD.denoise(LATENT, 300, 0.0 * both), WORLD.denoise(LATENT, 300, both)
    np.testing.assert_allclose(found, null + 3.0 * (joint - null), atol=1e-5)


@pytest.mark.parametrize(("g_s", "g_y", "branch"), [(0.0, 0.0, 0), (1.0, 0.0, 1), (0.0, 1.0, 2)])
def test_ends_are_one_branch_bit_for_bit(g_s, g_y, branch):
    guided_eps = guided(WORLD.denoise, WORLD.condition(1, 2), g_s=g_s, g_y=g_y)(LATENT, 500)
    np.testing.assert_array_equal(guided_eps, branches()[branch])


@pytest.mark.parametrize(
    ("scales", "capped", "branches"),
    [
        ((2.0, 1.5), (1.0, 1.0), 1),
        ((2.0, 0.5), (1.0, 0.5), 4),
        ((-2.0, 1.5), (-2.0, 1.0), 3),
        ((0.0, 3.0), (0.0, 1.0), 1),
    ],
)
def test_scales_push_in_an_interval_and_count_as_1_at_most_below(scales, capped, branches):
    condition = WORLD.condition(1, 2)
    recorder = Recorder(WORLD.denoise)
    limited = guided(recorder, condition, g_s=scales[0], g_y=scales[1], joint=True, since=500)
    for t, (g_s, g_y) in ((500, scales), (499, capped)):
        expected = guided(WORLD.denoise, condition, g_s=g_s, g_y=g_y, joint=True)(LATENT, t)
        assert np.array_equal(limited(LATENT, t), expected)
    assert len(recorder.calls[-1][1]) == branches


def test_three_branches_agree_with_the_equation():
    e_00, e_s0, e_0y = branches()
    guided_eps = guided(WORLD.denoise, WORLD.condition(1, 2), g_s=5.0, g_y=3.0)(LATENT, 500)
    np.testing.assert_allclose(guided_eps, e_00 + 5 * (e_s0 - e_00) + 3 * (e_0y - e_00), atol=1e-5)


@pytest.mark.parametrize(
    ("g_s", "g_y", "evaluated"),
    [
        (0.0, 0.0, ["null"]),
        (1.0, 0.0, ["style"]),
        (0.0, 1.0, ["content"]),
        (0.5, 0.5, ["style", "content"]),
        (5.0, 0.0, ["null", "style"]),
        (0.0, 5.0, ["null", "content"]),
        (5.0, 5.0, ["null", "style", "content"]),
    ],
)
def test_only_weighted_branches_are_evaluated_and_in_one_batch(g_s, g_y, evaluated):
    m, c = WORLD.styles[1], WORLD.contents[2]
    tokens = {"null": (0 * m, 0 * c), "style": (m, 0 * c), "content": (0 * m, c)}
    recorder = Recorder(WORLD.denoise)
    guided(recorder, WORLD.condition(1, 2), g_s=g_s, g_y=g_y)(LATENT, 300)
    ((t, asked),) = recorder.calls
    assert t == 300
    np.testing.assert_array_equal(asked, [np.stack(tokens[name]) for name in evaluated])


def test_batch_of_pictures_gives_each_what_it_gets_alone():
    latents, styles, contents = normal(1, 3, 3, 4, 4), WORLD.styles[[0, 1, 2]], WORLD.contents[[4, 3, 0]]
    together = guided(WORLD.denoise, Condition(style=styles, content=contents), g_s=4.0, g_y=2.0)(latents, 700)
    for i in range(3):
        condition = Condition(style=styles[[i]], content=contents[[i]])
        alone = guided(WORLD.denoise, condition, g_s=4.0, g_y=2.0)(latents[[i]], 700)
        np.testing.assert_allclose(together[[i]], alone, atol=1e-5)


def test_condition_is_left_as_it_was():
    condition = WORLD.condition(1, 2)
    guided(WORLD.denoise, condition, g_s=5.0, g_y=5.0)(LATENT, 10)
    np.testing.assert_array_equal(condition.style, WORLD.styles[[1]])
    np.testing.assert_array_equal(condition.content, WORLD.contents[[2]])


@pytest.mark.parametrize(("g_s", "g_y"), [(float("nan"), 1.0), (1.0, float("inf"))])
def test_scales_that_are_not_finite_are_refused(g_s, g_y):
    with pytest.raises(ValueError, match="must be finite"):
        branch_weights(g_s, g_y)
    with pytest.raises(ValueError, match="must be finite"):
        joint_weights(g_s, g_y)


def test_mismatched_shapes_are_refused():
    with pytest.raises(ValueError, match=r"2 latents for 1 conditions"):
        guided(WORLD.denoise, WORLD.condition(0, 0), g_s=1.0, g_y=1.0)(normal(0, 2, 3, 4, 4), 0)
    with pytest.raises(ValueError, match=r"content \(2, 16\)"):
        Condition(style=WORLD.styles[[0]], content=WORLD.contents[[0, 1]])
