// What can be taken along: texts and addresses into the clipboard; and the quote behind a number,
// shown when it is pointed at.

async function put(text, button) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // Without TLS, browsers have no clipboard for pages of other machines.
    const area = document.createElement("textarea");
    area.value = text;
    button.after(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus({ preventScroll: true });
  }
  const words = document.querySelector("#qa-head [data-copied]").dataset;
  const said = done ? words.copied : words.notCopied;
  tip.setAttribute("role", "status");
  place(button, said);
  setTimeout(hide, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#qa-page [data-copy], #qa-page [data-copy-link]");
  if (!button) return;
  const { copy, copyLink } = button.dataset;
  put(copy ?? new URL(copyLink, document.baseURI).href, button);
});

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;

function show(number) {
  const where = document.createElement("small");
  where.textContent = number.dataset.title;
  tip.setAttribute("role", "tooltip");
  place(number, number.dataset.quote, where);
}

function place(element, ...content) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  document.getElementById("qa-page").append(tip);
  const at = element.getBoundingClientRect();
  const left = Math.min(at.left, window.innerWidth - tip.offsetWidth - 12);
  const above = at.top - tip.offsetHeight - 8;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
}

const hide = () => (tip.hidden = true);
// What was said stays for its time; only a quote goes with the pointer.
const leave = () => tip.getAttribute("role") === "status" || hide();
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const number = event.target.closest?.("#qa-page .number");
    // A finger opens the article at once; the quote would only lie over it.
    const shows = event.type === "focusin" ? number?.matches(":focus-visible") : number;
    if (shows && event.pointerType !== "touch") show(number);
    else leave();
  });
}
document.addEventListener("scroll", leave, { capture: true, passive: true });
// Before the click does what it does, which may be to say that something was copied.
document.addEventListener("click", hide, { capture: true });
