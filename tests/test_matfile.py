"""Model files: what is written is read back bit for bit, foreign files load, and a bad file is
refused by file and key."""

import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from shared import PUBLISHED_MODEL

from rate2spike import mat_round_trip, matfile, streams
from rate2spike.config import RateConfig, TrainingConfig
from rate2spike.conversion import to_spiking
from rate2spike.matfile import ModelFileError
from rate2spike.rate import train
from rate2spike.rate.kernels.pick import rate_kernels
from rate2spike.rate.model import UnitGains
from rate2spike.tasks import BUILT_IN


def keys_of(path):
    return {k: v for k, v in scipy.io.loadmat(path).items() if not k.startswith("__")}


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "trained.mat"
    matfile.save(path, *trained, {"task": "go-nogo", "seed": 3})
    return path


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# Our own files ------------------------------------------------------------------------------------


def test_a_model_comes_back_bit_for_bit(trained, saved):
    model, loaded = trained.model, matfile.load(saved)
    assert (model.weights.w_rec < 0).any()  # the file holds the rectified weights, as published
    for ours, theirs in ((loaded.weights, model.weights), (loaded.initial, model.initial)):
        assert same_bits(ours.w_rec, np.maximum(theirs.w_rec, 0))
        assert same_bits(ours.tau_raw, theirs.tau_raw)
    assert same_bits(loaded.weights.w_out, model.weights.w_out)
    assert float(loaded.weights.b_out) == float(model.weights.b_out) != 0
    for field in ("w_in", "inhibitory", "mask"):
        assert same_bits(getattr(loaded, field), getattr(model, field))
    assert np.array_equal(loaded.tau_decay_ms(), model.tau_decay_ms())
    assert loaded.config.tau_decay_ms == (20, 50)
    assert loaded.config.activation == "sigmoid"


@pytest.mark.parametrize(
    "config",
    [
        RateConfig(n_units=7, dale=False),
        RateConfig(n_units=9, p_inh=0.6, n_som=2),
        RateConfig(n_units=5, tau_decay_ms=(35.0,), activation="clipped_relu"),
        RateConfig(n_units=1, p_inh=0, activation="softplus"),
        RateConfig(n_units=6, p_inh=0),
        RateConfig(n_units=6, p_inh=1),
    ],
    ids=["no dale", "som", "one decay", "one unit", "no inhibition", "all inhibitory"],
)
def test_every_kind_of_network_comes_back(tmp_path, config):
    training = TrainingConfig(max_trials=2, evaluation_trials=2)
    model, record = train.train_network(
        BUILT_IN["integration"], config, training, study_seed=1, network="net"
    )
    matfile.save(tmp_path / "net.mat", model, record, {})
    loaded = matfile.load(tmp_path / "net.mat")
    for field in ("n_units", "n_som", "dale", "activation", "tau_decay_ms"):
        assert getattr(loaded.config, field) == getattr(config, field), field
    w_rec = np.maximum(model.weights.w_rec, 0) if config.dale else model.weights.w_rec
    assert same_bits(loaded.weights.w_rec, w_rec)
    assert same_bits(loaded.w_in, model.w_in)
    assert same_bits(loaded.mask, model.mask)
    assert same_bits(loaded.inhibitory, model.inhibitory)
    assert same_bits(loaded.weights.w_out, model.weights.w_out)


@pytest.mark.parametrize("connections", ["keep", "grow"])
def test_a_model_whose_connections_can_return_is_saved_rectified(tmp_path, connections):
    """The network below 0 is that of training alone: file, conversion and published names have the
    effective weights."""
    config = RateConfig(n_units=40, p_inh=0.4, n_som=2, connections=connections)
    training = TrainingConfig(max_trials=102, evaluation_trials=2, loss_threshold=1e-9)
    model, record = train.train_network(
        BUILT_IN["go-nogo"], config, training, study_seed=1, network="net"
    )
    lost = (model.weights.w_rec < 0).sum()
    assert lost > (300 if connections == "grow" else 30)
    matfile.save(tmp_path / "net.mat", model, record, {})
    keys = keys_of(tmp_path / "net.mat")
    assert same_bits(keys["w"], np.maximum(model.weights.w_rec, 0))
    assert same_bits(keys["w0"], model.initial.w_rec)
    density = (keys["w"] > 0).mean() - (keys["w0"] > 0).mean()
    assert density > 0 if connections == "grow" else density < 0
    loaded = matfile.load(tmp_path / "net.mat")
    assert same_bits(loaded.weights.w_rec, keys["w"])
    stimulus = record.stimulus[None]
    ours, theirs = (
        rate_kernels().outputs(m, m.weights, stimulus, stream=streams.key(1, "test"), first_trial=0)
        for m in (model, loaded)
    )
    assert np.array_equal(ours, theirs)
    assert np.array_equal(to_spiking(model, 40).w_rec, to_spiking(loaded, 40).w_rec)


def test_all_published_keys_with_the_published_shapes_and_types(tmp_path):
    training = TrainingConfig(max_trials=2)
    model, record = train.train_network(
        BUILT_IN["go-nogo"], RateConfig(), training, study_seed=1, network="net"
    )
    matfile.save(tmp_path / "net.mat", model, record, {})
    ours, published = keys_of(tmp_path / "net.mat"), keys_of(PUBLISHED_MODEL)
    assert set(ours) == set(published) | {"apply_dale", "provenance"}
    for key in set(published) - {"losses"}:
        assert ours[key].shape == published[key].shape, key
        assert ours[key].dtype == published[key].dtype, key
    assert ours["losses"].shape == (1, 2)
    assert ours["losses"].dtype == published["losses"].dtype


def test_the_evaluation_that_is_saved_is_the_last_and_not_the_best(trained, tmp_path):
    model, record = trained
    curve = np.vstack([record.curve, [record.trials + 50, 9.0, 0.5]])
    matfile.save(tmp_path / "later.mat", model, record._replace(curve=curve), {})
    keys = keys_of(tmp_path / "later.mat")
    assert (keys["eval_loss_mean"], keys["eval_perf_mean"]) == (9, 0.5)


