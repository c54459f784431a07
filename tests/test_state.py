"""Training that goes on: nothing is forgotten, nothing is remembered that should not be."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from covering import covered
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from skshallow import ShallowNNClassifier
from skshallow.core.activations import Activation, LeakyReLU
from skshallow.core.optimizers import SGD, Adam, GradientDescent, Optimizer

# the same parameters are given to solvers that have no use for some of them
pytestmark = pytest.mark.filterwarnings("ignore:.* has no effect:UserWarning")
LAYERS = ("W1_", "b1_", "W2_", "b2_", "slopes_")
SMALL = {
    "hidden_units": 8,
    "batch_size": 40,
    "schedule": "constant",
    "random_state": 0,
    "alpha": 0.01,
}
STOPPING = {"early_stopping": True, "n_iter_no_change": 100}
VARIANTS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "gd": {"solver": "gd"},
    "plain momentum object": {"solver": SGD(momentum=0.5, nesterov=False)},
    "nesterov object": {"solver": SGD(momentum=0.8)},
    "adam object": {"solver": Adam(beta1=0.5)},
    "gd object": {"solver": GradientDescent()},
    "early stopping": STOPPING,
    "early stopping by accuracy": {**STOPPING, "scoring": "accuracy"},
    "dropout": {"dropout": 0.3},
    "dropout and early stopping": {"dropout": 0.3, **STOPPING},
    "prelu": {"activation": "prelu"},
    "raw inputs": {"standardize": False},
    "class weight": {"class_weight": "balanced"},
    "no shuffle": {"shuffle": False},
}


def kind(solver):
    """The name of a test's case, the same in every process."""
    return solver if isinstance(solver, str) else type(solver).__name__


class Heavy(Optimizer):
    """A user's optimiser with a past, and without ``__eq__``."""

    def reset(self, theta):
        self.velocity = np.zeros_like(theta)

    def step(self, theta, gradient, learning_rate):
        self.velocity = 0.9 * self.velocity + gradient
        theta -= learning_rate * self.velocity


class Stepwise(Optimizer):
    """Writes down the rates it is given; moves nothing."""

    rates = []  # noqa: RUF012, one list for all copies, because fit copies its parameters

    def step(self, theta, gradient, learning_rate):
        self.rates.append(learning_rate)


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


ROUND_TRIPS = {"pickle": through_pickle, "deepcopy": copy.deepcopy, "joblib": through_joblib}


def weights(estimator):
    return {name: getattr(estimator, name) for name in LAYERS if hasattr(estimator, name)}


def assert_same_network(a, b):
    """Bit for bit."""
    a, b = weights(a), weights(b)
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert value.dtype == b[name].dtype
        np.testing.assert_array_equal(value, b[name], err_msg=name)


def differ(a, b):
    return any(not np.array_equal(value, weights(b)[name]) for name, value in weights(a).items())


def in_two_halves(X, y, between=lambda estimator: estimator, **parameters):
    """(20 epochs, 10 + 10 epochs)."""
    whole = ShallowNNClassifier(max_iter=20, **SMALL | parameters).fit(X, y)
    half = ShallowNNClassifier(max_iter=10, warm_start=True, **SMALL | parameters).fit(X, y)
    return whole, between(half).fit(X, y)


def epochs_of_partial_fit(k, X, y, sample_weight=None, **parameters):
    classifier = ShallowNNClassifier(**SMALL | parameters)
    for _ in range(k):
        classifier.partial_fit(X, y, np.unique(y), sample_weight)
    return classifier


