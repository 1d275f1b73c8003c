// What waits for a second officer: whoever drafted it has another officer sign in here with their own passkey, who releases it.
import { call } from "./api.js";
import { use } from "./passkey.js";

const line = encodeURIComponent(document.body.dataset.line);
const said = document.getElementById("said");
const draft = (of) => of.closest("[data-release]");
const path = (of) => `/v1/lines/${line}/releases/${draft(of).dataset.release}`;

/** A draft that waits no more is there no more. */
function gone(of, words) {
  said.textContent = words;
  draft(of).remove();
  document.getElementById("main").focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-give], [data-take-back]");
  if (!button) return;
  button.disabled = true;
  try {
    if (button.dataset.give !== undefined) {
      const written = await call("POST", path(button), { sha256: draft(button).dataset.sha256 });
      gone(button, `● ${written.entry}`);
    } else {
      await call("DELETE", path(button));
      gone(button, `○ ${draft(button).dataset.release}`);
    }
  } catch (error) { said.textContent = error.message; button.disabled = false; }
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".second");
  if (!form) return;
  event.preventDefault();
  try {
    const asked = await call("POST", "/sign-in/begin", { officer: form.officer.value });
    await call("POST", "/sign-in/end", { ceremony: asked.ceremony, credential: await use(asked) });
    // The page is theirs from now on, with a session of their own.
    location.reload();
  } catch (error) { said.textContent = `${form.dataset.refused} (${error.message})`; }
});