def test_the_keys_hold_what_the_published_code_puts_there(trained, saved):
    keys, (model, record) = keys_of(saved), trained
    assert np.array_equal(keys["m"], np.diag(1.0 - 2 * model.inhibitory))
    assert np.array_equal(keys["inh"].ravel() == 1, model.inhibitory)
    assert np.array_equal(keys["exc"].ravel() == 0, model.inhibitory)
    assert keys["taus"].tolist() == [[4, 10]]  # steps of 5 ms
    assert keys["tr"] == record.trials == record.curve[-1, 0]
    assert keys["eval_loss_mean"] == record.curve[-1, 1] < 7
    assert keys["eval_perf_mean"] == record.curve[-1, 2] >= 0.95
    assert np.array_equal(keys["o"].ravel(), record.example.o)
    np.testing.assert_allclose(
        keys["r"][1:, :, 0] @ keys["w_out"].ravel() + keys["b_out"], keys["o"][:, :, 0].T, atol=1e-4
    )
    for key, example in (("x", record.example.x), ("r", record.example.r)):
        assert np.array_equal(keys[key][..., 0], example)
    untrained = record.untrained_example
    for key, example in (("x0", untrained.x), ("r0", untrained.r)):
        assert np.array_equal(keys[key][..., 0], example)
    assert np.array_equal(keys["eval_os"], record.evaluation_outputs)
    assert np.array_equal(keys["eval_labels"].ravel(), record.evaluation_labels)
    assert np.array_equal(keys["losses"].ravel(), record.losses)
    assert np.array_equal(keys["u"], record.stimulus)
    assert np.array_equal(keys["target"].ravel(), record.target)
    assert np.array_equal(keys["w_in0"], model.w_in)
    assert np.array_equal(keys["taus_gaus0"].ravel(), model.initial.tau_raw)
    assert np.array_equal(keys["taus_gaus"].ravel(), model.weights.tau_raw)
    assert np.array_equal(keys["w0"], model.initial.w_rec)
    assert len(np.unique(record.evaluation_labels)) == 2
    assert len(record.curve) > 1
    assert not np.array_equal(keys["x0"], keys["x"])
    assert np.array_equal(keys["x0"][0], keys["x"][0])  # the same noise before and after training
    assert json.loads(keys["provenance"][0]) == {"task": "go-nogo", "seed": 3}


def test_octave_reads_the_file(saved):
    octave = shutil.which("octave-cli") or shutil.which("octave")
    if octave is None:
        pytest.skip("octave is not installed")
    script = f"""s = load('{saved}');
    printf('%d %s %s %d\\n', s.N, class(s.w), s.activation, numel(fieldnames(s)));
    said = jsondecode(s.provenance);
    printf('%s %d\\n', said.task, said.seed);
    printf('%.17g ', double(s.w(2, :)), double(s.w_out), double(s.b_out), s.taus, double(s.inh));"""
    done = subprocess.run(
        [octave, "--norc", "--quiet", "--eval", script], capture_output=True, text=True, timeout=60
    )
    assert done.stdout, done.stderr
    first, said, numbers = done.stdout.split("\n", 2)
    assert said == "go-nogo 3"
    keys = keys_of(saved)
    assert first == f"80 single sigmoid {len(keys)}"
    expected = [
        keys["w"][1],
        keys["w_out"].ravel(),
        keys["b_out"].ravel(),
        keys["taus"].ravel(),
        keys["inh"].ravel(),
    ]
    assert np.array_equal(
        np.array(numbers.split(), dtype=float), np.concatenate([e.astype(float) for e in expected])
    )


# Files from elsewhere -----------------------------------------------------------------------------


@pytest.fixture
def foreign():
    """The keys of a published model of 24 units, as another program may write them."""
    return keys_of(PUBLISHED_MODEL.parent / "model_small_t4_20_f64.mat")


def load(tmp_path, keys):
    scipy.io.savemat(tmp_path / "theirs.mat", keys)
    return matfile.load(tmp_path / "theirs.mat")


def assert_same_model(a, b):
    for field in ("w_rec", "w_out", "b_out", "tau_raw"):
        assert np.array_equal(getattr(a.weights, field), getattr(b.weights, field)), field
    for field in ("w_in", "inhibitory", "mask"):
        assert np.array_equal(getattr(a, field), getattr(b, field)), field
    assert a.config == b.config


def test_the_published_file_loads():
    model, keys = matfile.load(PUBLISHED_MODEL), keys_of(PUBLISHED_MODEL)
    assert (model.n_units, model.n_inputs, model.config.tau_decay_ms) == (200, 1, (20, 100))
    assert same_bits(model.weights.w_rec, keys["w"])
    assert model.weights.w_rec.dtype == np.float32
    assert model.config.p_inh == keys["inh"].mean()
    expected_ms = 5 * (1 / (1 + np.exp(-keys["taus_gaus"].ravel().astype(float))) * (20 - 4) + 4)
    np.testing.assert_allclose(model.tau_decay_ms(), expected_ms, rtol=1e-12)


@pytest.mark.parametrize(
    "dtype",
    ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint64", "float32", "float64", "bool"],
)
def test_any_type_of_population_and_size(tmp_path, foreign, dtype):
    changed = {k: foreign[k].astype(dtype) for k in ("inh", "exc")}
    if dtype != "bool":
        changed["N"] = foreign["N"].astype(dtype)
    assert_same_model(load(tmp_path, foreign | changed), matfile.load(foreign))


@pytest.mark.parametrize(
    "turn", [np.ravel, np.transpose, np.atleast_2d], ids=["1-D", "transposed", "as it is"]
)
def test_vectors_of_any_orientation(tmp_path, foreign, turn):
    vectors = {
        k: turn(foreign[k])
        for k in ("inh", "exc", "w_in", "w_out", "taus", "taus_gaus", "taus_gaus0", "N", "b_out")
    }
    assert_same_model(matfile.load(foreign | vectors), matfile.load(foreign))
    assert_same_model(load(tmp_path, foreign | vectors), matfile.load(foreign))


def test_single_precision_is_kept(tmp_path, foreign):
    single = {k: v.astype(np.float32) for k, v in foreign.items() if v.dtype == np.float64}
    model = load(tmp_path, foreign | single)
    assert same_bits(model.weights.w_rec, single["w"])
    assert model.w_in.dtype == np.float32


