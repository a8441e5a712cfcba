// The page for written answers. The server keeps the truth: the page shows what it says, and asks it for every change.

const $ = (id) => document.getElementById(id);
const SIGN = new Map([[1, "✓"], [0.5, "½"]]);
let questions = [];
let question = null; // the one on the page
let at = 0; // the number of its current answer
let waiting = Promise.resolve(); // changes are sent one after another
let typing = null; // when the comment is sent

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function say(words) {
  $("status").textContent = words;
}

function points(value) {
  return String(Math.round(value * 100) / 100);
}

// --- asking the server ------------------------------------------------------------------------------------------

function ask(action, details = {}) {
  const body = JSON.stringify({ action, question: question.name, number: at, ...details });
  waiting = waiting.then(async () => {
    try {
      const response = await fetch("do", { method: "POST", body, headers: { "Content-Type": "application/json" }, keepalive: true });
      const answer = await response.json();
      if (answer.error) say(`Not saved: ${answer.error}.`);
      else follow(action, answer);
    } catch {
      say("Not saved: the server doesn't answer. Is `course rubric` still running?");
    }
  });
  return waiting;
}

function follow(action, answer) {
  if (answer.question === null) return say("Nothing to undo.");
  const changed = questions.find((q) => q.name === answer.question);
  changed.marks = answer.marks;
  if (action === "undo" && (changed !== question || (answer.number !== null && answer.number !== at))) {
    show(changed, answer.number ?? 0);
  }
  paint(action !== "comment");
  const mark = question.marks.answers[answer.number ?? at];
  if (answer.number === null) say("Saved. The points of everybody are computed anew.");
  else if (action === "comment") say("Comment saved.");
  else if (mark.points === null) say(`Answer ${answer.number + 1} is unmarked.`);
  else say(`Saved. Answer ${answer.number + 1}: ${points(mark.points)} of ${points(question.points)}.`);
}

// --- what is on the page ----------------------------------------------------------------------------------------

function show(chosen, number) {
  sendComment();
  question = chosen;
  $("heading").textContent = question.heading;
  for (const part of ["prompt", "head", "notes"]) $(part).innerHTML = question[part];
  $("items").replaceChildren(...question.items.map(itemButton));
  $("worths").replaceChildren(...question.items.map(worthField));
  $("answers").replaceChildren(...question.answers.map(card));
  $("questions").replaceChildren(
    ...questions.map((q) => make("button", { textContent: q.heading, onclick: () => { show(q, 0); focusCard(); } })),
  );
  $("questions").hidden = questions.length < 2;
  go(number, false);
}

function itemButton(item, index) {
  const button = make("button", { onclick: () => ask("toggle", { item: item.lead }) });
  button.append(make("kbd", { textContent: index + 1 }), make("span", { innerHTML: item.html }), make("span", { className: "worth" }));
  return make("li", {}, button);
}

function worthField(item) {
  const input = make("input", { type: "number", step: 0.25, min: -question.points, max: question.points });
  input.onchange = () => input.checkValidity() && input.value !== "" && ask("worth", { item: item.lead, points: input.valueAsNumber });
  return make("label", {}, item.lead, input);
}

function card(answer, index) {
  const same = answer.copies > 1 ? ` · ${answer.copies} with the same text` : "";
  const title = make("h3", { id: `answer-${index}`, textContent: `Answer ${index + 1}${same}` });
  const body = make("div", { className: "body" });
  if (answer.html) body.innerHTML = answer.html;
  else body.append(make("p", { className: "quiet", textContent: "Nothing was written, or the cell is missing." }));
  const head = make("div", { className: "head" }, title, make("span", { className: "points" }));
  const article = make("article", { className: "answer", tabIndex: -1, onclick: () => go(index, false) });
  article.setAttribute("aria-labelledby", title.id);
  article.append(head, body, make("ul", { className: "given" }), make("p", { className: "said" }));
  return article;
}

