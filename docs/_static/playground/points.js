/* Points of the plane in two classes, between -5 and 5: X (2, m) and Y (1, m). */
"use strict";

const PlanePoints = (() => {
  /* The rose r = 4 |sin 4t|, whose eight petals belong to two classes in turn. */
  function flower({ uniform, normal }) {
    const angle = 2 * Math.PI * uniform();
    const y = Math.floor(angle / (Math.PI / 4)) % 2;
    const radius = 4 * Math.abs(Math.sin(4 * angle)) + 0.2 * normal();
    return [...polar(radius, angle + 0.05 * normal()), y];
  }

  /* Two half circles, each of which reaches into the other. */
  function moons({ uniform, normal }) {
    const [angle, y] = [Math.PI * uniform(), uniform() < 0.5 ? 0 : 1];
    const [x1, x2] = polar(1, angle);
    const [centred1, centred2] = y ? [0.5 - x1, 0.25 - x2] : [x1 - 0.5, x2 - 0.25];
    return [2.7 * centred1 + 0.35 * normal(), 2.7 * centred2 + 0.35 * normal(), y];
  }

  /* Two arms, each of one turn and a quarter. */
  function spirals({ uniform, normal }) {
    const [way, y] = [Math.sqrt(uniform()), uniform() < 0.5 ? 0 : 1];
    const [x1, x2] = polar(0.3 + 4 * way, 2.5 * Math.PI * way + Math.PI * y);
    return [x1 + 0.15 * normal(), x2 + 0.15 * normal(), y];
  }

  /* A disc, and a ring around it. */
  function circles({ uniform, normal }) {
    const y = uniform() < 0.5 ? 0 : 1;
    const radius = y ? 1.8 * Math.sqrt(uniform()) : 3.5 + 0.35 * normal();
    return [...polar(radius, 2 * Math.PI * uniform()), y];
  }

  /* Four clouds; those that lie opposite each other are of one class. */
  function xor({ uniform, normal }) {
    const [right, top] = [uniform() < 0.5, uniform() < 0.5];
    return [(right ? 2 : -2) + 0.8 * normal(), (top ? 2 : -2) + 0.8 * normal(), right === top ? 1 : 0];
  }

  function polar(radius, angle) {
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }

  const KINDS = { flower, moons, spirals, circles, xor };

  /* m points as columns. */
  function draw(kind, m, rng) {
    const points = Array.from({ length: m }, () => KINDS[kind](rng));
    const row = (i) => Float64Array.from(points, (point) => point[i]);
    return { X: [row(0), row(1)], Y: [row(2)] };
  }

  return { KINDS, draw };
})();
