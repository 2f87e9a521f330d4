"""The mean-field mapping: the circulating implementation number for number, the paper's formulas
against finite differences and simulation, every refusal; the units in discrete time; the study on
small networks."""

import json
import re
import runpy
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.integrate import quad
from scipy.special import erf
from shared import ROOT
from tiny_study import run, said, workplace

from rate2spike import conversion, streams
from rate2spike.config import ConfigError, from_mapping
from rate2spike.conversion.mean_field import comparison as mean_field_study
from rate2spike.conversion.mean_field import mapping, rate_network, siegert, working_point
from rate2spike.mean_field_config import MeanFieldConfig
from rate2spike.spiking import DiscreteLIF, Network, RateUnit, simulate
from rate2spike.study import checked as checked_study

CONVERGED = ["00", "03", "06", "09"]
SHIFT = siegert.threshold_shift(0.01, 0.07)


def case(number):
    """Arguments and expected values of one recorded run of the circulating implementation."""
    data = np.load(ROOT / "tests" / "data" / f"mean_field_case_{number}.npz")
    given = {
        key[3:]: data[key] if data[key].ndim else data[key].item()
        for key in data
        if key.startswith("in_")
    }
    return given, data


def balanced(n_exc=80, n_inh=20, g=6.0, mean=0.01, **more):
    """Arguments for a network in which each weight of a population is the same."""
    weights = np.full((n_exc + n_inh, n_exc + n_inh), mean)
    weights[:, n_exc:] *= -g
    given = {
        "shape_exc": n_exc,
        "dr_exc": 0.01,
        "bias_exc": 0.1,
        "shape_inh": n_inh,
        "dr_inh": 0.01,
        "bias_inh": 0.1,
    }
    return given | {"g_factor": g, "q_factor": 1.0, "weights": weights} | more


# The circulating implementation -------------------------------------------------------------------


@pytest.mark.parametrize("number", CONVERGED)
def test_published_cases_number_for_number(number):
    given, expected = case(number)
    params = conversion.convert_rate_to_lif_params(**given, published=True)
    for key in expected:
        if key.startswith("out_"):
            np.testing.assert_allclose(params[key[4:]], expected[key], rtol=1e-12, err_msg=key)
    assert params["converged"]
    assert params["weight_scale"] == pytest.approx(float(expected["weight_scale"]), rel=1e-12)
    assert abs(params["residual"]) < 1e-10 * expected["mean_exc_weight"]
    # 2 or 4 roots, two of them within a ten-thousandth: all are found
    np.testing.assert_allclose(
        params["roots"] * expected["mean_exc_weight"], expected["roots_exact"], rtol=1e-9
    )


def test_where_the_published_solver_fails_it_is_said():
    given, expected = case("13")
    with pytest.warns(
        RuntimeWarning,
        match="did not converge: the weight scale 1 is where it ended.*0.0258316, 0.0567968",
    ):
        params = conversion.convert_rate_to_lif_params(**given, published=True)
    assert not params["converged"]
    np.testing.assert_allclose(params["weights"], expected["out_weights"], rtol=1e-12)
    assert params["residual"] == pytest.approx(float(expected["residual"]), rel=1e-6)
    np.testing.assert_allclose(
        params["roots"] * expected["mean_exc_weight"], expected["roots_exact"], rtol=1e-9
    )


def test_published_roots_that_float64_cannot_resolve_are_none():
    """At small weights alpha w + beta w^2 is what is left of terms 1e12 times larger: where
    rounding turns its sign, no root."""
    given = balanced(
        40, 10, g=1.5084593370782016, mean=0.015075848490589733, dr_exc=0.1, dr_inh=0.02
    )
    with pytest.warns(RuntimeWarning, match="did not converge"):
        params = conversion.convert_rate_to_lif_params(
            **given | {"bias_exc": 0.251, "bias_inh": 0.1}, published=True
        )
    np.testing.assert_allclose(params["roots"], [1.9155, 25.157], rtol=2e-3)


def test_published_equation_without_a_root_is_an_error():
    given = balanced(20, 5, g=4.2, mean=0.4, dr_exc=0.05, dr_inh=0.05, bias_exc=0.27, bias_inh=0.18)
    with pytest.raises(
        working_point.NoSolution,
        match=r"no weight scale from 0\.001 to 1000 solves the published equation",
    ):
        conversion.convert_rate_to_lif_params(**given, published=True)


# The paper's formulas -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high"), [(-3, -1), (-400, -300), (-1, 2), (0.5, 4), (1, 1.001), (-50, 5)]
)
def test_integral_of_f(low, high):
    expected, _ = quad(
        lambda y: np.exp(y**2) * (1 + erf(y)) if y > -3 else siegert.f(y),
        low,
        high,
        epsabs=0,
        epsrel=1e-11,
    )
    assert siegert.integral_of_f(high) - siegert.integral_of_f(low) == pytest.approx(
        expected, rel=1e-10
    )


def test_the_rate_without_noise_is_that_of_a_tonic_unit():
    assert siegert.stationary_rate(5.0, 1e-4, 0.0) == pytest.approx(1 / np.log(5 / 4), rel=1e-6)


