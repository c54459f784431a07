"""The pictures show what was learned, all of it can be read, and nothing else changes."""

import importlib
import itertools
import sys

import joblib
import numpy as np
import pytest
from covering import slow
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    make_moons,
    make_multilabel_classification,
)
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skshallow import ShallowNNClassifier, ShallowNNRegressor

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")
plotting = pytest.importorskip("skshallow.extras.plotting")

HiddenUnitsDisplay = plotting.HiddenUnitsDisplay
LossCurveDisplay = plotting.LossCurveDisplay
NetworkDisplay = plotting.NetworkDisplay
DISPLAYS = [HiddenUnitsDisplay, LossCurveDisplay, NetworkDisplay]
BLUE, ORANGE = colors.to_rgb("#0072B2"), colors.to_rgb("#D55E00")
STOPPING = {"early_stopping": True, "validation_fraction": 0.3}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def classifier(hidden_units=5, **parameters):
    settings = {"max_iter": 5, "random_state": 0, "alpha": 0.01, "activation": "tanh"}
    return ShallowNNClassifier(hidden_units, **{**settings, **parameters})


def regressor(hidden_units=5, **parameters):
    settings = {"max_iter": 5, "random_state": 0, "alpha": 0.01}
    return ShallowNNRegressor(hidden_units, **{**settings, **parameters})


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return classifier(**STOPPING).fit(X, y)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return classifier(12).fit(X[:300], y[:300])


def task(name):
    """A fitted network of every kind of output, and its X."""
    if name == "multiclass":
        X, y = load_iris(return_X_y=True)
    elif name == "binary":
        X, y = load_breast_cancer(return_X_y=True)
    elif name == "multilabel":
        X, y = make_multilabel_classification(60, 6, n_classes=3, random_state=0)
    elif name == "targets":
        X, y = load_linnerud(return_X_y=True)
    else:
        X, y = load_diabetes(return_X_y=True)
    if name in ("multiclass", "binary", "multilabel"):
        return classifier(**STOPPING).fit(X, y), X
    loss = {"loss": "quantile", "quantile": [0.1, 0.9]} if name == "quantiles" else {}
    return regressor(**STOPPING, **loss).fit(X, y), X


TASKS = ("multiclass", "binary", "multilabel", "target", "targets", "quantiles")


def words(texts):
    return [text.get_text() for text in texts]


def legend_of(display):
    return words(display.legend_.get_texts())


# All displays


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(ShallowNNClassifier(), {"hidden_units": [2, 3]}),
        np.zeros((3, 3)),
    ],
    ids=["other estimator", "pipeline", "search", "no estimator"],
)
def test_a_stranger_is_refused_with_what_to_give_instead(display, estimator):
    with pytest.raises(TypeError, match=r"give a ShallowNNClassifier.* its best_estimator_"):
        display.from_estimator(estimator)


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("wrap", [lambda e: e, make_pipeline], ids=["alone", "pipeline"])
def test_an_unfitted_network_is_refused(display, wrap):
    with pytest.raises(NotFittedError):
        display.from_estimator(wrap(ShallowNNClassifier()))
    assert plt.get_fignums() == []


@pytest.mark.fast(1)
@pytest.mark.parametrize("display", DISPLAYS)
def test_a_picture_leaves_the_network_as_it_was(display, digits):
    before = joblib.hash(vars(digits))
    display.from_estimator(digits, **({} if display is LossCurveDisplay else {"X": _digits()}))
    assert joblib.hash(vars(digits)) == before


@pytest.mark.slow
@pytest.mark.fast(1)
@pytest.mark.parametrize("display", DISPLAYS)
def test_plot_draws_in_the_given_axis_and_gives_itself(display, digits):
    figure, axes = plt.subplots(1, 2)
    drawn = display.from_estimator(digits, ax=axes[1])
    assert drawn.ax_ is axes[1]
    assert drawn.figure_ is figure
    assert drawn.plot() is drawn
    assert drawn.figure_ is not figure


@pytest.mark.fast(1)
@pytest.mark.parametrize("display", DISPLAYS)
def test_the_last_step_of_a_pipeline_may_be_the_network(display):
    X, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), classifier(3)).fit(X[:200], y[:200])
    alone = classifier(3).fit(StandardScaler().fit_transform(X[:200]), y[:200])
    given = {} if display is LossCurveDisplay else {"X": X[:200]}
    by_hand = {} if display is LossCurveDisplay else {"X": pipeline[:-1].transform(X[:200])}
    one, other = display.from_estimator(pipeline, **given), display.from_estimator(alone, **by_hand)
    for name in {"loss", "W1", "W2", "maps"} & vars(one).keys():
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def _digits():
    return load_digits().data[:300]


