// Adding files: sends those that are taken, one by one, then asks how far they are; and what may
// be done to an article that was added. Gradio gives: element, server, upload.

let adding = null; // what the state of the upload says, null when there was none
let last = null; // the job it is about, and what was said before it

async function call(name, asked) {
  const answer = await server[name]({ language: qa.language(), ...asked });
  if (answer === undefined || answer === null) throw new Error("the server does not answer");
  return answer;
}

function tell(html) {
  adding = html;
  const state = element.querySelector(".add-state");
  if (state && state.innerHTML !== html) state.innerHTML = html;
}

function paragraph(text) {
  const p = document.createElement("p");
  p.textContent = text;
  return p.outerHTML;
}

async function send(files, words) {
  const sent = [];
  let failed = "";
  for (const [at, file] of files.entries()) {
    const said = words.sending.replace("{n}", at + 1).replace("{files}", files.length);
    tell(paragraph(said) + failed);
    try {
      sent.push({ name: file.name, path: (await upload(file)).path });
    } catch (error) {
      console.error(error);
      failed += paragraph(`${file.name}: ${words.unsent}`);
    }
  }
  return [sent, failed];
}

async function follow(job, before) {
  last = { job, before };
  while (true) {
    const { html, done } = await call("added_files", { job });
    tell(before + html);
    if (done) return;
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

async function add(files) {
  const box = element.querySelector(".add");
  const input = box.querySelector("input");
  const words = { ...box.dataset };
  box.open = true;
  input.disabled = true;
  try {
    const offered = files.map(({ name, size }) => ({ name, size }));
    const { take, html } = await call("offer_files", { files: offered });
    const [sent, failed] = await send(take.map((n) => files[n]), words);
    tell(html + failed);
    if (sent.length) {
      const { job } = await call("add_files", { files: sent });
      await follow(job, html + failed);
      document.dispatchEvent(new CustomEvent("qa-articles"));
    }
  } catch (error) {
    console.error(error);
    tell(paragraph(words.failed));
  }
  input.disabled = false;
  input.value = "";
}

element.addEventListener("change", (event) => {
  const input = event.target;
  if (input.matches(".add input") && input.files.length) add([...input.files]);
});

// Files dropped anywhere on the page are offered.
const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
for (const kind of ["dragover", "drop", "dragleave"]) {
  document.addEventListener(kind, (event) => {
    const box = element.querySelector(".add");
    if (!box || !carries(event)) return;
    event.preventDefault();
    box.querySelector(".drop").toggleAttribute("data-over", kind === "dragover");
    if (kind === "dragover") box.open = true;
    if (kind === "drop" && event.dataTransfer.files.length) {
      qa.view("articles");
      add([...event.dataTransfer.files]);
    }
  });
}

// The list was asked for again; what was told is still true.
element.addEventListener("qa-shelf", () => {
  if (adding === null) return;
  tell(adding);
  const box = element.querySelector(".add");
  if (box) box.open = true;
});

// Titles and dates in it may have been put right since.
document.addEventListener("qa-articles", () => last && follow(last.job, last.before));

// An article that was added: its title and its date put right, or the whole removed.
async function change(name, asked, panel) {
  let error;
  try {
    ({ error } = await call(name, asked));
  } catch (failure) {
    console.error(failure);
    error = element.querySelector("[data-unreachable]").dataset.unreachable;
  }
  panel.querySelector(".mend .field-error").textContent = error;
  if (error) return;
  document.dispatchEvent(new CustomEvent("qa-articles"));
  if (name === "remove_article") qa.article.close();
  else qa.article.again();
}

document.addEventListener("submit", (event) => {
  const { mend } = event.target.dataset ?? {};
  if (!mend) return;
  const fields = Object.fromEntries(new FormData(event.target));
  change("mend_article", { ...fields, id: mend }, event.target.closest(".panel"));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-remove-article]");
  if (!button) return;
  const id = button.dataset.removeArticle;
  qa.choose([id], false);
  change("remove_article", { id }, button.closest(".panel"));
});
