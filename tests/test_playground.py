"""The page that trains in the browser: its network is the core's, and the page itself trains.

The tests run in a headless browser if there is one; those of the network alone in Node otherwise.
"""

import html
import json
import re
import shutil
import subprocess
import textwrap

import numpy as np
import pytest
from pages import DOCS, assert_prints_what_it_shows, sections

from skshallow import ShallowNNClassifier
from skshallow.core.activations import ACTIVATIONS
from skshallow.core.losses import BinaryCrossEntropy
from skshallow.core.network import Network
from skshallow.core.optimizers import GradientDescent
from skshallow.core.parameters import Layout, Parameters

pytestmark = pytest.mark.slow  # it starts a browser

PLAYGROUND = DOCS / "_static" / "playground"
PAGE = (DOCS / "playground.rst").read_text(encoding="utf-8")
NAMES = ["tanh", "relu", "leaky_relu", "sigmoid", "silu", "identity"]
STEPS, LEARNING_RATE = 100, 0.3
BROWSER = next(
    filter(None, map(shutil.which, ("google-chrome", "chromium", "chromium-browser"))), None
)
NODE = shutil.which("node")
FLAGS = (  # all that would come from the network is missing
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
TIMERS = "--virtual-time-budget=20000"  # milliseconds for timers; without a screen no frames come
PLAIN = "(key, value) => value instanceof Float64Array ? [...value] : value"
NETWORK = """
const {forward, loss, backward, descend, initialize, generator} = ShallowNetwork;
function train(parameters, X, Y, activation, steps, learningRate) {
  const losses = [];
  for (let i = 0; i < steps; i++) {
    const layers = forward(parameters, X, activation);
    losses.push(loss(layers.Z2, Y));
    parameters = descend(parameters, backward(parameters, layers, X, Y, activation), learningRate);
  }
  return {parameters, losses, Z2: forward(parameters, X, activation).Z2};
}
"""
CASES = """
const {X, Y, start, names, steps, rate} = GIVEN;
const result = {activations: Object.keys(ShallowNetwork.ACTIVATIONS), trained: {}, zeros: {}};
for (const name of names) {
  const layers = forward(start, X, name);
  const gradient = backward(start, layers, X, Y, name);
  result.trained[name] = {gradient, A2: layers.A2, ...train(start, X, Y, name, steps, rate)};
  const zeros = initialize("zeros", generator(0), 2, 4);
  result.zeros[name] = train(zeros, X, Y, name, steps, rate).parameters;
}
result.drawn = initialize("xavier", generator(1), 2, 4);
result.fitted = train(result.drawn, X, Y, "tanh", steps, rate);
result.far = loss([[-2000, 2000]], [[1, 0]]);
const wide = (name) => initialize(name, generator(3), 2, 4000);
result.wide = {normal: wide("normal"), xavier: wide("xavier"), he: wide("he")};
result.again = wide("he");
"""
CLAIMS = """
function right(kind, units, init, steps = 2000, activation = "tanh", rate = 1) {
  const {X, Y} = PlanePoints.draw(kind, 300, generator(0));
  const {Z2} = train(initialize(init, generator(1), 2, units), X, Y, activation, steps, rate);
  return Z2[0].filter((z, j) => (z > 0) === (Y[0][j] > 0)).length / 300;
}
const result = {
  flower: [1, 4, 20].map((units) => right("flower", units, "normal")),
  spirals: [right("spirals", 20, "normal"), right("spirals", 20, "xavier", 500)],
  relu: [0.1, 1].map((rate) => right("flower", 20, "he", 2000, "relu", rate)),
};
"""
BEFORE = """
window.requestAnimationFrame = (frame) => setTimeout(() => frame(performance.now()), 16);
const errors = [];
addEventListener("error", (event) => errors.push(event.message || event.target.outerHTML), true);
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
for (const kind of ["error", "warn"]) console[kind] = (...words) => errors.push(words.join(" "));
"""
READER = """
const element = (name) => document.getElementById(`playground-${name}`);
const shown = (name) => Number(element(name).textContent.replace(",", ""));
const result = {errors, controls: {}};
const look = () => ({
  epoch: shown("epoch"),
  loss: shown("loss"),
  different: element("different").textContent,
  remark: element("remark").textContent,
  spoken: element("status").textContent,
  python: element("python").textContent,
  corner: corner(),
});
const corner = () => [...element("plane").getContext("2d").getImageData(2, 2, 1, 1).data];
const choose = (name, value) => {
  element(name).value = value;
  element(name).dispatchEvent(new Event("input"));
};
const later = (done) => new Promise((resolve) => setTimeout(() => resolve(done()), 300));
for (const control of document.querySelectorAll("select, input"))
  result.controls[control.id] = control.labels.length;
async function read() {
  result.first = await later(look);
  for (let i = 0; i < 30; i++) element("step").click();
  result.stepped = look();
  document.documentElement.dataset.theme = "dark";
  result.dark = await later(look);
  element("train").click();
  result.running = await later(look);
  result.button = element("train").textContent;
  element("train").click();
  result.paused = look();
  result.later = await later(look);
  element("reset").click();
  result.reset = look();
  choose("init", "zeros");
  choose("activation", "sigmoid");
  for (let i = 0; i < 20; i++) element("step").click();
  result.zeros = look();
  choose("init", "xavier");
  choose("rate", "30");
  for (let i = 0; i < 20; i++) element("step").click();
  result.fast = look();
  element("weights").open = true;
  result.rows = await later(() => element("rows").rows.length);
  result.files = Array.from(document.querySelectorAll("[src], link"), (tag) => tag.src || tag.href);
}
const finished = read();
"""


def in_browser(folder, body, script, *flags):
    """``result`` of a script at the end of a page, in a headless browser."""
    page = folder / "page.html"
    write = f"document.getElementById('result').textContent = JSON.stringify(result, {PLAIN})"
    page.write_text(
        f'<!doctype html><html data-theme="light"><meta charset="utf-8"><body>{body}'
        f'<pre id="result"></pre><script>{script}\n'
        f"(typeof finished === 'undefined' ? Promise.resolve() : finished).then(() => {write});"
        "</script>",
        encoding="utf-8",
    )
    flags = (*FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom")
    command = [BROWSER, *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    found = re.search(r'<pre id="result">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))


def in_node(folder, script):
    """``result`` of a script, in Node."""
    file = folder / "script.js"
    write = f"process.stdout.write(JSON.stringify(result, {PLAIN}))"
    file.write_text(f"{script}\n{write}", encoding="utf-8")
    done = subprocess.run([NODE, file], capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(folder, files, script):
    """``result`` of a script that may use what is in the page's files, wherever it can run."""
    if BROWSER:
        tags = "".join(f'<script src="{(PLAYGROUND / name).as_uri()}"></script>' for name in files)
        return in_browser(folder, tags, script)
    if NODE:
        return in_node(
            folder, "\n".join((PLAYGROUND / name).read_text("utf-8") for name in files) + script
        )
    return pytest.skip("needs a browser (Chromium) or Node")


def given():
    """Points, labels and weights, the biases included."""
    rng = np.random.default_rng(0)
    shapes = {"W1": (4, 2), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    start = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    X = rng.standard_normal((2, 60))
    return X, (X[:1] * X[1:] > 0).astype(float), start


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What the page's network makes of the given points and weights."""
    X, Y, start = given()
    values = {"X": X.tolist(), "Y": Y.tolist(), "names": NAMES, "steps": STEPS}
    values |= {"start": {k: v.tolist() for k, v in start.items()}, "rate": LEARNING_RATE}
    script = f"const GIVEN = {json.dumps(values)};{NETWORK}{CASES}"
    return run(tmp_path_factory.mktemp("network"), ["network.js"], script)


@pytest.fixture(scope="module", params=["page"])
def visit(tmp_path_factory):
    """What a reader sees who tries the page."""
    if not BROWSER:
        pytest.skip("needs a browser (Chromium)")
    body = re.search(r"^\.\. raw:: html\n\n((?:   .*\n|\n)+)", PAGE, re.MULTILINE)[1]
    body = textwrap.dedent(body).replace('"_static/', f'"{(DOCS / "_static").as_uri()}/')
    folder = tmp_path_factory.mktemp("page")
    return in_browser(folder, f"<script>{BEFORE}</script>{body}", READER, TIMERS)


def network_of_core(activation):
    """The core's network from the given weights."""
    parameters = Parameters.zeros(Layout(2, 4, 1))
    for name, value in given()[2].items():
        getattr(parameters, name)[...] = value
    return Network(parameters, ACTIVATIONS[activation](), BinaryCrossEntropy())


def assert_equal(found, arrays, letter=""):
    """W1, b1, W2 and b2 of the page and of the core agree to a billionth."""
    for name in ("W1", "b1", "W2", "b2"):
        expected = getattr(arrays, name)
        np.testing.assert_allclose(found[letter + name], expected, rtol=1e-9, atol=1e-12)


# The network


def test_the_page_offers_the_activations_that_are_tested(computed):
    offered = re.search(r'id="playground-activation">(.+?)</select>', PAGE, re.DOTALL)[1]
    assert re.findall(r"<option>(\w+)<", offered) == computed["activations"] == NAMES


@pytest.mark.parametrize("activation", NAMES)
def test_loss_and_gradient_are_those_of_the_core(activation, computed):
    X, Y, _ = given()
    network, found = network_of_core(activation), computed["trained"][activation]
    assert found["losses"][0] == pytest.approx(network.loss_and_gradient(X, Y), rel=1e-9)
    assert_equal(found["gradient"], network.gradient, "d")
    scores = network.scores(X).copy()
    np.testing.assert_allclose(found["A2"], network.loss.output(scores), rtol=1e-9)


@pytest.mark.parametrize("activation", NAMES)
def test_a_hundred_epochs_end_where_those_of_the_core_end(activation, computed):
    X, Y, _ = given()
    network, found = network_of_core(activation), computed["trained"][activation]
    losses = []
    for _ in range(STEPS):
        losses.append(network.loss_and_gradient(X, Y))
        theta, gradient = network.parameters.theta, network.gradient.theta
        GradientDescent().step(theta, gradient, LEARNING_RATE)
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-9)
    assert_equal(found["parameters"], network.parameters)
    assert losses[-1] < losses[0]


def test_an_estimator_from_the_same_weights_ends_with_the_same_weights(computed):
    X, Y, _ = given()
    W1, W2 = computed["drawn"]["W1"], computed["drawn"]["W2"]
    estimator = ShallowNNClassifier(
        4,
        activation="tanh",
        init=lambda rng, n_out, n_in: np.array(W1 if n_in == 2 else W2),
        solver="gd",
        learning_rate=LEARNING_RATE,
        max_iter=STEPS,
        alpha=0,
        standardize=False,
    ).fit(X.T, Y[0])
    found = computed["fitted"]["parameters"]
    for name in ("W1", "b1", "W2", "b2"):
        fitted = getattr(estimator, f"{name}_")
        np.testing.assert_allclose(np.reshape(found[name], fitted.shape), fitted, rtol=1e-9)


@pytest.mark.parametrize("activation", NAMES)
def test_from_zeros_all_hidden_units_stay_the_same(activation, computed):
    W1, b1, W2, b2 = (np.array(computed["zeros"][activation][k]) for k in ("W1", "b1", "W2", "b2"))
    assert not np.ptp(np.hstack([W1, b1, W2.T]), axis=0).any()
    moved = activation == "sigmoid"  # g(0) is not zero
    assert (W1.any(), W2.any()) == (moved, moved)
    assert b2.any()


def test_a_loss_far_out_does_not_overflow(computed):
    assert computed["far"] == 2000


@pytest.mark.parametrize(("init", "scale"), [("normal", 0.01), ("xavier", None), ("he", 1.0)])
def test_initial_weights_have_the_scale_that_their_name_says(init, scale, computed):
    drawn = {name: np.array(value) for name, value in computed["wide"][init].items()}
    scale = np.sqrt(2 / 4002) if scale is None else scale
    assert drawn["W1"].std() == pytest.approx(scale, rel=0.05)
    assert abs(drawn["W1"].mean()) < 0.05 * scale
    assert not drawn["b1"].any()
    assert not drawn["b2"].any()


def test_the_same_seed_draws_the_same_weights(computed):
    assert computed["again"] == computed["wide"]["he"]


# The page


def test_the_page_loads_its_own_files_without_an_error(visit):
    assert visit["errors"] == []
    files = {*PLAYGROUND.glob("*.js"), *PLAYGROUND.glob("*.css")}
    assert set(visit["files"]) == {path.as_uri() for path in files}


def test_every_control_has_a_label(visit):
    assert set(visit["controls"].values()) == {1}


def test_nothing_moves_before_the_reader_says_so(visit):
    assert visit["first"]["epoch"] == 0
    assert visit["first"]["loss"] == pytest.approx(np.log(2), abs=1e-3)


def test_steps_lower_the_loss(visit):
    assert visit["stepped"]["epoch"] == 30
    assert visit["stepped"]["loss"] < visit["first"]["loss"]
    assert re.match(r"Loss 0\.\d+, accuracy .+ after 30 epochs", visit["stepped"]["spoken"])


def test_train_goes_on_until_pause_and_reset_goes_back(visit):
    assert visit["button"] == "Pause"
    assert visit["running"]["epoch"] > 30
    assert visit["running"]["loss"] < visit["stepped"]["loss"]
    assert visit["later"] == visit["paused"]
    assert visit["reset"] == visit["first"] | {"corner": visit["reset"]["corner"]}


def test_pictures_follow_the_theme(visit):
    assert sum(visit["dark"]["corner"]) < sum(visit["stepped"]["corner"])


def test_zeros_show_the_symmetry(visit):
    assert visit["zeros"]["epoch"] == 20
    assert visit["zeros"]["different"] == "1 of 4"
    assert "All 4 hidden units are the same" in visit["zeros"]["remark"]
    assert visit["first"]["different"] == "4 of 4"


def test_a_learning_rate_that_is_too_high_is_named(visit):
    assert "learning rate is too high" in visit["fast"]["remark"]


def test_the_table_of_weights_has_a_row_for_every_unit(visit):
    assert visit["rows"] == 4


def test_the_lines_in_python_are_the_estimator_with_the_settings(visit):
    estimator = eval(visit["fast"]["python"], {"ShallowNNClassifier": ShallowNNClassifier})
    expected = ShallowNNClassifier(
        4,
        activation="sigmoid",
        init="xavier",
        solver="gd",
        learning_rate=30,
        max_iter=20,
        alpha=0,
        standardize=False,
    )
    assert estimator.get_params() == expected.get_params()


# What the page says


def test_accuracies_are_those_that_the_page_tells(tmp_path):
    found = run(tmp_path, ["network.js", "points.js"], NETWORK + CLAIMS)
    assert found["flower"] == pytest.approx([0.61, 0.78, 0.97], abs=0.03)
    assert found["spirals"] == pytest.approx([0.71, 0.98], abs=0.02)
    assert found["relu"] == pytest.approx([0.94, 0.5], abs=0.05)


@pytest.mark.parametrize(("page", "title", "text"), [*sections("playground.rst")])
def test_the_page_prints_what_it_shows(page, title, text):
    assert_prints_what_it_shows(page, title, text)
