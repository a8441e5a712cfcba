// The one face of all explorers: Python says what is to be seen, as marks on panels; this draws it, and tells what the
// hand did. Handles and cells stay the same elements from picture to picture, so that a drag and the focus survive.
import { draw, element, keepKeys, line, plot, reduced, slider, spoken } from "./face.js";

const colour = (name) => (/^[a-z]+$/.test(name) ? `var(--${name})` : name);

// Points as zero-length strokes: a thousand of them are one element.
const SHAPES = {
  circle: { cap: "round", size: 1, at: (x, y) => `M${x} ${y}h0` },
  square: { cap: "square", size: 0.85, at: (x, y) => `M${x} ${y}h0` },
  cross: { cap: "butt", size: 0.28, at: (x, y, r) => `M${x - r} ${y - r}l${2 * r} ${2 * r}M${x - r} ${y + r}l${2 * r} ${-2 * r}` },
};

const MARKS = {
  line(layer, m, p) {
    draw(layer, "path", { d: line(m.x, m.y, p.x, p.y), stroke: colour(m.color), "stroke-dasharray": m.dash, style: `stroke-width:${m.width};opacity:${m.opacity}` });
  },
  segments(layer, m, p) {
    const d = m.x0.map((_, i) => `M${p.x(m.x0[i]).toFixed(1)} ${p.y(m.y0[i]).toFixed(1)}L${p.x(m.x1[i]).toFixed(1)} ${p.y(m.y1[i]).toFixed(1)}`).join("");
    draw(layer, "path", { d, stroke: colour(m.color), "stroke-dasharray": m.dash, style: `stroke-width:${m.width};opacity:${m.opacity}`, ...(m.arrow ? { "marker-end": `url(#${arrowhead(layer, m.color)})` } : {}) });
  },
  area(layer, m, p) {
    draw(layer, "path", { d: `${line(m.x, m.y, p.x, p.y)}Z`, style: `fill:${colour(m.color)};fill-opacity:${m.opacity};stroke:none` });
  },
  dots(layer, m, p) {
    const shape = SHAPES[m.shape];
    const d = m.x.map((value, i) => shape.at(+p.x(value).toFixed(1), +p.y(m.y[i]).toFixed(1), m.size / 2.4)).join("");
    draw(layer, "path", { d, stroke: colour(m.color), "stroke-linecap": shape.cap, style: `stroke-width:${m.size * shape.size};opacity:${m.opacity}` });
  },
  bars(layer, m, p) {
    m.x0.forEach((x0, i) => {
      const [left, right] = [p.x(x0), p.x(m.x1[i])].sort((a, b) => a - b);
      const [high, low] = [p.y(m.y0[i]), p.y(m.y1[i])].sort((a, b) => a - b);
      draw(layer, "rect", { x: left, y: high, width: right - left, height: low - high, style: `fill:${m.fill ? colour(m.color) : "none"};fill-opacity:${m.fill ? m.opacity : 0};stroke:${m.fill ? "none" : colour(m.color)};stroke-width:${m.width}`, "stroke-dasharray": m.dash });
    });
  },
  text(layer, m, p) {
    m.x.forEach((x, i) => draw(layer, "text", { x: p.x(x) + m.dx, y: p.y(m.y[i]) + m.dy, "text-anchor": m.anchor, style: `fill:${colour(m.color)};font-size:${m.size}px;font-weight:${m.bold ? 600 : 400}` }, m.text[i]));
  },
  image(layer, m, p) {
    const [x, y] = [p.x(m.x[0]), p.y(m.y[1])];
    draw(layer, "image", { href: m.href, x, y, width: p.x(m.x[1]) - x, height: p.y(m.y[0]) - y, preserveAspectRatio: "none", style: `image-rendering:${m.smooth ? "auto" : "pixelated"};opacity:${m.opacity}` });
  },
};