def _long_names():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.rename(columns=lambda name: f"{name}, as the microscope has measured it")
    return NetworkDisplay.from_estimator(classifier(40).fit(X, y), X)


def _two_features(n):
    X, y = make_moons(60, random_state=0)
    return HiddenUnitsDisplay.from_estimator(classifier(n).fit(X, y), X)


PICTURES = {
    "one loss curve": lambda: LossCurveDisplay.from_estimator(task("target")[0], penalty=True),
    "loss and score": lambda: LossCurveDisplay(
        [0.2, 0.00001], validation=[-1234.5, 0], validation_name="r2"
    ).plot(),
    "smallest network": lambda: NetworkDisplay([[1.0]], [[-1.0]]).plot(),
    "wide network": lambda: NetworkDisplay(np.eye(30, 3), np.ones((12, 30))).plot(),
    "long names": _long_names,
    "network of digits": lambda: NetworkDisplay.from_estimator(
        classifier(64).fit(*load_digits(return_X_y=True)), max_units=20
    ),
    "one picture": lambda: _two_features(1),
    "sixteen pictures": lambda: _two_features(20),
    "flat images": lambda: HiddenUnitsDisplay(np.eye(2, 40).reshape(2, 2, 20)).plot(),
    "tall images": lambda: HiddenUnitsDisplay(np.eye(5, 40).reshape(5, 20, 2)).plot(),
}


QUICK_PICTURES = ("one loss curve", "wide network", "one picture", "flat images")


@pytest.mark.fast(1)
@pytest.mark.parametrize(
    "name", [*QUICK_PICTURES, *slow(*(p for p in PICTURES if p not in QUICK_PICTURES))]
)
def test_nothing_is_cut_off_at_the_edges_of_a_new_figure(name):
    figure = PICTURES[name]().figure_
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    assert (pixels != 255).any()
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("skshallow.extras.plotting")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "skshallow\[plot\]"'):
        importlib.import_module("skshallow.extras.plotting")


# LossCurveDisplay


@pytest.mark.parametrize("name", TASKS)
def test_the_curves_are_those_of_the_fit(name):
    network, _ = task(name)
    display = LossCurveDisplay.from_estimator(network, penalty=True)
    expected = {
        display.line_: network.loss_curve_,
        display.validation_line_: -network.validation_scores_,
        display.penalty_line_: network.penalty_curve_,
    }
    for line, curve in expected.items():
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, network.n_iter_ + 1))
        np.testing.assert_array_equal(line.get_ydata(), curve)
        assert line.axes is display.ax_
    assert display.score_ax_ is None
    assert display.ax_.get_ylabel() == "loss"
    assert display.ax_.get_xlabel() == "epoch"
    best = 1 + np.argmin(display.validation_line_.get_ydata())
    assert display.best_point_.get_xdata().tolist() == [best]
    assert legend_of(display) == [
        "training loss",
        "penalty",
        "validation loss",
        f"weights kept (epoch {best})",
    ]


@pytest.mark.fast(1)
@pytest.mark.parametrize(
    "scoring", ["balanced_accuracy", "roc_auc_ovr", lambda estimator, X, y: estimator.score(X, y)]
)
def test_another_score_has_an_axis_of_its_own(scoring):
    X, y = load_iris(return_X_y=True)
    network = classifier(scoring=scoring, **STOPPING).fit(X, y)
    display = LossCurveDisplay.from_estimator(network)
    label = scoring.replace("_", " ") if isinstance(scoring, str) else "score"
    assert display.score_ax_ is not display.ax_
    assert display.score_ax_.get_ylabel() == f"validation {label}"
    assert display.score_ax_.yaxis.get_label_position() == "right"
    assert f"validation {label}" in legend_of(display)
    line, point = display.validation_line_, display.best_point_
    assert line.axes is point.axes is display.score_ax_
    np.testing.assert_array_equal(line.get_ydata(), network.validation_scores_)
    assert point.get_ydata().tolist() == [network.best_validation_score_]


def y_colors(ax):
    """Colors of the label, the ticks and their numbers on the vertical axis."""
    ax.figure.draw_without_rendering()
    ticks = ax.yaxis.get_major_ticks() + ax.yaxis.get_minor_ticks()
    lines = [line for tick in ticks for line in (tick.tick1line, tick.tick2line)]
    parts = [ax.yaxis.label, *lines, *ax.get_yticklabels()]
    return {colors.to_rgb(part.get_color()) for part in parts}


