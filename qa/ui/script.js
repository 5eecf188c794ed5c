// The article panel, and where the conversation stands. Runs once, when Gradio has made the panel.
// Gradio gives: element (the panel's content), props.value (its HTML), server, watch.

const part = (id) => document.getElementById(id);
// As in style/narrow.css: below this width the panel lies over the page.
const narrow = window.matchMedia("(max-width: 899px)");

let opened = null; // what the panel shows: {id, start, end, answer_start, answer_end}
let opener = null; // the button that opened it
let request = 0;

const offset = (text) => (text === undefined ? null : Number(text));

async function load(asked) {
  const mine = ++request;
  const language = document.documentElement.lang;
  let html;
  try {
    html = await server.show_article({ ...asked, language });
  } catch (error) {
    console.error(error);
    const message = document.createElement("p");
    message.className = "qa-unreachable";
    message.textContent = element.querySelector("[data-unreachable]").dataset.unreachable;
    message.setAttribute("role", "alert");
    html = element.querySelector("[data-unreachable]").outerHTML;
    html = html.replace(/<\/section>$/, message.outerHTML + "</section>");
  }
  if (mine !== request) return;
  props.value = html;
  await new Promise(requestAnimationFrame);
  const panel = part("qa-panel");
  const mark = element.querySelector("mark");
  const [line] = mark ? mark.getClientRects() : [];
  const third = panel.clientHeight / 3;
  panel.scrollTop = line ? panel.scrollTop + line.top - panel.getBoundingClientRect().top - third : 0;
}

function lay() {
  const panel = part("qa-panel");
  const named = element.querySelector(".qa-panel");
  const over = opened !== null && narrow.matches;
  panel.toggleAttribute("data-open", opened !== null);
  for (const id of ["qa-head", "qa-chat", "qa-articles"]) part(id).inert = over;
  if (over) {
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-modal", "true");
    panel.setAttribute("aria-label", named.getAttribute("aria-label"));
  } else {
    panel.removeAttribute("role");
    panel.removeAttribute("aria-modal");
    panel.removeAttribute("aria-label");
  }
}

async function open(button) {
  const { article, start, end, answerStart, answerEnd } = button.dataset;
  opener = button;
  opened = {
    id: article,
    start: offset(start),
    end: offset(end),
    answer_start: offset(answerStart),
    answer_end: offset(answerEnd),
  };
  for (const old of document.querySelectorAll("[data-article][aria-current]")) {
    old.removeAttribute("aria-current");
  }
  button.setAttribute("aria-current", "true");
  lay();
  await load(opened);
  const first = element.querySelector("h2") || element.querySelector("[data-close]");
  first?.focus({ preventScroll: true });
}

function close() {
  if (opened === null) return;
  opened = null;
  lay();
  document.querySelector("[data-article][aria-current]")?.removeAttribute("aria-current");
  load({ id: null });
  const box = document.querySelector("#qa-question textarea");
  (opener?.isConnected ? opener : box).focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-article]");
  if (button) open(button);
  else if (event.target.closest?.("#qa-panel [data-close]")) close();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) close();
});
narrow.addEventListener("change", lay);
// The server has sent the panel in another language, without an article.
watch("value", () => opened && load(opened));

// A new question goes to the top, and its answer grows below it, unless the reader has scrolled.
async function follow() {
  // The components are made in no fixed order.
  while (!part("qa-latest")) await new Promise(requestAnimationFrame);
  const scroller = part("qa-scroll");
  const latest = part("qa-latest");
  let asked = 0;
  let follows = true;
  for (const kind of ["wheel", "touchmove", "keydown"]) {
    scroller.addEventListener(kind, () => (follows = false), { passive: true });
  }
  new MutationObserver(() => {
    const turns = scroller.querySelectorAll(".qa-turn").length;
    if (turns !== asked || latest.querySelector('[data-stage="searching"]')) follows = true;
    asked = turns;
    const turn = latest.querySelector(".qa-turn");
    if (turn && follows) {
      scroller.scrollTop += turn.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    }
  }).observe(scroller, { childList: true, subtree: true, characterData: true });
}
follow();

// Gradio's accordion does not say whether it is open.
async function tellFilters() {
  while (!document.querySelector("#qa-filters > .label-wrap")) {
    await new Promise(requestAnimationFrame);
  }
  const label = document.querySelector("#qa-filters > .label-wrap");
  const tell = () => label.setAttribute("aria-expanded", label.classList.contains("open"));
  new MutationObserver(tell).observe(label, { attributes: true, attributeFilter: ["class"] });
  tell();
}
tellFilters();
