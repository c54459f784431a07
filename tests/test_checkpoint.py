"""A fit that was cut off goes on from its checkpoint, as if nothing had happened."""

import subprocess
import sys
import time

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor
from skshallow.monitoring import Checkpoint, LossMonitor

X, Y = (array[:400] for array in load_digits(return_X_y=True))
LEARNED = "W1_", "b1_", "W2_", "b2_", "alpha_", "n_iter_", "best_iter_", "loss_curve_"
OPTIONS = {
    "adam": {"max_iter": 6, "alpha": "auto"},
    "early_stopping": {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.01},
    "scored": {"early_stopping": True, "scoring": "neg_mean_squared_error", "max_iter": 6},
    "adaptive": {"solver": "sgd", "schedule": "adaptive", "max_iter": 8},
    "dropout": {"dropout": 0.3, "max_iter": 6, "n_networks": 2, "activation": "prelu"},
    "gd": {"solver": "gd", "max_iter": 20},
}


class Killed(BaseException):
    """The end of the process, as far as fit can tell."""


class KilledAfter:
    """A callback that ends the fit after so many epochs."""

    def __init__(self, n):
        self.n = n

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and fitted_estimator.n_iter_ == self.n:
            raise Killed

    def teardown(self, estimator, context):
        pass


def network(kind=ShallowNNClassifier, **options):
    return kind(
        **{"hidden_units": 6, "alpha": 0.01, "random_state": 0, "warm_start": True} | options
    )


def killed_after(n, estimator, path, **options):
    with pytest.raises(Killed):
        estimator.set_callbacks(Checkpoint(path, **options), KilledAfter(n)).fit(X, Y)


def assert_same_fit(found, expected):
    for name in LEARNED:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("share", [0.1, 0.5, 1])
@pytest.mark.parametrize("kind", [ShallowNNClassifier, ShallowNNRegressor])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.fast(6)
def test_a_fit_that_goes_on_learns_the_same_weights(options, kind, share, tmp_path):
    whole = network(kind, **options).fit(X, Y)
    after = max(int(share * whole.n_iter_), 1)
    killed_after(after, network(kind, **options), tmp_path / "network.joblib")
    saved = joblib.load(tmp_path / "network.joblib")
    assert saved.n_iter_ == after
    assert_same_fit(saved.fit(X, Y), whole)


@pytest.mark.parametrize("max_iter", ["auto", 60])
def test_a_schedule_that_was_cut_short_stays_so(max_iter, tmp_path):
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.01, "max_iter": max_iter}
    whole = network(**options).fit(X, Y)
    assert whole.n_iter_ < 40
    for before_end in (5, 4, 3, 2, 1):  # the rate comes down in the last four epochs
        path = tmp_path / str(before_end)
        killed_after(whole.n_iter_ - before_end, network(**options), path)
        assert_same_fit(joblib.load(path).fit(X, Y), whole)


@pytest.mark.parametrize(
    "changed",
    [
        {"schedule": "constant", "n_iter_no_change": 99},
        {"early_stopping": False, "n_iter_no_change": 10},
    ],
)
def test_without_its_schedule_and_scores_no_fit_is_cut_short(changed, tmp_path):
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.01, "max_iter": 60}
    whole = network(**options).fit(X, Y)
    killed_after(whole.n_iter_ - 2, network(**options), tmp_path / "network.joblib")
    loaded = joblib.load(tmp_path / "network.joblib").set_params(**changed)
    assert loaded.fit(X, Y).n_iter_ == 60


@pytest.mark.parametrize("after", [3, 8])
@pytest.mark.fast(1)
def test_lbfgs_goes_on_to_as_low_a_loss(after, tmp_path):
    path, options = tmp_path / "network.joblib", {"solver": "lbfgs", "alpha": 0.3}
    whole = network(**options).fit(X, Y)
    killed_after(after, network(**options), path)
    again = joblib.load(path).fit(X, Y)
    final = [n.loss_curve_[-1] + n.penalty_curve_[-1] for n in (whole, again)]
    assert final[1] == pytest.approx(final[0], rel=0.02)