@pytest.mark.parametrize(
    ("mean", "noise"), [(0.5, 0.5), (0.9, 0.1), (1.3, 0.4), (4.0, 0.05), (-3.0, 4.0)]
)
def test_susceptibilities_are_the_derivatives_of_the_rate(mean, noise):
    alpha, beta = siegert.susceptibilities(mean, noise, SHIFT)
    h = 1e-5
    above = siegert.stationary_rate(mean + h, noise, SHIFT)
    below = siegert.stationary_rate(mean - h, noise, SHIFT)
    noises = np.sqrt(noise**2 + np.array([h, -h]) * noise**2)
    to_variance = np.subtract(*siegert.stationary_rate(mean, noises, SHIFT)) / (2 * h * noise**2)
    assert alpha == pytest.approx((above - below) / (2 * h), rel=1e-6)
    assert beta == pytest.approx(to_variance, rel=1e-5, abs=1e-8)


def test_rate_and_susceptibilities_hold_in_simulation():
    """First order in sqrt(tau_s / tau) = 0.38: the simulated rate is 4 to 8 % higher, and so are
    its derivatives."""
    n_units, n_steps, tau = 200, 5000, 100
    noise = np.random.default_rng(3).standard_normal((n_steps, n_units)) * 0.07 / np.sqrt(tau)

    def simulated(mean, sd):
        unit = DiscreteLIF(du=0.07, dv=0.01, bias=mean * 0.01)
        network = Network(
            unit, np.zeros((n_units, n_units)), 1.0, {"v": np.linspace(0, 0.9, n_units)}
        )
        spikes = simulate(
            network, sd * noise, record="spike", every=1000, average=True, progress=False
        )["spike"]
        return tau * spikes[1:].mean()

    rate = siegert.stationary_rate(1.0, 0.5, SHIFT)
    alpha, beta = siegert.susceptibilities(1.0, 0.5, SHIFT)
    to_mean = (simulated(1.05, 0.5) - simulated(0.95, 0.5)) / 0.1
    to_variance = (simulated(1.0, 0.55) - simulated(1.0, 0.45)) / (0.55**2 - 0.45**2)
    assert simulated(1.0, 0.5) / rate == pytest.approx(1.06, abs=0.04)
    assert to_mean / alpha == pytest.approx(1.07, abs=0.06)
    assert to_variance / beta == pytest.approx(1.1, abs=0.08)


def test_the_paper_s_equation_is_solved():
    """Each equation once more, by hand, for a network of equal weights."""
    given = balanced(mean=0.03)
    params = conversion.convert_rate_to_lif_params(**given)
    w, rate, tau = 0.03 * params["weight_scale"], params["rates"][0], 100
    assert params["rates"][1] == pytest.approx(rate, rel=1e-9)
    mean, variance = 5 + tau * rate * w * (80 - 20 * 6), tau * rate * w**2 * (80 + 20 * 36)
    np.testing.assert_allclose(params["mean_input"], mean, rtol=1e-9)
    np.testing.assert_allclose(params["noise"], np.sqrt(variance), rtol=1e-9)
    shift = np.sqrt(1 / 7) * 1.4603545088095868 / np.sqrt(2)
    y_th, y_r = (1 - mean) / np.sqrt(variance) + shift, -mean / np.sqrt(variance) + shift
    area, _ = quad(lambda y: np.exp(y**2) * (1 + erf(y)), y_r, y_th, epsrel=1e-12)
    assert 1 / (tau * rate) == pytest.approx(np.sqrt(np.pi) * area, rel=1e-8)
    alpha, beta = siegert.susceptibilities(mean, np.sqrt(variance), shift)
    assert alpha * w + beta * w**2 == pytest.approx(0.03, rel=1e-8)
    assert params["converged"]
    assert (params["du_exc"], params["dv_exc"], params["vth_exc"], params["bias_mant_exc"]) == (
        0.07,
        0.01,
        1,
        0.05,
    )
    np.testing.assert_allclose(params["weights"], 0.07 * params["weight_scale"] * given["weights"])


def test_the_smallest_of_two_roots_is_taken():
    """Biases apart: with growing weights the excitatory units fall silent, and the effective
    weights with them."""
    given = balanced(g=6.92, mean=0.03556, dr_exc=0.02, dr_inh=0.05, bias_exc=0.3, bias_inh=0.1)
    params = conversion.convert_rate_to_lif_params(**given)
    assert len(params["roots"]) == 2
    assert params["weight_scale"] == params["roots"].min()
    assert params["reason"].startswith("the smallest of 2 roots")
    assert abs(params["residual"]) < 1e-10


def test_two_roots_are_found_however_close():
    """The largest effective weight is 0.0672814929, at a weight of 0.12182: just below it there is
    a root on either side."""
    unlike = {"g": 6.92, "dr_exc": 0.02, "dr_inh": 0.05, "bias_exc": 0.3, "bias_inh": 0.1}
    params = conversion.convert_rate_to_lif_params(**balanced(mean=0.06728142, **unlike))
    low, high = params["roots"] * 0.06728142
    assert low < 0.12182 < high < 1.01 * low
    assert params["weight_scale"] == params["roots"][0]
    with pytest.raises(working_point.NoSolution, match="single synapse reaches the threshold"):
        conversion.convert_rate_to_lif_params(**balanced(mean=0.06728156, **unlike))


def test_units_that_fall_silent_are_said():
    given = balanced(400, 100, mean=0.1, dr_exc=0.02, dr_inh=0.05, bias_inh=0.3)
    message = (
        r"only to 0\.1496 up to a weight scale of 0\.004635 "
        r"\(the excitatory units fall silent beyond it\)"
    )
    with pytest.raises(working_point.NoSolution, match=message):
        conversion.convert_rate_to_lif_params(**given)