@pytest.mark.fast(8)
@pytest.mark.parametrize("variant", VARIANTS)
def test_ten_epochs_and_ten_more_are_twenty(variant):
    whole, halves = in_two_halves(*load_iris(return_X_y=True), **VARIANTS[variant])
    assert_same_network(whole, halves)
    np.testing.assert_array_equal(whole.loss_curve_, halves.loss_curve_)
    np.testing.assert_array_equal(whole.penalty_curve_, halves.penalty_curve_)
    assert (whole.n_iter_, whole.best_iter_) == (halves.n_iter_, halves.best_iter_)
    if whole.validation_scores_ is not None:
        np.testing.assert_array_equal(whole.validation_scores_, halves.validation_scores_)
        assert whole.best_validation_score_ == halves.best_validation_score_


@pytest.mark.fast(3)
@pytest.mark.parametrize("convert", [np.float32, csr_array, lambda X: csr_array(X, dtype="f4")])
@pytest.mark.parametrize("standardize", [True, False])
def test_ten_and_ten_are_twenty_for_other_kinds_of_data(convert, standardize):
    X, y = load_iris(return_X_y=True)
    assert_same_network(*in_two_halves(convert(X), y, standardize=standardize))


def test_ten_and_ten_are_twenty_for_multilabel_targets():
    X, y = load_iris(return_X_y=True)
    assert_same_network(*in_two_halves(X, np.column_stack([y == 0, y > 0, y == 2]).astype(int)))


def test_ten_and_ten_are_twenty_for_a_users_own_optimizer():
    X, y = load_iris(return_X_y=True)
    assert_same_network(*in_two_halves(X, y, solver=Heavy()))


@covered(
    variant=["adam", "dropout and early stopping", "prelu"],
    trip=ROUND_TRIPS,
    strength=1,
)
def test_training_goes_on_after_a_round_trip(trip, variant):
    data = load_iris(return_X_y=True)
    assert_same_network(*in_two_halves(*data, between=ROUND_TRIPS[trip], **VARIANTS[variant]))


@pytest.mark.parametrize("trip", ROUND_TRIPS)
def test_partial_fit_goes_on_after_a_round_trip(trip):
    X, y = load_iris(return_X_y=True)
    stayed = epochs_of_partial_fit(3, X, y, dropout=0.2)
    travelled = ROUND_TRIPS[trip](stayed)
    assert_same_network(stayed, travelled)
    assert_same_network(stayed.partial_fit(X, y), travelled.partial_fit(X, y))


def test_a_copy_in_training_does_not_move_the_original():
    X, y = load_iris(return_X_y=True)
    original = epochs_of_partial_fit(3, X, y)
    before = through_pickle(original)
    copy.deepcopy(original).partial_fit(X, y)
    assert_same_network(original, before)
    assert_same_network(original.partial_fit(X, y), before.partial_fit(X, y))


@pytest.mark.parametrize("solver", ["adam", "sgd", "gd", "lbfgs"])
def test_other_hidden_units_under_warm_start_are_an_error_that_names_both(solver):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        hidden_units=5, solver=solver, alpha=0.1, max_iter=300, warm_start=True
    ).fit(X, y)
    with pytest.raises(ValueError, match=r"hidden_units=9\b.* 5\b"):
        classifier.set_params(hidden_units=9).fit(X, y)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("relu", "tanh", r"activation='tanh'.*[Rr]e[Ll][Uu]"),
        ("relu", "prelu", r"activation='prelu'.*[Rr]e[Ll][Uu]"),
        ("prelu", "relu", r"activation='relu'.*[Pp][Rr]e[Ll][Uu]"),
        (LeakyReLU(0.1), LeakyReLU(0.5), r"0\.5.*0\.1"),
    ],
)
def test_another_activation_under_warm_start_is_an_error_that_names_both(old, new, message):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(activation=old, max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=message):
        classifier.set_params(activation=new).fit(X, y)


def test_the_same_activation_under_another_name_goes_on():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(activation="leaky_relu", max_iter=10, warm_start=True, **SMALL)
    whole = ShallowNNClassifier(activation="leaky_relu", max_iter=20, **SMALL).fit(X, y)
    classifier.fit(X, y).set_params(activation=LeakyReLU(0.01)).fit(X, y)
    assert_same_network(classifier, whole)