function paint(withComment = true) {
  const all = questions.flatMap((q) => q.answers.map((answer, i) => [answer.copies, q.marks.answers[i].points !== null]));
  const total = all.reduce((sum, [copies]) => sum + copies, 0);
  const done = all.reduce((sum, [copies, marked]) => sum + (marked ? copies : 0), 0);
  Object.assign($("progress"), { max: total, value: done });
  $("count").textContent = `${done} of ${total} marked`;
  [...$("questions").children].forEach((button, i) => button.setAttribute("aria-current", questions[i] === question));
  [...$("answers").children].forEach(paintCard);
  const mark = question.marks.answers[at];
  question.items.forEach((item, i) => {
    const button = $("items").children[i].firstChild;
    const share = mark.items[item.lead] ?? 0;
    const worth = points(question.marks.worth[item.lead]);
    button.setAttribute("aria-pressed", share === 1 ? "true" : share ? "mixed" : "false");
    button.lastChild.textContent = share ? `${SIGN.get(share)} ${points(share * question.marks.worth[item.lead])} of ${worth}` : worth;
    const input = $("worths").children[i].lastChild;
    if (input !== document.activeElement) input.value = worth;
  });
  $("nothing").setAttribute("aria-pressed", mark.points !== null && Object.keys(mark.items).length === 0);
  if (withComment && typing === null) $("comment").value = mark.comment;
}

function paintCard(article, index) {
  const mark = question.marks.answers[index];
  const [head, , given, said] = article.children;
  article.setAttribute("aria-current", index === at);
  head.lastChild.textContent = mark.points === null ? "unmarked" : `${points(mark.points)} of ${points(question.points)}`;
  head.lastChild.className = mark.points === null ? "points quiet" : "points";
  given.replaceChildren(...Object.entries(mark.items).map(([lead, share]) => make("li", { textContent: `${SIGN.get(share)} ${lead}` })));
  said.textContent = mark.comment;
  given.hidden = given.childElementCount === 0;
  said.hidden = !mark.comment;
}

// --- moving about -----------------------------------------------------------------------------------------------

function go(number, focus = true) {
  sendComment();
  at = Math.min(Math.max(number, 0), question.answers.length - 1);
  paint();
  if (focus) focusCard();
}

function focusCard() {
  const article = $("answers").children[at];
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block: "nearest" });
}

function nextUnmarked() {
  const start = questions.indexOf(question);
  for (let step = 0; step <= questions.length; step++) {
    const q = questions[(start + step) % questions.length];
    const open = q.marks.answers.map((mark, i) => (mark.points === null ? i : -1)).filter((i) => i >= 0);
    const found = step === 0 ? open.find((i) => i > at) : open[0];
    if (found === undefined) continue;
    if (q === question) go(found, false);
    else show(q, found);
    return focusCard();
  }
  say("All answers are marked.");
}

function nextQuestion() {
  show(questions[(questions.indexOf(question) + 1) % questions.length], 0);
  focusCard();
}

// --- comments ---------------------------------------------------------------------------------------------------

function sendComment() {
  if (typing === null) return;
  clearTimeout(typing);
  typing = null;
  ask("comment", { comment: $("comment").value });
}

$("comment").oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(sendComment, 400);
};
$("comment").onblur = sendComment;
addEventListener("pagehide", sendComment);

// --- keys -------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => go(at + 1),
  k: () => go(at - 1),
  n: nextUnmarked,
  q: nextQuestion,
  u: () => ask("undo"),
  0: () => ask("nothing"),
  c: () => $("comment").focus(),
  p: () => { $("change").open = true; $("worths").querySelector("input").focus(); },
};

addEventListener("keydown", (event) => {
  const field = event.target.matches("textarea, input[type=number]");
  if (event.key === "Escape" && field) return focusCard();
  if (field || event.ctrlKey || event.metaKey || event.altKey || !$("keys").checked || !question) return;
  const item = question.items[Number(event.key) - 1];
  if (!item && !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  if (item) ask("toggle", { item: item.lead });
  else KEYS[event.key]();
});

for (const [id, key] of Object.entries({ previous: "k", next: "j", unmarked: "n", undo: "u", nothing: "0" })) $(id).onclick = KEYS[key];

fetch("state").then((response) => response.json()).then((state) => {
  questions = state.questions;
  show(questions[0], 0);
  focusCard();
  document.body.dataset.ready = "";
});
