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

export function linearTicks([low, high], count) {
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
export function panel(parent, { title, xlabel, ylabel, xdomain, ydomain, xlog = false, describe }) {
  const [width, height, left, right, top, bottom] = [360, 250, 50, 10, 24, 40];
  const svg = draw(parent, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describe || title });
  const clip = `clip-${Math.random().toString(36).slice(2)}`;
  const frame = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  draw(draw(svg, "clipPath", { id: clip }), "rect", frame);
  const warp = xlog ? Math.log10 : (value) => value;
  const [x0, x1] = xdomain.map(warp);
  const x = (value) => frame.x + (frame.width * (warp(value) - x0)) / (x1 - x0);
  const y = (value) => frame.y + frame.height * (1 - (value - ydomain[0]) / (ydomain[1] - ydomain[0]));
  draw(svg, "text", { x: left, y: 14, class: "title" }, title);
  for (const tick of xlog ? logTicks(xdomain) : linearTicks(xdomain, 5)) {
    draw(svg, "line", { x1: x(tick), x2: x(tick), y1: top, y2: top + frame.height, class: "grid" });
    const label = xlog ? logLabel(tick) : String(+tick.toPrecision(6));
    draw(svg, "text", { x: x(tick), y: height - bottom + 14, "text-anchor": "middle", class: "tick" }, label);
  }
  for (const tick of linearTicks(ydomain, 5)) {
    draw(svg, "line", { x1: left, x2: left + frame.width, y1: y(tick), y2: y(tick), class: "grid" });
    draw(svg, "text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end", class: "tick" }, String(+tick.toPrecision(6)));
  }
  draw(svg, "text", { x: left + frame.width / 2, y: height - 6, "text-anchor": "middle" }, xlabel);
  const middle = top + frame.height / 2;
  draw(svg, "text", { x: 11, y: middle, "text-anchor": "middle", transform: `rotate(-90 11 ${middle})` }, ylabel);
  const layer = draw(svg, "g", { "clip-path": `url(#${clip})` });
  return { svg, layer, x, y, frame };
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
  root.addEventListener("keydown", (event) => {
    const passes = ["Escape", "Tab"].includes(event.key) || event.ctrlKey || event.metaKey || (event.shiftKey && event.key === "Enter");
    if (!passes) event.stopPropagation();
  });
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
