// The list of conversations, and the buttons below answers. Runs once, when Gradio has made the
// list. Gradio gives: element (the list's content), trigger.

const part = (id) => document.getElementById(id);
const PAUSE_MS = 200;

let open = false;
let opener = null;
let typing = 0;

function say(element, name, value) {
  if (element && element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function lay() {
  const outer = part("qa-archive");
  outer.toggleAttribute("data-open", open);
  say(element.querySelector(".qa-open-talks"), "aria-expanded", open);
  part("qa-main").inert = open;
  for (const other of part("qa-head").children) other.inert = open && other !== outer;
  const button = element.querySelector(".qa-open-talks");
  if (button) button.inert = open;
}

function act(what, more) {
  trigger("submit", { do: what, ...more });
}

function show(button) {
  opener = button;
  open = true;
  lay();
  act("search", { search: element.querySelector("[name=search]")?.value ?? "" });
  element.querySelector("#qa-drawer h2")?.focus({ preventScroll: true });
}

function close(to) {
  open = false;
  lay();
  (to ?? opener)?.focus({ preventScroll: true });
}

async function copy(button) {
  const link = new URL(button.dataset.link, document.baseURI).href;
  let done = false;
  try {
    await navigator.clipboard.writeText(link);
    done = true;
  } catch {
    // Without TLS, browsers have no clipboard for pages of other machines.
    const text = document.createElement("textarea");
    text.value = link;
    button.after(text);
    text.select();
    done = document.execCommand("copy");
    text.remove();
    button.focus({ preventScroll: true });
  }
  const status = button.parentElement.querySelector(".qa-status");
  status.textContent = done ? button.dataset.copied : button.dataset.notCopied;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#qa-page button[data-do]");
  if (!button) return;
  const { do: what, id, good, token } = button.dataset;
  const turn = button.closest("[data-turn]")?.dataset.turn;
  if (what === "toggle") show(button);
  else if (what === "close") close();
  else if (what === "copy") copy(button);
  else act(what, { id, good, token, turn });
  if (what === "open") close(document.querySelector("#qa-question textarea"));
  // The button will be gone.
  if (what.startsWith("delete")) element.querySelector("#qa-drawer h2").focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("#qa-page form[data-do]")) return;
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  const turn = form.closest("[data-turn]")?.dataset.turn;
  act(form.dataset.do, { ...fields, id: form.dataset.id, turn });
});

element.addEventListener("input", (event) => {
  if (event.target.name !== "search") return;
  clearTimeout(typing);
  const search = event.target.value;
  typing = setTimeout(() => act("search", { search }), PAUSE_MS);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open && !event.defaultPrevented) {
    event.preventDefault();
    close();
  }
});

// The list has been made anew, and the states are gone.
new MutationObserver(lay).observe(element, { childList: true, subtree: true });

// The tab goes on with its conversation when it is loaded again (`page` asks for it), also when it
// is loaded before that has come, but not after a new one was begun.
window.addEventListener("pagehide", () => {
  const talk = document.querySelector(".qa-actions[data-talk]")?.dataset.talk;
  if (talk) sessionStorage.setItem("qa-talk", talk);
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#qa-clear")) sessionStorage.removeItem("qa-talk");
});