def brightness_to_the_color_blind(color):
    """Luminance, which those who confuse hues see (CIE 1931, of linear light)."""
    linear = np.array(colors.to_rgb(color)) ** 2.2
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.slow
@pytest.mark.parametrize("log_scale", [False, True])
def test_each_of_two_axes_has_the_color_of_its_curve(log_scale):
    curves = {"validation": [0.5, 0.9], "validation_name": "accuracy", "best_iter": 2}
    display = LossCurveDisplay([1, 0.2], **curves).plot(log_scale=log_scale)
    for ax, line in (
        (display.ax_, display.line_),
        (display.score_ax_, display.validation_line_),
    ):
        assert y_colors(ax) == {colors.to_rgb(line.get_color())}
    assert display.best_point_.get_color() == display.validation_line_.get_color()


def test_the_two_axes_can_be_told_apart_without_hues():
    display = LossCurveDisplay([1, 0.2], validation=[0.5, 1], validation_name="accuracy").plot()
    dark, light = sorted(
        brightness_to_the_color_blind(line.get_color())
        for line in (display.line_, display.validation_line_)
    )
    assert light > 1.3 * dark
    assert display.line_.get_linestyle() != display.validation_line_.get_linestyle()


@pytest.mark.slow
def test_colors_that_stand_for_networks_are_not_those_of_the_axes():
    curves = {"validation": [0.5, 1], "validation_name": "accuracy"}
    first = LossCurveDisplay([1, 0.2], **curves).plot()
    second = LossCurveDisplay([1, 0.2], name="b", **curves).plot(first.ax_)
    assert second.line_.get_color() == second.validation_line_.get_color()
    for ax in (first.ax_, first.score_ax_):
        assert y_colors(ax) == {colors.to_rgb(plt.rcParams["axes.labelcolor"])}