def says_more(foreign):
    """The keys of a file that says more of its network than it must, nothing of it the default."""
    n = 24
    inhibitory = np.arange(n) % 3 == 0
    keys = foreign | {"inh": inhibitory, "exc": ~inhibitory, "m": np.diag(1.0 - 2 * inhibitory)}
    keys |= {"w": np.abs(foreign["w"]), "w0": np.abs(foreign["w0"]), "b_out": 0.75, "som_N": 2}
    keys |= {"taus_gaus0": np.linspace(-2, 2, n), "taus": [[3, 11]], "activation": "softplus"}
    mask = np.ones((n, n))
    mask[:2, inhibitory] = 0
    return keys | {"som_m": mask}


def test_what_else_a_file_says_of_the_network_is_read(foreign):
    keys = says_more(foreign)
    mask = keys["som_m"]
    model = matfile.load(keys)
    config = model.config
    assert (config.p_inh, config.n_som, config.activation) == (1 / 3, 2, "softplus")
    assert config.tau_decay_ms == (15, 55)
    assert model.weights.b_out == 0.75
    assert np.array_equal(model.mask, mask)
    assert np.array_equal(model.initial.tau_raw, np.linspace(-2, 2, 24))
    assert np.array_equal(model.initial.w_out, model.weights.w_out)
    # an older file has no decays from before training: they are the trained ones
    del keys["taus_gaus0"]
    assert np.array_equal(matfile.load(keys).initial.tau_raw, model.weights.tau_raw)


@pytest.mark.parametrize("dale", [True, False])
def test_a_file_says_all_that_its_keys_say(tmp_path, foreign, dale):
    """No key is overlooked where a file is read; apply_dale counts with inhibitory units too."""
    n = 24
    keys = says_more(foreign) | {"output_factor": 0.5, "output_offset": 0.25}
    keys |= {"unit_gain": np.linspace(0.5, 2, n), "unit_bias": np.linspace(-1, 1, n)}
    keys |= {"apply_dale": dale}
    if not dale:
        sign = np.where(np.arange(n) % 2, 1, -1)  # of the receiving units
        keys |= {"w": sign[:, None] * keys["w"], "w0": sign[:, None] * keys["w0"], "som_N": 0}
    assert keys.keys() >= {*matfile.NETWORK}
    ours, wanted = load(tmp_path, keys), matfile.load(keys)
    assert_same_model(ours, wanted)
    assert ours.config.dale is dale
    assert np.array_equal(ours.weights.w_rec, keys["w"])
    assert np.array_equal(ours.initial.w_rec, keys["w0"])
    assert np.array_equal(ours.initial.tau_raw, np.ravel(keys["taus_gaus0"]))
    assert (ours.output_factor, ours.output_offset) == (0.5, 0.25)
    for gains, key in zip(ours.unit_gains, ("unit_gain", "unit_bias"), strict=True):
        assert np.array_equal(gains, keys[key])


def test_without_inhibition_positive_weights_follow_dales_principle(foreign):
    alone = {"inh": np.zeros(24), "exc": np.ones(24), "m": np.eye(24), "w": np.abs(foreign["w"])}
    alone |= {"w0": np.abs(foreign["w0"])}
    assert matfile.load(foreign | alone).config.dale is True


def test_what_may_be_absent_takes_the_published_default(foreign):
    for key in ("som_m", "som_N", "b_out", "activation"):
        del foreign[key]
    model = matfile.load(foreign)
    assert (model.mask == 1).all()
    assert (model.weights.b_out, model.config.n_som, model.config.activation) == (0, 0, "sigmoid")
    del foreign["w0"]
    assert matfile.load(foreign).initial is None


def changed(keys, key, **at):
    """A copy of keys[key] with the number at [row, column] set: changed(keys, "w", value=-1, row=2,
    column=3)."""
    array = keys[key].astype(float)
    array[at.get("row", 0), at.get("column", 0)] = at["value"]
    return array