def test_the_search_begins_low_enough_for_small_weights():
    """Whose effective weights are exceeded where it would begin otherwise; the slope of the units
    is close to 1."""
    assert conversion.convert_rate_to_lif_params(**balanced(mean=1e-7))[
        "weight_scale"
    ] == pytest.approx(1, abs=0.01)


def test_a_stationary_state_that_is_not_found_is_said(monkeypatch):
    def nowhere(network, scale, start):
        raise ArithmeticError(f"none at {scale}")

    monkeypatch.setattr(working_point, "working_point", nowhere)
    message = (
        "no stationary state of the LIF network was found at the smallest weight scale tried, "
        "1.25e-14"
    )
    with pytest.raises(working_point.NoSolution, match=message):
        conversion.convert_rate_to_lif_params(**balanced(mean=10.0))


def test_a_state_lost_on_the_way_to_a_root_is_a_value_error(monkeypatch):
    real = working_point.working_point
    network = mapping._checked(**balanced())
    grid = set(working_point._scales(network))

    def on_the_grid(network, scale, start):
        if scale in grid:
            return real(network, scale, start)
        raise ArithmeticError(f"none at {scale}")

    monkeypatch.setattr(working_point, "working_point", on_the_grid)
    message = (
        "expected a stationary state for each weight scale on the way to a solution, but none at"
    )
    with pytest.raises(ValueError, match=message):
        working_point._roots(network)


def test_spectral_radius_of_weights_that_differ_by_receiver():
    """2.00 for many units; the eigenvalues of one matrix of 500 scatter by some percent."""
    n, sd = np.array([400, 100]), np.array([[0.02, 0.02], [0.02, 0.2]])
    w = (
        np.random.default_rng(0).standard_normal((500, 500))
        * np.repeat(np.repeat(sd, n, axis=0), n, axis=1)
        - 0.01
    )
    radius = working_point.spectral_radius(n, *rate_network.moments(w, 400))
    assert radius == pytest.approx(2.0, abs=0.02)
    assert radius == pytest.approx(np.abs(np.linalg.eigvals(w + 0.01)).max(), rel=0.08)


def test_each_population_has_its_own_du_and_bias():
    params = conversion.convert_rate_to_lif_params(**balanced(dr_inh=0.02, bias_inh=0.15))
    assert (params["du_inh"], params["dv_inh"], params["bias_mant_inh"]) == pytest.approx(
        (0.14, 0.02, 0.15)
    )
    scaled = params["weights"] / (params["weight_scale"] * balanced()["weights"])
    np.testing.assert_allclose(scaled[:80], 0.07)  # of the unit that receives
    np.testing.assert_allclose(scaled[80:], 0.14)
    # relative to the smaller bias, whichever that is
    params = conversion.convert_rate_to_lif_params(**balanced(dr_inh=0.02, bias_exc=0.15))
    found = params["bias_mant_exc"], params["bias_mant_inh"]
    assert found == pytest.approx((5 * 0.01 * 1.5, 5 * 0.02))


def test_the_predicted_rate_is_that_of_the_network():
    """3 to 6 % too low for weights of this kind."""
    settings = MeanFieldConfig(n_exc=320, n_inh=80, n_steps=4000)
    w = mean_field_study.weights(settings, g=6.0, q=1.0, seed=1)
    mapped = mean_field_study.mapped(settings, w, g=6.0, q=1.0)
    (spikes,) = mean_field_study.run_lif(
        settings, w, scales=[mapped.weight_scale], rng=np.random.default_rng(2), threads=1
    )
    assert spikes.mean() / mapped.predicted_rate == pytest.approx(1.04, abs=0.04)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape_exc": 81}, r"weights: expected shape \(101, 101\), post by pre, got \(100, 100\)"),
        ({"shape_exc": 0}, "shape_exc: expected a whole number of units >= 1, got 0"),
        ({"shape_inh": (20,)}, "shape_inh: expected a whole number"),
        ({"bias_exc": 0.0}, "bias_exc: expected a number > 0"),
        ({"bias_inh": 0}, "bias_inh: expected a number > 0"),
        ({"dr_exc": float("nan")}, "dr_exc: expected a number > 0, got nan"),
        ({"dr_inh": 0.2}, "^dr_inh: expected at most 1/7, so that du = 7 dr <= 1, got 0.2"),
        ({"dr_exc": 0.15}, "^dr_exc: expected at most 1/7, so that du = 7 dr <= 1, got 0.15"),
        ({"dr_inh": 0}, "^dr_inh: expected a number > 0, got 0"),
        ({"g_factor": float("nan")}, "^g_factor: expected a number > 0, got nan"),
        ({"shape_inh": 0}, "^shape_inh: expected a whole number of units >= 1, got 0"),
        ({"weights": 0 * balanced()["weights"]}, "^weights: expected a mean > 0 .*, got 0"),
        # a quarter more or less than that of the weights is too much
        ({"g_factor": 4.7}, "^g_factor: expected that of the weights, 6 .*, got 4.7"),
        ({"g_factor": 8.1}, "^g_factor: expected that of the weights, 6 .*, got 8.1"),
        ({"g_factor": 4.0}, r"g_factor: expected more than 4, .*gamma = N_i / N_e = 0.25\), got 4"),
        ({"g_factor": 0.2, "published": True}, r"gamma = N_e / N_i, as published = 4\), got 0.2"),
        ({"g_factor": 12.0}, "g_factor: expected that of the weights, 6 "),
        ({"q_factor": None}, "q_factor: expected a number, got None"),
        ({"weights": np.full((100, 100), np.nan)}, "weights: expected finite numbers"),
        (
            {"weights": -balanced()["weights"]},
            "weights: expected a mean > 0 in the first 80 columns",
        ),
        (
            {"weights": 100 * balanced()["weights"]},
            "weights: no solution: .* sum up to 80 on average, but .* smaller weights",
        ),
    ],
)
def test_what_cannot_be_mapped_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        conversion.convert_rate_to_lif_params(**(balanced() | changes))


