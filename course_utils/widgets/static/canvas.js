// What faces that draw on canvases share: sharp canvases, axes, contours, colour maps, the theme's colours.
import { element, linearTicks } from "./face.js";

export const isDark = () => document.body.dataset.jpThemeLight === "false" || (!document.body.dataset.jpThemeLight && document.documentElement.dataset.theme === "dark");

export function colourOf(root, name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

// A stack of canvases of one size in CSS pixels, sharp on any screen.
export function layers(parent, count) {
  const box = element(parent, "div", { class: "layers" });
  const canvases = Array.from({ length: count }, () => element(box, "canvas", { "aria-hidden": "true" }));
  const contexts = canvases.map((canvas) => canvas.getContext("2d"));
  const resize = (width, height) => {
    const ratio = window.devicePixelRatio || 1;
    box.style.width = `${width}px`;
    box.style.height = `${height}px`;
    canvases.forEach((canvas, i) => {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      contexts[i].setTransform(ratio, 0, 0, ratio, 0, 0);
    });
  };
  return { box, canvases, contexts, resize };
}

// Projections from the domain to a frame within width × height, with room for labels.
export function frameOf(width, height, xdomain, ydomain, [left, right, top, bottom] = [46, 8, 8, 34]) {
  const frame = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  return {
    frame,
    x: (value) => frame.x + (frame.width * (value - xdomain[0])) / (xdomain[1] - xdomain[0]),
    y: (value) => frame.y + frame.height * (1 - (value - ydomain[0]) / (ydomain[1] - ydomain[0])),
    xOf: (pixel) => xdomain[0] + ((pixel - frame.x) / frame.width) * (xdomain[1] - xdomain[0]),
    yOf: (pixel) => ydomain[0] + (1 - (pixel - frame.y) / frame.height) * (ydomain[1] - ydomain[0]),
    xdomain,
    ydomain,
  };
}

export function axes(context, p, { xlabel, ylabel, ink, quiet, grid, yticks, ytick = (v) => String(+v.toPrecision(6)) }) {
  const { frame } = p;
  context.save();
  context.font = "11px system-ui, sans-serif";
  context.strokeStyle = grid;
  context.lineWidth = 1;
  context.fillStyle = quiet;
  context.textAlign = "center";
  for (const tick of linearTicks(p.xdomain, 6)) {
    context.beginPath();
    context.moveTo(p.x(tick), frame.y + frame.height);
    context.lineTo(p.x(tick), frame.y + frame.height + 4);
    context.stroke();
    context.fillText(String(+tick.toPrecision(6)), p.x(tick), frame.y + frame.height + 15);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of yticks || linearTicks(p.ydomain, 6)) {
    context.beginPath();
    context.moveTo(frame.x - 4, p.y(tick));
    context.lineTo(frame.x, p.y(tick));
    context.stroke();
    context.fillText(ytick(tick), frame.x - 6, p.y(tick));
  }
  context.strokeRect(frame.x, frame.y, frame.width, frame.height);
  context.fillStyle = ink;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(xlabel, frame.x + frame.width / 2, frame.y + frame.height + 30);
  context.translate(11, frame.y + frame.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(ylabel, 0, 0);
  context.restore();
}

// The picture of n × n values, rows going up, coloured by `colour(value) -> [r, g, b, alpha]`, stretched over the frame.
export function heat(context, p, values, n, colour, smooth = true) {
  const image = new ImageData(n, n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      image.data.set(colour(values[row * n + column], row * n + column), 4 * ((n - 1 - row) * n + column));
    }
  }
  const small = document.createElement("canvas");
  small.width = small.height = n;
  small.getContext("2d").putImageData(image, 0, 0);
  context.save();
  context.beginPath();
  context.rect(p.frame.x, p.frame.y, p.frame.width, p.frame.height);
  context.clip();
  context.imageSmoothingEnabled = smooth;
  // Values stand on grid points, pixels are areas: half a cell more on each side.
  const [w, h] = [p.frame.width / (n - 1), p.frame.height / (n - 1)];
  context.drawImage(small, p.frame.x - w / 2, p.frame.y - h / 2, p.frame.width + w, p.frame.height + h);
  context.restore();
}

// Lines of equal value on an n × n grid, by marching squares.
export function contour(context, p, values, n, level) {
  const at = (row, column) => values[row * n + column];
  const px = (column) => p.frame.x + (p.frame.width * column) / (n - 1);
  const py = (row) => p.frame.y + p.frame.height * (1 - row / (n - 1));
  context.beginPath();
  for (let row = 0; row < n - 1; row++) {
    for (let column = 0; column < n - 1; column++) {
      const [a, b, c, d] = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      const ends = [];
      if (a < level !== b < level) ends.push(px(column + (level - a) / (b - a)), py(row));
      if (b < level !== c < level) ends.push(px(column + 1), py(row + (level - b) / (c - b)));
      if (c < level !== d < level) ends.push(px(column + 1 - (level - c) / (d - c)), py(row + 1));
      if (d < level !== a < level) ends.push(px(column), py(row + 1 - (level - d) / (a - d)));
      for (let i = 0; i + 3 < ends.length; i += 4) {
        context.moveTo(ends[i], ends[i + 1]);
        context.lineTo(ends[i + 2], ends[i + 3]);
      }
    }
  }
  context.stroke();
}

// Levels that each enclose a larger share of the picture, close together near the bottom.
export function levelsOf(values) {
  const sorted = Float64Array.from(values).sort();
  const shares = [0.002, 0.008, 0.02, 0.045, 0.08, 0.13, 0.2, 0.29, 0.39, 0.5, 0.62, 0.75, 0.88];
  return [...new Set(shares.map((share) => sorted[Math.floor(share * (sorted.length - 1))]))];
}
