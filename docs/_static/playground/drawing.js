/* Pictures on canvases: the plane with the decision boundary, the loss, the hidden units.

   Points and networks come from points.js and network.js. Colours are those of the stylesheet:
   classes (of 0 and of 1), ground, text, muted and line. */
"use strict";

const Drawing = (() => {
  const EDGE = 5; // the plane reaches from -EDGE to EDGE
  const NODES = 51; // of the grid, in each direction, where the network is computed
  const BANDS = 10; // of probability
  const GRID = gridOfNodes();
  const FIELD = sketch(200);
  const TILE = sketch((NODES + 1) / 2); // every other node

  function gridOfNodes() {
    const tick = (i) => -EDGE + (2 * EDGE * i) / (NODES - 1);
    const length = NODES * NODES;
    const row = (coordinate) => Float64Array.from({ length }, (_, k) => coordinate(k));
    return [row((k) => tick(k % NODES)), row((k) => tick(NODES - 1 - Math.floor(k / NODES)))];
  }

  /* The canvas's context, cleared, with as many pixels as the screen shows; units are CSS pixels. */
  function prepare(canvas, height) {
    const [width, scale] = [canvas.clientWidth, window.devicePixelRatio || 1];
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    return context;
  }

  // Colours

  /* [red, green, blue] of "#rrggbb". */
  function channels(colour) {
    return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  }

  /* From the colour of class 0 at -1 over the ground at 0 to that of class 1 at 1: a pixel. */
  function blend(colours, value) {
    const [ground, top] = [colours.ground, colours.classes[value < 0 ? 0 : 1]].map(channels);
    const mixed = ground.map((g, i) => Math.round(g + 0.72 * Math.abs(value) * (top[i] - g)));
    return new Uint32Array(Uint8Array.of(...mixed, 255).buffer)[0];
  }

  /* A canvas of width * width pixels to draw on a larger one, and its pixels. */
  function sketch(width) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = width;
    const data = new ImageData(width, width);
    return { canvas, width, data, pixels: new Uint32Array(data.data.buffer) };
  }

  /* The sketch as an image; pixel(row, column) is its colour. */
  function image({ canvas, width, data, pixels }, pixel) {
    for (let i = 0, k = 0; i < width; i++)
      for (let j = 0; j < width; j++) pixels[k++] = pixel(i, j);
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  // The plane

  /* Value between the nodes, at (row, column) in units of their distance: bilinear interpolation. */
  function between(values, row, column) {
    const i = Math.min(Math.floor(row), NODES - 2);
    const j = Math.min(Math.floor(column), NODES - 2);
    const k = i * NODES + j;
    const upper = values[k] + (column - j) * (values[k + 1] - values[k]);
    const lower = values[k + NODES] + (column - j) * (values[k + NODES + 1] - values[k + NODES]);
    return upper + (row - i) * (lower - upper);
  }

  /* Filled contours of the probability A2 of class 1. */
  function probabilities(colours, scores) {
    const middle = (band) => ((band + 0.5) / BANDS) * 2 - 1;
    const shades = Array.from({ length: BANDS }, (_, band) => blend(colours, middle(band)));
    const step = (NODES - 1) / (FIELD.width - 1);
    return image(FIELD, (i, j) => {
      const score = between(scores, i * step, j * step);
      return shades[Math.min(BANDS - 1, Math.floor(BANDS / (1 + Math.exp(-score))))];
    });
  }

  /* Where the score is zero on the three sides of a triangle of nodes: two points or none. */
  function crossings(scores, nodes) {
    const sides = nodes.map((k, i) => [k, nodes[(i + 1) % 3]]);
    return sides
      .filter(([k, l]) => scores[k] > 0 !== scores[l] > 0)
      .map(([k, l]) => {
        const part = scores[k] / (scores[k] - scores[l]);
        return GRID.map((x) => x[k] + part * (x[l] - x[k]));
      });
  }

  /* The decision boundary, Z2 = 0. */
  function boundary(context, scores, place) {
    context.beginPath();
    for (let k = 0; k < NODES * (NODES - 1); k++) {
      if (k % NODES === NODES - 1) continue;
      const corners = [k, k + 1, k + NODES, k + NODES + 1];
      for (const nodes of [corners.slice(0, 3), corners.slice(1)]) {
        const points = crossings(scores, nodes);
        points.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...place(...point)));
      }
    }
    context.stroke();
  }

  /* The line W1 x + b1 = 0 of every hidden unit. */
  function unitLines(context, { W1, b1 }, place) {
    W1.forEach(([w1, w2], i) => {
      const square = w1 * w1 + w2 * w2;
      if (square === 0) return;
      const [near1, near2] = [(-b1[i][0] * w1) / square, (-b1[i][0] * w2) / square];
      const far = (3 * EDGE) / Math.sqrt(square);
      context.beginPath();
      context.moveTo(...place(near1 - far * w2, near2 + far * w1));
      context.lineTo(...place(near1 + far * w2, near2 - far * w1));
      context.stroke();
    });
  }

  /* Circles of class 0, squares of class 1. */
  function drawPoints(context, colours, { X, Y }, place) {
    context.strokeStyle = colours.ground;
    context.lineWidth = 0.8;
    X[0].forEach((x1, j) => {
      const [left, top] = place(x1, X[1][j]);
      context.fillStyle = colours.classes[Y[0][j]];
      context.beginPath();
      if (Y[0][j]) context.rect(left - 2.9, top - 2.9, 5.8, 5.8);
      else context.arc(left, top, 3.3, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    });
  }

  /* Probabilities, decision boundary, lines of the hidden units if wanted, and the points. */
  function plane(canvas, colours, { points, parameters, scores, withLines }) {
    const size = canvas.clientWidth;
    const context = prepare(canvas, size);
    const place = (x1, x2) => [(0.5 + x1 / (2 * EDGE)) * size, (0.5 - x2 / (2 * EDGE)) * size];
    context.drawImage(probabilities(colours, scores), 0, 0, size, size);
    drawPoints(context, colours, points, place);
    context.strokeStyle = colours.text;
    if (withLines) {
      context.lineWidth = 1;
      context.setLineDash([5, 4]);
      unitLines(context, parameters, place);
      context.setLineDash([]);
    }
    context.lineWidth = 2.5;
    boundary(context, scores, place);
  }

  // The loss

  /* 0.1, 0.2, 0.5, 1 and so on, from the last that is not above low to the first not below high. */
  function logarithmicTicks(low, high) {
    const ticks = [];
    for (let power = -12; power <= 12; power++)
      ticks.push(...[1, 2, 5].map((factor) => Number(`${factor}e${power}`)));
    const first = ticks.findLastIndex((tick) => tick <= low * 0.999);
    const last = ticks.findIndex((tick) => tick >= high * 1.001);
    return ticks.slice(Math.max(first, 0), last + 1);
  }

  /* J after every epoch, on a logarithmic axis; of many epochs in one column the least and largest. */
  function lossCurve(canvas, colours, losses) {
    const [width, height, left, bottom] = [canvas.clientWidth, 190, 46, 168];
    const context = prepare(canvas, height);
    const ticks = logarithmicTicks(...extremes(losses).map((J) => Math.max(J, 1e-9)));
    const [low, high] = [Math.log(ticks[0]), Math.log(ticks[ticks.length - 1])];
    const [right, last] = [width - 8, Math.max(losses.length - 1, 10)];
    const place = (epoch, J) => [
      left + (epoch / last) * (right - left),
      bottom - ((Math.log(Math.max(J, ticks[0])) - low) / (high - low)) * (bottom - 10),
    ];
    axes(context, colours, { ticks, last, place, left, right, bottom });
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.beginPath();
    thinned(losses, right - left).forEach(([epoch, J]) => context.lineTo(...place(epoch, J)));
    context.stroke();
  }

  /* The least and the largest number. */
  function extremes(numbers) {
    let [least, largest] = [Infinity, -Infinity];
    for (const number of numbers) {
      if (number < least) least = number;
      if (number > largest) largest = number;
    }
    return [least, largest];
  }

  /* [epoch, J] of all epochs, or of the least and the largest J in each of so many parts. */
  function thinned(losses, parts) {
    const step = Math.ceil(losses.length / parts);
    if (step === 1) return [...losses.entries()];
    const kept = [];
    for (let start = 0; start < losses.length; start += step) {
      const part = losses.slice(start, start + step);
      const [least, largest] = extremes(part);
      const falls = part[0] > part[part.length - 1];
      for (const J of falls ? [largest, least] : [least, largest]) kept.push([start, J]);
    }
    return kept;
  }

  function axes(context, colours, { ticks, last, place, left, right, bottom }) {
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colours.muted;
    context.strokeStyle = colours.line;
    context.textAlign = "right";
    const every = Math.ceil(ticks.length / 6);
    ticks.forEach((tick, i) => {
      if (i % every) return;
      const top = place(0, tick)[1];
      context.fillText(tick < 1e-3 ? tick.toExponential(0) : String(tick), left - 6, top + 4);
      context.strokeRect(left, top, right - left, 0);
    });
    context.fillText(`epoch ${last.toLocaleString("en")}`, right, bottom + 17);
    context.textAlign = "left";
    context.fillText("0", left, bottom + 17);
  }

  // The hidden units

  /* What each hidden unit adds to the score, W2 A1, over the plane. The strongest colour is the
     largest of all units; colours are by the square root, so that small ones show too. */
  function units(canvas, colours, { W2, A1 }) {
    const [width, gap] = [canvas.clientWidth, 6];
    const perRow = Math.min(Math.max(4, Math.ceil(A1.length / 3)), width < 300 ? 6 : 8);
    const size = (width - (perRow - 1) * gap) / perRow;
    const context = prepare(canvas, Math.ceil(A1.length / perRow) * (size + gap) - gap);
    const reach = A1.map((row, i) => Math.max(...extremes(row).map((a) => Math.abs(a * W2[0][i]))));
    const largest = Math.max(1e-300, ...reach);
    const shades = Array.from({ length: 41 }, (_, i) => blend(colours, (i - 20) / 20));
    context.strokeStyle = colours.muted;
    A1.forEach((row, unit) => {
      const x = (unit % perRow) * (size + gap);
      const y = Math.floor(unit / perRow) * (size + gap);
      const tile = image(TILE, (i, j) => {
        const share = (W2[0][unit] * row[2 * i * NODES + 2 * j]) / largest;
        return shades[Math.round(20 + 20 * Math.sign(share) * Math.sqrt(Math.abs(share)))];
      });
      context.drawImage(tile, x, y, size, size);
      context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
    });
  }

  return { GRID, plane, lossCurve, units };
})();