def test_more_epochs_than_before_are_those_of_a_longer_fit(tmp_path):
    options = {"schedule": "constant", "alpha": 0.01}
    whole = network(**options, max_iter=9).fit(X, Y)
    killed_after(2, network(**options, max_iter=4), tmp_path / "network.joblib")
    longer = joblib.load(tmp_path / "network.joblib").set_params(max_iter=9)
    assert_same_fit(longer.fit(X, Y), whole)


def test_the_file_of_a_complete_fit_ends_at_once_with_the_same_network(tmp_path):
    whole = network(max_iter=5).set_callbacks(Checkpoint(tmp_path / "network.joblib")).fit(X, Y)
    again = joblib.load(tmp_path / "network.joblib").fit(X, Y)
    assert_same_fit(again, whole)
    assert again.fit(X, Y).n_iter_ == 10  # from here on it is a warm start like any other


def test_a_checkpoint_is_written_every_n_epochs_and_after_the_last(tmp_path):
    path = tmp_path / "network.joblib"
    killed_after(5, network(max_iter=7), path, every_n_epochs=3)
    assert joblib.load(path).n_iter_ == 3
    network(max_iter=7).set_callbacks(Checkpoint(path, every_n_epochs=3)).fit(X, Y)
    assert joblib.load(path).n_iter_ == 7


def test_a_saved_network_predicts_and_holds_no_callbacks_and_no_data(tmp_path):
    path = tmp_path / "network.joblib"
    fitted = network(max_iter=3).set_callbacks(Checkpoint(path), LossMonitor()).fit(X, Y)
    saved = joblib.load(path)
    np.testing.assert_array_equal(saved.predict_proba(X), fitted.predict_proba(X))
    assert not hasattr(saved, "_skl_callbacks")
    assert path.stat().st_size < X.nbytes / 4


def test_other_callbacks_see_the_epochs_that_were_left(tmp_path):
    killed_after(2, network(max_iter=5), tmp_path / "network.joblib")
    monitor = LossMonitor()
    joblib.load(tmp_path / "network.joblib").set_callbacks(monitor).fit(X, Y)
    assert list(monitor.history()["epoch"]) == [3, 4, 5]


def test_a_pipeline_goes_on_with_a_saved_last_step(tmp_path):
    whole = make_pipeline(StandardScaler(), network(max_iter=5)).fit(X, Y)
    inside = network(max_iter=5).set_callbacks(Checkpoint(tmp_path / "n.joblib"), KilledAfter(2))
    with pytest.raises(Killed):
        make_pipeline(StandardScaler(), inside).fit(X, Y)
    again = make_pipeline(StandardScaler(), joblib.load(tmp_path / "n.joblib")).fit(X, Y)
    assert_same_fit(again[-1], whole[-1])


def test_without_warm_start_the_fit_begins_anew_and_says_so(tmp_path):
    whole = network(max_iter=4).fit(X, Y)
    killed_after(2, network(max_iter=4), tmp_path / "network.joblib")
    saved = joblib.load(tmp_path / "network.joblib").set_params(warm_start=False)
    with pytest.warns(UserWarning, match=r"cut off after epoch 2 .*warm_start=True"):
        saved.fit(X, Y)
    assert_same_fit(saved, whole)


def test_partial_fit_of_a_saved_network_is_one_more_epoch(tmp_path):
    killed_after(2, network(max_iter=6, early_stopping=False), tmp_path / "network.joblib")
    saved = joblib.load(tmp_path / "network.joblib").partial_fit(X, Y)
    assert saved.n_iter_ == 3
    assert saved.fit(X, Y).n_iter_ == 9  # what partial_fit went on with is no fit any more


