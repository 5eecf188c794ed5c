// The article panel: opened by whatever carries data-article, closed by ×, Escape or Back, named
// in the address. Gradio gives: server, of the component beside it.

// As in style/narrow.css: below this width the panel lies over the page.
const narrow = window.matchMedia("(max-width: 899px)");
const panel = () => document.getElementById("qa-panel");

let opened = null; // what the panel shows: {id, spans, at, pointed}
let opener = null; // what opened it
let request = 0;

function lay() {
  const over = opened !== null && narrow.matches;
  panel().toggleAttribute("data-open", opened !== null);
  for (const id of ["qa-head", "qa-chat", "qa-articles"]) document.getElementById(id).inert = over;
  if (over) {
    qa.say(panel(), "role", "dialog");
    qa.say(panel(), "aria-modal", "true");
    qa.say(panel(), "aria-label", panel().querySelector("section")?.getAttribute("aria-label"));
  } else for (const name of ["role", "aria-modal", "aria-label"]) panel().removeAttribute(name);
}

// The text of what cannot be shown, with the button that closes it.
function unreachable() {
  const shown = document.createElement("section");
  shown.className = "panel";
  shown.innerHTML = '<div class="no-article"><button type="button" class="close" data-close>×</button><p role="alert"></p></div>';
  const words = document.querySelector("#qa-head [data-unreachable]").dataset;
  shown.querySelector("p").textContent = words.unreachable;
  shown.querySelector("button").setAttribute("aria-label", words.close);
  return shown.outerHTML;
}

async function load() {
  const mine = ++request;
  let html;
  try {
    html = await server.show_article({ ...opened, language: qa.language() });
    if (typeof html !== "string") throw new Error("the server does not answer");
  } catch (error) {
    console.error(error);
    qa.probe();
    html = unreachable();
  }
  if (mine !== request || opened === null) return;
  panel().innerHTML = html;
  lay();
  step(0);
  const first = panel().querySelector("h2") || panel().querySelector("[data-close]");
  first?.focus({ preventScroll: true });
}

// To the quote that is meant, or to the one that many before or after it.
function step(by) {
  const marks = [...panel().querySelectorAll("mark")];
  if (!marks.length) return void (panel().scrollTop = 0);
  const before = marks.findIndex((mark) => mark.classList.contains("current"));
  const at = (Math.max(before, 0) + by + marks.length) % marks.length;
  for (const [n, mark] of marks.entries()) mark.classList.toggle("current", n === at);
  const told = panel().querySelector(".step");
  if (told) {
    const words = document.querySelector("#qa-head [data-quote-of]").dataset.quoteOf;
    told.textContent = words.replace("{n}", at + 1).replace("{all}", marks.length);
  }
  const [line] = marks[at].getClientRects();
  const third = panel().clientHeight / 3;
  panel().scrollTop += line.top - panel().getBoundingClientRect().top - third;
}

function current(on) {
  for (const old of document.querySelectorAll("[data-article][aria-current]")) {
    old.removeAttribute("aria-current");
  }
  if (on) opener?.setAttribute("aria-current", "true");
}

function show(wanted) {
  opened = wanted;
  current(true);
  lay();
  load();
}

function hide() {
  if (opened === null) return;
  opened = null;
  request += 1;
  lay();
  current(false);
  panel().replaceChildren();
  (opener?.isConnected ? opener : qa.box())?.focus({ preventScroll: true });
}

function fromAddress() {
  const names = qa.address();
  // Back leads to the address of the conversation that was left by closing the article, too.
  if (qa.left && names.get("talk") === qa.left) {
    history.replaceState(history.state, "", qa.hash({ talk: qa.kept.talk }));
  }
  const id = names.get("article");
  if (!id) return hide();
  if (id === opened?.id) return;
  show({ id, spans: names.get("spans") ?? "", at: Number(names.get("at") ?? 0), pointed: "" });
}

qa.article = {
  // Whether there was one to close. Back leads to the page before it was opened.
  close() {
    if (opened === null) return false;
    if (history.state?.article) history.back();
    else history.replaceState(null, "", qa.hash({ article: "", spans: "", at: "" }));
    hide();
    return true;
  },
  again: () => opened && load(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#qa-page [data-article]");
  if (button) {
    // Whoever selects words of a quote wants to copy them.
    if (button.tagName !== "BUTTON" && String(getSelection())) return;
    const { article: id, spans = "", at = "0", pointed = "" } = button.dataset;
    opener = button;
    const address = qa.hash({ article: id, spans, at: at === "0" ? "" : at });
    if (opened === null) history.pushState({ ...history.state, article: true }, "", address);
    else history.replaceState(history.state, "", address);
    show({ id, spans, at: Number(at), pointed });
  } else if (event.target.closest?.("#qa-panel [data-close]")) qa.article.close();
  const by = event.target.closest?.("#qa-panel [data-step]");
  if (by) step(Number(by.dataset.step));
  const chosen = event.target.closest?.("#qa-panel [data-choose]");
  if (chosen) {
    qa.choose([chosen.dataset.choose], true);
    qa.article.close();
    qa.view("ask");
    qa.box().focus();
  }
});
window.addEventListener("popstate", fromAddress);
narrow.addEventListener("change", lay);
document.addEventListener("qa-back", () => panel().querySelector("[role=alert]") && load());
new MutationObserver(() => opened && load()).observe(document.documentElement, {
  attributeFilter: ["lang"],
});
qa.when("#qa-panel", () => qa.when("#qa-latest", fromAddress));