def test_without_validation_the_last_weights_are_not_marked():
    X, y = load_iris(return_X_y=True)
    display = LossCurveDisplay.from_estimator(classifier().fit(X, y))
    assert display.validation_line_ is display.best_point_ is display.penalty_line_ is None
    assert legend_of(display) == ["training loss"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_after_a_divergence_the_weights_that_were_kept_are_marked():
    X, y = load_diabetes(return_X_y=True)
    network = regressor(solver="gd", learning_rate=1.0, alpha=0, max_iter=100).fit(X, y)
    kept = network.best_iter_
    assert 0 < kept < network.n_iter_
    display = LossCurveDisplay.from_estimator(network)
    assert display.best_point_.get_xydata().tolist() == [[kept, network.loss_]]


def test_the_mark_goes_to_the_training_curve_where_there_is_no_score():
    display = LossCurveDisplay([3, 2, 1], validation=[np.nan, 2.5, 2], best_iter=1).plot()
    assert display.best_point_.get_xydata().tolist() == [[1, 3]]
    assert LossCurveDisplay([3, 2], best_iter=0).plot().best_point_ is None


def test_iterations_of_lbfgs_are_not_called_epochs():
    X, y = load_iris(return_X_y=True)
    lbfgs, adam = classifier(solver="lbfgs", max_iter=500).fit(X, y), classifier().fit(X, y)
    assert LossCurveDisplay.from_estimator(lbfgs).ax_.get_xlabel() == "iteration"
    both = LossCurveDisplay.from_estimators({"a": lbfgs, "b": adam})
    assert both["b"].ax_.get_xlabel() == "epoch or iteration"


def three_networks():
    X, y = load_iris(return_X_y=True)
    settings = [{}, {"scoring": "accuracy"}, {"scoring": "accuracy"}]
    return {
        f"{n} units": classifier(n, **STOPPING, **setting).fit(X, y)
        for n, setting in zip((2, 4, 8), settings, strict=True)
    }


@pytest.mark.slow
def test_several_networks_share_axes_and_each_has_a_colour():
    displays = LossCurveDisplay.from_estimators(three_networks()).values()
    (ax,) = {display.ax_ for display in displays}
    assert len(ax.figure.axes) == 2
    assert len({display.line_.get_color() for display in displays}) == 3
    for display in displays:
        assert display.line_.get_color() == display.validation_line_.get_color()
        assert display.line_.get_linestyle() != display.validation_line_.get_linestyle()
    *_, last = displays
    assert last.validation_line_.axes is last.score_ax_


@pytest.mark.slow
def test_the_legend_of_several_networks_names_each_and_every_kind_once():
    *_, last = LossCurveDisplay.from_estimators(three_networks(), penalty=True).values()
    assert legend_of(last) == [
        "2 units",
        "4 units",
        "8 units",
        "penalty",
        "validation loss",
        "weights kept",
        "validation accuracy",
    ]
    handles = dict(zip(legend_of(last), last.legend_.legend_handles, strict=True))
    red, green, blue = colors.to_rgb(handles["penalty"].get_color())
    assert red == green == blue  # grey: the three have no colour in common
    assert handles["2 units"].get_color() == handles["validation loss"].get_color()
    legends = [axes.get_legend() for axes in last.figure_.axes]
    assert [legend for legend in legends if legend is not None] == [last.legend_]


@pytest.mark.slow
def test_plotting_again_on_the_axis_is_from_estimators():
    networks, ax = three_networks(), None
    for name, network in networks.items():
        again = LossCurveDisplay.from_estimator(network, name=name, ax=ax)
        ax = again.ax_
    *_, at_once = LossCurveDisplay.from_estimators(networks).values()
    assert legend_of(again) == legend_of(at_once)
    for one, other in zip(again.figure_.axes, at_once.figure_.axes, strict=True):
        assert [line.get_color() for line in one.lines] == [x.get_color() for x in other.lines]


def test_several_networks_are_checked_before_anything_is_drawn(iris):
    with pytest.raises(TypeError, match="LogisticRegression"):
        LossCurveDisplay.from_estimators({"a": iris, "b": LogisticRegression()})
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_scores_of_different_kinds_share_an_axis_with_a_common_name():
    first = LossCurveDisplay([1, 0.5], validation=[0.1, 0.2], validation_name="accuracy").plot()
    second = LossCurveDisplay([1, 0.5], validation=[0.1, 0.2], validation_name="r2", name="b")
    assert second.plot(first.ax_).score_ax_ is first.score_ax_
    assert first.score_ax_.get_ylabel() == "validation score"
    assert {"validation accuracy", "validation r2"} <= set(legend_of(second))


@pytest.mark.slow
def test_the_legend_hides_no_point_of_either_axis_if_there_is_room():
    epochs = np.arange(1, 40)
    display = LossCurveDisplay(1 / epochs, validation=1 - 1 / epochs, validation_name="r2").plot()
    display.figure_.draw_without_rendering()
    box = display.legend_.get_window_extent()
    for line in (display.line_, display.validation_line_):
        points = line.axes.transData.transform(line.get_xydata())
        assert not ((points > box.min) & (points < box.max)).all(axis=1).any()


def test_a_logarithmic_axis_leaves_out_zeros():
    X, y = load_iris(return_X_y=True)
    network = classifier(alpha=0).fit(X, y)
    assert not network.penalty_curve_.any()
    display = LossCurveDisplay.from_estimator(network, penalty=True, log_scale=True)
    assert display.ax_.get_yscale() == "log"
    assert np.isnan(display.penalty_line_.get_ydata()).all()
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize("curves", [{"loss": [1, -0.5]}, {"loss": [1], "validation": [-0.5]}])
def test_a_negative_loss_is_refused_on_a_logarithmic_axis_alone(curves):
    display = LossCurveDisplay(**curves)
    display.plot()
    with pytest.raises(ValueError, match=r"loss of -0\.5: use log_scale=False"):
        display.plot(log_scale=True)
    with pytest.raises(ValueError, match=r"loss of -0\.5"):
        display.plot(LossCurveDisplay([1, 2]).plot(log_scale=True).ax_)


@pytest.mark.slow
def test_a_negative_score_does_not_mind_logarithmic_losses():
    display = LossCurveDisplay([1, 0.1], validation=[-0.5, 0.5], validation_name="r2")
    assert display.plot(log_scale=True).score_ax_.get_yscale() == "linear"


def test_properties_of_lines_may_be_given(iris):
    display = LossCurveDisplay.from_estimator(iris, lw=4, c="red", alpha=0.5)
    for line in (display.line_, display.validation_line_):
        assert (line.get_linewidth(), line.get_color(), line.get_alpha()) == (4, "red", 0.5)


def test_partial_fit_has_curves_too():
    X, y = load_iris(return_X_y=True)
    network = classifier()
    for _ in range(3):
        network.partial_fit(X, y, classes=[0, 1, 2])
    display = LossCurveDisplay.from_estimator(network)
    assert display.line_.get_xdata().tolist() == [1, 2, 3]


# NetworkDisplay


def weights_drawn(display, lines, start, end):
    """(start, end) -> (width, colour), by the heights of the named circles."""
    names = [{text.get_position()[1]: text.get_text() for text in side} for side in (start, end)]
    drawn = {}
    widths, shades = lines.get_linewidths(), lines.get_colors()
    for ends, width, shade in zip(lines.get_segments(), widths, shades, strict=True):
        key = tuple(names[k][ends[k][1]] for k in (0, 1))
        drawn[key] = width, tuple(shade[:3])
    return drawn


@pytest.mark.fast(2)
@pytest.mark.parametrize("name", TASKS)
def test_every_weight_is_a_line_as_wide_as_it_is_large_with_the_colour_of_its_sign(name):
    network, _ = task(name)
    display = NetworkDisplay.from_estimator(network, max_features=30)
    features, units = display.feature_texts_, display.unit_texts_
    layers = [
        (network.W1_, weights_drawn(display, display.W1_lines_, features, units)),
        (network.W2_, weights_drawn(display, display.W2_lines_, units, display.output_texts_)),
    ]
    for W, drawn in layers:
        assert len(drawn) == W.size
        widest = max(width for width, _ in drawn.values())
        starts, ends = (list(dict.fromkeys(key[k] for key in drawn)) for k in (0, 1))
        for start in starts:
            for end in ends:
                column = _number(start, features)
                row = _number(end, units if W is network.W1_ else display.output_texts_)
                w, (width, colour) = W[row, column], drawn[start, end]
                np.testing.assert_allclose(width / widest, np.abs(w) / np.abs(W).max())
                assert colour == (BLUE if w > 0 else ORANGE)


def _number(name, texts):
    """Of x7 and of unit 7, seven; of a name, its place in its column."""
    digits = name.removeprefix("x")
    return int(digits) if digits.isdigit() else words(texts).index(name)


def test_the_legend_says_what_the_widest_lines_are():
    display = NetworkDisplay([[0.5, -2.0]], [[3.0], [-40.0]]).plot()
    assert legend_of(display) == ["positive", "negative", "2 left, 40 right", "half of that"]
    positive, negative, widest, half = display.legend_.get_lines()
    assert colors.to_rgb(positive.get_color()) == BLUE
    assert colors.to_rgb(negative.get_color()) == ORANGE
    assert widest.get_linewidth() == display.W1_lines_.get_linewidths()[-1]
    assert half.get_linewidth() == widest.get_linewidth() / 2


@pytest.mark.fast(1)
@pytest.mark.parametrize("layout", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_given_X_weights_are_times_the_deviation_of_what_they_multiply(layout, dtype):
    X, y = load_iris(return_X_y=True)
    X = X.astype(dtype)
    network = classifier().fit(layout(X), y)
    display = NetworkDisplay.from_estimator(network, layout(X))
    A1 = np.tanh(X @ network.W1_.T + network.b1_.T)
    tol = 1e-4 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(display.W1, network.W1_ * X.std(axis=0), rtol=tol)
    np.testing.assert_allclose(display.W2, network.W2_ * A1.std(axis=0), rtol=tol)
    assert "deviation" in display.legend_.get_title().get_text()


def test_learned_slopes_count_in_the_deviation_of_the_units():
    X, y = load_iris(return_X_y=True)
    network = classifier(activation="prelu").fit(X, y)
    Z1 = X @ network.W1_.T + network.b1_.T
    A1 = np.where(Z1 > 0, Z1, network.slopes_.T * Z1)
    display = NetworkDisplay.from_estimator(network, X)
    np.testing.assert_allclose(display.W2, network.W2_ * A1.std(axis=0))


@pytest.mark.slow
def test_units_of_measure_do_not_matter_given_X():
    X, y = load_iris(return_X_y=True)
    scaled = X * [1, 1000, 0.001, 8]
    one = NetworkDisplay.from_estimator(classifier().fit(X, y), X)
    other = NetworkDisplay.from_estimator(classifier().fit(scaled, y), scaled)
    np.testing.assert_allclose(one.W1, other.W1, rtol=1e-6)
    np.testing.assert_allclose(one.W2, other.W2, rtol=1e-6)


def test_of_a_large_network_the_parts_with_the_largest_weights_are_shown():
    rng = np.random.default_rng(0)
    W1, W2 = rng.normal(size=(20, 30)), rng.normal(size=(15, 20))
    display = NetworkDisplay(W1, W2).plot(max_features=4, max_units=3, max_outputs=2)
    outgoing = [sum(W2[k, i] ** 2 for k in range(15)) ** 0.5 for i in range(20)]
    counts = [sum(outgoing[i] * abs(W1[i, j]) for i in range(20)) for j in range(30)]
    sizes = [sum(w**2 for w in row) for row in W2]
    for shown, importance, n in (
        (display.units_, outgoing, 3),
        (display.features_, counts, 4),
        (display.outputs_, sizes, 2),
    ):
        best = sorted(range(len(importance)), key=lambda i: -importance[i])[:n]
        assert shown.tolist() == sorted(best)
    assert words(display.unit_texts_) == [*map(str, display.units_), "⋮\n17 more"]
    assert words(display.feature_texts_)[-1] == "⋮\n26 more"
    assert words(display.output_texts_)[-1] == "⋮\n13 more"
    assert len(display.unit_nodes_.get_paths()) == 3
    assert len(display.W1_lines_.get_segments()) == 12


def test_a_column_that_is_shown_whole_has_no_dots(iris):
    display = NetworkDisplay.from_estimator(iris, max_units=5)
    assert words(display.unit_texts_) == ["0", "1", "2", "3", "4"]
    assert display.units_.tolist() == [0, 1, 2, 3, 4]


OUTPUTS = {
    "multiclass": ("classes", ["0", "1", "2"]),
    "binary": ("class", ["1, not 0"]),
    "multilabel": ("labels", ["0", "1", "2"]),
    "target": ("target", ["y"]),
    "targets": ("targets", ["y0", "y1", "y2"]),
    "quantiles": ("quantiles", ["0.1 quantile of y", "0.9 quantile of y"]),
}


@pytest.mark.fast(2)
@pytest.mark.parametrize("name", TASKS)
def test_outputs_are_called_what_they_are(name):
    display = NetworkDisplay.from_estimator(task(name)[0])
    heading, names = OUTPUTS[name]
    assert words(display.output_texts_) == names
    assert {"features", "hidden units", heading} <= set(words(display.ax_.texts))


def test_quantiles_of_several_targets_are_in_the_order_of_the_rows_of_W2():
    X, y = load_linnerud(return_X_y=True)
    network = regressor(loss="quantile", quantile=[0.2, 0.8]).fit(X, y)
    names = words(NetworkDisplay.from_estimator(network).output_texts_)
    assert names == [
        f"{level} quantile of y{target}" for target in range(3) for level in (0.2, 0.8)
    ]


def test_labels_and_columns_that_are_words_are_shown():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X, y = X.iloc[:, :3], np.where(y, "benign", "malignant")
    display = NetworkDisplay.from_estimator(classifier().fit(X, y), X)
    assert words(display.feature_texts_) == ["mean radius", "mean texture", "mean perimeter"]
    assert words(display.output_texts_) == ["malignant, not benign"]


def test_given_names_come_first():
    iris = load_iris()
    display = NetworkDisplay.from_estimator(
        classifier().fit(iris.data, iris.target),
        feature_names=iris.feature_names,
        output_names=iris.target_names,
    )
    assert words(display.feature_texts_) == iris.feature_names
    assert words(display.output_texts_) == iris.target_names.tolist()


def test_names_behind_a_pipeline_are_those_of_its_columns():
    X, y = load_iris(return_X_y=True, as_frame=True)
    X["colour"] = np.where(y > 1, "white", "blue")
    columns = ColumnTransformer(
        [("pca", PCA(2), X.columns[:4]), ("one", OneHotEncoder(sparse_output=False), ["colour"])]
    )
    display = NetworkDisplay.from_estimator(make_pipeline(columns, classifier()).fit(X, y), X)
    expected = ["pca__pca0", "pca__pca1", "one__colour_blue", "one__colour_white"]
    assert words(display.feature_texts_) == expected
    frames = make_pipeline(StandardScaler().set_output(transform="pandas"), classifier())
    frames.fit(X[X.columns[:2]], y)
    names = words(NetworkDisplay.from_estimator(frames).feature_texts_)
    assert names == ["sepal length (cm)", "sepal width (cm)"]


@pytest.mark.parametrize(
    "before", [(FunctionTransformer(np.log1p),), ()], ids=["a step without names", "no step"]
)
def test_columns_without_a_name_are_numbered(before):
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(*before, classifier()).fit(X, y)
    display = NetworkDisplay.from_estimator(pipeline, X)
    assert words(display.feature_texts_) == ["x0", "x1", "x2", "x3"]


def test_a_name_with_dollar_signs_is_no_formula(iris):
    names = ["$a_b$", "cost in $", "$\\frac{1$", "x"]
    display = NetworkDisplay.from_estimator(iris, feature_names=names)
    display.figure_.draw_without_rendering()
    curve = LossCurveDisplay([1, 2], name="$\\frac{1$").plot()
    curve.figure_.draw_without_rendering()
    assert words(display.feature_texts_) == names


@pytest.mark.parametrize("argument", ["feature_names", "output_names"])
def test_a_wrong_number_of_names_is_refused(argument, iris):
    with pytest.raises(ValueError, match=f"{argument} has 2 names: give [34], or None"):
        NetworkDisplay.from_estimator(iris, **{argument: ["a", "b"]})
    assert plt.get_fignums() == []


@pytest.mark.parametrize("argument", ["max_features", "max_units", "max_outputs"])
@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (2.5, TypeError)])
def test_a_limit_is_a_positive_integer(argument, value, error, iris):
    with pytest.raises(error, match=f"{argument}={value}"):
        NetworkDisplay.from_estimator(iris, **{argument: value})
    assert plt.get_fignums() == []


