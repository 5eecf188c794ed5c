// The articles beside the chat: asks the server for the list. Runs once, when Gradio has made it.
// Gradio gives: element, server. What the server does not answer is undefined, not an error.

let spoken = null; // the language of what is shown
let page = 1;
let request = 0;
let typing = 0;
const PAUSE_MS = 250;

async function call(name, asked) {
  const answer = await server[name]({ language: qa.language(), ...asked });
  if (answer === undefined || answer === null) throw new Error("the server does not answer");
  return answer;
}

function wanted() {
  const form = element.querySelector(".shelf-form");
  const fields = Object.fromEntries(form ? new FormData(form) : []);
  return { ...fields, filters: qa.filters(), page };
}

function failed(error) {
  console.error(error);
  qa.probe();
  const place = element.querySelector(".found");
  const shelf = element.querySelector("[data-unreachable]");
  if (!place || !shelf) return;
  const message = document.createElement("p");
  message.className = "notice";
  message.setAttribute("role", "alert");
  message.textContent = shelf.dataset.unreachable;
  place.prepend(message);
}

// Which are chosen as the only ones to ask.
function tick() {
  const { articles = [] } = qa.filters();
  for (const box of element.querySelectorAll(".choose")) box.checked = articles.includes(box.value);
}

async function whole() {
  const mine = ++request;
  spoken = qa.language();
  try {
    const html = await call("show_articles", wanted());
    if (mine !== request) return;
    // What somebody has typed since it was asked for stays, and so does the focus.
    const before = element.querySelector("[name=words]");
    const inIt = before !== null && before === document.activeElement;
    const focused = element.contains(document.activeElement);
    element.innerHTML = html;
    const words = element.querySelector("[name=words]");
    if (before) words.value = before.value;
    tick();
    if (inIt) words.focus({ preventScroll: true });
    else if (focused) element.querySelector("h2")?.focus({ preventScroll: true });
    element.dispatchEvent(new CustomEvent("qa-shelf"));
  } catch (error) {
    spoken = null;
    failed(error);
  }
}

async function list(to) {
  page = to;
  const mine = ++request;
  try {
    const html = await call("show_list", wanted());
    if (mine !== request) return;
    element.querySelector(".found").innerHTML = html;
    tick();
  } catch (error) {
    failed(error);
  }
}

element.addEventListener("input", (event) => {
  if (event.target.name !== "words") return;
  clearTimeout(typing);
  typing = setTimeout(() => list(1), PAUSE_MS);
});
element.addEventListener("submit", (event) => {
  if (event.target.matches(".shelf-form")) list(1);
});
element.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches(".choose")) qa.choose([target.value], target.checked);
  else if (target.closest(".shelf-form") && target.name !== "words") list(1);
});
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-page]");
  if (!button) return;
  await list(Number(button.dataset.page));
  element.querySelector(".entry")?.focus({ preventScroll: true });
  element.querySelector(".found")?.scrollIntoView({ block: "start" });
});
document.addEventListener("qa-chosen", () => {
  tick();
  if (element.querySelector(".shelf-form [name=filtered]")?.checked) list(1);
});
// Shown: afresh, for the index may have changed.
document.addEventListener("qa-view", (event) => {
  if (event.detail === "articles") whole();
});
document.addEventListener("qa-articles", () => whole());
// The form stays, for somebody may be typing in it.
document.addEventListener("qa-back", () => (element.querySelector(".shelf") ? list(page) : whole()));
// Chosen elsewhere: the form of the filters comes anew.
qa.when("#qa-filters", (filters) => {
  new MutationObserver(tick).observe(filters, { childList: true, subtree: true });
});
new MutationObserver(() => {
  if (spoken !== qa.language()) whole();
}).observe(document.documentElement, { attributeFilter: ["lang"] });