MISSING = object()
NAN = float("nan")
BAD = {
    "w is missing": ("w", lambda k: MISSING, "missing key 'w'; a rate model needs w, w_in, w_out"),
    "taus_gaus is missing": ("taus_gaus", lambda k: MISSING, "key 'taus_gaus': missing"),
    "N is missing": ("N", lambda k: MISSING, "missing key 'N'"),
    "m is missing": ("m", lambda k: MISSING, "missing key 'm'"),
    "w not square": (
        "w",
        lambda k: k["w"][:, :-1],
        "key 'w': expected shape (24, 24), got (24, 23)",
    ),
    "w flattened": (
        "w",
        lambda k: k["w"].ravel(),
        "key 'w': expected shape (24, 24), got (1, 576)",
    ),
    "w0 of another size": (
        "w0",
        lambda k: k["w0"][:9, :9],
        "key 'w0': expected shape (24, 24), got (9, 9)",
    ),
    "som_m of another size": (
        "som_m",
        lambda k: k["som_m"][:9],
        "key 'som_m': expected shape (24, 24), got (9, 24)",
    ),
    "w_out too short": (
        "w_out",
        lambda k: k["w_out"][:, :9],
        "key 'w_out': expected shape (24,), got (1, 9)",
    ),
    "w_out as a matrix": (
        "w_out",
        lambda k: k["w_out"].reshape(4, 6),
        "key 'w_out': expected shape (24,), got (4, 6)",
    ),
    "w_in of another size": (
        "w_in",
        lambda k: np.ones((4, 30)),
        "key 'w_in': expected shape (24, 5), got (4, 30)",
    ),
    "w_in transposed": (
        "w_in",
        lambda k: np.ones((2, 24)),
        "key 'w_in': expected shape (24, 2), got (2, 24)",
    ),
    "taus_gaus too short": (
        "taus_gaus",
        lambda k: np.zeros(3),
        "key 'taus_gaus': expected shape (24,), got (1, 3)",
    ),
    "three decays": (
        "taus",
        lambda k: [[4, 20, 30]],
        "key 'taus': expected one decay or [min, max]",
    ),
    "decays in words": (
        "taus",
        lambda k: "4-20",
        "key 'taus': expected real numbers, got type <U4",
    ),
    "decays upside down": ("taus", lambda k: [[20, 4]], "tau_decay_ms: expected [min, max]"),
    "decays below one step": ("taus", lambda k: [[0.5, 4]], "tau_decay_ms: expected [min, max]"),
    "NaN in taus": ("taus", lambda k: [[4, NAN]], "key 'taus': expected finite numbers"),
    "N too large": ("N", lambda k: 25, "key 'inh': expected shape (25,), got (24, 1)"),
    "N is zero": ("N", lambda k: 0, "key 'N': expected a whole number of units >= 1, got 0"),
    "N is a fraction": (
        "N",
        lambda k: 24.5,
        "key 'N': expected a whole number of units >= 1, got 24.5",
    ),
    "N is NaN": ("N", lambda k: NAN, "key 'N': expected a finite number, got nan"),
    "N is infinite": ("N", lambda k: float("inf"), "key 'N': expected a finite number, got inf"),
    "N is a list": ("N", lambda k: [24, 24], "key 'N': expected one number, got shape (1, 2)"),
    "N is a word": ("N", lambda k: "24", "key 'N': expected one number"),
    "NaN in w": (
        "w",
        lambda k: changed(k, "w", value=NAN, row=3),
        "key 'w': expected finite numbers, got NaN or infinity",
    ),
    "infinity in w_in": (
        "w_in",
        lambda k: changed(k, "w_in", value=np.inf),
        "key 'w_in': expected finite numbers",
    ),
    "NaN in w_out": (
        "w_out",
        lambda k: changed(k, "w_out", value=NAN),
        "key 'w_out': expected finite numbers",
    ),
    "NaN in taus_gaus": (
        "taus_gaus",
        lambda k: changed(k, "taus_gaus", value=NAN),
        "key 'taus_gaus': expected finite numbers",
    ),
    "NaN in w0": ("w0", lambda k: changed(k, "w0", value=NAN), "key 'w0': expected finite numbers"),
    "NaN in b_out": ("b_out", lambda k: NAN, "key 'b_out': expected a finite number, got nan"),
    "weights with their signs": (
        "w",
        lambda k: k["w"] @ k["m"],
        "and the negative ones of its kind outweigh the others; signs belong in 'm', expected 'w' "
        "[post, pre] without them",
    ),
    "weights with their signs, turned round": (
        "w",
        lambda k: (k["w"] @ k["m"]).T,
        "key 'w': Dale's principle violated: the weight from unit",
    ),
    "initial weights with their signs": (
        "w0",
        lambda k: k["w0"] @ k["m"],
        "key 'w0': Dale's principle violated: the weight from unit",
    ),
    "inhibition with its sign, and a slip": (
        "w",
        lambda k: changed({"w": k["w"] @ k["m"]}, "w", value=-0.1, row=3, column=7),
        "key 'w': Dale's principle violated: the weight from unit",
    ),
    "a sign turned in m": (
        "m",
        lambda k: changed(k, "m", value=-k["m"][0, 0]),
        "key 'm': expected the diagonal matrix of +1",
    ),
    "m not diagonal": (
        "m",
        lambda k: changed(k, "m", value=1, column=3),
        "key 'm': expected the diagonal matrix of +1",
    ),
    "a unit both": (
        "exc",
        lambda k: np.ones((24, 1)),
        "is both or neither of excitatory and inhibitory",
    ),
    "a unit neither": (
        "exc",
        lambda k: np.zeros((24, 1)),
        "key 'exc': unit 0 (0-based) is both or neither",
    ),
    "odd activation": (
        "activation",
        lambda k: "relu",
        "expected one of sigmoid, clipped_relu, softplus, got 'relu'",
    ),
    "no activation": (
        "activation",
        lambda k: "",
        "key 'activation': expected one of sigmoid, clipped_relu, softplus, got ''",
    ),
    "complex w": (
        "w",
        lambda k: k["w"] + 1j,
        "key 'w': expected real numbers, got type complex128",
    ),
    "complex w_out": (
        "w_out",
        lambda k: k["w_out"] * 1j,
        "key 'w_out': expected real numbers, got type complex128",
    ),
    "w in words": ("w", lambda k: "weights", "key 'w': expected real numbers, got type <U7"),
    "more SOM than units": (
        "som_N",
        lambda k: 25,
        "n_som: expected a whole number in [0, n_units], got 25",
    ),
}


