// The optimizers and surfaces of the library once more, for where no Python is running. Held to it by a test.

const TURN = 2 * Math.PI;
const square = (x) => x * x;

// name: [height(x, y), gradient(x, y)]
export const SURFACES = {
  bowl: [(x, y) => (x * x + y * y) / 2, (x, y) => [x, y]],
  ravine: [(x, y) => (x * x + 40 * (y * y)) / 2, (x, y) => [x, 40 * y]],
  Rosenbrock: [
    (x, y) => square(1 - x) + 100 * square(y - x * x),
    (x, y) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
  ],
  Beale: [
    (x, y) => square(1.5 - x + x * y) + square(2.25 - x + x * y * y) + square(2.625 - x + x * y ** 3),
    (x, y) => {
      const [a, b, c] = [1.5 - x + x * y, 2.25 - x + x * (y * y), 2.625 - x + x * y ** 3];
      return [2 * (a * (y - 1) + b * (y * y - 1) + c * (y ** 3 - 1)), 2 * x * (a + 2 * b * y + 3 * c * (y * y))];
    },
  ],
  Himmelblau: [
    (x, y) => square(x * x + y - 11) + square(x + y * y - 7),
    (x, y) => {
      const [a, b] = [x * x + y - 11, x + y * y - 7];
      return [4 * x * a + 2 * b, 2 * a + 4 * y * b];
    },
  ],
  Booth: [
    (x, y) => square(x + 2 * y - 7) + square(2 * x + y - 5),
    (x, y) => [10 * x + 8 * y - 34, 8 * x + 10 * y - 38],
  ],
  saddle: [(x, y) => x * x - y * y + y ** 4 / 8, (x, y) => [2 * x, -2 * y + y ** 3 / 2]],
  "monkey saddle": [
    (x, y) => x ** 3 - 3 * x * (y * y) + square(x * x + y * y) / 2,
    (x, y) => [3 * (x * x) - 3 * (y * y) + 2 * x * (x * x + y * y), -6 * x * y + 2 * y * (x * x + y * y)],
  ],
  "three-hump camel": [
    (x, y) => 2 * (x * x) - 1.05 * x ** 4 + x ** 6 / 6 + x * y + y * y,
    (x, y) => [4 * x - 4.2 * x ** 3 + x ** 5 + y, x + 2 * y],
  ],
  "Styblinski–Tang": [
    (x, y) => (x ** 4 - 16 * (x * x) + 5 * x + y ** 4 - 16 * (y * y) + 5 * y) / 2,
    (x, y) => [2 * x ** 3 - 16 * x + 2.5, 2 * y ** 3 - 16 * y + 2.5],
  ],
  Rastrigin: [
    (x, y) => 20 + x * x + y * y - 10 * (Math.cos(TURN * x) + Math.cos(TURN * y)),
    (x, y) => [2 * x + 10 * TURN * Math.sin(TURN * x), 2 * y + 10 * TURN * Math.sin(TURN * y)],
  ],
  plateau: [
    (x, y) => 1 - Math.exp(-(x * x + y * y) / 2),
    (x, y) => {
      const e = Math.exp(-(x * x + y * y) / 2);
      return [x * e, y * e];
    },
  ],
};

const cosine = (share) => (1 + Math.cos(Math.PI * share)) / 2;

export const SCHEDULES = {
  constant: () => 1,
  step: (done) => 0.5 ** Math.floor(4 * done),
  cosine,
  "warm-up": (done) => (done < 0.1 ? Math.min(1, 10 * done) : cosine((done - 0.1) / 0.9)),
};

const both = (f) => [f(0), f(1)];

function adam(w, gradient, s, rate, h) {
  const g = gradient(w);
  const t = (s.t || 0) + 1;
  const p = both((i) => h.beta1 * (s.p ? s.p[i] : 0) + (1 - h.beta1) * g[i]);
  const q = both((i) => h.beta2 * (s.s ? s.s[i] : 0) + (1 - h.beta2) * (g[i] * g[i]));
  const [a, b] = [1 - h.beta1 ** t, 1 - h.beta2 ** t];
  return [both((i) => w[i] - (rate * (p[i] / a)) / (Math.sqrt(q[i] / b) + h.eps)), { p, s: q, t }];
}

function hessian(gradient, [x, y]) {
  const h = 1e-5;
  const [a, b] = [gradient([x + h, y]), gradient([x - h, y])];
  const [c, d] = [gradient([x, y + h]), gradient([x, y - h])];
  const mixed = ((a[1] - b[1]) / (2 * h) + (c[0] - d[0]) / (2 * h)) / 2;
  return [(a[0] - b[0]) / (2 * h), mixed, (c[1] - d[1]) / (2 * h)];
}

