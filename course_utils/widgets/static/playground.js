// The optimizer playground's face: draws what twin.js computes, or what Python answers where the twin can't.
import { channel, element, floats, keepKeys, logLabel, reduced, slider, spoken } from "./face.js";
import { axes, colourOf, contour, frameOf, heat, isDark, layers, levelsOf } from "./canvas.js";
import { basins, OPTIMIZERS, SCHEDULES, SURFACES, verdict, walk } from "./twin.js";

const MINE = "yours";
const NAMES = [...Object.keys(OPTIMIZERS), MINE];
// Colour in the light and in the dark theme, dashes, marker.
const STYLES = {
  "gradient descent": ["#0072b2", "#56b4e9", [], "disc"],
  momentum: ["#c04e00", "#ff9a52", [7, 3], "square"],
  nesterov: ["#00795a", "#2fd0a5", [2, 3], "diamond"],
  adagrad: ["#94407a", "#e3a0c8", [10, 3, 2, 3], "triangle"],
  rmsprop: ["#8a6400", "#f0c440", [4, 2], "ring"],
  adam: ["#b3123b", "#ff7d93", [], "cross"],
  adamw: ["#5a3fa0", "#b9a5ff", [6, 2, 2, 2, 2, 2], "plus"],
  newton: ["#4d4d4d", "#c8c8c8", [1, 2], "star"],
  [MINE]: ["#000000", "#ffffff", [], "disc"],
};
const TINTS = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [213, 94, 0], [86, 180, 233], [120, 94, 240], [150, 150, 60]];
const SLIDERS = [
  // key, label, lowest, highest, logarithmic
  ["factor", "all learning rates ×", 0.01, 100, true],
  ["mu", "momentum μ", 0, 0.99, false],
  ["beta", "RMSprop's β", 0, 0.999, false],
  ["beta1", "Adam's β₁", 0, 0.99, false],
  ["beta2", "Adam's β₂", 0.5, 0.9999, false],
  ["eps", "ε", 1e-10, 1, true],
  ["weight_decay", "AdamW's λ", 0, 0.5, false],
  ["noise", "noise", 0, 2, false],
  ["steps", "steps", 10, 500, false],
];
const NOTCHES = 200;
const GRID = 141;
const MAP = 128;

const shown3 = (value) => (value === 0 ? "0" : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(1).replace("-", "−") : String(+value.toPrecision(3)).replace("-", "−"));
const colour = (name) => STYLES[name][isDark() ? 1 : 0];

export function pythonLine(settings, about, hasMine) {
  const said = (value) => (Array.isArray(value) ? `(${value.map(said).join(", ")})` : typeof value === "string" ? JSON.stringify(value) : String(value));
  const parts = [...(hasMine ? ["mine=my_step"] : []), about.twin ? `surface=${said(settings.surface)}` : "surface=my_surface", `start=${said(settings.start.map((v) => +v.toFixed(4)))}`];
  for (const key of ["steps", "factor", "schedule", "mu", "beta", "beta1", "beta2", "eps", "weight_decay", "noise", "seed"]) parts.push(`${key}=${said(settings[key])}`);
  if (Object.keys(settings.rates).length) parts.push(`rates={${Object.entries(settings.rates).map(([name, rate]) => `${said(name)}: ${rate}`).join(", ")}}`);
  parts.push(`shown=[${settings.shown.map(said).join(", ")}]`);
  if (settings.basin) parts.push(`basin=${said(settings.basin)}`);
  return `OptimizerPlayground(${parts.join(", ")})`;
}