@pytest.mark.parametrize(("key", "value", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_by_file_and_key(tmp_path, foreign, key, value, message):
    new = value(foreign)
    del foreign[key]
    with pytest.raises(ModelFileError) as error:
        load(tmp_path, foreign | ({} if new is MISSING else {key: new}))
    assert str(tmp_path / "theirs.mat") in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_without_dale_negative_weights_are_allowed_where_the_file_says_so(foreign):
    n = int(foreign["N"].item())
    signed = {"w": -foreign["w"], "inh": np.zeros(n), "exc": np.ones(n), "m": np.eye(n)}
    with pytest.raises(ModelFileError, match="Dale's principle violated"):
        matfile.load(foreign | signed | {"apply_dale": 1})
    for says_so in (
        {"apply_dale": 0},
        {},
    ):  # a published file has no such key: no inhibitory units and signed weights say it
        model = matfile.load(foreign | signed | says_so)
        assert np.array_equal(model.weights.w_rec, -foreign["w"])
        assert model.config.dale is False


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("of_inhibitory", [True, False])
def test_effective_weights_with_a_slip_are_refused(foreign, turned, of_inhibitory):
    """relu of them would be a network without inhibition."""
    signed = foreign["w"] @ foreign["m"]
    pre = np.flatnonzero((np.ravel(foreign["inh"]) != 0) == of_inhibitory)[0]
    post = np.flatnonzero(signed[:, pre])[:2]
    signed[post, pre] *= -1
    keys = foreign | {"w": signed.T if turned else signed}
    with pytest.raises(ModelFileError, match="negative ones of its kind outweigh") as error:
        matfile.load(keys)
    # the weight that is named is one of that kind
    named = re.search(r"from unit (\d+) to unit (\d+) .* is (\S+),", str(error.value))
    sender, receiver = int(named[1]), int(named[2])
    assert np.ravel(foreign["inh"])[receiver if turned else sender]
    assert keys["w"][receiver, sender] == pytest.approx(float(named[3]), rel=1e-4)


def test_many_connections_may_be_switched_off(foreign):
    """Most of what inhibitory units send, but a little below 0: as the published port saves it."""
    raw = foreign["w"].copy()
    inhibitory = np.ravel(foreign["inh"]) != 0
    sent = raw[:, inhibitory]
    off = np.sort(sent[sent > 0])[: int(0.6 * (sent > 0).sum())].max()
    raw[:, inhibitory] = np.where((sent > 0) & (sent <= off), -0.01, sent)
    assert (raw[:, inhibitory] < 0).sum() > (raw[:, inhibitory] > 0).sum()
    assert np.array_equal(matfile.load(foreign | {"w": raw}).weights.w_rec, np.maximum(raw, 0))


def before_rectification(keys):
    """Keys as the published PyTorch port saves them: connections that training switched off are
    negative, of excitatory and of inhibitory units."""
    raw = keys["w"].copy()
    off = np.flatnonzero(raw > 0)[::3]
    raw.flat[off] *= -0.1
    return keys | {"w": raw}


@pytest.mark.parametrize("says", [{}, {"apply_dale": 1}])
def test_weights_saved_before_rectification_are_rectified(foreign, says, caplog):
    raw = before_rectification(foreign) | says
    n_negative = (raw["w"] < 0).sum()
    assert 0 < n_negative < (raw["w"] > 0).sum()
    model = matfile.load(raw)
    assert np.array_equal(model.weights.w_rec, np.maximum(raw["w"], 0))
    assert np.array_equal(model.initial.w_rec, foreign["w0"])
    assert model.config.dale is True
    (warning,) = [record.getMessage() for record in caplog.records]
    n_all = np.count_nonzero(raw["w"])
    assert f"key 'w': {n_negative} of {n_all} weights are negative" in warning


def test_old_versions_saved_the_trained_weights_as_the_initial_ones(foreign, caplog):
    raw = before_rectification(foreign)
    model = matfile.load(raw | {"w0": raw["w"]})
    assert np.array_equal(model.initial.w_rec, np.maximum(raw["w"], 0))
    assert [record.args[1] for record in caplog.records] == ["w", "w0"]


def test_no_warning_for_a_rectified_file(caplog):
    matfile.load(PUBLISHED_MODEL)
    assert not caplog.records


def test_sparse_weights_are_read(tmp_path, foreign):
    sparse = {key: scipy.sparse.csc_matrix(foreign[key]) for key in ("w", "m")}
    assert_same_model(load(tmp_path, foreign | sparse), matfile.load(foreign))


def test_a_missing_file_is_one_in_python_s_words_too(tmp_path):
    for read in (matfile.load, matfile.read, matfile.fingerprint):
        with pytest.raises(FileNotFoundError, match=r"nowhere\.mat: no such file") as error:
            read(tmp_path / "nowhere.mat")
        assert isinstance(error.value, ModelFileError)


def truncated(path):
    path.write_bytes(PUBLISHED_MODEL.read_bytes()[:100_000])


def hdf5(path):
    header = (
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64, "
        b"Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."
    )
    path.write_bytes(
        header.ljust(116)
        + bytes(8)
        + b"\x00\x02IM"
        + bytes(384)
        + b"\x89HDF\r\n\x1a\n"
        + bytes(500)
    )


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (truncated, "not a readable .mat file, perhaps truncated"),
        (hdf5, "MATLAB v7.3 file; save it again in MATLAB with save(..., '-v7')"),
        (lambda path: path.write_bytes(b""), "an empty file"),
        (
            lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2000)),
            "an HDF5 file; save it again in MATLAB with save(..., '-v7')",
        ),
        (
            lambda path: path.write_bytes(bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(2000)),
            "an HDF5 file; save it again",
        ),
        (
            lambda path: path.write_bytes(bytes(2048) + b"\x89HDF\r\n\x1a\n" + bytes(2000)),
            "an HDF5 file; save it again",
        ),
        (
            lambda path: path.write_text("# Created by Octave\n# name: N\n# type: scalar\n4\n"),
            "a file in Octave's text format; save it again in Octave with save -v7",
        ),
        (
            lambda path: path.write_text("# name: N\n# type: scalar\n4\n"),
            "a file in Octave's text format",
        ),
        (
            lambda path: path.write_bytes(b"Octave-1-L\x00\x01" + bytes(100)),
            "a file in Octave's binary format; save it again in Octave with save -v7",
        ),
        (
            lambda path: path.write_text(
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
            ),
            "a pointer of Git LFS, not the file itself; run git lfs pull",
        ),
        (lambda path: np.savez(path.open("wb"), w=1), "a zip archive, such as .npz, .pth"),
        (
            lambda path: path.write_text("\n<!DOCTYPE html>\n<html>Not found</html>\n"),
            "a page of the web, not the file itself; download",
        ),
        (lambda path: path.write_text("w = [1 2 3]\n" * 50), "a text file; a .mat file as MATLAB"),
        (lambda path: path.mkdir(), "no such file"),
        (lambda path: None, "no such file"),
        (lambda path: scipy.io.savemat(path, {"results": 1}), "missing key 'w'"),
    ],
    ids=[
        "truncated",
        "v7.3",
        "empty",
        "HDF5",
        "HDF5 behind a block",
        "HDF5 behind a larger one",
        "Octave text",
        "Octave text without its date",
        "Octave binary",
        "Git LFS",
        "npz",
        "web page",
        "text",
        "a folder",
        "missing",
        "another .mat",
    ],
)
def test_what_is_no_model_file(tmp_path, write, message):
    path = tmp_path / "theirs.mat"
    write(path)
    with pytest.raises(ModelFileError) as error:
        matfile.load(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


# Converted models ---------------------------------------------------------------------------------

SEARCH = {
    "opt_scaling_factor": 40.0,
    "all_perfs": [0.5, 0.95, 0.7],
    "scaling_factors": [20.0, 40.0, 60.0],
    "held_out": 0.93,
}


def test_a_converted_model_is_the_source_and_the_search(tmp_path):
    source = tmp_path / "model.mat"
    shutil.copyfile(PUBLISHED_MODEL, source)
    matfile.save_converted(tmp_path / "new" / "converted.mat", source, **SEARCH)
    assert source.read_bytes() == PUBLISHED_MODEL.read_bytes()
    before, after = keys_of(source), keys_of(tmp_path / "new" / "converted.mat")
    for key, value in before.items():
        assert same_bits(after.pop(key), value), key
    assert after.pop("opt_scaling_factor").tolist() == [[40]]
    assert after.pop("all_perfs").tolist() == [[0.5], [0.95], [0.7]]
    assert after.pop("scaling_factors").tolist() == [[20, 40, 60]]
    assert after.pop("held_out_perf").tolist() == [[0.93]]
    assert not after
    assert_same_model(
        matfile.load(tmp_path / "new" / "converted.mat"), matfile.load(PUBLISHED_MODEL)
    )


def test_an_output_factor_is_written_read_and_kept(tmp_path):
    """A file without one is as published, and so is its copy."""
    plain, refined, again = (tmp_path / f"{name}.mat" for name in ("plain", "refined", "again"))
    matfile.save_converted(plain, PUBLISHED_MODEL, **SEARCH)
    assert "output_factor" not in keys_of(plain)
    assert matfile.load(plain).output_factor == matfile.output_factor(plain) == 1
    matfile.save_converted(refined, PUBLISHED_MODEL, **SEARCH, output_factor=0.5)
    assert keys_of(refined)["output_factor"].tolist() == [[0.5]]
    assert matfile.load(refined).output_factor == matfile.output_factor(refined) == 0.5
    assert matfile.load(keys_of(refined)).output_factor == 0.5
    assert_same_model(matfile.load(refined), matfile.load(PUBLISHED_MODEL))
    matfile.save_converted(again, refined, **SEARCH)  # a search of what is refined
    assert matfile.load(again).output_factor == 0.5


def test_a_trained_network_keeps_its_output_factor(tmp_path, trained):
    for factor in (1.0, 0.25):
        model = replace(trained.model, output_factor=factor)
        matfile.save(tmp_path / "model.mat", model, trained.record, {})
        assert ("output_factor" in keys_of(tmp_path / "model.mat")) == (factor != 1)
        assert matfile.load(tmp_path / "model.mat").output_factor == factor


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "expected a number > 0, got 0"),
        (-0.5, "expected a number > 0, got -0.5"),
        (np.nan, "expected a finite number, got nan"),
        ([1, 2], "expected one number, got shape"),
        ("half", "expected one number, got shape"),
    ],
)
def test_an_output_factor_that_cannot_be_is_refused(tmp_path, value, said):
    path = tmp_path / "model.mat"
    scipy.io.savemat(path, {**keys_of(PUBLISHED_MODEL), "output_factor": value})
    for read in (matfile.load, matfile.output_factor):
        with pytest.raises(ModelFileError, match=f"^{path}: key 'output_factor': {said}"):
            read(path)