@pytest.mark.parametrize("display", [HiddenUnitsDisplay, NetworkDisplay])
def test_X_of_other_columns_is_refused(display, digits):
    with pytest.raises(ValueError, match="features"):
        display.from_estimator(digits, np.zeros((5, 3)))
    assert plt.get_fignums() == []


def test_zero_weights_alone_make_a_picture_too():
    display = NetworkDisplay(np.zeros((2, 2)), np.zeros((1, 2))).plot()
    assert not np.any(display.W1_lines_.get_linewidths())
    display.figure_.draw_without_rendering()


@pytest.mark.fast(1)
@pytest.mark.parametrize("size", [None, (8, 6), (4, 3), (4, 5)], ids=str)
def test_the_axis_holds_the_diagram_and_its_names(size, iris):
    ax = None if size is None else plt.subplots(figsize=size)[1]
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    display = NetworkDisplay.from_estimator(iris, feature_names=names, ax=ax)
    display.figure_.draw_without_rendering()
    place = display.ax_.get_window_extent().padded(1)
    texts = (*display.ax_.texts, *display.legend_.get_texts(), display.legend_.get_title())
    assert set(display.feature_texts_) < set(texts)
    for text in texts:
        box = text.get_window_extent()
        assert place.contains(*box.min), text
        assert place.contains(*box.max), text
    assert display.ax_.get_aspect() == 1  # circles are round