function mark(context, kind, x, y, fill, size = 5) {
  context.beginPath();
  const polygon = (n, turn, inner = 1) => {
    for (let i = 0; i < n; i++) {
      const r = (i % 2 && inner !== 1 ? inner : 1) * size * 1.2;
      const a = turn + (2 * Math.PI * i) / n;
      context[i ? "lineTo" : "moveTo"](x + r * Math.sin(a), y - r * Math.cos(a));
    }
    context.closePath();
  };
  if (kind === "square") context.rect(x - size * 0.9, y - size * 0.9, 1.8 * size, 1.8 * size);
  else if (kind === "diamond") polygon(4, 0);
  else if (kind === "triangle") polygon(3, 0);
  else if (kind === "star") polygon(10, 0, 0.45);
  else if (kind === "cross" || kind === "plus") {
    const [a, b] = kind === "cross" ? [size * 0.8, size * 0.8] : [size * 1.1, 0];
    context.moveTo(x - a, y - b); context.lineTo(x + a, y + b);
    context.moveTo(x + b, y - a); context.lineTo(x - b, y + a);
    context.lineWidth = 3;
    context.strokeStyle = fill;
    context.stroke();
    return;
  } else context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = kind === "ring" ? (isDark() ? "#111" : "#fff") : fill;
  context.fill();
  context.lineWidth = kind === "ring" ? 2.5 : 1;
  context.strokeStyle = kind === "ring" ? fill : isDark() ? "#000" : "#fff";
  context.stroke();
}

// The heights on a grid: from the twin, or those that Python sent.
function heightsOf(model, settings, about) {
  if (!about.twin) return floats(model.get("_heights"));
  const [x0, x1, y0, y1] = about.bounds;
  const height = SURFACES[settings.surface][0];
  const values = new Float32Array(GRID * GRID);
  for (let i = 0; i < GRID; i++) for (let j = 0; j < GRID; j++) values[i * GRID + j] = height(x0 + ((x1 - x0) * j) / (GRID - 1), y0 + ((y1 - y0) * i) / (GRID - 1));
  return values;
}

