// All that is clicked and does something on the server: one event, an object that says what to do.
// Gradio gives: trigger.

const NUMBERS = ["n", "place"];
const PAUSE_MS = 200;
let typing = 0;

function send(what, more) {
  const data = { ...more };
  for (const name of NUMBERS) if (name in data) data[name] = Number(data[name]);
  trigger("submit", qa.told({ do: what, ...data }));
}

// What is done on the page itself, before or instead of a request.
const here = {
  view: ({ view }) => qa.view(view),
  theme: () => qa.theme(),
  keys: () => qa.keys(),
  toggle: () => qa.talks(),
  cancel: (_, button) => (button.closest("details").open = false),
  filters: () => qa.filtering(!document.getElementById("qa-filters").hasAttribute("data-open")),
};

function unfilter() {
  const form = document.getElementById("qa-filter-form");
  for (const field of form.elements) {
    if (field.type === "checkbox") field.checked = false;
    else if (field.name) field.value = "";
  }
  document.dispatchEvent(new CustomEvent("qa-chosen"));
}

// What was shared has an address, which is copied as soon as it is there.
function copyLink() {
  const before = new Set(links());
  const look = new MutationObserver(() => {
    const link = links().find((address) => !before.has(address));
    if (!link) return;
    look.disconnect();
    const button = document.querySelector(`#qa-scroll [data-copy-link="${link}"]`)
      ?? document.querySelector(`[data-copy-link="${link}"]`);
    button.focus({ preventScroll: true });
    button.click();
  });
  look.observe(document.getElementById("qa-page"), { childList: true, subtree: true });
  setTimeout(() => look.disconnect(), 5000);
}
const links = () =>
  [...document.querySelectorAll("#qa-page [data-copy-link]")].map((b) => b.dataset.copyLink);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#qa-page button[data-do]");
  if (!button) return;
  const { do: what, ...data } = button.dataset;
  const turn = button.closest("[data-turn]")?.dataset.turn;
  if (here[what]) return here[what](data, button);
  if (what === "unfilter") unfilter();
  if (what.startsWith("share")) copyLink();
  if (what === "speak") {
    localStorage.setItem("qa-language", data.language);
    document.documentElement.lang = data.language;
  }
  if (what === "new" || what === "open") {
    qa.article?.close();
    qa.left = qa.kept.talk === data.id ? "" : qa.kept.talk;
    qa.keep({ talk: "", asked: "" });
    history.replaceState(null, "", qa.hash({ talk: "" }));
    qa.view("ask");
    if (qa.folded()) qa.talks(false);
  }
  send(what, { ...data, ...(turn && { turn }) });
  // The button will be gone.
  if (["new", "open", "ask", "again", "change", "unfilter"].includes(what)) {
    qa.box().focus({ preventScroll: true });
  }
  if (what.startsWith("delete")) document.querySelector("#qa-drawer h2").focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("#qa-page form")) return;
  if (form.method !== "dialog") event.preventDefault();
  if (!form.dataset.do) return;
  const { do: what, ...data } = form.dataset;
  const turn = form.closest("[data-turn]")?.dataset.turn;
  if (what === "edit") {
    form.closest("details").open = false;
    qa.box().focus({ preventScroll: true });
  }
  send(what, { ...data, ...Object.fromEntries(new FormData(form)), ...(turn && { turn }) });
});

// Enter asks again, as in the box; Shift and Enter is a new line.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  const form = event.target.closest?.("form[data-do=edit]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("input", (event) => {
  if (!event.target.closest?.("#qa-drawer form[data-do=search]")) return;
  clearTimeout(typing);
  const search = event.target.value;
  typing = setTimeout(() => send("search", { search }), PAUSE_MS);
});

// The filters have changed: the chip and what is wrong are said by the server.
document.addEventListener("change", (event) => {
  if (event.target.closest?.("#qa-filter-form")) {
    document.dispatchEvent(new CustomEvent("qa-chosen"));
    send("filters");
  }
});

// Articles that were chosen as the only ones to ask, or not any more.
qa.choose = (ids, chosen) => {
  const filters = qa.filters();
  const kept = filters.articles.filter((id) => !ids.includes(id));
  filters.articles = chosen ? [...kept, ...ids] : kept;
  qa.keep({ filters });
  trigger("submit", { ...qa.told({ do: "filters" }), filters });
};
