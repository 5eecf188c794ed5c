// Which view is shown, and whether it is dark. Runs once, when Gradio has made the tabs.
// Gradio gives: element.

const views = { ask: "qa-chat", articles: "qa-articles" };
const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");
let view = "ask";

function say(part, name, value) {
  if (part && part.getAttribute(name) !== String(value)) part.setAttribute(name, value);
}

function mark() {
  for (const tab of element.querySelectorAll("[role=tab]")) {
    const chosen = tab.dataset.view === view;
    say(tab, "aria-selected", chosen);
    say(tab, "tabindex", chosen ? 0 : -1);
  }
  const dark = document.body.classList.contains("dark");
  say(element.querySelector(".qa-dark"), "aria-pressed", dark);
}

function show(wanted) {
  view = wanted;
  document.getElementById("qa-page").dataset.view = view;
  mark();
  document.dispatchEvent(new CustomEvent("qa-view", { detail: view }));
}

// What was chosen before wins over the system, also when Gradio follows the system later.
function lighten() {
  const kept = localStorage.getItem("qa-theme");
  const dark = kept ? kept === "dark" : system.matches;
  if (document.body.classList.contains("dark") !== dark) {
    document.body.classList.toggle("dark", dark);
  }
  root.style.colorScheme = dark ? "dark" : "light";
  mark();
}

element.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) show(tab.dataset.view);
  if (event.target.closest(".qa-dark")) {
    const dark = document.body.classList.contains("dark");
    localStorage.setItem("qa-theme", dark ? "light" : "dark");
    lighten();
  }
});
element.addEventListener("keydown", (event) => {
  const tabs = [...element.querySelectorAll("[role=tab]")];
  const at = tabs.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  show(tab.dataset.view);
  tab.focus();
});
// The labels have changed language, and the states are gone.
new MutationObserver(mark).observe(element, { attributes: true, childList: true, subtree: true });
new MutationObserver(lighten).observe(document.body, { attributeFilter: ["class"] });

async function begin() {
  // The components are made in no fixed order.
  while (Object.values(views).some((id) => !document.getElementById(id))) {
    await new Promise(requestAnimationFrame);
  }
  for (const [name, id] of Object.entries(views)) {
    const panel = document.getElementById(id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `qa-tab-${name}`);
  }
  lighten();
  show(view);
}
begin();
