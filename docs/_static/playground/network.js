/* The network of the lecture notes: forward pass, loss, backward pass, gradient descent.

     Z1 = W1 X + b1       A1 = g(Z1)       Z2 = W2 A1 + b2       A2 = sigmoid(Z2)

     dZ2 = A2 - Y                dW2 = dZ2 A1^T / m      db2 = sum of dZ2 over examples / m
     dZ1 = W2^T dZ2 * g'(Z1)     dW1 = dZ1 X^T / m       db1 = sum of dZ1 over examples / m

   A matrix is an array of rows. Examples are columns: X (n0, m), W1 (n1, n0), b1 (n1, 1),
   W2 (1, n1), b2 (1, 1), Y (1, m). Nothing here knows of a page: the file runs wherever
   JavaScript does, and tests compare it with skshallow/core. */
"use strict";

const ShallowNetwork = (() => {
  // Matrices

  /* 0, of shape (rows, columns). */
  function zeroMatrix(rows, columns) {
    return Array.from({ length: rows }, () => new Float64Array(columns));
  }

  /* A B. */
  function product(A, B) {
    const C = zeroMatrix(A.length, B[0].length);
    A.forEach((row, i) =>
      row.forEach((a, k) => {
        const [c, b] = [C[i], B[k]];
        for (let j = 0; j < c.length; j++) c[j] += a * b[j];
      }),
    );
    return C;
  }

  /* A^T. */
  function transpose(A) {
    return Array.from(A[0], (_, j) => Float64Array.from(A, (row) => row[j]));
  }

  /* A B^T: every row of A times every row of B. */
  function productWithTranspose(A, B) {
    return A.map((a) =>
      Float64Array.from(B, (b) => {
        let sum = 0;
        for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
        return sum;
      }),
    );
  }

  /* f(a, b, c) of the elements at the same place of up to three matrices. */
  function elementwise(f, A, B = A, C = A) {
    return A.map((a, i) => {
      const [b, c, row] = [B[i], C[i], new Float64Array(a.length)];
      for (let j = 0; j < a.length; j++) row[j] = f(a[j], b[j], c[j]);
      return row;
    });
  }

  /* A + b, a column added to every column. */
  function addColumn(A, b) {
    return A.map((row, i) => elementwise((a) => a + b[i][0], [row])[0]);
  }

  /* The sum over examples, a column. */
  function sumOverExamples(A) {
    return productWithTranspose(A, [new Float64Array(A[0].length).fill(1)]);
  }

  // Activations: g(z), and g'(z) from z and a = g(z)

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));

  const ACTIVATIONS = {
    tanh: { g: Math.tanh, slope: (z, a) => 1 - a * a },
    relu: { g: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
    leaky_relu: { g: (z) => Math.max(0.01 * z, z), slope: (z) => (z > 0 ? 1 : 0.01) },
    sigmoid: { g: sigmoid, slope: (z, a) => a * (1 - a) },
    silu: { g: (z) => z * sigmoid(z), slope: (z, a) => a + sigmoid(z) * (1 - a) },
    identity: { g: (z) => z, slope: () => 1 },
  };

  // Initial weights: W of shape (nOut, nIn); biases start at zero

  /* Random numbers that are the same for the same seed: uniform in [0, 1), and standard normal. */
  function generator(seed) {
    let state = seed >>> 0;
    const uniform = () => {
      // mulberry32, by Tommy Ettinger
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () =>
      // Box and Muller (1958)
      Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
  }

  /* randn * scale. */
  function randomMatrix(rng, rows, columns, scale) {
    return elementwise(() => scale * rng.normal(), zeroMatrix(rows, columns));
  }

  const INITIALIZERS = {
    normal: (rng, nOut, nIn) => randomMatrix(rng, nOut, nIn, 0.01),
    xavier: (rng, nOut, nIn) => randomMatrix(rng, nOut, nIn, Math.sqrt(2 / (nIn + nOut))),
    he: (rng, nOut, nIn) => randomMatrix(rng, nOut, nIn, Math.sqrt(2 / nIn)),
    zeros: (rng, nOut, nIn) => zeroMatrix(nOut, nIn),
  };

  /* W1, b1, W2, b2 that training starts from. */
  function initialize(initializer, rng, n0, n1) {
    const W1 = INITIALIZERS[initializer](rng, n1, n0);
    const W2 = INITIALIZERS[initializer](rng, 1, n1);
    return { W1, b1: zeroMatrix(n1, 1), W2, b2: zeroMatrix(1, 1) };
  }

  // Forward pass, loss, backward pass, gradient descent

  /* From X to A2. */
  function forward({ W1, b1, W2, b2 }, X, activation) {
    const { g } = ACTIVATIONS[activation];
    const Z1 = addColumn(product(W1, X), b1);
    const A1 = elementwise(g, Z1);
    const Z2 = addColumn(product(W2, A1), b2);
    const A2 = elementwise(sigmoid, Z2);
    return { Z1, A1, Z2, A2 };
  }

  /* J, the mean of L = log(1 + e^z) - y z: the cross-entropy taken at Z2, where nothing overflows. */
  function loss(Z2, Y) {
    const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
    const L = elementwise((z, y) => softplus(z) - y * z, Z2, Y);
    return sumOverExamples(L)[0][0] / Y[0].length;
  }

  /* The gradient of J, from the output back to the input. */
  function backward({ W2 }, { Z1, A1, A2 }, X, Y, activation) {
    const { slope } = ACTIVATIONS[activation];
    const mean = (D) => elementwise((d) => d / Y[0].length, D);
    const dZ2 = elementwise((a, y) => a - y, A2, Y);
    const dW2 = mean(productWithTranspose(dZ2, A1));
    const db2 = mean(sumOverExamples(dZ2));
    const dA1 = product(transpose(W2), dZ2);
    const dZ1 = elementwise((d, z, a) => d * slope(z, a), dA1, Z1, A1);
    const dW1 = mean(productWithTranspose(dZ1, X));
    const db1 = mean(sumOverExamples(dZ1));
    return { dW1, db1, dW2, db2 };
  }

  /* One step of gradient descent: W1 := W1 - learning rate * dW1, and so on. */
  function descend({ W1, b1, W2, b2 }, { dW1, db1, dW2, db2 }, learningRate) {
    const moved = (W, dW) => elementwise((w, d) => w - learningRate * d, W, dW);
    return { W1: moved(W1, dW1), b1: moved(b1, db1), W2: moved(W2, dW2), b2: moved(b2, db2) };
  }

  return { ACTIVATIONS, INITIALIZERS, generator, initialize, forward, loss, backward, descend };
})();
