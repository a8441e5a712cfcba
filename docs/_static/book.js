// Plays the widgets of the book, each when the reader comes near it, and lets the keyboard scroll what is too wide.

const book = { faces: {}, states: {} };

{
  const folder = new URL("widgets/", document.currentScript.src);
  const loads = new Map();
  const load = (name) => {
    if (!loads.has(name)) {
      loads.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(`${name}.js`, folder);
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      }));
    }
    return loads.get(name);
  };
  const play = async (host) => {
    const { widget, face } = host.dataset;
    await Promise.all([load(`face-${face}`), load(widget)]);
    host.textContent = "";
    book.faces[face].render({ model: alone(revived(book.states[widget])), el: host });
    host.dataset.playing = "";
  };
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      play(target);
    }
  }, { rootMargin: "600px" });
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".widget-host").forEach((host) => near.observe(host));
    document.querySelectorAll(".formula, .drawing, .widget-host, .output").forEach((box) => wide.observe(box));
  });
}