def test_an_output_offset_is_written_read_and_kept(tmp_path):
    """A file without one is as published, and so is its copy."""
    plain, refined, again = (tmp_path / f"{name}.mat" for name in ("plain", "refined", "again"))
    matfile.save_converted(plain, PUBLISHED_MODEL, **SEARCH)
    assert "output_offset" not in keys_of(plain)
    for file in (plain, PUBLISHED_MODEL, keys_of(plain)):
        assert matfile.load(file).output_offset == matfile.output_offset(file) == 0
    matfile.save_converted(refined, PUBLISHED_MODEL, **SEARCH, output_offset=-0.3)
    assert keys_of(refined)["output_offset"].tolist() == [[-0.3]]
    assert_same_model(matfile.load(refined), matfile.load(PUBLISHED_MODEL))
    matfile.save_converted(again, refined, **SEARCH)  # a search of what is refined
    for file in (refined, again, keys_of(refined)):
        assert matfile.load(file).output_offset == matfile.output_offset(file) == -0.3
        assert matfile.load(file).output_factor == 1
    matfile.save_converted(again, refined, **SEARCH, output_offset=0.0)  # refined to none
    assert matfile.load(again).output_offset == 0


def test_a_trained_network_keeps_its_output_offset(tmp_path, trained):
    for offset in (0.0, -0.25):
        model = replace(trained.model, output_offset=offset)
        matfile.save(tmp_path / "model.mat", model, trained.record, {})
        assert ("output_offset" in keys_of(tmp_path / "model.mat")) == (offset != 0)
        assert matfile.load(tmp_path / "model.mat").output_offset == offset


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.nan, "expected a finite number, got nan"),
        (-np.inf, "expected a finite number, got -inf"),
        ([1, 2], "expected one number, got shape"),
        ("half", "expected one number, got shape"),
        (1j, r"expected one number, got shape \(1, 1\) of type complex"),
    ],
)
def test_an_output_offset_that_cannot_be_is_refused(tmp_path, value, said):
    path = tmp_path / "model.mat"
    scipy.io.savemat(path, {**keys_of(PUBLISHED_MODEL), "output_offset": value})
    for read in (matfile.load, matfile.output_offset):
        with pytest.raises(ModelFileError, match=f"^{path}: key 'output_offset': {said}"):
            read(path)


def some_gains(n_units):
    return UnitGains(np.linspace(0.5, 3.0, n_units), np.linspace(-1.0, 2.0, n_units))


def test_gains_of_the_units_are_written_read_and_kept(tmp_path):
    """A file without them is as published, and so is its copy."""
    plain, refined, again = (tmp_path / f"{name}.mat" for name in ("plain", "refined", "again"))
    matfile.save_converted(plain, PUBLISHED_MODEL, **SEARCH)
    assert not {"unit_gain", "unit_bias"} & keys_of(plain).keys()
    for file in (plain, PUBLISHED_MODEL, keys_of(plain)):
        assert matfile.load(file).unit_gains is matfile.unit_gains(file) is None
    gains = some_gains(200)
    matfile.save_converted(refined, PUBLISHED_MODEL, **SEARCH, unit_gains=gains)
    assert keys_of(refined)["unit_gain"].shape == (200, 1)
    assert_same_model(matfile.load(refined), matfile.load(PUBLISHED_MODEL))
    matfile.save_converted(again, refined, **SEARCH)  # a search of what is refined
    for file in (refined, again, keys_of(refined)):
        for found in (matfile.load(file).unit_gains, matfile.unit_gains(file)):
            assert all(map(same_bits, found, gains))
    other = UnitGains(2 * gains.gain, -gains.bias_mv)  # refined once more
    matfile.save_converted(again, refined, **SEARCH, unit_gains=other)
    assert all(map(same_bits, matfile.load(again).unit_gains, other))


