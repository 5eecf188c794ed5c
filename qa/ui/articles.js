// The Articles tab: asks the server for its content. Runs once, when Gradio has made it.
// Gradio gives: element, server.

let spoken = null; // the language of what is shown
let page = 1;
let request = 0;
const shown = []; // what is to be done once the tab is there anew

const language = () => document.documentElement.lang;

function wanted() {
  const form = element.querySelector(".qa-shelf-form");
  return { ...Object.fromEntries(form ? new FormData(form) : []), page, language: language() };
}

function failed(error) {
  console.error(error);
  const place = element.querySelector(".qa-found");
  const shelf = element.querySelector("[data-unreachable]");
  if (!place || !shelf) return;
  const message = document.createElement("p");
  message.className = "qa-notice";
  message.setAttribute("role", "alert");
  message.textContent = shelf.dataset.unreachable;
  place.replaceChildren(message);
}

async function whole() {
  const mine = ++request;
  spoken = language();
  try {
    const html = await server.show_articles(wanted());
    if (mine !== request) return;
    element.innerHTML = html;
    for (const act of shown) act();
  } catch (error) {
    spoken = null;
    failed(error);
  }
}

async function list(to) {
  page = to;
  const mine = ++request;
  try {
    const html = await server.show_list(wanted());
    if (mine === request) element.querySelector(".qa-found").innerHTML = html;
  } catch (error) {
    failed(error);
  }
}

element.addEventListener("submit", (event) => {
  if (!event.target.matches(".qa-shelf-form")) return;
  event.preventDefault();
  list(1);
});
element.addEventListener("change", (event) => {
  if (event.target.closest(".qa-shelf-form")) list(1);
});
element.addEventListener("reset", (event) => {
  if (!event.target.matches(".qa-shelf-form")) return;
  event.preventDefault();
  for (const field of event.target.elements) if (field.name) field.value = "";
  list(1);
});
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-page]");
  if (!button) return;
  await list(Number(button.dataset.page));
  const entry = element.querySelector(".qa-entry");
  entry?.focus({ preventScroll: true });
  element.querySelector(".qa-found")?.scrollIntoView({ block: "start" });
});
// Shown: afresh, for the index may have changed.
document.addEventListener("qa-view", (event) => {
  if (event.detail === "articles") whole();
});
new MutationObserver(() => {
  if (spoken !== null && spoken !== language()) whole();
}).observe(document.documentElement, { attributeFilter: ["lang"] });