def test_a_disk_that_is_full_costs_the_checkpoint_and_not_the_fit(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "network.joblib"
    network(max_iter=2).set_callbacks(Checkpoint(path)).fit(X, Y)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.warns(UserWarning, match="checkpoint of epoch 1 was not saved") as told:
            fitted = network(max_iter=4).set_callbacks(Checkpoint(path)).fit(X, Y)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(told) == 1
    assert_same_fit(fitted, network(max_iter=4).fit(X, Y))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_pickled_costs_the_checkpoint_and_not_the_fit(tmp_path):
    options = {"early_stopping": True, "scoring": lambda model, X, y: 0.0, "max_iter": 2}
    with pytest.warns(UserWarning, match=r"epoch 1 was not saved to '.*' \(.*ickl"):
        fitted = network(**options).set_callbacks(Checkpoint(tmp_path / "n")).fit(X, Y)
    assert fitted.n_iter_ == 2
    assert not list(tmp_path.iterdir())


def test_the_file_is_where_it_was_with_the_rights_that_it_had(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("network.joblib")
    network(max_iter=1).set_callbacks(checkpoint).fit(X, Y)
    (tmp_path / "network.joblib").chmod(0o600)
    (tmp_path / "link").symlink_to("network.joblib")
    monkeypatch.chdir("/")
    for again in (checkpoint, Checkpoint(tmp_path / "link")):
        network(max_iter=3).set_callbacks(again).fit(X, Y)
    assert (tmp_path / "link").is_symlink()
    assert joblib.load(tmp_path / "network.joblib").n_iter_ == 3
    assert (tmp_path / "network.joblib").stat().st_mode & 0o777 == 0o600


def test_what_cannot_work_is_refused_before_training(tmp_path):
    for path, error in [(tmp_path, FileExistsError), (tmp_path / "a" / "b", FileNotFoundError)]:
        with pytest.raises(error, match=r"path='.*'"):
            network().set_callbacks(Checkpoint(path)).fit(X, Y)
    with pytest.raises(ValueError, match=r"warm_start=False: .*set warm_start=True"):
        network(warm_start=False).set_callbacks(Checkpoint(tmp_path / "n")).fit(X, Y)
    with pytest.raises(TypeError, match="set on a StandardScaler"):
        Checkpoint(tmp_path / "n").setup(StandardScaler(), None)
    with pytest.raises(TypeError, match="path=3"):
        Checkpoint(3)
    with pytest.raises(ValueError, match="every_n_epochs=0"):
        Checkpoint("network.joblib", every_n_epochs=0)


RUN = """
import sys
import joblib
from pathlib import Path
from sklearn.datasets import load_digits
from skshallow import ShallowNNClassifier
from skshallow.monitoring import Checkpoint
X, y = load_digits(return_X_y=True)
path = Path(sys.argv[1])
if path.exists():
    network = joblib.load(path)
else:
    options = {"max_iter": 80, "alpha": 0.01, "warm_start": True, "random_state": 0}
    network = ShallowNNClassifier(16, **options)
network.set_callbacks(Checkpoint(path)).fit(X, y)
joblib.dump(network, sys.argv[2])
"""


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again_ends_with_the_same_weights(tmp_path):
    rng, (part, whole) = np.random.default_rng(0), (tmp_path / name for name in ("part", "whole"))
    command = [sys.executable, "-c", RUN, str(part), str(whole)]
    for kills in range(3):
        before = part.stat().st_mtime_ns if kills else None
        process = subprocess.Popen(command)
        while not part.exists() or part.stat().st_mtime_ns == before:
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.02))
        process.kill()
        process.wait()
        assert joblib.load(part).n_iter_ > kills
    subprocess.run(command, check=True)
    X, y = load_digits(return_X_y=True)
    expected = network(hidden_units=16, max_iter=80, alpha=0.01).fit(X, y)
    assert_same_fit(joblib.load(whole), expected)