def test_a_trained_network_keeps_its_gains(tmp_path, trained):
    for gains in (None, some_gains(80)):
        model = replace(trained.model, unit_gains=gains)
        matfile.save(tmp_path / "model.mat", model, trained.record, {})
        found = matfile.load(tmp_path / "model.mat").unit_gains
        keys = keys_of(tmp_path / "model.mat").keys()
        if gains is None:
            assert found is None
            assert not {"unit_gain", "unit_bias"} & keys
        else:
            assert all(map(same_bits, found, gains))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit_bias": None}, "'unit_bias': missing; unit_gain and unit_bias go together"),
        ({"unit_gain": None}, "'unit_gain': missing; unit_gain and unit_bias go together"),
        ({"unit_gain": np.ones(199)}, r"'unit_gain': expected shape \(200,\), got \(1, 199\)"),
        ({"unit_bias": np.ones((2, 100))}, r"'unit_bias': expected shape \(200,\), got \(2, 100\)"),
        ({"unit_gain": 1 - np.eye(200)[3]}, "'unit_gain': expected numbers > 0, got 0"),
        ({"unit_gain": np.full(200, -0.5)}, "'unit_gain': expected numbers > 0, got -0.5"),
        ({"unit_gain": np.full(200, np.nan)}, "'unit_gain': expected finite numbers, got NaN"),
        ({"unit_bias": np.full(200, np.inf)}, "'unit_bias': expected finite numbers, got NaN"),
        ({"unit_bias": np.full(200, 1j)}, "'unit_bias': expected real numbers, got type complex"),
    ],
)
def test_gains_of_the_units_that_cannot_be_are_refused(tmp_path, changed, said):
    path = tmp_path / "model.mat"
    values = {"unit_gain": np.ones(200), "unit_bias": np.zeros(200)} | changed
    given = {key: value for key, value in values.items() if value is not None}
    scipy.io.savemat(path, {**keys_of(PUBLISHED_MODEL), **given})
    for read in (matfile.load, matfile.unit_gains):
        with pytest.raises(ModelFileError, match=f"^{path}: key {said}"):
            read(path)


def named(data, name):
    """A .mat file in which the variable Qabcdef has another name of as many letters."""
    assert len(name) == len("Qabcdef")
    return data.replace(b"Qabcdef", name.encode())


def of_class(data, was, becomes, name=b"Qabcdef"):
    """The same file with a variable in another class of the format, as MATLAB writes it and scipy
    cannot: 1 is a cell array, 6 double, 9 uint8, 16 a function handle."""
    at = data.index(name)
    flags = data.rindex(b"\x06\x00\x00\x00\x08\x00\x00\x00", 0, at) + 8
    assert data[flags] == was
    return data[:flags] + bytes([becomes]) + data[flags + 1 :]


EXTRAS = {
    "a field of 32 letters": ({"desired_impedance_test_frequency": 1.0}, None),
    "a field of 63 letters": ({"f" * 63: 1.0}, None),
    "a cell array": (np.array([["a", np.eye(2), {"b": 1}]], dtype=object), None),
    "a sparse matrix": (scipy.sparse.csc_matrix(np.eye(3)), None),
    "complex numbers in a struct": ({"z": np.array([[1 + 2j]]), "x": 1.0}, None),
    "letters": (np.array(["Zürich", "ab"]), None),
    "nothing": (np.zeros((0, 0)), None),
    "no letters": ("", None),
    "truths": (np.array([[True, False]]), None),
    "a name with an underscore": (1.0, "scipy cannot write a variable of this name"),
    "a function handle": (np.array([[1.0]], dtype=object), "of this kind (function handle)"),
}


@pytest.mark.parametrize(("value", "lost"), EXTRAS.values(), ids=EXTRAS)
@pytest.mark.filterwarnings("ignore:.*function_workspace")
def test_what_else_a_file_holds_is_kept_or_named(tmp_path, request, foreign, value, lost, caplog):
    source = tmp_path / "theirs.mat"
    scipy.io.savemat(source, foreign | {"Qabcdef": value}, long_field_names=True)
    case = request.node.callspec.id
    name = "_abcdef" if "underscore" in case else "Qabcdef"
    data = source.read_bytes()
    if "handle" in case:
        data = of_class(data, 1, 16)
    source.write_bytes(named(data, name))

    matfile.warn_of_lost(source)  # when it is imported
    told = [record.getMessage() for record in caplog.records]
    matfile.save_converted(tmp_path / "converted.mat", source, **SEARCH)
    after = keys_of(tmp_path / "converted.mat")
    if lost:
        assert f"{source}: variable '{name}' is left out of the converted model: " in told[0]
        assert lost in told[0]
        assert name not in after
    else:
        assert told == []
        assert_same_content(after[name], keys_of(source)[name])
    for key in foreign:
        assert same_bits(after[key], keys_of(source)[key]), key


def assert_same_content(a, b):
    """Two variables as scipy reads them, through structs and cells."""
    if scipy.sparse.issparse(a):
        a, b = a.toarray(), b.toarray()
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    if a.dtype.names:
        for field in a.dtype.names:
            assert_same_content(a[field], b[field])
    elif a.dtype.kind == "O":
        for x, y in zip(a.ravel(), b.ravel(), strict=True):
            assert_same_content(x, y)
    else:
        assert np.array_equal(a, b)


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize("beside", [{}, {"A": {"z": 1 + 2j}}], ids=["alone", "complex numbers"])
def test_a_double_stored_in_one_byte_stays_a_double(tmp_path, foreign, beside):
    """MATLAB stores small whole numbers in the fewest bytes; as uint8, 200 + 100 is 255 there."""
    source = tmp_path / "theirs.mat"
    keys = beside | foreign | {"Qabcdef": np.array([[200, 100]], dtype=np.uint8)}
    scipy.io.savemat(source, keys)
    source.write_bytes(of_class(source.read_bytes(), 9, 6))
    matfile.save_converted(tmp_path / "converted.mat", source, **SEARCH)
    whole = scipy.io.loadmat(tmp_path / "converted.mat", mat_dtype=True)["Qabcdef"]
    assert (whole.dtype, whole.tolist()) == (np.float64, [[200, 100]])
    assert scipy.io.whosmat(tmp_path / "converted.mat")[-5] == ("Qabcdef", (1, 2), "double")


