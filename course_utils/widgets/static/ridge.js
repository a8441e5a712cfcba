import { draw, element, extent, floats, keepKeys, line, panel, slider, spoken, widened } from "./face.js";

const COLOURS = ["var(--first)", "var(--second)", "var(--third)", "var(--fourth)"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

function points(layer, xs, ys, p, attributes) {
  for (let i = 0; i < xs.length; i++) draw(layer, "circle", { cx: p.x(xs[i]), cy: p.y(ys[i]), ...attributes });
}

function now(p) {
  return draw(p.layer, "line", { y1: p.frame.y, y2: p.frame.y + p.frame.height, class: "now" });
}

// The fitted curve through the samples.
function curvePanel(parent, a) {
  const ydomain = widened(extent(a.y_train, a.y_test), 0.2);
  const p = panel(parent, { title: "the fit", xlabel: "x", ylabel: "y", xdomain: [-1, 1], ydomain, describe: "The fitted curve among training and test points" });
  points(p.layer, a.x_test, a.y_test, p, { r: 1.6, fill: "var(--quiet)", opacity: 0.45 });
  points(p.layer, a.x_train, a.y_train, p, { r: 4, fill: "var(--second)" });
  const curve = draw(p.layer, "path", { stroke: "var(--first)" });
  draw(p.svg, "text", { x: 200, y: 14 }, "● training   · test").setAttribute("fill", "var(--quiet)");
  const n = a.grid.length;
  return (i) => curve.setAttribute("d", line(a.grid, a.curves.subarray(i * n, (i + 1) * n), p.x, p.y));
}

// Predicted against true, for samples that have no curve.
function scatterPanel(parent, a) {
  const domain = widened(extent(a.y_test));
  const p = panel(parent, { title: "the test samples", xlabel: "true", ylabel: "predicted", xdomain: domain, ydomain: domain, describe: "Predicted against true for the test samples" });
  draw(p.layer, "path", { d: line(domain, domain, p.x, p.y), stroke: "var(--quiet)", "stroke-dasharray": "5 4" });
  const n = a.y_test.length;
  const dots = Array.from(a.y_test, (value) => draw(p.layer, "circle", { cx: p.x(value), r: 2.6, fill: "var(--first)", opacity: 0.75 }));
  return (i) => dots.forEach((dot, k) => dot.setAttribute("cy", p.y(a.predicted[i * n + k])));
}

// All coefficients over λ; the four that grow largest have a colour, a dash and a name.
function coefficientPanel(parent, a, names, { lams, features }) {
  const column = (k) => Float32Array.from({ length: lams }, (_, i) => a.coefficients[i * features + k]);
  const columns = names.map((_, k) => column(k));
  const sizes = columns.map((values) => Math.max(...values.map(Math.abs)));
  const largest = [...sizes.keys()].sort((j, k) => sizes[k] - sizes[j]).slice(0, 4);
  // Near λ = 0 the weights of a wild fit dwarf all others: show the range that most of the path needs.
  const spread = columns.flatMap((values) => [...values]).map(Math.abs).sort((j, k) => j - k);
  const reach = 1.15 * spread[Math.floor(0.93 * (spread.length - 1))];
  const p = panel(parent, { title: "coefficients", xlabel: "λ", ylabel: "weight", xdomain: extent(a.lams), ydomain: [-reach, reach], xlog: true, describe: "Every coefficient against λ; all shrink towards zero as λ grows" });
  columns.forEach((values, k) => {
    if (!largest.includes(k)) draw(p.layer, "path", { d: line(a.lams, values, p.x, p.y), stroke: "var(--quiet)", style: "stroke-width:1;opacity:.5" });
  });
  largest.forEach((k, rank) => {
    draw(p.layer, "path", { d: line(a.lams, columns[k], p.x, p.y), stroke: COLOURS[rank], "stroke-dasharray": DASHES[rank] });
    const y = p.frame.y + 12 + 13 * rank;
    const x = p.frame.x + p.frame.width - 74;
    draw(p.svg, "rect", { x: x - 32, y: y - 10, width: 104, height: 13, fill: "var(--jp-layout-color0, #fff)", opacity: 0.8 });
    draw(p.svg, "line", { x1: x - 28, x2: x - 5, y1: y - 4, y2: y - 4, stroke: COLOURS[rank], "stroke-width": 2, "stroke-dasharray": DASHES[rank] });
    draw(p.svg, "text", { x, y }, names[k]);
  });
  const marker = now(p);
  return (i) => ["x1", "x2"].forEach((end) => marker.setAttribute(end, p.x(a.lams[i])));
}

function errorPanel(parent, a, { best }) {
  const [, high] = extent(a.training_error, a.test_error.subarray(best));
  const ydomain = [0, 1.25 * high];
  const p = panel(parent, { title: "errors", xlabel: "λ", ylabel: "root mean squared error", xdomain: extent(a.lams), ydomain, xlog: true, describe: "Training and test error against λ; the test error is lowest in between" });
  draw(p.layer, "path", { d: line(a.lams, a.training_error, p.x, p.y), stroke: "var(--first)" });
  draw(p.layer, "path", { d: line(a.lams, a.test_error, p.x, p.y), stroke: "var(--second)", "stroke-dasharray": "7 3" });
  draw(p.layer, "circle", { cx: p.x(a.lams[best]), cy: p.y(a.test_error[best]), r: 5, fill: "none", stroke: "var(--second)", "stroke-width": 2 });
  [["training", "var(--first)", "", 110], ["test, lowest at ○", "var(--second)", "7 3", 210]].forEach(([name, stroke, dash, x]) => {
    draw(p.svg, "line", { x1: x, x2: x + 24, y1: 10, y2: 10, stroke, "stroke-width": 2, "stroke-dasharray": dash });
    draw(p.svg, "text", { x: x + 30, y: 14 }, name);
  });
  const marker = now(p);
  const dots = [[a.training_error, "var(--first)"], [a.test_error, "var(--second)"]].map(([values, fill]) => [values, draw(p.layer, "circle", { r: 4, fill })]);
  return (i) => {
    ["x1", "x2"].forEach((end) => marker.setAttribute(end, p.x(a.lams[i])));
    for (const [values, dot] of dots) {
      dot.setAttribute("cx", p.x(a.lams[i]));
      dot.setAttribute("cy", p.y(values[i]));
    }
  };
}

function render({ model, el }) {
  const root = element(el, "div", { class: "course-widget", role: "group", "aria-label": "Ridge regression: move λ" });
  keepKeys(root);
  const a = Object.fromEntries(Object.entries(model.get("_arrays")).map(([name, view]) => [name, floats(view)]));
  const [sizes, names, sentences] = ["_sizes", "_names", "_sentences"].map((name) => model.get(name));
  const panels = element(root, "div", { class: "panels" });
  const updates = [
    a.curves ? curvePanel(panels, a) : scatterPanel(panels, a),
    coefficientPanel(panels, a, names, sizes),
    errorPanel(panels, a, sizes),
  ];
  const show = slider(root, {
    label: (i) => `λ = ${Number(a.lams[i].toPrecision(3)).toString()}`,
    count: sizes.lams,
    value: model.get("index"),
    onInput: (i) => {
      model.set("index", i);
      model.save_changes();
    },
  });
  const told = spoken(root);
  let paints = 0;
  const paint = () => {
    const i = model.get("index");
    for (const update of updates) update(i);
    show(i);
    told.textContent = sentences[i];
    root.dataset.paints = ++paints;
  };
  model.on("change:index", paint);
  paint();
  root.dataset.ready = "";
  return () => model.off("change:index", paint);
}

export default { render };