@pytest.mark.parametrize("size", [None, (4, 4)], ids=["new figure", "small axis"])
def test_names_and_numbers_do_not_overlap(size):
    ax = None if size is None else plt.subplots(figsize=size)[1]
    display = NetworkDisplay(np.eye(12, 12), np.ones((12, 12))).plot(ax)
    display.figure_.draw_without_rendering()
    for texts in (display.feature_texts_, display.unit_texts_, display.output_texts_):
        boxes = [text.get_window_extent() for text in texts]
        for upper, lower in itertools.pairwise(boxes):
            assert lower.y1 <= upper.y0 + 1


# HiddenUnitsDisplay


def test_pictures_are_rows_of_W1_from_the_largest_outgoing_weights_down(digits):
    display = HiddenUnitsDisplay.from_estimator(digits, max_units=7)
    outgoing = (digits.W2_**2).sum(axis=0)
    order = sorted(range(12), key=lambda i: -outgoing[i])[:7]
    assert display.units.tolist() == order
    assert len(display.axes_) == len(display.images_) == 7
    for unit, axes, image in zip(order, display.axes_, display.images_, strict=True):
        np.testing.assert_array_equal(image.get_array(), digits.W1_[unit].reshape(8, 8))
        assert axes.get_title() == f"unit {unit}"
        assert image.origin == "upper"
        assert axes.get_aspect() == 1
    assert display.colorbar_.ax.get_ylabel() == "weight"