def test_other_columns_under_warm_start_are_an_error():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="3 features"):
        classifier.fit(X[:, :3], y)


@pytest.mark.parametrize("variant", ["adam", "early stopping", "prelu", "raw inputs"])
def test_warm_start_after_a_plain_fit_goes_on_from_the_fitted_weights(variant):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(max_iter=20, **SMALL | VARIANTS[variant]).fit(X, y)
    before = classifier.predict_proba(X)
    classifier.set_params(warm_start=True, learning_rate=1e-12, max_iter=1).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), before, rtol=1e-8)


@pytest.mark.parametrize("route", ["warm_start was on", "partial_fit came before"])
def test_fit_without_warm_start_starts_anew(route):
    X, y = load_iris(return_X_y=True)
    fresh = ShallowNNClassifier(max_iter=5, **SMALL).fit(X, y)
    if route == "warm_start was on":
        used = ShallowNNClassifier(max_iter=5, warm_start=True, **SMALL).fit(X, y)
        used.set_params(warm_start=False)
    else:
        used = ShallowNNClassifier(max_iter=5, **SMALL).partial_fit(X, y, np.unique(y))
    used.fit(X, y)
    assert_same_network(used, fresh)
    assert used.n_iter_ == len(used.loss_curve_) == 5


@pytest.mark.fast(6)
@pytest.mark.parametrize("solver", ["adam", "sgd", "gd", SGD(momentum=0.5), Heavy()], ids=kind)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "adaptive"])
def test_k_calls_of_partial_fit_are_fit_of_k_epochs(solver, schedule):
    X, y = load_iris(return_X_y=True)
    options = {"solver": solver, "schedule": schedule, "max_iter": 6, "n_iter_no_change": 2}
    fitted = ShallowNNClassifier(**SMALL | options).fit(X, y)
    calls = epochs_of_partial_fit(fitted.n_iter_, X, y, **options)
    assert_same_network(fitted, calls)
    np.testing.assert_array_equal(fitted.loss_curve_, calls.loss_curve_)


@pytest.mark.parametrize("convert", [np.asarray, np.float32, np.asfortranarray, csr_array])
def test_k_calls_of_partial_fit_are_fit_of_k_epochs_with_weights_and_dropout(convert):
    X, y = load_iris(return_X_y=True)
    sample_weight = np.random.default_rng(0).uniform(0, 3, len(y))
    sample_weight[:20] = 0
    options = {"dropout": 0.2, "class_weight": "balanced", "max_iter": 4}
    fitted = ShallowNNClassifier(**SMALL | options).fit(convert(X), y, sample_weight)
    assert_same_network(fitted, epochs_of_partial_fit(4, convert(X), y, sample_weight, **options))


@pytest.mark.parametrize("variant", ["adam", "early stopping", "prelu", "raw inputs"])
def test_partial_fit_after_fit_goes_on_from_the_fitted_weights(variant):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(max_iter=30, **SMALL | VARIANTS[variant]).fit(X, y)
    before = classifier.predict_proba(X)
    classifier.set_params(learning_rate=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), before, rtol=1e-8)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_fit_after_partial_fit_under_warm_start_goes_on(early_stopping):
    X, y = load_iris(return_X_y=True)
    classifier = epochs_of_partial_fit(30, X, y, warm_start=True, early_stopping=early_stopping)
    before = classifier.predict_proba(X)
    classifier.set_params(learning_rate=1e-12, max_iter=1).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), before, rtol=1e-8)


def test_partial_fit_goes_on_where_lbfgs_ended():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(hidden_units=5, solver="lbfgs", alpha=0.1, random_state=0)
    before = classifier.fit(X, y).predict_proba(X)
    classifier.set_params(solver="adam", learning_rate=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), before, rtol=1e-8)


