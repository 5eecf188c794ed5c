// What a tab must not lose when it is loaded again: what stands in the box, the filters, which
// conversation is open, what was asked and is not answered yet. Also what each request tells.

const KEY = "qa";

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

window.qa = {
  kept: { filters: {}, talk: "", asked: "", draft: "", ...read() },
  left: "", // the conversation that another takes the place of, while it is still there

  keep(more) {
    Object.assign(qa.kept, more);
    sessionStorage.setItem(KEY, JSON.stringify(qa.kept));
  },

  // The form is the truth, as soon as there is one.
  filters() {
    const form = document.getElementById("qa-filter-form");
    if (!form) return qa.kept.filters;
    const data = new FormData(form);
    const filters = {};
    for (const name of ["since", "until", "language"]) filters[name] = data.get(name);
    for (const name of ["sources", "articles"]) filters[name] = data.getAll(name);
    qa.keep({ filters });
    return filters;
  },

  language: () => document.documentElement.lang,

  // With every request: a server that was restarted knows nothing of this tab.
  told: (more) => ({
    filters: qa.filters(),
    talk: qa.kept.talk,
    language: qa.language(),
    ...more,
  }),

  // What Send and Enter send; a text that no request can carry goes only by its length.
  typed(text) {
    const most = 60_000;
    return [text.slice(0, most), JSON.stringify(qa.told({ characters: text.trim().length }))];
  },

  // What the page tells when it was loaded. An address may name another conversation.
  beginning() {
    const wanted = localStorage.getItem("qa-language") || navigator.language || "en";
    document.documentElement.lang = wanted.toLowerCase().startsWith("fr") ? "fr" : "en";
    const named = qa.address().get("talk");
    if (named && named !== qa.kept.talk) qa.keep({ talk: named, asked: "" });
    return JSON.stringify(qa.told({ asked: qa.kept.asked }));
  },

  // The address after its "#", as names and values.
  address: () => new URLSearchParams(location.hash.slice(1)),

  hash(changes) {
    const names = qa.address();
    for (const [name, value] of Object.entries(changes)) {
      if (value) names.set(name, value);
      else names.delete(name);
    }
    const text = names.toString();
    return text ? `#${text}` : location.pathname + location.search;
  },

  // Sets an attribute only when it changes, so that no observer runs for nothing.
  say(element, name, value) {
    if (element && element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  },

  box: () => document.querySelector("#qa-question textarea"),

  // Puts a text into Gradio's box as if it had been typed.
  fill(text) {
    const box = qa.box();
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus({ preventScroll: true });
  },

  // Calls do(element) as soon as there is one; Gradio makes its components in no fixed order.
  async when(selector, act) {
    let found = document.querySelector(selector);
    while (!found) {
      await new Promise(requestAnimationFrame);
      found = document.querySelector(selector);
    }
    act(found);
  },
};

qa.when("#qa-question textarea", (box) => {
  if (qa.kept.draft && !box.value) qa.fill(qa.kept.draft);
  box.addEventListener("input", () => qa.keep({ draft: box.value }));
});

// What the conversation says of itself: which it is, what the tab is called, what is answered.
qa.when("#qa-latest", (latest) => {
  const note = () => {
    const turns = document.querySelectorAll("#qa-scroll .turn");
    const turn = turns[turns.length - 1];
    // Gradio takes the page apart before it loads it again: that says nothing.
    if (!turn && !document.querySelector("#qa-past .welcome")) return;
    const running = [...latest.querySelectorAll("[data-running] .asked-text")].pop();
    qa.keep({ asked: running?.textContent ?? "" });
    const box = qa.box();
    if (box && box.value !== qa.kept.draft) qa.keep({ draft: box.value });
    document.title = turns.length ? `${turns[0].dataset.title} – qa` : "qa";
    if (!turn || turn.dataset.talk === qa.left) return;
    if (turn.dataset.talk !== qa.kept.talk) qa.keep({ talk: turn.dataset.talk });
    const kept = turn.hasAttribute("data-kept") ? turn.dataset.talk : "";
    if (kept && qa.address().get("talk") !== kept) {
      history.replaceState(history.state, "", qa.hash({ talk: kept }));
    }
  };
  new MutationObserver(note).observe(document.getElementById("qa-scroll"), {
    childList: true,
    subtree: true,
  });
});
