/* The page: its controls, the training behind them, and when what is drawn anew. */
"use strict";

(() => {
  const N_POINTS = 300;
  const FRAME = 14; // milliseconds of a frame that may go into training
  const SPOKEN = 4000; // milliseconds between two messages while training goes on
  const SETTINGS = ["points", "units", "activation", "rate", "init"];

  const page = document.getElementById("playground");
  const element = (name) => document.getElementById(`playground-${name}`);
  const setting = (name) => element(name).value;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  const state = { seed: 1, running: false, spoken: 0, drawn: 0, cost: 0 };

  // Training

  /* Points and initial weights as the controls have them; the same seed gives the same ones. */
  function reset() {
    const units = Number(setting("units"));
    state.points = PlanePoints.draw(setting("points"), N_POINTS, ShallowNetwork.generator(0));
    const rng = ShallowNetwork.generator(state.seed);
    state.parameters = ShallowNetwork.initialize(setting("init"), rng, 2, units);
    state.layers = forward(state.points.X);
    state.losses = [ShallowNetwork.loss(state.layers.Z2, state.points.Y)];
    draw();
  }

  function forward(X) {
    return ShallowNetwork.forward(state.parameters, X, setting("activation"));
  }

  /* One epoch: gradient descent takes one step with all points. */
  function step() {
    const { parameters, layers, points } = state;
    const activation = setting("activation");
    const gradient = ShallowNetwork.backward(parameters, layers, points.X, points.Y, activation);
    state.parameters = ShallowNetwork.descend(parameters, gradient, Number(setting("rate")));
    state.layers = forward(points.X);
    state.losses.push(ShallowNetwork.loss(state.layers.Z2, points.Y));
  }

  /* As many epochs as the speed says, or as there is time for; then the next frame. Drawing takes
     a third of the time at most. */
  function train(now) {
    if (!state.running) return;
    const start = performance.now();
    for (let i = 0; i < Number(setting("speed")) && performance.now() - start < FRAME; i++) step();
    if (!Number.isFinite(state.losses.at(-1))) return pause();
    if (now - state.drawn > (calm.matches ? 1000 : 3 * state.cost)) {
      state.drawn = now;
      draw();
    }
    if (now - state.spoken > SPOKEN) speak(now);
    requestAnimationFrame(train);
  }

  function run() {
    state.running = true;
    element("train").textContent = "Pause";
    speak(performance.now());
    requestAnimationFrame(train);
  }

  function pause() {
    state.running = false;
    element("train").textContent = "Train";
    draw();
    speak(performance.now());
  }

  // What the reader sees and hears

  function accuracy() {
    const right = state.layers.Z2[0].filter((z, j) => z > 0 === state.points.Y[0][j] > 0);
    return right.length / N_POINTS;
  }

  /* How many hidden units differ from each other, to nine digits. */
  function differentUnits() {
    const { W1, b1, W2 } = state.parameters;
    const rows = W1.map((w, i) => [...w, b1[i][0], W2[0][i]].map((x) => x.toPrecision(9)));
    return new Set(rows.map(String)).size;
  }

  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

  /* What is worth noting about training so far. */
  function remark() {
    const [epochs, J, all] = [state.losses.length - 1, state.losses.at(-1), state.parameters.W1.length];
    if (!Number.isFinite(J)) return "Training diverged: choose a lower learning rate, then reset.";
    if (epochs && J > 1.05 * state.losses[0])
      return "The loss is higher than at the start: the learning rate is too high.";
    return all > 1 && differentUnits() === 1 ? `All ${all} hidden units are the same.` : "";
  }

  /* The same for a screen reader, with the figures; while training goes on only now and then. */
  function speak(now) {
    const [epochs, J] = [state.losses.length - 1, state.losses.at(-1)];
    const figures = `Loss ${J.toFixed(3)}, accuracy ${percent(accuracy())}`;
    state.spoken = now;
    element("status").textContent = `${figures} after ${counted(epochs, "epoch")}. ${remark()}`;
  }

  function colours() {
    const style = getComputedStyle(page);
    const colour = (name) => style.getPropertyValue(`--playground-${name}`).trim();
    const single = ["ground", "text", "muted", "line", "accent"].map((name) => [name, colour(name)]);
    return { ...Object.fromEntries(single), classes: [colour("class-0"), colour("class-1")] };
  }

  /* All pictures and figures; notes how many milliseconds that takes. */
  function draw() {
    const { points, parameters, losses } = state;
    const start = performance.now();
    const [palette, grid] = [colours(), forward(Drawing.GRID)];
    const withLines = element("lines").checked;
    Drawing.plane(element("plane"), palette, { points, parameters, scores: grid.Z2[0], withLines });
    Drawing.lossCurve(element("curve"), palette, losses.filter(Number.isFinite));
    Drawing.units(element("hidden"), palette, { W2: parameters.W2, A1: grid.A1 });
    write();
    state.cost = performance.now() - start;
  }

  function write() {
    const epochs = state.losses.length - 1;
    element("epoch").textContent = epochs.toLocaleString("en");
    element("loss").textContent = state.losses.at(-1).toFixed(4);
    element("accuracy").textContent = percent(accuracy());
    element("different").textContent = `${differentUnits()} of ${state.parameters.W1.length}`;
    element("remark").textContent = remark();
    element("curve").setAttribute("aria-label", `Loss over ${counted(epochs, "epoch")}`);
    element("python").textContent = inPython(epochs);
    if (element("weights").open) writeWeights();
  }

  /* A row for each hidden unit: its weights and bias, and its weight in the output. */
  function writeWeights() {
    const { W1, b1, W2 } = state.parameters;
    const rows = W1.map((w, i) => {
      const row = document.createElement("tr");
      for (const value of [...w, b1[i][0], W2[0][i]]) row.insertCell().textContent = value.toFixed(4);
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = i + 1;
      row.prepend(head);
      return row;
    });
    element("rows").replaceChildren(...rows);
  }

  /* The same network as an estimator. */
  function inPython(epochs) {
    return [
      "ShallowNNClassifier(",
      `    ${setting("units")}, activation="${setting("activation")}",`,
      `    init="${setting("init")}", solver="gd",`,
      `    learning_rate=${setting("rate")}, max_iter=${epochs || 1000},`,
      "    alpha=0, standardize=False,",
      ")",
    ].join("\n");
  }

  // Controls

  /* What changes points or network starts anew; another learning rate is for the steps to come. */
  function changed(name) {
    element("units-shown").textContent = setting("units");
    if (name === "rate") return write();
    reset();
    if (!state.running) speak(performance.now());
  }

  function listen() {
    page.addEventListener("submit", (event) => event.preventDefault());
    for (const name of SETTINGS) element(name).addEventListener("input", () => changed(name));
    const onClick = (name, action) => element(name).addEventListener("click", action);
    onClick("train", () => (state.running ? pause() : run()));
    onClick("step", () => {
      step();
      pause();
    });
    onClick("reset", () => {
      reset();
      pause();
    });
    onClick("draw", () => {
      state.seed += 1;
      changed("init");
    });
    element("lines").addEventListener("input", draw);
    element("weights").addEventListener("toggle", writeWeights);
    new ResizeObserver(() => requestAnimationFrame(draw)).observe(page);
    const themes = { attributes: true, attributeFilter: ["data-theme"] };
    new MutationObserver(draw).observe(document.documentElement, themes);
  }

  page.hidden = false;
  changed("units");
  listen();
})();