@pytest.mark.fast(2)
@pytest.mark.parametrize(("first", "then"), [("adam", "lbfgs"), ("lbfgs", "sgd"), ("sgd", "gd")])
def test_another_solver_under_warm_start_takes_over_and_does_no_harm(first, then):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        hidden_units=5, solver=first, alpha=0.1, max_iter=400, warm_start=True, random_state=0
    )
    J = [fit.loss_ + fit.penalty_curve_[-1] for fit in [classifier.fit(X, y)]]
    classifier.set_params(solver=then, learning_rate=0.001).fit(X, y)
    assert classifier.loss_ + classifier.penalty_curve_[-1] <= J[0] * 1.01
    assert classifier.n_iter_ == len(classifier.loss_curve_)


def test_a_clone_is_unfitted():
    X, y = load_iris(return_X_y=True)
    copied = clone(ShallowNNClassifier(max_iter=2, warm_start=True).fit(X, y))
    with pytest.raises(NotFittedError):
        copied.predict(X)
    assert vars(copied).keys() == vars(ShallowNNClassifier()).keys()


def test_lbfgs_has_no_partial_fit_and_says_what_to_use():
    classifier = ShallowNNClassifier(solver="lbfgs")
    assert not hasattr(classifier, "partial_fit")
    assert hasattr(classifier.set_params(solver="sgd"), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        ShallowNNClassifier(solver="lbfgs").partial_fit  # noqa: B018
    assert "adam" in f"{caught.value} {caught.value.__cause__}"


def test_a_learning_rate_changed_between_warm_fits_is_used():
    X, y = load_iris(return_X_y=True)
    Stepwise.rates.clear()
    classifier = ShallowNNClassifier(solver=Stepwise(), max_iter=1, warm_start=True, **SMALL)
    classifier.set_params(learning_rate=0.5).fit(X, y).set_params(learning_rate=0.125).fit(X, y)
    assert set(Stepwise.rates[: len(Stepwise.rates) // 2]) == {0.5}
    assert set(Stepwise.rates[len(Stepwise.rates) // 2 :]) == {0.125}


def test_a_schedule_changed_between_warm_fits_is_used():
    X, y = load_iris(return_X_y=True)
    Stepwise.rates.clear()
    classifier = ShallowNNClassifier(solver=Stepwise(), max_iter=2, warm_start=True, **SMALL)
    classifier.fit(X, y).set_params(schedule="cosine").fit(X, y)
    assert set(Stepwise.rates[: len(Stepwise.rates) // 2]) == {classifier.learning_rate}
    assert min(Stepwise.rates) < classifier.learning_rate / 2


@pytest.mark.parametrize("schedule", ["cosine", "adaptive"])
def test_the_schedule_begins_anew_with_a_warm_fit(schedule):
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(
        solver=Stepwise(), schedule=schedule, max_iter=9, n_iter_no_change=3, warm_start=True
    ).fit(X, y)
    Stepwise.rates.clear()
    classifier.fit(X, y)
    assert Stepwise.rates[0] == classifier.learning_rate


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_are_kept_as_given_and_never_changed(method):
    X, y = load_iris(return_X_y=True)
    solver, activation = SGD(momentum=0.5), LeakyReLU(slope=0.2)
    attributes = copy.deepcopy(vars(solver)), copy.deepcopy(vars(activation))
    classifier = ShallowNNClassifier(max_iter=2).set_params(solver=solver, activation=activation)
    before = classifier.get_params()
    arguments = (X, y) if method == "fit" else (X, y, np.unique(y))
    getattr(classifier, method)(*arguments)
    after = classifier.get_params()
    assert after["solver"] is solver
    assert after["activation"] is activation
    assert (vars(solver), vars(activation)) == attributes
    assert after == before
    copied = clone(classifier)
    assert (copied.solver, copied.activation) == (solver, activation)


@pytest.mark.fast(6)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_bits(variant):
    X, y = load_iris(return_X_y=True)
    options = SMALL | VARIANTS[variant] | {"max_iter": 3}
    one, other = (ShallowNNClassifier(**options).fit(X, y) for _ in range(2))
    assert_same_network(one, other)
    assert differ(one, ShallowNNClassifier(**options | {"random_state": 1}).fit(X, y))


@pytest.mark.slow
@pytest.mark.parametrize(("n_features", "hidden_units"), [(64, 16), (500, 500)])
def test_the_number_of_jobs_does_not_change_a_bit(n_features, hidden_units):
    X, y = make_classification(300, n_features, n_informative=10, random_state=0)
    classifier = ShallowNNClassifier(hidden_units, max_iter=2, random_state=0)
    jobs = [joblib.delayed(clone(classifier).fit)(X, y) for _ in range(2)]
    for fitted in [*joblib.Parallel(n_jobs=1)(jobs), *joblib.Parallel(n_jobs=2)(jobs)]:
        assert_same_network(fitted, classifier.fit(X, y))


def test_a_random_state_instance_is_drawn_from_once_in_every_fit():
    X, y = load_iris(return_X_y=True)
    rng = np.random.RandomState(3)
    classifier = ShallowNNClassifier(max_iter=2, **SMALL | {"random_state": rng})
    first, second = (copy.deepcopy(classifier.fit(X, y)) for _ in range(2))
    assert differ(first, second)
    again = ShallowNNClassifier(max_iter=2, **SMALL | {"random_state": np.random.RandomState(3)})
    assert_same_network(again.fit(X, y), first)
    assert_same_network(again.fit(X, y), second)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("convert", [np.ascontiguousarray, np.asfortranarray, csr_array])
def test_predictions_do_not_depend_on_how_rows_are_cut_into_calls(dtype, convert):
    X, y = load_digits(return_X_y=True)
    X = X.astype(dtype)
    classifier = ShallowNNClassifier(37, alpha=0.01, max_iter=2, random_state=0).fit(X, y)
    whole = classifier.predict_proba(convert(X))
    for cuts in ([1], [1, 2, 3], [31, 32, 33, 1023, 1024, 1025], [700]):
        parts = [slice(*ends) for ends in zip([0, *cuts], [*cuts, len(X)], strict=True)]
        pieces = [classifier.predict_proba(convert(X[part])) for part in parts]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(classifier.predict_proba(convert(X[order])), whole[order])


def test_predictions_do_not_depend_on_the_memory_order_of_x():
    X, y = load_digits(return_X_y=True)
    classifier = ShallowNNClassifier(37, alpha=0.01, max_iter=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        classifier.predict_proba(np.asfortranarray(X)), classifier.predict_proba(X)
    )
    np.testing.assert_array_equal(
        classifier.predict_proba(np.repeat(X, 2, axis=0)[::2]), classifier.predict_proba(X)
    )


def test_partial_fit_after_early_stopping_goes_on_from_the_kept_weights():
    X, y = load_iris(return_X_y=True)
    warm = ShallowNNClassifier(max_iter=200, warm_start=True, **SMALL | STOPPING)
    still = warm.fit(X, y).W1_.copy()
    assert warm.best_iter_ < warm.n_iter_  # or the kept weights would be the last ones
    warm.set_params(learning_rate=1e-12, max_iter="auto").partial_fit(X, y)
    np.testing.assert_allclose(warm.W1_, still, rtol=1e-6)


def test_partial_fit_takes_up_a_changed_schedule():
    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(8, max_iter=4, schedule="cosine", random_state=0)
    classifier.partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y)
    other = through_pickle(classifier)
    classifier.partial_fit(X, y)
    other.set_params(schedule="constant").partial_fit(X, y)
    assert not np.array_equal(classifier.W1_, other.W1_)


def test_a_warm_fit_by_another_score_keeps_the_weights_that_this_score_likes_best():
    X, y = load_iris(return_X_y=True)
    warm = ShallowNNClassifier(
        8, warm_start=True, early_stopping=True, max_iter=5, scoring="accuracy", random_state=0
    ).fit(X, y)
    before = warm.W1_.copy()
    warm.set_params(scoring="loss", max_iter=30).fit(X, y)
    assert not np.array_equal(before, warm.W1_)
    assert warm.best_validation_score_ == warm.validation_scores_[warm.best_iter_ - 1] < 0


def test_validation_scores_stand_beside_the_epochs_that_had_one():
    X, y = load_iris(return_X_y=True)
    warm = ShallowNNClassifier(8, warm_start=True, early_stopping=True, max_iter=3, random_state=0)
    warm.fit(X, y).set_params(early_stopping=False).fit(X, y)
    assert np.isnan(warm.validation_scores_).tolist() == [False] * 3 + [True] * 3
    assert warm.best_validation_score_ == max(warm.validation_scores_[:3])
    assert len(warm.loss_curve_) == warm.n_iter_ == warm.best_iter_ == 6


def test_a_fit_that_fails_leaves_no_half_of_an_earlier_one():
    class Broken:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("broken")

    X, y = load_iris(return_X_y=True)
    classifier = ShallowNNClassifier(8, max_iter=3).fit(X, y).set_callbacks(Broken())
    with pytest.raises(RuntimeError, match="broken"):
        classifier.fit(X, y + 10)
    with pytest.raises(NotFittedError):
        classifier.predict(X)
    assert not hasattr(classifier, "_state")


class Smooth(Activation):
    """A user's activation with an array of its own, a memory, and no __eq__."""

    def __init__(self):
        self.scale = np.array([1.0, 2.0])

    def forward(self, Z1, A1):
        assert Z1.ndim == 2
        np.tanh(Z1, out=A1)
        A1 *= self.scale[1]
        self.memory = A1.copy()

    def backward(self, Z1, A1, dA1):
        dA1 *= 2 - self.memory**2 / 2


def test_training_goes_on_with_objects_that_hold_arrays():
    X, y = load_iris(return_X_y=True)
    whole, halves = in_two_halves(X, y, activation=Smooth())
    assert_same_network(whole, halves)
    assert whole.loss_curve_[-1] < whole.loss_curve_[0] / 2


def test_probabilities_of_an_own_activation_are_those_it_was_trained_on():
    X, y = load_iris(return_X_y=True)
    own = ShallowNNClassifier(8, activation=Smooth(), max_iter=50, solver="gd", random_state=0)
    losses = own.set_params(learning_rate=0.1).fit(X, y).loss_curve_
    after = log_loss(y, own.predict_proba(X))
    assert after == pytest.approx(losses[-1], rel=0.02)
    assert after < losses[-1]


def test_standardize_changed_under_warm_start_is_refused():
    X, y = load_iris(return_X_y=True)
    warm = ShallowNNClassifier(8, max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"standardize=False.*warm_start"):
        warm.set_params(standardize=False).fit(X, y)


def test_predictions_of_many_rows_are_those_of_few():
    X, y = load_digits(return_X_y=True)
    classifier = ShallowNNClassifier(300, max_iter=1, random_state=0).fit(X, y)
    many = np.tile(X, (4, 1))  # enough work for several threads
    few = classifier.predict_proba(X[:100])
    np.testing.assert_array_equal(classifier.predict_proba(many)[:100], few)
    np.testing.assert_array_equal(classifier.predict_proba(many)[-len(X) :][:100], few)


def test_inputs_are_scaled_as_the_present_penalty_allows():
    X, y = load_iris(return_X_y=True)
    network = ShallowNNClassifier(**SMALL | {"alpha": 0.0, "warm_start": True}, max_iter=2)
    seen = [network.set_params(alpha=a).fit(X, y)._state.input_scaling for a in (0, 0.01, 0)]
    assert [scaling is None for scaling in seen] == [True, False, True]
