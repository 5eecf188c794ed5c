// What of the page is shown: light or dark, which tab on a narrow screen, the conversations, the
// filters, and the line that says that the server does not answer.

// As in style/narrow.css and style/talks.css.
const wide = window.matchMedia("(min-width: 1200px)");
const system = window.matchMedia("(prefers-color-scheme: dark)");
const byId = (id) => document.getElementById(id);

// What was chosen before wins over the system, also when Gradio follows the system later.
function lighten() {
  const kept = localStorage.getItem("qa-theme");
  const dark = kept ? kept === "dark" : system.matches;
  if (document.body.classList.contains("dark") !== dark) {
    document.body.classList.toggle("dark", dark);
  }
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  qa.say(document.querySelector("[data-do=theme]"), "aria-pressed", dark);
}

const unfolded = () => localStorage.getItem("qa-talks") !== "folded";

function mark() {
  if (["qa-page", "qa-talks", "qa-filters"].some((id) => !byId(id))) return;
  const view = byId("qa-page").dataset.view;
  for (const tab of document.querySelectorAll("#qa-head [role=tab]")) {
    const chosen = tab.dataset.view === view;
    qa.say(tab, "aria-selected", chosen);
    qa.say(tab, "tabindex", chosen ? 0 : -1);
  }
  const open = byId("qa-talks").hasAttribute("data-open");
  qa.say(document.querySelector("[data-do=toggle].tool"), "aria-expanded", open);
  const filters = byId("qa-filters").hasAttribute("data-open");
  qa.say(document.querySelector(".filter-chip"), "aria-expanded", filters);
  lighten();
}

// A drawer that lies over the page takes it out of reach.
function lay() {
  const over = byId("qa-talks").hasAttribute("data-open") && !wide.matches;
  for (const id of ["qa-head", "qa-chat", "qa-side"]) byId(id).inert = over;
  mark();
}

// What lies over the page where it is narrow has a place in the browser's history, so that Back
// closes it: `over` of the state names it. Whoever closes it otherwise goes back as well.
const narrow = window.matchMedia("(max-width: 899px)");
const over = () => history.state?.over ?? "";

function enter(name) {
  if (!narrow.matches || over() === name) return;
  history.pushState({ ...history.state, over: name }, "");
}

function leave(name) {
  if (over() === name) history.back();
}

window.addEventListener("popstate", () => {
  if (over() !== "talks" && qa.folded()) qa.talks(false);
  const view = over() === "articles" ? "articles" : "ask";
  if (narrow.matches && byId("qa-page").dataset.view !== view) qa.view(view);
  if (over() !== "filters" && byId("qa-filters").hasAttribute("data-open")) qa.filtering(false);
});

Object.assign(qa, {
  view(wanted) {
    byId("qa-page").dataset.view = wanted;
    mark();
    document.dispatchEvent(new CustomEvent("qa-view", { detail: wanted }));
    if (wanted === "articles") {
      enter("articles");
      document.querySelector(".shelf h2")?.focus({ preventScroll: true });
    } else leave("articles");
  },

  theme() {
    const dark = document.body.classList.contains("dark");
    localStorage.setItem("qa-theme", dark ? "light" : "dark");
    lighten();
  },

  talks(open) {
    const talks = byId("qa-talks");
    const shown = talks.hasAttribute("data-open");
    if (open === undefined) open = !shown;
    if (open === shown) return;
    talks.toggleAttribute("data-open", open);
    if (wide.matches) localStorage.setItem("qa-talks", open ? "open" : "folded");
    lay();
    if (!wide.matches) (open ? enter : leave)("talks");
    if (open) document.querySelector("#qa-drawer h2")?.focus({ preventScroll: true });
    else (document.querySelector("[data-do=toggle].tool") ?? qa.box()).focus();
  },

  folded: () => byId("qa-talks").hasAttribute("data-open") && !wide.matches,

  filtering(open) {
    const filters = byId("qa-filters");
    filters.toggleAttribute("data-open", open);
    mark();
    (open ? enter : leave)("filters");
    if (open) filters.querySelector("input")?.focus();
    else filters.querySelector(".filter-chip")?.focus();
  },
});

// Outside of what lies over the page: it closes.
document.addEventListener("pointerdown", (event) => {
  if (qa.folded() && !event.target.closest("#qa-talks")) qa.talks(false);
  const filters = byId("qa-filters");
  if (filters?.hasAttribute("data-open") && !event.target.closest("#qa-filters")) {
    qa.filtering(false);
  }
});

document.addEventListener("keydown", (event) => {
  const tabs = [...document.querySelectorAll("#qa-head [role=tab]")];
  const at = tabs.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  qa.view(tab.dataset.view);
  tab.focus();
});

// Whether the server answers. Gradio says nothing that could be relied on, so it is asked, when
// something failed or the network changed, until it answers again.
let lost = false;

function say(what) {
  const line = document.querySelector("#qa-head .lost");
  if (!line) return;
  line.hidden = !what;
  if (what) line.textContent = document.querySelector("#qa-head [data-lost]").dataset[what];
}

qa.probe = async (failed = false) => {
  let answers = false;
  try {
    answers = (await fetch("gradio_api/app_id", { cache: "no-store" })).ok;
  } catch {
    answers = false;
  }
  if (lost && answers) document.dispatchEvent(new CustomEvent("qa-back"));
  lost = !answers;
  say(lost ? "lost" : failed ? "failed" : "");
  if (lost) setTimeout(qa.probe, 2000);
  else if (failed) setTimeout(say, 8000);
};

for (const change of ["offline", "online"]) window.addEventListener(change, () => qa.probe());

qa.when("#qa-drawer", () => {
  qa.when("#qa-side", () => {
    const talks = byId("qa-talks");
    talks.toggleAttribute("data-open", wide.matches && unfolded());
    lay();
  });
});
qa.when("#qa-page", (page) => {
  page.dataset.view = "ask";
  lighten();
  // The labels have changed language, and the states are gone; or Gradio says that it lost touch.
  new MutationObserver((changes) => {
    mark();
    const told = changes.some((change) =>
      [...change.addedNodes].some((node) => node.matches?.(".toast-body, .toast-wrap *"))
    );
    if (told && !lost) qa.probe(true);
  }).observe(document.body, { childList: true, subtree: true });
  new MutationObserver(lighten).observe(document.body, { attributeFilter: ["class"] });
  wide.addEventListener("change", () => {
    // What stood beside the chat would lie over it.
    byId("qa-talks").toggleAttribute("data-open", wide.matches && unfolded());
    lay();
  });
});