def test_given_X_pixels_and_units_count_by_their_deviation(digits):
    X = _digits()
    display = HiddenUnitsDisplay.from_estimator(digits, X, max_units=4)
    A1 = np.tanh(X @ digits.W1_.T + digits.b1_.T)
    outgoing = np.linalg.norm(digits.W2_ * A1.std(axis=0), axis=0)
    order = np.argsort(-outgoing)[:4]
    assert display.units.tolist() == order.tolist()
    expected = (digits.W1_ * X.std(axis=0))[order].reshape(4, 8, 8)
    np.testing.assert_allclose(display.maps, expected)
    assert display.colorbar_.ax.get_ylabel() == "weight × standard deviation"


@pytest.mark.fast(1)
@pytest.mark.parametrize("two_features", [False, True])
def test_white_is_zero_and_all_pictures_share_the_scale(two_features, digits):
    display = _two_features(3) if two_features else HiddenUnitsDisplay.from_estimator(digits)
    largest = max(np.abs(image.get_array()).max() for image in display.images_)
    for image in display.images_:
        assert image.get_clim() == (-largest, largest)
    red, green, blue, _ = display.images_[0].cmap(0.5)
    assert min(red, green, blue) > 0.95


@pytest.mark.fast(1)
@pytest.mark.parametrize(("activation", "g"), [("tanh", np.tanh), ("relu", lambda z: z * (z > 0))])
@pytest.mark.parametrize("layout", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_of_two_features_each_unit_is_shown_all_over_the_plane(activation, g, layout):
    X, y = make_moons(60, noise=0.1, random_state=0)
    network = classifier(activation=activation).fit(layout(X), y)
    display = HiddenUnitsDisplay.from_estimator(network, layout(X), grid_resolution=11)
    left, right, bottom, top = display.images_[0].get_extent()
    assert left < X[:, 0].min() < X[:, 0].max() < right
    assert bottom < X[:, 1].min() < X[:, 1].max() < top
    for unit, image in zip(display.units, display.images_, strict=True):
        assert image.origin == "lower"
        for row, column in ((0, 0), (0, 10), (10, 3), (5, 5)):
            x = left + column / 10 * (right - left), bottom + row / 10 * (top - bottom)
            expected = g(network.W1_[unit] @ x + network.b1_[unit, 0])
            np.testing.assert_allclose(image.get_array()[row, column], expected, atol=1e-12)
    assert display.colorbar_.ax.get_ylabel() == "activation"


@pytest.mark.slow
def test_the_axes_of_the_plane_have_names_at_the_outer_pictures():
    X, y = load_iris(return_X_y=True, as_frame=True)
    X = X.iloc[:, :2]
    display = HiddenUnitsDisplay.from_estimator(classifier(6).fit(X, y), X)
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in display.axes_]
    x, y = "sepal length (cm)", "sepal width (cm)"
    assert labels == [("", y), ("", ""), ("", ""), (x, y), (x, ""), (x, "")]
    assert _two_features(1).axes_[0].get_xlabel() == "x0"


