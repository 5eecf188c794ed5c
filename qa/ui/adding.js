// Adding files: sends those that are taken, one by one, then asks how far they are. Follows
// articles.js, in the same component. Gradio gives: element, server, upload.

let adding = null; // what the state of the upload says, null when there was none

function tell(html) {
  adding = html;
  const state = element.querySelector(".qa-add-state");
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
  while (true) {
    const { html, done } = await server.added_files({ job, language: language() });
    tell(before + html);
    if (done) return;
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

async function add(input) {
  const words = { ...input.closest(".qa-add").dataset };
  const files = [...input.files];
  input.disabled = true;
  try {
    const offered = files.map(({ name, size }) => ({ name, size }));
    const { take, html } = await server.offer_files({ files: offered, language: language() });
    const [sent, failed] = await send(take.map((n) => files[n]), words);
    tell(html + failed);
    if (sent.length) {
      const { job } = await server.add_files({ files: sent, language: language() });
      await follow(job, html + failed);
      await whole();
    }
  } catch (error) {
    console.error(error);
    tell(paragraph(words.failed));
  }
  input.disabled = false;
  input.value = "";
}

element.addEventListener("change", (event) => {
  if (event.target.matches(".qa-add input") && event.target.files.length) add(event.target);
});

// The tab was asked for again; what was told is still true.
shown.push(() => {
  if (adding === null) return;
  tell(adding);
  const box = element.querySelector(".qa-add");
  if (box) box.open = true;
});