function render({ model, el }) {
  const root = element(el, "div", { class: "course-widget playground" });
  keepKeys(root);
  const settings = structuredClone(model.get("settings"));
  const all = model.get("_about");
  const hasMine = model.get("_has_mine");
  const about = () => all[settings.surface];
  const racing = () => NAMES.filter((name) => settings.shown.includes(name) && (name !== MINE || hasMine));
  let paths = {};
  let fromPython = model.get("_recorded");
  let step = settings.steps;
  let playing = 0;
  let map = null;
  let picture = null;
  let curve = null;
  let paints = 0;

  // --- the page
  const tell = element(root, "p", { class: "shows" });
  const top = element(root, "div", { class: "pictures" });
  const surface = layers(top, 3);
  const loss = layers(top, 2);
  Object.entries({ tabindex: 0, role: "application", "aria-label": "Surface. Arrow keys move the start, with shift in large steps; space plays." }).forEach(([k, v]) => surface.box.setAttribute(k, v));
  loss.box.setAttribute("role", "img");
  loss.box.setAttribute("aria-label", "Loss above the lowest against steps; the table below has the numbers");
  const transport = element(root, "div", { class: "transport" });
  const button = (label, act, parent = transport) => {
    const made = element(parent, "button", { type: "button" }, label);
    made.addEventListener("click", act);
    return made;
  };
  const playButton = button("▶ play", () => (playing ? pause() : play()));
  button("step", () => { pause(); scrub(step >= reach() ? 1 : step + 1); });
  const scrubber = element(transport, "input", { type: "range", min: 0, step: 1, "aria-label": "step" });
  const counter = element(transport, "output");
  scrubber.addEventListener("input", () => { pause(); scrub(+scrubber.value); });
  const told = spoken(root);
  const tableBox = element(root, "div", { class: "scroll" });
  const table = element(tableBox, "table");
  const choices = element(root, "div", { class: "choices" });
  const choose = (label, options, value, act) => {
    const wrap = element(choices, "label", {}, label + " ");
    const select = element(wrap, "select");
    for (const [key, text] of options) element(select, "option", { value: key }, text);
    select.value = value;
    select.addEventListener("change", () => act(select.value));
    return select;
  };
  choose("surface", Object.keys(all).map((name) => [name, name]), settings.surface, (name) => {
    settings.surface = name;
    settings.start = [...about().home];
    settings.rates = {};
    map = null;
    changed({ picture: true });
  });
  choose("schedule", Object.keys(SCHEDULES).map((name) => [name, name]), settings.schedule, (name) => { settings.schedule = name; changed(); });
  choose("map of basins", [["", "none"], ...NAMES.filter((n) => n !== MINE).map((n) => [n, n])], settings.basin || "", (name) => {
    settings.basin = name || null;
    changed({ picture: true });
  });
  const knobs = element(root, "div", { class: "knobs" });
  const shows = SLIDERS.map(([key, label, low, high, log]) => {
    const value = (notch) => {
      if (key === "steps") return Math.round(low * (high / low) ** (notch / NOTCHES));
      const raw = log ? low * (high / low) ** (notch / NOTCHES) : low + ((high - low) * notch) / NOTCHES;
      return +raw.toPrecision(3);
    };
    const notch = (v) => Math.round(NOTCHES * (log || key === "steps" ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low)));
    const text = () => `${label} ${shown3(settings[key])}`;
    const show = slider(knobs, { label: text, count: NOTCHES + 1, value: Math.min(NOTCHES, Math.max(0, notch(settings[key]))), onInput: (n) => {
      settings[key] = value(n);
      show(n);
      if (key === "steps") step = settings.steps;
      changed({ picture: Boolean(settings.basin) });
    } });
    return () => show(Math.min(NOTCHES, Math.max(0, notch(settings[key]))));
  });
  const buttons = element(root, "div", { class: "transport" });
  button("other noise", () => { settings.seed += 1; changed(); }, buttons);
  button("suggested settings", () => {
    Object.assign(settings, structuredClone(model.get("_defaults")), { surface: settings.surface, start: [...about().home], shown: settings.shown, basin: settings.basin });
    shows.forEach((show) => show());
    changed({ picture: true });
  }, buttons);
  button("save PNG", () => save("png", composite().toDataURL("image/png")), buttons);
  const gifButton = button("save GIF", makeGif, buttons);
  gifButton.hidden = true;
  button("copy as Python", () => {
    const text = pythonLine(settings, about(), hasMine);
    line.textContent = text;
    navigator.clipboard?.writeText(text).catch(() => {});
  }, buttons);
  const line = element(root, "code", { class: "line" });

  // --- racing
  const ask = channel(model, (message, buffers) => {
    gifButton.hidden = false;
    if (message.kind === "race") {
      fromPython = {};
      for (const [name, path] of Object.entries(message.paths)) {
        const points = floats(buffers[path.buffer]);
        fromPython[name] = { ...path, points, losses: floats(buffers[path.buffer + 1]) };
      }
      compute(false);
      paint();
    } else if (message.kind === "basins") {
      map = { key: message.key, n: message.n, end: new Int16Array(buffers[0].buffer.slice(buffers[0].byteOffset, buffers[0].byteOffset + buffers[0].byteLength)), steps: new Int16Array(buffers[1].buffer.slice(buffers[1].byteOffset, buffers[1].byteOffset + buffers[1].byteLength)) };
      paintSurface();
    } else if (message.kind === "gif") {
      gifButton.textContent = "save GIF";
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/gif" }));
      save("gif", url);
    }
  });

  function needed() {
    return racing().filter((name) => name === MINE || !about().twin);
  }

  function compute(asking = true) {
    paths = {};
    const wanted = needed();
    for (const name of racing()) {
      if (!wanted.includes(name)) paths[name] = walk(name, about(), settings);
      else if (fromPython[name]) paths[name] = { ...fromPython[name], points: Array.from(fromPython[name].points), losses: Array.from(fromPython[name].losses) };
    }
    if (asking && wanted.length) ask({ kind: "race", settings, names: wanted });
  }

  function reach() {
    return Math.max(1, ...Object.values(paths).map((path) => path.losses.length - 1));
  }

  let saving = 0;
  function changed({ picture: redraw = false } = {}) {
    compute();
    if (redraw) paintSurface();
    paint();
    clearTimeout(saving);
    saving = setTimeout(() => { model.set("settings", structuredClone(settings)); model.save_changes(); }, 150);
  }

  // --- drawing
  function ink() {
    return { ink: colourOf(root, "--ink"), quiet: colourOf(root, "--quiet"), grid: colourOf(root, "--quiet") };
  }

  function paintSurface() {
    const [x0, x1, y0, y1] = about().bounds;
    const width = surface.box.clientWidth || 480;
    const height = Math.round(width * 0.86);
    picture = frameOf(width, height, [x0, x1], [y0, y1], [46, 62, 8, 34]);
    surface.resize(width, height);
    const context = surface.contexts[0];
    const values = heightsOf(model, settings, about());
    const n = Math.sqrt(values.length);
    const levels = levelsOf(values);
    const dark = isDark();
    const [low, high] = dark ? [[16, 24, 34], [62, 78, 98]] : [[250, 252, 255], [176, 194, 216]];
    const tone = (value) => {
      const above = levels.findIndex((level) => value < level);
      const share = (above < 0 ? levels.length : above) / levels.length;
      return low.map((a, i) => a + (high[i] - a) * share);
    };
    if (settings.basin) {
      paintBasins(context);
    } else {
      heat(context, picture, values, n, (value) => [...tone(value), 255]);
    }
    context.strokeStyle = dark ? "rgba(200,215,235,.35)" : "rgba(40,60,90,.35)";
    context.lineWidth = 1;
    for (const level of levels) contour(context, picture, values, n, level);
    axes(context, picture, { xlabel: about().labels[0], ylabel: about().labels[1], ...ink() });
    for (const [a, b] of about().minima) {
      context.strokeStyle = dark ? "#fff" : "#000";
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(picture.x(a), picture.y(b), 4, 0, 2 * Math.PI);
      context.stroke();
    }
    legend(context, levels, tone);
    tell.textContent = about().shows;
  }

  // The strip beside the picture: what the contours stand for, or what the map's shades mean.
  function legend(context, levels, tone) {
    const { frame } = picture;
    const x = frame.x + frame.width + 10;
    const { ink: text, quiet } = ink();
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "left";
    context.fillStyle = text;
    context.textBaseline = "top";
    context.fillText(settings.basin ? "fades" : "height", x, frame.y);
    const [top, tall] = [frame.y + 16, Math.min(frame.height - 16, 230)];
    const rows = settings.basin ? 5 : levels.length;
    context.textBaseline = "middle";
    for (let i = 0; i <= rows; i++) {
      const y = top + (tall * (rows - i)) / (rows + 1);
      context.fillStyle = settings.basin ? `rgba(90,110,130,${0.75 - 0.6 * (i / rows)})` : `rgb(${tone(i < levels.length ? levels[i] - 1e-12 * Math.abs(levels[i]) : Infinity)})`;
      context.fillRect(x, y, 12, tall / (rows + 1) + 0.5);
      if (!settings.basin && i % 2 === 0 && i < levels.length) {
        context.fillStyle = quiet;
        context.fillText(shown3(levels[i]), x + 15, y);
      }
    }
    if (settings.basin) {
      context.fillStyle = quiet;
      context.fillText(`${settings.steps}`, x + 15, top + tall / 12);
      context.fillText("0 steps", x + 15, top + (tall * 11) / 12);
    }
  }

  function paintBasins(context) {
    const key = JSON.stringify({ ...settings, start: 0, shown: 0, noise: 0, seed: 0 });
    if (map?.key !== key) {
      if (!gifButton.hidden || !about().twin) {
        ask({ kind: "basins", settings, key });
        if (!map) return;
      } else map = { key, n: MAP, ...basins(settings.basin, about(), settings, MAP) };
    }
    heat(context, picture, map.end, map.n, (end, i) => {
      const alpha = 190 - 150 * Math.min(1, map.steps[i] / settings.steps);
      return end < 0 ? (isDark() ? [40, 40, 40, 255] : [225, 225, 225, 255]) : [...TINTS[end % TINTS.length], alpha];
    }, false);
  }

  function project(path) {
    const { x, y } = picture;
    const flat = new Float64Array(path.points.length);
    for (let i = 0; i < path.points.length; i += 2) { flat[i] = x(path.points[i]); flat[i + 1] = y(path.points[i + 1]); }
    return flat;
  }

  // Strokes steps from..to of each path; far outside the picture the pen is up.
  function strokeTrails(from, to) {
    const context = surface.contexts[1];
    const { frame } = picture;
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y, frame.width, frame.height);
    context.clip();
    for (const [name, path] of Object.entries(paths)) {
      const flat = path.pixels || (path.pixels = project(path));
      const last = Math.min(to, path.losses.length - 1);
      if (last <= from) continue;
      context.beginPath();
      let offset = 0;
      path.lengths ||= lengthsOf(flat);
      offset = path.lengths[from];
      context.moveTo(flat[2 * from], flat[2 * from + 1]);
      for (let i = from + 1; i <= last; i++) {
        const near = Math.abs(flat[2 * i] - frame.x) < 2 * frame.width && Math.abs(flat[2 * i + 1] - frame.y) < 2 * frame.height;
        context[near ? "lineTo" : "moveTo"](flat[2 * i], flat[2 * i + 1]);
      }
      context.strokeStyle = colour(name);
      context.lineWidth = name === MINE ? 3 : 2;
      context.setLineDash(STYLES[name][2]);
      context.lineDashOffset = offset;
      context.stroke();
    }
    context.restore();
  }

  function lengthsOf(flat) {
    const lengths = new Float64Array(flat.length / 2);
    for (let i = 1; i < lengths.length; i++) lengths[i] = Math.min(1e6, lengths[i - 1] + Math.hypot(flat[2 * i] - flat[2 * i - 2], flat[2 * i + 1] - flat[2 * i - 1]));
    return lengths;
  }

  function paintMarks() {
    const context = surface.contexts[2];
    const { frame } = picture;
    context.clearRect(0, 0, surface.box.clientWidth, surface.box.clientHeight);
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y, frame.width, frame.height);
    context.clip();
    for (const [name, path] of Object.entries(paths)) {
      const i = Math.min(step, path.losses.length - 1);
      mark(context, STYLES[name][3], path.pixels[2 * i], path.pixels[2 * i + 1], colour(name));
    }
    const [x, y] = [picture.x(settings.start[0]), picture.y(settings.start[1])];
    context.strokeStyle = isDark() ? "#fff" : "#000";
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { context.moveTo(x + 8 * a, y + 8 * b); context.lineTo(x + 13 * a, y + 13 * b); }
    context.stroke();
    context.restore();
  }

  function paintLoss() {
    const width = loss.box.clientWidth || 360;
    const height = Math.round(Math.min(width * 0.86, 340));
    loss.resize(width, height);
    const lowest = Math.min(about().lowest, ...Object.values(paths).flatMap((path) => path.losses.map((v) => (Number.isFinite(v) ? v : Infinity))));
    const log = (value) => Math.log10(Math.max(value - lowest, 1e-12));
    const values = Object.values(paths).flatMap((path) => path.losses.map(log).filter(Number.isFinite));
    const high = Math.ceil(Math.min(Math.max(...values, 0), log(Object.values(paths)[0]?.losses[0] ?? 1) + 3));
    const low = Math.max(Math.floor(Math.min(...values, high - 1)), high - 12);
    curve = frameOf(width, height, [0, reach()], [low, high], [52, 10, 24, 34]);
    const [back] = loss.contexts;
    const yticks = [];
    for (let power = high; power >= low; power -= Math.max(1, Math.ceil((high - low) / 6))) yticks.push(power);
    axes(back, curve, { xlabel: "steps", ylabel: "loss above the lowest", ...ink(), yticks, ytick: (v) => logLabel(10 ** v) });
    back.save();
    back.beginPath();
    back.rect(curve.frame.x, curve.frame.y, curve.frame.width, curve.frame.height);
    back.clip();
    for (const [name, path] of Object.entries(paths)) {
      back.beginPath();
      path.losses.forEach((value, i) => back[i ? "lineTo" : "moveTo"](curve.x(i), curve.y(log(value))));
      back.strokeStyle = colour(name);
      back.lineWidth = name === MINE ? 3 : 1.8;
      back.setLineDash(STYLES[name][2]);
      back.stroke();
    }
    back.restore();
    curve.log = log;
  }

  function paintNow() {
    const context = loss.contexts[1];
    const { frame } = curve;
    context.clearRect(0, 0, frame.x + frame.width + 40, frame.y + frame.height + 40);
    context.strokeStyle = colourOf(root, "--ink");
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(curve.x(step), frame.y);
    context.lineTo(curve.x(step), frame.y + frame.height);
    context.stroke();
    context.setLineDash([]);
    for (const [name, path] of Object.entries(paths)) {
      const i = Math.min(step, path.losses.length - 1);
      mark(context, STYLES[name][3], curve.x(i), Math.min(frame.y + frame.height, Math.max(frame.y, curve.y(curve.log(path.losses[i])))), colour(name), 3.5);
    }
  }

  function fillTable() {
    table.textContent = "";
    const head = element(element(table, "thead"), "tr");
    for (const text of ["optimizer", "learning rate", "loss at the end", "99 % of the way after", "where it ended"]) element(head, "th", { scope: "col" }, text);
    const body = element(table, "tbody");
    for (const name of NAMES) {
      if (name === MINE && !hasMine) continue;
      const row = element(body, "tr");
      const first = element(row, "th", { scope: "row" });
      const label = element(first, "label");
      const box = element(label, "input", { type: "checkbox" });
      box.checked = settings.shown.includes(name);
      box.addEventListener("change", () => {
        settings.shown = NAMES.filter((other) => (other === name ? box.checked : settings.shown.includes(other)));
        changed();
      });
      swatch(label, name);
      label.append(name);
      const rateBox = element(element(row, "td"), "input", { type: "number", min: 0, step: "any", "aria-label": `learning rate of ${name}`, value: +(settings.factor * (settings.rates[name] ?? about().rates[name])).toPrecision(3) });
      rateBox.addEventListener("change", () => {
        if (+rateBox.value > 0) settings.rates = { ...settings.rates, [name]: +(+rateBox.value / settings.factor).toPrecision(6) };
        changed();
      });
      const path = paths[name];
      const result = path && verdict(path, about());
      const cells = result ? [shown3(result.loss), result.steps === null ? "–" : `${result.steps} steps`, result.said] : ["", "", settings.shown.includes(name) ? "needs Python running" : ""];
      cells.forEach((text) => element(row, "td", {}, text));
    }
  }

  function swatch(parent, name) {
    const canvas = element(parent, "canvas", { width: 68, height: 28, "aria-hidden": "true", class: "swatch" });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.strokeStyle = colour(name);
    context.lineWidth = name === MINE ? 3 : 2;
    context.setLineDash(STYLES[name][2]);
    context.beginPath();
    context.moveTo(1, 7);
    context.lineTo(33, 7);
    context.stroke();
    context.setLineDash([]);
    mark(context, STYLES[name][3], 17, 7, colour(name), 4);
  }

  function say() {
    const now = Object.entries(paths).map(([name, path]) => [name, path.losses[Math.min(step, path.losses.length - 1)], path.outcome]);
    const ran = now.filter(([, , outcome]) => outcome !== "diverged").sort((a, b) => a[1] - b[1]);
    const lost = now.filter(([, , outcome]) => outcome === "diverged").map(([name]) => name);
    const best = ran.length ? ` Lowest: ${ran.slice(0, 3).map(([name, value]) => `${name} ${shown3(value)}`).join(", ")}.` : "";
    told.textContent = `Start (${settings.start.map(shown3).join(", ")}), step ${Math.min(step, reach())} of ${reach()}.${best}${lost.length ? ` Diverged: ${lost.join(", ")}.` : ""}`;
  }

  function paint() {
    if (!picture) return;
    step = Math.min(step, reach());
    const [, trails] = surface.contexts;
    trails.clearRect(0, 0, surface.box.clientWidth, surface.box.clientHeight);
    for (const path of Object.values(paths)) path.pixels = path.lengths = undefined;
    strokeTrails(0, step);
    paintMarks();
    paintLoss();
    paintNow();
    if (!playing) { fillTable(); say(); }
    progress();
  }

  function progress() {
    scrubber.max = reach();
    scrubber.value = step;
    counter.textContent = `${step} / ${reach()}`;
    root.dataset.paints = ++paints;
  }

  function scrub(to) {
    const before = step;
    step = Math.max(0, Math.min(to, reach()));
    if (step < before) surface.contexts[1].clearRect(0, 0, surface.box.clientWidth, surface.box.clientHeight);
    strokeTrails(step < before ? 0 : before, step);
    paintMarks();
    paintNow();
    progress();
    if (!playing) say();
  }

  // --- playing: a whole run takes four seconds at the least, a step a frame at the most
  function play() {
    if (step >= reach()) scrub(0);
    playing = 1;
    playButton.textContent = "⏸ pause";
    if (reduced()) { pause(); scrub(Math.min(reach(), step + Math.ceil(reach() / 10))); return; }
    const [from, began] = [step, performance.now()];
    const perSecond = Math.min(60, Math.max(10, reach() / 4));
    const frame = (now) => {
      if (!playing) return;
      const to = from + Math.floor(((now - began) / 1000) * perSecond);
      if (to !== step) scrub(to);
      if (step >= reach()) pause();
      else playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
  }

  function pause() {
    cancelAnimationFrame(playing);
    playing = 0;
    playButton.textContent = "▶ play";
    say();
  }

  // --- pictures to keep
  function composite() {
    const canvas = document.createElement("canvas");
    const [a, b] = [surface.canvases[0], loss.canvases[0]];
    canvas.width = a.width + b.width;
    canvas.height = Math.max(a.height, b.height);
    const context = canvas.getContext("2d");
    context.fillStyle = isDark() ? "#111" : "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const layer of surface.canvases) context.drawImage(layer, 0, 0);
    for (const layer of loss.canvases) context.drawImage(layer, a.width, 0);
    return canvas;
  }

  function save(ending, url) {
    const link = document.createElement("a");
    link.href = url;
    link.download = `optimizers.${ending}`;
    link.click();
    root.dataset.saved = ending;
  }

  function makeGif() {
    pause();
    gifButton.textContent = "making GIF …";
    const back = step;
    const frames = [];
    for (let i = 0; i <= 48; i++) {
      scrub(Math.round((reach() * i) / 48));
      frames.push(composite().toDataURL("image/jpeg", 0.92).split(",")[1]); // a tenth of PNG, for it has to travel
    }
    scrub(back);
    ask({ kind: "gif", frames });
  }

  // --- hands
  function moveStart(x, y) {
    const [x0, x1, y0, y1] = about().bounds;
    settings.start = [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))];
    changed();
  }
  const drag = (layer, act) => {
    layer.box.addEventListener("pointerdown", (event) => { layer.box.setPointerCapture(event.pointerId); act(event); });
    layer.box.addEventListener("pointermove", (event) => event.buttons && act(event));
  };
  drag(surface, (event) => { pause(); const box = surface.box.getBoundingClientRect(); moveStart(picture.xOf(event.clientX - box.left), picture.yOf(event.clientY - box.top)); });
  drag(loss, (event) => { pause(); scrub(Math.round(curve.xOf(event.clientX - loss.box.getBoundingClientRect().left))); });
  surface.box.addEventListener("keydown", (event) => {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === " ") (playing ? pause : play)();
    else if (arrows[event.key]) {
      const [x0, x1, y0, y1] = about().bounds;
      const size = event.shiftKey ? 0.1 : 0.01;
      pause();
      moveStart(settings.start[0] + arrows[event.key][0] * size * (x1 - x0), settings.start[1] + arrows[event.key][1] * size * (y1 - y0));
    } else return;
    event.preventDefault();
  });

  // --- start, size, theme, Python
  let width = 0;
  const arrange = () => {
    const now = root.clientWidth;
    if (!now || now === width) return;
    width = now;
    const side = now >= 760;
    surface.box.style.width = `${Math.min(side ? now * 0.56 : now, 560)}px`;
    loss.box.style.width = `${Math.min(side ? now * 0.42 : now, 460)}px`;
    paintSurface();
    paint();
  };
  const observer = new ResizeObserver(arrange);
  observer.observe(root);
  const theme = new MutationObserver(() => { paintSurface(); paint(); });
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const follow = () => {
    if (JSON.stringify(model.get("settings")) === JSON.stringify(settings)) return;
    Object.assign(settings, structuredClone(model.get("settings")));
    shows.forEach((show) => show());
    changed({ picture: true });
  };
  model.on("change:settings", follow);
  compute();
  arrange();
  ask({ kind: "hello" });
  root.dataset.ready = "";
  return () => { observer.disconnect(); theme.disconnect(); model.off("change:settings", follow); cancelAnimationFrame(playing); };
}

export default { render };