STRUCT = np.dtype([("a", object)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (np.array([[1.0, np.nan]]), np.array([[1.0, np.nan]]), True),
        (np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]]), False),
        (np.array([[1.0, 2.0]]), np.array([[1.0], [2.0]]), False),
        (np.array([[1.0]]), np.array([[1.0]], np.float32), False),
        (np.array([[1.0]], ">f8"), np.array([[1.0]]), True),
        (np.array(["ab"]), np.array(["ac"]), False),
        (np.array([("x",)], STRUCT), np.array([("x",)], STRUCT), True),
        (np.array([("x",)], STRUCT), np.array([("y",)], STRUCT), False),
        (scipy.sparse.csc_matrix(np.eye(2)), scipy.sparse.csr_matrix(np.eye(2)), True),
        (scipy.sparse.csc_matrix(np.eye(2)), scipy.sparse.csc_matrix(2 * np.eye(2)), False),
        (scipy.sparse.csc_matrix(np.eye(2)), scipy.sparse.csc_matrix((3, 2)), False),
        (scipy.sparse.csc_matrix(np.eye(2)), np.eye(2), False),
    ],
)
def test_what_is_read_again_is_compared_in_type_shape_and_content(one, other, same):
    assert mat_round_trip._same(one, other) is same


def test_a_key_of_the_network_that_cannot_be_written_is_refused(tmp_path, foreign):
    path = tmp_path / "theirs.mat"
    scipy.io.savemat(path, {"b_out": np.array([[1.0]], dtype=object)})
    path.write_bytes(of_class(path.read_bytes(), 1, 16, b"b_out"))
    with pytest.raises(ModelFileError, match=r"key 'b_out': scipy cannot .* \(function handle\)"):
        matfile.warn_of_lost(path)


def test_a_converted_model_holds_the_weights_that_were_searched(tmp_path, foreign):
    """The published simulation does not rectify."""
    raw = before_rectification(foreign)
    scipy.io.savemat(tmp_path / "port.mat", raw)
    matfile.save_converted(tmp_path / "converted.mat", tmp_path / "port.mat", **SEARCH)
    after = keys_of(tmp_path / "converted.mat")
    assert same_bits(after["w"], np.maximum(raw["w"], 0))
    assert same_bits(after["w0"], raw["w0"])


def test_what_a_file_says_of_its_training(tmp_path, trained, saved, foreign):
    assert matfile.training_facts(saved) == {
        "training_trials": trained.record.trials,
        "training_loss": trained.record.curve[-1, 1],
        "training_accuracy": trained.record.curve[-1, 2],
    }
    published = {"tr": 1501, "eval_loss_mean": np.array([5.5]), "eval_perf_mean": 0.97}
    least = {"tr": 0, "eval_loss_mean": 0.0, "eval_perf_mean": 0.0}
    perfect = {"tr": 1, "eval_loss_mean": 0.25, "eval_perf_mean": 1.0}
    nonsense = {"tr": 1.5, "eval_loss_mean": np.nan, "eval_perf_mean": 97.0}
    below = {"tr": -1, "eval_loss_mean": -0.5, "eval_perf_mean": -0.1}
    odd = {"tr": "many", "eval_loss_mean": [1, 2], "eval_perf_mean": np.zeros((0, 0))}
    path = tmp_path / "theirs.mat"
    for keys, expected in (
        (published, [1501, 5.5, 0.97]),
        (least, [0, 0, 0]),
        (perfect, [1, 0.25, 1]),
        (nonsense, []),
        (below, []),
        (odd, []),
        ({}, []),
    ):
        nothing = dict.fromkeys(published, np.zeros((0, 0)))
        scipy.io.savemat(path, foreign | nothing | keys)
        assert list(matfile.training_facts(path).values()) == expected


def test_converting_again_replaces_the_search(tmp_path):
    made = [{"source": "a", "conversion": "first"}, {"conversion": "second"}]
    once = tmp_path / "once.mat"
    matfile.save_converted(once, PUBLISHED_MODEL, **SEARCH, provenance=made[0])
    again = SEARCH | {"opt_scaling_factor": 60.0, "provenance": made[1]}
    matfile.save_converted(tmp_path / "twice.mat", once, **again)
    said = json.loads(keys_of(tmp_path / "twice.mat")["provenance"][0])
    assert said == {"source": "a", "conversion": "second"}
    assert keys_of(tmp_path / "twice.mat")["opt_scaling_factor"] == 60
    assert keys_of(tmp_path / "once.mat")["opt_scaling_factor"] == 40


SAVEMAT = scipy.io.savemat


def half_a_file(path, *arguments, **settings):
    if isinstance(path, io.BytesIO):  # memory is no disk
        SAVEMAT(path, *arguments, **settings)
        return
    Path(path).write_bytes(b"half")
    raise OSError("disk full")


@pytest.mark.parametrize("existing", [False, True], ids=["new", "over an older file"])
def test_nothing_half_written_when_saving_fails(tmp_path, trained, monkeypatch, existing):
    path = tmp_path / "model.mat"
    if existing:
        shutil.copyfile(PUBLISHED_MODEL, path)
    monkeypatch.setattr(scipy.io, "savemat", half_a_file)
    with pytest.raises(OSError, match="disk full"):
        matfile.save(path, *trained, {})
    with pytest.raises(OSError, match="disk full"):
        matfile.save_converted(path, PUBLISHED_MODEL, **SEARCH)
    assert list(tmp_path.iterdir()) == [path] * existing
    assert not existing or path.read_bytes() == PUBLISHED_MODEL.read_bytes()


@pytest.mark.parametrize("existing", [False, True], ids=["new", "over an older folder"])
def test_a_folder_appears_whole_or_not_at_all(tmp_path, existing):
    from rate2spike.files import replacing

    folder = tmp_path / "models"
    if existing:
        folder.mkdir()
        (folder / "old.mat").write_text("old")

    def fill(fail):
        with replacing(folder) as temporary:
            temporary.mkdir()
            (temporary / "new.mat").write_text("new")
            assert not fail, "interrupted"

    with pytest.raises(AssertionError, match="interrupted"):
        fill(fail=True)
    assert [p.name for p in tmp_path.rglob("*")] == ["models", "old.mat"] * existing
    (tmp_path / ".models.123.part").mkdir()  # what a killed job left
    (tmp_path / ".models.5.123.part").mkdir()  # another job's, still at work
    fill(fail=False)
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        ".models.5.123.part",
        "models",
        "new.mat",
    ]