// step(w, gradient, state, rate, hyper, exact gradient) -> [w, state]
export const OPTIMIZERS = {
  "gradient descent": (w, gradient, s, rate) => {
    const g = gradient(w);
    return [both((i) => w[i] - rate * g[i]), s];
  },
  momentum: (w, gradient, s, rate, h) => {
    const g = gradient(w);
    const p = both((i) => h.mu * (s.p ? s.p[i] : 0) - rate * g[i]);
    return [both((i) => w[i] + p[i]), { p }];
  },
  nesterov: (w, gradient, s, rate, h) => {
    const ahead = both((i) => h.mu * (s.p ? s.p[i] : 0));
    const g = gradient(both((i) => w[i] + ahead[i]));
    const p = both((i) => ahead[i] - rate * g[i]);
    return [both((i) => w[i] + p[i]), { p }];
  },
  adagrad: (w, gradient, s, rate, h) => {
    const g = gradient(w);
    const c = both((i) => (s.c ? s.c[i] : 0) + g[i] * g[i]);
    return [both((i) => w[i] - (rate * g[i]) / (Math.sqrt(c[i]) + h.eps)), { c }];
  },
  rmsprop: (w, gradient, s, rate, h) => {
    const g = gradient(w);
    const q = both((i) => h.beta * (s.s ? s.s[i] : 0) + (1 - h.beta) * (g[i] * g[i]));
    return [both((i) => w[i] - (rate * g[i]) / (Math.sqrt(q[i]) + h.eps)), { s: q }];
  },
  adam,
  adamw: (w, gradient, s, rate, h) => {
    const [moved, state] = adam(w, gradient, s, rate, h);
    return [both((i) => moved[i] - rate * h.weight_decay * w[i]), state];
  },
  newton: (w, gradient, s, rate, h, exact) => {
    const g = gradient(w);
    const [a, b, d] = hessian(exact, w);
    const det = a * d - b * b;
    if (det === 0) return null;
    return [[w[0] - (rate * (d * g[0] - b * g[1])) / det, w[1] - (rate * (a * g[1] - b * g[0])) / det], s];
  },
};

// Standard normal pairs: Mulberry32, then Box and Muller.
export function normals(seed, n) {
  const uniform = (i) => {
    let t = (seed + Math.imul(i + 1, 0x6d2b79f5)) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return Array.from({ length: n }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(uniform(2 * i)));
    const angle = TURN * uniform(2 * i + 1);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

const FAR = 10;

// A gradient taken no farther than ten windows away, so that a path that diverges stays finite.
function bounded(gradient, limit) {
  const clip = (value) => Math.min(limit, Math.max(-limit, value));
  return (w) => gradient(clip(w[0]), clip(w[1]));
}

// One path: points as x, y pairs, losses, and how it went. `about` is what Python told of the surface.
export function walk(name, about, settings) {
  const [height, slope] = SURFACES[about.name];
  const [x0, x1, y0, y1] = about.bounds;
  const span = Math.max(x1 - x0, y1 - y0);
  const exact = (w) => slope(w[0], w[1]);
  const gradient = bounded(slope, FAR * span);
  const noise = settings.noise ? normals(settings.seed, settings.steps) : null;
  const size = settings.noise * about.slope;
  const base = settings.factor * (settings.rates[name] ?? about.rates[name]);
  const schedule = SCHEDULES[settings.schedule];
  let w = [...settings.start];
  let state = {};
  const points = [...w];
  const losses = [height(w[0], w[1])];
  for (let t = 0; t < settings.steps; t++) {
    const noisy = noise ? (v) => { const g = gradient(v); return [g[0] + size * noise[t][0], g[1] + size * noise[t][1]]; } : gradient;
    const moved = OPTIMIZERS[name](w, noisy, state, base * schedule(t / settings.steps), settings, exact);
    if (moved === null) return { points: points.slice(0, 2), losses: losses.slice(0, 1), outcome: "failed", message: "The Hessian can't be inverted here: Newton's method has no step." };
    [w, state] = moved;
    const distance = Math.max(Math.abs(w[0] - (x0 + x1) / 2), Math.abs(w[1] - (y0 + y1) / 2));
    if (!(distance <= FAR * span)) return { points, losses, outcome: "diverged", message: "" };
    points.push(w[0], w[1]);
    losses.push(height(w[0], w[1]));
  }
  return { points, losses, outcome: "ran", message: "" };
}

// What came of a path: steps to 99 % of the way down, and words.
export function verdict(path, about) {
  const goal = about.lowest + 0.01 * (path.losses[0] - about.lowest);
  const first = path.losses.findIndex((loss) => loss <= goal);
  const steps = first >= 0 && path.outcome !== "diverged" ? first : null;
  const [x0, x1, y0, y1] = about.bounds;
  const near = 0.03 * Math.max(x1 - x0, y1 - y0);
  const [x, y] = path.points.slice(-2);
  const close = about.minima.some(([a, b]) => Math.hypot(a - x, b - y) < near);
  let said = steps !== null ? (close ? "at a lowest point" : "almost as low as it gets") : close ? "in a local minimum" : "still on its way";
  if (path.outcome === "diverged") said = "diverged";
  return { loss: path.losses[path.losses.length - 1], steps, said: path.message || said };
}

// Where each of n × n starts leads with one optimizer: the minimum's number (−1: none) and the steps until then.
export function basins(name, about, settings, n) {
  const [x0, x1, y0, y1] = about.bounds;
  const near = square(0.03 * Math.max(x1 - x0, y1 - y0));
  const end = new Int16Array(n * n);
  const steps = new Int16Array(n * n);
  const calm = { ...settings, noise: 0 };
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const start = [x0 + ((x1 - x0) * column) / (n - 1), y0 + ((y1 - y0) * row) / (n - 1)];
      const { points, outcome } = walk(name, about, { ...calm, start });
      const at = (i) => about.minima.findLastIndex(([a, b]) => square(points[2 * i] - a) + square(points[2 * i + 1] - b) < near);
      const last = points.length / 2 - 1;
      const final = outcome === "ran" ? at(last) : -1;
      let since = last;
      while (final >= 0 && since > 1 && at(since - 1) === final) since--;
      end[row * n + column] = final;
      steps[row * n + column] = final < 0 ? settings.steps : since;
    }
  }
  return { end, steps };
}