function arrowhead(layer, name) {
  const svg = layer.ownerSVGElement;
  const id = `${svg.dataset.id}-${name}`;
  if (!svg.querySelector(`#${id}`)) {
    const marker = draw(layer, "marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
    draw(marker, "path", { d: "M0 0L8 4L0 8Z", style: `fill:${colour(name)};stroke:none` });
  }
  return id;
}

function legend(parent, marks) {
  parent.textContent = "";
  for (const m of marks.filter((mark) => mark.name)) {
    const entry = element(parent, "span", { class: "entry" });
    const swatch = draw(entry, "svg", { viewBox: "0 0 26 12", class: "key", "aria-hidden": "true" });
    const p = { x: (v) => v, y: (v) => v };
    const across = { x: [1, 25], y: [6, 6], x0: [1], x1: [25], y0: [2], y1: [10] };
    if (m.kind === "dots") MARKS.dots(swatch, { ...m, x: [13], y: [6], size: Math.min(9, Math.max(6, m.size)), opacity: 1 }, p);
    else if (m.kind === "segments") MARKS.line(swatch, { ...m, ...across }, p);
    else if (m.kind === "area") MARKS.bars(swatch, { ...m, ...across, fill: true }, p);
    else MARKS[m.kind](swatch, { ...m, ...across }, p);
    element(entry, "span", {}, m.name);
  }
}

// A panel that is drawn again and again; `act` is told what was dragged or pressed.
function figure(parent, act) {
  const box = element(parent, "figure", { class: "panel" });
  const svg = draw(box, "svg", { "data-id": `s${Math.random().toString(36).slice(2)}` });
  const key = element(box, "figcaption", { class: "legend" });
  const [content, hands] = [draw(svg, "g"), draw(svg, "g")];
  const kept = new Map();
  let p = null;
  let dragged = null;
  const place = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [p.xOf(at.x), p.yOf(at.y)];
  };
  svg.addEventListener("pointermove", (event) => { if (dragged) act.move(dragged.control, dragged.index, ...place(event)); });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { dragged = null; });
  const grip = (mark, index) => {
    const node = draw(hands, "rect", { width: 16, height: 16, rx: mark.shape === "circle" ? 8 : 2, tabindex: 0, class: "handle", role: "button" });
    const which = { control: mark.control, index };
    node.addEventListener("pointerdown", (event) => { dragged = which; svg.setPointerCapture(event.pointerId); event.preventDefault(); node.focus(); });
    node.addEventListener("keydown", (event) => {
      const step = (event.shiftKey ? 20 : 4) * { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const across = event.key === "ArrowLeft" || event.key === "ArrowRight";
      act.move(which.control, index, p.xOf(+node.getAttribute("x") + 8 + (across ? step : 0)), p.yOf(+node.getAttribute("y") + 8 + (across ? 0 : step)));
    });
    return node;
  };
  const cell = (mark, index) => {
    const node = draw(hands, "rect", { tabindex: 0, class: "cell", role: "button" });
    const press = () => act.press(mark.control, index);
    node.addEventListener("pointerdown", (event) => { press(); event.preventDefault(); node.focus(); });
    node.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); press(); } });
    return node;
  };
  const keep = (id, make, seen) => {
    if (!kept.has(id)) kept.set(id, make());
    seen.add(id);
    return kept.get(id);
  };
  return (spec) => {
    svg.setAttribute("viewBox", `0 0 ${spec.width} ${spec.height}`);
    svg.style.maxWidth = `${1.3 * spec.width}px`;
    box.style.gridColumn = spec.width > 420 ? "1 / -1" : "";
    const touched = spec.marks.some((mark) => mark.kind === "handles" || mark.kind === "cells");
    svg.setAttribute("role", touched ? "group" : "img");
    svg.setAttribute("aria-label", spec.describe);
    content.textContent = "";
    p = plot(content, spec);
    const seen = new Set();
    for (const mark of spec.marks) {
      if (mark.kind === "handles") {
        mark.x.forEach((x, i) => {
          const node = keep(`${mark.control}:${mark.index[i]}`, () => grip(mark, mark.index[i]), seen);
          for (const [name, value] of Object.entries({ x: p.x(x) - 8, y: p.y(mark.y[i]) - 8, "aria-label": mark.labels[i] })) node.setAttribute(name, value);
          node.style.stroke = colour(mark.color);
        });
      } else if (mark.kind === "cells") {
        mark.x0.forEach((x0, i) => {
          const node = keep(`${mark.control}:${i}`, () => cell(mark, i), seen);
          const [x, y] = [p.x(x0), p.y(mark.y1[i])];
          for (const [name, value] of Object.entries({ x, y, width: p.x(mark.x1[i]) - x, height: p.y(mark.y0[i]) - y, "aria-label": mark.labels[i] })) node.setAttribute(name, value);
        });
      } else {
        MARKS[mark.kind](mark.kind === "text" ? content : p.layer, mark, p);
      }
    }
    for (const [id, node] of kept) if (!seen.has(id)) { node.remove(); kept.delete(id); }
    legend(key, spec.marks);
  };
}