def test_a_constant_feature_still_has_a_plane():
    X, y = make_moons(60, random_state=0)
    X[:, 1] = 3
    display = HiddenUnitsDisplay.from_estimator(classifier().fit(X, y), X)
    left, right, bottom, top = display.extent
    assert left < right
    assert bottom < 3 < top


def test_images_may_have_another_shape(digits):
    display = HiddenUnitsDisplay.from_estimator(digits, image_shape=(4, 16), max_units=2)
    assert display.images_[0].get_array().shape == (4, 16)
    network, _ = task("multiclass")
    display = HiddenUnitsDisplay.from_estimator(network, image_shape=(2, 2))
    assert display.images_[0].get_array().shape == (2, 2)


@pytest.mark.parametrize("shape", [(3, 5), 64, (4, 4, 4), (-8, -8), (8.0, 8.0)], ids=str)
def test_a_shape_that_does_not_hold_the_features_is_refused(shape, digits):
    with pytest.raises(ValueError, match=r"image_shape=.* is no shape of 64 features: give"):
        HiddenUnitsDisplay.from_estimator(digits, image_shape=shape)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ["multiclass", "binary", "target"])
def test_features_that_make_no_square_want_a_shape(name):
    network, X = task(name)
    with pytest.raises(ValueError, match=rf"{X.shape[1]} features make no square.* image_shape=\("):
        HiddenUnitsDisplay.from_estimator(network)


def test_two_features_want_X():
    X, y = make_moons(60, random_state=0)
    with pytest.raises(ValueError, match="X=None: give the inputs"):
        HiddenUnitsDisplay.from_estimator(classifier().fit(X, y))


@pytest.mark.parametrize("argument", ["max_units", "grid_resolution"])
def test_numbers_of_pictures_and_points_are_checked(argument, digits):
    with pytest.raises(ValueError, match=f"{argument}=0"):
        HiddenUnitsDisplay.from_estimator(digits, **{argument: 0})


@pytest.mark.slow
def test_pictures_stay_in_the_place_of_the_given_axis(digits):
    figure, axes = plt.subplots(1, 2, figsize=(9, 4))
    place = axes[1].get_position()
    display = HiddenUnitsDisplay.from_estimator(digits, max_units=5, ax=axes[1])
    figure.draw_without_rendering()
    for picture in display.axes_:
        box = picture.get_position()
        assert place.x0 - 1e-9 <= box.x0
        assert box.x1 <= place.x1 + 1e-9
        assert place.y0 - 1e-9 <= box.y0
        assert box.y1 <= place.y1 + 1e-9
    assert not axes[1].axison


def test_an_axis_that_cannot_be_divided_is_refused(digits):
    ax = plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))
    with pytest.raises(ValueError, match=r"make it with plt\.subplots\(\)"):
        HiddenUnitsDisplay.from_estimator(digits, ax=ax)


def test_properties_of_images_may_be_given(digits):
    display = HiddenUnitsDisplay.from_estimator(digits, max_units=2, cmap="PuOr", vmax=9)
    assert display.images_[0].cmap.name == "PuOr"
    assert display.images_[1].get_clim()[1] == 9