@pytest.mark.parametrize("g", [4.85, 7.9])
def test_weights_of_nearly_that_g_are_mapped_by_their_own(g):
    params = conversion.convert_rate_to_lif_params(**balanced() | {"g_factor": g})
    assert params["g_factor"] == g
    assert params["weight_scale"] == pytest.approx(
        conversion.convert_rate_to_lif_params(**balanced())["weight_scale"], rel=1e-9
    )


@pytest.mark.filterwarnings("ignore:the LIF units are to fire")
def test_what_is_handed_through_and_how_large_du_may_be():
    given = balanced(20, 5, mean=0.01, dr_exc=1 / 7, dr_inh=1 / 7) | {"q_factor": 2.5}
    params = conversion.convert_rate_to_lif_params(**given)
    sizes = [params[f"{name}_{of}"] for name in ("shape", "vth", "du") for of in ("exc", "inh")]
    assert sizes == pytest.approx([20, 5, 1, 1, 1, 1])
    assert (params["g_factor"], params["q_factor"]) == (6.0, 2.5)


def test_weights_in_which_excitation_wins_are_refused():
    given = balanced(g=4.5)
    given["weights"][:80, 80:] *= 0.8  # inhibition of the excitatory units alone
    with pytest.raises(
        ValueError, match=r"weights: expected inhibition to dominate, .* sum up to 0.08, -0.1 "
    ):
        conversion.convert_rate_to_lif_params(**given)


def test_rates_that_discrete_time_cannot_have_are_said():
    given, _ = case("09")  # a unit that is to fire 2.5 times per step
    with pytest.warns(RuntimeWarning, match=r"fire 2.55 times per step"):
        conversion.convert_rate_to_lif_params(**given)


