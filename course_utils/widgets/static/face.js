// The kit that all faces share: SVG panels with axes, a slider, a spoken text. Joined into each widget's module.

export const SVG = "http://www.w3.org/2000/svg";

export function element(parent, tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

export function draw(parent, tag, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}

// Binary traits come as a DataView whose offset may be odd: copy before reading.
export function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

export function extent(...arrays) {
  let low = Infinity;
  let high = -Infinity;
  for (const array of arrays) for (const value of array) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}

export function widened([low, high], share = 0.05) {
  const margin = (high - low || 1) * share;
  return [low - margin, high + margin];
}

export function linearTicks(domain, count) {
  const [low, high] = [Math.min(...domain), Math.max(...domain)];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step);
  return ticks;
}

function logTicks([low, high]) {
  const from = Math.ceil(Math.log10(low) - 1e-6);
  const to = Math.floor(Math.log10(high) + 1e-6);
  const every = Math.ceil((to - from + 1) / 5);
  const ticks = [];
  for (let power = from; power <= to; power += every) ticks.push(10 ** power);
  return ticks;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function logLabel(value) {
  const power = Math.round(Math.log10(value));
  return power === 0 ? "1" : "10" + [...String(power)].map((digit) => RAISED[digit]).join("");
}

// One figure with axes. Returns the projections x and y, a layer clipped to the frame, and the SVG itself.
export function panel(parent, spec) {
  const { title, width = 360, height = 250, describe } = spec;
  const svg = draw(parent, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describe || title });
  return { svg, ...plot(svg, spec) };
}

// Title, axes and grid into an SVG or a group of one.
export function plot(parent, { title, xlabel = "", ylabel = "", xdomain, ydomain, xlog = false, ylog = false, width = 360, height = 250, bare = false, yticks = null, xticks = null }) {
  const [left, right, top, bottom] = bare ? [6, 6, 24, 6] : [ylabel || yticks ? 50 : 40, 18, 24, xlabel ? 40 : 24];
  const clip = `clip-${Math.random().toString(36).slice(2)}`;
  const frame = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  draw(draw(parent, "clipPath", { id: clip }), "rect", frame);
  const [warpX, warpY] = [xlog, ylog].map((log) => (log ? Math.log10 : (value) => value));
  const [[x0, x1], [y0, y1]] = [xdomain.map(warpX), ydomain.map(warpY)];
  const x = (value) => frame.x + (frame.width * (warpX(value) - x0)) / (x1 - x0);
  const y = (value) => frame.y + frame.height * (1 - (warpY(value) - y0) / (y1 - y0));
  draw(parent, "text", { x: bare ? frame.x : left, y: 14, class: "title" }, title);
  if (!bare) {
    const number = (log) => (log ? logLabel : (tick) => String(+tick.toPrecision(6)));
    const across = xticks || (xlog ? logTicks(xdomain) : linearTicks(xdomain, 5)).map((tick) => [tick, number(xlog)(tick)]);
    for (const [tick, label] of across) {
      draw(parent, "line", { x1: x(tick), x2: x(tick), y1: top, y2: top + frame.height, class: "grid" });
      draw(parent, "text", { x: x(tick), y: top + frame.height + 14, "text-anchor": "middle", class: "tick" }, label);
    }
    const up = yticks || (ylog ? logTicks(ydomain) : linearTicks(ydomain, 5)).map((tick) => [tick, number(ylog)(tick)]);
    for (const [tick, label] of up) {
      draw(parent, "line", { x1: left, x2: left + frame.width, y1: y(tick), y2: y(tick), class: "grid" });
      draw(parent, "text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end", class: "tick" }, label);
    }
    draw(parent, "text", { x: left + frame.width / 2, y: height - 6, "text-anchor": "middle" }, xlabel);
    const middle = top + frame.height / 2;
    draw(parent, "text", { x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` }, ylabel);
  }
  const layer = draw(parent, "g", { "clip-path": `url(#${clip})` });
  const back = (log, value) => (log ? 10 ** value : value);
  const xOf = (pixel) => back(xlog, x0 + ((pixel - frame.x) / frame.width) * (x1 - x0));
  const yOf = (pixel) => back(ylog, y0 + (1 - (pixel - frame.y) / frame.height) * (y1 - y0));
  return { layer, x, y, xOf, yOf, frame };
}

export function line(xs, ys, x, y) {
  let d = "";
  for (let i = 0; i < xs.length; i++) d += `${i ? "L" : "M"}${x(xs[i]).toFixed(1)} ${y(ys[i]).toFixed(1)}`;
  return d;
}

// A labelled range input. JupyterLab takes arrow keys from outputs in command mode, so they are kept from it.
export function slider(parent, { label, count, value, onInput }) {
  const row = element(parent, "div", { class: "control" });
  const id = `slider-${Math.random().toString(36).slice(2)}`;
  const caption = element(row, "label", { for: id });
  const input = element(row, "input", { id, type: "range", min: 0, max: count - 1, step: 1, value });
  const show = (index) => {
    input.value = index;
    caption.textContent = label(index);
    input.setAttribute("aria-valuetext", label(index));
  };
  input.addEventListener("input", () => onInput(+input.value));
  show(value);
  return show;
}

export function keepKeys(root) {
  const passes = (event) => ["Escape", "Tab"].includes(event.key) || event.ctrlKey || event.metaKey || (event.shiftKey && event.key === "Enter");
  root.addEventListener("keydown", (event) => { if (!passes(event)) event.stopPropagation(); });
  // Notebook 7 takes its shortcuts before the root hears of a key, unless the element in focus says no.
  const held = new WeakRef(root);
  const first = (event) => {
    const alive = held.deref();
    if (!alive) window.removeEventListener("keydown", first, true);
    else if (alive.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", !passes(event));
  };
  window.addEventListener("keydown", first, true);
}

export function spoken(parent) {
  return element(parent, "div", { class: "told", "aria-live": "polite", role: "status" });
}

export const reduced = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// Questions to Python, one under way at a time; of those that wait only the newest of each kind is sent.
export function channel(model, land) {
  const waiting = new Map();
  let flying = null;
  let rev = 0;
  let again = 0;
  const go = () => {
    if (flying !== null || !waiting.size) return;
    const [kind, message] = waiting.entries().next().value;
    waiting.delete(kind);
    flying = ++rev;
    model.send({ ...message, rev });
    // No answer: no Python behind, or it is busy. What comes later is asked later.
    again = setTimeout(() => { flying = null; go(); }, 3000);
  };
  model.on("msg:custom", (message, buffers) => {
    land(message, buffers);
    if (message.rev !== flying) return;
    clearTimeout(again);
    flying = null;
    go();
  });
  return (message) => { waiting.set(message.kind, message); go(); };
}