function knobs(parent, spec, values, change) {
  const shows = {};
  const nearest = (ticks, value) => ticks.reduce((best, tick, i) => (Math.abs(tick - value) < Math.abs(ticks[best] - value) ? i : best), 0);
  for (const [name, c] of Object.entries(spec)) {
    if (c.kind === "slider") {
      const row = element(parent, "div", { class: "knob", "data-control": name });
      const show = slider(row, { label: (i) => `${c.label} ${c.labels[i]}`, count: c.ticks.length, value: nearest(c.ticks, values[name]), onInput: (i) => change(name, c.ticks[i]) });
      shows[name] = (value) => show(nearest(c.ticks, value));
      if (c.play) player(row, c, () => nearest(c.ticks, values[name]), (i) => change(name, c.ticks[i]));
    } else if (c.kind === "choice") {
      const label = element(parent, "label", { class: "knob pick", "data-control": name }, `${c.label} `);
      const select = element(label, "select");
      c.options.forEach((option) => element(select, "option", { value: option }, option));
      select.addEventListener("change", () => change(name, select.value));
      shows[name] = (value) => { select.value = value; };
    } else if (c.kind === "toggle") {
      const label = element(parent, "label", { class: "knob pick", "data-control": name });
      const box = element(label, "input", { type: "checkbox" });
      element(label, "span", {}, ` ${c.label}`);
      box.addEventListener("change", () => change(name, box.checked));
      shows[name] = (value) => { box.checked = value; };
    } else if (c.kind === "again") {
      element(element(parent, "div", { class: "knob pick", "data-control": name }), "button", { type: "button" }, c.label).addEventListener("click", () => change(name, values[name] + 1));
    }
  }
  return (now) => Object.entries(shows).forEach(([name, show]) => show(now[name]));
}

// Plays a slider to its end, a picture after the other; each waits until the one before it is there.
function player(row, c, where, go) {
  const still = reduced();
  const button = element(row.querySelector(".control"), "button", { type: "button" }, still ? "step" : "play");
  let playing = false;
  const set = (on) => { playing = on; if (!still) button.textContent = on ? "pause" : "play"; };
  button.addEventListener("click", () => {
    const end = c.ticks.length - 1;
    if (still) return go(where() < end ? where() + 1 : 0);
    set(!playing);
    if (playing) go(where() < end ? where() + 1 : 0);
    return undefined;
  });
  row.landed = () => {
    if (!playing) return;
    if (where() >= c.ticks.length - 1 || !row.isConnected) set(false);
    else setTimeout(() => playing && go(where() + 1), c.pause);
  };
}

function render({ model, el }) {
  const root = element(el, "div", { class: "course-widget explorer", role: "group", "aria-label": model.get("_about").title });
  keepKeys(root);
  const { shows, tries } = model.get("_about");
  element(root, "p", { class: "shows" }, shows);
  const panels = element(root, "div", { class: "panels" });
  const told = spoken(root);
  const controls = element(root, "div", { class: "knobs" });
  const list = element(element(root, "div", { class: "tries" }, "Try this"), "ol");
  tries.forEach((text) => element(list, "li", {}, text));
  const [spec, recorded] = [model.get("_controls"), model.get("_recorded")];
  let values = structuredClone(model.get("values"));
  let figures = [];
  let paints = 0;
  const paint = (scene) => {
    if (scene.error) { told.textContent = scene.error; return; }
    if (figures.length !== scene.panels.length) {
      panels.textContent = "";
      figures = scene.panels.map(() => figure(panels, act));
    }
    scene.panels.forEach((panel, i) => panel && figures[i](panel)); // none: as it was
    told.textContent = scene.says;
    root.dataset.paints = ++paints;
    for (const row of controls.children) row.landed?.();
  };
  const change = (name, value) => {
    values[name] = value;
    if (recorded.control) {
      if (name === recorded.control) paint(recorded.scenes[spec[name].ticks.indexOf(value)]);
    } else {
      model.set("values", structuredClone(values));
      model.save_changes();
    }
    sync(values);
  };
  const act = {
    move(name, index, x, y) {
      const { x: [x0, x1], y: [y0, y1] } = spec[name];
      const points = values[name].map((point) => [...point]);
      points[index] = [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
      change(name, points);
    },
    press(name, index) {
      const cells = [...values[name]];
      const { states } = spec[name];
      cells[index] = states[(states.indexOf(cells[index]) + 1) % states.length];
      change(name, cells);
    },
  };
  const sync = knobs(controls, spec, values, change);
  const land = () => {
    const sent = model.get("values");
    // What the hand does meanwhile is newer than what comes back.
    if (!root.contains(root.ownerDocument.activeElement)) Object.assign(values, structuredClone(sent));
    sync(values);
    paint(model.get("_scene"));
  };
  model.on("change:_scene", land);
  paint(model.get("_scene"));
  sync(values);
  if (recorded.control) {
    for (const node of controls.querySelectorAll(`.knob:not([data-control="${recorded.control}"]) :is(input, button, select)`)) node.disabled = true;
  }
  root.dataset.ready = "";
  return () => model.off("change:_scene", land);
}

export default { render };