def test_which_population_is_silent_and_which_fires_too_often_is_said():
    """One of the two is enough."""
    network = mapping._checked(**balanced())
    state = working_point.WorkingPoint(*np.zeros((5, 2)))
    per_step = {"silent": 0.9e-8, "slow": 1.1e-8, "fast": 0.49, "too fast": 0.51}
    silent = "LIF units are silent in this solution (below 1e-06 spikes per time constant)"
    often = "the LIF units are to fire 0.51 times per step, and a unit in discrete time fires once"
    for rates, expected in (
        (("slow", "fast"), ""),
        (("silent", "fast"), f"the excitatory {silent}"),
        (("slow", "silent"), f"the inhibitory {silent}"),
        (("silent", "silent"), f"the excitatory and inhibitory {silent}"),
        (("slow", "too fast"), often),
        (("too fast", "slow"), often),
    ):
        point = state._replace(rates=np.array([per_step[rate] for rate in rates]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            working_point._warn_of_rates(network, point)
        told = [str(warning.message) for warning in caught]
        assert len(told) == bool(expected)
        assert not expected or told[0].startswith(expected)


def test_the_reason_says_which_root_it_is_and_whether_it_is_stable():
    root, other = (working_point.Step(scale, None, 0.0) for scale in (1.0, 2.0))
    for roots, jumps, radius, reason in (
        ([root], [], 0.99, "the only root"),
        ([root, other], [], 1, "the smallest of 2 roots, on the branch from weights of 0"),
        ([root], [], 1.02, "the only root; the linear rate network is unstable (spectral radius 1"),
        ([root], [3.25], 0.5, "the only root; left out, since not verified: a root at 3.25"),
    ):
        found = working_point._reason(working_point._Roots(roots, jumps), radius)
        assert found.startswith(reason)
        assert len(found) < len(reason) + 60
        assert ("unstable" in found) == (radius > 1)


# Units in discrete time ---------------------------------------------------------------------------


def test_discrete_lif_is_arithmetic():
    """Two units, binary fractions: current, then voltage, a threshold that must be exceeded, reset
    to 0, felt a step later."""
    unit = DiscreteLIF(du=0.5, dv=0.25, bias=np.array([0.5, 0.0]), vth=1.0)
    network = Network(unit, np.array([[0.0, 0.0], [2.0, 0.0]]), 1.0)
    inputs = np.zeros((5, 2))
    inputs[1, 0] = 0.125
    seen = simulate(network, inputs, record=("u", "v", "spike"), progress=False)
    assert seen["u"][:, 0].tolist() == [0, 0.125, 0.0625, 0.03125, 0.015625]
    # 0.5; 0.375 + 0.125 + 0.5 = 1 is not above the threshold; 0.75 + 0.0625 + 0.5 is
    assert seen["v"][:, 0].tolist() == [0.5, 1.0, 0.0, 0.53125, 0.9140625]
    assert seen["spike"][:, 0].tolist() == [0, 0, 1, 0, 0]
    assert seen["u"][:, 1].tolist() == [0, 0, 0, 2, 1]
    assert seen["v"][:, 1].tolist() == [0, 0, 0, 0, 1]
    assert seen["spike"][:, 1].tolist() == [0, 0, 0, 1, 0]


def test_rate_unit_is_arithmetic_and_rectified():
    network = Network(
        RateUnit(dr=0.5, bias=np.array([1.0, -1.0])), np.array([[0.0, 4.0], [2.0, 0.0]]), 1.0
    )
    seen = simulate(network, np.zeros((3, 2)), record=("x", "r", "spikes"), progress=False)
    assert seen["x"].tolist() == [[1.0, -1.0], [1.5, -0.5], [1.75, 0.25]]
    assert seen["r"].tolist() == [[1.0, 0.0], [1.5, 0.0], [1.75, 0.25]]
    assert len(seen.spike_time) == 0


def test_units_in_discrete_time_have_a_step_of_1():
    with pytest.raises(ValueError, match=r"dt: expected 1 for a unit in discrete time, got 0\.5"):
        simulate(Network(DiscreteLIF(), np.zeros((1, 1)), 0.5), np.zeros((2, 1)), progress=False)


# The study ----------------------------------------------------------------------------------------

SMALL = MeanFieldConfig(
    n_exc=80, n_inh=20, n_steps=2000, n_transient=300, g=(6.0,), q=(1.0,), weight_scales=(0.5, 1.0)
)


def test_networks_of_the_study_by_a_plain_loop():
    """Rates of the LIF and the rate network step by step in numpy."""
    w = mean_field_study.weights(SMALL, g=6.0, q=1.0, seed=7)
    n_bins, rng = 200, np.random.default_rng(1)
    spikes = mean_field_study.run_lif(
        SMALL, w, scales=[0.5, 1.0], rng=np.random.default_rng(5), threads=1
    )
    for scale, got in zip((0.5, 1.0), spikes, strict=True):
        u, s = np.zeros(100), np.zeros(100)
        v = np.random.default_rng(5).random(100)
        seen = []
        for _ in range(2300):
            u = 0.93 * u + scale * 0.07 * w @ s
            v = 0.99 * v + u + 0.05
            s = 1.0 * (v > 1)
            v[s > 0] = 0
            seen.append(s)
        # rounding moves single spikes by a step
        counted = np.array(seen)[300:].reshape(n_bins, 10, 100).mean(axis=1) / 0.01
        np.testing.assert_allclose(got.mean(axis=0), counted.mean(axis=0), rtol=0.03, atol=0.06)
    got = mean_field_study.run_rate(SMALL, w, rng=np.random.default_rng(1), threads=1)
    x, r_late = np.ones(100), []
    for k in range(300):
        x = 0.99 * x + 0.01 * w @ np.maximum(x, 0) + 0.05
        r_late += [np.maximum(x, 0)] if k >= 150 else []
    noise = rng.standard_normal((2300, 100)) * np.sqrt(np.mean(r_late, axis=0) / 0.01)
    x, sent, seen = np.ones(100), np.zeros(100), []
    for k in range(2300):
        x = 0.99 * x + 0.01 * w @ (np.maximum(x, 0) + sent) + 0.05
        sent = noise[k]
        seen.append(np.maximum(x, 0) + sent)
    np.testing.assert_allclose(
        got, np.array(seen)[300:].reshape(n_bins, 10, 100).mean(axis=1), rtol=1e-9, atol=1e-9
    )


def test_at_the_critical_strength_the_spectral_radius_is_one():
    def radius_at(q):
        w = mean_field_study.weights(SMALL, g=6.0, q=q, seed=3)
        return working_point.spectral_radius(np.array([80, 20]), *rate_network.moments(w, 80))

    rows = [{"g": 6.0, "q": q, "spectral_radius": radius_at(q)} for q in (0.3, 0.4, 0.5, 2.0, 3.0)]
    critical = mean_field_study.critical_strength(pd.DataFrame(rows))
    assert radius_at(critical[6.0]) == pytest.approx(1, rel=0.1)


def test_the_search_takes_the_scale_of_the_grid_with_the_nearest_rate(monkeypatch):
    """The first of equals, and never the scale of the mapping, however near that is: the two are
    compared."""
    rates = {0.5: 0.25, 1.0: 1.5, 2.0: 0.5, 1.25: 1.0}
    settings = replace(SMALL, n_exc=16, n_inh=4, q=(1.0, 2.0), weight_scales=(0.5, 1.0, 2.0))
    around = np.random.default_rng(2).choice([-0.5, 0.5], (50, 20))
    noise = np.concatenate([around, -around])  # its mean is 0

    def run_lif(settings, w, *, scales, rng, threads):
        return np.stack([rates[scale] + noise for scale in scales])

    def mapped(settings, w, *, g, q):
        scale = 1.25 if q == 1 else np.nan  # at q = 2 there is no solution
        return mean_field_study.Mapped(scale, 1.0, "")

    monkeypatch.setattr(mean_field_study, "run_lif", run_lif)
    monkeypatch.setattr(mean_field_study, "run_rate", lambda *_, **__: 1.0 + noise)
    monkeypatch.setattr(mean_field_study, "mapped", mapped)
    grid = {"LIF, weights times 0.5": (0.5, 0.25), "LIF, unconverted": (1.0, 1.5)}
    grid |= {"LIF, weights times 2": (2.0, 0.5), "LIF, searched": (1.0, 1.5)}
    with_mapping = grid | {"LIF, mean field": (1.25, 1.0)}
    studies = mean_field_study.networks(settings, seed=1)
    for (measures, curves), wanted in zip(studies, (with_mapping, grid), strict=True):
        lif = measures[measures.network != "rate network"]
        columns = [lif.network, lif.weight_scale, lif.rate]
        found = {name: (scale, rate) for name, scale, rate in zip(*columns, strict=True)}
        assert found == wanted
        assert set(curves.network) == {"rate network", *wanted}


def seen_through_the_time_constant(output):
    """Autocovariance by lag, averaged over units, and the covariances of both halves, reckoned
    step by step; dr is 0.01, a bin ten steps."""
    decay, trace = 0.99**10, np.zeros_like(output)
    before = np.zeros(output.shape[1])
    for i, now in enumerate(output - output.mean(axis=0)):
        before = decay * before + (1 - decay) * now
        trace[i] = before
    n = len(trace)
    around = trace - trace.mean(axis=0)
    lagged = [(around[: n - k] * around[k:]).sum(axis=0) / (n - k) for k in range(51)]
    halves = [np.cov(half.T) for half in (trace[: n // 2], trace[n // 2 :])]
    return np.mean(lagged, axis=1), halves


def test_every_number_of_the_measures_is_that_of_the_activity(monkeypatch):
    """Of activity of which each network has its own, with unlike populations."""
    settings = replace(SMALL, n_exc=12, n_inh=3, q=(1.5,), weight_scales=(0.5, 1.0))
    rng = np.random.default_rng(6)
    sources = rng.standard_normal((3000, 4))
    mix = rng.standard_normal((4, 15))
    outputs = {}
    for name, shift in (("rate", 3.0), (0.5, 2.0), (1.0, 2.5), (1.25, 4.0)):
        mean = shift + np.r_[np.zeros(12), np.ones(3)]
        outputs[name] = mean + sources @ mix + 0.3 * rng.standard_normal((3000, 15))
        outputs[name][:, :2] -= outputs[name][:, :2].mean(axis=0) + (shift == 2.0)
    outputs[0.5][:, 4] = 0.0

    def run_lif(settings, w, *, scales, rng, threads):
        return np.stack([outputs[scale] for scale in scales])

    def mapped(settings, w, *, g, q):
        return mean_field_study.Mapped(1.25, 3.9, "the only root")

    monkeypatch.setattr(mean_field_study, "run_lif", run_lif)
    monkeypatch.setattr(mean_field_study, "run_rate", lambda *_, **__: outputs["rate"])
    monkeypatch.setattr(mean_field_study, "mapped", mapped)
    ((measures, curves),) = mean_field_study.networks(settings, seed=3)
    w = mean_field_study.weights(settings, g=6.0, q=1.5, seed=3)
    radius = working_point.spectral_radius(np.array([12, 3]), *rate_network.moments(w, 12))
    of_network = dict(zip(measures.network, ["rate", 0.5, 1.0, 1.25, 1.0], strict=True))
    assert list(of_network) == [
        "rate network",
        "LIF, weights times 0.5",
        "LIF, unconverted",
        "LIF, mean field",
        "LIF, searched",
    ]
    by_name = measures.set_index("network")
    _, (first, second) = seen_through_the_time_constant(outputs["rate"])
    pairs = np.triu_indices(15, 1)

    def of_pairs(covariances):
        return covariances[pairs] - covariances[pairs].mean()

    a, b = of_pairs(first), of_pairs(second)
    for name, key in of_network.items():
        output, row = outputs[key], by_name.loc[name]
        autocovariance, halves = seen_through_the_time_constant(output)
        c, d = map(of_pairs, halves)
        agreement = (a + b) @ (c + d) / 4 / np.sqrt((a @ b) * (c @ d))
        expected = {
            "weight_scale": np.nan if key == "rate" else key,
            "rate_exc": output[:, :12].mean(),
            "rate_inh": output[:, 12:].mean(),
            "rate": output.mean(),
            "predicted_rate": 3.9 if name == "LIF, mean field" else np.nan,
            "silent": (output.mean(axis=0) <= 0).mean(),
            "variance": autocovariance[0],
            "dimensionality": np.trace(halves[0])
            * np.trace(halves[1])
            / np.sum(np.prod(halves, 0)),
            "agreement": np.nan if key == "rate" else agreement,
            "g": 6.0,
            "q": 1.5,
            "spectral_radius": radius,
        }
        assert list(by_name) == [*expected, "mapping"]
        np.testing.assert_allclose(
            row[list(expected)].astype(float), list(expected.values()), rtol=1e-6, err_msg=name
        )
        assert row.mapping == "the only root"
        curve = curves[curves.network == name]
        np.testing.assert_allclose(curve.lag, 0.1 * np.arange(51))  # in time constants
        np.testing.assert_allclose(curve.autocovariance, autocovariance, rtol=1e-6)
        assert (set(curve.g), set(curve.q)) == ({6.0}, {1.5})
    assert by_name.silent["LIF, weights times 0.5"] == 3 / 15


def test_weights_rates_and_voltages_draw_from_streams_of_their_own(monkeypatch):
    drawn = {}

    def run_rate(settings, w, *, rng, threads):
        drawn["rate"] = rng.random(3)
        return np.random.default_rng(0).random((100, 20))

    def run_lif(settings, w, *, scales, rng, threads):
        drawn["voltages"] = rng.random(3)
        return np.random.default_rng(0).random((len(scales), 100, 20))

    monkeypatch.setattr(mean_field_study, "run_rate", run_rate)
    monkeypatch.setattr(mean_field_study, "run_lif", run_lif)
    settings = replace(SMALL, n_exc=16, n_inh=4, g=(5.0,), q=(0.8,))
    next(mean_field_study.networks(settings, seed=9))
    for name, purpose in (("rate", "mean-field noise"), ("voltages", "mean-field voltages")):
        expected = streams.generator(9, purpose, 5.0, 0.8).random(3)
        assert np.array_equal(drawn[name], expected), name
    rng = streams.generator(9, "mean-field weights", 5.0, 0.8)
    there = rng.standard_normal((20, 20)) > 0
    w = mean_field_study.weights(settings, g=5.0, q=0.8, seed=9)
    assert np.array_equal(w != 0, there)
    excitatory, inhibitory = w[:, :16].mean(), w[:, 16:].mean()
    assert excitatory == pytest.approx((2 * 0.8) ** 2 / 20 / np.sqrt(2 * np.pi))
    assert inhibitory == pytest.approx(-5 * excitatory)


@pytest.mark.parametrize(
    ("rate", "dimensionality", "works"),
    [
        (1.19, 1.29, True),
        (0.81, 0.71, True),
        (1.21, 1.0, False),
        (0.79, 1.0, False),
        (1.0, 1.31, False),
        (1.0, 0.69, False),
        (None, None, False),
    ],
)
def test_from_where_on_the_mapping_works(rate, dimensionality, works):
    """Rates within 20 %, dimensions within 30 % of those of the rate network."""
    rows = [{"g": 5.0, "q": 1.0, "network": "rate network", "rate": 2.0, "dimensionality": 8.0}]
    if rate:
        of_lif = {"rate": 2 * rate, "dimensionality": 8 * dimensionality}
        rows.append({"g": 5.0, "q": 1.0, "network": "LIF, mean field", **of_lif})
    (verdict,) = mean_field_study.verdicts(pd.DataFrame(rows)).to_dict("records")
    assert (verdict["g"], verdict["q"], verdict["works"]) == (5.0, 1.0, works)
    assert verdict["solved"] == (rate is not None)
    if rate:
        assert verdict["rate"] == pytest.approx(rate)
        assert verdict["dimensionality"] == pytest.approx(dimensionality)


def test_dimensionality_and_agreement_of_known_activity():
    """Ten sources seen by 40 units: more samples or fewer, ten dimensions; unrelated activity does
    not agree."""
    rng = np.random.default_rng(0)
    mix = np.kron(np.eye(10), np.ones((1, 4)))
    seen = [
        mean_field_study.activity(rng.standard_normal((n, 10)) @ mix, 0.1) for n in (4000, 1000)
    ]
    for activity in seen:
        assert mean_field_study.dimensionality(activity) == pytest.approx(10, rel=0.1)
    assert mean_field_study.agreement(*seen) == pytest.approx(1, abs=0.05)
    other = mean_field_study.activity(
        rng.standard_normal((4000, 10)) @ mix[:, rng.permutation(40)], 0.1
    )
    assert abs(mean_field_study.agreement(seen[0], other)) < 0.2
    silent = mean_field_study.activity(rng.standard_normal((400, 40)), 0.1)
    assert np.isnan(mean_field_study.agreement(seen[0], silent))  # nothing that could be resolved


@pytest.mark.parametrize(("n_units", "agreement"), [(14, np.nan), (15, 1.0)])
def test_an_agreement_that_is_not_resolved_to_a_tenth_is_none(n_units, agreement):
    """By chance estimates of n pairs agree to 1 / sqrt(n): 91 pairs are too few, 105 are not."""
    half = np.random.default_rng(1).standard_normal((n_units, n_units))
    seen = mean_field_study.Activity(np.ones(n_units), np.ones(3), (half, half))
    np.testing.assert_allclose(mean_field_study.agreement(seen, seen), agreement)
    opposite = seen._replace(halves=(half, -half))  # the halves do not agree at all
    assert np.isnan(mean_field_study.agreement(seen, opposite))


def test_autocovariance_of_white_noise_is_that_of_the_filter():
    noise = np.random.default_rng(0).standard_normal((20000, 20))
    autocovariance = mean_field_study.activity(noise, 0.01).autocovariance
    np.testing.assert_allclose(
        autocovariance / autocovariance[0], 0.99 ** (10 * np.arange(51)), atol=0.05
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"g": [4.0]}, r"mean_field.g: expected numbers above 4 \(n_exc / n_inh\)"),
        (
            {"weight_scales": [0.5]},
            "mean_field.weight_scales: expected a list with 1, the unconverted weights",
        ),
        ({"n_steps": 1050}, "mean_field.n_steps: expected a multiple of 100"),
        ({"n_transient": 105}, "mean_field.n_transient: expected a multiple of 10, got 105"),
        ({"n_transient": 90}, "mean_field.n_transient: expected a whole number .*100.*, got 90"),
        ({"n_inh": 1}, "mean_field.n_inh: expected a whole number .*2.*, got 1"),
        ({"q": [1.0, 1.0]}, "mean_field.q: expected a list of different numbers > 0"),
        ({"q": [0.0]}, "mean_field.q: expected a list of different numbers > 0"),
        ({"q": []}, "mean_field.q: expected a list of different numbers > 0"),
        ({"q": [1.0, 1.0000001]}, "mean_field.q: expected numbers that differ in their first 6"),
        ({"g": [3.9], "n_exc": 80, "n_inh": 20}, "mean_field.g: expected numbers above 4 "),
        ({"dr": 0}, "mean_field.dr: expected a number > 0"),
        ({"dr": 0.2}, "mean_field.dr: expected a number > 0 and at most 1/7"),
        ({"n_units": 5}, "mean_field.n_units: unknown key"),
    ],
)
def test_settings_that_cannot_be_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        from_mapping(MeanFieldConfig, values, "mean_field")


def test_the_largest_dr_and_any_ratio_of_the_populations_are_allowed():
    settings = MeanFieldConfig(
        dr=1 / 7, n_exc=50, n_inh=100, g=(0.6,), n_transient=110, n_steps=1100
    )
    assert (settings.dr, settings.g) == (1 / 7, (0.6,))


def test_config_schema_and_settings_have_the_same_keys():
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    values = yaml.safe_load((ROOT / "config" / "mean_field.yaml").read_text())
    keys = schema["properties"]["mean_field"]["properties"]
    assert set(keys) == set(MeanFieldConfig.__dataclass_fields__) == set(values["mean_field"])
    checked = checked_study(values, schema)  # no conditions, and that is all it needs
    assert checked.conditions == ()
    assert checked.mean_field == MeanFieldConfig()
    with pytest.raises(ConfigError, match=r"mean_field\.gs: unknown key; allowed are n_exc, n_inh"):
        checked_study(values | {"mean_field": {"gs": [5]}}, schema)
    for keys in ({}, {"conditions": {}, "mean_field": {}}):
        # beside conditions nothing may be left out
        with pytest.raises(ConfigError, match="device: missing key"):
            checked_study({"study_seed": 1} | keys, schema)


@pytest.fixture(scope="module")
def small_study():
    """Weights that the mapping solves, and weights that it does not."""
    return {
        "n_exc": 80,
        "n_inh": 20,
        "g": [6],
        "q": [0.8, 4],
        "n_transient": 200,
        "n_steps": 1000,
        "weight_scales": [1, 2],
    }


def test_a_population_that_falls_silent_is_said():
    n_exc, n_inh = 400, 100
    weights = np.random.default_rng(1).exponential(0.003, (n_exc + n_inh, n_exc + n_inh))
    weights[:, n_exc:] *= -6
    with pytest.warns(RuntimeWarning, match="the excitatory LIF units are silent in this solution"):
        conversion.convert_rate_to_lif_params(n_exc, 0.01, 1.0, n_inh, 0.01, 5.0, 6.0, 1.0, weights)


def test_the_study_s_script(small_study, tmp_path, monkeypatch):
    """As the workflow runs it, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "workflow" / "scripts")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # job.start sets another
    names = {
        "measures": "measures.csv",
        "autocovariances": "autocovariances.csv",
        "record": "record.json",
    }
    names |= {ending: f"mean_field.{ending}" for ending in ("pdf", "png", "csv")} | {
        "caption": "mean_field.rst"
    }
    params = {"settings": small_study, "study_seed": 1, "code": "abc"}
    asked, networks = [], mean_field_study.networks

    def listening(settings, seed, threads):
        asked.append((seed, threads))
        return networks(settings, seed, threads)

    monkeypatch.setattr(mean_field_study, "networks", listening)
    snakemake = SimpleNamespace(
        rule="mean_field",
        wildcards={},
        log=["log/mean_field.log"],
        threads=2,
        params=SimpleNamespace(**params, items=params.items),
        input=SimpleNamespace(caption=ROOT / "workflow" / "report" / "mean_field.rst"),
        output=SimpleNamespace(**names),
    )
    runpy.run_path(
        str(ROOT / "workflow" / "scripts" / "mean_field.py"), init_globals={"snakemake": snakemake}
    )
    assert asked == [(1, 2)]
    curves = pd.read_csv("autocovariances.csv")
    assert {"network", "lag"} <= set(curves)
    measures = pd.read_csv("measures.csv").set_index(["q", "network"]).sort_index()
    assert (4, mean_field_study.AFTER) not in measures.index
    assert "no solution" in measures.mapping[(4, mean_field_study.RATE)]
    assert measures.weight_scale[(0.8, mean_field_study.AFTER)] == pytest.approx(1, abs=0.05)
    drawn = pd.read_csv("mean_field.csv")
    rates = drawn[(drawn.panel == "rate 6") & (drawn.series == mean_field_study.RATE)]
    np.testing.assert_allclose(
        rates.y, measures.rate[[(0.8, mean_field_study.RATE), (4, mean_field_study.RATE)]]
    )
    assert "1 there is no solution" in Path("mean_field.rst").read_text(encoding="utf-8")
    assert Path("mean_field.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads(Path("record.json").read_text(encoding="utf-8"))
    assert (record["study_seed"], record["fingerprint"], record["settings"]["settings"]) == (
        1,
        "abc",
        small_study,
    )


def test_the_study_is_one_job_and_says_how_it_was_made(small_study, tmp_path):
    path = workplace(tmp_path)
    (path / "small.yaml").write_text(yaml.safe_dump({"study_seed": 1, "mean_field": small_study}))
    done = run(path, "-n", config="small.yaml")
    assert done.returncode == 0, said(done)[-4000:]
    jobs = re.findall(r"^(\w+) +(\d+)$", said(done), re.MULTILINE)
    assert dict(jobs) == {
        "mean_field": "1",
        "provenance": "1",
        "provenance_page": "1",
        "all": "1",
        "total": "4",
    }
